import BallastMachine
import BallastManager
import BallastModel
import BallastTestSupport
import BallastUnits
import Testing

@testable import BallastSimulator

/// ESXi's memory states through whole runs, on the host of example VG18 (96 GiB, minFree 1597.44 MiB).
struct MemoryStateTruthTests {
  /// States of the one host at the ends of samples, and the events that changed them.
  private final class States: RunSink {
    private(set) var states: [MemoryState?] = []
    private(set) var free: [Int64] = []
    private(set) var events: [EventRow] = []
    func begin(_ manifest: RunManifest) {}
    func write(_ sample: SampleRows) {
      states.append(sample.hostMemoryStates[0])
      free.append(sample.hosts[HostColumn.memFree.rawValue])
    }
    func write(_ event: EventRow) {
      if event.event == EventKind.memoryState.rawValue { events.append(event) }
    }
    func write(_ summary: VMSummaryRow) {}
  }

  /// VMs of such sizes in MiB that hold all they have while they are on, minutes [start, stop), beside a large one that leaves
  /// 1700 MiB free. No technique is there: nothing but VMs moves.
  private static func world(_ vms: [(size: Int64, start: Int64, stop: Int64?)]) -> World {
    var profile = HypervisorProfile.esxi
    profile.memoryOverhead = MemoryOverhead(
      base: .zero, configuredPartsPerBillion: 0, perVCPU: .zero)
    var policies = PolicyChoice()
    policies.reclamation.order = []
    let rest: Int64 = 96 * 1_024 - 1_700
    let all = [(Int64(rest - 50), 0, nil), (50, 0, 16)] + vms
    return World(
      name: "states", seed: 1, duration: .seconds(60 * 18), controlInterval: .seconds(20),
      recordInterval: .seconds(60), profile: profile, policies: policies,
      memory: profile.memory.with(policies.reclamation),
      clusters: [World.Cluster(name: "c", pools: [], hosts: [HostIndex(0)])],
      hosts: [
        HostSpec(
          name: "h", sockets: 2, coresPerSocket: 16, threadsPerCore: 1,
          coreRate: .megahertz(2_000), memory: .gibibytes(96))
      ],
      vms: all.enumerated().map { index, vm in
        World.VM(
          name: "v\(index + 10)", cluster: 0, vcpus: 1, memory: .mebibytes(vm.0),
          start: .seconds(60 * vm.1), stop: vm.2.map { .seconds(60 * $0) },
          workload: GuestWorkload(
            cpu: .constant(.percent(1)), memoryActive: .constant(.percent(10))))
      }, recordedVMs: [])
  }

  /// minFree is 245.76 + 327.68 + 327.68 + 696.32 = 1597.44 MiB; states begin at 100, 64, 32 and 16 % of it: 1597.44,
  /// 1022.36, 511.18 and 255.59 MiB. Upwards a state is left a quarter of the gap higher: low at 319.49, hard at 638.98,
  /// soft at 1166.13, clear at 1741.21. So the same free memory means another state on the way up: 300 MiB are hard
  /// and then low, 600 soft and then hard, 1100 clear and then soft, 1700 high and then clear.
  @Test func statesFollowFreeMemoryWithHysteresis() throws {
    // Started at minutes 1 to 7, stopped in reverse order at 9 to 15; the VM of 50 MiB stops at 16.
    let sizes: [Int64] = [500, 100, 450, 50, 270, 30, 100]
    let world = Self.world(
      sizes.enumerated().map { (size: $1, start: Int64($0) + 1, stop: 15 - Int64($0)) })
    let sink = States()
    _ = try Simulation(world, sink: sink).run()
    let down: [(Int64, MemoryState)] = [
      (1_700, .high), (1_200, .clear), (1_100, .clear), (650, .soft), (600, .soft), (330, .hard),
      (300, .hard), (200, .low),
    ]
    let up: [(Int64, MemoryState)] = [
      (200, .low), (300, .low), (330, .hard), (600, .hard), (650, .soft), (1_100, .soft),
      (1_200, .clear), (1_700, .clear), (1_750, .high), (1_750, .high),
    ]
    #expect(sink.free == (down + up).map { $0.0 * 1_000 })
    #expect(sink.states == (down + up).map { $0.1 })
    #expect(
      sink.events.map { "\($0.from)>\($0.to)" } == [
        "high>clear", "clear>soft", "soft>hard", "hard>low", "low>hard", "hard>soft", "soft>clear",
        "clear>high",
      ])
    // What is wanted is where the state is high again: 1597.44 + (1597.44 − 1022.3616) / 4 = 1741.2096.
    #expect(sink.events.allSatisfy { $0.detail.hasSuffix("wanted_mib=1741.210") })
  }
}
