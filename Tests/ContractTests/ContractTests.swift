import BallastManager
import BallastModel
import BallastUnits
import Testing

/// The promises of `HypervisorBackend`, one test each, held against every backend there is.
struct ContractTests {
  /// VMs 1, 3 and 4 are on; the host shows them in this order, and VM 2 between them once it is started.
  @Test(arguments: BackendKind.allCases)
  func rowsAreSortedByVM(_ kind: BackendKind) throws {
    try kind.run { rig in
      let before = try rig.observe()
      #expect(before.vms == Rig.vms)
      rig.powerOn(VMIndex(2))
      let after = try rig.observe()
      #expect(after.vms == [1, 2, 3, 4].map { VMIndex($0) })
    }
  }

  /// Over steps of uneven length: 0 ≤ run, 0 ≤ ready, run + ready ≤ 2 vCPUs × interval + 1 ns of rounding.
  @Test(arguments: BackendKind.allCases)
  func countersFitTheInterval(_ kind: BackendKind) throws {
    try kind.run { rig in
      for nanoseconds in [20_000_000_000, 7, 1, 333_333_333, 20_000_000_001] as [Int64] {
        rig.advance(by: .nanoseconds(nanoseconds))
        let seen = try rig.step().seen
        #expect(seen.interval == .nanoseconds(nanoseconds))
        for row in 0..<seen.count {
          #expect(seen.runTime[row] >= 0 && seen.readyTime[row] >= 0)
          #expect(
            seen.runTime[row] + seen.readyTime[row] <= seen.vcpus[row] * nanoseconds + 1)
        }
      }
    }
  }

  /// VM 1 runs for 30 s, is off for 35 s and on again for 10 s: only these count, 10 s × 2 vCPUs × 50 %.
  @Test(arguments: BackendKind.allCases)
  func countersBeginAnewWithAPowerOn(_ kind: BackendKind) throws {
    try kind.run { rig in
      _ = try rig.step()
      rig.advance(seconds: 30)
      rig.powerOff(VMIndex(1))
      rig.advance(seconds: 30)
      #expect(try rig.step().seen.row(of: VMIndex(1)) == nil)
      rig.advance(seconds: 5)
      rig.powerOn(VMIndex(1))
      rig.advance(seconds: 10)
      let seen = try rig.step().seen
      let row = try #require(seen.row(of: VMIndex(1)))
      #expect(seen.runTime[row] + seen.readyTime[row] == 10_000_000_000)
    }
  }

  @Test(arguments: BackendKind.allCases)
  func sequenceNumbersAscend(_ kind: BackendKind) throws {
    try kind.run { rig in
      var last: UInt64 = 0
      for _ in 0..<5 {
        rig.advance(seconds: 20)
        let sequence = try rig.observe().sequence
        #expect(sequence > last)
        last = sequence
      }
    }
  }

  @Test(arguments: BackendKind.allCases)
  func firstObservationCoversNoTime(_ kind: BackendKind) throws {
    try kind.run { rig in
      let seen = try rig.observe()
      #expect(seen.interval == .zero)
      #expect(seen.runTime == [0, 0, 0] && seen.readyTime == [0, 0, 0])
    }
  }

  @Test(arguments: BackendKind.allCases)
  func observingTwiceAtOneInstantCoversNoTime(_ kind: BackendKind) throws {
    try kind.run { rig in
      rig.advance(seconds: 20)
      #expect(try rig.observe().interval == .seconds(20))
      let again = try rig.observe()
      #expect(again.interval == .zero)
      #expect(again.runTime == [0, 0, 0] && again.readyTime == [0, 0, 0])
    }
  }

  @Test(arguments: BackendKind.allCases)
  func planOfAnUnknownObservationIsRefused(_ kind: BackendKind) throws {
    try kind.run { rig in
      #expect(throws: BackendError.planOfUnknownObservation(0)) { try rig.apply(HostPlan()) }
      var plan = rig.decide(try rig.observe())
      plan.observation += 1
      #expect(throws: BackendError.planOfUnknownObservation(plan.observation)) {
        try rig.apply(plan)
      }
    }
  }

  /// VM 3 ends between observation and plan. Its row is refused; VMs 1 and 4 want 1 and 1.5 GHz of 4 and get them.
  @Test(arguments: BackendKind.allCases)
  func planForAVanishedVMIsRefusedRowByRow(_ kind: BackendKind) throws {
    try kind.run { rig in
      rig.advance(seconds: 20)
      let plan = rig.decide(try rig.observe())
      rig.powerOff(VMIndex(3))
      let failures = try rig.apply(plan)
      #expect(failures == [gone(VMIndex(3))])
      rig.advance(seconds: 20)
      let seen = try rig.observe()
      #expect(seen.vms == [VMIndex(1), VMIndex(4)])
      #expect(seen.runTime == [20_000_000_000, 30_000_000_000])
      #expect(seen.readyTime == [0, 0])
    }
  }

  /// The rest of such a plan counts: a limit of 600 MHz on VM 1 holds it to 12 of the 20 s it wants.
  @Test(arguments: BackendKind.allCases)
  func restOfAPlanForAVanishedVMIsTaken(_ kind: BackendKind) throws {
    try kind.run { rig in
      rig.manager.configure(VMIndex(1), VMSettings(cpuLimit: 600_000))
      let plan = rig.decide(try rig.observe())
      rig.powerOff(VMIndex(3))
      _ = try rig.apply(plan)
      rig.advance(seconds: 20)
      let seen = try rig.observe()
      #expect(seen.runTime[0] == 12_000_000_000)
      #expect(seen.readyTime[0] == 8_000_000_000)
    }
  }

  /// The second application answers the same, and the counters go on as after the first.
  @Test(arguments: BackendKind.allCases)
  func applyingAPlanTwiceIsApplyingItOnce(_ kind: BackendKind) throws {
    func after(applications: Int) throws -> HostObservation {
      try kind.run { rig in
        rig.advance(seconds: 20)
        let plan = rig.decide(try rig.observe())
        for _ in 0..<applications { #expect(try rig.apply(plan).isEmpty) }
        rig.advance(seconds: 20)
        return try rig.observe()
      }
    }
    #expect(try after(applications: 2) == after(applications: 1))
  }

  @Test(arguments: BackendKind.allCases)
  func decidingTwiceGivesTheSamePlan(_ kind: BackendKind) throws {
    try kind.run { rig in
      for _ in 0..<4 {
        rig.advance(seconds: 20)
        let seen = try rig.observe()
        let plan = rig.decide(seen)
        let manager = rig.manager
        #expect(rig.decide(seen) == plan)
        #expect(rig.manager == manager)
        _ = try rig.apply(plan)
      }
    }
  }

  /// Constant demand is seen exactly, contended or not, limited or not: 1, 2 and 1.5 GHz.
  @Test(arguments: BackendKind.allCases)
  func observedDemandIsTrueDemand(_ kind: BackendKind) throws {
    try kind.run { rig in
      _ = try rig.step()
      for span in [20_000_000_000, 7_000_000_000, 333_333_333] as [Int64] {
        rig.advance(by: .nanoseconds(span))
        _ = try rig.step()
        for (vm, demand) in zip(Rig.vms, Rig.demands) {
          #expect(rig.manager.observedDemand(of: vm)?.value == demand)
        }
      }
    }
  }

  /// VM 1 wants 1 GHz, VM 3 1.8 of its 2 by its limit, VM 4 1.5 with twice the weight: 4.3 of 4 GHz. VMs 1 and 4 have
  /// all they want at a level of 1.5 GHz per 1000 shares; VM 3 gets the other 1.5.
  @Test(arguments: BackendKind.allCases)
  func entitlementIsWhatTheHostDelivers(_ kind: BackendKind) throws {
    try kind.run { rig in
      rig.advance(seconds: 20)
      let plan = try rig.step().plan
      #expect(plan.cpuEntitlement == [1_000_000, 1_500_000, 1_500_000])
      rig.advance(seconds: 20)
      #expect(try rig.observe().runTime == [20_000_000_000, 30_000_000_000, 30_000_000_000])
    }
  }
}

func gone(_ vm: VMIndex) -> ActuationFailure {
  ActuationFailure(vm: vm, setting: "cpu", reason: .noSuchVM)
}

/// Steps as a loop made them on a simulated host, played again.
struct ReplayTests {
  /// Ten steps of 20 s; VM 4 ends before the seventh.
  private func tenSteps(_ rig: inout Rig) throws -> [HostPlan] {
    try (0..<10).map { step in
      rig.advance(seconds: 20)
      if step == 6 { rig.powerOff(VMIndex(4)) }
      return try rig.step().plan
    }
  }

  /// The same manager value decides the same from a recording. Refusals are the same but in the sixth step: a recording
  /// knows already that VM 4 is not in the next observation.
  @Test func replayGivesTheSamePlans() throws {
    let steps = try record(tenSteps)
    #expect(steps.count == 10)
    var host = RecordedHost(steps)
    var manager = Rig.manager()
    var loop = ControlLoop(workspace: DecisionWorkspace())
    for (index, step) in steps.enumerated() {
      let failures = try loop.step(&host, &manager)
      #expect(loop.seen == step.observation)
      #expect(loop.plan == step.plan)
      #expect(failures == (index < 5 ? [] : [gone(VMIndex(4))]))
      if index != 5 { #expect(failures == step.failures) }
    }
    #expect(host.plans == steps.compactMap(\.plan))
  }

  /// After the last observation there is no other, however often one asks, and the manager stays as it was.
  @Test func recordingEnds() throws {
    var host = RecordedHost(try record(tenSteps))
    var manager = Rig.manager()
    var loop = ControlLoop(workspace: DecisionWorkspace())
    for _ in 0..<10 { try loop.step(&host, &manager) }
    let last = manager
    for _ in 0..<2 {
      #expect(throws: BackendError.endOfRecording) { try loop.step(&host, &manager) }
    }
    #expect(manager == last)
  }

  @Test func replayCanBeRecorded() throws {
    let steps = try record(tenSteps)
    var host = RecordingHost(RecordedHost(steps))
    var manager = Rig.manager()
    var loop = ControlLoop(workspace: DecisionWorkspace())
    for _ in steps { try loop.step(&host, &manager) }
    #expect(host.steps.map(\.observation) == steps.map(\.observation))
    #expect(host.steps.map(\.plan) == steps.map(\.plan))
  }

  /// One manager value goes through five steps each of a simulated, a recorded and a faulty host.
  @Test func oneManagerDrivesEveryBackend() throws {
    var manager = Rig.manager()
    for kind in BackendKind.allCases {
      manager = try kind.run { rig in
        rig.manager = manager
        for _ in 0..<5 {
          rig.advance(seconds: 20)
          let plan = try rig.step().plan
          #expect(plan.vms == Rig.vms)
          #expect(plan.cpuEntitlement == [1_000_000, 1_500_000, 1_500_000])
        }
        return rig.manager
      }
    }
  }
}
