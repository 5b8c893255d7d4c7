import BallastUnits

/// Divides one resource of one host (or cluster) among VMs in a pool tree: the one place where floors, caps and weights
/// become entitlements. Keeps its storage between calls.
///
/// Rule      entitlement = min(cap, max(floor, λ · weight)) per level of the tree, cap = min(demand, limit, size),
///           floor = min(reservation, cap); two-pass where that is asked for.
/// Cost      O(rows + pools); allocates nothing once the largest count has been seen.
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

  /// The columns of the VMs, for filling and reading; valid until the next `start`.
  struct Rows {
    let floors: UnsafeMutablePointer<Int64>
    let caps: UnsafeMutablePointer<Int64>
    let weights: UnsafeMutablePointer<Int64>
    /// What limit and size allow, whatever is demanded.
    let ceilings: UnsafeMutablePointer<Int64>
    /// vCPUs × clock, or configured memory; 0 for a VM that is not shown.
    let sizes: UnsafeMutablePointer<Int64>
    let granted: UnsafeMutablePointer<Int64>

    @inline(__always)
    func set(
      _ row: Int, reservation: Int64, demand: Int64, limit: Int64, size: Int64, weight: Int64
    ) {
      let ceiling = min(limit, size)
      let cap = min(demand, ceiling)
      floors[row] = min(reservation, cap)
      caps[row] = cap
      weights[row] = weight
      ceilings[row] = ceiling
      sizes[row] = size
    }
  }

  private(set) var count = 0
  private var columns = IntegerBlock(count: 0)
  private(set) var pools: [Pool] = []
  private(set) var capacity: Int64 = 0

  private(set) var tree = ShareTree(poolParents: [-1], leafParents: [])
  private var treeParents = [-1]
  private(set) var treeLeaves: [Int] = []
  private var scratch = WaterFillScratch()
  private(set) var outcome = WaterFillOutcome.satisfied
  /// The last division was in two passes: the second gives up to the ceilings.
  private(set) var hasTwoPasses = false

  /// Makes room for so many rows, to be set before `divide`, and forgets the pools.
  mutating func start(rows: Int) -> Rows {
    count = rows
    columns.reserve(6 * rows)
    pools.removeAll(keepingCapacity: true)
    return self.rows
  }

  var rows: Rows {
    let base = columns.base
    return Rows(
      floors: base, caps: base + count, weights: base + 2 * count, ceilings: base + 3 * count,
      sizes: base + 4 * count, granted: base + 5 * count)
  }

  mutating func append(_ pool: Pool) { pools.append(pool) }

  /// Fills `granted`. One pool or none: all rows are siblings, and `poolOfRow` is not read.
  ///
  /// - Parameter keepsReserved: what a pool has reserved and its VMs do not demand stays in the pool.
  mutating func divide(capacity: Int64, poolOfRow: [Int], keepsReserved: Bool) {
    self.capacity = capacity
    hasTwoPasses = keepsReserved && !isFlat
    let rows = rows
    if isFlat {
      outcome = waterFill(
        capacity: capacity, lower: rows.floors, upper: rows.caps, weights: rows.weights,
        count: count, into: rows.granted, scratch: &scratch)
      return
    }
    shape(poolOfRow)
    for index in pools.indices {
      tree.setPool(
        index, reservation: pools[index].reservation, limit: pools[index].limit,
        weight: pools[index].weight)
    }
    if keepsReserved {
      _ = tree.divideReserved(
        capacity: capacity, floors: rows.floors, caps: rows.caps, ceilings: rows.ceilings,
        weights: rows.weights, into: rows.granted)
    } else {
      _ = tree.divide(
        capacity: capacity, floors: rows.floors, caps: rows.caps, weights: rows.weights,
        into: rows.granted)
    }
  }

  var isFlat: Bool { pools.count <= 1 }

  /// λ among all rows; of a flat division only.
  var level: WaterLevel? { scratch.level }

  private mutating func shape(_ poolOfRow: [Int]) {
    if treeLeaves == poolOfRow && treeParents.elementsEqual(pools.lazy.map(\.parent)) { return }
    treeParents.removeAll(keepingCapacity: true)
    treeParents.append(contentsOf: pools.lazy.map(\.parent))
    treeLeaves.removeAll(keepingCapacity: true)
    treeLeaves.append(contentsOf: poolOfRow)
    tree.rebuild(poolParents: treeParents, leafParents: treeLeaves)
  }
}
