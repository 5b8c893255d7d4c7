import BallastModel
import BallastUnits

extension ClusterManager {
  /// Why a VM of this cluster is entitled to what it gets: the division of the cluster as observed, then that of its host
  /// with the parts of pools that the host has; and levers on the VM, its pools and hosts.
  ///
  /// - Parameters:
  ///   - host: position of the VM's host.
  ///   - seen: the observations of the decision to be explained, one per host.
  ///   - hosts: the managers after that decision; they stay as they are.
  ///   - withLevers: looking for them takes some hundred decisions.
  /// - Returns: nil for a VM that the host does not manage.
  public func explain(
    _ vm: VMIndex, on host: Int, _ resource: EntitlementExplanation.Resource,
    seen: [HostObservation], hosts: Hosts, names: ExplanationNames, withLevers: Bool = true
  ) -> EntitlementExplanation? {
    guard hosts.indices.contains(host), hosts[host].position(of: vm) != nil else { return nil }
    let trial = Trial(
      vm: vm, resource: resource, host: host, cluster: self, managers: Array(hosts), seen: seen)
    let workspace = DecisionWorkspace()
    var own = hosts[host]
    var atFullSize: Int64 = 0
    var levels: [EntitlementLevel] = []
    if dividesPools {
      (levels, atFullSize) = clusterLevels(vm, on: host, resource, seen, hosts, names)
    } else {
      own.entitle(seen[host], workspace, wholeSizes: true)
      atFullSize = own.granted(vm, resource, workspace)
    }
    own.entitle(seen[host], workspace)
    let parts = own.pools.map {
      (name: names.pool($0.pool), reservation: tree.reservation($0.pool, resource))
    }
    let place = ExplainedPlace(
      scope: .host, name: names.host(host), weightPerShare: own.weightPerShare, pools: parts)
    levels += own.levels(vm, resource, workspace, place, name: names.vm)
    return own.explanation(
      vm, resource, seen: seen[host], name: names.vm, levels: levels,
      staticEntitlement: atFullSize,
      levers: withLevers ? trial.levers(names, beyond: levels.last?.amount ?? 0) : nil)
  }

  private func clusterLevels(
    _ vm: VMIndex, on host: Int, _ resource: EntitlementExplanation.Resource,
    _ seen: [HostObservation], _ hosts: Hosts, _ names: ExplanationNames
  ) -> (levels: [EntitlementLevel], atFullSize: Int64) {
    var copies = Array(hosts)
    let workspace = ClusterWorkspace()
    return copies.withUnsafeMutableBufferPointer { copies in
      workspace.entitle(seen, copies, tree: tree, rules: rules, wholeSizes: true)
      let position = copies[host].position(of: vm)!
      let row = copies[..<host].reduce(position) { $0 + $1.vms.count }
      let atFullSize =
        resource == .cpu ? workspace.cpu.rows.granted[row] : workspace.memory.rows.granted[row]
      workspace.entitle(seen, copies, tree: tree, rules: rules)
      let place = ExplainedPlace(
        scope: .cluster, name: names.cluster,
        weightPerShare: rules.scalableShares ? PoolParts.weightPerShare : 1,
        pools: tree.pools.indices.map {
          (name: names.pool($0), reservation: tree.reservation($0, resource))
        })
      switch resource {
      case .cpu:
        let explained = copies[host].explained(
          position, .cpu, size: workspace.cpu.rows.sizes[row], name: names.vm)
        return (
          workspace.cpu.levels(
            row: row, poolOfRow: workspace.poolOfRow, vm: explained, place: place), atFullSize
        )
      case .memory:
        let explained = copies[host].explained(
          position, .memory, size: workspace.memory.rows.sizes[row], name: names.vm)
        return (
          workspace.memory.levels(
            row: row, poolOfRow: workspace.poolOfRow, vm: explained, place: place), atFullSize
        )
      }
    }
  }
}

extension PoolTree {
  /// kHz or bytes.
  func reservation(_ pool: Int, _ resource: EntitlementExplanation.Resource) -> Int64 {
    resource == .cpu ? pools[pool].cpu.reservation.value : pools[pool].memory.reservation.value
  }
}
