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
/// divisions; a changed membership needs `rebuild`.
public struct ShareTree: ~Copyable {
  public private(set) var poolCount = 0
  public private(set) var leafCount = 0

  /// The children of pool p are rows `firstRow[p] ..< firstRow[p + 1]`.
  var firstRow: [Int] = []
  /// Where a pool or leaf stands among its siblings. The root has no row.
  private(set) var rowOfPool: [Int] = []
  private(set) var rowOfLeaf: [Int] = []
  private var nextRow: [Int] = []
  var pools: [Pool] = []
  private var columns = IntegerBlock(count: 0)
  var scratch = WaterFillScratch()
  /// Room of the second pass of `divideReserved`; stays empty until one is made.
  var spare = IntegerBlock(count: 0)

  struct Pool {
    var reservation: Int64 = 0
    var limit = Int64.max
    var wanted: Int64 = 0
    var cap: Int64 = 0
    var floor: Int64 = 0
    /// What the children may have at most, whatever they want; of `divideReserved` only.
    var ceiling: Int64 = 0
    var allocation: Int64 = 0
    var level: WaterLevel?
    var outcome = WaterFillOutcome.satisfied
  }

  /// `poolParents[0]` is -1 and every other pool comes after its parent. `leafParents[i]` is the
  /// pool of leaf i. Pools start without reservation and limit, with weight 1.
  public init(poolParents: [Int], leafParents: [Int]) {
    rebuild(poolParents: poolParents, leafParents: leafParents)
  }

  /// Makes this the tree that `init` would make, in the storage that there is.
  public mutating func rebuild(poolParents: [Int], leafParents: [Int]) {
    precondition(poolParents.first == -1, "pool 0 is the root and has parent -1")
    poolCount = poolParents.count
    leafCount = leafParents.count
    pools.removeAll(keepingCapacity: true)
    pools.append(contentsOf: repeatElement(Pool(), count: poolCount))

    countRows(poolParents: poolParents, leafParents: leafParents)
    nextRow.removeAll(keepingCapacity: true)
    nextRow.append(contentsOf: firstRow)
    rowOfPool.removeAll(keepingCapacity: true)
    for (pool, parent) in poolParents.enumerated() {
      rowOfPool.append(pool > 0 ? takeRow(of: parent) : -1)
    }
    rowOfLeaf.removeAll(keepingCapacity: true)
    for parent in leafParents { rowOfLeaf.append(takeRow(of: parent)) }

    columns.reserve(5 * rowCount)
    for pool in 1..<poolCount { weights[rowOfPool[pool]] = 1 }
  }

  private mutating func countRows(poolParents: [Int], leafParents: [Int]) {
    firstRow.removeAll(keepingCapacity: true)
    firstRow.append(contentsOf: repeatElement(0, count: poolCount + 1))
    for (pool, parent) in poolParents.enumerated().dropFirst() {
      precondition(parent >= 0 && parent < pool, "a pool comes after its parent")
      firstRow[parent + 1] += 1
    }
    for parent in leafParents {
      precondition(poolParents.indices.contains(parent), "a leaf is in a pool that exists")
      firstRow[parent + 1] += 1
    }
    for pool in poolParents.indices { firstRow[pool + 1] += firstRow[pool] }
  }

  private mutating func takeRow(of parent: Int) -> Int {
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

  mutating func share(
    _ pool: Int, floors: UnsafePointer<Int64>, caps: UnsafePointer<Int64>,
    weights: UnsafePointer<Int64>, into allocation: UnsafeMutablePointer<Int64>
  ) -> WaterFillOutcome {
    let outcome = waterFill(
      capacity: pools[pool].allocation, lower: floors, upper: caps, weights: weights,
      count: firstRow[pool + 1] - firstRow[pool], into: allocation, scratch: &scratch)
    pools[pool].level = scratch.level
    pools[pool].outcome = outcome
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

  /// What the pool's children want together.
  public func poolWanted(_ pool: Int) -> Int64 { pools[pool].wanted }

  /// How the division among the pool's children came out.
  public func poolOutcome(_ pool: Int) -> WaterFillOutcome { pools[pool].outcome }

  /// Children of the pool, pools and leaves.
  public func childCount(_ pool: Int) -> Int { firstRow[pool + 1] - firstRow[pool] }

  /// Σ weights of the pool's children. The last division must have copied them: of a root alone it does not.
  public func childWeights(_ pool: Int) -> Int64 {
    var sum: Int64 = 0
    for row in firstRow[pool]..<firstRow[pool + 1] { sum += weights[row] }
    return sum
  }

  // MARK: Columns by row

  private var rowCount: Int { poolCount - 1 + leafCount }
  var floors: UnsafeMutablePointer<Int64> { columns.base }
  var caps: UnsafeMutablePointer<Int64> { columns.base + rowCount }
  var weights: UnsafeMutablePointer<Int64> { columns.base + 2 * rowCount }
  var allocations: UnsafeMutablePointer<Int64> { columns.base + 3 * rowCount }
  /// Used by `divideReserved` only.
  var ceilings: UnsafeMutablePointer<Int64> { columns.base + 4 * rowCount }
}
