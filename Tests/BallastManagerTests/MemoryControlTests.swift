import BallastManager
import BallastModel
import BallastTestSupport
import BallastUnits
import Foundation
import Testing

/// A manager with a memory policy, from the observation to the plan.
struct MemoryControlTests {
  private static let gib: Int64 = 1 << 30

  /// Two VMs of 4 GiB that hold all of it on 8 GiB, of which `free` are free; both answer their balloons.
  static func observation(
    _ step: UInt64 = 1, free: Int64 = 400, balloon: [Int64] = [0, 0],
    _ change: (inout [VMMemoryReadings]) -> Void = { _ in }
  ) -> HostObservation {
    var seen = seen([.init(index: 0, demand: 1_000), .init(index: 1, demand: 1_000)])
    seen.sequence = step
    seen.time = .seconds(20 * Int64(step))
    seen.memoryCapacity = .gibibytes(8)
    seen.memoryFree = .mebibytes(free)
    for row in 0..<2 {
      seen.memory[row].driver = .present
      seen.memory[row].balloon = balloon[row] * mib
      seen.memory[row].statisticsAge = 1_000_000_000
      seen.memory[row].guestUnused = 2_000 * mib
      seen.memory[row].guestAvailable = 2_500 * mib
      seen.memory[row].guestCommitted = 1_000 * mib
      seen.memoryConsumed[row] = 4 * gib - balloon[row] * mib
      seen.memoryActive[row] = seen.memoryConsumed[row]
    }
    change(&seen.memory)
    return seen
  }

  /// minFree is 1000 MiB. Without tax, so that what guests tell of their activity moves nobody.
  static func manager(
    _ name: String = "proportional-share",
    _ change: (inout MemoryControl.Parameters) -> Void = { _ in }
  ) -> ResourceManager {
    var parameters = MemoryPolicyParameters()
    parameters.proportionalShare.minFree = 1_000 * mib
    parameters.proportionalShare.tax = .none
    parameters.momOVirt.isBallooning = true
    var control = MemoryControl.Parameters()
    change(&control)
    var manager = ResourceManager(
      memory: MemoryControl(
        policy: memoryCatalog.first { $0.name == name }!.make(parameters), control))
    for vm in 0..<2 {
      var settings = VMSettings(memoryWeight: 1_000)
      settings.memory.minimum = 1_000 * mib
      manager.add(VMIndex(vm), settings, at: .zero)
    }
    return manager
  }

  private func balloons(_ plan: HostPlan) -> [Int64] {
    plan.memory.map { $0.balloon < 0 ? -1 : $0.balloon / mib }
  }

  /// Without policy and tax a plan asks for nothing, and the manager remembers nothing.
  @Test func defaultAsksForNothing() {
    var manager = ResourceManager([0: VMSettings(), 1: VMSettings()])
    let plan = manager.decided(Self.observation())
    #expect(plan.memory.isEmpty && plan.hostMemory == HostMemoryRequest())
    #expect(manager.memoryDecision == MemoryDecision())
  }

  /// 400 of 1000 free: soft; 690 are missing, 345 of each.
  @Test func policyWritesThePlan() {
    var manager = Self.manager()
    let plan = manager.decided(Self.observation())
    #expect(balloons(plan) == [345, 345])
    let target: Int64 = (4_096 - 345) * mib
    #expect(plan.memory.map(\.target) == [target, target])
    #expect(plan.hostMemory.scansForSharing)
    let decision = manager.memoryDecision
    #expect(decision.policy == "proportional-share" && decision.state == .soft)
    #expect(decision.free == 400 * mib && decision.wanted == 1_090 * mib)
    #expect(decision.vms.map(\.vm) == [VMIndex(0), VMIndex(1)])
  }

  /// Of 8 GiB the host keeps 2, and the overhead of the VMs takes the other 6: there is no memory for guests, which is no
  /// failed reading but the lowest state. With a byte less of overhead the capacity of 0 is nonsense and teaches nothing.
  @Test(arguments: [0, 1] as [Int64]) func overheadMayTakeAllThereIs(missing: Int64) {
    var manager = Self.manager()
    var seen = Self.observation(free: 0)
    seen.memoryCapacity = .zero
    seen.hostMemory.total = 8 * Self.gib
    seen.hostMemory.heldByHost = 2 * Self.gib
    for row in 0..<2 {
      seen.memoryConsumed[row] = 0
      seen.memory[row].overhead = 3 * Self.gib - missing
    }
    _ = manager.decided(seen)
    #expect(manager.memoryDecision.state == (missing == 0 ? .low : .high))
    #expect(manager.memoryDecision.wanted == (missing == 0 ? 1_090 * mib : 0))
  }

  /// A guest of 4 GiB says that 2500 MiB are available. Nobody counts on that in its first minute; then all but 1 % of 4096 MiB,
  /// which it keeps free: 4096 − (2500 − 40.96) = 1636.96. Asked for more, its balloon is stuck at 1000 MiB: it can go to 3096.
  @Test func whatAGuestCanGiveIsWhatItTells() {
    func least(_ manager: ResourceManager, at seconds: Int64) -> Bytes? {
      manager.memoryLeast(
        of: VMIndex(0), Self.observation(balloon: [0, 0]).memory[0], configured: .gibibytes(4),
        at: .seconds(seconds))
    }
    var manager = Self.manager("squeezed")
    #expect(least(manager, at: 59) == nil)
    #expect(least(manager, at: 60)?.milliMebibytes == 1_636_960)
    for step in 1...5 {
      _ = manager.decided(Self.observation(UInt64(step), free: -2_000, balloon: [1_000, 0]))
    }
    #expect(least(manager, at: 60) == .mebibytes(3_096))
  }

  /// Two VMs reserve their 4 GiB, and the host of 8 GiB has 7.5 for VMs: as it cannot keep both, each keeps the same part of
  /// what is not to be kept free, (7680 − 1090) / 2 = 3295 MiB, gives the rest and runs again.
  @Test func reservationsBeyondTheHostAreCut() {
    var manager = Self.manager()
    for vm in 0..<2 {
      var settings = VMSettings(memoryReservation: 4 * Self.gib, memoryWeight: 1_000)
      settings.memory.minimum = 0
      manager.configure(VMIndex(vm), settings)
    }
    var seen = Self.observation(free: 0)
    seen.memoryCapacity = .mebibytes(7_680)
    for row in 0..<2 { seen.memoryConsumed[row] = 3_840 * mib }
    let plan = manager.decided(seen)
    #expect(plan.memoryReservation == [3_295 * mib, 3_295 * mib])
    #expect(plan.memory.allSatisfy { $0.target == 3_295 * mib && $0.compress + $0.swap > 0 })
    seen.memoryCapacity = .gibibytes(8)
    seen.sequence += 1
    #expect(manager.decided(seen).memoryReservation == [4 * Self.gib, 4 * Self.gib])
  }

  /// VM 1's statistics are 31 s old: nothing is taken of it, by no technique, and its part is reported as missing.
  @Test func staleStatisticsShrinkNobody() {
    var manager = Self.manager()
    for free in [400, 200, 100] as [Int64] {
      let plan = manager.decided(
        Self.observation(UInt64(free), free: free) { $0[1].statisticsAge = 31_000_000_000 })
      #expect(plan.memory[1].balloon == -1)
      #expect(plan.memory[1].swap == 0 && plan.memory[1].compress == 0)
      #expect(!plan.memory[1].blocksAboveTarget)
      #expect(manager.memoryDecision.vms[1].heldBackBy == .statisticsStale)
      #expect(manager.memoryDecision.vms[1].shortage > 0)
    }
  }

  /// Every policy leaves a guest alone that has no driver, tells nothing fresh, is in transition, or is not shown.
  @Test(arguments: memoryCatalog.map(\.name))
  func guestsThatMustNotShrinkDoNot(_ name: String) {
    for free in [1_500, 400, 100] as [Int64] {
      var manager = Self.manager(name)
      let plan = manager.decided(
        Self.observation(free: free) {
          $0[0].driver = .absent
          $0[1].isInTransition = true
        })
      #expect(plan.memory.allSatisfy { $0.balloon <= 0 })
      manager = Self.manager(name)
      var seen = Self.observation(free: free) { $0[0].statisticsAge = .max }
      seen.remove(row: 1)
      #expect(manager.decided(seen).memory.allSatisfy { $0.balloon <= 0 })
    }
  }

  /// VM 1's balloon never moves. Asked at observation 1, unmoved at 2, 3 and 4, it is then stuck: it is asked to stop at
  /// 0, and for ten observations nothing more. VM 0 has given what it was asked for.
  @Test func stuckBalloonIsGivenUpForAWhile() {
    var manager = Self.manager()
    var asked: [Int64] = []
    for step in 1...16 {
      let plan = manager.decided(
        Self.observation(UInt64(step), balloon: [step == 1 ? 0 : 345, 0]))
      asked.append(plan.memory[1].balloon / mib)
      if step == 5 { #expect(manager.memoryDecision.vms[1].heldBackBy == .balloonStuck) }
    }
    #expect(asked[..<3].allSatisfy { $0 > 0 })
    #expect(asked[3] == 0)
    #expect(asked[4..<13].allSatisfy { $0 == 0 })
    #expect(asked[13] > 0)
  }

  /// A balloon on its way is asked to stop where it is when the guest's statistics go stale.
  @Test func balloonStopsOnStaleStatistics() {
    var manager = Self.manager()
    #expect(balloons(manager.decided(Self.observation())) == [345, 345])
    let plan = manager.decided(
      Self.observation(2, balloon: [100, 345]) { $0[0].statisticsAge = .max })
    #expect(balloons(plan)[0] == 100)
  }

  /// Deciding twice on one observation is deciding once, for every policy; and to a host that shows no memory the
  /// targets are repeated, but not the amounts, which it may have taken.
  @Test(arguments: memoryCatalog.map(\.name))
  func decidingTwiceChangesNothing(_ name: String) {
    var manager = Self.manager(name)
    for step in 1...3 {
      let seen = Self.observation(UInt64(step), free: 300 * Int64(step))
      let plan = manager.decided(seen)
      let before = manager
      #expect(manager.decided(seen) == plan)
      #expect(manager == before)
      var blind = Self.observation(UInt64(step) + 100)
      blind.memoryCapacity = .zero
      let repeated = manager.decided(blind).memory
      #expect(repeated.map(\.target) == plan.memory.map(\.target))
      #expect(repeated.map(\.balloon) == plan.memory.map(\.balloon))
      #expect(repeated.allSatisfy { $0.compress == 0 && $0.swap == 0 })
    }
  }

  /// T4 as a manager sees it: 1000 MiB, an idle and a busy VM that want more → entitled to 200 and 800. Without contention
  /// both are entitled to what they hold.
  @Test func entitlementIsTaxed() {
    var manager = ResourceManager(
      memory: {
        var parameters = MemoryControl.Parameters()
        parameters.tax = IdleMemoryTax()
        return MemoryControl(policy: NoReclaim(), parameters)
      }())
    for vm in 0..<2 { manager.add(VMIndex(vm), VMSettings(memoryWeight: 1_000), at: .zero) }
    var seen = Self.observation()
    seen.memoryCapacity = .mebibytes(1_000)
    seen.memory = []
    seen.memoryActive = [0, 4 << 30]
    #expect(manager.decided(seen).memoryEntitlement == [200 * mib, 800 * mib])
    #expect(manager.memoryDecision.vms[0].activeFraction == .zero)
    seen.memoryCapacity = .gibibytes(8)
    #expect(manager.decided(seen).memoryEntitlement == [4 << 30, 4 << 30])
  }

  /// Samples beat the host's estimate: 25 of 100 touched → 25 % ± 4.33 points, and a price that shows it. Without tax
  /// it is what waterFill says.
  @Test func samplesDecideActivity() throws {
    var manager = Self.manager { $0.tax = IdleMemoryTax() }
    _ = manager.decided(
      Self.observation {
        $0[0].sampledPages = 100
        $0[0].touchedPages = 25
      })
    let explanation = manager.memoryDecision.vms[0]
    #expect(explanation.activeFraction == .percent(25))
    #expect(abs(try #require(explanation.activeFractionError) - 0.0433) < 0.0001)
    // The other has what it could spare of its 4096: 2500.
    #expect(manager.memoryDecision.vms[1].activeFraction == PartsPerMillion(389_648))
    #expect(manager.memoryDecision.vms[1].activeFractionError == nil)
  }

  /// A pool's tax and bounds reach the entitlement through the manager's pools, and a tree without tax divides as ever.
  @Test func noTaxDividesAsEver() {
    let seen = Self.observation(free: -4_096) { _ in }
    var plain = ResourceManager([
      0: VMSettings(memoryReservation: 3 << 30, memoryWeight: 1), 1: VMSettings(memoryWeight: 2),
    ])
    var control = ResourceManager(
      memory: MemoryControl(
        policy: ProportionalShareMemory(
          {
            var parameters = ProportionalShareMemory.Parameters()
            parameters.tax = .none
            return parameters
          }())))
    for vm in 0..<2 { control.add(VMIndex(vm), plain.settings(of: VMIndex(vm))!, at: .zero) }
    var tight = seen
    tight.memoryCapacity = .gibibytes(5)
    #expect(control.decided(tight).memoryEntitlement == plain.decided(tight).memoryEntitlement)
  }

  /// 5 GiB for one that holds 2 of its 4 and has the other 2 swapped, and one that holds 2 of 4 and never touched more:
  /// the first wants 4 and gets 3, with a policy and without, and the explanation says the same.
  @Test func whatWasTakenIsStillWanted() throws {
    for var manager in [Self.manager(), ResourceManager([0: VMSettings(), 1: VMSettings()])] {
      var seen = Self.observation { $0[0].swapped = 2 << 30 }
      seen.memoryCapacity = .gibibytes(5)
      seen.memoryConsumed = [2 << 30, 2 << 30]
      #expect(manager.decided(seen).memoryEntitlement == [3 << 30, 2 << 30])
      let explained = try #require(
        manager.explain(
          VMIndex(0), .memory, seen: seen,
          names: ExplanationNames(cluster: "c", hosts: ["h"], vm: "a", pools: [])))
      #expect(explained.observedDemand == 4 << 30 && explained.dynamicEntitlement == 3 << 30)
      #expect(explained.levels.last?.bound == .shares)
    }
  }

  /// With a tax the explanation is of the tax: what the VM holds, and between what it is entitled. Nothing swapped and
  /// enough free, there is nothing to tax.
  @Test func theTaxIsExplainedAtAnyObservation() throws {
    var manager = Self.manager { $0.tax = IdleMemoryTax() }
    var seen = Self.observation { $0[0].swapped = 1 << 30 }
    seen.memoryConsumed[0] = 2 << 30
    _ = manager.decided(seen)
    let names = ExplanationNames(hosts: ["h"], vm: "a")
    let (row, taxed) = try #require(manager.explainMemory(VMIndex(0), seen: seen, names: names))
    #expect(row.held == 2 << 30 && row.shares == 1_000)
    #expect(taxed?.rate == .percent(75) && taxed?.floor == 0 && taxed?.cap == 3 << 30)
    let levels = try #require(taxed?.levels)
    #expect(levels.map(\.name) == ["h", "a"] && levels.map(\.kind) == [.host, .vm])
    #expect(levels[1].shares == 1_000 && levels[1].siblingShares == 2_000)
    // Enough for both.
    #expect(
      levels.map(\.amount) == [7 << 30, 3 << 30] && levels.map(\.bound) == [.nothing, .nothing])
    #expect(manager.explainMemory(VMIndex(7), seen: seen, names: names) == nil)
    var untaxed = Self.manager()
    _ = untaxed.decided(seen)
    #expect(try #require(untaxed.explainMemory(VMIndex(0), seen: seen, names: names)).taxed == nil)
  }

  /// A VM that leaves and comes back is another: what was learnt of it is gone.
  @Test func comingBackBeginsAnew() {
    var manager = Self.manager()
    for step in 1...5 { _ = manager.decided(Self.observation(UInt64(step))) }
    manager.remove(VMIndex(1))
    manager.add(VMIndex(1), VMSettings(memoryWeight: 1_000), at: .seconds(110))
    _ = manager.decided(Self.observation(6))
    #expect(manager.memoryDecision.vms[1].heldBackBy == nil)
    #expect(manager.memoryDecision.vms[0].heldBackBy == .balloonStuck)
  }

  /// The largest and smallest numbers in every reading trap nowhere, under any policy, and nobody is asked for more
  /// balloon than configured memory.
  @Test(arguments: memoryCatalog.map(\.name))
  func nonsenseNeverTraps(_ name: String) {
    let vm: [WritableKeyPath<VMMemoryReadings, Int64>] = [
      \.balloon, \.swapped, \.compressed, \.compressedSize, \.shared, \.overhead, \.guestUnused,
      \.guestAvailable, \.guestCommitted, \.guestSwapOut, \.statisticsAge, \.sampledPages,
      \.touchedPages,
    ]
    let host: [WritableKeyPath<HostMemoryReadings, Int64>] = [
      \.total, \.heldByHost, \.cached, \.swapOut, \.swapIn, \.largePages, \.shareable, \.shared,
      \.ksmRun, \.ksmPagesToScan, \.ksmSleepMilliseconds, \.ksmFullScans,
    ]
    var step: UInt64 = 0
    for value in [.min, -2, -1, 0, 1, .max] as [Int64] {
      for field in 0..<(vm.count + host.count + 5) {
        step += 1
        var manager = Self.manager(name) { $0.tax = IdleMemoryTax(activity: .constantBytes) }
        for _ in 0..<2 {
          var seen = Self.observation(step)
          switch field {
          case ..<vm.count: seen.memory[0][keyPath: vm[field]] = value
          case ..<(vm.count + host.count):
            seen.hostMemory[keyPath: host[field - vm.count]] = value
          case vm.count + host.count: seen.memoryFree = Bytes(value)
          case vm.count + host.count + 1: seen.memoryCapacity = Bytes(value)
          case vm.count + host.count + 2: seen.memoryConsumed[0] = value
          case vm.count + host.count + 3: seen.memoryConfigured[0] = value
          default: seen.memoryActive[0] = value
          }
          let plan = manager.decided(seen)
          for (row, request) in plan.memory.enumerated() {
            #expect(request.balloon <= max(0, seen.memoryConfigured[row]))
            #expect(request.compress >= 0 && request.swap >= 0)
          }
          #expect(plan.memoryEntitlement.allSatisfy { $0 >= 0 })
          step += 1
        }
      }
    }
  }

  /// Observation, plan and decision come back from JSON as they were.
  @Test func jsonRoundTrip() throws {
    var manager = Self.manager()
    let seen = Self.observation()
    let plan = manager.decided(seen)
    func again<Value: Codable & Equatable>(_ value: Value) throws -> Value {
      try JSONDecoder().decode(Value.self, from: JSONEncoder().encode(value))
    }
    #expect(try again(seen) == seen)
    #expect(try again(plan) == plan)
    #expect(try again(manager.memoryDecision) == manager.memoryDecision)
  }

  /// A row taken out of an observation or a plan takes its memory with it; a row that was never filled is neutral.
  @Test func rowsLeaveAsAWhole() {
    var seen = Self.observation { $0[1].overhead = 7 }
    seen.remove(row: 0)
    #expect(seen.memory(row: 0).overhead == 7 && seen.memory.count == 1)
    #expect(seen[0].memory.overhead == 7)
    seen.memory = []
    #expect(seen.memory(row: 0) == VMMemoryReadings())
    seen.removeRows()
    #expect(seen.count == 0 && seen.memory.isEmpty)
    var manager = Self.manager()
    var plan = manager.decided(Self.observation { $0[0].driver = .absent })
    plan.remove(row: 0)
    #expect(plan.memory.count == 1 && plan.memory(row: 0).balloon == 345 * mib)
    #expect(plan.memory(row: 1) == VMMemoryRequest())
  }
}
