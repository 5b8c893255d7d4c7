import BallastUnits

/// Decides which VMs of a cluster should move to other hosts, and which hosts may sleep. A value with its own memory:
/// copying it, with the inventory, starts a what-if.
public protocol BalancingPolicy: Sendable {
  /// Time between two decisions when nothing has happened.
  var interval: SimDuration { get }

  /// Takes note of the demand in the inventory. `balance` does it too; more often gives the history more samples.
  mutating func observe(_ inventory: ClusterInventory, at time: SimTime)

  /// Decides, and books the moves and the power states in the inventory: afterwards it shows the cluster as it will be.
  mutating func balance(_ inventory: inout ClusterInventory, at time: SimTime) -> BalancingOutcome
}

/// What a decision came to.
public struct BalancingOutcome: Sendable, Equatable {
  /// In the order in which they were decided; each is allowed when those before it are done.
  public var moves: [VMMove] = []
  /// Hosts that leave standby; before the moves.
  public var powerOn: [Int] = []
  /// Hosts that go to standby, empty; after the moves.
  public var powerOff: [Int] = []
  /// Standard deviations of host loads before and after; nil where the policy does not look at them.
  public var imbalanceBefore: Imbalance?
  public var imbalanceAfter: Imbalance?
  /// When to decide next.
  public var next: SimTime
  /// Elementary steps: VMs weighed, hosts tried, levels of search trees.
  public var work = 0

  public init(next: SimTime) { self.next = next }
}

/// Standard deviation of load / capacity over the hosts that are on.
public struct Imbalance: Sendable, Equatable {
  public var cpu: PartsPerMillion
  public var memory: PartsPerMillion
  public init(cpu: PartsPerMillion, memory: PartsPerMillion) {
    self.cpu = cpu
    self.memory = memory
  }
}

/// A VM's move to another host with the arithmetic behind it.
public struct VMMove: Sendable, Equatable {
  public enum Reason: String, Sendable, Equatable, Codable {
    case brokenRule = "broken_rule"
    case imbalance
    case score
    case contention
    case overload
    case underload
    case maintenance
  }

  /// Loads as parts of a host's capacity, rounded down to 1 ppm, before and after.
  public struct LoadChange: Sendable, Equatable {
    public var cpuBefore: Int64
    public var cpuAfter: Int64
    public var memoryBefore: Int64
    public var memoryAfter: Int64
    public init(cpuBefore: Int64, cpuAfter: Int64, memoryBefore: Int64, memoryAfter: Int64) {
      self.cpuBefore = cpuBefore
      self.cpuAfter = cpuAfter
      self.memoryBefore = memoryBefore
      self.memoryAfter = memoryAfter
    }
  }

  public var vm: Int
  public var from: Int
  public var to: Int
  public var reason: Reason
  public var source: LoadChange
  public var target: LoadChange
  public var imbalanceBefore: Imbalance?
  public var imbalanceAfter: Imbalance?
  /// What is gained and what it costs, in the policy's own unit (see its header).
  public var benefit: Int64?
  public var cost: Int64?
  /// The line that was crossed, in the policy's own unit.
  public var threshold: Int64?
  /// 1 (mandatory) to 5, where the policy has priorities.
  public var priority: Int?

  public init(
    vm: Int, from: Int, to: Int, reason: Reason, source: LoadChange, target: LoadChange
  ) {
    self.vm = vm
    self.from = from
    self.to = to
    self.reason = reason
    self.source = source
    self.target = target
  }
}
