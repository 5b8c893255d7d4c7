import BallastUnits

/// Expected and worst loads of the hosts that are on, their order and their spread, while moves are sought.
struct HostLoads {
  enum Resource { case cpu, memory }

  /// kHz and bytes: what a host is expected to carry, and the sum of its VMs' worst.
  fileprivate struct Load {
    var cpu: Int64 = 0
    var memory: Int64 = 0
    var worstCPU: Int64 = 0
    var worstMemory: Int64 = 0
  }

  /// A move that is being weighed.
  struct Change {
    var unit: [Int]
    var from: Int
    var to: Int
    var source: VMMove.LoadChange
    var target: VMMove.LoadChange
    /// Weighted sum of N² × variance after, less before.
    var variance: Int128
    /// At the worst recent demand the target has room, or is no fuller than the source is.
    var isBearable: Bool
    var weights: (cpu: Int128, memory: Int128)
    var benefit: Int64 = 0
    var cost: Int64 = 0
    fileprivate var leaving = Load()
    fileprivate var coming = Load()
  }

  private let history: ExpectedDemand
  private let hosts: [ClusterInventory.Host]
  private var loads: [Load]
  private var cpu: Column
  private var memory: Column
  private let weights: (cpu: Int128, memory: Int128)
  /// VMs weighed so far.
  var work: Int {
    get { counted + cpu.work + memory.work }
    set { counted = newValue - cpu.work - memory.work }
  }
  private var counted = 0

  /// One pass over the VMs.
  init(_ inventory: ClusterInventory, _ history: ExpectedDemand) {
    self.history = history
    hosts = inventory.hosts
    loads = Array(repeating: Load(), count: hosts.count)
    cpu = Column(count: hosts.count)
    memory = Column(count: hosts.count)
    var (cpuLoad, cpuRoom, memoryLoad, memoryRoom) = (Int128(0), Int128(0), Int128(0), Int128(0))
    // Demand as on the fastest cores, so that the weights do not depend on where the VMs are: moves would change them.
    let rows = inventory.hosts
    let on = rows.indices.filter { rows[$0].state == .on }
    let fastest = on.max { rows[$0].coreRate < rows[$1].coreRate } ?? 0
    for host in on {
      for vm in inventory.vms(on: host) {
        loads[host].add(Self.load(vm, on: host, inventory, history), 1)
        cpuLoad += Int128(history.expected(vm, on: fastest, inventory).cpu)
        counted += 1
      }
      cpuRoom += Int128(hosts[host].cpuCapacity)
      memoryLoad += Int128(loads[host].memory)
      memoryRoom += Int128(hosts[host].memoryCapacity)
      cpu.add(host, partsPerMillion(loads[host].cpu, of: hosts[host].cpuCapacity))
      memory.add(host, partsPerMillion(loads[host].memory, of: hosts[host].memoryCapacity))
    }
    let (cpuOver, memoryOver) = (cpuLoad > cpuRoom, memoryLoad > memoryRoom)
    weights = (cpuOver && !memoryOver ? 3 : 1, memoryOver && !cpuOver ? 3 : 1)
  }

  var imbalance: Imbalance {
    Imbalance(cpu: cpu.spread.deviation, memory: memory.spread.deviation)
  }

  /// ⌈deviation / 0.1 × √N⌉ of the resource that deviates more.
  var steps: Int { max(cpu.spread.steps, memory.spread.steps) }

  /// The resource with the greater weighted variance first; CPU of equals.
  var byDeviation: [Resource] {
    let cpuFirst =
      weights.cpu * cpu.spread.scaledVariance >= weights.memory * memory.spread.scaledVariance
    return cpuFirst ? [.cpu, .memory] : [.memory, .cpu]
  }

  /// The most loaded host that has not been set aside; nil where that is not above the mean.
  func mostLoaded(_ resource: Resource) -> Int? { column(resource).mostLoaded }

  mutating func leastLoaded(_ resource: Resource, _ count: Int) -> [Int] {
    switch resource {
    case .cpu: cpu.least.leading(count)
    case .memory: memory.least.leading(count)
    }
  }

  mutating func setAside(_ host: Int, _ resource: Resource) {
    switch resource {
    case .cpu: cpu.setAside(host)
    case .memory: memory.setAside(host)
    }
  }

  mutating func bringBack(_ host: Int, _ resource: Resource) {
    switch resource {
    case .cpu: cpu.bringBack(host)
    case .memory: memory.bringBack(host)
    }
  }

  func change(_ unit: [Int], from: Int, to: Int, _ inventory: ClusterInventory) -> Change {
    var (leaving, coming) = (Load(), Load())
    for vm in unit {
      leaving.add(Self.load(vm, on: from, inventory, history), 1)
      coming.add(Self.load(vm, on: to, inventory, history), 1)
    }
    var (source, target) = (loads[from], loads[to])
    let worstBefore = source
    source.add(leaving, -1)
    target.add(coming, 1)
    func parts(_ load: Load, _ host: Int) -> (cpu: Int64, memory: Int64) {
      (
        partsPerMillion(load.cpu, of: hosts[host].cpuCapacity),
        partsPerMillion(load.memory, of: hosts[host].memoryCapacity)
      )
    }
    let (sourceAfter, targetAfter) = (parts(source, from), parts(target, to))
    let cpuRise = cpu.rise(from, sourceAfter.cpu, to, targetAfter.cpu)
    let memoryRise = memory.rise(from, sourceAfter.memory, to, targetAfter.memory)
    func isBearable(_ there: Int64, _ room: Int64, _ here: Int64, _ size: Int64) -> Bool {
      there <= room || Int128(there) * Int128(size) <= Int128(here) * Int128(room)
    }
    return Change(
      unit: unit, from: from, to: to,
      source: VMMove.LoadChange(
        cpuBefore: cpu.keys[from], cpuAfter: sourceAfter.cpu, memoryBefore: memory.keys[from],
        memoryAfter: sourceAfter.memory),
      target: VMMove.LoadChange(
        cpuBefore: cpu.keys[to], cpuAfter: targetAfter.cpu, memoryBefore: memory.keys[to],
        memoryAfter: targetAfter.memory),
      variance: weights.cpu * cpuRise + weights.memory * memoryRise,
      isBearable: isBearable(
        target.worstCPU, hosts[to].cpuCapacity, worstBefore.worstCPU, hosts[from].cpuCapacity)
        && isBearable(
          target.worstMemory, hosts[to].memoryCapacity, worstBefore.worstMemory,
          hosts[from].memoryCapacity),
      weights: weights, leaving: leaving, coming: coming)
  }

  mutating func apply(_ change: Change) {
    loads[change.from].add(change.leaving, -1)
    loads[change.to].add(change.coming, 1)
    cpu.set(change.from, change.source.cpuAfter)
    cpu.set(change.to, change.target.cpuAfter)
    memory.set(change.from, change.source.memoryAfter)
    memory.set(change.to, change.target.memoryAfter)
  }

  private func column(_ resource: Resource) -> Column { resource == .cpu ? cpu : memory }

  private static func load(
    _ vm: Int, on host: Int, _ inventory: ClusterInventory, _ history: ExpectedDemand
  ) -> Load {
    let expected = history.expected(vm, on: host, inventory)
    let worst = history.worst(vm, on: host, inventory)
    return Load(
      cpu: expected.cpu, memory: expected.memory, worstCPU: worst.cpu, worstMemory: worst.memory)
  }
}

extension HostLoads.Load {
  fileprivate mutating func add(_ other: Self, _ sign: Int64) {
    cpu += sign * other.cpu
    memory += sign * other.memory
    worstCPU += sign * other.worstCPU
    worstMemory += sign * other.worstMemory
  }
}

/// One resource: load of each host in ppm, in order and in sum.
private struct Column {
  private(set) var keys: [Int64]
  private(set) var spread = Spread()
  private var most: LoadOrder
  var least: LoadOrder
  private var isAside: [Bool]

  var work: Int { most.work + least.work }

  init(count: Int) {
    keys = Array(repeating: 0, count: count)
    isAside = Array(repeating: false, count: count)
    most = LoadOrder(count: count, mostFirst: true)
    least = LoadOrder(count: count, mostFirst: false)
  }

  mutating func add(_ host: Int, _ load: Int64) {
    spread.add(load)
    keys[host] = load
    most.set(host, load)
    least.set(host, load)
  }

  mutating func set(_ host: Int, _ load: Int64) {
    spread.replace(keys[host], by: load)
    keys[host] = load
    if !isAside[host] { most.set(host, load) }
    least.set(host, load)
  }

  var mostLoaded: Int? {
    guard let host = most.first, Int128(keys[host]) * spread.count > spread.sum else { return nil }
    return host
  }

  mutating func setAside(_ host: Int) {
    isAside[host] = true
    most.takeOut(host)
  }

  mutating func bringBack(_ host: Int) {
    isAside[host] = false
    most.set(host, keys[host])
  }

  /// Rise of N² × variance when two hosts change their loads.
  func rise(_ a: Int, _ newA: Int64, _ b: Int, _ newB: Int64) -> Int128 {
    var after = spread
    after.replace(keys[a], by: newA)
    after.replace(keys[b], by: newB)
    return after.scaledVariance - spread.scaledVariance
  }
}
