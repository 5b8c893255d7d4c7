import BallastUnits

/// Why one VM was entitled to what it got, of one resource at one decision, as data.
///
/// Amounts are kHz for CPU and bytes of guest memory for memory, rounded as the decision rounds them.
public struct EntitlementExplanation: Sendable, Equatable, Codable {
  public enum Resource: String, Sendable, Codable, CaseIterable { case cpu, memory }

  public var vm: String
  public var resource: Resource
  /// When the host was observed.
  public var time: SimTime
  /// From the top down to the VM: the cluster's division if pools are divided over hosts, then the host's. The last
  /// level of each division is the VM.
  public var levels: [EntitlementLevel]
  /// Demand as last observed; nil while unknown, which counts as the whole size.
  public var observedDemand: Int64?
  /// vCPUs × clock, or configured memory; 0 while the host does not show the VM.
  public var size: Int64
  /// What the VM would be entitled to if every VM of the host (or cluster) wanted its whole size.
  public var staticEntitlement: Int64
  /// What the decision granted, by demand; the amount of the last level.
  public var dynamicEntitlement: Int64
  /// What the machine was told.
  public var settings: Settings
  /// What would bring the VM more, one change at a time, the nearest to it first; nil where nobody looked.
  public var levers: [EntitlementLever]?
  /// Of memory: the policy that decides what VMs have, where it does not follow this division; nil where it does.
  public var otherPolicy: String?

  /// What the machine enforces for the VM between decisions.
  public struct Settings: Sendable, Equatable, Codable {
    public var reservation: Int64
    /// Nil is unlimited.
    public var limit: Int64?
    /// On the host's own scale: thousandths of shares where pools are divided over hosts.
    public var weight: Int64
    public init(reservation: Int64, limit: Int64?, weight: Int64) {
      self.reservation = reservation
      self.limit = limit
      self.weight = weight
    }
  }

  public init(
    vm: String, resource: Resource, time: SimTime, levels: [EntitlementLevel],
    observedDemand: Int64?, size: Int64, staticEntitlement: Int64, dynamicEntitlement: Int64,
    settings: Settings, levers: [EntitlementLever]?
  ) {
    self.vm = vm
    self.resource = resource
    self.time = time
    self.levels = levels
    self.observedDemand = observedDemand
    self.size = size
    self.staticEntitlement = staticEntitlement
    self.dynamicEntitlement = dynamicEntitlement
    self.settings = settings
    self.levers = levers
  }
}

/// One consumer among its siblings: a cluster, host or pool, or at the end the VM.
public struct EntitlementLevel: Sendable, Equatable, Codable {
  public enum Kind: String, Sendable, Codable { case cluster, host, pool, vm }

  /// Whether this is the division of a whole cluster or of one host.
  public enum Scope: String, Sendable, Codable { case cluster, host }

  /// What decided the amount.
  public enum Bound: String, Sendable, Codable, CaseIterable {
    /// All wants are met, here and beside it.
    case nothing
    /// It has all it wants, while a sibling wants more.
    case demand
    /// The VM's limit (or quota).
    case limit
    /// The VM's size: it can use no more.
    case size
    /// The limit of the pool.
    case poolLimit = "pool_limit"
    /// The capacity of the host or cluster.
    case capacity
    /// Its reservation holds it above what its shares would bring.
    case reservation
    /// Its shares, against those of its siblings.
    case shares
    /// What siblings are promised exceeds what there is; everyone has the same fraction of the promise.
    case shortfall
    /// It is granted more than it wants, of what its pool has reserved and nobody there demands.
    case poolReservation = "pool_reservation"
  }

  /// A pool that has more than its shares would bring it.
  public struct Reserved: Sendable, Equatable, Codable {
    public var pool: String
    /// As configured in the cluster.
    public var reservation: Int64
    public var amount: Int64
    public init(pool: String, reservation: Int64, amount: Int64) {
      self.pool = pool
      self.reservation = reservation
      self.amount = amount
    }
  }

  public var scope: Scope
  public var kind: Kind
  public var name: String
  /// What the parent had to divide; for the cluster or host itself, its capacity.
  public var divided: Int64
  /// Consumers that the parent divides among, this one included.
  public var siblings: Int
  public var siblingWeights: Int64
  public var weight: Int64
  /// What one share weighs here: 1,000 where pools are divided over hosts, so that their parts can be fine.
  public var weightPerShare: Int64
  /// As configured in the cluster; for a VM and in the cluster's division the same as `reservation`.
  public var configuredReservation: Int64
  /// What counts here: of a pool, the part of its reservation that this host has.
  public var reservation: Int64
  /// Nil is unlimited; of a pool on a host, the host's part.
  public var limit: Int64?
  /// What the pool's children want together before its limit, or what the VM demands.
  public var wanted: Int64
  /// D, the most it may have: the wants cut to limit and size.
  public var cap: Int64
  /// F, what it is promised.
  public var floor: Int64
  /// λ among the siblings, amount per unit of weight; nil where all wants were met or promises could not be kept.
  public var level: WaterLevel?
  public var amount: Int64
  public var bound: Bound
  /// Of a consumer that its shares hold: the pool beside it that has most by its reservation, more than its shares would
  /// bring it. Nil: none.
  public var reservedBeside: Reserved?
  /// Of a VM, where a second pass gives what its pool has reserved and nobody there demands: the most that pass may
  /// give, limit and size. Nil where there is no second pass.
  public var ceiling: Int64?

  public init(
    scope: Scope, kind: Kind, name: String, divided: Int64, siblings: Int, siblingWeights: Int64,
    weight: Int64, weightPerShare: Int64, configuredReservation: Int64, reservation: Int64,
    limit: Int64?,
    wanted: Int64, cap: Int64, floor: Int64, level: WaterLevel?, amount: Int64, bound: Bound,
    reservedBeside: Reserved? = nil, ceiling: Int64? = nil
  ) {
    self.reservedBeside = reservedBeside
    self.scope = scope
    self.kind = kind
    self.name = name
    self.divided = divided
    self.siblings = siblings
    self.siblingWeights = siblingWeights
    self.weight = weight
    self.weightPerShare = weightPerShare
    self.configuredReservation = configuredReservation
    self.reservation = reservation
    self.limit = limit
    self.wanted = wanted
    self.cap = cap
    self.floor = floor
    self.level = level
    self.amount = amount
    self.bound = bound
    self.ceiling = ceiling
  }
}

/// One change of settings, and what the VM is entitled to after it, found by deciding again with the change.
public struct EntitlementLever: Sendable, Equatable, Codable {
  public enum Change: String, Sendable, Codable {
    case raiseLimit = "raise_limit"
    case raiseShares = "raise_shares"
    case raiseReservation = "raise_reservation"
    case raisePoolLimit = "raise_pool_limit"
    case raisePoolShares = "raise_pool_shares"
    case raisePoolReservation = "raise_pool_reservation"
    /// The VM on another host.
    case move
    /// More capacity of the host or cluster.
    case addCapacity = "add_capacity"
  }

  public var change: Change
  /// The VM, pool or host to change, or to move to.
  public var subject: String
  /// The number now: kHz or bytes, or shares. Nil for `move`.
  public var from: Int64?
  /// The least that brings `entitlement`. Nil for `move`.
  public var to: Int64?
  /// Where `from` and `to` are shares of each vCPU: how many it has. Nil where they are the whole VM's.
  public var vcpus: Int64?
  /// What the VM is entitled to with this change and nothing else changed.
  public var entitlement: Int64

  public init(
    change: Change, subject: String, from: Int64?, to: Int64?, vcpus: Int64? = nil,
    entitlement: Int64
  ) {
    self.change = change
    self.subject = subject
    self.from = from
    self.to = to
    self.vcpus = vcpus
    self.entitlement = entitlement
  }
}

/// Names and scales for explanations; a manager knows indices and weights only.
public struct ExplanationNames: Sendable, Equatable {
  public var cluster: String
  /// By position of the host in its cluster; one for a host alone.
  public var hosts: [String]
  public var vm: String
  /// Paths by index in the cluster's tree; the root's is not used.
  public var pools: [String]
  /// What a number of CPU shares is about where the reader writes one; a manager knows what the whole VM weighs.
  public var weightScope: WeightScope
  public init(
    cluster: String = "cluster", hosts: [String], vm: String, pools: [String] = [],
    weightScope: WeightScope = .vm
  ) {
    self.cluster = cluster
    self.hosts = hosts
    self.vm = vm
    self.pools = pools
    self.weightScope = weightScope
  }
}
