import BallastModel
import BallastUnits

/// Decides for the hosts of one cluster: divides the cluster's pool tree over them, so that each host can schedule on
/// its own until the next control step.
///
/// Rule      on host h a pool has R, L and S in proportion to the cluster entitlement of its VMs there.
/// Rounding  largest remainder, ties by host name; the parts add up exactly.
/// Cost      O(VMs × depth + pools + pools that are on a host, over hosts); allocates nothing in steady state, but where
///           idle memory is taxed and memory does not do for all.
/// Source    how vSphere mirrors a cluster's pools to its hosts; docs/MODEL.md#pools-over-hosts.
public struct ClusterManager: Sendable {
  /// The managers of the cluster's hosts, in order of host names.
  public typealias Hosts = UnsafeMutableBufferPointer<ResourceManager>

  public private(set) var tree: PoolTree
  public var rules: EntitlementRules
  /// When the pools were last divided; nil: they have to be.
  public private(set) var lastDivision: SimTime?
  /// Something has been observed since that waits for the next refresh.
  private var isHeldBack = false

  public init(pools: PoolTree, rules: EntitlementRules = EntitlementRules()) {
    tree = pools
    self.rules = rules
  }

  /// Settings of hosts depend on what other hosts' VMs demand.
  public var dividesPools: Bool { tree.hasPools }

  public mutating func configure(pool: Int, _ change: PoolChange) {
    tree.configure(pool, change)
    lastDivision = nil
  }

  /// Divides the pools over the hosts by what has been observed, if that is due: every `rules.refresh`, and when a VM
  /// has come, gone or been configured, or a pool. Between, hosts keep their parts. Call before the hosts decide.
  ///
  /// - Parameters:
  ///   - seen: one observation per host, in the same order.
  ///   - workspace: room to work in; carries nothing from one division to the next.
  public mutating func divide(
    _ seen: [HostObservation], among hosts: Hosts, workspace: ClusterWorkspace = ClusterWorkspace()
  ) {
    guard dividesPools else { return }
    isHeldBack = !isDue(seen, hosts)
    if isHeldBack { return }
    workspace.entitle(seen, hosts, tree: tree, rules: rules)
    workspace.tax(seen, hosts)
    workspace.giveParts(among: hosts, tree: tree)
    lastDivision = seen.lazy.map(\.time).max() ?? .zero
  }

  /// From when on what has been observed since the last division is to be divided, though nothing new is observed; nil:
  /// everything has been.
  public var heldBackUntil: SimTime? {
    guard isHeldBack, let refresh = rules.refresh, let lastDivision else { return nil }
    return lastDivision + refresh
  }

  private func isDue(_ seen: [HostObservation], _ hosts: Hosts) -> Bool {
    guard let refresh = rules.refresh, let lastDivision else { return true }
    if hosts.contains(where: \.isChanged) { return true }
    return seen.contains { $0.time - lastDivision >= refresh }
  }
}

/// Room to divide a cluster's pools in, so that dividing allocates nothing in steady state. One per thread.
public final class ClusterWorkspace {
  var cpu = Division()
  var memory = Division()
  private var parts = PoolParts()
  private var weights = PoolWeights()
  /// Of all hosts' VMs, host by host.
  private(set) var poolOfRow: [Int] = []

  public init() {}

  /// Divides all hosts' capacity as if it were one host: each VM's cluster entitlement.
  ///
  /// - Parameter wholeSizes: as if every VM wanted its whole size.
  func entitle(
    _ seen: [HostObservation], _ hosts: ClusterManager.Hosts, tree: PoolTree,
    rules: EntitlementRules, wholeSizes: Bool = false
  ) {
    var count = 0
    for host in hosts.indices { count += hosts[host].vms.count }
    let weightPerShare = rules.scalableShares ? PoolParts.weightPerShare : 1
    let cpuRows = cpu.start(rows: count)
    let memoryRows = memory.start(rows: count)
    poolOfRow.removeAll(keepingCapacity: true)
    var capacity: (cpu: Int64, memory: Int64) = (0, 0)
    for host in hosts.indices {
      let first = poolOfRow.count
      hosts[host].note(
        seen[host], cpu: cpuRows, memory: memoryRows, first: first,
        weightPerShare: weightPerShare, wholeSizes: wholeSizes)
      hosts[host].appendPools(to: &poolOfRow)
      capacity.cpu += seen[host].dividedCPU
      capacity.memory += seen[host].dividedMemory
    }
    weights.measure(
      tree, poolOfRow: poolOfRow, cpu: cpuRows, memory: memoryRows, rules: rules)
    // The root's weights have no effect; a cluster's pools weigh whole shares where VMs do.
    let divisor = PoolParts.weightPerShare / weightPerShare
    for pool in tree.pools.indices {
      cpu.append(tree.cpu(pool, weight: weights.cpu[pool] / divisor))
      memory.append(tree.memory(pool, weight: weights.memory[pool] / divisor))
    }
    cpu.divide(capacity: capacity.cpu, poolOfRow: poolOfRow, keepsReserved: false)
    memory.divide(capacity: capacity.memory, poolOfRow: poolOfRow, keepsReserved: rules.twoPass)
  }

  /// Divides the pools by the entitlements and hands every host its parts.
  func giveParts(among hosts: ClusterManager.Hosts, tree: PoolTree) {
    parts.start(poolCount: tree.pools.count)
    let cpuRows = cpu.rows
    let memoryRows = memory.rows
    var row = 0
    for host in hosts.indices {
      parts.startHost(host)
      for _ in 0..<hosts[host].vms.count {
        parts.claim(
          pool: poolOfRow[row], host: host, tree: tree,
          cpu: PoolParts.Claim(entitlement: cpuRows.granted[row], size: cpuRows.sizes[row]),
          memory: PoolParts.Claim(
            entitlement: memoryRows.granted[row], size: memoryRows.sizes[row]))
        row += 1
      }
    }
    parts.divide(tree, weights: weights, hostCount: hosts.count)
    for host in hosts.indices { parts.give(to: &hosts[host], host: host, tree: tree) }
  }
}

extension PoolTree {
  fileprivate func cpu(_ pool: Int, weight: Int64) -> Division.Pool {
    Division.Pool(
      parent: pools[pool].parent, reservation: pools[pool].cpu.reservation.value,
      limit: pools[pool].cpu.limit?.value ?? .max, weight: weight)
  }

  fileprivate func memory(_ pool: Int, weight: Int64) -> Division.Pool {
    Division.Pool(
      parent: pools[pool].parent, reservation: pools[pool].memory.reservation.value,
      limit: pools[pool].memory.limit?.value ?? .max, weight: weight)
  }
}
