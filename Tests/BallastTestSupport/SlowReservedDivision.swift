/// The slow, obvious twin of `ShareTree.divideReserved`: by recursion over pools.
///
/// - Parameter ceilings: of each leaf, what limit and size allow.
public func slowReservedDivision(
  _ tree: SharingTree, ceilings: [Int64], capacity: Int64
) -> [Int64] {
  var granted = [Int64](repeating: 0, count: tree.leaves.count)

  func inner(_ pool: Int) -> [Int] {
    tree.pools.indices.filter { $0 > 0 && tree.pools[$0].parent == pool }
  }
  func own(_ pool: Int) -> [Int] { tree.leaves.indices.filter { tree.leaves[$0].pool == pool } }
  func ceiling(_ pool: Int) -> Int64 {
    let sum = inner(pool).map(ceiling).reduce(0, +) + own(pool).map { ceilings[$0] }.reduce(0, +)
    return min(tree.pools[pool].limit, sum)
  }
  func cap(_ pool: Int) -> Int64 {
    let wanted =
      inner(pool).map(cap).reduce(0, +) + own(pool).map { tree.leaves[$0].cap }.reduce(0, +)
    let demanded = min(tree.pools[pool].limit, wanted)
    return pool == 0
      ? demanded : max(demanded, min(tree.pools[pool].reservation, ceiling(pool)))
  }
  func floor(_ pool: Int) -> Int64 {
    let promised =
      inner(pool).map(floor).reduce(0, +) + own(pool).map { tree.leaves[$0].floor }.reduce(0, +)
    return min(max(tree.pools[pool].reservation, promised), cap(pool))
  }
  func divide(_ pool: Int, _ amount: Int64) {
    let (pools, leaves) = (inner(pool), own(pool))
    let caps = pools.map(cap) + leaves.map { tree.leaves[$0].cap }
    let weights = pools.map { tree.pools[$0].weight } + leaves.map { tree.leaves[$0].weight }
    let floors = pools.map(floor) + leaves.map { tree.leaves[$0].floor }
    var shares = slowWaterFill(
      SharingCase(capacity: amount, floors: floors, caps: caps, weights: weights))
    let rest = amount - shares.reduce(0, +)
    if rest > 0 {
      let room = zip(pools.map(ceiling) + leaves.map { ceilings[$0] }, shares).map { $0 - $1 }
      let more = slowWaterFill(
        SharingCase(
          capacity: rest, floors: room.map { _ in 0 }, caps: room, weights: weights))
      shares = zip(shares, more).map { $0 + $1 }
    }
    for (child, share) in zip(pools, shares) { divide(child, share) }
    for (leaf, share) in zip(leaves, shares.dropFirst(pools.count)) { granted[leaf] = share }
  }
  divide(0, min(capacity, cap(0)))
  return granted
}
