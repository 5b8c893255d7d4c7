import BallastModel

/// Who decides for one host: the manager, or one with more beside it.
public protocol HostDecider {
  /// Answers an observation with a plan.
  mutating func decide(
    _ seen: HostObservation, into plan: inout HostPlan, workspace: DecisionWorkspace)
}

extension ResourceManager: HostDecider {}

/// Observe – decide – apply: the only place that calls the three. A simulator calls it from a control event, a daemon
/// from a timer.
public struct ControlLoop: ~Copyable {
  public private(set) var seen = HostObservation()
  public private(set) var plan = HostPlan()
  private let workspace: DecisionWorkspace

  public init(workspace: DecisionWorkspace) { self.workspace = workspace }

  /// One step. Returns what could not be requested.
  ///
  /// Where the backend cannot be observed the manager stays as it was. Where it cannot take the plan, the manager keeps
  /// what it saw, which is true all the same, so that the next step asks for what this one did.
  @discardableResult
  public mutating func step<Backend: HypervisorBackend & ~Copyable>(
    _ backend: inout Backend, _ manager: inout ResourceManager
  ) throws(BackendError) -> [ActuationFailure] {
    try backend.observe(into: &seen)
    return try apply(seen, &backend, &manager)
  }

  /// The rest of a step whose observation was made before, because other hosts had to be seen first.
  @discardableResult
  public mutating func apply<Backend: HypervisorBackend & ~Copyable, Manager: HostDecider>(
    _ seen: HostObservation, _ backend: inout Backend, _ manager: inout Manager
  ) throws(BackendError) -> [ActuationFailure] {
    manager.decide(seen, into: &plan, workspace: workspace)
    return try backend.apply(plan)
  }
}
