import BallastModel
import BallastUnits

/// Decides for one host: which weight, limit and reservation each VM is to have, and what it is entitled to.
///
/// A value: copy it to try a what-if. It knows the settings of its VMs and the host's part of the pool tree, and of the
/// host only what an observation tells; the same code decides for simulated, recorded and real hosts.
public struct ResourceManager: Sendable, Equatable {
  /// One pool as this host sees it: its part of the cluster's pool.
  public struct PoolShare: Sendable, Equatable {
    /// Index in the cluster's tree.
    public var pool: Int
    /// Position of the parent in the list; −1 for the root, which is first.
    public var parent: Int
    public var cpuReservation: Int64
    public var cpuLimit: Int64
    public var cpuWeight: Int64
    public var memoryReservation: Int64
    public var memoryLimit: Int64
    public var memoryWeight: Int64
  }

  /// The VMs it manages, in order; rows of an observation that it does not manage stay untouched.
  public private(set) var vms: [VMIndex] = []
  private var rows: [Row] = []
  /// Empty: all VMs are siblings.
  public internal(set) var pools: [PoolShare] = []
  /// What a share weighs on this host: finer where pools are divided, for VMs and pools alike.
  var weightPerShare: Int64 { pools.isEmpty ? 1 : DividedPools.weightPerShare }
  /// Position of each managed VM's pool in `pools`.
  var poolPositions: [Int] = []

  struct Row: Sendable, Equatable {
    var settings: VMSettings
    /// When it came under management; counters before that say nothing.
    var since: SimTime
    /// Last observed CPU demand, kHz; −1: nothing observed yet.
    var demand: Int64 = -1
    var memoryDemand: Int64 = -1
  }

  /// The memory half: policy, tax, and what is remembered of each guest.
  var memory: MemoryControl

  public init(memory: MemoryControl = MemoryControl()) { self.memory = memory }

  // MARK: Settings

  public mutating func add(_ vm: VMIndex, _ settings: VMSettings, at time: SimTime) {
    let position = insertionPoint(of: vm)
    vms.insert(vm, at: position)
    rows.insert(Row(settings: settings, since: time), at: position)
    poolPositions.insert(0, at: position)
  }

  public mutating func remove(_ vm: VMIndex) {
    guard let position = position(of: vm) else { return }
    vms.remove(at: position)
    rows.remove(at: position)
    poolPositions.remove(at: position)
  }

  public mutating func configure(_ vm: VMIndex, _ settings: VMSettings) {
    guard let position = position(of: vm) else { return }
    rows[position].settings = settings
  }

  public func settings(of vm: VMIndex) -> VMSettings? {
    position(of: vm).map { rows[$0].settings }
  }

  // MARK: Deciding

  /// What is asked of the host, from what it reports. Fills `plan`, whose storage is kept.
  ///
  /// Observed CPU demand = (run + ready time) / interval × clock, at most the VM's size: no host reports demand itself.
  /// A VM of which nothing has been observed yet counts as wanting all it may have.
  ///
  /// The plan has a row for every managed VM. One that the observation does not show keeps its settings and is entitled
  /// to 0 until it is shown again: whether it has gone or merely did not answer, only the host knows. Nonsense
  /// (counters that fell, no clock, no capacity) teaches nothing: the demand observed last stays.
  public mutating func decide(
    _ seen: HostObservation, into plan: inout HostPlan, workspace: DecisionWorkspace
  ) {
    note(seen)
    write(&plan, answering: seen)
    entitle(seen, &plan, workspace)
    decideMemory(seen, &plan)
  }

  /// Takes over what the observation tells about demand.
  mutating func note(_ seen: HostObservation) {
    var row = 0
    for index in vms.indices {
      while row < seen.count && seen.vms[row] < vms[index] { row += 1 }
      guard row < seen.count, seen.vms[row] == vms[index] else { continue }
      if let demand = seen.cpuDemand(row: row, since: rows[index].since) {
        rows[index].demand = demand
      }
      if seen.memoryConsumed[row] >= 0 { rows[index].memoryDemand = seen.memoryConsumed[row] }
    }
  }

  /// Observed demand of a managed VM, kHz; nil before the first observation.
  public func observedDemand(of vm: VMIndex) -> Kilohertz? {
    guard let position = position(of: vm), rows[position].demand >= 0 else { return nil }
    return Kilohertz(rows[position].demand)
  }

  private func write(_ plan: inout HostPlan, answering seen: HostObservation) {
    plan.observation = seen.sequence
    plan.pools.removeAll(keepingCapacity: true)
    for share in pools {
      plan.pools.append(
        HostPlan.Pool(
          pool: share.pool, parent: share.parent, reservation: share.cpuReservation,
          limit: share.cpuLimit, weight: share.cpuWeight))
    }
    plan.vms.removeAll(keepingCapacity: true)
    plan.pool.removeAll(keepingCapacity: true)
    plan.cpuReservation.removeAll(keepingCapacity: true)
    plan.cpuLimit.removeAll(keepingCapacity: true)
    plan.cpuWeight.removeAll(keepingCapacity: true)
    let weightPerShare = weightPerShare
    for index in vms.indices {
      let settings = rows[index].settings
      plan.vms.append(vms[index])
      plan.pool.append(poolPositions[index])
      plan.cpuReservation.append(settings.cpuReservation)
      plan.cpuLimit.append(settings.cpuLimit)
      plan.cpuWeight.append(settings.cpuWeight * weightPerShare)
    }
  }

  private func entitle(
    _ seen: HostObservation, _ plan: inout HostPlan, _ workspace: DecisionWorkspace
  ) {
    workspace.cpu.removeAll()
    workspace.memory.removeAll()
    let weightPerShare = weightPerShare
    var row = 0
    for index in vms.indices {
      while row < seen.count && seen.vms[row] < vms[index] { row += 1 }
      let settings = rows[index].settings
      let isSeen = row < seen.count && seen.vms[row] == vms[index]
      let size = isSeen ? seen.cpuSize(row: row) : 0
      workspace.cpu.append(
        reservation: settings.cpuReservation,
        cap: min(cpuDemand(of: index, size: size), settings.cpuLimit, size),
        weight: settings.cpuWeight * weightPerShare)
      let configured = isSeen ? seen.memorySize(row: row) : 0
      workspace.memory.append(
        reservation: settings.memoryReservation,
        cap: min(max(rows[index].memoryDemand, 0), settings.memoryLimit, configured),
        weight: settings.memoryWeight * weightPerShare)
    }
    for share in pools {
      workspace.cpu.append(
        Division.Pool(
          parent: share.parent, reservation: share.cpuReservation, limit: share.cpuLimit,
          weight: share.cpuWeight))
      workspace.memory.append(
        Division.Pool(
          parent: share.parent, reservation: share.memoryReservation, limit: share.memoryLimit,
          weight: share.memoryWeight))
    }
    workspace.cpu.divide(capacity: max(0, seen.cpuCapacity.value), poolOfRow: poolPositions)
    workspace.memory.divide(capacity: max(0, seen.memoryCapacity.value), poolOfRow: poolPositions)
    plan.cpuEntitlement.removeAll(keepingCapacity: true)
    plan.cpuEntitlement.append(contentsOf: workspace.cpu.granted[..<vms.count])
    plan.memoryEntitlement.removeAll(keepingCapacity: true)
    plan.memoryEntitlement.append(contentsOf: workspace.memory.granted[..<vms.count])
  }

  /// Demand for decisions: as observed, or the whole size while unknown.
  func cpuDemand(of index: Int, size: Int64) -> Int64 {
    rows[index].demand < 0 ? size : rows[index].demand
  }

  func row(_ index: Int) -> Row { rows[index] }

  private func insertionPoint(of vm: VMIndex) -> Int {
    var low = 0
    var high = vms.count
    while low < high {
      let middle = (low + high) / 2
      if vms[middle] < vm { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private func position(of vm: VMIndex) -> Int? {
    let point = insertionPoint(of: vm)
    return point < vms.count && vms[point] == vm ? point : nil
  }
}

/// Room that decisions work in, so that deciding allocates nothing in steady state. One per thread; carries nothing
/// from one decision to the next.
public final class DecisionWorkspace {
  var cpu = Division()
  var memory = Division()
  public init() {}
}
