import BallastUnits

/// How often each distance between two timestamps of a series occurs.
///
/// Exact while there are at most 65,536 different ones. Beyond that distances are rounded down to a granule
/// that grows by tens, so that a source with arbitrary times cannot fill the memory.
struct StepCounter {
  private static let kindsMax = 1 << 16
  private var counts: [Int64: Int64] = [:]
  /// In nanoseconds.
  private(set) var granule: Int64 = 1
  /// The last step and where to add it: most steps are like the one before.
  private var recent: Int64 = -1
  private var recentCount: Int64 = 0

  mutating func add(_ nanoseconds: Int64) {
    if nanoseconds == recent {
      recentCount += 1
      return
    }
    flush()
    recent = nanoseconds
    recentCount = 1
  }

  /// Steps and counts, ascending.
  mutating func sorted() -> [(step: SimDuration, count: Int64)] {
    flush()
    return counts.keys.sorted().map { (SimDuration($0), counts[$0]!) }
  }

  private mutating func flush() {
    if recentCount == 0 { return }
    counts[recent / granule * granule, default: 0] += recentCount
    recentCount = 0
    recent = -1
    while counts.count > StepCounter.kindsMax {
      granule *= 10
      var coarser: [Int64: Int64] = [:]
      for (step, count) in counts { coarser[step / granule * granule, default: 0] += count }
      counts = coarser
    }
  }
}
