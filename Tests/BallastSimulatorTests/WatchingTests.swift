import BallastKernel
import BallastMachine
import BallastModel
import BallastSimulator
import BallastTestSupport
import BallastUnits
import Testing

/// Explaining a run by running it again: what is said is what was granted, and looking changes nothing.
struct WatchingTests {
  /// Two hosts of 2 cores at 1 GHz; a and b want 2 GHz each of ha, c half a GHz of hb.
  private func world(isRecorded: Bool = true) -> World {
    func vm(_ name: String, _ host: Int, vcpus: Int, percent: Int64, start: Int64 = 0) -> World.VM {
      World.VM(
        name: name, cluster: 0, host: HostIndex(host), vcpus: vcpus, memory: .gibibytes(1),
        start: .seconds(start), stop: name == "b" ? .seconds(22) : nil,
        workload: GuestWorkload(cpu: .constant(.percent(percent))))
    }
    let vms = [
      vm("a", 0, vcpus: 2, percent: 100), vm("b", 0, vcpus: 2, percent: 100),
      vm("c", 1, vcpus: 1, percent: 50, start: 7),
    ]
    return World(
      name: "test", seed: 1, duration: .seconds(30), controlInterval: .seconds(5),
      recordInterval: .seconds(10), profile: .esxi,
      clusters: [World.Cluster(name: "c", pools: [], hosts: [HostIndex(0), HostIndex(1)])],
      hosts: ["ha", "hb"].map {
        HostSpec(
          name: $0, sockets: 1, coresPerSocket: 2, threadsPerCore: 1,
          coreRate: .megahertz(1_000), memory: .gibibytes(4))
      }, vms: vms,
      events: [
        World.Event(
          at: .seconds(12),
          action: .setVMs(
            [VMIndex(0)], cpu: SettingsChange(limit: .amount(.megahertz(500))), memory: .init())),
        World.Event(at: .seconds(14), action: .migrate([VMIndex(2)], to: HostIndex(0))),
      ],
      recordedVMs: isRecorded ? vms.indices.map { VMIndex($0) } : [])
  }

  private func explain(
    _ vm: Int, at seconds: Int64..., isRecorded: Bool = true
  ) -> [VMExplanation] {
    Simulation.explain(
      seconds.map { ExplanationRequest(vm: VMIndex(vm), at: .seconds($0)) },
      of: world(isRecorded: isRecorded)
    ).compactMap { $0 }
  }

  /// a: 1 GHz by shares until 12 s, then its limit of 0.5.
  @Test func theDecisionAtOrBeforeTheMomentCounts() {
    let found = explain(0, at: 11, 12, 15)
    #expect(found.map(\.cpu?.dynamicEntitlement) == [1_000_000, 500_000, 500_000])
    #expect(found.map { $0.cpu?.levels.last?.bound } == [.shares, .limit, .limit])
    #expect(found.map(\.granted?.cpu) == [1_000_000, 500_000, 500_000])
    #expect(found.map(\.time) == [11, 12, 15].map { .seconds($0) })
  }

  @Test func requestsComeInAnyOrder() {
    #expect(explain(0, at: 15, 11) == explain(0, at: 11, 15).reversed())
  }

  @Test func whoIsOffIsEntitledToNothing() {
    let found = explain(1, at: 21, 22, 30)
    #expect(found.map(\.state) == ["on", "off", "off"])
    #expect(found[1].cpu == nil && found[1].granted == nil)
    #expect(explain(2, at: 6)[0].stateSentences[0] == "c is off: the scenario starts it at 7s.")
  }

  /// c: 1 GiB over 10 Gbit/s takes about a second.
  @Test func movesAreKept() {
    let found = explain(2, at: 14, 20)
    #expect(found.map(\.state) == ["migrating", "on"])
    #expect(found.map(\.host) == ["hb", "ha"])
    #expect(found[1].decisions.map(\.kind) == [.powerOn, .migrate])
    #expect(found[1].events.map(\.event) == ["power_on", "migrate_start", "migrate_end"])
  }

  @Test func recordingMakesNoDifference() {
    for vm in 0..<3 {
      #expect(
        explain(vm, at: 0, 7, 13, 16, 30)
          == explain(vm, at: 0, 7, 13, 16, 30, isRecorded: false))
    }
  }

  /// The same events, hosts' rows and digest, whether entitlements are followed or not: rows of VMs aside, which the
  /// digest folds where they are recorded.
  @Test func followingEntitlementsChangesNoHost() throws {
    let (all, summary) = (CollectingSink(), CollectingSink())
    _ = try Simulation(world(), sink: all).run()
    _ = try Simulation(world(isRecorded: false), sink: summary).run()
    #expect(all.events == summary.events)
    for column in [HostColumn.cpuDemand, .cpuUsed, .cpuReady, .memConsumed] {
      #expect(all.host("ha", column) == summary.host("ha", column))
    }
  }

  /// A judgement at the end of the run sees its last decision.
  @Test func anExpectationMayAskAboutTheEnd() throws {
    var world = world(isRecorded: false)
    world.judgements = [
      World.Judgement(
        expectation: Expectation(
          question: .explanation(at: nil, resource: .cpu, bound: .limit), subjects: .vms(["a"]),
          statistic: nil, bound: .isTrue, isPooled: false,
          place: SourcePlace(file: "", line: 1, column: 1)),
        target: .explanation([VMIndex(0)], at: .seconds(30), .cpu, .limit))
    ]
    let record = try Simulation(world, sink: CollectingSink()).run()
    #expect(record.expectations.map(\.isMet) == [true])
  }

  /// Whatever the moment, what is explained is what was granted.
  @Test(arguments: 0..<40) func whatIsExplainedWasGranted(seed: UInt64) {
    var generator = RandomStream(seed: seed, named: "watching")
    let requests = (0..<6).map { _ in
      ExplanationRequest(
        vm: VMIndex(Int(generator.next() % 3)),
        at: SimTime(Int64(generator.next() % 30_000_000_000)))
    }
    for explanation in Simulation.explain(requests, of: world()) {
      #expect(explanation?.cpu?.dynamicEntitlement == explanation?.granted?.cpu)
      #expect(explanation?.memory?.dynamicEntitlement == explanation?.granted?.memory)
    }
  }

  // MARK: A run's own account

  private func account(
    _ world: World, threads: Int = 1
  ) throws -> (record: RunRecord, account: RunExplanations) {
    let simulation = try Simulation(world, sink: CollectingSink(), threads: threads)
    var record = try simulation.run()
    let account = simulation.account(for: &record)
    return (record, account)
  }

  /// a lacks 1 of 2 GHz from 5 s, when its demand is first seen, and 1.5 from 12 s; b 1 of 2 GHz, then 0.5.
  @Test func theWorstMomentsAreExplained() throws {
    let (_, account) = try account(world())
    #expect(account.moments.map(\.explanation.vm).prefix(2) == ["a", "b"])
    #expect(account.moments[0].unmet == .percent(75))
    #expect(account.moments[0].explanation.time == .seconds(12))
    #expect(account.moments[0].explanation.cpu?.levels.last?.bound == .limit)
    #expect(account.moments[1].unmet == .percent(50))
    #expect(account.moments[1].explanation.time == .seconds(5))
    #expect(account.moves.records.map(\.vm) == ["c"])
    #expect(account.moves.count == 1)
    #expect(account.note == "")
  }

  @Test func theAccountDoesNotDependOnThreads() throws {
    let (one, three) = (try account(world()), try account(world(), threads: 3))
    #expect(one.account == three.account)
    #expect(one.record.digest == three.record.digest)
  }

  /// a has 1 GHz, then 0.5: the worst sample is the last, under the limit, and 2 GHz would have to be allowed.
  @Test func aFailedExpectationHasItsMissAndItsLever() throws {
    var world = world()
    world.judgements = [
      World.Judgement(
        expectation: Expectation(
          question: .metric("cpu_used_mhz"), subjects: .vms(["a"]), statistic: .last,
          bound: .atLeast(800_000), isPooled: false,
          place: SourcePlace(file: "", line: 1, column: 1)),
        target: .vms(.cpuUsed, [VMIndex(0)]))
    ]
    let (record, account) = try account(world)
    let verdict = record.expectations[0]
    #expect(verdict.measured == "500.000 (a)")
    #expect(verdict.missedBy == "300.000")
    #expect(verdict.lever.hasPrefix("Raising its limit from 500 MHz to"))
    #expect(account.moments[0].reason == "expectation")
    #expect(account.moments[0].explanation.time == SimTime(30_000_000_000 - 1))
  }

  /// Where entitlements are not followed nothing is claimed about demand.
  @Test func aRunOfSummariesSaysThatNobodyLooked() throws {
    let (_, account) = try account(world(isRecorded: false))
    #expect(account.moments.isEmpty)
    #expect(account.note.contains("ballast explain"))
    #expect(account.moves.count == 1)
  }
}
