import BallastUnits

/// How long a live migration takes and how long the VM stands still in it.
///
/// Rule      round 0 sends the touched memory V₀; while round i takes tᵢ = Vᵢ / B, the guest dirties
///           Vᵢ₊₁ = min(W, D · tᵢ). Sending goes on until what is left can be sent within the downtime limit, or the
///           rounds are used up, or a round is no smaller than the one before; then the VM stops, the rest is sent and
///           the VM is switched over. It stands still for V / B + the switch.
/// Rounding  times up to 1 ns, dirtied bytes up to 1 byte: never too short.
/// Source    pre-copy as described by Clark et al., NSDI 2005; D < B gives the geometric series of docs/MODEL.md#migration.
public struct PreCopy: Sendable, Equatable {
  /// What a link and a hypervisor allow.
  public struct Link: Sendable, Equatable {
    /// Bytes per second that one migration gets; above zero.
    public var bandwidth: Bytes
    public var downtimeMax: SimDuration
    /// From the last byte until the VM runs on the other side.
    public var switchOver: SimDuration
    public var roundsMax: Int
    public init(
      bandwidth: Bytes, downtimeMax: SimDuration, switchOver: SimDuration, roundsMax: Int
    ) {
      precondition(bandwidth > .zero && roundsMax > 0)
      self.bandwidth = bandwidth
      self.downtimeMax = downtimeMax
      self.switchOver = switchOver
      self.roundsMax = roundsMax
    }
  }

  /// Rounds while the VM ran, the first included.
  public let rounds: Int
  /// All that was sent.
  public let bytes: Bytes
  /// From the start until the VM runs on the other side.
  public let duration: SimDuration
  /// The end of it, in which the VM stands still.
  public let downtime: SimDuration
  /// What was left fitted the downtime limit.
  public let isConverged: Bool

  /// - Parameters:
  ///   - touched: V₀.
  ///   - workingSet: W, what the guest writes again and again.
  ///   - dirtyRate: D, bytes per second.
  public init(touched: Bytes, workingSet: Bytes, dirtyRate: Bytes, over link: Link) {
    func time(of bytes: Int64) -> Int64 {
      Self.up(bytes, by: SimDuration.seconds(1).value, over: link.bandwidth.value)
    }
    var left = touched.value
    var sent: Int64 = 0
    var running: Int64 = 0
    var rounds = 0
    var isShrinking = true
    while time(of: left) > link.downtimeMax.value, rounds < link.roundsMax, isShrinking {
      let span = time(of: left)
      sent += left
      running += span
      rounds += 1
      let dirtied = min(
        workingSet.value, Self.up(dirtyRate.value, by: span, over: SimDuration.seconds(1).value))
      isShrinking = dirtied < left
      left = min(dirtied, left)
    }
    isConverged = time(of: left) <= link.downtimeMax.value
    let stopped = time(of: left) + link.switchOver.value
    self.rounds = rounds
    bytes = Bytes(sent + left)
    duration = SimDuration(running + stopped)
    downtime = SimDuration(stopped)
  }

  /// a · b / c, rounded up and held within 63 bits.
  private static func up(_ a: Int64, by b: Int64, over c: Int64) -> Int64 {
    let wide = (Int128(a) * Int128(b) + Int128(c) - 1) / Int128(c)
    return Int64(min(wide, Int128(Int64.max / 4)))
  }
}
