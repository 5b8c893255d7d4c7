import BallastUnits

extension VMExplanation {
  /// What a tax on idle memory entitles the VM to: an amount between floor and cap, bytes.
  public struct Taxed: Sendable, Equatable, Codable {
    /// τ
    public var rate: PartsPerMillion
    public var floor: Int64
    public var cap: Int64
    /// The host, the pools above the VM and the VM itself.
    public var levels: [Level]
    public init(rate: PartsPerMillion, floor: Int64, cap: Int64, levels: [Level] = []) {
      self.rate = rate
      self.floor = floor
      self.cap = cap
      self.levels = levels
    }

    /// One consumer among its siblings in the taxed division of a host's memory; amounts in bytes.
    public struct Level: Sendable, Equatable, Codable {
      /// What decided the amount.
      public enum Bound: String, Sendable, Codable {
        /// All wants are met.
        case nothing
        /// It has all it wants, while others lack.
        case demand
        case limit
        /// Its own, or those of the VMs in a pool: more than its price brings.
        case reservation
        /// Shares paid per page held, idle pages taxed, against those of its siblings.
        case price
        /// The host has no more.
        case capacity
      }

      public var kind: EntitlementLevel.Kind
      public var name: String
      public var held: Int64
      /// Of what is held.
      public var activeFraction: PartsPerMillion
      public var floor: Int64
      public var cap: Int64
      public var shares: Int64
      /// Of all that the parent divides among, this one included.
      public var siblingShares: Int64
      public var amount: Int64
      public var bound: Bound
      /// Of a consumer that its price holds: the pool beside it that has most by its reservation, more than its price would
      /// bring it. Nil: none.
      public var reservedBeside: EntitlementLevel.Reserved?
      public init(
        kind: EntitlementLevel.Kind, name: String, held: Int64, activeFraction: PartsPerMillion,
        floor: Int64, cap: Int64, shares: Int64, siblingShares: Int64, amount: Int64, bound: Bound,
        reservedBeside: EntitlementLevel.Reserved? = nil
      ) {
        self.reservedBeside = reservedBeside
        self.kind = kind
        self.name = name
        self.held = held
        self.activeFraction = activeFraction
        self.floor = floor
        self.cap = cap
        self.shares = shares
        self.siblingShares = siblingShares
        self.amount = amount
        self.bound = bound
      }
    }

    private static let header = [
      "level", "holds", "active", "promised", "at most", "shares", "of", "gets", "bound by",
    ]

    /// Who has by a reservation what others' prices would have brought them.
    var sentences: [String] {
      levels.compactMap { level in
        level.reservedBeside.map {
          "Beside \(level.kind == .vm ? level.name : "pool " + level.name), pool \($0.pool) has "
            + "\(AdmissionResource.memory.words($0.amount)) by its reservation, more than its price brings it."
        }
      }
    }

    /// What the columns hold, then one row per level.
    var table: [[String]] {
      if levels.isEmpty { return [] }
      let memory = AdmissionResource.memory
      return [Self.header]
        + levels.map { level in
          [
            level.kind == .vm ? level.name : "\(level.kind.rawValue) \(level.name)",
            memory.words(level.held),
            "\(decimal(roundedRatio(level.activeFraction.value, by: 1, over: 10), places: 3)) %",
            memory.words(level.floor), memory.words(level.cap), String(level.shares),
            String(level.siblingShares), memory.words(level.amount), level.bound.rawValue,
          ]
        }
    }
  }
}
