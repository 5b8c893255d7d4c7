import BallastMath
import BallastModel
import BallastScenario
import BallastUnits
import Foundation

/// `plan growth`: in how many days does an expectation break when demand grows?
///
/// Rule      on day d every CPU and memory curve is multiplied by (1 + g)^(d / 365), at most a VM's size; the answer is the
///           last day on which everything holds, found by search per replicate, with the interval over replicates.
/// Bounds    conservative: the interval's lower end; expected: its mean.
/// Never     the first day and the horizon are tried first: where the scenario does not hold today, or still does at the
///           horizon, nothing is searched for.
/// Source    time remaining = days until the projection crosses usable capacity (docs/PLANNING.md#growth).
public struct PlanGrowth: Sendable {
  /// Above zero; 0.2 is 20 % a year.
  public var perYear: Double
  public var horizonDays: Int
  public var repetitions: Int
  public var confidence: Double
  /// Memory in use grows as well as CPU.
  public var growsMemory: Bool
  public init(
    perYear: Double, horizonDays: Int, repetitions: Int, confidence: Double, growsMemory: Bool
  ) {
    self.perYear = perYear
    self.horizonDays = horizonDays
    self.repetitions = repetitions
    self.confidence = confidence
    self.growsMemory = growsMemory
  }

  /// Demand of a day in millionths of today's, at most what a scenario takes.
  static func factor(perYear: Double, day: Int) -> PartsPerMillion {
    PartsPerMillion(Int64(min(pow(1 + perYear, Double(day) / 365) * 1e6, 20e6).rounded()))
  }

  func overrides(day: Int) -> [String] {
    let percent = decimal(Self.factor(perYear: perYear, day: day).value, places: 4) + "%"
    return ["assume.cpu_demand=\(percent)"]
      + (growsMemory ? ["assume.memory_demand=\(percent)"] : [])
  }

  public func answer(_ bench: TrialBench) throws -> PlanAnswer {
    @Sendable func result(_ day: Int, _ replicate: Int) -> Result<TrialResult, TrialError> {
      bench.run(Trial(overrides(day: day), replicate: replicate))
    }
    let growth = "\(short(perYear * 100)) % a year"
    if let today = whatStops(result(0, 0)) {
      return PlanAnswer(
        question: "growth", sentence: "0 days: the scenario does not hold today: \(today)",
        json: [("days", .integer(0))], isAnswered: false)
    }
    let isChancy = repetitions > 1 && bench.dependsOnChance()
    let count = isChancy ? repetitions : 1
    let searches = bench.map(count) { replicate in
      ThresholdSearch(in: 0...horizonDays, parts: 1) { days in
        days.map { (try? result($0, replicate).get())?.holds ?? false }
      }
    }
    if bench.wasStopped { return PlanAnswer(question: "growth", sentence: "", isAnswered: false) }
    let days = searches.map { search -> Double in
      switch search.outcome {
      case .never: 0
      case .always: Double(horizonDays)
      case .upTo(let day): Double(day)
      }
    }
    let repeated = Repeated(
      days, confidence: confidence, seed: bench.scenario.seed, named: "growth")
    let lasting = searches.count { $0.outcome == .always }
    var details: [String] = []
    if searches.contains(where: { !$0.exceptions.isEmpty }) {
      let exceptions = Set(searches.flatMap(\.exceptions)).sorted()
      details.append(
        "not monotone: on some later days everything holds again or on earlier ones not: day "
          + exceptions.map(String.init).joined(separator: ", "))
    }
    if lasting > 0, lasting < count {
      details.append("\(lasting) of \(count) replicates last to the horizon and count as that")
    }
    if !isChancy, repetitions > 1 { details.append(TrialBench.noChance) }
    let conservative = max(repeated.student.map { Int($0.low.rounded(.down)) } ?? Int(days[0]), 0)
    let expected = Int(repeated.mean.rounded(.down))
    var json: [JSON.Member] = [
      ("per_year_pct", .number(perYear * 100)), ("days", .count(expected)),
      ("days_conservative", .count(conservative)), ("interval", repeated.json),
      ("horizon_days", .count(horizonDays)), ("repetitions", .count(count)),
      ("beyond_horizon", .boolean(lasting == count)),
    ]
    if lasting == count {
      return PlanAnswer(
        question: "growth",
        sentence: "more than \(horizonDays) days: at \(growth) nothing breaks up to demand times "
          + short(Double(Self.factor(perYear: perYear, day: horizonDays).value) / 1e6),
        details: details, json: json,
        proof: try bench.document(
          of: Trial(overrides(day: horizonDays)), named: bench.scenario.name + "-growth"))
    }
    let broken = searches.firstIndex { $0.outcome != .always }!
    let next = whatStops(result(Int(days[broken]) + 1, broken))
    json.append(("then_fails_on", next.map { .text($0) } ?? .null))
    let bounds =
      repeated.isConstant
      ? "" : repeated.student.map { " (\(words($0, confidence: confidence)))" } ?? ""
    let factor = short(Double(Self.factor(perYear: perYear, day: expected).value) / 1e6)
    details.insert(
      "conservative \(conservative) days, expected \(expected); demand is then \(factor) times today's",
      at: 0)
    let proven = Int(days.min()!)
    return PlanAnswer(
      question: "growth",
      sentence: "\(expected) days\(bounds) at \(growth), then \(next ?? "an expectation breaks")",
      details: details, json: json,
      proof: try bench.document(
        of: Trial(overrides(day: proven)), named: "\(bench.scenario.name)-day-\(proven)"))
  }
}
