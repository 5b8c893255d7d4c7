import BallastUnits

/// Divides one resource of one host (or cluster) among VMs in a pool tree: the one place where floors, caps and weights
/// become entitlements. Keeps its storage between calls.
///
/// Rule      entitlement = min(cap, max(floor, λ · weight)) per level of the tree, cap = min(demand, limit, size),
///           floor = min(reservation, cap).
/// Source    `waterFill` and `ShareTree` of BallastUnits; docs/MODEL.md#cpu-shares.
struct Division: ~Copyable {
  /// One pool of the tree; parents come first and the root has parent −1.
  struct Pool: Equatable, Sendable {
    var parent: Int
    var reservation: Int64
    /// `Int64.max` is unlimited.
    var limit: Int64
    var weight: Int64
  }

  /// Rows: filled by the caller before `divide`.
  var floors: [Int64] = []
  var caps: [Int64] = []
  var weights: [Int64] = []
  private var pools: [Pool] = []
  /// What each row got; may be longer than there are rows.
  private(set) var granted: [Int64] = []

  private var tree: ShareTree?
  private var treeParents: [Int] = []
  private var treeLeaves: [Int] = []
  private var scratch = WaterFillScratch()

  /// Empties rows and pools, keeping their storage.
  mutating func removeAll() {
    floors.removeAll(keepingCapacity: true)
    caps.removeAll(keepingCapacity: true)
    weights.removeAll(keepingCapacity: true)
    pools.removeAll(keepingCapacity: true)
  }

  mutating func append(reservation: Int64, cap: Int64, weight: Int64) {
    floors.append(min(reservation, cap))
    caps.append(cap)
    weights.append(weight)
  }

  mutating func append(_ pool: Pool) { pools.append(pool) }

  /// Fills `granted`. No pools: all rows are siblings.
  mutating func divide(capacity: Int64, poolOfRow: [Int]) {
    let count = caps.count
    if granted.count < count { granted = [Int64](repeating: 0, count: count) }
    guard count > 0 else { return }
    if pools.count <= 1 {
      granted.withUnsafeMutableBufferPointer { granted in
        _ = waterFill(
          capacity: capacity, lower: floors, upper: caps, weights: weights, count: count,
          into: granted.baseAddress!, scratch: &scratch)
      }
      return
    }
    if treeLeaves != poolOfRow || !treeParents.elementsEqual(pools.lazy.map(\.parent)) {
      treeParents = pools.map(\.parent)
      treeLeaves = poolOfRow
      tree = ShareTree(poolParents: treeParents, leafParents: treeLeaves)
    }
    for index in pools.indices {
      tree!.setPool(
        index, reservation: pools[index].reservation, limit: pools[index].limit,
        weight: pools[index].weight)
    }
    granted.withUnsafeMutableBufferPointer { granted in
      _ = tree!.divide(
        capacity: capacity, floors: floors, caps: caps, weights: weights,
        into: granted.baseAddress!)
    }
  }
}
