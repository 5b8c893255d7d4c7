import BallastKVM
import BallastManager
import BallastModel
import BallastUnits

/// Manages one KVM host: looks, decides with the same manager that decides in the simulator, and asks.
///
/// It has no clock: who calls `step` decides when. Memory does not grow with the number of steps.
public final class HostAgent {
  public private(set) var host: KVMHost
  public private(set) var managing: HostManager
  private var loop = ControlLoop(workspace: DecisionWorkspace())
  public private(set) var seen = HostObservation()
  private let steps: StepLog?
  public private(set) var totals = AgentTotals()

  public init(_ policy: HostPolicy, host: KVMHost, steps: StepLog? = nil) {
    self.host = host
    self.steps = steps
    managing = HostManager(policy)
  }

  /// The plan of the last step.
  public var plan: HostPlan { loop.plan }
  public var report: KVMHostReport { host.report }

  /// Observes and changes nothing, so that the next step has an interval to judge by.
  public func look() throws {
    try host.observe(into: &seen)
    try follow()
    host.look()
  }

  /// Another set of domains needs another manager.
  private func follow() throws(StateFault) {
    let inventory = ManagedInventory(
      host.snapshot, names: host.names, before: managing.inventory)
    guard inventory != managing.inventory else { return }
    managing.take(inventory, at: seen.time)
    host.keepsLimits(of: managing.limitsKept)
    try steps?.append(StepLine(inventory: inventory, since: seen.time))
  }

  /// Applies the plan of the last step, which was a dry run.
  public func apply(state: StateFile, audit: AuditLog) throws(BackendError) -> [ActuationFailure] {
    host.permit(state: state, audit: audit)
    return try host.apply(loop.plan)
  }

  /// One step: observe, decide, apply as the host's mode says.
  ///
  /// - Throws: where the host does not answer; nothing was changed, and the next call begins with a fresh look.
  @discardableResult
  public func step() throws -> [ActuationFailure] {
    totals.steps += 1
    do {
      try host.observe(into: &seen)
      try follow()
      let failures: [ActuationFailure]
      do {
        failures = try loop.apply(seen, &host, &managing)
      } catch {
        try record(plan: nil, [])
        throw error
      }
      totals.count(host.report)
      try record(plan: loop.plan, failures)
      return failures
    } catch {
      totals.failedSteps += 1
      throw error
    }
  }

  private func record(plan: HostPlan?, _ failures: [ActuationFailure]) throws(StateFault) {
    try steps?.append(
      StepLine(
        step: RecordedStep(observation: seen, plan: plan, failures: failures),
        wallTime: host.snapshot.wallTime))
  }

  /// Puts the host back as it was.
  public func restore(insists: Bool = false) throws(BackendError) -> RestoreReport {
    try host.restore(insists: insists)
  }
}

/// Sums since the agent started.
public struct AgentTotals: Sendable, Equatable {
  public var steps: Int64 = 0
  public var failedSteps: Int64 = 0
  public var writesDone: Int64 = 0
  public var writesFailed: Int64 = 0
  /// By rule, in the order of the rules.
  public private(set) var heldBack = [Int64](repeating: 0, count: HeldBack.Rule.allCases.count)

  public init() {}

  mutating func count(_ report: KVMHostReport) {
    for entry in report.performed {
      if entry.result == "done" { writesDone += 1 } else { writesFailed += 1 }
    }
    for (index, rule) in HeldBack.Rule.allCases.enumerated() {
      for one in report.heldBack where one.rule == rule { heldBack[index] += 1 }
    }
  }
}
