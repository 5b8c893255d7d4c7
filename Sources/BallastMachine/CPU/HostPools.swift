import BallastModel
import BallastUnits

/// The pools of one host as its CPU scheduler enforces them.
final class HostPools {
  private var tree: ShareTree
  private let parents: [Int]
  private let vms: [VMIndex]
  private let leafPools: [Int]
  private var settings: [HostPlan.Pool]

  init(_ plan: HostPlan) {
    parents = plan.pools.map(\.parent)
    vms = plan.vms
    leafPools = plan.pool
    settings = plan.pools
    tree = ShareTree(poolParents: parents, leafParents: leafPools)
    setPools()
  }

  /// The plan has the tree this was made for; only numbers differ.
  func hasTree(of plan: HostPlan) -> Bool {
    plan.pools.count == parents.count && plan.pool == leafPools && plan.vms == vms
      && zip(plan.pools, parents).allSatisfy { $0.parent == $1 }
  }

  /// Takes the plan's numbers and returns whether any differed.
  func update(_ plan: HostPlan) -> Bool {
    if settings == plan.pools { return false }
    settings = plan.pools
    setPools()
    return true
  }

  private func setPools() {
    for (position, pool) in settings.enumerated() {
      tree.setPool(
        position, reservation: pool.reservation, limit: pool.limit, weight: pool.weight)
    }
  }

  /// Divides the capacity over the tree. Demand that a binding pool limit keeps back is taken out of `unlimited`: below
  /// a pool that uses all its limit allows, what a VM does not get is limited time.
  func settle(_ table: VMTable, capacity: Int64) {
    precondition(table.count == leafPools.count, "pools are remade when VMs come or go")
    _ = tree.divide(
      capacity: capacity, floors: table.floor, caps: table.unlimited, weights: table.weight,
      into: table.used)
    guard (1..<parents.count).contains(where: { tree.poolLimitBinds($0) }) else { return }
    var isLimited = [Bool](repeating: false, count: parents.count)
    for pool in 1..<parents.count {
      isLimited[pool] = isLimited[parents[pool]] || tree.poolLimitBinds(pool)
    }
    for slot in 0..<table.count where isLimited[leafPools[slot]] {
      table.unlimited[slot] = table.used[slot]
    }
  }
}
