import BallastMath
import BallastModel
import BallastScenario

/// An answer: one line with its reason, what stands behind it, and the scenario that proves it.
public struct PlanAnswer: Sendable {
  /// "hosts", "fit", …
  public var question: String
  public var sentence: String
  /// More lines, in order of interest.
  public var details: [String]
  public var json: [(key: String, value: PlanJSON)]
  /// Running this shows what the sentence claims; nil where there is no answer.
  public var proof: ScenarioDocument?
  /// False: the question has no answer, because an expectation cannot hold.
  public var isAnswered: Bool

  public init(
    question: String, sentence: String, details: [String] = [],
    json: [(key: String, value: PlanJSON)] = [], proof: ScenarioDocument? = nil,
    isAnswered: Bool = true
  ) {
    self.question = question
    self.sentence = sentence
    self.details = details
    self.json = json
    self.proof = proof
    self.isAnswered = isAnswered
  }

  /// One object with `schema_version`; ends without a line break.
  public func written(notes: [String], trials: Int) -> String {
    let head: [(key: String, value: PlanJSON)] = [
      ("schema_version", .whole(1)), ("question", .text(question)), ("answer", .text(sentence)),
      ("answered", .truth(isAnswered)),
    ]
    let tail: [(key: String, value: PlanJSON)] = [
      ("trials", .count(trials)), ("notes", .list((notes + details).map { .text($0) })),
    ]
    return PlanJSON.object(head + json + tail).written
  }
}

/// Why a question cannot be asked of a scenario.
public struct PlanError: Error, Sendable {
  public var message: String
  public var remedy: String
  public init(_ message: String, remedy: String) {
    self.message = message
    self.remedy = remedy
  }
}

func json(_ interval: ConfidenceInterval?) -> PlanJSON {
  guard let interval else { return .null }
  return .object([
    ("estimate", .number(interval.estimate)), ("low", .number(interval.low)),
    ("high", .number(interval.high)), ("values", .count(interval.count)),
  ])
}

/// "1.44 (95 % 1.38 … 1.50)"
func words(_ interval: ConfidenceInterval, confidence: Double) -> String {
  "\(short(interval.estimate)) (\(short(confidence * 100)) % \(short(interval.low)) … "
    + "\(short(interval.high)))"
}

/// At most three decimals, without trailing zeros.
func short(_ value: Double) -> String {
  var text = threeDecimals(value)
  while text.hasSuffix("0") { text.removeLast() }
  return text.hasSuffix(".") ? String(text.dropLast()) : text
}
