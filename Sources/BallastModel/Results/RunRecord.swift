import BallastUnits

/// What a run leaves beside its rows: the content of `run.json`, less what only the command knows.
public struct RunRecord: Sendable {
  public struct Verdict: Sendable {
    /// The expectation in words: "cpu_ready_pct_per_vcpu p95 of vms web-* at most 5.000".
    public var text: String
    /// The worst value and whose it is: "7.312 (web-3)".
    public var measured: String
    /// The same as a number, thousandths of the metric's unit; nil where it is none.
    public var value: Int64?
    public var isMet: Bool
    /// How far the measured value is beyond the bound, in the metric's unit; empty where it is met or no number.
    public var missedBy: String
    /// The closest change that would have helped, in words; empty where it is met or nobody knows.
    public var lever: String
    public init(
      text: String, measured: String, value: Int64? = nil, isMet: Bool, missedBy: String = "",
      lever: String = ""
    ) {
      self.text = text
      self.measured = measured
      self.value = value
      self.isMet = isMet
      self.missedBy = missedBy
      self.lever = lever
    }
  }

  /// A trace that the run read.
  public struct TraceRead: Sendable {
    public var name: String
    /// As the scenario wrote it.
    public var path: String
    public var sha256: String
    public var format: String
    public var series: Int
    /// How often each quirk of the source was met, in fixed order.
    public var quirks: [(name: String, count: Int64)]
    public init(
      name: String, path: String, sha256: String, format: String, series: Int,
      quirks: [(name: String, count: Int64)]
    ) {
      self.name = name
      self.path = path
      self.sha256 = sha256
      self.format = format
      self.series = series
      self.quirks = quirks
    }
  }

  /// One key figure. `value` is thousandths of the unit or `emptyCell`.
  public struct KeyFigure: Sendable {
    public var name: String
    public var unit: String
    public var value: Int64
    public var meaning: String
    public init(name: String, unit: String, value: Int64, meaning: String) {
      self.name = name
      self.unit = unit
      self.value = value
      self.meaning = meaning
    }
  }

  public var scenario: String
  public var seed: UInt64
  /// Folds every event and sample; 16 hexadecimal digits.
  public var digest: UInt64
  public var simulated: SimDuration
  /// False: interrupted; what was recorded until then is kept.
  public var isComplete: Bool
  public var expectations: [Verdict]
  public var summary: [KeyFigure]
  public var traces: [TraceRead]
  /// Sentences about what this run takes for granted.
  public var assumptions: [String]
  /// False: memory is counted and nothing is taken back; columns about that are empty.
  public var takesMemoryBack: Bool

  public init(
    scenario: String, seed: UInt64, digest: UInt64, simulated: SimDuration, isComplete: Bool,
    expectations: [Verdict], summary: [KeyFigure], traces: [TraceRead], assumptions: [String],
    takesMemoryBack: Bool = false
  ) {
    self.scenario = scenario
    self.seed = seed
    self.digest = digest
    self.simulated = simulated
    self.isComplete = isComplete
    self.expectations = expectations
    self.summary = summary
    self.traces = traces
    self.assumptions = assumptions
    self.takesMemoryBack = takesMemoryBack
  }
}
