import BallastUnits

/// Why a VM was not admitted, or a reconfiguration or migration not allowed: an answer with its numbers, not an error.
///
/// Amounts are kHz for CPU and bytes for memory, as `AdmissionResource` says.
///
/// Source  docs/ADMISSION.md; the checks themselves are `AdmissionControl`, `AdmissionPolicy` and `FailoverPlanner`.
public enum Refusal: Sendable, Equatable, Codable {
  /// A VM reserves more than it could ever use: vCPUs × clock, or its configured memory.
  case reservationAboveSize(resource: AdmissionResource, reservation: Int64, size: Int64)
  /// A limit lies below the reservation that it is to hold.
  case limitBelowReservation(resource: AdmissionResource, limit: Int64, reservation: Int64)
  /// A pool, or the cluster at its root, has too little unreserved.
  case poolReservation(PoolShortage)
  /// What is reserved already exceeds what there is; nothing more may be reserved until that is mended.
  case overcommitted(Overcommitment)
  /// The cluster could take it, but none of its hosts can.
  case hostFit(HostShortage)
  /// Too little would be left for the hosts whose failure is to be survived.
  case failoverCapacity(FailoverShortage)
  /// A host's allocation ratio, or its physical size, would be exceeded (OpenStack Nova).
  case allocationRatio(RatioShortage)
  /// A rule that must hold leaves no host, of `hosts` that are on.
  case affinityRule(rule: String, hosts: Int)
  /// No host has the memory, or the swap space, without which it cannot run.
  case hostMemory(MemoryShortage)
  /// No host is on.
  case noHost
  /// The host asked for is not on; `state` is its state as in `hosts.csv`.
  case hostNotOn(host: String, state: String)
  /// The VM does not run, or is on its way already, and so does not move; `state` is its state as in `vms.csv`.
  case notMovable(state: String)
}

extension Refusal {
  /// A pool that could not take what was asked of it.
  public struct PoolShortage: Sendable, Equatable, Codable {
    /// Why the pool could not get more.
    public enum Bound: String, Sendable, Equatable, Codable {
      /// The pool's reservation is fixed.
      case fixed
      /// The pool may borrow, but its own limit bounds what can be reserved below it.
      case limit
      /// The root: what the hosts offer.
      case capacity
    }
    /// What one pool was asked for on the way up.
    public struct Ask: Sendable, Equatable, Codable {
      /// Path of the pool; empty for the root.
      public var pool: String
      public var asked: Int64
      /// What the pool had of its own.
      public var unreserved: Int64
      public init(pool: String, asked: Int64, unreserved: Int64) {
        self.pool = pool
        self.asked = asked
        self.unreserved = unreserved
      }
    }

    public var resource: AdmissionResource
    public var bound: Bound
    /// From the pool first asked up to the one that could not give: never empty, the last is where it failed.
    public var asks: [Ask]
    /// What it could have given at most: all it may hold less what it holds. Negative where it holds too much already.
    public var room: Int64

    public init(resource: AdmissionResource, bound: Bound, asks: [Ask], room: Int64) {
      precondition(!asks.isEmpty, "a shortage names the pool where it arose")
      self.resource = resource
      self.bound = bound
      self.asks = asks
      self.room = room
    }

    /// Path of the pool where it failed; empty for the root.
    public var pool: String { asks[asks.count - 1].pool }
    /// What was asked of that pool.
    public var needed: Int64 { asks[asks.count - 1].asked }
    public var unreserved: Int64 { asks[asks.count - 1].unreserved }
    /// How much more it would have had to have.
    public var short: Int64 { clampedDifference(needed, room) }
  }

  /// A pool or root whose children hold more than it has.
  public struct Overcommitment: Sendable, Equatable, Codable {
    public var resource: AdmissionResource
    /// Path of the pool; empty for the root.
    public var pool: String
    /// What its children have reserved.
    public var reserved: Int64
    /// What it may hold: its reservation, its limit, or the capacity of the hosts.
    public var available: Int64
    /// What was asked for on top.
    public var needed: Int64
    public init(
      resource: AdmissionResource, pool: String, reserved: Int64, available: Int64, needed: Int64
    ) {
      self.resource = resource
      self.pool = pool
      self.reserved = reserved
      self.available = available
      self.needed = needed
    }
  }

  /// No host with room.
  public struct HostShortage: Sendable, Equatable, Codable {
    /// How many hosts were looked at.
    public var hosts: Int
    /// The host that came closest.
    public var best: String
    /// What the closest host lacked; 0 where it had enough.
    public var cpuShort: Kilohertz
    public var memoryShort: Bytes
    /// It would fit a host that is empty, and all hosts' room together would have done: the room is in fragments.
    public var isFragmented: Bool
    /// None of the hosts could take it, even empty.
    public var isLargerThanHosts: Bool
    /// Hosts that are on and were not looked at, because a must rule excludes them.
    public var excluded: Int
    public init(
      hosts: Int, best: String, cpuShort: Kilohertz, memoryShort: Bytes, isFragmented: Bool,
      isLargerThanHosts: Bool = false, excluded: Int = 0
    ) {
      self.hosts = hosts
      self.best = best
      self.cpuShort = cpuShort
      self.memoryShort = memoryShort
      self.isFragmented = isFragmented
      self.isLargerThanHosts = isLargerThanHosts
      self.excluded = excluded
    }
  }

  /// What a failover policy must keep and would not.
  public struct FailoverShortage: Sendable, Equatable, Codable {
    /// What is counted.
    public enum Count: Sendable, Equatable {
      /// Slots that are left when the largest hosts are lost.
      case slots
      /// kHz or bytes.
      case amount(AdmissionResource)
    }
    /// Name of the policy: `slots`, `percentage`, `dedicated`.
    public var policy: String
    public var count: Count
    /// What the VMs would use, the new one included.
    public var used: Int64
    /// What they may use so that the failures to tolerate are survived.
    public var available: Int64
    /// How much more capacity of the present hosts would do: of that, too, a policy may keep its part. Nil: no capacity
    /// would, or slots are counted.
    public var capacityShort: Int64?
    public init(
      policy: String, count: Count, used: Int64, available: Int64, capacityShort: Int64? = nil
    ) {
      self.policy = policy
      self.count = count
      self.used = used
      self.available = available
      self.capacityShort = capacityShort
    }
  }

  /// What one host's allocation ratio allows, on the host that came closest.
  public struct RatioShortage: Sendable, Equatable, Codable {
    /// What is counted.
    public enum Count: String, Sendable, Equatable, Codable {
      case vcpus
      /// Bytes.
      case memory
    }
    public var count: Count
    /// How many hosts were looked at.
    public var hosts: Int
    /// The host that came closest.
    public var best: String
    public var asked: Int64
    public var used: Int64
    /// (total − reserved) · ratio.
    public var capacity: Int64
    public var ratio: PartsPerMillion
    /// The host's physical total, which no single VM may exceed.
    public var total: Int64
    public init(
      count: Count, hosts: Int, best: String, asked: Int64, used: Int64, capacity: Int64,
      ratio: PartsPerMillion, total: Int64
    ) {
      self.count = count
      self.hosts = hosts
      self.best = best
      self.asked = asked
      self.used = used
      self.capacity = capacity
      self.ratio = ratio
      self.total = total
    }
    /// The VM alone is larger than the host.
    public var isLargerThanHost: Bool { asked > total }
  }
}

/// a − b, held within 64 bits.
func clampedDifference(_ a: Int64, _ b: Int64) -> Int64 { Int64(clamping: Int128(a) - Int128(b)) }
