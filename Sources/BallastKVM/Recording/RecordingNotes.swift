/// What a recording has that an ideal one has not: each kind is counted, and told when the recording is finished.
public struct RecordingNotes: Sendable, Equatable {
  /// Lines that a killed recording left half written.
  public var tornLines = 0
  /// Snapshots whose clock does not go on; they are left out.
  public var clockBack = 0
  /// Intervals more than half as long again as asked for.
  public var longIntervals = 0
  /// Domains that appeared after the first snapshot.
  public var lateDomains = 0
  /// Domains that were started again: another running id or uuid.
  public var restarts = 0
  /// Times a domain went away.
  public var departures = 0
  /// Counters that fell without a restart: nothing is known of that interval.
  public var countersBack = 0
  /// Domains missing in a snapshot, or there without counters, while they went on running: one longer sample covers it.
  public var absentSamples = 0
  /// Domains without the counter of waiting time: their demand is what they ran.
  public var domainsWithoutDelay = 0
  /// Domains whose guest never told how much of its memory is usable.
  public var domainsWithoutMemory = 0
  /// Domains pinned to some of the pCPUs that others use: replay lets all VMs use all of these.
  public var domainsOfUnequalPins = 0
  /// 1 where pins leave some pCPUs out and there are no counters for each pCPU: other use is spread evenly.
  public var otherUseSpread = 0
  /// Intervals in which the host's own counters did not move or fell: other use of them is taken as none.
  public var hostCountersStill = 0

  public init() {}

  /// In words, for people; kinds that did not occur are left out.
  public var lines: [String] {
    let all: [(Int, String)] = [
      (tornLines, "torn last line left out (the recording was killed)"),
      (clockBack, "snapshots whose clock went back, left out"),
      (longIntervals, "intervals much longer than asked for"),
      (lateDomains, "domains that appeared later"),
      (restarts, "restarts of a domain"),
      (departures, "times a domain went away"),
      (countersBack, "times a counter fell without a restart; that interval is unknown"),
      (absentSamples, "missing samples, covered by a longer one"),
      (
        domainsWithoutDelay,
        "domains without the counter of waiting time: their demand is what they ran"
      ),
      (
        domainsWithoutMemory,
        "domains whose guest does not tell its memory (no statistics period, or no driver)"
      ),
      (
        domainsOfUnequalPins,
        "domains pinned to a part of the pCPUs; replay lets every VM use all of them"
      ),
      (otherUseSpread, "host without counters per pCPU: other use is spread evenly"),
      (hostCountersStill, "intervals in which the host's counters stood still"),
    ]
    return all.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
  }
}
