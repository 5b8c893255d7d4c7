import BallastModel
import BallastTraces
import BallastUnits

/// Traces that are open, to be used by many worlds: a search asks for the same ones again and again.
///
/// Rule      a trace is known by path, format and step. What is on the shelf is taken as it was when it was opened.
public struct TraceShelf: Sendable {
  private struct Key: Hashable {
    var path: String
    var format: String?
    var interval: Int64?
    init(_ spec: TraceSpec) {
      path = spec.path
      format = spec.format
      interval = spec.interval?.value
    }
  }
  private var traces: [Key: UtilisationTrace] = [:]

  public init() {}

  /// Opens all traces of a scenario that are not open yet.
  ///
  /// - Throws: all that is wrong with them.
  public mutating func add(_ scenario: Scenario) throws(ScenarioError) {
    var problems: [ScenarioProblem] = []
    for spec in scenario.traces {
      do throws(ScenarioError) {
        traces[Key(spec)] = try open(spec)
      } catch {
        problems += error.problems
      }
    }
    if !problems.isEmpty { throw ScenarioError(problems) }
  }

  func open(_ spec: TraceSpec) throws(ScenarioError) -> UtilisationTrace {
    if let trace = traces[Key(spec)] { return trace }
    return try UtilisationTrace.open(
      path: spec.path, format: spec.format, interval: spec.interval, place: spec.place)
  }
}
