import BallastManager
import BallastModel
import BallastUnits
import Testing

/// Examples of explanations, worked by hand. One host, or two; MHz are thousands of kHz, cores run at 1 GHz.
struct ExplanationTests {
  private static func pool(
    _ name: String, shares: Int64, reservation: Int64 = 0, limit: Int64? = nil
  ) -> PoolSpec {
    PoolSpec(
      name: name,
      cpu: .init(
        reservation: .megahertz(reservation), limit: limit.map { .megahertz($0) },
        shares: .number(shares)), memory: .init(), pools: [],
      place: SourcePlace(file: "t", line: 1, column: 1))
  }

  /// Pool gold (8000 shares, R 5000, L 7000) with web-1 (1000 shares, wants 4000) and web-2 (2000, R 1000, wants 6000);
  /// pool iron (4000) with one that wants 9000; a VM (2000) that wants 1500; 12,000 MHz.
  /// gold 7000 by its limit (web-1 2333 1/3, web-2 4666 2/3), iron 3500, the VM 1500; λ = 0.875 MHz per share.
  private func example(
    _ vm: Int, capacity: Int64 = 12_000_000
  ) throws -> (explanation: EntitlementExplanation, plan: HostPlan) {
    var cluster = ClusterManager(
      pools: PoolTree(
        [
          Self.pool("gold", shares: 8_000, reservation: 5_000, limit: 7_000),
          Self.pool("iron", shares: 4_000),
        ], profile: .esxi))
    var managers = [
      ResourceManager([
        0: VMSettings(cpuWeight: 1_000, pool: 1),
        1: VMSettings(cpuReservation: 1_000_000, cpuWeight: 2_000, pool: 1),
        2: VMSettings(cpuWeight: 1_000, pool: 2), 3: VMSettings(cpuWeight: 2_000),
      ])
    ]
    let seen = [
      seen(
        [
          .init(index: 0, demand: 4_000_000, vcpus: 16),
          .init(index: 1, demand: 6_000_000, vcpus: 16),
          .init(index: 2, demand: 9_000_000, vcpus: 16),
          .init(index: 3, demand: 1_500_000, vcpus: 16),
        ], capacity: capacity)
    ]
    return try managers.withUnsafeMutableBufferPointer { managers in
      cluster.divide(seen, among: managers)
      let plan = managers[0].decided(seen[0])
      let names = ExplanationNames(
        cluster: "prod", hosts: ["esx-1"], vm: ["web-1", "web-2", "batch", "db"][vm],
        pools: ["", "gold", "iron"])
      let explanation = try #require(
        cluster.explain(VMIndex(vm), on: 0, .cpu, seen: seen, hosts: managers, names: names))
      return (explanation, plan)
    }
  }

  @Test func poolLimitIsFoundAtItsLevel() throws {
    let (explanation, plan) = try example(0)
    #expect(plan.cpuEntitlement == [2_333_333, 4_666_667, 3_500_000, 1_500_000])
    #expect(explanation.dynamicEntitlement == 2_333_333)
    let host = explanation.levels.filter { $0.scope == .host }
    #expect(host.map(\.kind) == [.host, .pool, .vm])
    #expect(host.map(\.bound) == [.capacity, .poolLimit, .shares])
    #expect(host.map(\.divided) == [12_000_000, 12_000_000, 7_000_000])
    #expect(host.map(\.siblings) == [1, 3, 2])
    #expect(host.map(\.siblingWeights) == [1, 14_000_000, 3_000_000])
    #expect(host.map(\.amount) == [12_000_000, 7_000_000, 2_333_333])
    #expect(host[1].wanted == 10_000_000 && host[1].cap == 7_000_000)
    #expect(host[1].floor == 5_000_000 && host[1].reservation == 5_000_000)
    // 0.875 MHz per share, in kHz per thousandth.
    let level = try #require(host[1].level)
    #expect(level.numerator * 1_000_000 == level.denominator * 875_000)
    // The cluster of one host divides likewise, and stands first.
    #expect(explanation.levels.prefix(3).map(\.scope) == [.cluster, .cluster, .cluster])
    #expect(explanation.levels[1].amount == 7_000_000)
  }

  /// 9 GHz for a (500 shares, R 2000), b (1500, L 4000) and c (1000), who want 16: a is at its floor, b at its limit, c has
  /// 3000. A reservation brings c what a is not promised: 7000. Of 9000.5 MHz without promises it takes all, and the
  /// lever is a whole MHz.
  @Test func reservationsAreRaisedAsFarAsPromisesAreKept() throws {
    func lever(promised: Int64, capacity: Int64) throws -> EntitlementLever? {
      let manager = ResourceManager([
        0: VMSettings(cpuReservation: promised, cpuWeight: 500),
        1: VMSettings(cpuLimit: 4_000_000, cpuWeight: 1_500), 2: VMSettings(cpuWeight: 1_000),
      ])
      let seen = seen(
        (0..<3).map { .init(index: $0, demand: 16_000_000, vcpus: 16) }, capacity: capacity)
      let explanation = try #require(
        manager.explain(VMIndex(2), .cpu, seen: seen, names: .init(hosts: ["h"], vm: "c")))
      return explanation.levers?.first { $0.change == .raiseReservation }
    }
    let kept = try lever(promised: 2_000_000, capacity: 9_000_000)
    #expect(kept?.to == 7_000_000 && kept?.entitlement == 7_000_000)
    let all = try lever(promised: 0, capacity: 9_000_500)
    #expect(all?.to == 9_001_000 && all?.entitlement == 9_000_500)
  }

  /// Raising gold's limit helps until λ binds gold too: without a limit 10,500 would be shared 8000 : 4000, gold 7000,
  /// so the limit is not worth raising. web-1's own shares are: with w of w + 2000 it has 4000 of 7000 from
  /// w = 2666.7. Its reservation brings it 4000 at once.
  @Test func leversAreTheNumbersNeeded() throws {
    let (explanation, _) = try example(0)
    func lever(_ change: EntitlementLever.Change) -> EntitlementLever? {
      explanation.levers?.first { $0.change == change }
    }
    #expect(lever(.raisePoolLimit) == nil && lever(.raiseLimit) == nil)
    #expect(lever(.raiseShares)?.to == 2_667)
    #expect(lever(.raiseShares)?.entitlement == 4_000_000)
    #expect(lever(.raiseReservation)?.to == 4_000_000)
    #expect(lever(.move) == nil)
  }

  @Test func wordsOfAPoolLimit() throws {
    let (explanation, _) = try example(0)
    #expect(
      explanation.sentences() == [
        "web-1 is entitled to 2,333.333 MHz of CPU; it wants 4,000 MHz.",
        "web-1 has 1,000 of 3,000 shares in pool gold, which divides 7,000 MHz among 2, and gets"
          + " 2,333.333 MHz.",
        "Pool gold limits its VMs to 7,000 MHz and uses all of it: they want 10,000 MHz.",
        // 6/7 MHz per share of 14,000: gold has 6857, a third of that.
        "If every VM wanted its whole size, web-1 would be entitled to 2,285.714 MHz.",
        "Raising its shares from 1,000 to 2,667 would bring web-1 4,000 MHz.",
        "Raising its reservation from 0 MHz to 4,000 MHz, by 4,000 MHz, would bring web-1 4,000 MHz.",
      ])
  }

  /// With room on the host the pool's limit is the lever: at 10,000 everyone in gold has what they want, and web-1 has
  /// its 4000 as soon as gold has 10,000.
  @Test func poolLimitIsTheLeverWhereThereIsRoom() throws {
    let (explanation, _) = try example(0, capacity: 40_000_000)
    let lever = try #require(explanation.levers?.first { $0.change == .raisePoolLimit })
    #expect(lever.subject == "gold" && lever.from == 7_000_000)
    #expect(lever.to == 10_000_000 && lever.entitlement == 4_000_000)
    #expect(
      explanation.sentences().contains(
        "Raising the limit of pool gold from 7,000 MHz to 10,000 MHz, by 3,000 MHz, would bring"
          + " web-1 4,000 MHz."))
  }

  /// The VM beside the pools wants 1500 and has it, of a host where others want more.
  @Test func metDemandNeedsNoLever() throws {
    let (explanation, _) = try example(3)
    #expect(explanation.levels.last?.bound == .demand && explanation.levers == [])
    #expect(
      explanation.sentences().prefix(2) == [
        "db is entitled to 1,500 MHz of CPU; it wants 1,500 MHz.",
        "db gets all it wants; others on host esx-1 want more.",
      ])
  }

  /// A host alone, 4 GHz. VM 0 is limited to 0.5 GHz and wants 3; VM 1 reserves 3 GHz, which its 1 of 1002 shares would
  /// not bring; of VM 2 nothing has been observed yet, so it wants its size and gets the 0.5 GHz that are left.
  @Test func ownLimitAndReservationOnAHostAlone() throws {
    var manager = ResourceManager()
    manager.add(VMIndex(0), VMSettings(cpuLimit: 500_000), at: .zero)
    manager.add(VMIndex(1), VMSettings(cpuReservation: 3_000_000, cpuWeight: 1), at: .zero)
    manager.add(VMIndex(2), VMSettings(cpuWeight: 1), at: .seconds(20))
    let seen = seen([
      .init(index: 0, demand: 3_000_000), .init(index: 1, demand: 4_000_000),
      .init(index: 2, demand: 0),
    ])
    func explained(_ vm: Int) -> EntitlementExplanation? {
      manager.explain(
        VMIndex(vm), .cpu, seen: seen, names: ExplanationNames(hosts: ["h"], vm: "vm\(vm)"))
    }
    let limited = try #require(explained(0))
    let reserved = try #require(explained(1))
    let unknown = try #require(explained(2))
    #expect(limited.levels.last?.bound == .limit && limited.dynamicEntitlement == 500_000)
    #expect(reserved.levels.last?.bound == .reservation)
    #expect(reserved.dynamicEntitlement == 3_000_000)
    #expect(unknown.observedDemand == nil && unknown.size == 4_000_000)
    #expect(unknown.dynamicEntitlement == 500_000 && unknown.levels.last?.bound == .shares)
    #expect(limited.levers?.first?.change == .raiseLimit)
    #expect(explained(7) == nil)
  }

  /// All its size: 4 vCPUs of 1 GHz and nobody else. Memory: 4 GiB consumed of 4.
  @Test func sizeBinds() throws {
    let manager = ResourceManager([0: VMSettings()])
    let seen = seen([.init(index: 0, demand: 4_000_000)])
    for resource in EntitlementExplanation.Resource.allCases {
      let explanation = try #require(
        manager.explain(
          VMIndex(0), resource, seen: seen, names: ExplanationNames(hosts: ["h"], vm: "a")))
      #expect(explanation.levels.last?.bound == .size)
      #expect(explanation.staticEntitlement == explanation.dynamicEntitlement)
      #expect(explanation.sentences().count == 2)
    }
  }

  /// Two VMs of 3 GHz on a host of 4, nobody on the other: 2 GHz here, 3 there.
  @Test func aHostWithMoreRoomIsALever() throws {
    let cluster = ClusterManager(pools: PoolTree([], profile: .esxi))
    var managers = [
      ResourceManager([0: VMSettings(), 1: VMSettings()]), ResourceManager(),
    ]
    let observed = [
      seen([.init(index: 0, demand: 3_000_000), .init(index: 1, demand: 3_000_000)]), seen([]),
    ]
    let explanation = try #require(
      managers.withUnsafeMutableBufferPointer {
        cluster.explain(
          VMIndex(0), on: 0, .cpu, seen: observed, hosts: $0,
          names: ExplanationNames(hosts: ["a", "b"], vm: "web"))
      })
    let move = try #require(explanation.levers?.first { $0.change == .move })
    #expect(move.subject == "b" && move.entitlement == 3_000_000)
    #expect(explanation.sentences().contains("Moving it to b would bring web 3,000 MHz."))
  }

  /// Promised 3 and 3 GHz of 4: each has two thirds of the promise, and an explanation says so.
  @Test func brokenPromisesAreNamed() throws {
    let settings = VMSettings(cpuReservation: 3_000_000)
    let manager = ResourceManager([0: settings, 1: settings])
    let explanation = try #require(
      manager.explain(
        VMIndex(0), .cpu,
        seen: seen([.init(index: 0, demand: 4_000_000), .init(index: 1, demand: 4_000_000)]),
        names: ExplanationNames(hosts: ["h"], vm: "a")))
    #expect(explanation.levels.last?.bound == .shortfall)
    #expect(explanation.dynamicEntitlement == 2_000_000)
    #expect(
      explanation.sentences()[1]
        == "Host h has 4,000 MHz, less than it has promised: of 3,000 MHz promised a gets 2,000 MHz."
    )
  }
}
