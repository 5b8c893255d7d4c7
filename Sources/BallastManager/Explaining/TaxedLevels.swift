import BallastModel
import BallastUnits

extension ResourceManager {
  /// The levels of the taxed division from the host down to one VM.
  func taxedLevels(
    _ index: Int, _ table: MemoryTable, names: ExplanationNames
  ) -> [VMExplanation.Taxed.Level] {
    let claims = table.rows.indices.map { entitlementClaim($0, table) }
    let (pools, poolOfRow) = (table.tree, table.rows.map(\.pool))
    let tree = memory.tax.divideTree(
      capacity: table.capacity, among: claims, pools: pools, poolOfClaim: poolOfRow)
    let isEnough = tree.given[0] >= tree.asked[0].cap && table.capacity >= tree.asked[0].cap
    func siblingShares(in parent: Int) -> Int64 {
      let (inner, own) = IdleMemoryTax.children(of: parent, pools, poolOfRow)
      return inner.reduce(0) { $0 + pools[$1].weight } + own.reduce(0) { $0 + claims[$1].shares }
    }
    func level(
      _ kind: EntitlementLevel.Kind, _ name: String, _ claim: IdleMemoryTax.Claim, amount: Int64,
      isLimited: Bool, in parent: Int?
    ) -> VMExplanation.Taxed.Level {
      let bound: VMExplanation.Taxed.Level.Bound =
        if amount >= claim.cap {
          isLimited ? .limit : isEnough ? .nothing : .demand
        } else if parent == nil {
          .capacity
        } else {
          amount <= claim.floor ? .reservation : .price
        }
      let beside = bound == .price ? reserved(in: parent!, tree, pools, names) : nil
      return VMExplanation.Taxed.Level(
        kind: kind, name: name, held: claim.held, activeFraction: claim.activeFraction,
        floor: claim.floor, cap: claim.cap,
        shares: parent == nil ? 1 : claim.shares / weightPerShare,
        siblingShares: parent.map { siblingShares(in: $0) / weightPerShare } ?? 1, amount: amount,
        bound: bound, reservedBeside: beside)
    }
    var path: [Int] = []
    var pool = poolOfRow[index]
    while pool > 0 {
      path.append(pool)
      pool = pools[pool].parent
    }
    var levels = [
      level(
        .host, names.host(0), tree.asked[0], amount: tree.given[0], isLimited: false, in: nil)
    ]
    for pool in path.reversed() {
      levels.append(
        level(
          .pool, names.pool(self.pools[pool].pool), tree.asked[pool], amount: tree.given[pool],
          isLimited: tree.asked[pool].cap == pools[pool].limit, in: pools[pool].parent))
    }
    levels.append(
      level(
        .vm, names.vm, claims[index], amount: tree.parts[index],
        isLimited: claims[index].cap == table.rows[index].limit, in: poolOfRow[index]))
    return levels
  }

  /// The pool in `parent` that has most by its reservation.
  private func reserved(
    in parent: Int, _ tree: IdleMemoryTax.Tree, _ pools: [MemoryPool], _ names: ExplanationNames
  ) -> EntitlementLevel.Reserved? {
    let held = pools.indices.filter {
      $0 > 0 && pools[$0].parent == parent && tree.isReservation($0, pools)
    }
    guard let most = held.max(by: { (tree.given[$0], $1) < (tree.given[$1], $0) }) else {
      return nil
    }
    return EntitlementLevel.Reserved(
      pool: names.pool(self.pools[most].pool), reservation: pools[most].reservation,
      amount: tree.given[most])
  }
}

extension MemoryTable {
  /// The host's pools, the root at least.
  var tree: [MemoryPool] { pools.isEmpty ? [MemoryPool(parent: -1, weight: 1)] : pools }
}

extension IdleMemoryTax.Tree {
  /// Whether a pool of this path has no more than what a reservation on it promises, more than those in it are promised.
  func isHeldByReservation(_ pool: Int, _ pools: [MemoryPool]) -> Bool {
    var pool = pool
    while pool > 0 {
      if isReservation(pool, pools) { return true }
      pool = pools[pool].parent
    }
    return false
  }

  /// A pool that has no more than its reservation, more than those in it are promised, and would take more.
  func isReservation(_ pool: Int, _ pools: [MemoryPool]) -> Bool {
    given[pool] < asked[pool].cap && given[pool] <= asked[pool].floor && given[pool] > 0
      && asked[pool].floor <= pools[pool].reservation
  }
}
