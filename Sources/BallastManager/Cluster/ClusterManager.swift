import BallastModel
import BallastUnits

/// Decides for the hosts of one cluster: divides the cluster's pool tree over them, so that each host can schedule on
/// its own until the next control step.
///
/// Rule      on host h a pool has R, L and S in proportion to the cluster entitlement of its VMs there.
/// Rounding  largest remainder, ties by host name; the parts add up exactly.
/// Source    how vSphere mirrors a cluster's pools to its hosts; docs/MODEL.md#pools-over-hosts.
public struct ClusterManager: Sendable {
  public private(set) var tree: PoolTree
  /// One per host, in order of names.
  public var hosts: [ResourceManager]

  public init(pools: PoolTree, hostCount: Int) {
    tree = pools
    hosts = [ResourceManager](repeating: ResourceManager(), count: hostCount)
  }

  /// Settings of hosts depend on what other hosts' VMs demand.
  public var dividesPools: Bool { tree.hasPools }

  public mutating func configure(pool: Int, _ change: PoolChange) { tree.configure(pool, change) }

  /// Divides the pools over the hosts by what has been observed. Call before the hosts decide.
  public mutating func divide(_ seen: [HostObservation], workspace: DecisionWorkspace) {
    guard dividesPools else { return }
    for host in hosts.indices { hosts[host].note(seen[host]) }
    let cpu = entitlements(seen, workspace, of: .cpu)
    let memory = entitlements(seen, workspace, of: .memory)
    let shares = DividedPools(
      tree: tree, cpu: sums(cpu, sizes(seen, of: .cpu)),
      memory: sums(memory, sizes(seen, of: .memory)), hostCount: hosts.count)
    for host in hosts.indices { hosts[host].take(shares, host: host, tree: tree) }
  }

  private enum Resource { case cpu, memory }

  /// Cluster entitlement of every VM, in order of hosts and then of VMs: the division of all hosts' capacity as if it
  /// were one host.
  private func entitlements(
    _ seen: [HostObservation], _ workspace: DecisionWorkspace, of resource: Resource
  ) -> [Int64] {
    var division = Division()
    var poolOfRow: [Int] = []
    var capacity: Int64 = 0
    for (host, observation) in seen.enumerated() {
      capacity += (resource == .cpu ? observation.cpuCapacity.value : observation.memoryCapacity.value)
      for (index, size) in sizes(observation, of: resource, managedBy: hosts[host]).enumerated() {
        let row = hosts[host].row(index)
        poolOfRow.append(row.settings.pool)
        switch resource {
        case .cpu:
          division.append(
            reservation: row.settings.cpuReservation,
            cap: min(hosts[host].cpuDemand(of: index, size: size), row.settings.cpuLimit, size),
            weight: row.settings.cpuWeight)
        case .memory:
          division.append(
            reservation: row.settings.memoryReservation,
            cap: min(max(row.memoryDemand, 0), row.settings.memoryLimit, size),
            weight: row.settings.memoryWeight)
        }
      }
    }
    division.divide(
      capacity: capacity,
      pools: tree.pools.map {
        resource == .cpu
          ? Division.Pool(
            parent: $0.parent, reservation: $0.cpu.reservation.value,
            limit: $0.cpu.limit?.value ?? .max, weight: $0.cpuWeight)
          : Division.Pool(
            parent: $0.parent, reservation: $0.memory.reservation.value,
            limit: $0.memory.limit?.value ?? .max, weight: $0.memoryWeight)
      }, poolOfRow: poolOfRow)
    return division.granted
  }

  /// Size of every managed VM of a host in order; 0 for one that the host does not show.
  private func sizes(
    _ seen: HostObservation, of resource: Resource, managedBy manager: ResourceManager
  ) -> [Int64] {
    var row = 0
    return manager.vms.map { vm in
      while row < seen.count && seen.vms[row] < vm { row += 1 }
      guard row < seen.count, seen.vms[row] == vm else { return 0 }
      return resource == .cpu
        ? seen.vcpus[row] * seen.coreRate.value : seen.memoryConfigured[row]
    }
  }

  private func sizes(_ seen: [HostObservation], of resource: Resource) -> [Int64] {
    hosts.indices.flatMap { sizes(seen[$0], of: resource, managedBy: hosts[$0]) }
  }

  /// Per pool and host: Σ over the VMs below it there, by entitlement and by size.
  private func sums(_ entitlements: [Int64], _ sizes: [Int64]) -> DividedPools.Claims {
    var claims = DividedPools.Claims(poolCount: tree.pools.count, hostCount: hosts.count)
    var row = 0
    for (host, manager) in hosts.enumerated() {
      for index in manager.vms.indices {
        var pool = manager.row(index).settings.pool
        while pool >= 0 {
          claims.add(
            pool: pool, host: host, entitlement: entitlements[row], size: sizes[row])
          pool = tree.pools[pool].parent
        }
        row += 1
      }
    }
    return claims
  }
}
