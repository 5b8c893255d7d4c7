/// Divides one capacity over a tree of resource pools with consumers (VMs) as leaves.
///
/// Rule      upwards, a pool asks for D = min(limit, Σ D of children) and is promised
///           F = min(max(reservation, Σ F of children), D); downwards, each pool water-fills its
///           children with floors F, caps D and their weights. Pools and leaves are siblings.
/// Promises  those of `waterFill` at every level; what a pool does not use goes to its siblings;
///           a pool without leaves below gets 0.
/// Rounding  that of `waterFill` at every level; among siblings, pools by index come before leaves
///           by index.
/// Cost      one `waterFill` per pool; allocates nothing after the first division.
/// Source    resource pools as in proportional-share hypervisors; docs/MODEL.md#cpu-shares.
///
/// Pool 0 is the root. Its limit is the capacity (and its own limit, if it has a lower one); its
/// reservation and weight have no effect. Limits and reservations may be changed between
/// divisions; a changed membership needs a new tree.
public struct ShareTree: ~Copyable {
  public let poolCount: Int
  public let leafCount: Int

  /// The children of pool p are rows `firstRow[p] ..< firstRow[p + 1]`.
  private let firstRow: [Int]
  /// Where a pool or leaf stands among its siblings. The root has no row.
  private let rowOfPool: [Int]
  private let rowOfLeaf: [Int]
  private var pools: [Pool]
  private var columns: IntegerBlock
  private var scratch = WaterFillScratch()

  private struct Pool {
    var reservation: Int64 = 0
    var limit = Int64.max
    var wanted: Int64 = 0
    var cap: Int64 = 0
    var floor: Int64 = 0
    var allocation: Int64 = 0
    var level: WaterLevel?
  }

  /// `poolParents[0]` is -1 and every other pool comes after its parent. `leafParents[i]` is the
  /// pool of leaf i. Pools start without reservation and limit, with weight 1.
  public init(poolParents: [Int], leafParents: [Int]) {
    precondition(poolParents.first == -1, "pool 0 is the root and has parent -1")
    poolCount = poolParents.count
    leafCount = leafParents.count
    pools = Array(repeating: Pool(), count: poolCount)

    var nextRow = Self.firstRows(poolParents: poolParents, leafParents: leafParents)
    firstRow = nextRow
    rowOfPool = poolParents.indices.map { pool in
      guard pool > 0 else { return -1 }
      return Self.takeRow(of: poolParents[pool], &nextRow)
    }
    rowOfLeaf = leafParents.map { Self.takeRow(of: $0, &nextRow) }

    columns = IntegerBlock(count: 4 * (poolCount - 1 + leafCount))
    for pool in 1..<poolCount { weights[rowOfPool[pool]] = 1 }
  }

  private static func firstRows(poolParents: [Int], leafParents: [Int]) -> [Int] {
    var first = [Int](repeating: 0, count: poolParents.count + 1)
    for (pool, parent) in poolParents.enumerated().dropFirst() {
      precondition(parent >= 0 && parent < pool, "a pool comes after its parent")
      first[parent + 1] += 1
    }
    for parent in leafParents {
      precondition(poolParents.indices.contains(parent), "a leaf is in a pool that exists")
      first[parent + 1] += 1
    }
    for pool in poolParents.indices { first[pool + 1] += first[pool] }
    return first
  }

  private static func takeRow(of parent: Int, _ nextRow: inout [Int]) -> Int {
    defer { nextRow[parent] += 1 }
    return nextRow[parent]
  }

  /// Reservation, limit (`Int64.max` for none) and weight of a pool, in the unit divided.
  public mutating func setPool(_ pool: Int, reservation: Int64, limit: Int64, weight: Int64) {
    precondition(
      reservation >= 0 && limit >= 0 && weight >= 0, "a pool's settings are zero or more")
    pools[pool].reservation = reservation
    pools[pool].limit = limit
    if pool > 0 { weights[rowOfPool[pool]] = weight }
  }

  /// Divides `capacity` and writes what each leaf gets. True when the floors of some pool's
  /// children exceed what that pool got, so that they were scaled down.
  ///
  /// A leaf's cap is its demand, already cut to its own limit and size; floors are at most caps.
  /// `allocation` must not overlap the other columns.
  public mutating func divide(
    capacity: Int64, floors leafFloors: UnsafePointer<Int64>, caps leafCaps: UnsafePointer<Int64>,
    weights leafWeights: UnsafePointer<Int64>, into allocation: UnsafeMutablePointer<Int64>
  ) -> Bool {
    // Without inner pools, rows are leaves, and the caller's columns serve as they are.
    if poolCount == 1 {
      return divideRoot(
        capacity: capacity, floors: leafFloors, caps: leafCaps, weights: leafWeights,
        into: allocation)
    }
    for leaf in 0..<leafCount {
      let row = rowOfLeaf[leaf]
      floors[row] = leafFloors[leaf]
      caps[row] = leafCaps[leaf]
      weights[row] = leafWeights[leaf]
    }
    for pool in stride(from: poolCount - 1, through: 0, by: -1) {
      askAndPromise(pool, capacity: capacity, floors: floors, caps: caps)
    }
    var isShort = false
    for pool in 0..<poolCount {
      if pool > 0 { pools[pool].allocation = allocations[rowOfPool[pool]] }
      let first = firstRow[pool]
      let outcome = share(
        pool, floors: floors + first, caps: caps + first, weights: weights + first,
        into: allocations + first)
      if outcome == .shortfall { isShort = true }
    }
    for leaf in 0..<leafCount { allocation[leaf] = allocations[rowOfLeaf[leaf]] }
    return isShort
  }

  private mutating func divideRoot(
    capacity: Int64, floors: UnsafePointer<Int64>, caps: UnsafePointer<Int64>,
    weights: UnsafePointer<Int64>, into allocation: UnsafeMutablePointer<Int64>
  ) -> Bool {
    askAndPromise(0, capacity: capacity, floors: floors, caps: caps)
    return share(0, floors: floors, caps: caps, weights: weights, into: allocation) == .shortfall
  }

  /// Sums up what a pool's children ask for and are promised, and tells the pool's parent.
  private mutating func askAndPromise(
    _ pool: Int, capacity: Int64, floors: UnsafePointer<Int64>, caps: UnsafePointer<Int64>
  ) {
    var wanted: Int64 = 0
    var promised: Int64 = 0
    for row in firstRow[pool]..<firstRow[pool + 1] {
      wanted += caps[row]
      promised += floors[row]
    }
    let limit = pool == 0 ? min(capacity, pools[0].limit) : pools[pool].limit
    let cap = min(limit, wanted)
    let floor = min(max(pools[pool].reservation, promised), cap)
    pools[pool].wanted = wanted
    pools[pool].cap = cap
    pools[pool].floor = floor
    if pool == 0 {
      pools[0].allocation = cap
    } else {
      self.caps[rowOfPool[pool]] = cap
      self.floors[rowOfPool[pool]] = floor
    }
  }

  private mutating func share(
    _ pool: Int, floors: UnsafePointer<Int64>, caps: UnsafePointer<Int64>,
    weights: UnsafePointer<Int64>, into allocation: UnsafeMutablePointer<Int64>
  ) -> WaterFillOutcome {
    let outcome = waterFill(
      capacity: pools[pool].allocation, lower: floors, upper: caps, weights: weights,
      count: firstRow[pool + 1] - firstRow[pool], into: allocation, scratch: &scratch)
    pools[pool].level = scratch.level
    return outcome
  }

  // MARK: Why a division came out as it did

  /// What the pool got in the last division; for the root, what was handed out.
  public func poolAllocation(_ pool: Int) -> Int64 { pools[pool].allocation }

  /// D: what the pool's children want together, cut to the limit.
  public func poolCap(_ pool: Int) -> Int64 { pools[pool].cap }

  /// F: what the pool is promised, which is never more than D.
  public func poolFloor(_ pool: Int) -> Int64 { pools[pool].floor }

  /// True when the pool got all its limit allows and its children want more. For the root, the
  /// capacity is a limit too.
  public func poolLimitBinds(_ pool: Int) -> Bool {
    pools[pool].allocation == pools[pool].cap && pools[pool].wanted > pools[pool].cap
  }

  /// The level among the pool's children; nil unless they were contended.
  public func poolLevel(_ pool: Int) -> WaterLevel? { pools[pool].level }

  // MARK: Columns by row

  private var rowCount: Int { poolCount - 1 + leafCount }
  private var floors: UnsafeMutablePointer<Int64> { columns.base }
  private var caps: UnsafeMutablePointer<Int64> { columns.base + rowCount }
  private var weights: UnsafeMutablePointer<Int64> { columns.base + 2 * rowCount }
  private var allocations: UnsafeMutablePointer<Int64> { columns.base + 3 * rowCount }
}
