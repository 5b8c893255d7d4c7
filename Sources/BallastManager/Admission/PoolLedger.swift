import BallastModel
import BallastUnits

/// One resource's reservations in a tree of pools: who holds how much, and what it takes from above.
///
/// Rule      held(p) = Σ of what p's children take. A VM takes its charge; a pool takes its reservation R, and if it is
///           expandable and holds more than that, what it holds: the excess is borrowed. held(p) may not pass p's
///           ceiling: R if fixed, its limit if expandable, the capacity at the root.
/// Promises  what is held is a function of who is in, not of the order in which they came: returning a charge restores
///           the ledger bit for bit, and borrowings go back before a pool's own reservation is free again.
/// Rounding  none; sums are 128 bits wide, so that no reservations of a user can overflow them.
/// Cost      O(depth) per change; nothing is copied.
struct PoolLedger: Sendable, Equatable {
  struct Pool: Sendable, Equatable {
    var parent: Int
    var reservation: Int64
    /// `Int64.max` is unlimited.
    var limit: Int64
    var isExpandable: Bool
    var held: Int128 = 0

    var ceiling: Int128 { Int128(isExpandable ? limit : reservation) }
    /// What it takes from its parent.
    var taken: Int128 { isExpandable ? max(Int128(reservation), held) : Int128(reservation) }
    var own: Int128 { Int128(reservation) - held }
    var isShort: Bool { held > ceiling }
  }

  private(set) var pools: [Pool]
  /// How many pools hold more than their ceiling; the first of the tree's order is reported.
  private(set) var shortCount = 0

  /// Charges the reservations of the pools, children before parents. Whoever holds too much by that stays short.
  init(pools: [Pool]) {
    self.pools = pools
    for pool in pools.indices.reversed() {
      if self.pools[pool].isShort { shortCount += 1 }
      let parent = pools[pool].parent
      if parent >= 0 { self.pools[parent].held += self.pools[pool].taken }
    }
  }

  /// Where a change would fail, if anywhere.
  ///
  /// - Parameter amount: how much more `pool` is to hold; more than 0.
  func obstacle(adding amount: Int128, to pool: Int) -> Int? {
    var pool = pool
    var more = amount
    while more > 0 {
      if pools[pool].held + more > pools[pool].ceiling { return pool }
      guard pools[pool].parent >= 0 else { return nil }
      more = passedOn(more, by: pool)
      pool = pools[pool].parent
    }
    return nil
  }

  /// Adds to what a pool holds, and to what its ancestors hold for it. Negative amounts give back.
  mutating func add(_ amount: Int128, to pool: Int) {
    var pool = pool
    var more = amount
    while more != 0 {
      let before = pools[pool]
      pools[pool].held += more
      note(pool, wasShort: before.isShort)
      guard before.parent >= 0 else { return }
      more = pools[pool].taken - before.taken
      pool = before.parent
    }
  }

  /// Replaces a pool's own settings; what it holds stays.
  mutating func configure(_ pool: Int, to new: Pool) {
    let before = pools[pool]
    pools[pool] = new
    pools[pool].held = before.held
    note(pool, wasShort: before.isShort)
    if before.parent >= 0 { add(pools[pool].taken - before.taken, to: before.parent) }
  }

  /// How much of an addition to what it holds a pool asks of its parent.
  func passedOn(_ more: Int128, by pool: Int) -> Int128 {
    var after = pools[pool]
    after.held += more
    return after.taken - pools[pool].taken
  }

  /// The most that could be added to what a pool holds; negative where it holds too much.
  func room(_ pool: Int) -> Int128 {
    let here = pools[pool]
    let bound = here.ceiling - here.held
    guard here.parent >= 0, here.isExpandable, bound > 0 else { return bound }
    return min(bound, max(0, here.own) + max(0, room(here.parent)))
  }

  /// This ledger as it was before any VM came.
  var withPoolsOnly: PoolLedger {
    PoolLedger(
      pools: pools.map { pool in
        var empty = pool
        empty.held = 0
        return empty
      })
  }

  private mutating func note(_ pool: Int, wasShort: Bool) {
    shortCount += (pools[pool].isShort ? 1 : 0) - (wasShort ? 1 : 0)
  }
}
