import BallastUnits

/// One line of `expect:`.
public struct Expectation: Sendable {
  public enum Subjects: Sendable, Equatable {
    case vms([String])
    case hosts([String])
    case pools([String])
    /// No `of:`: the whole run (counts, ratios).
    case run
  }
  /// What is asked.
  public enum Question: Sendable, Equatable {
    /// A column of the result files, or a count such as `admitted`.
    case metric(String)
    /// How many rows of `events.csv` of this kind there are about each subject.
    case events(EventKind)
    /// Each subject was refused for this reason.
    case refusal(RefusalKind)
    /// Each subject's entitlement ends at this bound, its own or that of a pool above it. Nil: at the end of the run.
    case explanation(
      at: SimTime?, resource: EntitlementExplanation.Resource, bound: EntitlementLevel.Bound)
  }
  public enum Statistic: Sendable, Equatable {
    case mean, min, max, sum, last
    /// p50 … p99.9 as tenths of a percent: p99.9 is 999.
    case percentile(perMille: Int64)

    public var name: String {
      switch self {
      case .mean: "mean"
      case .min: "min"
      case .max: "max"
      case .sum: "sum"
      case .last: "last"
      case .percentile(let perMille):
        perMille % 10 == 0 ? "p\(perMille / 10)" : "p\(perMille / 10).\(perMille % 10)"
      }
    }
  }
  public enum Bound: Sendable, Equatable {
    /// Thousandths of the column's unit.
    case atMost(Int64)
    case atLeast(Int64)
    case equals(Int64)
    case isTrue, isFalse
  }
  public var question: Question
  public var subjects: Subjects
  /// Nil for metrics that are one value per subject (`admitted`, `migrations`, …).
  public var statistic: Statistic?
  public var bound: Bound
  /// `over: pooled`: the rows of all matched entities are judged together.
  public var isPooled: Bool
  public var place: SourcePlace
  public init(
    question: Question, subjects: Subjects, statistic: Statistic?, bound: Bound, isPooled: Bool,
    place: SourcePlace
  ) {
    self.question = question
    self.subjects = subjects
    self.statistic = statistic
    self.bound = bound
    self.isPooled = isPooled
    self.place = place
  }
}
