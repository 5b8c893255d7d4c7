import BallastUnits

/// How short of memory a host is, from plenty to nearly none. A lower state reclaims more harshly.
public enum MemoryState: String, Sendable, Equatable, Codable, Comparable, CaseIterable {
  case high, clear, soft, hard, low

  /// Plenty is the least.
  public static func < (a: MemoryState, b: MemoryState) -> Bool { a.rank < b.rank }
  private var rank: Int {
    switch self {
    case .high: 0
    case .clear: 1
    case .soft: 2
    case .hard: 3
    case .low: 4
    }
  }
}

/// The ways to take memory from a guest.
public enum ReclaimTechnique: String, Sendable, Equatable, Codable, CaseIterable {
  case share, balloon, compress, swap
}

/// What a decision about one VM's memory rests on, and what it came to.
public struct MemoryExplanation: Sendable, Equatable, Codable {
  /// What holds a target where it is.
  public enum Bound: String, Sendable, Equatable, Codable {
    /// Between floor and cap: the price decides.
    case price
    /// min(reservation, touched)
    case reservation
    /// The VM's memory limit.
    case limit
    /// Configured memory, or all that was ever touched.
    case size
    /// The limit of a pool above the VM, and the price among those inside.
    case poolLimit = "pool_limit"
    /// The reservation of a pool above the VM, and the price among those inside.
    case poolReservation = "pool_reservation"
    /// The least that the VM is to keep.
    case minimum
    /// What the guest needs by its own account, with what it is to have beyond that.
    case demand
    /// Its part of what there is for all.
    case part
    /// The most that one decision changes.
    case pace
  }

  /// Why a VM is not made to give memory up, whatever the policy would.
  public enum Guard: String, Sendable, Equatable, Codable {
    case driverMissing = "driver_missing"
    case statisticsStale = "statistics_stale"
    case balloonStuck = "balloon_stuck"
    case inTransition = "in_transition"
    case notShown = "not_shown"
  }

  /// One technique and how much of it is asked for.
  public struct Amount: Sendable, Equatable, Codable {
    public var technique: ReclaimTechnique
    /// Bytes of guest memory; negative where a balloon gives back.
    public var bytes: Int64
    public init(technique: ReclaimTechnique, bytes: Int64) {
      self.technique = technique
      self.bytes = bytes
    }
  }

  public var vm: VMIndex
  public var shares: Int64 = 0
  /// Bytes the VM holds, as observed, its overhead aside.
  public var held: Int64 = 0
  /// Active fraction that decided, and its standard error; the latter nil where nothing was sampled.
  public var activeFraction: PartsPerMillion = .one
  public var activeFractionError: Double?
  /// k = 1/(1 − τ): how many times an active page an idle page costs. It describes.
  public var idleCost: Double = 1
  /// ρ = S / (P (f + k (1 − f))): shares the VM pays per MiB held; the lowest gives memory up first. It describes.
  public var price: Double = 0
  /// Bytes between which the target had to lie.
  public var floor: Int64 = 0
  public var cap: Int64 = 0
  /// Bytes the VM is to hold; −1: the policy wants nothing of it.
  public var target: Int64 = -1
  public var bound = Bound.size
  public var amounts: [Amount] = []
  /// Bytes above the target that no technique could be asked for.
  public var shortage: Int64 = 0
  public var heldBackBy: Guard?
  /// Bytes that the VM may hold; while it holds more it is stopped. Nil: it runs whatever it holds.
  public var stoppedAbove: Int64?

  public init(vm: VMIndex) { self.vm = vm }
}

/// What a host's decision about memory rests on.
public struct MemoryDecision: Sendable, Equatable, Codable {
  /// `HostObservation.sequence` it was made from.
  public var observation: UInt64 = 0
  /// The policy by its catalog name.
  public var policy = "none"
  public var state = MemoryState.high
  /// Bytes that count as free, and the bytes below which the policy acts.
  public var free: Int64 = 0
  public var wanted: Int64 = 0
  /// Bytes that no technique could be asked for.
  public var shortage: Int64 = 0
  /// What guests hold may pass to others though free memory stays what it is.
  public var mayExchange = false
  public var vms: [MemoryExplanation] = []

  public init() {}

  /// Nothing is asked, and nothing would be while what is free stays what it is.
  public var isQuiet: Bool {
    state <= .clear && !mayExchange && vms.allSatisfy { $0.amounts.isEmpty }
  }
}
