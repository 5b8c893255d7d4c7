import BallastMath
import BallastModel
import BallastScenario
import BallastUnits

/// An answer: one line with its reason, what stands behind it, and the scenario that proves it.
public struct PlanAnswer: Sendable {
  /// "hosts", "fit", …
  public var question: String
  public var sentence: String
  /// More lines, in order of interest.
  public var details: [String]
  public var json: [JSON.Member]
  /// Running this shows what the sentence claims; nil where there is no answer.
  public var proof: ScenarioDocument?
  /// False: the question has no answer, because an expectation cannot hold.
  public var isAnswered: Bool

  public init(
    question: String, sentence: String, details: [String] = [],
    json: [JSON.Member] = [], proof: ScenarioDocument? = nil,
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
    let head: [JSON.Member] = [
      ("schema_version", .integer(1)), ("question", .text(question)), ("answer", .text(sentence)),
      ("answered", .boolean(isAnswered)),
    ]
    let tail: [JSON.Member] = [
      ("trials", .count(trials)), ("notes", .array((notes + details).map { .text($0) })),
    ]
    return JSON.object(head + json + tail).pretty
  }
}

/// Why a question cannot be asked of a scenario.
public struct PlanError: Error, Sendable {
  public var message: String
  public var remedy: String
  /// What was given has the right form and makes no scenario, as a wrong `--set` does.
  public var isWrongValue: Bool
  public init(_ message: String, remedy: String, isWrongValue: Bool = false) {
    self.message = message
    self.remedy = remedy
    self.isWrongValue = isWrongValue
  }
}

func json(_ interval: ConfidenceInterval?) -> JSON {
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

/// At most three decimals, without trailing zeros; what is no number as it is: "inf", "nan".
func short(_ value: Double) -> String {
  guard value.isFinite else { return "\(value)" }
  var text = threeDecimals(value)
  while text.hasSuffix("0") { text.removeLast() }
  return text.hasSuffix(".") ? String(text.dropLast()) : text
}
