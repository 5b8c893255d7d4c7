import BallastUnits

/// Shares as written: a level of the scenario's own scale, or a number.
public enum SharesSetting: Sendable, Equatable {
  case low, normal, high
  case number(Int64)
}

/// Reservation, limit and shares of one resource for a VM or a pool.
///
/// `Amount` is `Kilohertz` for CPU and `Bytes` for memory.
public struct ResourceSettings<Amount: Quantity>: Sendable, Equatable {
  /// Guaranteed minimum; a floor whenever demand reaches it.
  public var reservation: Amount
  /// Hard ceiling even with idle capacity; nil is unlimited.
  public var limit: Amount?
  /// Weight among the siblings of one parent; nil takes the profile's default.
  public var shares: SharesSetting?
  /// A pool may borrow from its parent for admission. Meaningless for a VM.
  public var expandable: Bool
  public init(
    reservation: Amount = .zero, limit: Amount? = nil, shares: SharesSetting? = nil,
    expandable: Bool = true
  ) {
    self.reservation = reservation
    self.limit = limit
    self.shares = shares
    self.expandable = expandable
  }
}

public struct ClusterSpec: Sendable {
  public var name: String
  public var hosts: [HostEntry]
  public var pools: [PoolSpec]
  public var place: SourcePlace
  public init(name: String, hosts: [HostEntry], pools: [PoolSpec], place: SourcePlace) {
    self.name = name
    self.hosts = hosts
    self.pools = pools
    self.place = place
  }
}

/// One host, or `count` alike: NAME for one, NAME-0 … NAME-(count−1) for more.
public struct HostEntry: Sendable {
  public var name: String
  public var count: Int
  public var sockets: Int
  public var coresPerSocket: Int
  public var threadsPerCore: Int
  /// Clock of one core.
  public var coreRate: Kilohertz
  public var memory: Bytes
  /// Nil: the profile's.
  public var swap: SwapDeviceSpec?
  public var place: SourcePlace
  public init(
    name: String, count: Int, sockets: Int, coresPerSocket: Int, threadsPerCore: Int,
    coreRate: Kilohertz, memory: Bytes, swap: SwapDeviceSpec? = nil, place: SourcePlace
  ) {
    self.name = name
    self.count = count
    self.sockets = sockets
    self.coresPerSocket = coresPerSocket
    self.threadsPerCore = threadsPerCore
    self.coreRate = coreRate
    self.memory = memory
    self.swap = swap
    self.place = place
  }
}

public struct PoolSpec: Sendable {
  public var name: String
  public var cpu: ResourceSettings<Kilohertz>
  public var memory: ResourceSettings<Bytes>
  public var pools: [PoolSpec]
  public var place: SourcePlace
  public init(
    name: String, cpu: ResourceSettings<Kilohertz>, memory: ResourceSettings<Bytes>,
    pools: [PoolSpec], place: SourcePlace
  ) {
    self.name = name
    self.cpu = cpu
    self.memory = memory
    self.pools = pools
    self.place = place
  }
}

/// One line of `vms:`: a VM, `count` alike, or one per series of a trace.
public struct VMEntry: Sendable {
  /// Nil only with `from`: the VMs then bear the names of their series.
  public var name: String?
  public var count: Int
  /// The name of a trace; one VM per series.
  public var from: String?
  /// Nil: the only cluster.
  public var cluster: String?
  /// Path of pool names without the cluster, "gold/web"; nil: the root.
  public var pool: String?
  /// Host the VM starts on; nil: the placement policy chooses.
  public var host: String?
  /// Nil only with `from`: the trace says.
  public var vcpus: Int?
  public var memory: Bytes?
  public var cpu: ResourceSettings<Kilohertz>
  public var memorySettings: ResourceSettings<Bytes>
  /// What its memory is like.
  public var guestMemory: GuestMemorySpec
  public var memoryPolicy: MemoryPolicySpec
  /// cgroup bandwidth: at most `quota` of CPU time per `quotaPeriod`, for the whole VM or per vCPU.
  public var cpuQuota: CPUQuota?
  public var affinity: [AffinitySpec]
  public var restartPriority: RestartPriority
  public var start: SimTime
  public var stop: SimTime?
  public var workload: WorkloadSpec
  public var place: SourcePlace
  /// Where single keys of this entry were written ("host", "pool", "cpu.limit", …), for later complaints.
  public var keyPlaces: [String: SourcePlace]
  public init(
    name: String?, count: Int, from: String?, cluster: String?, pool: String?, host: String?,
    vcpus: Int?, memory: Bytes?, cpu: ResourceSettings<Kilohertz>,
    memorySettings: ResourceSettings<Bytes>, guestMemory: GuestMemorySpec = .init(),
    memoryPolicy: MemoryPolicySpec = .init(),
    cpuQuota: CPUQuota?, affinity: [AffinitySpec] = [], restartPriority: RestartPriority = .medium,
    start: SimTime,
    stop: SimTime?, workload: WorkloadSpec, place: SourcePlace, keyPlaces: [String: SourcePlace]
  ) {
    self.name = name
    self.count = count
    self.from = from
    self.cluster = cluster
    self.pool = pool
    self.host = host
    self.vcpus = vcpus
    self.memory = memory
    self.cpu = cpu
    self.memorySettings = memorySettings
    self.guestMemory = guestMemory
    self.memoryPolicy = memoryPolicy
    self.cpuQuota = cpuQuota
    self.affinity = affinity
    self.restartPriority = restartPriority
    self.start = start
    self.stop = stop
    self.workload = workload
    self.place = place
    self.keyPlaces = keyPlaces
  }

  public func place(of key: String) -> SourcePlace { keyPlaces[key] ?? place }
}

public struct CPUQuota: Sendable, Equatable {
  public enum Scope: Sendable, Equatable { case vm, vcpu }
  public var quota: SimDuration
  public var period: SimDuration
  public var scope: Scope
  public init(quota: SimDuration, period: SimDuration, scope: Scope) {
    self.quota = quota
    self.period = period
    self.scope = scope
  }
}
