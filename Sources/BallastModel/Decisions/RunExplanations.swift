import BallastUnits

/// What a run says of itself beside its rows: its worst moments explained, and the decisions worth knowing. The content
/// of `explanations.json`.
public struct RunExplanations: Sendable, Equatable, Codable {
  public static let schemaVersion = 1

  /// A VM at a moment, and why it was chosen.
  public struct Moment: Sendable, Equatable, Codable {
    /// "expectation" for one that is not met; else "demand".
    public var reason: String
    /// The expectation in words; empty for demand.
    public var expectation: String
    /// Demand beyond the entitlement in ppm of the VM's size, at a decision.
    public var unmet: PartsPerMillion
    public var explanation: VMExplanation
    public init(
      reason: String, expectation: String = "", unmet: PartsPerMillion = .zero,
      explanation: VMExplanation
    ) {
      self.reason = reason
      self.expectation = expectation
      self.unmet = unmet
      self.explanation = explanation
    }
  }

  /// Decisions of one kind in order of time: the first ones, and how many there are in all.
  public struct Decisions: Sendable, Equatable, Codable {
    public private(set) var records: [DecisionRecord] = []
    public private(set) var count = 0
    public init() {}

    /// Decisions that are kept.
    public static let keptMax = 1_000

    public var isFull: Bool { records.count == Self.keptMax }

    /// - Parameter record: made only where it is kept.
    public mutating func add(_ record: () -> DecisionRecord) {
      count += 1
      if !isFull { records.append(record()) }
    }
  }

  public var schemaVersion = Self.schemaVersion
  public var moments: [Moment] = []
  /// Why there are no moments; empty where they were looked for.
  public var note = ""
  public var refusals = Decisions()
  public var moves = Decisions()
  public var restarts = Decisions()

  public init() {}
}
