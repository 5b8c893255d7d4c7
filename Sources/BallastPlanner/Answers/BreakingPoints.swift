import BallastMath
import BallastUnits

/// The last steps of an axis that held, one per replicate, where some may lie outside it: "less than the first", "at least the
/// last".
///
/// Rule      of points inside the axis the mean, with Student's interval and the bootstrap's; where one lies outside, a mean is not known: the
///           median, with the interval between two of the points in order that needs nothing but their order.
/// Source    order statistics; GSL, gsl_cdf_binomial_P.
struct BreakingPoints: Sendable {
  /// The ratio at each step, ascending.
  let ratios: [Double]
  /// Step per replicate; nil: not even the first held.
  let lastHeld: [Int?]
  let confidence: Double
  /// Of the scenario; the bootstrap's chance comes from it.
  let seed: UInt64

  var neverBreaks: Bool { lastHeld.allSatisfy { $0 == ratios.count - 1 } }
  var neverHolds: Bool { lastHeld.allSatisfy { $0 == nil } }
  var isInside: Bool { lastHeld.allSatisfy { $0 != nil && $0 != ratios.count - 1 } }
  /// Replicates in which not even the first step holds.
  var below: Int { lastHeld.count { $0 == nil } }

  private var sorted: [Int] { lastHeld.map { $0 ?? -1 }.sorted() }
  /// The lower one of two in the middle.
  private var median: Int { sorted[(lastHeld.count - 1) / 2] }
  private var medianRanks: (low: Int, high: Int)? {
    Statistics.medianRanks(count: lastHeld.count, confidence: confidence)
  }
  /// What breaks first has the lowest; for sorting only.
  var order: Double { Double(sorted.reduce(0, +)) / Double(max(lastHeld.count, 1)) }

  /// What is known of the mean; nil where a point lies outside the axis.
  private var inside: Repeated? {
    isInside
      ? Repeated(
        lastHeld.map { ratios[$0!] }, confidence: confidence, seed: seed, named: "ratio") : nil
  }

  private func text(_ step: Int) -> String {
    if step < 0 { return "less than \(short(ratios[0]))" }
    return step == ratios.count - 1 ? "at least \(short(ratios[step]))" : short(ratios[step])
  }

  var words: String {
    let first = sorted[0]
    if sorted.last == first { return text(first) }
    if let mean = inside?.student { return BallastPlanner.words(mean, confidence: confidence) }
    let range =
      medianRanks.map {
        " (\(short(confidence * 100)) % \(text(sorted[$0.low])) … \(text(sorted[$0.high])))"
      } ?? " (of \(lastHeld.count))"
    return "median \(text(median))\(range)"
  }

  var json: JSON {
    func point(_ step: Int) -> JSON {
      .object([
        ("text", .text(text(step))), ("value", step < 0 ? .null : .number(ratios[step])),
        ("beyond", .text(step < 0 ? "below" : step == ratios.count - 1 ? "above" : "")),
      ])
    }
    let ranks = medianRanks
    return .object([
      ("mean", BallastPlanner.json(inside?.student)),
      ("bootstrap", BallastPlanner.json(inside?.bootstrap)), ("median", point(median)),
      (
        "median_interval",
        ranks.map { .array([point(sorted[$0.low]), point(sorted[$0.high])]) } ?? .null
      ),
      ("below_first", .count(below)),
    ])
  }
}
