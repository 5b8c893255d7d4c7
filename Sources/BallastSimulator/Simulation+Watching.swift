import BallastMachine
import BallastManager
import BallastModel
import BallastUnits

/// One VM of a run at one moment.
public struct ExplanationRequest: Sendable, Equatable {
  public var vm: VMIndex
  public var at: SimTime
  public init(vm: VMIndex, at: SimTime) {
    self.vm = vm
    self.at = at
  }
}

/// Explanations of what happened in a run, by running it again and looking.
extension Simulation {
  /// Explains VMs at moments of a run. A run is deterministic, so this is what happened in every run of the world.
  ///
  /// Rule      changes at the moment itself count; the decision is the last one at or before it. A moment after the end
  ///           counts as the end.
  /// Promises  the amounts are those that the run granted, bit for bit · nothing is written.
  /// Cost      one run up to the last moment; for levers some hundred decisions of a host (or cluster) per request.
  ///
  /// - Returns: one per request, in the same order; nil where the run was asked to stop before.
  public static func explain(
    _ requests: [ExplanationRequest], of world: World, threads: Int = 1,
    progress: (SimTime) -> Void = { _ in }, shouldStop: () -> Bool = { false }
  ) -> [VMExplanation?] {
    var explained = [VMExplanation?](repeating: nil, count: requests.count)
    let watched = Array(Set(requests.map(\.vm))).sorted()
    let sink = WatchingSink(Set(watched.map { world.vms[$0.int].name }))
    do throws(RunSinkError) {
      let simulation = try Simulation(world, sink: sink, threads: threads, watching: watched)
      try simulation.start()
      for index in requests.indices.sorted(by: { (requests[$0].at, $0) < (requests[$1].at, $1) }) {
        let request = requests[index]
        try simulation.advance(to: request.at, progress: progress, shouldStop: shouldStop)
        if simulation.now < min(request.at, SimTime(world.duration.value)) { break }
        explained[index] = simulation.explanation(of: request.vm, events: sink)
      }
    } catch {
      preconditionFailure("a sink that writes nothing takes every row: \(error.reason)")
    }
    return explained
  }

  /// Decisions and events that are shown of a VM.
  private static let shownMax = 10

  private func explanation(of vm: VMIndex, events sink: WatchingSink) -> VMExplanation {
    let spec = world.vms[vm.int]
    let life = lives[vm]
    let cluster = clusters[spec.cluster]
    var result = VMExplanation(
      vm: spec.name, time: now, state: life.state.name, cluster: world.clusters[spec.cluster].name,
      pool: spec.pool, start: spec.start, refusal: life.refusal, migrations: life.migrations,
      restarts: life.restarts, downtime: lives.downtime(of: vm, upTo: now))
    result.movesTo = migrations.migration(of: vm).map { name($0.to) }
    result.restart = vms[vm.int].restart.map {
      VMExplanation.Restart(
        notBefore: $0.notBefore, only: $0.only.map(name), lastHost: name($0.lastHost))
    }
    if let host = machine.host(of: vm) {
      result.host = name(host)
      let seen: (Int) -> HostObservation? = { [self] position in
        cluster.manager.dividesPools
          ? cluster.seen[position] : controller(of: host).lastSeen(cluster.hosts[position])
      }
      let granted = recorder.entitlements.granted(to: vm)
      result.granted = .init(cpu: granted.cpu, memory: granted.memory)
      result.cpu = explain(vm, .cpu, seen: seen)
      let position = cluster.position(of: host)
      result.memoryControl = memoryControl(
        vm, cluster.managers[position], seen: seen(position) ?? HostObservation())
      if result.memoryControl?.taxed == nil { result.memory = explain(vm, .memory, seen: seen) }
    }
    if world.policies.admission.policy == "strict" {
      result.admission = admission(of: vm, in: cluster)
    }
    let decisions = lives.decisions.filter { $0.vm == spec.name }
    result.decisions = decisions.suffix(Self.shownMax)
    result.decisionsBefore = decisions.count - result.decisions.count
    let events = sink.events.filter { $0.subject == spec.name }
    result.events = events.suffix(Self.shownMax).map {
      VMExplanation.Event(
        time: $0.time, event: $0.event, from: $0.from, to: $0.to, detail: $0.detail)
    }
    result.eventsBefore = events.count - result.events.count
    return result
  }

  /// - Parameter seen: what the last decision of its host rests on. Memory may have been decided about before: then what
  ///   was asked is of that decision, and what the VM holds of this one.
  private func memoryControl(
    _ vm: VMIndex, _ manager: ResourceManager, seen: HostObservation
  ) -> VMExplanation.Memory? {
    var names = explanationNames(of: vm)
    names.hosts = machine.host(of: vm).map { [name($0)] } ?? []
    guard let (facts, taxed) = manager.explainMemory(vm, seen: seen, names: names) else {
      return nil
    }
    let decision = manager.memoryDecision
    let decided = decision.vms.first { $0.vm == vm }
    if taxed == nil && decided == nil { return nil }
    var row = decided ?? facts
    row.shares = facts.shares
    if facts.heldBackBy != .notShown {
      row.held = facts.held
      row.activeFraction = facts.activeFraction
      row.activeFractionError = facts.activeFractionError
    }
    let memory = machine.memory(of: vm)
    let waiting = memory.waiting + world.overhead(of: world.vms[vm.int]).value - memory.overhead
    return VMExplanation.Memory(
      policy: decided == nil ? "none" : decision.policy, taxed: taxed,
      state: world.knowsMemoryStates ? decision.state : nil, free: decision.free,
      wanted: decision.wanted, vm: row, waiting: waiting > 0 ? waiting : nil)
  }

  private func admission(of vm: VMIndex, in cluster: ClusterControl) -> AdmissionExplanation {
    let control = cluster.director.pools
    let position = VMIndex(cluster.position(of: vm))
    let tree = cluster.manager.tree
    let spec = world.vms[vm.int]
    let overhead = world.overhead(of: spec)
    let holding = control.holding(of: position)
    // The charge does not depend on the host.
    let charge =
      holding?.charge
      ?? Charge(
        vms[vm.int].settings(
          spec, pool: 0, coreRate: machine.coreRate(of: cluster.hosts[0]), world: world),
        overhead: overhead)
    var pools: [AdmissionExplanation.Pool] = []
    var pool = holding?.pool ?? tree.index(of: spec.pool) ?? 0
    while pool >= 0 {
      pools.append(
        AdmissionExplanation.Pool(
          path: tree.pools[pool].path, reserved: .init(control.reserved(pool)),
          unreserved: .init(control.unreserved(pool)),
          borrowed: pool == 0 ? .init(cpu: 0, memory: 0) : .init(control.borrowed(pool)),
          available: .init(control.available(pool))))
      pool = tree.pools[pool].parent
    }
    return AdmissionExplanation(
      policy: world.policies.admission.policy, isAdmitted: holding != nil, charge: .init(charge),
      overhead: overhead.value, pools: pools,
      record: control.record(of: position)?.steps.map {
        AdmissionExplanation.Step(
          pool: tree.pools[$0.pool].path, own: .init($0.own), borrowed: .init($0.borrowed))
      } ?? [], state: cluster.director.admissionState.rawValue,
      failover: failover(of: charge, in: cluster))
  }

  private func failover(
    of charge: Charge, in cluster: ClusterControl
  ) -> AdmissionExplanation.Failover? {
    let status = cluster.director.failoverStatus()
    if status.policy == .none { return nil }
    let vm = FailoverVM(charge: charge)
    let counted = status.policy.countsCharges ? charge : vm.counted
    return AdmissionExplanation.Failover(
      policy: status.policy.name, counted: .init(counted),
      countsUnreserved: counted.cpu > charge.cpu, isSatisfied: status.isSatisfied,
      words: status.words)
  }
}

extension AdmissionExplanation.Amounts {
  fileprivate init(_ charge: Charge) { self.init(cpu: charge.cpu, memory: charge.memory) }
}

/// Keeps the events of some VMs and drops all else.
private final class WatchingSink: RunSink {
  private let subjects: Set<String>
  private(set) var events: [EventRow] = []
  init(_ subjects: Set<String>) { self.subjects = subjects }
  func begin(_ manifest: RunManifest) {}
  func write(_ rows: SampleRows) {}
  func write(_ event: EventRow) { if subjects.contains(event.subject) { events.append(event) } }
  func write(_ summary: VMSummaryRow) {}
}
