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
  public var rules: EntitlementRules
  /// Empty: all VMs are siblings.
  public private(set) var pools: [PoolShare] = []
  /// VMs or their settings have changed since the host took its part of the divided pools.
  private(set) var isChanged = true

  private var rows: [Row] = []
  // What a plan repeats at every decision, as the columns it has. They share storage with the plan.
  private var cpuReservations: [Int64] = []
  private var cpuLimits: [Int64] = []
  private var cpuWeights: [Int64] = []
  private var memoryReservations: [Int64] = []
  private var memoryLimits: [Int64] = []
  /// Position of each managed VM's pool in `pools`.
  private(set) var poolPositions: [Int] = []

  struct Row: Sendable, Equatable {
    var settings: VMSettings
    /// When it came under management; counters before that say nothing.
    var since: SimTime
    /// Last observed CPU demand, kHz; −1: nothing observed yet.
    var demand: Int64 = -1
    /// Last observed demand for memory and what backed the VM then, bytes; −1 likewise.
    var memoryDemand: Int64 = -1
    var memoryHeld: Int64 = -1
  }

  /// False: a decision leaves memory as it was asked for last.
  public var decidesMemory = true
  /// The memory half: policy, tax, and what is remembered of each guest.
  var memory: MemoryControl

  public init(
    rules: EntitlementRules = EntitlementRules(), memory: MemoryControl = MemoryControl()
  ) {
    self.rules = rules
    self.memory = memory
  }

  // MARK: Settings

  public mutating func add(_ vm: VMIndex, _ settings: VMSettings, at time: SimTime) {
    let position = insertionPoint(of: vm)
    vms.insert(vm, at: position)
    rows.insert(Row(settings: settings, since: time), at: position)
    cpuReservations.insert(settings.cpuReservation, at: position)
    cpuLimits.insert(settings.cpuLimit, at: position)
    cpuWeights.insert(settings.cpuWeight * weightPerShare, at: position)
    memoryReservations.insert(settings.memoryReservation, at: position)
    memoryLimits.insert(settings.memoryLimit, at: position)
    poolPositions.insert(0, at: position)
    isChanged = true
  }

  /// Takes over a VM from another host with what is known of it.
  mutating func adopt(_ vm: VMIndex, _ row: Row) {
    add(vm, row.settings, at: row.since)
    if let position = position(of: vm) { rows[position] = row }
  }

  /// Takes over a VM that has moved here, with the demand that was last seen of it elsewhere.
  ///
  /// - Parameter former: its index there, where it is another.
  public mutating func receive(
    _ vm: VMIndex, _ settings: VMSettings, from other: ResourceManager,
    as former: VMIndex? = nil, at time: SimTime
  ) {
    add(vm, settings, at: time)
    guard let old = other.position(of: former ?? vm), let new = position(of: vm) else { return }
    rows[new].demand = other.rows[old].demand
    rows[new].memoryDemand = other.rows[old].memoryDemand
    rows[new].memoryHeld = other.rows[old].memoryHeld
  }

  public mutating func remove(_ vm: VMIndex) {
    guard let position = position(of: vm) else { return }
    vms.remove(at: position)
    rows.remove(at: position)
    cpuReservations.remove(at: position)
    cpuLimits.remove(at: position)
    cpuWeights.remove(at: position)
    memoryReservations.remove(at: position)
    memoryLimits.remove(at: position)
    poolPositions.remove(at: position)
    isChanged = true
  }

  public mutating func configure(_ vm: VMIndex, _ settings: VMSettings) {
    guard let position = position(of: vm) else { return }
    rows[position].settings = settings
    cpuReservations[position] = settings.cpuReservation
    cpuLimits[position] = settings.cpuLimit
    cpuWeights[position] = settings.cpuWeight * weightPerShare
    memoryReservations[position] = settings.memoryReservation
    memoryLimits[position] = settings.memoryLimit
    isChanged = true
  }

  public func settings(of vm: VMIndex) -> VMSettings? {
    position(of: vm).map { rows[$0].settings }
  }

  /// What a share weighs on this host: finer where pools are divided, for VMs and pools alike.
  var weightPerShare: Int64 { pools.isEmpty ? 1 : PoolParts.weightPerShare }

  /// Takes this host's part of the divided pools.
  ///
  /// - Parameter positions: of every pool of the cluster's tree, where it is in `shares`.
  mutating func take(_ shares: [PoolShare], positions: [Int]) {
    let rescales = pools.isEmpty != shares.isEmpty
    if pools.count == shares.count {
      for index in shares.indices { pools[index] = shares[index] }
    } else {
      pools.removeAll(keepingCapacity: true)
      pools.append(contentsOf: shares)
    }
    // Plans share these columns: writing what is there already would copy them.
    for index in vms.indices {
      let position = positions[rows[index].settings.pool]
      if poolPositions[index] != position { poolPositions[index] = position }
    }
    if rescales {
      for index in vms.indices {
        cpuWeights[index] = rows[index].settings.cpuWeight * weightPerShare
      }
    }
    isChanged = false
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
    write(&plan, answering: seen)
    entitle(seen, workspace)
    copy(workspace.cpu.rows.granted, to: &plan.cpuEntitlement)
    copy(workspace.memory.rows.granted, to: &plan.memoryEntitlement)
    decideMemory(seen, &plan)
  }

  /// Observed demand of a managed VM, kHz; nil before the first observation.
  public func observedDemand(of vm: VMIndex) -> Kilohertz? {
    guard let position = position(of: vm), rows[position].demand >= 0 else { return nil }
    return Kilohertz(rows[position].demand)
  }

  /// CPU demand last observed of a VM by its position, kHz; −1 before the first observation.
  public func observedDemand(row: Int) -> Int64 { rows[row].demand }

  /// Observed demand for memory of a managed VM, bytes; nil before the first observation.
  public func observedMemoryDemand(of vm: VMIndex) -> Bytes? {
    guard let position = position(of: vm), rows[position].memoryDemand >= 0 else { return nil }
    return Bytes(rows[position].memoryDemand)
  }

  /// Takes over what the observation tells about demand, and what follows for the division of CPU and memory.
  ///
  /// - Parameters:
  ///   - first: where the rows of this host's VMs begin.
  ///   - weightPerShare: what a share weighs in this division.
  ///   - wholeSizes: as if every VM wanted its whole size.
  mutating func note(
    _ seen: HostObservation, cpu: Division.Rows, memory: Division.Rows, first: Int,
    weightPerShare: Int64, wholeSizes: Bool = false
  ) {
    let countsIdle = !rules.drsMemoryDemand
    let vms = vms
    let shown = seen.vms.count
    // The mutable rows are taken once: checking at every access that nobody shares them would cost as much as the sums.
    rows.withUnsafeMutableBufferPointer { rows in
      var row = 0
      for index in rows.indices {
        while row < shown && seen.vms[row] < vms[index] { row += 1 }
        let isSeen = row < shown && seen.vms[row] == vms[index]
        let size = isSeen ? seen.cpuSize(row: row) : 0
        let configured = isSeen ? seen.memorySize(row: row) : 0
        if isSeen {
          if let demand = seen.cpuDemand(row: row, size: size, since: rows[index].since) {
            rows[index].demand = demand
          }
          if let demand = seen.memoryDemand(
            row: row, countsIdle: countsIdle, overhead: rows[index].settings.memoryOverhead)
          {
            rows[index].memoryDemand = demand
            rows[index].memoryHeld = seen.memoryConsumed[row]
          }
        }
        let settings = rows[index].settings
        cpu.set(
          first + index, reservation: settings.cpuReservation,
          demand: wholeSizes || rows[index].demand < 0 ? size : rows[index].demand,
          limit: settings.cpuLimit, size: size, weight: settings.cpuWeight * weightPerShare)
        memory.set(
          first + index, reservation: settings.memoryReservation,
          demand: wholeSizes ? configured : max(rows[index].memoryDemand, 0),
          limit: settings.memoryLimit, size: configured,
          weight: settings.memoryWeight * weightPerShare)
      }
    }
  }

  /// Pool of every VM, by index in the cluster's tree.
  func appendPools(to poolOfRow: inout [Int]) {
    for row in rows { poolOfRow.append(row.settings.pool) }
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
    plan.vms = vms
    plan.pool = poolPositions
    plan.cpuReservation = cpuReservations
    plan.cpuLimit = cpuLimits
    plan.cpuWeight = cpuWeights
    plan.memoryReservation = memoryReservations
    plan.memoryLimit = memoryLimits
  }

  /// Divides CPU and memory among the VMs; what each got is in the workspace.
  mutating func entitle(
    _ seen: HostObservation, _ workspace: DecisionWorkspace, wholeSizes: Bool = false
  ) {
    note(
      seen, cpu: workspace.cpu.start(rows: vms.count),
      memory: workspace.memory.start(rows: vms.count), first: 0, weightPerShare: weightPerShare,
      wholeSizes: wholeSizes)
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
    workspace.cpu.divide(
      capacity: seen.dividedCPU, poolOfRow: poolPositions, keepsReserved: false)
    workspace.memory.divide(
      capacity: seen.dividedMemory, poolOfRow: poolPositions,
      keepsReserved: rules.twoPass)
  }

  private func copy(_ granted: UnsafePointer<Int64>, to column: inout [Int64]) {
    if column.count == vms.count {
      for index in column.indices { column[index] = granted[index] }
    } else {
      column.removeAll(keepingCapacity: true)
      column.append(contentsOf: UnsafeBufferPointer(start: granted, count: vms.count))
    }
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

  func position(of vm: VMIndex) -> Int? {
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
