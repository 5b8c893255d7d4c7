import BallastUnits

/// What the manager asks of a host: settings, not outcomes. The next observation tells what came of it.
///
/// Rows are the VMs under management, in order, also those that the observation did not show: a VM that was merely
/// not reported keeps its settings, and for one that is gone the host refuses the row. One plan is filled again and
/// again.
public struct HostPlan: Sendable, Equatable, Codable {
  /// A pool as this host sees it: its part of the cluster's pool.
  public struct Pool: Sendable, Equatable, Codable {
    /// Index of the cluster's pool.
    public var pool: Int
    /// Position of the parent in `HostPlan.pools`; −1 for the root. Parents come first.
    public var parent: Int
    /// kHz
    public var reservation: Int64
    /// kHz; `Int64.max` is unlimited.
    public var limit: Int64
    public var weight: Int64
    public init(pool: Int, parent: Int, reservation: Int64, limit: Int64, weight: Int64) {
      self.pool = pool
      self.parent = parent
      self.reservation = reservation
      self.limit = limit
      self.weight = weight
    }
  }

  /// `HostObservation.sequence` of the observation this plan answers.
  public var observation: UInt64 = 0
  /// Empty: all VMs are siblings under the root. Otherwise position 0 is the root.
  public var pools: [Pool] = []

  public var vms: [VMIndex] = []
  /// Position of each VM's pool in `pools`; 0 where there are none.
  public var pool: [Int] = []
  /// kHz
  public var cpuReservation: [Int64] = []
  /// kHz; `Int64.max` is unlimited.
  public var cpuLimit: [Int64] = []
  public var cpuWeight: [Int64] = []
  /// Bytes of guest memory that are never taken once touched (memory.min).
  public var memoryReservation: [Int64] = []
  /// Bytes of host memory for the guest at most; `Int64.max` is unlimited.
  public var memoryLimit: [Int64] = []
  /// What each VM is entitled to at the observed demand, kHz; 0 for one that was not shown. For reports and
  /// explanations; nothing is actuated.
  public var cpuEntitlement: [Int64] = []
  /// Bytes of guest memory, likewise.
  public var memoryEntitlement: [Int64] = []
  /// What is asked about each VM's memory. Empty: nothing is asked of any; else one per row.
  public var memory: [VMMemoryRequest] = []
  public var hostMemory = HostMemoryRequest()

  public init() {}

  /// What is asked about a VM's memory; nothing where the plan is silent.
  public func memory(row: Int) -> VMMemoryRequest {
    row < memory.count ? memory[row] : VMMemoryRequest()
  }

  /// Takes one row out, as if the VM were not under management.
  public mutating func remove(row: Int) {
    vms.remove(at: row)
    pool.remove(at: row)
    cpuReservation.remove(at: row)
    cpuLimit.remove(at: row)
    cpuWeight.remove(at: row)
    memoryReservation.remove(at: row)
    memoryLimit.remove(at: row)
    cpuEntitlement.remove(at: row)
    memoryEntitlement.remove(at: row)
    if row < memory.count { memory.remove(at: row) }
  }
}

/// A setting that could not even be requested.
public struct ActuationFailure: Sendable, Equatable, Codable {
  public enum Reason: Sendable, Equatable, Codable {
    /// The VM has gone since the observation.
    case noSuchVM
    /// The host said no.
    case refused(String)
  }
  public var vm: VMIndex
  public var setting: String
  public var reason: Reason
  public init(vm: VMIndex, setting: String, reason: Reason) {
    self.vm = vm
    self.setting = setting
    self.reason = reason
  }
}
