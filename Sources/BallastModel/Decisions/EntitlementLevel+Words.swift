extension EntitlementLevel.Bound {
  /// What a scenario's `bound_by:` and the JSON of explanations say.
  public var keyword: String { rawValue }

  public var meaning: String {
    switch self {
    case .nothing: "all wants are met"
    case .demand: "it has all it wants, while others lack"
    case .limit: "its own limit or quota"
    case .size: "its size"
    case .poolLimit: "the limit of a pool above it"
    case .capacity: "the capacity of host or cluster"
    case .reservation: "its reservation, which is more than its shares bring"
    case .shares: "its shares against those of its siblings"
    case .shortfall: "promises that exceed what there is"
    case .poolReservation: "more than it wants, of what its pool has reserved"
    }
  }
}

extension EntitlementExplanation {
  /// The levels of the division that counts: the host's, where there are two.
  private var lastDivision: ArraySlice<EntitlementLevel> {
    let start = levels.lastIndex { $0.kind == .host || $0.kind == .cluster } ?? levels.startIndex
    return levels[start...]
  }

  /// What the VM's amount ends at, or that of a pool above it.
  public func isBound(by bound: EntitlementLevel.Bound) -> Bool {
    levels.contains { $0.bound == bound && ($0.kind == .vm || $0.kind == .pool) }
      || lastDivision.contains { $0.bound == bound }
  }

  /// "gold: pool_limit, web-3: shares".
  public var boundWords: String {
    lastDivision.map { "\($0.name): \($0.bound.keyword)" }.joined(separator: ", ")
  }
}
