import BallastModel
import BallastTestSupport
import BallastUnits
import Testing

@testable import BallastManager

/// One cluster's decisions about where VMs run. Hosts of 4 × 1 GHz and 8 GiB; VMs of 1 vCPU and 2 GiB.
struct ClusterDirectorTests {
  private func director(
    hosts: Int, vms: Int, rules: [PlacementRules.Rule] = [],
    admission: any AdmissionPolicy = StrictAdmission(), failover: FailoverPolicy = .none,
    balancing: (any BalancingPolicy)? = nil, reserves cpu: Int64 = 0, memory: Int64 = 0,
    pools: [PoolSpec] = []
  ) -> ClusterDirector {
    ClusterDirector(
      inventory: ClusterInventory(
        hosts: (0..<hosts).map {
          ClusterInventory.Host(
            cpuCapacity: 4_000_000, coreRate: 1_000_000, memoryCapacity: 8 << 30,
            isKeptForFailures: failover == .dedicated(hosts: [$0]))
        },
        vms: (0..<vms).map { _ in
          ClusterInventory.VM(
            vcpus: 1, memory: 2 << 30, cpuReservation: cpu, memoryReservation: memory)
        }, rules: PlacementRules(rules, vmCount: vms)),
      hosts: (0..<hosts).map {
        ClusterDirector.HostFacts(name: "h\($0)", cores: 4, memory: .gibibytes(8))
      },
      tree: PoolTree(pools, profile: .esxi),
      poolOfVM: [Int](repeating: pools.isEmpty ? 0 : 1, count: vms),
      policies: ClusterDirector.Policies(
        admission: admission, placement: LoadBalance(), failover: failover, balancing: balancing))
  }

  /// 3 GiB reserved each: two fit a host of 8 GiB, so the fifth VM finds 2 × 2 GiB free, enough in sum and nowhere whole.
  @Test func fragmentsRefuse() {
    var cluster = director(hosts: 2, vms: 5, memory: 3 << 30)
    // 3 GiB is more than the 2 GiB the VM has.
    #expect(cluster.powerOn(0).refusal?.kind == .reservationAboveSize)
    cluster = director(hosts: 2, vms: 7, memory: 2 << 30)
    for vm in 0..<7 { cluster.inventory.change(vm) { $0.overhead = 1 << 30 } }
    for vm in 0..<4 { #expect(cluster.powerOn(vm).host != nil) }
    let answer = cluster.powerOn(4)
    guard case .hostFit(let shortage)? = answer.refusal else {
      Issue.record("\(String(describing: answer.refusal))")
      return
    }
    #expect(shortage.isFragmented && shortage.memoryShort == .gibibytes(1))
    // What is refused changes nothing, and what leaves makes room.
    cluster.powerOff(0)
    #expect(cluster.powerOn(4).host == 0)
  }

  /// The host kept for failures takes no VM at power-on, by balancing or in maintenance, but after a failure it does.
  @Test func dedicatedHostTakesOnlyRestarts() {
    var cluster = director(
      hosts: 3, vms: 4, failover: .dedicated(hosts: [2]),
      balancing: DeviationBalancing(threshold: 5))
    for vm in 0..<4 { #expect(cluster.powerOn(vm, on: 0).host == 0) }
    for vm in 0..<4 { cluster.note(vm, cpuDemand: 900_000, memoryDemand: 1 << 30) }
    let moves = cluster.balance(at: .seconds(300))?.moves ?? []
    #expect(!moves.isEmpty && moves.allSatisfy { $0.to == 1 })
    #expect(cluster.evacuate(0).moves.allSatisfy { $0.to == 1 })
    #expect(cluster.inventory.hosts[2].use.vmCount == 0)
    cluster.setState(.failed, of: 1)
    for vm in 0..<4 { cluster.powerOff(vm) }
    #expect(cluster.restart(0).host == 2)
  }

  /// One host and a rule that forbids it: the refusal says rule, not room.
  @Test func rulesAreReasons() {
    var cluster = director(
      hosts: 2, vms: 2, rules: [.notOnHosts(vms: [0], hosts: [0, 1], .must)])
    #expect(cluster.powerOn(0).refusal?.kind == .affinityRule)
    #expect(cluster.powerOn(1, on: 0).host == 0)
    cluster.setState(.failed, of: 0)
    cluster.setState(.failed, of: 1)
    cluster.powerOff(1)
    #expect(cluster.powerOn(1).refusal?.kind == .noHost)
  }

  /// Nobody checks reservations. Host 1 has 3 of 4 GHz reserved by 3 vCPUs, host 2 nothing by 4; so by size VM 0, 2 vCPUs
  /// with 2 GHz, would go to host 1 (5/4 against 6/4). It goes to host 2, or wakes host 3, where its reservation is kept;
  /// where host 2 has 3 GHz reserved, too, it goes by size: nobody is refused for reservations.
  @Test(arguments: [(0, false), (3_000_000, false), (3_000_000, true)] as [(Int64, Bool)])
  func whoStartsAgainKeepsItsReservationIfItCan(reserved: Int64, sleeping: Bool) {
    var cluster = director(
      hosts: 4, vms: 3, admission: AdmitAll(), failover: .slots(tolerate: 1))
    let cpu: [(vcpus: Int64, reserved: Int64)] = [(2, 2_000_000), (3, 3_000_000), (4, reserved)]
    for vm in 0..<3 {
      cluster.inventory.change(vm) {
        $0.vcpus = cpu[vm].vcpus
        $0.cpuReservation = cpu[vm].reserved
      }
      #expect(cluster.powerOn(vm, on: vm).host == vm)
    }
    cluster.setState(sleeping ? .standby : .failed, of: 3)
    cluster.setState(.failed, of: 0)
    cluster.powerOff(0)
    let answer = cluster.restart(0)
    #expect(answer.host == (sleeping ? 3 : reserved > 0 ? 1 : 2))
    #expect(answer.wakes == (sleeping ? [3] : []))
  }

  /// Two VMs of 1.5 GHz must be together; 2 of 4 GHz are free on host 0, 3 on host 1. By itself the first would go to either;
  /// placed as one both go to host 1, at a power-on and after a failure.
  @Test(arguments: [false, true]) func whoMustBeTogetherIsPlacedAsOne(isRestart: Bool) {
    var cluster = director(
      hosts: 3, vms: 4, rules: [.together([0, 1], .must)], reserves: 1_500_000)
    for vm in 2...3 {
      cluster.inventory.change(vm) {
        $0.vcpus = 4
        $0.cpuReservation = vm == 2 ? 2_000_000 : 1_000_000
      }
    }
    for vm in 0...1 { cluster.inventory.change(vm) { $0.vcpus = 2 } }
    #expect(cluster.powerOn(2, on: 0).host == 0 && cluster.powerOn(3, on: 1).host == 1)
    if isRestart {
      for vm in 0...1 { #expect(cluster.powerOn(vm, on: 2).host == 2) }
      for vm in 0...1 { cluster.powerOff(vm) }
    }
    cluster.setState(.failed, of: 2)
    for vm in 0...1 {
      let answer =
        isRestart ? cluster.restart(vm, with: [0, 1]) : cluster.powerOn(vm, with: [0, 1])
      #expect(answer.host == 1 && answer.wakes.isEmpty)
    }
  }

  /// Where no host takes both, the first runs and the second waits; a host in standby is woken for both before that.
  @Test func togetherWakesAHostOrComesOneByOne() {
    func answers(sleeping: Bool) -> [ClusterDirector.Answer] {
      var cluster = director(
        hosts: 2, vms: 3, rules: [.together([0, 1], .must)], reserves: 1_500_000)
      for vm in 0..<3 { cluster.inventory.change(vm) { $0.vcpus = 2 } }
      #expect(cluster.powerOn(2, on: 0).host == 0)
      cluster.setState(sleeping ? .standby : .failed, of: 1)
      return (0...1).map { cluster.powerOn($0, with: [0, 1]) }
    }
    let (awake, alone) = (answers(sleeping: true), answers(sleeping: false))
    #expect(awake.map(\.host) == [1, 1] && awake[0].wakes == [1])
    #expect(alone.map(\.host) == [0, nil] && alone[1].refusal != nil)
  }

  /// A host in standby is woken for a VM that fits nowhere else, and no other.
  @Test func standbyIsWokenWhenNeeded() {
    var cluster = director(hosts: 2, vms: 3, reserves: 2_000_000)
    for vm in 0..<3 { cluster.inventory.change(vm) { $0.vcpus = 2 } }
    cluster.setState(.standby, of: 1)
    #expect(cluster.powerOn(0).wakes.isEmpty && cluster.powerOn(1).wakes.isEmpty)
    let answer = cluster.powerOn(2)
    #expect(answer.host == 1 && answer.wakes == [1])
    #expect(cluster.inventory.hosts[1].state == .on)
  }

  /// 4 GHz less 2 GHz held: a reservation may rise to 4 but not to 4.5 GHz, and the old one stands then.
  @Test func reconfigurationIsAdmittedToo() {
    var cluster = director(hosts: 1, vms: 1, reserves: 2_000_000)
    cluster.inventory.change(0) { $0.vcpus = 8 }
    #expect(cluster.powerOn(0).host == 0)
    func settings(_ cpu: Int64) -> VMSettings { VMSettings(cpuReservation: cpu) }
    #expect(cluster.configure(0, settings(4_500_000), overhead: .zero)?.kind == .hostFit)
    #expect(cluster.inventory.vms[0].cpuReservation == 2_000_000)
    #expect(cluster.configure(0, settings(4_000_000), overhead: .zero) == nil)
    #expect(cluster.pools.holding(of: VMIndex(0))?.charge.cpu == 4_000_000)
    cluster.powerOff(0)
    #expect(cluster.pools.records.isEmpty)
  }

  /// Two hosts of 4 GHz, VMs of 1 GHz: 4 + 4 slots, 4 without the larger host, 3 used. With 2 GHz the slots are 2 + 2, 2
  /// left for 3 VMs: refused. Where two VMs run it holds, and 4 GHz would leave one slot for two.
  @Test func slotsAreAskedWhenAReservationRises() {
    var cluster = director(hosts: 2, vms: 3, failover: .slots(tolerate: 1), reserves: 1_000_000)
    for vm in 0..<3 { cluster.inventory.change(vm) { $0.vcpus = 4 } }
    for vm in 0..<3 { #expect(cluster.powerOn(vm).host != nil) }
    func raise(to cpu: Int64) -> Refusal? {
      cluster.configure(0, VMSettings(cpuReservation: cpu), overhead: .zero)
    }
    #expect(
      raise(to: 2_000_000)
        == .failoverCapacity(.init(policy: "slots", count: .slots, used: 3, available: 2)))
    #expect(cluster.inventory.vms[0].cpuReservation == 1_000_000)
    #expect(cluster.failoverStatus().hostFailuresSurvived == 1)
    cluster.powerOff(2)
    #expect(raise(to: 2_000_000) == nil && cluster.failoverStatus().slots?.available == 0)
    #expect(raise(to: 4_000_000)?.kind == .failoverCapacity)
    #expect(raise(to: 1_000_000) == nil && cluster.failoverStatus().slots?.available == 2)
  }

  /// Half of two hosts of 4 GHz is kept. A VM without reservation counts 32 MHz, so beside it 3968 MHz may be reserved,
  /// although the pools hold nothing else. When one host fails, more is promised than a half of what is left: less may be
  /// asked for, and more memory, but no more CPU.
  @Test func percentageCountsTheVMsWithoutReservation() {
    var cluster = director(hosts: 2, vms: 2, failover: .percentage(.tolerate(hosts: 1)))
    for vm in 0..<2 { cluster.inventory.change(vm) { $0.vcpus = 4 } }
    for vm in 0..<2 { #expect(cluster.powerOn(vm, on: 0).host == 0) }
    func ask(_ cpu: Int64, memory: Int64 = 0) -> Refusal? {
      cluster.configure(
        0, VMSettings(cpuReservation: cpu, memoryReservation: memory), overhead: .zero)
    }
    #expect(
      ask(3_968_001)
        == .failoverCapacity(
          .init(
            policy: "percentage", count: .amount(.cpu), used: 4_000_001, available: 4_000_000,
            capacityShort: 2)))
    #expect(ask(3_968_000) == nil)
    cluster.setState(.failed, of: 1)
    #expect(ask(3_968_001)?.kind == .failoverCapacity)
    #expect(ask(3_000_000) == nil && ask(3_000_000, memory: 1 << 30) == nil)
    #expect(ask(3_000_000, memory: 2 << 30) == nil)
  }

  /// What the VMs count for follows every change: after any it is what a new count finds.
  @Test(arguments: testSeeds(usual: 200)) func theTallyFollows(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let fixed = FailoverPolicy.SlotSize(cpu: .megahertz(700), memory: .gibibytes(1))
    let policies: [FailoverPolicy] = [
      .none, .slots(tolerate: 0), .slots(tolerate: 0, fixed: fixed),
      .percentage(.tolerate(hosts: 0)), .dedicated(hosts: []),
    ]
    let failover = policies[Int(random.integer(0...4))]
    var cluster = director(hosts: 3, vms: 6, failover: failover)
    for _ in 0..<20 {
      let vm = Int(random.integer(0...5))
      switch random.integer(0...3) {
      case 0 where cluster.inventory.vms[vm].host == nil: _ = cluster.powerOn(vm)
      case 1: cluster.powerOff(vm)
      default:
        let settings = VMSettings(
          cpuReservation: random.integer(0...4) * 250_000,
          memoryReservation: random.integer(0...2) << 30)
        _ = cluster.configure(vm, settings, overhead: Bytes(random.integer(0...2) << 20))
      }
      let kept = cluster.counted()
      cluster.tally = nil
      #expect(kept == cluster.counted(), "\(replay(seed))")
    }
  }

  /// A move is admitted like a start: 3 of 4 GHz are taken, 2 more do not fit.
  @Test func movesAreAdmitted() {
    var cluster = director(hosts: 2, vms: 2, reserves: 3_000_000)
    for vm in 0..<2 { cluster.inventory.change(vm) { $0.vcpus = 4 } }
    #expect(cluster.powerOn(0, on: 0).host == 0 && cluster.powerOn(1, on: 1).host == 1)
    #expect(cluster.move(0, to: 1).refusal?.kind == .hostFit)
    #expect(cluster.inventory.vms[0].host == 0)
    cluster.powerOff(1)
    #expect(cluster.move(0, to: 1).moved == [0] && cluster.inventory.vms[0].host == 1)
  }

  private static let keeping: [FailoverPolicy] = [
    .percentage(.tolerate(hosts: 1)), .dedicated(hosts: [3]),
  ]

  /// Four hosts of 4 GHz, one of them kept: three VMs that reserve 4 GHz may run, the fourth may not. One host fails. The
  /// restart asks for 8 + 4 = 12 of the 12 GHz that are left, more than may be promised anew, and gets what was kept for
  /// it. After that all promises are backed and no failure is survived.
  @Test(arguments: keeping) func restartsUseWhatWasKeptForThem(_ failover: FailoverPolicy) {
    var cluster = director(hosts: 4, vms: 5, failover: failover, reserves: 4_000_000)
    for vm in 0..<5 { cluster.inventory.change(vm) { $0.vcpus = 4 } }
    #expect((0..<3).map { cluster.powerOn($0).host } == [0, 1, 2])
    #expect(cluster.powerOn(3).refusal?.kind == .failoverCapacity)
    cluster.powerOff(1)
    cluster.setState(.failed, of: 1)
    #expect(cluster.restart(1).host == 3)
    #expect(cluster.powerOn(4).host == nil)
    #expect(cluster.admissionState == .green && cluster.shortfalls.isEmpty)
    #expect(cluster.failoverStatus().hostFailuresSurvived == 0)
  }

  /// The pool reserves 10 of 12 GHz. One of three hosts fails, so 10 are promised and 8 are there: nobody new is admitted,
  /// but the VM that was lost takes its 1 GHz of the pool's own again.
  @Test func restartIsNoNewPromise() {
    let gold = PoolSpec(
      name: "gold", cpu: ResourceSettings(reservation: .megahertz(10_000)),
      memory: ResourceSettings(), pools: [], place: SourcePlace(file: "", line: 1, column: 1))
    var cluster = director(
      hosts: 3, vms: 2, failover: .slots(tolerate: 1), reserves: 1_000_000, pools: [gold])
    #expect(cluster.powerOn(0).host == 0)
    cluster.powerOff(0)
    cluster.setState(.failed, of: 0)
    #expect(cluster.admissionState == .yellow)
    #expect(cluster.powerOn(1).refusal?.kind == .overcommitted)
    #expect(cluster.restart(0).host == 1)
    #expect(cluster.pools.reserved(1).cpu == 1_000_000)
  }

  /// Two hosts have 8 GHz and the pool reserves 10: 2 are short, also where admission asks nobody. With 9 it is 1; when a
  /// host fails, 5; with 4, what one host has, none.
  @Test func poolsAreShortUnderEveryAdmission() {
    func settings(_ megahertz: Int64) -> ResourceSettings<Kilohertz> {
      ResourceSettings(reservation: .megahertz(megahertz))
    }
    let gold = PoolSpec(
      name: "gold", cpu: settings(10_000), memory: ResourceSettings(), pools: [],
      place: SourcePlace(file: "", line: 1, column: 1))
    var cluster = director(hosts: 2, vms: 1, admission: AdmitAll(), pools: [gold])
    func short() -> [Int64] { cluster.shortfalls.map(\.short) }
    #expect(cluster.admissionState == .yellow && short() == [2_000_000])
    // Nobody is refused for it.
    #expect(cluster.powerOn(0).host != nil)
    #expect(cluster.configure(pool: 1, cpu: settings(9_000), memory: .init()) == nil)
    #expect(short() == [1_000_000])
    cluster.setState(.failed, of: 1)
    #expect(short() == [5_000_000])
    #expect(cluster.configure(pool: 1, cpu: settings(4_000), memory: .init()) == nil)
    #expect(cluster.admissionState == .green && short() == [])
    // More than there is is taken as well, and told.
    #expect(cluster.configure(pool: 1, cpu: settings(6_000), memory: .init()) == nil)
    #expect(short() == [2_000_000])
  }
}
