import BallastModel
import BallastUnits
import Testing

@testable import BallastKVM

/// The rules that hold back a controller of a real host, one test each.
struct SafeguardTests {
  // MARK: Whom

  /// Only what is listed or carries the mark is touched: never all.
  @Test func domainsAreOptedInOneByOne() {
    var bench = SafetyBench()
    bench.managed = ["a"]
    let writes = [bench.write("a", .cpuWeight, 2_048), bench.write("b", .cpuWeight, 2_048)]
    let verdict = bench.review(writes)
    #expect(verdict.writes == [writes[0]])
    #expect(verdict.rules == [.notManaged])
    bench.edit("b") { $0.traits.isMarked = true }
    bench.advance(10)
    #expect(bench.review(writes).writes == writes)
  }

  @Test(
    arguments: [
      { $0.isInTransition = true }, { $0.answered = false }, { $0.state = .paused },
      { $0.state = .shutdown }, { $0.state = .unknown },
    ] as [@Sendable (inout DomainSnapshot) -> Void])
  func whatIsOnItsWayIsSkipped(_ change: @Sendable (inout DomainSnapshot) -> Void) {
    var bench = SafetyBench()
    bench.edit("a", change)
    let verdict = bench.review([bench.write("a", .cpuWeight, 2_048), bench.balloon("a", 4_000)])
    #expect(verdict.writes.isEmpty)
    #expect(verdict.rules == [.inTransition, .inTransition])
  }

  /// Huge pages, locked memory, passthrough, no balloon: the memory stays, and CPU is divided all the same.
  @Test(
    arguments: [
      { $0.usesHugePages = true }, { $0.locksMemory = true }, { $0.hasPassthrough = true },
      { $0.hasBalloon = false },
    ] as [@Sendable (inout DomainTraits) -> Void])
  func memoryThatCannotMoveIsLeft(_ change: @Sendable (inout DomainTraits) -> Void) {
    var bench = SafetyBench()
    bench.edit("a") { change(&$0.traits) }
    let weight = bench.write("a", .cpuWeight, 2_048)
    let verdict = bench.review([weight, bench.balloon("a", 4_000)])
    #expect(verdict.writes == [weight])
    #expect(verdict.rules == [.memoryFixed])
  }

  // MARK: How much

  /// 1 % of 1024 is 10: 1030 is near enough, 1035 is not. 1 % of 4096 MiB is 40 MiB.
  @Test func smallDifferencesAreLeft() {
    var bench = SafetyBench()
    #expect(bench.review([bench.write("a", .cpuWeight, 1_030)]).rules == [.deadBand])
    #expect(bench.review([bench.write("a", .cpuWeight, 1_035)]).writes.count == 1)
    #expect(bench.review([bench.balloon("a", 4_060)]).rules == [.deadBand])
    #expect(bench.review([bench.balloon("a", 4_050)]).targets == ["a": 4_050])
  }

  /// 5 % of 4096 MiB is 204.8 MiB: from 4096 to 2048 the first step ends at 3891.2.
  @Test func memoryGoesDownSlowlyAndUpAtOnce() {
    var bench = SafetyBench()
    let down = bench.review([bench.balloon("a", 2_048)])
    #expect(down.targets == ["a": 3_891])
    #expect(down.writes[0].reason == "test; on the way to 2048 MiB, 3891.2 MiB in this step")
    bench.edit("a") { $0.memoryCurrent = 2_048 * SafetyBench.mebibyte }
    bench.advance(10)
    #expect(bench.review([bench.balloon("a", 4_096)]).targets == ["a": 4_096])
  }

  /// Both are to shrink: a, then b, then a; while one is on its way the other waits. Growing waits for nobody.
  @Test func oneGuestAtATimeShrinks() {
    var bench = SafetyBench(names: ["a", "b", "c"])
    let wishes = [bench.balloon("b", 2_048), bench.balloon("a", 2_048)]
    let first = bench.perform(wishes)
    #expect(first.targets == ["a": 3_891])
    #expect(first.rules == [.oneAtATime])
    bench.edit("c") { $0.memoryCurrent = 1 << 30 }
    bench.advance(5)
    let second = bench.perform([bench.balloon("b", 2_048), bench.balloon("c", 4_096)])
    #expect(second.targets == ["c": 4_096])
    #expect(second.rules == [.oneAtATime])
    bench.edit("a") { $0.memoryCurrent = 3_891 * SafetyBench.mebibyte }
    bench.edit("c") { $0.memoryCurrent = 4_096 * SafetyBench.mebibyte }
    bench.advance(5)
    #expect(
      bench.perform([bench.balloon("a", 2_048), bench.balloon("b", 2_048)]).targets == ["b": 3_891])
  }

  /// Working set 4096 − 4000 = 96 MiB and 64 of headroom: 160 MiB; a minimum above it binds instead.
  @Test func aGuestKeepsItsWorkingSetAndItsMinimum() {
    var settings = SafetySettings()
    settings.stepDown = .percent(50)
    var bench = SafetyBench(settings)
    bench.edit("a") {
      $0.memoryCurrent = 2_048 * SafetyBench.mebibyte
      $0.guestUsable = 1_952 * SafetyBench.mebibyte
    }
    bench.advance(10)
    #expect(bench.review([bench.balloon("a", 0)]).targets == ["a": 160])
    bench.minimum = 512 * SafetyBench.mebibyte
    #expect(bench.review([bench.balloon("a", 0)]).targets == ["a": 512])
    bench.edit("a") { $0.traits.memoryMinimum = 1_024 * SafetyBench.mebibyte }
    #expect(bench.review([bench.balloon("a", 0)]).targets == ["a": 1_024])
    bench.edit("a") { $0.guestUsable = 64 * SafetyBench.mebibyte }
    #expect(bench.review([bench.balloon("a", 0)]).rules == [.atFloor])
    bench.edit("a") { $0.guestUsable = nil }
    #expect(bench.review([bench.balloon("a", 0)]).rules == [.floorUnknown])
  }

  /// A tenth of the period that goes with the quota: 10 of 100 ms, 2 of 20.
  @Test func quotasLeaveATenthOfACPU() {
    var bench = SafetyBench()
    #expect(bench.review([bench.write("a", .vcpuQuota, 4_000)]).writes.first?.wanted == 10_000)
    let both = [bench.write("a", .globalPeriod, 20_000), bench.write("a", .globalQuota, 500)]
    #expect(bench.review(both).writes.map(\.wanted) == [20_000, 2_000])
    #expect(bench.review([bench.write("a", .vcpuQuota, 20_000)]).writes.first?.wanted == 20_000)
  }

  /// There is no such knob among those that can be written at all.
  @Test func noHardLimitIsEverWritten() {
    #expect(!HostWrite.Field.allCases.contains { $0.rawValue.lowercased().contains("hard") })
  }

  // MARK: Whether

  @Test func withoutAutodeflateNobodyShrinksUnlessTold() {
    var bench = SafetyBench()
    bench.edit("a") { $0.traits.deflatesOnOOM = false }
    #expect(bench.review([bench.balloon("a", 2_048)]).rules == [.noAutodeflate])
    var settings = SafetySettings()
    settings.shrinksWithoutAutodeflate = true
    var told = SafetyBench(settings)
    told.edit("a") { $0.traits.deflatesOnOOM = false }
    #expect(told.review([told.balloon("a", 2_048)]).targets == ["a": 3_891])
  }

  /// Reports every 5 s: 15 s without one are borne, 16 are not. Without a period nobody reports at all.
  @Test func aGuestThatDoesNotReportIsNotShrunk() {
    var bench = SafetyBench()
    _ = bench.review([])
    bench.advance(15, reporting: false)
    #expect(bench.review([bench.balloon("a", 2_048)]).targets == ["a": 3_891])
    bench.advance(1, reporting: false)
    let verdict = bench.review([bench.balloon("a", 2_048)])
    #expect(verdict.rules == [.statisticsStale])
    #expect(verdict.kinds.contains(.statisticsStopped))
    bench.advance(5)
    _ = bench.review([])
    #expect(bench.review([bench.balloon("a", 2_048)]).targets == ["a": 3_891])
    bench.edit("a") { $0.statisticsPeriod = 0 }
    #expect(bench.review([bench.balloon("a", 2_048)]).rules == [.statisticsStale])
  }

  /// Shrunk from 4096 to 3891 MiB, the guest writes to its swap, or has 2000 major faults in 10 s (more than 100 per
  /// second): it gets all back at once and is left in peace for 5 minutes.
  @Test(
    arguments: [
      { $0.guestSwapOut = 4_096 }, { $0.guestMajorFaults = 2_000 },
    ] as [@Sendable (inout DomainSnapshot) -> Void])
  func aGuestInDistressGetsItsMemoryBack(_ change: @Sendable (inout DomainSnapshot) -> Void) {
    var bench = SafetyBench()
    _ = bench.perform([bench.balloon("a", 2_048)])
    bench.edit("a") { $0.memoryCurrent = 3_891 * SafetyBench.mebibyte }
    bench.advance(10)
    _ = bench.perform([])
    bench.edit("a", change)
    bench.advance(10)
    let verdict = bench.perform([bench.balloon("a", 3_500)])
    #expect(verdict.targets == ["a": 4_096])
    #expect(verdict.kinds == [.guestDistress])
    bench.edit("a") { $0.memoryCurrent = 4_096 * SafetyBench.mebibyte }
    bench.advance(290)
    _ = bench.review([])
    bench.advance(5)
    #expect(bench.review([bench.balloon("a", 2_048)]).rules == [.guestDistress])
    bench.advance(10)
    #expect(bench.review([bench.balloon("a", 2_048)]).targets == ["a": 3_891])
  }

  /// Swapping of a guest that nobody has shrunk is its own affair.
  @Test func swappingOfAnUntouchedGuestIsItsOwnAffair() {
    var bench = SafetyBench()
    bench.edit("a") { $0.guestSwapOut = 1 << 20 }
    bench.advance(10)
    #expect(bench.review([]) == SafetyVerdict())
  }

  /// Asked for 3891 MiB the guest stays at 4000: after 15 s without progress the target goes back to 4000.
  @Test func aStuckTargetIsTakenBack() {
    var bench = SafetyBench()
    _ = bench.perform([bench.balloon("a", 2_048)])
    bench.edit("a") { $0.memoryCurrent = 4_000 * SafetyBench.mebibyte }
    bench.advance(10)
    #expect(bench.perform([bench.balloon("a", 2_048)]).writes.isEmpty)
    bench.advance(10)
    #expect(bench.perform([]).writes.isEmpty)
    bench.advance(5)
    let verdict = bench.perform([bench.balloon("a", 2_048)])
    #expect(verdict.targets == ["a": 4_000])
    #expect(verdict.kinds == [.balloonStuck])
    bench.advance(10)
    #expect(bench.review([bench.balloon("a", 2_048)]).rules == [.balloonStuck])
  }

  // MARK: Others

  /// We wrote 2048 and it says 512: somebody else manages the domain. Nothing of it is touched until it starts again.
  @Test func whatOthersChangeIsLeftAlone() {
    var bench = SafetyBench()
    _ = bench.perform([bench.write("a", .cpuWeight, 2_048)])
    bench.edit("a") { $0.settings.cpuWeight = 512 }
    bench.advance(10)
    let verdict = bench.review([bench.write("a", .cpuWeight, 2_048), bench.balloon("a", 2_048)])
    #expect(verdict.writes.isEmpty)
    #expect(verdict.rules == [.changedByOthers, .changedByOthers])
    #expect(verdict.kinds == [.changedByOthers])
    bench.advance(10)
    #expect(bench.review([]).events.isEmpty)
    bench.edit("a") { $0.runID = 2 }
    bench.advance(10)
    #expect(bench.review([bench.write("a", .cpuWeight, 2_048)]).writes.count == 1)
  }

  @Test func aChangeJustBeforeAWriteIsSeen() {
    var bench = SafetyBench()
    _ = bench.perform([bench.write("a", .cpuWeight, 2_048)])
    let next = bench.write("a", .cpuWeight, 1_500)
    #expect(bench.guardian.finds(2_048, before: next) == nil)
    #expect(bench.guardian.finds(300, before: next) == "cpuWeight is 300, and 2048 was written")
    bench.advance(10)
    #expect(bench.review([next]).rules == [.changedByOthers])
  }

  /// At 3891 MiB as asked, then 3000 without having been asked: somebody else ballooned it. Growing is the guest's own
  /// doing (autodeflate), and nobody is blamed.
  @Test func aGuestShrunkByOthersIsLeftAlone() {
    var bench = SafetyBench()
    _ = bench.perform([bench.balloon("a", 2_048), bench.write("b", .cpuWeight, 9)])
    bench.edit("a") { $0.memoryCurrent = 3_891 * SafetyBench.mebibyte }
    bench.advance(10)
    _ = bench.review([])
    bench.edit("a") { $0.memoryCurrent = 4_050 * SafetyBench.mebibyte }
    bench.advance(10)
    #expect(bench.review([]).events.isEmpty)
    bench.edit("a") { $0.memoryCurrent = 3_000 * SafetyBench.mebibyte }
    bench.advance(10)
    #expect(bench.review([]).kinds == [.changedByOthers])
  }

  // MARK: Knobs

  @Test func aKnobThatIsNotThereIsAskedForOnce() {
    var bench = SafetyBench()
    bench.guardian.lacks(.memoryMin)
    #expect(bench.review([bench.write("a", .memoryMin, 4_096)]).rules == [.unsupported])
  }

  @Test func pageMergingIsHandedOverExpressly() {
    let write = HostWrite(target: .host, field: .ksmRun, before: 0, wanted: 1, reason: "")
    var bench = SafetyBench()
    #expect(bench.review([write]).rules == [.notAllowed])
    var settings = SafetySettings()
    settings.managesKSM = true
    var told = SafetyBench(settings)
    #expect(told.review([write]).writes == [write])
  }

  /// What was asked for is not asked for again while the balloon moves.
  @Test func thePlanOnceMoreWritesNothing() {
    var bench = SafetyBench()
    let wishes = [bench.balloon("a", 3_891)]
    #expect(bench.perform(wishes).writes.count == 1)
    #expect(bench.perform(wishes).writes.isEmpty)
    bench.edit("a") { $0.memoryCurrent = 3_950 * SafetyBench.mebibyte }
    bench.advance(5)
    #expect(bench.perform([bench.balloon("a", 3_891)]).writes.isEmpty)
  }

  /// Sizes that cannot be are no readings: nothing is done, and nothing traps.
  @Test(arguments: [Int64.min, -1, .max]) func nonsenseIsLeftAlone(_ value: Int64) {
    var bench = SafetyBench()
    bench.edit("a") {
      $0.memoryMax = value
      $0.memoryCurrent = value
    }
    bench.edit("b") { $0.guestUsable = value }
    bench.advance(10)
    #expect(bench.review([bench.balloon("a", 100), bench.balloon("b", 100)]).writes.isEmpty)
  }
}
