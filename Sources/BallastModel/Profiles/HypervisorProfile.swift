import BallastUnits

/// What differs between hypervisors, as data. For now: the scale of shares. No overhead and no reserve is modelled yet;
/// `run.json` says so as an assumption.
public struct HypervisorProfile: Sendable, Equatable {
  public var name: String
  public var summary: String
  /// CPU shares of a VM that says nothing.
  public var defaultCPUShares: DefaultShares
  /// Memory shares of a VM that says nothing, per MiB of its configured memory.
  public var defaultMemorySharesPerMebibyte: Int64
  /// CPU shares of a pool that says nothing.
  public var defaultPoolCPUShares: Int64
  public var defaultPoolMemoryShares: Int64
  /// VMs are cgroups: `quota` and `quota_period` are allowed.
  public var hasCPUQuota: Bool
  /// What a VM's number of CPU shares is said about.
  public var weightScope: WeightScope
  /// Host memory that each VM costs beside its own.
  public var memoryOverhead: MemoryOverhead
  /// Host memory that VMs do not get.
  public var hostMemoryReserve: HostMemoryReserve
  /// Reclaim keeps ESXi's minFree, `FreeMemoryScale`.
  public var keepsMinFree: Bool
  public var memory: MemoryFacts
  public var migration: MigrationFacts
  /// Sentences for `run.json` and the report.
  public var assumptions: [String]

  public enum DefaultShares: Sendable, Equatable {
    case perVCPU(Int64)
    case perVM(Int64)
  }

  public init(
    name: String, summary: String, defaultCPUShares: DefaultShares,
    defaultMemorySharesPerMebibyte: Int64, defaultPoolCPUShares: Int64,
    defaultPoolMemoryShares: Int64, hasCPUQuota: Bool,
    weightScope: WeightScope = .vm, memoryOverhead: MemoryOverhead,
    hostMemoryReserve: HostMemoryReserve, keepsMinFree: Bool, memory: MemoryFacts,
    migration: MigrationFacts,
    assumptions: [String]
  ) {
    self.name = name
    self.summary = summary
    self.defaultCPUShares = defaultCPUShares
    self.defaultMemorySharesPerMebibyte = defaultMemorySharesPerMebibyte
    self.defaultPoolCPUShares = defaultPoolCPUShares
    self.defaultPoolMemoryShares = defaultPoolMemoryShares
    self.hasCPUQuota = hasCPUQuota
    self.weightScope = weightScope
    self.memoryOverhead = memoryOverhead
    self.hostMemoryReserve = hostMemoryReserve
    self.keepsMinFree = keepsMinFree
    self.memory = memory
    self.migration = migration
    self.assumptions = assumptions
  }
}
