import BallastUnits

/// The present instant of a run. It only moves forward: an event in the past is a bug.
public struct SimulationClock: Equatable, Sendable {
  public private(set) var now = SimTime.zero

  public init() {}

  /// Moves to `time` and returns how long that took; no time passes between events of one instant.
  @discardableResult
  public mutating func advance(to time: SimTime) -> SimDuration {
    precondition(time >= now, "the clock cannot go back from \(now) to \(time)")
    let elapsed: SimDuration = time - now
    now = time
    return elapsed
  }
}
