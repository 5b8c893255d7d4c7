import BallastModel
import BallastUnits

/// How long hosts are in a memory state below high, from one change of state to the next: samples would miss what begins and
/// ends between their ends.
struct ShortageClock {
  /// Since when a host is below high; nil: it is not.
  private var since: [SimTime?]
  /// Σ over hosts of the times that have ended, ns.
  private var ended: Int64 = 0

  init(hostCount: Int) { since = [SimTime?](repeating: nil, count: hostCount) }

  /// A host's state changes; changes of one host come in order of time.
  mutating func change(_ host: HostIndex, to state: MemoryState, at time: SimTime) {
    if state == .high {
      stop(host, at: time)
    } else if since[host.int] == nil {
      since[host.int] = time
    }
  }

  /// A host fails: who is off is short of nothing.
  mutating func stop(_ host: HostIndex, at time: SimTime) {
    guard let start = since[host.int] else { return }
    ended += (time - start).value
    since[host.int] = nil
  }

  /// Σ over hosts of the time below high until `end`.
  func total(until end: SimTime) -> SimDuration {
    SimDuration(since.reduce(ended) { sum, start in sum + (start.map { (end - $0).value } ?? 0) })
  }
}
