import BallastUnits

/// What a number of CPU shares is said about.
public enum WeightScope: String, Sendable, Equatable, Codable, CaseIterable {
  /// The VM: a second vCPU brings no weight (ESXi, libvirt).
  case vm
  /// One vCPU: a VM weighs the number times its vCPUs (Xen's credit schedulers).
  case vcpu
}

/// Options of entitlement: where a product differs from max-min fairness in a tree of pools. All are off by default.
public struct EntitlementRules: Sendable, Equatable, Codable {
  /// Memory that a pool has reserved and its VMs do not demand stays in the pool, and goes to its VMs by shares up to
  /// their configured size (vSphere 6.7). Off: its siblings may have it.
  public var twoPass = false
  /// Demand for memory is active memory, a quarter of what is consumed but idle, and overhead (DRS). Off: consumed
  /// memory.
  public var drsMemoryDemand = false
  /// A pool weighs its level's factor times Σ weights of the running VMs and pools inside (vSphere 7, scalable shares).
  /// Off: its shares, however many VMs there are.
  public var scalableShares = false
  /// Nil: as the hypervisor's profile says.
  public var weightScope: WeightScope?
  /// The pools of a cluster are divided over its hosts this often, and stay as they are between. Nil: at every control
  /// step.
  public var refresh: SimDuration?

  public init(
    twoPass: Bool = false, drsMemoryDemand: Bool = false, scalableShares: Bool = false,
    weightScope: WeightScope? = nil, refresh: SimDuration? = nil
  ) {
    self.twoPass = twoPass
    self.drsMemoryDemand = drsMemoryDemand
    self.scalableShares = scalableShares
    self.weightScope = weightScope
    self.refresh = refresh
  }

  /// The part of idle consumed memory that counts as demand under `drsMemoryDemand`: vSphere's advanced option
  /// `PercentIdleMBInMemDemand`, 25.
  public static let idleMemoryInDemand = PartsPerMillion.percent(25)
}
