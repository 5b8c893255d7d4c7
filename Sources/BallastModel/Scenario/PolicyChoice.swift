import BallastUnits

/// Who decides what: policies by the names of their catalogs, with their parameters.
public struct PolicyChoice: Sendable, Equatable {
  public var admission: AdmissionChoice
  public var placement: String
  public var balancing: BalancingChoice
  public var failover: FailoverChoice
  public var reclamation: ReclamationChoice
  public var entitlement: EntitlementRules
  public init(
    admission: AdmissionChoice = .init(), placement: String = "load-balance",
    balancing: BalancingChoice = .init(), failover: FailoverChoice = .init(),
    reclamation: ReclamationChoice = .init(), entitlement: EntitlementRules = .init()
  ) {
    self.admission = admission
    self.placement = placement
    self.balancing = balancing
    self.failover = failover
    self.reclamation = reclamation
    self.entitlement = entitlement
  }
}

/// Whether a VM may start.
public struct AdmissionChoice: Sendable, Equatable {
  /// `none`, `strict` or `nova-ratios`.
  public var policy: String
  /// vCPUs per core, ppm; nil: the policy's own.
  public var cpuRatio: PartsPerMillion?
  /// Configured memory per host memory, ppm.
  public var memoryRatio: PartsPerMillion?
  /// Kept from the ratio on every host.
  public var reservedMemory: Bytes?
  public var reservedCores: Int64?
  public init(
    policy: String = "none", cpuRatio: PartsPerMillion? = nil,
    memoryRatio: PartsPerMillion? = nil, reservedMemory: Bytes? = nil, reservedCores: Int64? = nil
  ) {
    self.policy = policy
    self.cpuRatio = cpuRatio
    self.memoryRatio = memoryRatio
    self.reservedMemory = reservedMemory
    self.reservedCores = reservedCores
  }
}

/// Moving VMs while they run.
public struct BalancingChoice: Sendable, Equatable {
  /// `off`, or a name of the catalog: `drs`, `ads`, `consolidation`, `dpm`.
  public var policy: String
  /// 1 moves least, 5 most.
  public var threshold: Int
  /// Time between looks; nil: the policy's own.
  public var interval: SimDuration?
  /// `deviation` or `score`.
  public var form: String
  /// When a host counts as overloaded: `thr`, `iqr`, `mad`, `lr`.
  public var detector: String
  /// Which VM leaves it: `mmt`, `mc`, `mu`, `rs`.
  public var selection: String
  /// The detector's parameter; nil: its own.
  public var parameter: PartsPerMillion?
  public init(
    policy: String = "off", threshold: Int = 3, interval: SimDuration? = nil,
    form: String = "deviation", detector: String = "thr", selection: String = "mmt",
    parameter: PartsPerMillion? = nil
  ) {
    self.policy = policy
    self.threshold = threshold
    self.interval = interval
    self.form = form
    self.detector = detector
    self.selection = selection
    self.parameter = parameter
  }
}

/// Room kept for host failures, and what happens after one.
public struct FailoverChoice: Sendable, Equatable {
  /// `none`, `slots`, `percentage` or `dedicated`.
  public var policy: String
  /// Host failures to survive.
  public var tolerate: Int
  /// `dedicated`: names, entries or globs of the hosts kept empty.
  public var hosts: [String]
  /// `percentage`: nil is tolerate / hosts.
  public var cpu: PartsPerMillion?
  public var memory: PartsPerMillion?
  /// `slots`: nil is the largest reservation.
  public var slotCPU: Kilohertz?
  public var slotMemory: Bytes?
  /// From the failure of a host until it is noticed.
  public var detection: SimDuration
  /// From then until its VMs are powered on elsewhere.
  public var restart: SimDuration
  public init(
    policy: String = "none", tolerate: Int = 1, hosts: [String] = [],
    cpu: PartsPerMillion? = nil, memory: PartsPerMillion? = nil, slotCPU: Kilohertz? = nil,
    slotMemory: Bytes? = nil, detection: SimDuration = .seconds(15),
    restart: SimDuration = .seconds(30)
  ) {
    self.policy = policy
    self.tolerate = tolerate
    self.hosts = hosts
    self.cpu = cpu
    self.memory = memory
    self.slotCPU = slotCPU
    self.slotMemory = slotMemory
    self.detection = detection
    self.restart = restart
  }
}

/// How memory is taken back. What is nil is the profile's.
public struct ReclamationChoice: Sendable, Equatable {
  /// False: memory is counted and nothing is taken back; a host may hand out more than it has.
  public var isModelled: Bool
  /// Name in the memory catalog.
  public var policy: String?
  /// Techniques in the order they are tried; one that is not named is not used.
  public var order: [ReclaimTechnique]?
  public var idleTax: PartsPerMillion?
  /// Free memory that states are parts of; nil: the profile's scale.
  public var minFree: Bytes?
  /// A page that the guest pages out and the host has swapped out is read back first.
  public var doublePaging: Bool
  /// mom-ovirt: balloons are switched on.
  public var isBallooning = false
  public init(
    isModelled: Bool = true, policy: String? = nil, order: [ReclaimTechnique]? = nil,
    idleTax: PartsPerMillion? = nil, minFree: Bytes? = nil, doublePaging: Bool = false
  ) {
    self.isModelled = isModelled
    self.policy = policy
    self.order = order
    self.idleTax = idleTax
    self.minFree = minFree
    self.doublePaging = doublePaging
  }
}
