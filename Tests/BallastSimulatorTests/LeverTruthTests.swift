import BallastManager
import BallastModel
import BallastTestSupport
import BallastUnits
import Testing

@testable import BallastSimulator

/// What an explanation says a change would bring is what the run with that change gives: the numbers of a lever are
/// written into the scenario as they stand.
struct LeverTruthTests {
  private static let place = SourcePlace(file: "test.yaml", line: 1, column: 1)
  private static let duration = SimDuration.seconds(120)

  /// One host, VMs of 1 to 4 vCPUs with constant demand, some in a pool.
  private func scenario(
    _ profile: HypervisorProfile, pools: [PoolSpec] = [], _ vms: [VMEntry],
    cores: Int = 4, memory: Bytes = .gibibytes(64), reclamation: ReclamationChoice = .init()
  ) -> Scenario {
    Scenario(
      name: "test", seed: 1, duration: Self.duration, interval: .seconds(60),
      controlInterval: .seconds(20), profile: profile,
      clusters: [
        ClusterSpec(
          name: "c",
          hosts: [
            HostEntry(
              name: "h", count: 1, sockets: 1, coresPerSocket: cores, threadsPerCore: 1,
              coreRate: .megahertz(1_000), memory: memory, swap: nil, place: Self.place)
          ], pools: pools, place: Self.place)
      ], traces: [], vms: vms, policies: PolicyChoice(reclamation: reclamation), events: [],
      expectations: [],
      record: RecordSpec(vms: .all, interval: .seconds(60), place: Self.place), hasSweep: false,
      place: Self.place)
  }

  private func vm(
    _ name: String, vcpus: Int = 1, pool: String? = nil,
    cpu: ResourceSettings<Kilohertz> = .init(), percent: Int64, memory: Bytes = .gibibytes(1)
  ) -> VMEntry {
    VMEntry(
      name: name, count: 1, from: nil, cluster: nil, pool: pool, host: nil, vcpus: vcpus,
      memory: memory, cpu: cpu, memorySettings: .init(), cpuQuota: nil, start: .zero, stop: nil,
      workload: WorkloadSpec(cpu: .constant(.percent(percent))), place: Self.place, keyPlaces: [:])
  }

  private func explained(_ scenario: Scenario, _ vm: Int) throws -> VMExplanation {
    let found = Simulation.explain(
      [ExplanationRequest(vm: VMIndex(vm), at: SimTime(Self.duration.value))],
      of: try World(scenario))
    return try #require(found[0])
  }

  private func random(_ seed: UInt64) -> Scenario {
    var chance = SeededGenerator(seed: seed)
    func shares() -> SharesSetting? {
      switch chance.integer(0...4) {
      case 0: nil
      case 1: .low
      case 2: .high
      default: .number(chance.integer(50...3_000))
      }
    }
    let profiles: [HypervisorProfile] = [.hyperv, .xen, .esxi, .kvm]
    let hasPool = chance.isHit(oneIn: 2)
    let vms = (0..<chance.integer(3...5)).map { index in
      var cpu = ResourceSettings<Kilohertz>(shares: shares())
      if chance.isHit(oneIn: 4) { cpu.reservation = .megahertz(chance.integer(50...200)) }
      if chance.isHit(oneIn: 4) { cpu.limit = .megahertz(chance.integer(300...900)) }
      return vm(
        "v\(index)", vcpus: Int(chance.integer(1...4)),
        pool: hasPool && chance.isHit(oneIn: 2) ? "p" : nil, cpu: cpu,
        percent: chance.integer(60...100))
    }
    let pool = PoolSpec(
      name: "p", cpu: .init(shares: shares()), memory: .init(), pools: [], place: Self.place)
    return scenario(profiles[Int(seed % 4)], pools: hasPool ? [pool] : [], vms, cores: 3)
  }

  /// The scenario with a lever's number in it; nil for what a scenario of one host does not have.
  private func applied(
    _ lever: EntitlementLever, to vm: Int, of scenario: Scenario
  ) -> Scenario? {
    var changed = scenario
    guard let number = lever.to else { return nil }
    switch lever.change {
    case .raiseShares: changed.vms[vm].cpu.shares = .number(number)
    case .raiseLimit: changed.vms[vm].cpu.limit = Kilohertz(number)
    case .raiseReservation: changed.vms[vm].cpu.reservation = Kilohertz(number)
    case .raisePoolShares: changed.clusters[0].pools[0].cpu.shares = .number(number)
    case .raisePoolReservation: changed.clusters[0].pools[0].cpu.reservation = Kilohertz(number)
    default: return nil
    }
    return changed
  }

  /// 24 scenarios at least, six of each profile.
  @Test(arguments: testSeeds(usual: 24)) func aLeverKeepsItsPromise(seed: UInt64) throws {
    _ = try leversTried(of: random(seed), seed)
  }

  /// Where all have what they want there is nothing to promise: rare among these scenarios.
  @Test func thereAreLeversToTry() throws {
    let tried = try (0..<24).map { try leversTried(of: random($0), $0) }
    #expect(tried.count { $0 > 0 } >= 20)
  }

  /// Applies every lever of a scenario; observed demand is rounded to a kHz.
  private func leversTried(of scenario: Scenario, _ seed: UInt64) throws -> Int {
    var tried = 0
    for vm in scenario.vms.indices {
      let levers = try explained(scenario, vm).cpu?.levers ?? []
      for lever in levers {
        guard let changed = applied(lever, to: vm, of: scenario) else { continue }
        let granted = try #require(explained(changed, vm).granted?.cpu)
        tried += 1
        #expect(
          abs(granted - lever.entitlement) <= 2, "\(lever), granted \(granted); \(replay(seed))")
      }
    }
    return tried
  }

  /// a has 4 vCPUs of 300 each, b of 500, and b wants 2.4 of 4 GHz: 1,200 of 3,200 shares bring a 1,600 MHz, which is
  /// what b leaves; with 600 each it has 2,400 of 4,400, 2,181.818 MHz.
  @Test(arguments: [HypervisorProfile.hyperv, .xen])
  func sharesAreRaisedInTheScenariosScale(profile: HypervisorProfile) throws {
    let scenario = scenario(
      profile,
      [
        vm("a", vcpus: 4, cpu: .init(shares: .number(300)), percent: 100),
        vm("b", vcpus: 4, cpu: .init(shares: .number(500)), percent: 60),
      ])
    let cpu = try #require(explained(scenario, 0).cpu)
    let lever = try #require(cpu.levers?.first { $0.change == .raiseShares })
    #expect(lever.from == 300 && lever.to == 600 && lever.vcpus == 4)
    #expect(lever.entitlement == 2_181_818)
    #expect(
      cpu.sentences().contains(
        "Raising its shares from 300 to 600 for each of its 4 vCPUs would bring a 2,181.818 MHz."))
  }

  /// Two guests want more than the host has. Where the policy does not go by shares no lever on them is offered: it says
  /// what the policy goes by.
  @Test(arguments: [
    ("hyperv-dynamic-memory", HypervisorProfile.hyperv, "priority"),
    ("squeezed", .xen, "minimum"), ("mom", .kvm, "minimum"), ("proxmox", .kvm, "minimum"),
    ("none", .kvm, "more memory on its host"),
  ])
  func memoryLeversAreThePolicys(
    policy: String, profile: HypervisorProfile, named: String
  ) throws {
    var vms = [
      vm("a", percent: 10, memory: .gibibytes(8)), vm("b", percent: 10, memory: .gibibytes(8)),
    ]
    for index in vms.indices {
      vms[index].memoryPolicy.minimum = .gibibytes(1)
      vms[index].memoryPolicy.startup = .gibibytes(2)
    }
    let scenario = scenario(
      profile, vms, memory: .gibibytes(12), reclamation: ReclamationChoice(policy: policy))
    let memory = try #require(explained(scenario, 0).memory)
    #expect(memory.otherPolicy == policy && memory.levers == nil)
    let text = memory.sentences().joined(separator: " ")
    #expect(!text.contains("Raising") && text.contains(policy))
    if memory.dynamicEntitlement < min(memory.observedDemand ?? memory.size, memory.size) {
      #expect(text.contains("a would need ") && text.contains(named))
      #expect(memory.closestLever?.contains(named) == true)
    }
  }
}
