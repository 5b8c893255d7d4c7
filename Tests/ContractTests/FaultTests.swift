import BallastManager
import BallastModel
import BallastTestSupport
import BallastUnits
import Testing

/// What the manager does when a host misbehaves, one test per fault. Undisturbed, every step of the rig is entitled to
/// 1, 1.5 and 1.5 GHz (`ContractTests.entitlementIsWhatTheHostDelivers`).
struct FaultTests {
  private static let faulty: [BackendKind] = [.faultySimulated, .faultyRecorded]
  private static let usual: [Int64] = [1_000_000, 1_500_000, 1_500_000]

  /// Runs steps of 20 s with faults in the second, and returns what each step decided and what was refused.
  private func steps(
    _ kind: BackendKind, _ count: Int = 4, faults: [BackendFault]
  ) throws -> [(seen: HostObservation, plan: HostPlan, failures: [ActuationFailure])] {
    try kind.run(faults: [[], faults]) { rig in
      try (0..<count).map { _ in
        rig.advance(seconds: 20)
        return try rig.step()
      }
    }
  }

  /// The second observation is the first once more. The plan is the first once more too, and the third observation
  /// covers the 40 s since the host was last asked.
  @Test func staleObservationRepeatsThePlan() throws {
    let steps = try steps(.faultySimulated, faults: [.stale])
    #expect(steps[1].seen == steps[0].seen)
    #expect(steps[1].plan == steps[0].plan)
    #expect(steps[2].seen.interval == .seconds(40))
    #expect(steps[2].plan.cpuEntitlement == Self.usual)
  }

  /// VM 1 does not answer once. Its row of the plan has its settings and entitles it to nothing, and VM 3 has the room,
  /// up to its limit of 1.8 GHz; in the next step all is as before.
  @Test(arguments: faulty)
  func missingVMKeepsItsSettings(_ kind: BackendKind) throws {
    let steps = try steps(kind, faults: [.missing(VMIndex(1))])
    #expect(steps[1].seen.vms == [VMIndex(3), VMIndex(4)])
    #expect(steps[1].plan.vms == Rig.vms)
    #expect(steps[1].plan.cpuWeight == steps[0].plan.cpuWeight)
    #expect(steps[1].plan.cpuEntitlement == [0, 1_800_000, 1_500_000])
    #expect(steps[1].plan.memoryEntitlement == [0, 1 << 30, 1 << 30])
    #expect(steps[1].failures.isEmpty)
    #expect(steps[2].plan.cpuEntitlement == Self.usual)
  }

  /// Counters of VM 4 fall. What was seen of it before stays: the plan differs in nothing.
  @Test(arguments: faulty)
  func countersThatFallTeachNothing(_ kind: BackendKind) throws {
    let steps = try steps(kind, faults: [.countersBackwards(VMIndex(4))])
    #expect(steps[1].seen.runTime[2] < 0 && steps[1].seen.memoryConsumed[2] < 0)
    for step in steps { #expect(step.plan.cpuEntitlement == Self.usual) }
    #expect(steps[1].plan.memoryEntitlement == [1 << 30, 1 << 30, 1 << 30])
  }

  /// No clock and no capacity: nothing can be handed out, nothing is learnt, and the settings go out as ever.
  @Test(arguments: faulty)
  func zeroCapacityEntitlesToNothingOnce(_ kind: BackendKind) throws {
    let steps = try steps(kind, faults: [.zeroCapacity])
    #expect(steps[1].plan.cpuEntitlement == [0, 0, 0])
    #expect(steps[1].plan.memoryEntitlement == [0, 0, 0])
    #expect(steps[1].plan.cpuLimit == steps[0].plan.cpuLimit)
    #expect(steps[2].plan.cpuEntitlement == Self.usual)
  }

  /// A host that cannot be observed: the manager is as before, and the next step works.
  @Test(arguments: faulty)
  func unobservableHostChangesNothing(_ kind: BackendKind) throws {
    try kind.run(faults: [[], [.unavailableToObserve]]) { rig in
      rig.advance(seconds: 20)
      _ = try rig.step()
      let manager = rig.manager
      rig.advance(seconds: 20)
      if !rig.isRehearsal {
        #expect(throws: BackendError.unavailable("injected")) { try rig.step() }
      }
      #expect(rig.manager == manager)
      rig.advance(seconds: 20)
      #expect(try rig.step().plan.cpuEntitlement == Self.usual)
    }
  }

  /// A plan that could not be applied is made again in the next step: VM 1's new limit of 600 MHz comes one step late.
  @Test(arguments: faulty)
  func planThatCouldNotBeAppliedIsMadeAgain(_ kind: BackendKind) throws {
    try kind.run(faults: [[], [.unavailableToApply]]) { rig in
      rig.advance(seconds: 20)
      _ = try rig.step()
      rig.manager.configure(VMIndex(1), VMSettings(cpuLimit: 600_000))
      rig.advance(seconds: 20)
      let plan = rig.decide(try rig.observe())
      let manager = rig.manager
      if rig.isRehearsal {
        _ = try rig.apply(plan)
      } else {
        #expect(throws: BackendError.unavailable("injected")) { try rig.apply(plan) }
      }
      #expect(rig.manager == manager)
      rig.advance(seconds: 20)
      var again = try rig.step().plan
      #expect(again.observation == plan.observation + 1)
      again.observation = plan.observation
      #expect(again == plan)
    }
  }

  /// VM 1's new limit is refused: one failed row, the limit of VM 4 is taken, and what is not asked again is not
  /// enforced: in the next 20 s VM 1 runs its 20 s, VM 4 14 of its 30.
  @Test func refusedSettingFailsItsRow() throws {
    try BackendKind.faultySimulated.run(faults: [[.refused(VMIndex(1))]]) { rig in
      rig.manager.configure(VMIndex(1), VMSettings(cpuLimit: 600_000))
      rig.manager.configure(VMIndex(4), VMSettings(cpuLimit: 700_000))
      rig.advance(seconds: 20)
      #expect(
        try rig.step().failures == [
          ActuationFailure(vm: VMIndex(1), setting: "cpu", reason: .refused("injected"))
        ])
      rig.advance(seconds: 20)
      let next = try rig.step()
      #expect(next.seen.runTime[0] == 20_000_000_000)
      #expect(next.seen.runTime[2] == 14_000_000_000)
      #expect(next.failures.isEmpty)
      rig.advance(seconds: 20)
      #expect(try rig.observe().runTime[0] == 12_000_000_000)
    }
  }

  /// VM 3 ends after it was observed: its row fails in this step and in those after, in which it is not seen.
  @Test(arguments: faulty)
  func vanishedVMFailsItsRow(_ kind: BackendKind) throws {
    let steps = try steps(kind, faults: [.vanished(VMIndex(3))])
    #expect(steps[1].seen.vms == Rig.vms)
    #expect(steps[1].failures == [gone(VMIndex(3))])
    #expect(steps[2].seen.vms == [VMIndex(1), VMIndex(4)])
    #expect(steps[2].failures == [gone(VMIndex(3))])
    #expect(steps[2].plan.cpuEntitlement == [1_000_000, 0, 1_500_000])
  }

  /// 40 steps of random faults: nothing traps, a plan always names all managed VMs, hands out no more than there is,
  /// and after the last fault one step is enough to be right again (a VM that vanished excepted, which has no row).
  @Test(arguments: testSeeds(usual: 40))
  func anyFaultsAreSurvived(_ seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let faults = (0..<40).map { _ in generator.faults() }
    try BackendKind.faultySimulated.run(faults: faults) { rig in
      // Run and ready time are counted in whole nanoseconds, which shows in an interval below a millisecond (seed 2259).
      var shortest = Int64.max
      for _ in faults {
        rig.advance(by: .nanoseconds(generator.integer(0...30_000_000_000)))
        guard let seen = try? rig.observe() else { continue }
        let plan = rig.decide(seen)
        if seen.interval.value > 0 { shortest = min(shortest, seen.interval.value) }
        let rounding = 2 * Rig.coreRate.value / shortest
        #expect(plan.vms == Rig.vms, "\(replay(seed))")
        #expect(plan.cpuEntitlement.allSatisfy { $0 >= 0 }, "\(replay(seed))")
        #expect(plan.cpuEntitlement.reduce(0, +) <= 4_000_000, "\(replay(seed))")
        for (vm, demand) in zip(Rig.vms, Rig.demands) {
          let observed = rig.manager.observedDemand(of: vm)?.value
          #expect(observed == nil || abs(observed! - demand) <= rounding, "\(replay(seed))")
        }
        _ = try? rig.apply(plan)
      }
      rig.advance(seconds: 20)
      let seen = try rig.observe()
      let plan = rig.decide(seen)
      if seen.count == 3 { #expect(plan.cpuEntitlement == Self.usual, "\(replay(seed))") }
    }
  }

  /// Extremes of every reading: the largest and smallest numbers of an observation trap nowhere.
  @Test func nonsenseNeverTraps() {
    let extremes: [Int64] = [.min, -1, 0, 1, .max]
    var manager = Rig.manager()
    var plan = HostPlan()
    let workspace = DecisionWorkspace()
    for value in extremes {
      for field in 0..<9 {
        var seen = HostObservation()
        seen.time = .seconds(20)
        seen.interval = .seconds(20)
        seen.coreRate = field == 0 ? Kilohertz(value) : Rig.coreRate
        seen.cpuCapacity = field == 1 ? Kilohertz(value) : .megahertz(4_000)
        seen.memoryCapacity = field == 2 ? Bytes(value) : .gibibytes(8)
        if field == 3 { seen.interval = SimDuration(value) }
        var row = HostObservation.VMRow(
          vm: VMIndex(3), vcpus: 2, runTime: 20_000_000_000, readyTime: 20_000_000_000,
          memoryConfigured: 1 << 30, memoryConsumed: 1 << 30)
        if field == 4 { row.vcpus = value }
        if field == 5 { row.runTime = value }
        if field == 6 { row.readyTime = value }
        if field == 7 { row.memoryConfigured = value }
        if field == 8 { row.memoryConsumed = value }
        seen.append(row)
        manager.decide(seen, into: &plan, workspace: workspace)
        #expect(plan.cpuEntitlement.allSatisfy { $0 >= 0 })
        #expect(plan.memoryEntitlement.allSatisfy { $0 >= 0 })
      }
    }
  }
}

extension SeededGenerator {
  /// Mostly nothing; else one or two faults of VMs 1, 3 and 4.
  fileprivate mutating func faults() -> [BackendFault] {
    guard isHit(oneIn: 2) else { return [] }
    return (0..<integer(1...2)).map { _ in
      let vm = Rig.vms[Int(integer(0...2))]
      switch integer(0...8) {
      case 0: return .stale
      case 1: return .missing(vm)
      case 2: return .countersBackwards(vm)
      case 3: return .zeroCapacity
      case 4: return .unavailableToObserve
      case 5: return .unavailableToApply
      case 6: return .refused(vm)
      case 7 where isHit(oneIn: 5): return .vanished(vm)
      default: return .stale
      }
    }
  }
}
