import BallastManager
import BallastModel
import BallastTestSupport
import BallastUnits
import Testing

/// Examples of the options, worked by hand.
struct EntitlementRulesTests {
  private static func pool(
    _ name: String, cpu: SharesSetting? = nil, memory: ResourceSettings<Bytes> = .init(),
    pools: [PoolSpec] = []
  ) -> PoolSpec {
    PoolSpec(
      name: name, cpu: .init(shares: cpu), memory: memory, pools: pools,
      place: SourcePlace(file: "t", line: 1, column: 1))
  }

  /// Divides the pools over one host and lets it decide.
  private func decided(
    _ pools: [PoolSpec], _ settings: [Int: VMSettings], _ seen: HostObservation,
    _ rules: EntitlementRules
  ) -> (plan: HostPlan, pools: [ResourceManager.PoolShare]) {
    var cluster = ClusterManager(pools: PoolTree(pools, profile: .esxi), rules: rules)
    var managers = [ResourceManager(settings)]
    managers[0].rules = rules
    let plan = managers.withUnsafeMutableBufferPointer {
      cluster.divide([seen], among: $0)
      return $0[0].decided(seen)
    }
    return (plan, managers[0].pools)
  }

  /// Four VMs of 4 GiB in a pool that reserves 10 GiB; each has 4 GiB of host memory, of which 1 is active.
  private func fourVMs(consumed: Int64) -> HostObservation {
    var seen = seen([], memory: .gibibytes(64))
    for vm in 0..<4 {
      seen.append(
        .init(
          vm: VMIndex(vm), vcpus: 1, memoryConfigured: 4 << 30, memoryConsumed: consumed,
          memoryActive: 1 << 30))
    }
    return seen
  }
  private static let gold = pool("gold", memory: .init(reservation: .gibibytes(10)))
  private static let inGold = Dictionary(
    uniqueKeysWithValues: (0..<4).map { ($0, VMSettings(memoryWeight: 40_960, pool: 1)) })

  /// vSphere 6.7: each demands 1 GiB. First pass 1 GiB each; the 6 GiB of the reservation that are left go by equal
  /// shares: 10 / 4 = 2.5 GiB each.
  @Test func twoPassesGiveTheWholeReservation() {
    let plan = decided(
      [Self.gold], Self.inGold, fourVMs(consumed: 1 << 30), .init(twoPass: true)
    ).plan
    #expect(plan.memoryEntitlement == [Int64](repeating: 5 << 29, count: 4))
    let without = decided([Self.gold], Self.inGold, fourVMs(consumed: 1 << 30), .init()).plan
    #expect(without.memoryEntitlement == [Int64](repeating: 1 << 30, count: 4))
  }

  /// Before 6.7: 1 GiB active + 25 % of 3 GiB consumed but idle = 1.75 GiB each, and the rest stays undivided.
  @Test func demandCountsAQuarterOfIdleMemory() {
    let plan = decided(
      [Self.gold], Self.inGold, fourVMs(consumed: 4 << 30), .init(drsMemoryDemand: true)
    ).plan
    #expect(plan.memoryEntitlement == [Int64](repeating: 7 << 28, count: 4))
  }

  /// Overhead is demand too: 1 GiB active, nothing idle, 100 MiB overhead. Where the host has no estimate of active
  /// memory, all that is consumed counts.
  @Test func overheadIsDemand() {
    var seen = fourVMs(consumed: 1 << 30)
    seen.memoryActive[1] = -1
    let settings = VMSettings(memoryOverhead: 100 << 20)
    let plan = decided([], [0: settings, 1: settings], seen, .init(drsMemoryDemand: true)).plan
    #expect(plan.memoryEntitlement == [1_124 << 20, 1_124 << 20])
  }

  /// Pool high has ten VMs, pool normal one, all of 1000 shares, on 21 GHz. By level 8000 : 4000, a VM of high would get
  /// 1.4 GHz and the one of normal 7. With scalable shares high weighs 2 · 10,000 and normal 1000: 2 and 1 GHz.
  @Test func scalableSharesUndoDilution() {
    let pools = [Self.pool("high", cpu: .high), Self.pool("normal", cpu: .normal)]
    var settings = Dictionary(
      uniqueKeysWithValues: (0..<10).map { ($0, VMSettings(cpuWeight: 1_000, pool: 1)) })
    settings[10] = VMSettings(cpuWeight: 1_000, pool: 2)
    let seen = seen(
      (0...10).map { .init(index: $0, demand: 8_000_000, vcpus: 8) }, capacity: 21_000_000)
    let plain = decided(pools, settings, seen, .init()).plan
    #expect(plain.cpuEntitlement[0] == 1_400_000 && plain.cpuEntitlement[10] == 7_000_000)
    let scaled = decided(pools, settings, seen, .init(scalableShares: true)).plan
    #expect(scaled.cpuEntitlement == [Int64](repeating: 2_000_000, count: 10) + [1_000_000])
  }

  /// low in high: 1/2 of two VMs of 1000 is 1000; with a VM of 3000 beside it, high weighs 2 · 4000, in thousandths.
  @Test func scalableSharesCountFromTheInside() {
    let pools = [Self.pool("high", cpu: .high, pools: [Self.pool("low", cpu: .low)])]
    let parts = decided(
      pools,
      [
        0: VMSettings(cpuWeight: 1_000, pool: 2), 1: VMSettings(cpuWeight: 1_000, pool: 2),
        2: VMSettings(cpuWeight: 3_000, pool: 1),
      ], seen((0..<3).map { .init(index: $0, demand: 1_000_000) }), .init(scalableShares: true)
    ).pools
    #expect(parts.map(\.cpuWeight).dropFirst() == [8_000_000, 1_000_000])
  }

  // MARK: Refresh

  /// Pools are divided every 60 s: a demand that moved to the other host at 40 s moves the limit at 60 s, not before.
  @Test func partsStayBetweenRefreshes() {
    var (cluster, managers) = twoHosts(refresh: .seconds(60))
    var limits: [[Int64]] = []
    let steps: [(Int64, [Int64])] = [
      (20, [3, 1]), (40, [1, 3]), (60, [1, 3]), (80, [1, 3]), (100, [3, 1]), (140, [3, 1]),
    ]
    for (time, demands) in steps {
      limits.append(divide(&cluster, &managers, at: time, demands))
    }
    #expect(limits == [[3, 1], [3, 1], [3, 1], [1, 3], [1, 3], [3, 1]])
    #expect(cluster.lastDivision == .seconds(140))
  }

  /// A VM that comes, a VM that is configured and a pool that is configured are not kept waiting.
  @Test func changesAreDividedAtOnce() {
    var (cluster, managers) = twoHosts(refresh: .seconds(3_600))
    #expect(divide(&cluster, &managers, at: 20, [3, 1]) == [3, 1])
    #expect(divide(&cluster, &managers, at: 40, [1, 3]) == [3, 1])
    managers[0].configure(VMIndex(0), VMSettings(pool: 1))
    #expect(divide(&cluster, &managers, at: 60, [1, 3]) == [1, 3])
    #expect(divide(&cluster, &managers, at: 80, [3, 1]) == [1, 3])
    cluster.configure(pool: 1, PoolChange(cpu: .init(limit: .amount(.megahertz(8_000)))))
    #expect(divide(&cluster, &managers, at: 100, [3, 1]) == [6, 2])
  }

  /// Pool gold, limit 4 GHz, with a VM on each of two hosts.
  private func twoHosts(refresh: SimDuration) -> (ClusterManager, [ResourceManager]) {
    let gold = PoolSpec(
      name: "gold", cpu: .init(limit: .megahertz(4_000)), memory: .init(), pools: [],
      place: SourcePlace(file: "t", line: 1, column: 1))
    return (
      ClusterManager(pools: PoolTree([gold], profile: .esxi), rules: .init(refresh: refresh)),
      [ResourceManager([0: VMSettings(pool: 1)]), ResourceManager([1: VMSettings(pool: 1)])]
    )
  }

  /// Demands in GHz; returns the limits of gold on the hosts in GHz.
  private func divide(
    _ cluster: inout ClusterManager, _ managers: inout [ResourceManager], at time: Int64,
    _ demands: [Int64]
  ) -> [Int64] {
    let observations = demands.enumerated().map { vm, demand in
      var observation = seen([.init(index: vm, demand: demand * 1_000_000)])
      observation.time = .seconds(time)
      return observation
    }
    managers.withUnsafeMutableBufferPointer { cluster.divide(observations, among: $0) }
    return managers.map { $0.pools[1].cpuLimit / 1_000_000 }
  }

  // MARK: What shares are about

  /// 8 GHz, everyone wants all, the same number of shares. VMs of 2 vCPUs: 4 GHz each under every profile. Of 3 and 1
  /// vCPUs: 4 each where a number is the VM's, 6 and 2 GHz under Xen and Hyper-V, where it is each vCPU's.
  @Test(arguments: HypervisorProfile.catalog)
  func equalWeightsOfUnequalVMs(_ profile: HypervisorProfile) {
    func shared(_ vcpus: [Int64]) -> [Int64] {
      let settings = vcpus.map { vcpus in
        VMSettings(
          cpu: .init(shares: .number(512)), memory: .init(), quota: nil, vcpus: Int(vcpus),
          configured: .gibibytes(1), coreRate: .megahertz(8_000), pool: 0, profile: profile)
      }
      var manager = ResourceManager([0: settings[0], 1: settings[1]])
      var observation = seen([], capacity: 8_000_000)
      observation.coreRate = .megahertz(8_000)
      for (vm, vcpus) in vcpus.enumerated() {
        observation.append(
          .init(
            vm: VMIndex(vm), vcpus: vcpus, runTime: 0, readyTime: vcpus * 20_000_000_000,
            memoryConfigured: 1 << 30))
      }
      return manager.decided(observation).cpuEntitlement
    }
    #expect(shared([2, 2]) == [4_000_000, 4_000_000])
    let unequal: [Int64] =
      profile.weightScope == .vcpu ? [6_000_000, 2_000_000] : [4_000_000, 4_000_000]
    #expect(shared([3, 1]) == unequal)
    #expect(["xen", "hyperv"].contains(profile.name) == (profile.weightScope == .vcpu))
  }

  /// Levels and the default count vCPUs once, whatever the scope; the rules may override a profile's.
  @Test func scopeMultipliesNumbersOnly() {
    #expect(HypervisorProfile.xen.cpuShares(nil, vcpus: 4).value == 1_024)
    #expect(HypervisorProfile.xen.cpuShares(.normal, vcpus: 4).value == 4_000)
    #expect(HypervisorProfile.xen.cpuShares(.number(300), vcpus: 4).value == 1_200)
    #expect(HypervisorProfile.xen.cpuShares(.number(300), vcpus: 4, scope: .vm).value == 300)
    #expect(HypervisorProfile.esxi.cpuShares(.number(300), vcpus: 4, scope: .vcpu).value == 1_200)
  }

  // MARK: The validation table

  /// Every case of waterfill_cases.csv through a manager's decision: MHz as kHz, each amount within 1 kHz of the exact
  /// fraction and the sum exact.
  @Test func casesOfTheValidationTable() throws {
    let rows = try fixtureRows("validation/waterfill_cases.csv")
    var cases: [String] = []
    for row in rows where cases.last != row["case"] { cases.append(row["case"]!) }
    #expect(cases.count > 5)
    for name in cases {
      let clients = rows.filter { $0["case"] == name }
      func kilohertz(_ text: String?) -> Int64? {
        text.flatMap { $0.isEmpty ? nil : Double($0) }.map { Int64(($0 * 1_000).rounded()) }
      }
      let capacity = try #require(kilohertz(clients[0]["capacity_mhz"]))
      var settings: [Int: VMSettings] = [:]
      var vms: [SeenVM] = []
      for (index, client) in clients.enumerated() {
        settings[index] = VMSettings(
          cpuReservation: kilohertz(client["reservation_mhz"]) ?? 0,
          cpuLimit: kilohertz(client["limit_mhz"]) ?? .max,
          cpuWeight: try #require(client["weight"].flatMap { Int64($0) }))
        vms.append(
          .init(
            index: index, demand: try #require(kilohertz(client["demand_mhz"])), vcpus: 1_000))
      }
      var manager = ResourceManager(settings)
      let plan = manager.decided(seen(vms, capacity: capacity))
      for (index, client) in clients.enumerated() {
        let exact = try #require(client["alloc_exact"]).split(separator: "/").map { Int64($0)! }
        let expected = Fraction(
          Int128(exact[0]) * 1_000, over: Int128(exact.count > 1 ? exact[1] : 1))
        #expect(
          expected.rounds(to: plan.cpuEntitlement[index]), "\(name), client \(index): \(expected)")
      }
    }
  }
}
