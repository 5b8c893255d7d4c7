import BallastModel
import BallastUnits

/// A real KVM host behind the protocol that the simulated one has: observed in one round, and changed by writes that a
/// safeguard lets pass.
///
/// Rule      observe = snapshot and `ObservationMaker` · apply = `PlanTranslator`, `Safeguard`, then each write with a
///           reading before and after it.
/// Promises  a dry run writes nothing · originals are on disk before the first change of a knob · every write that was
///           tried is in the audit log · while the host does not answer nothing is written, and afterwards a fresh look
///           comes first.
/// Cost      one snapshot per observation; two readings per write.
public struct KVMHost: HypervisorBackend {
  public enum Mode: Sendable, Equatable {
    /// Proposals are kept in `report`, and nothing is changed.
    case dryRun
    case apply
  }

  /// Who is under management.
  public enum Membership: Sendable {
    /// These, whether they run or not; with the same terms for all.
    case named(ManagedNames, DomainTerms)
    /// All that run and have terms.
    case consenting(@Sendable (DomainSnapshot) -> DomainTerms?)
  }

  public private(set) var mode: Mode
  private let system: any HostSystem
  private let membership: Membership
  public private(set) var names: ManagedNames
  /// Grows whenever other domains are under management than before: indices mean other VMs then.
  public private(set) var revision: UInt64 = 0
  private var maker: ObservationMaker
  private var translator: PlanTranslator
  var safeguard: Safeguard
  var state: StateFile?
  private var audit: AuditLog?
  /// What the last observation was made from, with what has been written since.
  public private(set) var snapshot = HostSnapshot()
  public private(set) var report = KVMHostReport()
  private var lastSequence: UInt64 = 0
  /// Plans of earlier observations come from before an interruption.
  private var oldestSequence: UInt64 = 1
  private var isCutOff = false
  private var observationsUntilRefresh = 0

  /// Settings are read anew after so many observations, so that what others change is seen.
  static let observationsPerRefresh = 6

  /// - Parameters:
  ///   - managesMemory: guests are asked to report their memory.
  ///   - state: required to apply.
  public init(
    _ system: any HostSystem, membership: Membership, safety: SafetySettings = SafetySettings(),
    managesMemory: Bool = false, mode: Mode, state: StateFile? = nil, audit: AuditLog? = nil
  ) {
    precondition(mode == .dryRun || state != nil, "originals must have a place before changes")
    self.system = system
    self.membership = membership
    self.mode = mode
    self.state = state
    self.audit = audit
    if case .named(let fixed, _) = membership {
      names = fixed
    } else {
      names = ManagedNames([])
    }
    maker = ObservationMaker(names)
    let period = safety.statisticsPeriod.value / 1_000_000_000
    translator = PlanTranslator(
      names, statisticsPeriod: managesMemory && period > 0 ? period : nil)
    safeguard = Safeguard(safety)
  }

  /// From now on plans are applied: whoever wanted to see the plan first has seen it.
  public mutating func permit(state: StateFile, audit: AuditLog?) {
    mode = .apply
    self.state = state
    self.audit = audit
  }

  /// Of these the memory policy takes what exceeds their limit; of others a limit is kept by nobody, and plans say so.
  public mutating func keepsLimits(of vms: Set<VMIndex>) { translator.limitsKept = vms }

  // MARK: Observing

  public mutating func observe(into seen: inout HostObservation) throws(BackendError) {
    report = KVMHostReport()
    if observationsUntilRefresh == 0 || isCutOff {
      system.refresh()
      observationsUntilRefresh = Self.observationsPerRefresh
    }
    observationsUntilRefresh -= 1
    let next: HostSnapshot
    do throws(HostSystemError) {
      next = try system.snapshot()
    } catch {
      isCutOff = true
      throw .unavailable(error.text)
    }
    if lastSequence == 0, let touched = state?.touched {
      safeguard.adopt(touched.domains, at: next.monotonicTime)
    }
    if isCutOff && lastSequence > 0 {
      maker.forget()
      report.events.append(
        SafetyEvent(.reconnected, "the host answers again; settings were read anew"))
    }
    choose(next)
    for event in try maker.make(of: next, into: &seen) {
      report.events.append(SafetyEvent(event.kind, event.text))
    }
    if isCutOff { oldestSequence = seen.sequence }
    isCutOff = false
    snapshot = next
    lastSequence = seen.sequence
  }

  private func terms(of domain: DomainSnapshot) -> DomainTerms? {
    switch membership {
    case .named(let names, let terms): names.index(of: domain.name) == nil ? nil : terms
    case .consenting(let terms): terms(domain)
    }
  }

  /// Who is under management, by what the host shows now.
  private mutating func choose(_ next: HostSnapshot) {
    guard case .consenting(let terms) = membership else { return }
    let present = next.domains.lazy.filter { $0.state.isActive && terms($0) != nil }.map(\.name)
    if present.elementsEqual(names.names) { return }
    names = ManagedNames(Array(present))
    revision += 1
    maker.manage(names)
    translator.managed = names
  }

  // MARK: Applying

  public mutating func apply(_ plan: HostPlan) throws(BackendError) -> [ActuationFailure] {
    guard plan.observation > 0, plan.observation <= lastSequence else {
      throw .planOfUnknownObservation(plan.observation)
    }
    guard !isCutOff, plan.observation >= oldestSequence else {
      throw .unavailable("the host was gone since that observation; look again first")
    }
    let translation = translator.translate(plan, on: snapshot)
    let verdict = safeguard.review(
      translation.writes, of: snapshot, isTrial: mode == .dryRun, terms: terms)
    report.observation = plan.observation
    report.proposed = translation.writes
    report.notes = translation.notes
    report.writes = verdict.writes
    report.heldBack = verdict.heldBack
    report.events += verdict.events
    var failures = translation.gone.map {
      ActuationFailure(vm: $0, setting: "cpu", reason: .noSuchVM)
    }
    if mode == .apply { failures += try perform(verdict.writes) }
    return Self.inOrder(failures)
  }

  /// Takes note of what the last snapshot shows, without a plan.
  public mutating func look() {
    let verdict = safeguard.review([], of: snapshot, isTrial: true, terms: terms)
    report.events += verdict.events
  }

  /// By VM; one that is gone is said to be so once.
  private static func inOrder(_ failures: [ActuationFailure]) -> [ActuationFailure] {
    var result: [ActuationFailure] = []
    for failure in failures.sorted(by: { $0.vm < $1.vm }) where result.last != failure {
      result.append(failure)
    }
    return result
  }

  /// Saves originals, then writes.
  private mutating func perform(
    _ writes: [HostWrite]
  ) throws(BackendError) -> [ActuationFailure] {
    var failures: [ActuationFailure] = []
    var skipped: [HostWrite.Target] = []
    var ready: [HostWrite] = []
    var touched = state?.touched ?? TouchedHost(connection: "")
    for write in writes where !skipped.contains(write.target) {
      do throws(HostSystemError) {
        let now = try system.read(write.field, of: write.target)
        if let change = safeguard.finds(now, before: write) {
          hold(write, .changedByOthers, change)
          skipped.append(write.target)
          continue
        }
        touched.note(write, original: now ?? write.before, runID: runID(of: write.target))
        var write = write
        write.before = now ?? write.before
        ready.append(write)
      } catch {
        try note(error, write, &failures, &skipped)
      }
    }
    if !ready.isEmpty {
      touched.wallTime = snapshot.wallTime
      try save(touched, "nothing was changed")
    }
    for write in ready where !skipped.contains(write.target) {
      do throws(HostSystemError) {
        try system.perform(write)
        let readBack = (try? system.read(write.field, of: write.target)) ?? nil
        safeguard.wrote(write, readBack: readBack, in: snapshot)
        snapshot.note(write, readBack)
        if let readBack, readBack != write.wanted, write.field != .balloonTarget {
          // The host has rounded: that is what undoing must find.
          var rounded = write
          rounded.wanted = readBack
          touched.note(rounded, original: write.before, runID: runID(of: write.target))
        }
        try log(write, readBack, "done")
      } catch {
        try note(error, write, &failures, &skipped)
      }
    }
    if !ready.isEmpty { try save(touched, "no further changes") }
    return failures
  }

  private mutating func save(
    _ touched: TouchedHost, _ consequence: String
  ) throws(BackendError) {
    do throws(StateFault) {
      try state?.save(touched)
    } catch {
      throw .unavailable("\(consequence): \(error)")
    }
  }

  private mutating func hold(_ write: HostWrite, _ rule: HeldBack.Rule, _ reason: String) {
    report.writes.removeAll { $0 == write }
    report.heldBack.append(HeldBack(write, rule, reason))
    report.events.append(
      SafetyEvent(
        .changedByOthers, domain: write.target.name,
        "\(reason): somebody else manages it, so it is left alone until it starts again"))
  }

  /// What a failed call means for its row and for the rest of the step.
  private mutating func note(
    _ error: HostSystemError, _ write: HostWrite, _ failures: inout [ActuationFailure],
    _ skipped: inout [HostWrite.Target]
  ) throws(BackendError) {
    let name = write.target.name
    let vm = names.index(of: name)
    let setting = write.field.isCPU ? "cpu" : "memory"
    if case .unavailable = error {
      isCutOff = true
      throw .unavailable(error.text)
    }
    do throws(HostSystemError) { try log(write, nil, error.text) } catch {
      throw .unavailable(error.text)
    }
    switch error {
    case .noSuchDomain:
      skipped.append(write.target)
      report.events.append(SafetyEvent(.vanished, domain: name, "ended meanwhile"))
      if let vm {
        failures.append(ActuationFailure(vm: vm, setting: "cpu", reason: .noSuchVM))
      }
    case .unsupported:
      safeguard.lacks(write.field)
      report.events.append(SafetyEvent(.failed, domain: name, error.text))
      if let vm {
        failures.append(
          ActuationFailure(vm: vm, setting: setting, reason: .refused(error.text)))
      }
    default:
      if case .timedOut = error { skipped.append(write.target) }
      report.events.append(SafetyEvent(.failed, domain: name, error.text))
      if let vm {
        failures.append(
          ActuationFailure(vm: vm, setting: setting, reason: .refused(error.text)))
      }
    }
  }

  private mutating func log(
    _ write: HostWrite, _ readBack: Int64?, _ result: String
  ) throws(HostSystemError) {
    let entry = AuditEntry(
      write, time: snapshot.wallTime, readBack: readBack, result: result)
    report.performed.append(entry)
    do throws(StateFault) {
      try audit?.append(entry)
    } catch {
      throw .unavailable("no further changes: \(error)")
    }
  }

  private func runID(of target: HostWrite.Target) -> Int64? {
    guard case .domain(_, let name) = target else { return nil }
    return snapshot[name: name]?.runID
  }

  // MARK: Restoring

  /// Puts everything back that the state file names, as `RestorePlan` says. What could not be done stays in the file, and
  /// what is somebody else's by now: a later call may insist.
  ///
  /// - Parameter insists: also what somebody else has changed since.
  public mutating func restore(insists: Bool = false) throws(BackendError) -> RestoreReport {
    guard let touched = state?.touched, !touched.isEmpty else { return RestoreReport() }
    system.refresh()
    do throws(HostSystemError) {
      snapshot = try system.snapshot()
    } catch {
      throw .unavailable(error.text)
    }
    let plan = RestorePlan(
      touched, on: snapshot, insists: insists, headroom: safeguard.settings.headroom.value)
    var result = RestoreReport()
    result.heldBack = plan.heldBack
    result.gone = plan.gone
    result.isIncomplete = plan.heldBack.contains { $0.rule != .changedByOthers }
    var failed: [HostWrite] = []
    let before = report.performed.count
    for write in plan.writes {
      do throws(HostSystemError) {
        try system.perform(write)
        let readBack = (try? system.read(write.field, of: write.target)) ?? nil
        try log(write, readBack, "restored")
      } catch {
        if case .noSuchDomain = error { continue }
        result.isIncomplete = true
        failed.append(write)
        if case .unavailable = error { throw .unavailable(error.text) }
        do throws(HostSystemError) { try log(write, nil, error.text) } catch {
          throw .unavailable(error.text)
        }
      }
    }
    result.performed = Array(report.performed[before...])
    let rest = touched.after(plan, failed: failed)
    do throws(StateFault) {
      if rest.isEmpty { try state?.clear() } else { try state?.save(rest) }
    } catch {
      throw .unavailable("\(error)")
    }
    return result
  }
}

extension HostSystemError {
  /// A sentence for people.
  public var text: String {
    switch self {
    case .unavailable(let text), .denied(let text), .unsupported(let text), .refused(let text):
      text
    case .noSuchDomain(let name): "there is no domain \(name)"
    case .timedOut(let name): "\(name) did not answer in time"
    }
  }
}

extension ObservationEvent {
  var kind: SafetyEvent.Kind {
    switch self {
    case .restarted: .restarted
    case .counterFell, .nonsense, .clamped: .nonsense
    case .notAnswering: .failed
    }
  }
}

extension HostWrite.Target {
  /// Empty for the host.
  public var name: String {
    if case .domain(_, let name) = self { name } else { "" }
  }
}

extension HostWrite.Field {
  var isCPU: Bool {
    switch self {
    case .cpuWeight, .vcpuQuota, .vcpuPeriod, .globalQuota, .globalPeriod: true
    default: false
    }
  }
}

extension HostSnapshot {
  /// What was written shows, so that the same plan once more writes nothing.
  fileprivate mutating func note(_ write: HostWrite, _ readBack: Int64?) {
    let value = readBack ?? write.wanted
    guard case .domain(let uuid, _) = write.target else {
      switch write.field {
      case .ksmRun: host.ksm?.run = value
      case .ksmPagesToScan: host.ksm?.pagesToScan = value
      case .ksmSleepMilliseconds: host.ksm?.sleepMilliseconds = value
      default: break
      }
      return
    }
    guard let index = domains.firstIndex(where: { $0.uuid == uuid }) else { return }
    switch write.field {
    case .cpuWeight: domains[index].settings.cpuWeight = value
    case .vcpuQuota: domains[index].settings.vcpuQuota = value
    case .vcpuPeriod: domains[index].settings.vcpuPeriod = value
    case .globalQuota: domains[index].settings.globalQuota = value
    case .globalPeriod: domains[index].settings.globalPeriod = value
    case .memoryMin: domains[index].settings.memoryMin = value
    case .memoryLow: domains[index].settings.memoryLow = value
    case .statisticsPeriod: domains[index].statisticsPeriod = value
    case .balloonTarget, .ksmRun, .ksmPagesToScan, .ksmSleepMilliseconds: break
    }
  }
}
