import BallastModel
import BallastUnits

/// One managed VM as a memory policy sees it: settings, and readings that have been checked. All amounts are bytes,
/// none is negative, and none exceeds `MemoryTable.bytesMax`.
public struct MemoryRow: Sendable, Equatable {
  public var vm: VMIndex
  /// The observation shows the VM. Without it the rest is zero and nothing is asked of it.
  public var isSeen = false
  public var configured: Int64 = 0
  /// What backs the guest now, its overhead aside.
  public var held: Int64 = 0
  /// All the guest has touched and not given back for good: held + ballooned + swapped + compressed, at most configured.
  public var touched: Int64 = 0
  /// What is reserved and the host has: a part of it where reservations exceed its memory.
  public var reservation: Int64 = 0
  /// `Int64.max` is unlimited.
  public var limit: Int64 = .max
  public var weight: Int64 = 0
  /// Position of its pool in `MemoryTable.pools`.
  public var pool: Int = 0
  public var settings = VMMemorySettings()

  public var balloon: Int64 = 0
  public var compressed: Int64 = 0
  /// What the compressed pages occupy.
  public var compressedSize: Int64 = 0
  public var overhead: Int64 = 0
  /// Active part of `held` and the error of the sample behind it; 1 where nothing is known: nobody is taxed unseen.
  public var activeFraction: PartsPerMillion = .one
  public var activeFractionError: Double?

  /// Told by the guest and fresh; nil otherwise.
  public var guestUnused: Int64?
  public var guestAvailable: Int64?
  public var guestCommitted: Int64?
  /// Why its balloon must not grow; nil where it may.
  public var heldBackBy: MemoryExplanation.Guard?

  /// Nothing at all may be taken from it now: it is not shown, its readings are nonsense, or it is in transition.
  public var isUntouchable: Bool {
    switch heldBackBy {
    case .notShown, .inTransition, .statisticsStale: true
    case .driverMissing, .balloonStuck, nil: false
    }
  }

  public init(vm: VMIndex) { self.vm = vm }

  /// What the guest has: configured less the balloon (libvirt: balloon.current).
  public var current: Int64 { configured - balloon }
  /// What it has and nothing backs yet: where guests are backed whole from power-on, it waits for that.
  public var unbacked: Int64 { max(0, configured - touched) }
  /// What is never taken: min(reservation, touched).
  public var floor: Int64 { min(reservation, touched) }
  /// The most it may hold: min(configured, limit, touched).
  public var cap: Int64 { min(configured, limit, touched) }
  /// Bytes the balloon may grow to at most; never less than it holds.
  public var balloonMax: Int64 {
    guard settings.isBallooned, heldBackBy == nil else { return balloon }
    let part = min(max(settings.balloonMax.value, 0), 1_000_000)
    return max(balloon, scaled(configured, by: part, over: 1_000_000))
  }
}

/// What an administrator may say about one VM's memory beside reservation, limit and shares.
public struct VMMemorySettings: Sendable, Equatable {
  /// Bytes a balloon must leave; −1: not said. MoM and vdsm then take 0, Proxmox leaves the VM alone, Hyper-V takes the
  /// reservation.
  public var minimum: Int64 = -1
  /// Part of configured memory a balloon may take at most (ESXi: CtlMaxPercent 65 %).
  public var balloonMax = PartsPerMillion.percent(65)
  /// False takes the VM out of ballooning.
  public var isBallooned = true
  /// Hyper-V: what is wanted beyond demand, 5 … 2000 %.
  public var buffer = PartsPerMillion.percent(20)
  /// Hyper-V: memory weight, 0 … 100.
  public var priority: Int64 = 50
  public init() {}
}

/// A pool as the memory half sees it; parents come first and the root has parent −1.
public struct MemoryPool: Sendable, Equatable {
  public var parent: Int
  public var reservation: Int64
  /// `Int64.max` is unlimited.
  public var limit: Int64
  public var weight: Int64
  public init(parent: Int, reservation: Int64 = 0, limit: Int64 = .max, weight: Int64) {
    self.parent = parent
    self.reservation = reservation
    self.limit = limit
    self.weight = weight
  }
}

/// A host's memory as a policy sees it: the whole table at once, checked.
public struct MemoryTable: Sendable, Equatable {
  /// No reading counts for more: 256 TiB. Sums and products of what is left fit their integers.
  public static let bytesMax: Int64 = 1 << 48
  /// Nor any number of shares, pools in thousandths included.
  public static let weightMax: Int64 = 1 << 45

  public var time = SimTime.zero
  /// Memory for VMs, and all there is.
  public var capacity: Int64 = 0
  public var total: Int64 = 0
  /// Negative where more is handed out than there is.
  public var free: Int64 = 0
  /// Droppable cache beside what is free.
  public var cached: Int64 = 0
  public var readings = HostMemoryReadings()
  /// Empty: all VMs are siblings.
  public var pools: [MemoryPool] = []
  public var rows: [MemoryRow] = []
  public init() {}
}

/// Decides what is asked of a host about its memory.
///
/// A value with its state inside: copying it starts a what-if. It gets the whole table once per decision, writes one
/// request per row, and says what it rests on. It need not care for guests that must not be shrunk now: requests that
/// would are held back afterwards (`MemoryControl`).
public protocol MemoryPolicy: Sendable, Equatable {
  /// Its name in `memoryCatalog`.
  var name: String { get }
  /// The tax that entitlements of its host are computed with; none unless it says otherwise.
  var tax: IdleMemoryTax { get }

  /// With so much free, bytes, it would ask for nothing from VMs of which nothing is reclaimed, whoever they are.
  func isIdle(free: Int64) -> Bool

  /// Whether it takes from a VM of these settings what exceeds the VM's limit, by its balloon and whatever the host's state,
  /// where guests tell what they have free and no more.
  func keepsLimit(of settings: VMSettings) -> Bool

  /// Bytes that it keeps free of a host's memory, if it can.
  func keptFree(of memory: Int64) -> Int64

  /// - Parameters:
  ///   - requests: one per row, empty at first.
  ///   - host: empty at first.
  ///   - decision: filled with what the decision rests on; `decision.vms` has one row per VM.
  mutating func decide(
    _ table: MemoryTable, requests: inout [VMMemoryRequest], host: inout HostMemoryRequest,
    decision: inout MemoryDecision)
}

extension MemoryPolicy {
  public var tax: IdleMemoryTax { .none }
  public func isIdle(free: Int64) -> Bool { false }
  public func keepsLimit(of settings: VMSettings) -> Bool { false }
  public func keptFree(of memory: Int64) -> Int64 { 0 }
  func isEqual(to other: any MemoryPolicy) -> Bool { other as? Self == self }
}
