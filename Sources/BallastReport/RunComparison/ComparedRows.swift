import BallastMath

/// One quantity of one entity in A and in B.
public struct ComparedRow: Sendable {
  /// "run", "host", "vm" or "point".
  public var kind: String
  /// Empty for the run.
  public var entity: String
  public var metric: String
  public var a: Double
  public var b: Double
  /// Of B − A; nil where there is nothing to judge noise by.
  public var interval: ConfidenceInterval?

  public var difference: Double { b - a }

  /// The difference is more than noise.
  public var isReal: Bool {
    guard let interval else { return false }
    return interval.excludesZero
  }

  /// How many half widths of its interval the difference is from zero; then how large it is beside the values.
  fileprivate var rank: (Double, Double) {
    let scale = max(abs(a), abs(b))
    let size = scale > 0 ? abs(difference) / scale : 0
    guard let interval else { return (0, size) }
    let half = (interval.high - interval.low) / 2
    return (half > 0 ? min(abs(interval.estimate) / half, 1e6) : difference == 0 ? 0 : 1e6, size)
  }

  /// Differences outside noise first, the surest first; then those without an interval; then noise.
  static func ordered(_ rows: [ComparedRow]) -> [ComparedRow] {
    func group(_ row: ComparedRow) -> Int { row.isReal ? 0 : row.interval == nil ? 1 : 2 }
    return rows.enumerated().sorted { one, other in
      let (a, b) = (one.element, other.element)
      if group(a) != group(b) { return group(a) < group(b) }
      if a.rank != b.rank { return a.rank > b.rank }
      return one.offset < other.offset
    }.map(\.element)
  }
}

/// Student's interval of the mean difference of two series over time.
///
/// Rule      the paired differences are cut into at most ten batches of equal length, whose means are nearly independent
///           where a batch is longer than what correlates; the interval is that of the batch means.
/// Limits    fewer than four samples, or series of different lengths, give none. Load that repeats daily needs batches of
///           days: ten days or more.
/// Source    batch means: Law, Simulation Modeling and Analysis, 5th ed., §9.5.3.
func batchMeansInterval(_ a: [Double], _ b: [Double], confidence: Double) -> ConfidenceInterval? {
  guard a.count == b.count, a.count >= 4 else { return nil }
  let differences = zip(a, b).map { $1 - $0 }
  let batches = min(10, a.count / 2)
  let length = a.count / batches
  let means = (0..<batches).map { batch in
    BallastMath.Statistics.mean(Array(differences[(batch * length)..<((batch + 1) * length)]))!
  }
  return BallastMath.Statistics.studentInterval(means, confidence: confidence)
}
