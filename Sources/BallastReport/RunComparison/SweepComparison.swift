import BallastMath

extension RunComparison {
  /// Directories of sweeps: points that both have, by the values of their axes.
  ///
  /// Rule      a point's repetitions that both sweeps have, such as the same seed, are compared pairwise: what chance does
  ///           to both alike falls out, and what only one has is left out. With fewer than two in common, means of all are
  ///           compared as those of two independent samples.
  public init(
    sweep a: String, and b: String, axes: [SweepAxis], confidence: Double
  ) throws(RunReadError) {
    let (one, other) = (
      try SweepTable(directory: a, axes: axes), try SweepTable(directory: b, axes: axes)
    )
    self.a = a
    self.b = b
    notes = []
    courses = []
    var rows: [ComparedRow] = []
    var matched = 0
    // Repetition of A to repetition of B.
    let twins = one.repetitions.map { other.repetitions.firstIndex(of: $0) }
    for point in one.points {
      guard let twin = other.points.first(where: { $0.values == point.values }) else { continue }
      matched += 1
      for (metric, name) in one.metrics.enumerated() {
        guard let column = other.metrics.firstIndex(of: name),
          let pair = Self.judge(
            point.samples[metric], of: point.sources[metric].map { twins[$0] },
            twin.samples[column], of: twin.sources[column], confidence)
        else { continue }
        rows.append(
          ComparedRow(
            kind: "point", entity: point.values.joined(separator: ", "), metric: name, a: pair.a,
            b: pair.b, interval: pair.interval))
      }
    }
    let lonely = (one.points.count - matched, other.points.count - matched)
    if lonely.0 > 0 { notes.append("\(lonely.0) points are only in A") }
    if lonely.1 > 0 { notes.append("\(lonely.1) points are only in B") }
    if matched > 0 {
      notes += Self.noise(one.repetitions.count, other.repetitions.count, twins.count { $0 != nil })
    }
    self.rows = ComparedRow.ordered(rows)
  }

  /// One metric at one point: means, and the interval of their difference where there is one.
  ///
  /// - Parameters:
  ///   - partners: of each value of A the repetition of B that is the same one; nil where B has none.
  ///   - sources: of each value of B its repetition.
  /// - Returns: nil where a side has no value.
  static func judge(
    _ left: [Double], of partners: [Int?], _ right: [Double], of sources: [Int],
    _ confidence: Double
  ) -> (a: Double, b: Double, interval: ConfidenceInterval?)? {
    typealias Statistics = BallastMath.Statistics
    var pairs: [(Double, Double)] = []
    for (value, partner) in zip(left, partners) {
      if let partner, let place = sources.firstIndex(of: partner) {
        pairs.append((value, right[place]))
      }
    }
    let welch = Statistics.welchInterval(from: left, to: right, confidence: confidence)
    if pairs.count >= 2 || (pairs.count == 1 && welch == nil) {
      return (
        Statistics.mean(pairs.map(\.0))!, Statistics.mean(pairs.map(\.1))!,
        Statistics.studentInterval(pairs.map { $0.1 - $0.0 }, confidence: confidence)
      )
    }
    guard let meanA = Statistics.mean(left), let meanB = Statistics.mean(right) else { return nil }
    return (meanA, meanB, welch)
  }

  /// How noise was judged, where that does not go without saying.
  private static func noise(_ a: Int, _ b: Int, _ common: Int) -> [String] {
    let remedy = "noise cannot be told (add seed: [1, 2, 3] to both sweeps)"
    if common >= 2 {
      let rest = [(a - common, "A"), (b - common, "B")].filter { $0.0 > 0 }
        .map { "\($0.0) that only \($0.1) has" }
      return rest.isEmpty
        ? []
        : [
          "the \(common) repetitions that both have are compared; left out: "
            + rest.joined(separator: ", ")
        ]
    }
    if max(a, b) == 1 { return ["there are no repetitions: " + remedy] }
    let counts = "A has \(a) and B has \(b) repetitions, \(common == 1 ? "one" : "none") in common"
    return [
      min(a, b) >= 2
        ? "\(counts): they are compared as two independent samples, not pairwise"
        : "\(counts): \(remedy)"
    ]
  }
}
