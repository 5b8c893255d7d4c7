import BallastUnits

/// Ranks the hosts that may take a VM. Rules and charges are the same for all policies and are seen to by `place`.
public protocol PlacementPolicy: Sendable {
  /// The lower score wins; ties go to the earlier host name.
  func score(
    _ request: PlacementRequest, on host: Int, in inventory: ClusterInventory
  ) -> PlacementScore
  /// No host scores below the first of tier 0: the search may end there.
  var takesFirst: Bool { get }
}

extension PlacementPolicy {
  public var takesFirst: Bool { false }
}

/// What is known of a VM before it runs: size and settings.
public struct PlacementRequest: Sendable, Equatable {
  /// Its position in the inventory, for its rules; nil: it has none.
  public var vm: Int?
  public var vcpus: Int64
  /// Bytes
  public var memory: Int64
  /// kHz
  public var cpuReservation: Int64
  /// Bytes: memory reservation and overhead.
  public var memoryCharge: Int64
  /// kHz; nil: unknown, counts as vCPUs × clock.
  public var cpuDemand: Int64?
  /// A host without room for the reservations is out. False: nobody is refused for want of room.
  public var mustFitCharge: Bool
  /// Bytes that a host whose guests are fully backed must have, and bytes of swap space where that is counted.
  public var memoryAtArrival: Int64 = 0
  public var swapSpace: Int64 = 0

  public init(
    vm: Int? = nil, vcpus: Int64, memory: Int64, cpuReservation: Int64 = 0,
    memoryCharge: Int64 = 0, cpuDemand: Int64? = nil, mustFitCharge: Bool = false
  ) {
    self.vm = vm
    self.vcpus = vcpus
    self.memory = memory
    self.cpuReservation = cpuReservation
    self.memoryCharge = memoryCharge
    self.cpuDemand = cpuDemand
    self.mustFitCharge = mustFitCharge
  }

  public init(_ vm: ClusterInventory.VM, position: Int?, mustFitCharge: Bool) {
    self.init(
      vm: position, vcpus: vm.vcpus, memory: vm.memory, cpuReservation: vm.cpuReservation,
      memoryCharge: vm.memoryCharge, cpuDemand: vm.observedCPUDemand.map { min($0, vm.cpuLimit) },
      mustFitCharge: mustFitCharge)
    memoryAtArrival = vm.memoryAtArrival
    swapSpace = vm.swapSpace
  }

  /// kHz on a host of this clock.
  func cpuDemand(at coreRate: Int64) -> Int64 {
    min(cpuDemand ?? vcpus * coreRate, vcpus * coreRate)
  }
}

/// What a policy thinks of a host: `part / whole`, lower is better, within a tier; a lower tier is better than any
/// ratio.
public struct PlacementScore: Sendable, Equatable, Comparable {
  public var tier: Int
  public var part: Int64
  /// Above 0.
  public var whole: Int64

  public init(tier: Int = 0, part: Int64, whole: Int64 = 1) {
    self.tier = tier
    self.part = part
    self.whole = max(1, whole)
  }

  /// Ratios are compared by cross products in 128 bits.
  public static func < (a: PlacementScore, b: PlacementScore) -> Bool {
    if a.tier != b.tier { return a.tier < b.tier }
    return Int128(a.part) * Int128(b.whole) < Int128(b.part) * Int128(a.whole)
  }

  /// The greater of two ratios.
  static func fuller(_ a: PlacementScore, _ b: PlacementScore) -> PlacementScore { a < b ? b : a }
}

/// Where a VM goes, or why nowhere, with the arithmetic.
public struct PlacementDecision: Sendable, Equatable {
  /// A host that was in question.
  public struct Candidate: Sendable, Equatable {
    public var host: Int
    public var brokenShouldRules: Int
    public var score: PlacementScore
  }

  /// Hosts that were out, by the first reason that holds in this order.
  public struct Refusals: Sendable, Equatable {
    public var notOn = 0
    public var rule = 0
    public var cpu = 0
    public var memory = 0
    /// Memory that guests hold from power-on, and swap space, which no reservation is about.
    public var freeMemory = 0
    public var swapSpace = 0
    public init(
      notOn: Int = 0, rule: Int = 0, cpu: Int = 0, memory: Int = 0, freeMemory: Int = 0,
      swapSpace: Int = 0
    ) {
      self.notOn = notOn
      self.rule = rule
      self.cpu = cpu
      self.memory = memory
      self.freeMemory = freeMemory
      self.swapSpace = swapSpace
    }

    /// Hosts that lack memory of any kind.
    public var anyMemory: Int { memory + freeMemory + swapSpace }
  }

  /// Position of the chosen host.
  public var host: Int?
  /// Counted over the hosts looked at: all, unless the policy takes the first that fits.
  public var refusals = Refusals()
  /// The best few, best first; the first is the chosen one.
  public var best: [Candidate] = []
}
