import BallastUnits

/// How a hypervisor migrates a running VM: what its link carries and when it stops the VM.
public struct MigrationFacts: Sendable, Equatable {
  /// Bytes per second that one migration gets.
  public var bandwidth: Bytes
  /// What is left is sent with the VM stopped once that takes no longer than this.
  public var downtimeMax: SimDuration
  /// From the last byte until the VM runs on the other side.
  public var switchOver: SimDuration
  /// Rounds before the VM is stopped although too much is left.
  public var roundsMax: Int
  /// Migrations that one host sends or receives at once; more wait.
  public var concurrentPerHost: Int
  /// Of its active memory, what a guest rewrites per second.
  public var dirtiedPerSecond: PartsPerMillion

  public init(
    bandwidth: Bytes, downtimeMax: SimDuration, switchOver: SimDuration, roundsMax: Int,
    concurrentPerHost: Int, dirtiedPerSecond: PartsPerMillion
  ) {
    self.bandwidth = bandwidth
    self.downtimeMax = downtimeMax
    self.switchOver = switchOver
    self.roundsMax = roundsMax
    self.concurrentPerHost = concurrentPerHost
    self.dirtiedPerSecond = dirtiedPerSecond
  }

  /// vMotion over 10 GbE: about 1,100 MiB/s, eight at a time. Downtime limit and rounds are assumptions: VMware names a
  /// switch-over below 1 s as the aim.
  public static let vMotion = MigrationFacts(
    bandwidth: .mebibytes(1_100), downtimeMax: .milliseconds(500), switchOver: .milliseconds(50),
    roundsMax: 30, concurrentPerHost: 8, dirtiedPerSecond: .percent(2))

  /// QEMU's defaults: 128 MiB/s, 300 ms (migration/options.c). libvirt managers run two per host.
  public static let qemu = MigrationFacts(
    bandwidth: .mebibytes(128), downtimeMax: .milliseconds(300), switchOver: .milliseconds(50),
    roundsMax: 30, concurrentPerHost: 2, dirtiedPerSecond: .percent(2))

  /// Hyper-V migrates two VMs at once unless told otherwise. A 10 GbE link, and when it stops the VM, are assumptions.
  public static let hyperV = MigrationFacts(
    bandwidth: .mebibytes(1_100), downtimeMax: .milliseconds(300), switchOver: .milliseconds(50),
    roundsMax: 10, concurrentPerHost: 2, dirtiedPerSecond: .percent(2))

  /// Xen's own limits are five rounds after the first and no bandwidth cap; a 10 GbE link is assumed.
  public static let xen = MigrationFacts(
    bandwidth: .mebibytes(1_100), downtimeMax: .milliseconds(300), switchOver: .milliseconds(60),
    roundsMax: 6, concurrentPerHost: 3, dirtiedPerSecond: .percent(2))
}
