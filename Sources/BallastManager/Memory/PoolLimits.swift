import BallastUnits

/// What the memory limits of pools ask of the VMs inside, whatever the host has free.
///
/// Rule      a pool whose VMs hold more than its limit gets the excess back from those above their targets, lowest
///           price first; inner pools first, and what they give counts for those around them.
/// Promises  nobody is taken below its target · a pool is asked for what it holds beyond its limit and no more, in steps
///           of at most what `MinFundingRevocation` takes.
/// Rounding  none: whole bytes.
/// Cost      O(n log n) per pool above its limit; O(n · depth) for the rest.
/// Source    vSphere Resource Management: a pool's limit bounds what the VMs inside may have, free memory or not. That
///           the excess goes by price among those above their targets is ours.
struct PoolLimits {
  /// A limit that can be met, and the rows inside, by pool.
  private var limits: [(pool: Int, limit: Int64, rows: [Int])] = []

  init(_ table: MemoryTable) {
    for pool in table.pools.indices.reversed() where table.pools[pool].limit < .max {
      let rows = table.rows.indices.filter { Self.contains(pool, table.rows[$0].pool, table) }
      if !rows.isEmpty { limits.append((pool, table.pools[pool].limit, rows)) }
    }
  }

  /// Bytes to take from each row, those counted that are taken from it anyway.
  func taken(
    _ table: MemoryTable, _ claims: [IdleMemoryTax.Claim], targets: [Int64],
    beside takings: [Int64], by revocation: MinFundingRevocation
  ) -> [Int64] {
    var taken = claims.map { _ in Int64(0) }
    for (_, limit, rows) in limits {
      let left = rows.reduce(0) {
        $0 + claims[$1].held - max(taken[$1], takings[$1])
      }
      guard left > limit else { continue }
      var rest = claims
      for row in rows { rest[row].held -= max(taken[row], takings[row]) }
      let more = revocation.taken(
        from: rows.map { rest[$0] }, targets: rows.map { targets[$0] }, atMost: left - limit)
      for (row, bytes) in zip(rows, more) where bytes > 0 {
        taken[row] = max(taken[row], takings[row]) + bytes
      }
    }
    return taken
  }

  /// A limit of this pool or of one around it ends what its VMs may have.
  func bind(_ pool: Int, _ table: MemoryTable, _ targets: [Int64]) -> Bool {
    limits.contains { limited in
      Self.contains(limited.pool, pool, table)
        && limited.rows.reduce(0) { $0 + targets[$1] } >= limited.limit
    }
  }

  private static func contains(_ outer: Int, _ inner: Int, _ table: MemoryTable) -> Bool {
    var pool = inner
    while pool >= 0 && pool != outer { pool = table.pools[pool].parent }
    return pool == outer
  }
}
