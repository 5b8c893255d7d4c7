import BallastManager
import BallastModel
import BallastUnits
import Testing

/// Two hosts of 4 GHz, a and b; pools of the cluster divided over them.
struct ClusterManagerTests {
  private static func pool(
    _ name: String, cpu: ResourceSettings<Kilohertz>, memory: ResourceSettings<Bytes> = .init(),
    pools: [PoolSpec] = []
  ) -> PoolSpec {
    PoolSpec(
      name: name, cpu: cpu, memory: memory, pools: pools,
      place: SourcePlace(file: "t", line: 1, column: 1))
  }

  /// Reservation 1,000.001 MHz, limit 5 GHz, shares high (8000).
  private static let gold = pool(
    "gold",
    cpu: .init(
      reservation: Kilohertz(1_000_001), limit: .megahertz(5_000), shares: .high))

  /// Divides the pools over hosts whose VMs are in the given pools (index in the tree), and lets each host decide.
  private func divided(
    _ pools: [PoolSpec], _ hosts: [[(vm: SeenVM, pool: Int)]]
  ) -> (shares: [[ResourceManager.PoolShare]], plans: [HostPlan]) {
    var manager = ClusterManager(pools: PoolTree(pools, profile: .esxi))
    var managers = hosts.map { vms in
      ResourceManager(
        Dictionary(uniqueKeysWithValues: vms.map { ($0.vm.index, VMSettings(pool: $0.pool)) }))
    }
    let observations = hosts.map { seen($0.map(\.vm)) }
    let plans = managers.withUnsafeMutableBufferPointer { managers in
      manager.divide(observations, among: managers)
      return managers.indices.map { managers[$0].decided(observations[$0]) }
    }
    return (managers.map(\.pools), plans)
  }

  /// VM 0 on a wants 3 GHz, VM 1 on b 1 GHz: entitled 3:1. Limit 3.75 and 1.25 GHz, shares 6000 and 2000, in thousandths; of the
  /// reservation 750,000.75 and 250,000.25 kHz, the odd kHz by the larger fraction. The parts add up exactly.
  @Test func poolsAreDividedByEntitlement() {
    let shares = divided(
      [Self.gold],
      [[(.init(index: 0, demand: 3_000_000), 1)], [(.init(index: 1, demand: 1_000_000), 1)]]
    ).shares
    #expect(shares[0].map(\.pool) == [0, 1] && shares[1].map(\.pool) == [0, 1])
    #expect(shares.map { $0[1].cpuReservation } == [750_001, 250_000])
    #expect(shares.map { $0[1].cpuLimit } == [3_750_000, 1_250_000])
    #expect(shares.map { $0[1].cpuWeight } == [6_000_000, 2_000_000])
  }

  /// Entitled alike: 500,000.5 kHz each; the odd one goes to the host with the earlier name.
  @Test func tiesGoToTheEarlierHost() {
    let shares = divided(
      [Self.gold],
      [[(.init(index: 1, demand: 2_000_000), 1)], [(.init(index: 0, demand: 2_000_000), 1)]]
    ).shares
    #expect(shares.map { $0[1].cpuReservation } == [500_001, 500_000])
  }

  /// The pool's limit of 5 GHz holds demands of 4 and 4 to 2.5 each, so limits are 2.5 each: no host may use what
  /// would break the cluster's limit.
  @Test func limitHoldsOverHosts() {
    let result = divided(
      [Self.gold],
      [[(.init(index: 0, demand: 4_000_000), 1)], [(.init(index: 1, demand: 4_000_000), 1)]])
    #expect(result.shares.map { $0[1].cpuLimit } == [2_500_000, 2_500_000])
    #expect(result.plans.map(\.cpuEntitlement) == [[2_500_000], [2_500_000]])
  }

  /// Nobody wants anything: VMs of 4 and 1 vCPUs divide by size, 4:1.
  @Test func idlePoolIsDividedBySize() {
    let shares = divided(
      [Self.gold],
      [
        [(.init(index: 0, demand: 0, vcpus: 4), 1)], [(.init(index: 1, demand: 0, vcpus: 1), 1)],
      ]
    ).shares
    #expect(shares.map { $0[1].cpuReservation } == [800_001, 200_000])
    #expect(shares.map { $0[1].cpuLimit } == [4_000_000, 1_000_000])
    #expect(shares.map { $0[1].cpuWeight } == [6_400_000, 1_600_000])
  }

  /// All VMs of the pool are on b: it has the whole pool there, and a does not know it.
  @Test func poolOnOneHostKeepsEverything() {
    let shares = divided(
      [Self.gold],
      [[(.init(index: 0, demand: 3_000_000), 0)], [(.init(index: 1, demand: 1_000_000), 1)]]
    ).shares
    #expect(shares[0].map(\.pool) == [0])
    #expect(shares[1][1].cpuReservation == 1_000_001)
    #expect(shares[1][1].cpuLimit == 5_000_000)
    #expect(shares[1][1].cpuWeight == 8_000_000)
  }

  /// gold holds web and, directly, VM 1. VM 0 in gold/web on a wants 3 GHz, VM 1 on b 1 GHz. gold is divided 3:1; web
  /// is on a alone, whole, below gold; b does not know it.
  @Test func nestedPoolsFollowTheirVMs() {
    var gold = Self.gold
    gold.pools = [
      Self.pool("web", cpu: .init(reservation: .megahertz(400), limit: .megahertz(2_000)))
    ]
    let result = divided(
      [gold, Self.pool("iron", cpu: .init())],
      [[(.init(index: 0, demand: 3_000_000), 2)], [(.init(index: 1, demand: 1_000_000), 1)]])
    // web's limit cuts VM 0 to 2 GHz: 2:1.
    #expect(result.shares[0].map(\.pool) == [0, 1, 2])
    #expect(result.shares[0].map(\.parent) == [-1, 0, 1])
    #expect(result.shares[0][2].cpuReservation == 400_000)
    #expect(result.shares[0][2].cpuLimit == 2_000_000)
    #expect(result.shares[1].map(\.pool) == [0, 1])
    #expect(result.shares[0][1].cpuReservation + result.shares[1][1].cpuReservation == 1_000_001)
    // 2/3 and 1/3 of 1,000,001: 666,667.33 and 333,333.67.
    #expect(result.shares.map { $0[1].cpuReservation } == [666_667, 333_334])
    #expect(result.plans.map(\.pool) == [[2], [1]])
    #expect(result.plans.map(\.cpuEntitlement) == [[2_000_000], [1_000_000]])
  }

  /// On host a, gold (8000) and iron (4000) both want 4 GHz there: 2 and 1. But gold has a VM on b as well, which
  /// wants 4 GHz and has b to itself. Of 8 GHz, gold is entitled to its limit of 5 GHz, iron to 3. In gold, 2.5 each: its shares and
  /// limit are halved on each host, so on a gold weighs 4000 against iron's 4000: 2 and 2 GHz.
  @Test func sharesCompeteOnEachHost() {
    let result = divided(
      [Self.gold, Self.pool("iron", cpu: .init())],
      [
        [(.init(index: 0, demand: 4_000_000), 1), (.init(index: 1, demand: 4_000_000), 2)],
        [(.init(index: 2, demand: 4_000_000), 1)],
      ])
    #expect(result.shares[0].map(\.cpuWeight).dropFirst() == [4_000_000, 4_000_000])
    #expect(result.plans[0].cpuEntitlement == [2_000_000, 2_000_000])
    #expect(result.plans[1].cpuEntitlement == [2_500_000])
  }

  /// A VM that its host does not show claims nothing: the other host has the whole pool meanwhile.
  @Test func unseenVMClaimsNothing() {
    var manager = ClusterManager(pools: PoolTree([Self.gold], profile: .esxi))
    var managers = [
      ResourceManager([0: VMSettings(pool: 1)]), ResourceManager([1: VMSettings(pool: 1)]),
    ]
    managers.withUnsafeMutableBufferPointer {
      manager.divide([seen([]), seen([.init(index: 1, demand: 1_000_000)])], among: $0)
    }
    #expect(managers.map { $0.pools[1].cpuReservation } == [0, 1_000_001])
    #expect(managers.map { $0.pools[1].cpuLimit } == [0, 5_000_000])
  }

  /// Memory by the same rule: 3 GiB and 1 GiB touched divide a reservation of 2 GiB + 1 byte.
  @Test func memoryIsDividedByMemory() {
    let pool = Self.pool(
      "gold", cpu: .init(), memory: .init(reservation: Bytes(2 << 30 + 1)))
    let shares = divided(
      [pool],
      [
        [(.init(index: 0, demand: 0, memory: .gibibytes(3)), 1)],
        [(.init(index: 1, demand: 0, memory: .gibibytes(1)), 1)],
      ]
    ).shares
    #expect(shares.map { $0[1].memoryReservation } == [3 << 29 + 1, 1 << 29])
    #expect(shares.map { $0[1].memoryLimit } == [.max, .max])
    #expect(shares.map { $0[1].memoryWeight } == [122_880_000, 40_960_000])
  }

  /// 6000 MiB for two VMs that hold 4000 each and weigh alike: VM 0 on a uses nothing of it, VM 1 on b all. Without a tax
  /// 3000 each. Taxed at 75 %, an idle page costs four times an active one: of 1 : 4 parts VM 1 takes no more than its
  /// 4000, and the limit is divided as a host with both VMs would: 2000 and 4000. With room for all it stays 4000 each.
  @Test(
    arguments: [
      (0, 6_000, [3_000, 3_000]), (75, 6_000, [2_000, 4_000]), (75, 8_000, [4_000, 4_000]),
    ]
      as [(Int64, Int64, [Int64])])
  func idleMemoryIsTaxedOverHosts(tax: Int64, limit: Int64, expected: [Int64]) {
    let mib: Int64 = 1 << 20
    var parameters = MemoryControl.Parameters()
    parameters.tax = IdleMemoryTax(rate: .percent(tax))
    let control = MemoryControl(policy: NoReclaim(), parameters)
    var manager = ClusterManager(
      pools: PoolTree(
        [Self.pool("P", cpu: .init(), memory: .init(limit: .mebibytes(limit)))], profile: .esxi))
    var managers = [ResourceManager(memory: control), ResourceManager(memory: control)]
    let observations = (0..<2).map { vm in
      managers[vm].add(VMIndex(vm), VMSettings(memoryWeight: 1_000, pool: 1), at: .zero)
      var seen = seen([.init(index: vm, demand: 0, memory: .mebibytes(4_000))])
      seen.memoryActive = [vm == 0 ? 0 : 4_000 * mib]
      return seen
    }
    let before = managers
    managers.withUnsafeMutableBufferPointer { manager.divide(observations, among: $0) }
    #expect(managers.map { $0.pools[1].memoryLimit / mib } == expected)
    #expect(managers.map(\.memoryDecision) == before.map(\.memoryDecision))
    let plans = zip(managers.indices, observations).map { managers[$0].decided($1) }
    #expect(plans.map { $0.memoryEntitlement[0] / mib } == expected)
  }
}

struct PoolTreeTests {
  /// Parents before children, paths joined by slashes; weights on the scenario's scale or the profile's default.
  @Test func treeIsFlattened() {
    let place = SourcePlace(file: "t", line: 1, column: 1)
    let web = PoolSpec(
      name: "web", cpu: .init(shares: .low), memory: .init(), pools: [], place: place)
    let gold = PoolSpec(
      name: "gold", cpu: .init(), memory: .init(shares: .high), pools: [web], place: place)
    let iron = PoolSpec(
      name: "iron", cpu: .init(shares: .number(7)), memory: .init(), pools: [], place: place)
    let tree = PoolTree([gold, iron], profile: .kvm)
    #expect(tree.pools.map(\.path) == ["", "gold", "gold/web", "iron"])
    #expect(tree.pools.map(\.parent) == [-1, 0, 1, 0])
    #expect(tree.pools.dropFirst().map(\.cpuWeight) == [1_024, 2_000, 7])
    #expect(tree.pools.dropFirst().map(\.memoryWeight) == [327_680, 163_840, 163_840])
    #expect(tree.index(of: "gold/web") == 2 && tree.index(of: "web") == nil)
  }
}
