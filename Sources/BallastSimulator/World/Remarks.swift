import BallastModel
import BallastUnits

extension World {
  /// What a scenario asks for and nobody in it does, in whole sentences. It is no error: the rest runs as it is written.
  public var remarks: [String] {
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
