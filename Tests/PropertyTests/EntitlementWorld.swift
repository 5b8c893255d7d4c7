import BallastManager
import BallastModel
import BallastTestSupport
import BallastUnits

/// A random cluster: hosts, a pool tree, VMs with settings, and one observation of each host. Few units and few weights,
/// so that ties, zeros and short reservations are common.
struct EntitlementWorld {
  struct VM {
    var host: Int
    var settings: VMSettings
    /// kHz; 1 vCPU is 1,000 kHz.
    var demand: Int64
    var vcpus: Int64
    /// Bytes
    var configured: Int64
    var consumed: Int64
    var active: Int64
  }

  var pools: [PoolSpec] = []
  var vms: [VM] = []
  /// kHz and bytes of each host.
  var capacities: [(cpu: Int64, memory: Int64)] = []
  var rules = EntitlementRules()

  /// One or up to three hosts, up to seven pools and twelve VMs.
  init(seed: UInt64, hosts hostCount: Int? = nil, rules: EntitlementRules = .init()) {
    var generator = SeededGenerator(seed: seed)
    self.rules = rules
    let hosts = hostCount ?? Int(generator.integer(1...3))
    var poolCount: Int64 = 0
    pools = Self.pools(depth: 4, count: &poolCount, using: &generator)
    for _ in 0..<generator.integer(1...12) {
      let vcpus = generator.integer(1...4)
      let size = 1_000 * vcpus
      let configured = generator.integer(1...5_000)
      let consumed = generator.integer(0...configured)
      vms.append(
        VM(
          host: Int(generator.integer(0...Int64(hosts - 1))),
          settings: VMSettings(
            cpuReservation: generator.isHit(oneIn: 3) ? generator.integer(0...size) : 0,
            cpuLimit: generator.isHit(oneIn: 4) ? generator.integer(0...size) : .max,
            cpuWeight: generator.integer(1...9),
            memoryReservation: generator.isHit(oneIn: 3) ? generator.integer(0...configured) : 0,
            memoryLimit: generator.isHit(oneIn: 4) ? generator.integer(0...configured) : .max,
            memoryWeight: generator.integer(1...9),
            memoryOverhead: generator.integer(0...20),
            pool: Int(generator.integer(0...poolCount))),
          demand: generator.isHit(oneIn: 5) ? 0 : generator.integer(0...size), vcpus: vcpus,
          configured: configured, consumed: consumed,
          active: generator.isHit(oneIn: 8) ? -1 : generator.integer(0...consumed)))
    }
    for _ in 0..<hosts {
      capacities.append((generator.integer(0...15_000), generator.integer(0...20_000)))
    }
  }

  private static func pools(
    depth: Int, count: inout Int64, using generator: inout SeededGenerator
  ) -> [PoolSpec] {
    guard depth > 0 else { return [] }
    var pools: [PoolSpec] = []
    while count < 7 && generator.isHit(oneIn: 2) {
      count += 1
      let name = "p\(count)"
      pools.append(
        PoolSpec(
          name: name,
          cpu: .init(
            reservation: Kilohertz(
              generator.isHit(oneIn: 2) ? generator.integer(0...6_000) : 0),
            limit: generator.isHit(oneIn: 3) ? Kilohertz(generator.integer(0...6_000)) : nil,
            shares: Self.shares(using: &generator)),
          memory: .init(
            reservation: Bytes(generator.isHit(oneIn: 2) ? generator.integer(0...9_000) : 0),
            limit: generator.isHit(oneIn: 3) ? Bytes(generator.integer(0...9_000)) : nil,
            shares: Self.shares(using: &generator)),
          pools: Self.pools(depth: depth - 1, count: &count, using: &generator),
          place: SourcePlace(file: "t", line: 1, column: 1)))
    }
    return pools
  }

  private static func shares(using generator: inout SeededGenerator) -> SharesSetting? {
    switch generator.integer(0...4) {
    case 0: nil
    case 1: .low
    case 2: .high
    default: .number(generator.integer(1...20))
    }
  }

  // MARK: As the manager meets it

  var cluster: ClusterManager {
    ClusterManager(pools: PoolTree(pools, profile: .esxi), rules: rules)
  }

  var managers: [ResourceManager] {
    var managers = capacities.map { _ in ResourceManager(rules: rules) }
    for (index, vm) in vms.enumerated() {
      managers[vm.host].add(VMIndex(index), vm.settings, at: .zero)
    }
    return managers
  }

  var seen: [HostObservation] {
    var seen = capacities.map { capacity in
      var seen = HostObservation()
      seen.time = .seconds(20)
      seen.interval = .seconds(1)
      seen.coreRate = Kilohertz(1_000)
      seen.cpuCapacity = Kilohertz(capacity.cpu)
      seen.memoryCapacity = Bytes(capacity.memory)
      return seen
    }
    for (index, vm) in vms.enumerated() {
      // kHz of cores of 1,000 kHz over 1 s: a million ns each.
      seen[vm.host].append(
        HostObservation.VMRow(
          vm: VMIndex(index), vcpus: vm.vcpus, runTime: vm.demand * 500_000,
          readyTime: vm.demand * 500_000, memoryConfigured: vm.configured,
          memoryConsumed: vm.consumed, memoryActive: vm.active))
    }
    return seen
  }

  /// Divides the pools and lets every host decide.
  func decided() -> Decided {
    var cluster = cluster
    var managers = managers
    let seen = seen
    let workspace = DecisionWorkspace()
    let plans = managers.withUnsafeMutableBufferPointer { managers in
      cluster.divide(seen, among: managers)
      return managers.indices.map { host in
        var plan = HostPlan()
        managers[host].decide(seen[host], into: &plan, workspace: workspace)
        return plan
      }
    }
    return Decided(cluster: cluster, managers: managers, seen: seen, plans: plans)
  }

  struct Decided {
    var cluster: ClusterManager
    var managers: [ResourceManager]
    var seen: [HostObservation]
    var plans: [HostPlan]

    func entitlement(_ vm: Int, of host: Int) -> (cpu: Int64, memory: Int64) {
      let row = plans[host].vms.firstIndex(of: VMIndex(vm))!
      return (plans[host].cpuEntitlement[row], plans[host].memoryEntitlement[row])
    }
  }

  // MARK: As the definition has it

  func memoryDemand(_ vm: VM) -> Int64 {
    guard rules.drsMemoryDemand else { return vm.consumed }
    let active = vm.active < 0 ? vm.consumed : vm.active
    return active + (vm.consumed - active) / 4 + vm.settings.memoryOverhead
  }

  /// One host's division with the parts of pools that it has, for the slow twins.
  func tree(
    of host: Int, _ manager: ResourceManager, cpu: Bool
  ) -> (tree: SharingTree, ceilings: [Int64]) {
    var tree = SharingTree(
      pools: manager.pools.map { share in
        SharingTree.Pool(
          parent: share.parent, reservation: cpu ? share.cpuReservation : share.memoryReservation,
          limit: cpu ? share.cpuLimit : share.memoryLimit,
          weight: cpu ? share.cpuWeight : share.memoryWeight)
      }, leaves: [])
    if tree.pools.isEmpty { tree.pools = [.init(parent: -1, weight: 1)] }
    let weightPerShare: Int64 = manager.pools.isEmpty ? 1 : 1_000
    var ceilings: [Int64] = []
    for vm in vms where vm.host == host {
      let settings = vm.settings
      let ceiling =
        cpu
        ? min(settings.cpuLimit, 1_000 * vm.vcpus) : min(settings.memoryLimit, vm.configured)
      let cap = min(cpu ? vm.demand : memoryDemand(vm), ceiling)
      ceilings.append(ceiling)
      tree.leaves.append(
        SharingTree.Leaf(
          pool: manager.pools.firstIndex { $0.pool == settings.pool } ?? 0,
          floor: min(cpu ? settings.cpuReservation : settings.memoryReservation, cap), cap: cap,
          weight: (cpu ? settings.cpuWeight : settings.memoryWeight) * weightPerShare))
    }
    return (tree, ceilings)
  }
}
