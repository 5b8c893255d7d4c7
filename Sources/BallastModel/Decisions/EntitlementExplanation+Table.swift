extension EntitlementExplanation {
  /// What the columns of `table` hold.
  public static let tableHeader = [
    "level", "wants", "promised", "at most", "shares", "of", "gets", "bound by",
  ]

  var headedTable: [[String]] { [Self.tableHeader] + table }

  /// One row per level, from the top down to the VM.
  public var table: [[String]] {
    levels.map { level in
      [
        text(name: level) + (level.scope == .cluster && level.kind != .cluster ? " (cluster)" : ""),
        text(level.wanted), text(level.floor), text(level.ceiling ?? level.cap), shares(level),
        shares(level, all: true), text(level.amount), level.bound.keyword,
      ]
    }
  }
}
