import BallastManager
import BallastModel
import BallastTestSupport
import BallastUnits
import Testing

/// One manager with a memory policy drives every backend. The simulated host tells neither of balloons nor of guest
/// statistics; the recorded one of this file does.
struct MemoryContractTests {
  private static let names = memoryCatalog.map(\.name)

  /// The rig's manager with a policy. The rig's host has 8 GiB; minFree of 16 GiB makes it short whatever is free.
  private static func manager(_ name: String) -> ResourceManager {
    var parameters = MemoryPolicyParameters()
    parameters.proportionalShare.minFree = 16 << 30
    parameters.momOVirt.isBallooning = true
    let plain = Rig.manager()
    var manager = ResourceManager(
      memory: MemoryControl(policy: memoryCatalog.first { $0.name == name }!.make(parameters)))
    for vm in plain.vms { manager.add(vm, plain.settings(of: vm)!, at: .zero) }
    return manager
  }

  /// Five steps on each backend give the same plans, and CPU is decided as without a memory policy.
  @Test(arguments: names)
  func sameRequestsOnEveryBackend(_ name: String) throws {
    var requests: [[[VMMemoryRequest]]] = []
    for kind in BackendKind.allCases {
      requests.append(
        try kind.run { rig in
          rig.manager = Self.manager(name)
          return try (0..<5).map { _ in
            rig.advance(seconds: 20)
            let step = try rig.step()
            #expect(step.failures.isEmpty)
            #expect(step.plan.cpuEntitlement == [1_000_000, 1_500_000, 1_500_000])
            #expect(step.plan.memoryEntitlement == [1 << 30, 1 << 30, 1 << 30])
            #expect(step.plan.memory.count == (name == "none" ? 0 : 3))
            return step.plan.memory
          }
        })
    }
    for other in requests { #expect(other == requests[0]) }
  }

  /// A simulated host tells of no balloon driver: nobody is ballooned by any policy. Proportional share may swap: three
  /// VMs hold 1 GiB each, 5 of 16 GiB are free, which is hard, and nothing is left for them: each gives all it has, a
  /// tenth of its size compressed to 102.4 MiB of cache, which frees as much again, and the rest swapped.
  @Test func unreportedBalloonsAreNotTouched() throws {
    for name in Self.names {
      try BackendKind.simulated.run { rig in
        rig.manager = Self.manager(name)
        rig.advance(seconds: 20)
        let plan = try rig.step().plan
        #expect(plan.memory.allSatisfy { $0.balloon < 0 })
        guard name == "proportional-share" else { return }
        #expect(rig.manager.memoryDecision.state == .hard)
        #expect(plan.memory.map(\.target) == [0, 0, 0])
        let cache: Int64 = (1 << 30) / 10
        for request in plan.memory {
          #expect(request.compress == 2 * cache && request.swap == (1 << 30) - cache)
        }
      }
    }
  }

  // MARK: A host that tells all

  /// Ten observations, 20 s apart, of 16 GiB with 1 GiB free; each VM holds 4 of its 5 GiB, 1 GiB unused.
  private static func recording() -> [HostObservation] {
    (1...10).map { step in
      var seen = HostObservation()
      seen.sequence = UInt64(step)
      seen.time = .seconds(20 * Int64(step))
      seen.interval = .seconds(20)
      seen.coreRate = Rig.coreRate
      seen.cpuCapacity = .megahertz(4_000)
      seen.memoryCapacity = .gibibytes(16)
      seen.memoryFree = .gibibytes(1)
      for vm in Rig.vms {
        var memory = VMMemoryReadings()
        memory.driver = .present
        memory.balloon = 0
        memory.statisticsAge = 1_000_000_000
        memory.guestUnused = 1 << 30
        memory.guestAvailable = 2 << 30
        memory.guestCommitted = 3 << 30
        (memory.sampledPages, memory.touchedPages) = (100, 50)
        seen.append(
          HostObservation.VMRow(
            vm: vm, vcpus: 2, runTime: 1_000, memoryConfigured: 5 << 30, memoryConsumed: 4 << 30,
            memoryActive: 2 << 30, memory: memory))
      }
      return seen
    }
  }

  private func plans<Backend: HypervisorBackend>(
    _ backend: Backend, _ name: String
  ) throws -> [HostPlan] {
    var host = backend
    var manager = Self.manager(name)
    var loop = ControlLoop(workspace: DecisionWorkspace())
    return try (0..<10).map { _ in
      try loop.step(&host, &manager)
      return loop.plan
    }
  }

  /// Without a fault a faulty backend changes nothing, and a recording replays the same requests twice.
  @Test(arguments: names)
  func faultlessIsTheSame(_ name: String) throws {
    let host = RecordedHost(Self.recording())
    let plain = try plans(host, name)
    #expect(try plans(host, name) == plain)
    #expect(try plans(FaultyBackend(host, faults: []), name) == plain)
  }

  /// VM 3's guest hangs, or has no driver, from the first step on: no policy makes it smaller, and the other two are
  /// asked as much or more.
  @Test(arguments: names)
  func guestThatDoesNotAnswerIsNotShrunk(_ name: String) throws {
    let vm = VMIndex(3)
    for fault in [BackendFault.staleStatistics(vm), .driverMissing(vm)] {
      let host = FaultyBackend(
        RecordedHost(Self.recording()), faults: Array(repeating: [fault], count: 10))
      for plan in try plans(host, name) where !plan.memory.isEmpty {
        #expect(plan.memory[1].balloon <= 0)
        if fault == .staleStatistics(vm) {
          #expect(plan.memory[1].swap == 0 && plan.memory[1].compress == 0)
        }
      }
    }
  }

  /// One bad step: VM 3 is asked to stop where its balloon is, which is 0, and in the next step as before.
  @Test func oneStaleStepPausesTheBalloon() throws {
    let host = FaultyBackend(
      RecordedHost(Self.recording()), faults: [[], [.staleStatistics(VMIndex(3))]])
    let plans = try plans(host, "mom")
    #expect(plans[0].memory[1].balloon > 0)
    #expect(plans[1].memory[1].balloon == 0)
    #expect(plans[2].memory[1].balloon == plans[0].memory[1].balloon)
  }

  /// Any faults, any policy: nothing traps, and the row of a VM that is not shown asks for nothing.
  @Test(arguments: testSeeds(usual: 40))
  func anyFaultsAreSurvived(_ seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let vms = Rig.vms
    let faults = (0..<10).map { _ -> [BackendFault] in
      let vm = vms[Int(generator.integer(0...2))]
      let all: [BackendFault] = [
        .stale, .missing(vm), .countersBackwards(vm), .staleStatistics(vm), .driverMissing(vm),
        .zeroCapacity, .refused(vm),
      ]
      return [all[Int(generator.integer(0...6))]]
    }
    for name in Self.names where name != "none" {
      var host = FaultyBackend(RecordedHost(Self.recording()), faults: faults)
      var manager = Self.manager(name)
      var loop = ControlLoop(workspace: DecisionWorkspace())
      for step in 0..<10 {
        try loop.step(&host, &manager)
        #expect(loop.plan.memory.count == 3, "\(replay(seed))")
        guard case .missing(let vm) = faults[step][0], loop.seen.row(of: vm) == nil else {
          continue
        }
        let row = vms.firstIndex(of: vm)!
        #expect(loop.plan.memory[row] == VMMemoryRequest(), "\(replay(seed))")
      }
    }
  }
}
