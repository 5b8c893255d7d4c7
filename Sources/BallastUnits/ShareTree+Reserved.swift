extension ShareTree {
  /// Divides like `divide`, but what a pool has reserved and nobody in it demands stays in the pool.
  ///
  /// Rule      a pool's ceiling is min(limit, Σ ceilings of children), a leaf's is its own limit and size; upwards a
  ///           pool asks for D = max(min(limit, Σ D of children), min(reservation, ceiling)); downwards, once every
  ///           child has its D, the rest goes to the children by weight, up to their ceilings.
  /// Promises  Σ = min(capacity, D of the root) · ceilings hold · floors hold where feasible · equals `divide` where no
  ///           pool reserves more than it demands.
  /// Rounding  that of `waterFill`, in both passes.
  /// Cost      twice that of `divide` at most; allocates nothing after the first.
  /// Source    two-pass divvying of a pool's reservation, vSphere 6.7; docs/MODEL.md#entitlement-options.
  ///
  /// Caps are at most ceilings. True when some pool's floors were scaled down.
  public mutating func divideReserved(
    capacity: Int64, floors leafFloors: UnsafePointer<Int64>, caps leafCaps: UnsafePointer<Int64>,
    ceilings leafCeilings: UnsafePointer<Int64>, weights leafWeights: UnsafePointer<Int64>,
    into allocation: UnsafeMutablePointer<Int64>
  ) -> Bool {
    for leaf in 0..<leafCount {
      let row = rowOfLeaf[leaf]
      floors[row] = leafFloors[leaf]
      caps[row] = leafCaps[leaf]
      ceilings[row] = leafCeilings[leaf]
      weights[row] = leafWeights[leaf]
    }
    for pool in stride(from: poolCount - 1, through: 0, by: -1) {
      askForReserved(pool, capacity: capacity)
    }
    var isShort = false
    for pool in 0..<poolCount {
      if pool > 0 { pools[pool].allocation = allocations[rowOfPool[pool]] }
      let first = firstRow[pool]
      let outcome = share(
        pool, floors: floors + first, caps: caps + first, weights: weights + first,
        into: allocations + first)
      if outcome == .shortfall { isShort = true }
      if outcome == .satisfied { shareRest(pool) }
    }
    for leaf in 0..<leafCount { allocation[leaf] = allocations[rowOfLeaf[leaf]] }
    return isShort
  }

  private mutating func askForReserved(_ pool: Int, capacity: Int64) {
    var wanted: Int64 = 0
    var promised: Int64 = 0
    var possible: Int64 = 0
    for row in firstRow[pool]..<firstRow[pool + 1] {
      wanted += caps[row]
      promised += floors[row]
      possible += ceilings[row]
    }
    let limit = pool == 0 ? min(capacity, pools[0].limit) : pools[pool].limit
    let reservation = pool == 0 ? 0 : pools[pool].reservation
    let ceiling = min(limit, possible)
    let cap = max(min(limit, wanted), min(reservation, ceiling))
    let floor = min(max(reservation, promised), cap)
    pools[pool].wanted = wanted
    pools[pool].cap = cap
    pools[pool].floor = floor
    pools[pool].ceiling = ceiling
    if pool == 0 {
      pools[0].allocation = cap
    } else {
      caps[rowOfPool[pool]] = cap
      floors[rowOfPool[pool]] = floor
      ceilings[rowOfPool[pool]] = ceiling
    }
  }

  /// The second pass: what is left when every child has its cap.
  private mutating func shareRest(_ pool: Int) {
    let rows = firstRow[pool]..<firstRow[pool + 1]
    var rest = pools[pool].allocation
    for row in rows { rest -= allocations[row] }
    guard rest > 0 else { return }
    spare.reserve(3 * rows.count)
    let nothing = spare.base
    let room = nothing + rows.count
    let more = room + rows.count
    for (index, row) in rows.enumerated() {
      nothing[index] = 0
      room[index] = ceilings[row] - allocations[row]
    }
    waterFill(
      capacity: rest, lower: nothing, upper: room, weights: weights + rows.lowerBound,
      count: rows.count, into: more, scratch: &scratch)
    for (index, row) in rows.enumerated() { allocations[row] += more[index] }
  }
}
