import BallastModel
import BallastUnits

/// Decides for the hosts of one cluster: divides the cluster's pool tree over them, so that each host can schedule on
/// its own until the next control step.
///
/// Rule      on host h a pool has R, L and S in proportion to the cluster entitlement of its VMs there.
/// Rounding  largest remainder, ties by host name; the parts add up exactly.
/// Source    how vSphere mirrors a cluster's pools to its hosts; docs/MODEL.md#pools-over-hosts.
public struct ClusterManager: Sendable {
  /// The managers of the cluster's hosts, in order of host names.
  public typealias Hosts = UnsafeMutableBufferPointer<ResourceManager>

  public private(set) var tree: PoolTree

  public init(pools: PoolTree) { tree = pools }

  /// Settings of hosts depend on what other hosts' VMs demand.
  public var dividesPools: Bool { tree.hasPools }

  public mutating func configure(pool: Int, _ change: PoolChange) { tree.configure(pool, change) }

  /// Divides the pools over the hosts by what has been observed. Call before the hosts decide.
  ///
  /// - Parameter seen: one observation per host, in the same order.
  public func divide(_ seen: [HostObservation], among hosts: Hosts) {
    guard dividesPools else { return }
    for host in hosts.indices { hosts[host].note(seen[host]) }
    let shares = DividedPools(
      tree: tree, cpu: claims(seen, hosts, of: .cpu), memory: claims(seen, hosts, of: .memory),
      hostCount: hosts.count)
    for host in hosts.indices { hosts[host].take(shares, host: host, tree: tree) }
  }

  private enum Resource { case cpu, memory }

  /// What the VMs of each pool claim on each host: their cluster entitlement, which is the division of all hosts'
  /// capacity as if it were one host, and their size.
  private func claims(
    _ seen: [HostObservation], _ hosts: Hosts, of resource: Resource
  ) -> DividedPools.Claims {
    var division = Division()
    var poolOfRow: [Int] = []
    var hostOfRow: [Int] = []
    var sizeOfRow: [Int64] = []
    var capacity: Int64 = 0
    for (host, observation) in seen.enumerated() {
      capacity +=
        max(
          0, resource == .cpu ? observation.cpuCapacity.value : observation.memoryCapacity.value)
      for (index, size) in sizes(observation, of: resource, managedBy: hosts[host]).enumerated() {
        let row = hosts[host].row(index)
        poolOfRow.append(row.settings.pool)
        hostOfRow.append(host)
        sizeOfRow.append(size)
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
    for pool in tree.pools { division.append(divisionPool(pool, of: resource)) }
    division.divide(capacity: capacity, poolOfRow: poolOfRow)
    var claims = DividedPools.Claims(poolCount: tree.pools.count, hostCount: hosts.count)
    for row in poolOfRow.indices {
      var pool = poolOfRow[row]
      while pool >= 0 {
        claims.add(
          pool: pool, host: hostOfRow[row], entitlement: division.granted[row],
          size: sizeOfRow[row])
        pool = tree.pools[pool].parent
      }
    }
    return claims
  }

  private func divisionPool(_ pool: PoolTree.Pool, of resource: Resource) -> Division.Pool {
    switch resource {
    case .cpu:
      Division.Pool(
        parent: pool.parent, reservation: pool.cpu.reservation.value,
        limit: pool.cpu.limit?.value ?? .max, weight: pool.cpuWeight)
    case .memory:
      Division.Pool(
        parent: pool.parent, reservation: pool.memory.reservation.value,
        limit: pool.memory.limit?.value ?? .max, weight: pool.memoryWeight)
    }
  }

  /// Size of every managed VM of a host in order; 0 for one that the host does not show.
  private func sizes(
    _ seen: HostObservation, of resource: Resource, managedBy manager: ResourceManager
  ) -> [Int64] {
    var row = 0
    return manager.vms.map { vm in
      while row < seen.count && seen.vms[row] < vm { row += 1 }
      guard row < seen.count, seen.vms[row] == vm else { return 0 }
      return resource == .cpu ? seen.cpuSize(row: row) : seen.memorySize(row: row)
    }
  }
}
