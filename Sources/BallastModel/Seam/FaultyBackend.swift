import BallastUnits

/// Something that goes wrong in one step. What each looks like on a real host is in docs/ARCHITECTURE.md#the-seam.
public enum BackendFault: Sendable, Equatable, Codable {
  /// The previous observation once more, old time and number included: a statistics service that hangs and answers
  /// from its cache. Without a previous one there is nothing to repeat, and the observation is as it should be.
  case stale
  /// The observation leaves this VM out: its process did not answer in time.
  case missing(VMIndex)
  /// Counters of this VM have fallen: it was restarted behind the manager's back, and the difference is negative.
  case countersBackwards(VMIndex)
  /// What this VM's guest told is an hour old: it hangs, and the old values repeat.
  case staleStatistics(VMIndex)
  /// This VM's guest has no balloon driver: only what the host itself knows of its memory is shown.
  case driverMissing(VMIndex)
  /// Capacities and clock read as zero.
  case zeroCapacity
  /// `observe` fails.
  case unavailableToObserve
  /// `apply` fails; nothing of the plan is taken.
  case unavailableToApply
  /// The host says no to this VM's row. The wrapped backend gets the plan without it.
  case refused(VMIndex)
  /// This VM ends between observation and plan: its row fails, and from then on nothing shows it.
  case vanished(VMIndex)
}

/// Wraps another backend and lets things go wrong as written in a list, so that a manager can be shown to survive them.
///
/// Step k begins with the k-th call of `observe`, from 0; calls of `apply` belong to the step before them. Beyond the
/// end of the list, and with an empty one, calls pass through unchanged. Nothing here is random: a fuzzer draws the
/// list.
public struct FaultyBackend<Base: HypervisorBackend & ~Copyable>: HypervisorBackend, ~Copyable {
  public var base: Base
  private let faults: [[BackendFault]]
  private var step = -1
  private var last: HostObservation?
  private var gone: [VMIndex] = []

  /// - Parameter faults: per step, what goes wrong in it.
  public init(_ base: consuming Base, faults: [[BackendFault]]) {
    self.base = base
    self.faults = faults
  }

  private var present: [BackendFault] { faults.indices.contains(step) ? faults[step] : [] }

  public mutating func observe(into seen: inout HostObservation) throws(BackendError) {
    step += 1
    let present = present
    if present.contains(.unavailableToObserve) { throw .unavailable("injected") }
    if present.contains(.stale), let last {
      seen = last
      return
    }
    try base.observe(into: &seen)
    for fault in present { spoil(&seen, fault) }
    for vm in gone { hide(vm, in: &seen) }
    if !faults.isEmpty { last = seen }
  }

  private func spoil(_ seen: inout HostObservation, _ fault: BackendFault) {
    switch fault {
    case .missing(let vm): hide(vm, in: &seen)
    case .countersBackwards(let vm):
      guard let row = seen.row(of: vm) else { return }
      seen.runTime[row] = -seen.runTime[row] - 1
      seen.readyTime[row] = -seen.readyTime[row] - 1
      seen.memoryConsumed[row] = -seen.memoryConsumed[row] - 1
    case .staleStatistics(let vm):
      change(vm, in: &seen) { $0.statisticsAge = 3_600_000_000_000 }
    case .driverMissing(let vm):
      change(vm, in: &seen) {
        $0.driver = .absent
        ($0.balloon, $0.guestUnused, $0.guestAvailable) = (-1, -1, -1)
        ($0.guestCommitted, $0.guestSwapOut, $0.statisticsAge) = (-1, -1, -1)
      }
    case .zeroCapacity:
      seen.coreRate = .zero
      seen.cpuCapacity = .zero
      seen.memoryCapacity = .zero
    case .stale, .unavailableToObserve, .unavailableToApply, .refused, .vanished: break
    }
  }

  private func change(
    _ vm: VMIndex, in seen: inout HostObservation, _ edit: (inout VMMemoryReadings) -> Void
  ) {
    guard let row = seen.row(of: vm), row < seen.memory.count else { return }
    edit(&seen.memory[row])
  }

  private func hide(_ vm: VMIndex, in seen: inout HostObservation) {
    if let row = seen.row(of: vm) { seen.remove(row: row) }
  }

  public mutating func apply(_ plan: HostPlan) throws(BackendError) -> [ActuationFailure] {
    let present = present
    for case .vanished(let vm) in present where !gone.contains(vm) { gone.append(vm) }
    if present.contains(.unavailableToApply) { throw .unavailable("injected") }
    if present.isEmpty && gone.isEmpty { return try base.apply(plan) }
    var rest = plan
    var failures: [ActuationFailure] = []
    func fail(_ vm: VMIndex, _ reason: ActuationFailure.Reason) {
      guard let row = rest.vms.firstIndex(of: vm) else { return }
      rest.remove(row: row)
      failures.append(ActuationFailure(vm: vm, setting: "cpu", reason: reason))
    }
    for vm in gone { fail(vm, .noSuchVM) }
    for case .refused(let vm) in present { fail(vm, .refused("injected")) }
    failures += try base.apply(rest)
    return failures.sorted { $0.vm < $1.vm }
  }
}

extension FaultyBackend: Copyable where Base: Copyable {}
