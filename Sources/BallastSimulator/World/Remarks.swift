import BallastManager
import BallastModel
import BallastUnits

extension World {
  /// What a scenario asks for and nobody in it does, in whole sentences. It is no error: the rest runs as it is written.
  public var remarks: [String] { unbackedPools + limitsOfEntitlementsOnly }

  /// Pools that reserve more than there is, where admission does not refuse it; `strict` makes it an error.
  private var unbackedPools: [String] {
    guard policies.admission.policy != "strict" else { return [] }
    return clusters.flatMap { cluster in
      let capacity = cluster.hosts.filter { !hostsDown.contains($0) }
        .reduce(into: Charge.zero) { sum, host in
          sum.cpu += hosts[host.int].cpuCapacity.value
          sum.memory += offeredMemory(hosts[host.int].memory, under: profile).value
        }
      let tree = PoolTree(cluster.pools, profile: profile)
      return AdmissionControl(
        tree: tree, capacity: capacity, everyPoolMayBorrow: true
      ).problems.map { problem in
        let path = tree.pools[problem.pool].path
        let short =
          problem.resource == .cpu ? "\(Kilohertz(problem.short))" : "\(Bytes(problem.short))"
        return
          (path.isEmpty
          ? "the pools of cluster \(cluster.name) reserve \(short) more \(problem.resource.noun)"
            + " than its hosts offer to VMs"
          : "the pools below \(path) of cluster \(cluster.name) reserve \(short) more"
            + " \(problem.resource.noun) than it may hold")
          + "; admission \(policies.admission.policy) refuses no reservation, so they are met in part"
      }
    }
  }

  /// Limits of pools' memory that reclamation does not know.
  private var limitsOfEntitlementsOnly: [String] {
    guard let memory, memory.policy != "proportional-share" else { return [] }
    return clusters.indices.flatMap { cluster in
      limitedPools(ofCluster: cluster).map { path in
        let pool = clusters.count > 1 ? "\(clusters[cluster].name):\(path)" : path
        return "pool \(pool): its memory limit counts for entitlements only; reclamation policy"
          + " \(memory.policy) takes nothing back for it, proportional-share does"
      }
    }
  }

  /// A pool of the cluster has a limit of memory, or is given one during the run.
  func limitsPoolMemory(ofCluster cluster: Int) -> Bool {
    !limitedPools(ofCluster: cluster).isEmpty
  }

  /// Paths, in the order of the scenario; pools that an event limits come after the others.
  private func limitedPools(ofCluster cluster: Int) -> [String] {
    var paths: [String] = []
    func add(_ pools: [PoolSpec], under parent: String) {
      for pool in pools {
        let path = parent.isEmpty ? pool.name : parent + "/" + pool.name
        if pool.memory.limit != nil { paths.append(path) }
        add(pool.pools, under: path)
      }
    }
    add(clusters[cluster].pools, under: "")
    for event in events {
      if case .setPool(cluster, let path, let change) = event.action,
        case .amount = change.memory.limit, !paths.contains(path)
      {
        paths.append(path)
      }
    }
    return paths
  }
}
