import BallastModel
import BallastUnits

extension ResourceManager {
  /// Why this host's VM is entitled to what it gets at an observation, by deciding once more on a copy.
  ///
  /// Pools are the parts that this host has; levers on pools are the cluster's to know.
  ///
  /// - Parameters:
  ///   - seen: the observation of the decision to be explained.
  ///   - names: `hosts[0]` is this host.
  ///   - withLevers: looking for them takes some hundred decisions.
  /// - Returns: nil for a VM that is not managed here.
  public func explain(
    _ vm: VMIndex, _ resource: EntitlementExplanation.Resource, seen: HostObservation,
    names: ExplanationNames, withLevers: Bool = true
  ) -> EntitlementExplanation? {
    guard position(of: vm) != nil else { return nil }
    let workspace = DecisionWorkspace()
    var copy = self
    copy.entitle(seen, workspace, wholeSizes: true)
    let atFullSize = copy.granted(vm, resource, workspace)
    copy.entitle(seen, workspace)
    let parts = pools.map { share in
      (
        name: names.pool(share.pool),
        reservation: resource == .cpu ? share.cpuReservation : share.memoryReservation
      )
    }
    let place = ExplainedPlace(
      scope: .host, name: names.host(0), weightPerShare: weightPerShare, pools: parts)
    let levels = copy.levels(vm, resource, workspace, place, name: names.vm)
    let trial = Trial(
      vm: vm, resource: resource, host: 0, cluster: nil, managers: [self], seen: [seen])
    return copy.explanation(
      vm, resource, seen: seen, name: names.vm, levels: levels, staticEntitlement: atFullSize,
      levers: withLevers ? trial.levers(names, beyond: levels.last?.amount ?? 0) : nil)
  }

  /// Puts an explanation together from its parts; `self` has taken over the observation.
  func explanation(
    _ vm: VMIndex, _ resource: EntitlementExplanation.Resource, seen: HostObservation,
    name: String, levels: [EntitlementLevel], staticEntitlement: Int64,
    levers: [EntitlementLever]?
  ) -> EntitlementExplanation {
    let own = row(position(of: vm)!)
    let settings = own.settings
    let shown = seen.row(of: vm)
    let limit = resource == .cpu ? settings.cpuLimit : settings.memoryLimit
    let demand = resource == .cpu ? own.demand : own.memoryDemand
    return EntitlementExplanation(
      vm: name, resource: resource, time: seen.time, levels: levels,
      observedDemand: demand < 0 ? nil : demand,
      size: shown.map { resource == .cpu ? seen.cpuSize(row: $0) : seen.memorySize(row: $0) } ?? 0,
      staticEntitlement: staticEntitlement, dynamicEntitlement: levels.last?.amount ?? 0,
      settings: EntitlementExplanation.Settings(
        reservation: resource == .cpu ? settings.cpuReservation : settings.memoryReservation,
        limit: limit == .max ? nil : limit,
        weight: (resource == .cpu ? settings.cpuWeight : settings.memoryWeight) * weightPerShare),
      levers: levers)
  }

  /// What the last division in the workspace gave a VM.
  func granted(
    _ vm: VMIndex, _ resource: EntitlementExplanation.Resource, _ workspace: DecisionWorkspace
  ) -> Int64 {
    guard let position = position(of: vm) else { return 0 }
    return resource == .cpu
      ? workspace.cpu.rows.granted[position] : workspace.memory.rows.granted[position]
  }

  /// Whether the last division in the workspace gave one of the other VMs less than its floor.
  func breaksPromise(
    beside vm: VMIndex, _ resource: EntitlementExplanation.Resource, _ workspace: DecisionWorkspace
  ) -> Bool {
    let own = position(of: vm)
    let rows = resource == .cpu ? workspace.cpu.rows : workspace.memory.rows
    return vms.indices.contains { $0 != own && rows.granted[$0] < rows.floors[$0] }
  }

  /// The levels of the last division in the workspace.
  func levels(
    _ vm: VMIndex, _ resource: EntitlementExplanation.Resource, _ workspace: DecisionWorkspace,
    _ place: ExplainedPlace, name: String
  ) -> [EntitlementLevel] {
    let position = position(of: vm)!
    switch resource {
    case .cpu:
      return workspace.cpu.levels(
        row: position, poolOfRow: poolPositions,
        vm: explained(
          position, .cpu, size: workspace.cpu.rows.sizes[position], name: name), place: place)
    case .memory:
      return workspace.memory.levels(
        row: position, poolOfRow: poolPositions,
        vm: explained(
          position, .memory, size: workspace.memory.rows.sizes[position], name: name),
        place: place)
    }
  }

  func explained(
    _ position: Int, _ resource: EntitlementExplanation.Resource, size: Int64, name: String
  ) -> ExplainedVM {
    let own = row(position)
    switch resource {
    case .cpu:
      return ExplainedVM(
        name: name, reservation: own.settings.cpuReservation, limit: own.settings.cpuLimit,
        demand: own.demand < 0 ? size : own.demand, size: size)
    case .memory:
      return ExplainedVM(
        name: name, reservation: own.settings.memoryReservation, limit: own.settings.memoryLimit,
        demand: max(own.memoryDemand, 0), size: size)
    }
  }
}

extension ExplanationNames {
  func pool(_ index: Int) -> String {
    pools.indices.contains(index) ? pools[index] : "pool \(index)"
  }

  func host(_ index: Int) -> String {
    hosts.indices.contains(index) ? hosts[index] : "host \(index)"
  }
}
