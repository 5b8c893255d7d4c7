import BallastModel
import BallastUnits

/// What an administrator has said about one VM: the input of every decision about it.
public struct VMSettings: Sendable, Equatable {
  /// kHz
  public var cpuReservation: Int64
  /// kHz; `Int64.max` is unlimited.
  public var cpuLimit: Int64
  public var cpuWeight: Int64
  /// Bytes
  public var memoryReservation: Int64
  /// Bytes; `Int64.max` is unlimited.
  public var memoryLimit: Int64
  public var memoryWeight: Int64
  /// Bytes that the hypervisor itself needs for the VM. Counts as demand under `EntitlementRules.drsMemoryDemand`.
  public var memoryOverhead: Int64
  /// What else may be said of its memory; the usual values unless set.
  public var memory = VMMemorySettings()
  /// Index of its pool in the cluster's tree; 0 is the root.
  public var pool: Int

  public init(
    cpuReservation: Int64 = 0, cpuLimit: Int64 = .max, cpuWeight: Int64 = 1_000,
    memoryReservation: Int64 = 0, memoryLimit: Int64 = .max, memoryWeight: Int64 = 1,
    memoryOverhead: Int64 = 0, pool: Int = 0
  ) {
    self.cpuReservation = cpuReservation
    self.cpuLimit = cpuLimit
    self.cpuWeight = cpuWeight
    self.memoryReservation = memoryReservation
    self.memoryLimit = memoryLimit
    self.memoryWeight = memoryWeight
    self.memoryOverhead = memoryOverhead
    self.pool = pool
  }

  /// The settings of a VM of this size under a profile.
  ///
  /// - Parameters:
  ///   - coreRate: the clock of its host: a quota is a part of that.
  ///   - quota: cgroup bandwidth, beside the limit; the smaller binds.
  ///   - rules: may say what a number of shares is about, instead of the profile.
  public init(
    cpu: ResourceSettings<Kilohertz>, memory: ResourceSettings<Bytes>, quota: CPUQuota?,
    vcpus: Int, configured: Bytes, coreRate: Kilohertz, pool: Int, profile: HypervisorProfile,
    rules: EntitlementRules = EntitlementRules()
  ) {
    cpuReservation = cpu.reservation.value
    cpuLimit = min(
      cpu.limit?.value ?? .max, quota?.rate(vcpus: vcpus, coreRate: coreRate).value ?? .max)
    cpuWeight =
      profile.cpuShares(cpu.shares, vcpus: vcpus, scope: rules.weightScope).value
    memoryReservation = memory.reservation.value
    memoryLimit = memory.limit?.value ?? .max
    memoryWeight = profile.memoryShares(memory.shares, configured: configured).value
    memoryOverhead = 0
    self.pool = pool
  }
}

extension CPUQuota {
  /// The mean rate a quota allows: quota / period of one core, times the vCPUs where it is counted per vCPU; rounded
  /// down once.
  public func rate(vcpus: Int, coreRate: Kilohertz) -> Kilohertz {
    let cores = scope == .vm ? 1 : Int64(vcpus)
    return Kilohertz(scaled(coreRate.value * cores, by: quota.value, over: period.value))
  }
}
