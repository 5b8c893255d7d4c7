import BallastKVM
import BallastModel
import BallastTestSupport
import BallastUnits
import Testing

/// What is concluded from two snapshots.
struct ObservationTests {
  /// 4 CPUs at 1 GHz, 8 GiB: "a" wants half of 2 vCPUs, "b" all of 2, "c" three quarters of 4: 1 + 2 + 3 = 6 of 4 GHz.
  static func system() -> FakeSystem {
    let system = FakeSystem()
    system.start("a", vcpus: 2, memory: 1 << 30, demand: 500_000)
    system.start("b", vcpus: 2, memory: 1 << 30, demand: 1_000_000)
    system.start("c", vcpus: 4, memory: 2 << 30, demand: 750_000)
    return system
  }

  static func maker() -> ObservationMaker { ObservationMaker(ManagedNames(["c", "a", "b"])) }

  /// A system on the bench with its maker, observed once.
  private struct Bench {
    var system = ObservationTests.system()
    var maker = ObservationTests.maker()
    var seen = HostObservation()
    var events: [ObservationEvent] = []

    init() throws { try observe() }

    mutating func observe(after seconds: Int64 = 0) throws {
      system.advance(by: .seconds(seconds))
      events = try maker.make(of: system.snapshot(), into: &seen)
    }

    func row(_ vm: Int) -> HostObservation.VMRow? {
      seen.row(of: VMIndex(vm)).map { seen[$0] }
    }
  }

  /// By equal weights "a" gets its 10 s in 10 s, and "b" and "c" halves of the other 30: 15 s each; they want 20 and 30.
  @Test func countersAreDifferences() throws {
    var bench = try Bench()
    #expect(bench.events.isEmpty)
    #expect(bench.seen.interval == .zero && bench.seen.runTime == [0, 0, 0])
    try bench.observe(after: 10)
    #expect(bench.events.isEmpty)
    #expect(bench.seen.interval == .seconds(10) && bench.seen.time == .seconds(10))
    #expect(bench.seen.sequence == 2)
    #expect(bench.seen.runTime == [10_000_000_000, 15_000_000_000, 15_000_000_000])
    #expect(bench.seen.readyTime == [0, 5_000_000_000, 15_000_000_000])
    #expect(bench.seen.cpuCapacity == .megahertz(4_000))
  }

  /// "b" ends after 10 s, starts again after 20 and runs 5 s alone with "a" and "c": only these 5 s count.
  @Test func countersCountFromAStart() throws {
    var bench = try Bench()
    try bench.observe(after: 10)
    bench.system.stop("b")
    try bench.observe(after: 10)
    #expect(bench.row(1) == nil && bench.events.isEmpty)
    bench.system.start("b", vcpus: 2, memory: 1 << 30, demand: 500_000)
    try bench.observe(after: 5)
    #expect(bench.row(1)?.runTime == 5_000_000_000)
  }

  /// Restarted between two observations: another run, counted from its start, and told.
  @Test func restartIsSeenByTheRun() throws {
    var bench = try Bench()
    try bench.observe(after: 10)
    bench.system.start("b", vcpus: 2, memory: 1 << 30, demand: 500_000)
    try bench.observe(after: 10)
    #expect(bench.events == [.restarted("b")])
    #expect(bench.row(1)?.runTime == 10_000_000_000)
  }

  /// The same run with less CPU time than before is nonsense: no row, nothing is learned; then it goes on from there.
  @Test func fallenCountersAreLeftOutOnce() throws {
    var bench = try Bench()
    try bench.observe(after: 10)
    bench.system.edit("b") { $0.shown.vcpuTime = 1 }
    try bench.observe(after: 1)
    #expect(bench.events == [.counterFell(name: "b", counter: "CPU time")])
    #expect(bench.seen.vms == [VMIndex(0), VMIndex(2)])
    try bench.observe(after: 10)
    #expect(bench.events.isEmpty && bench.row(1)?.runTime == 15_000_000_000)
  }

  /// A hung process is left out while the others go on. When it answers again its counters cover the last interval.
  @Test func hungGuestIsLeftOut() throws {
    var bench = try Bench()
    bench.system.edit("b") { $0.isHung = true }
    try bench.observe(after: 10)
    #expect(bench.events == [.notAnswering("b")])
    #expect(bench.seen.vms == [VMIndex(0), VMIndex(2)])
    bench.system.edit("b") { $0.isHung = false }
    try bench.observe(after: 10)
    #expect(bench.row(1)?.runTime == 15_000_000_000)
  }

  /// Of 1 GiB the guest needs 300 MiB and its balloon holds 200: it has 824 MiB, could spare 524, and uses 300.
  @Test func workingSetIsWhatCannotBeSpared() throws {
    var bench = try Bench()
    bench.system.edit("a") {
      $0.needed = 300 << 20
      $0.target = 824 << 20
    }
    try bench.observe(after: 1)
    let row = try #require(bench.row(0))
    #expect(row.memoryConfigured == 1 << 30 && row.memoryConsumed == 824 << 20)
    #expect(row.memoryActive == 300 << 20)
    #expect(row.memory.balloon == 200 << 20 && row.memory.guestAvailable == 524 << 20)
    #expect(row.memory.driver == .present && row.memory.statisticsAge == 0)
  }

  /// Of 1 GiB the balloon holds 200 MiB and the process 1124 MiB: 824 back the guest, and 300 are QEMU's own. With what is
  /// free, cached and the host's that is all there is.
  @Test func whatIsResidentBeyondTheGuestIsOverhead() throws {
    var bench = try Bench()
    bench.system.edit("a") {
      $0.staysResident = true
      $0.shown.rss = 1_124 << 20
      $0.target = 824 << 20
    }
    try bench.observe(after: 1)
    let row = try #require(bench.row(0))
    #expect(row.memoryConsumed == 824 << 20 && row.memory.overhead == 300 << 20)
    #expect(bench.row(1)?.memory.overhead == 0)
    let memory = bench.seen.hostMemory
    let guests = bench.seen.memoryConsumed.reduce(0, +)
    let all = bench.seen.memoryFree.value + memory.cached + memory.heldByHost + guests
    #expect(all + bench.seen.memory.reduce(0) { $0 + $1.overhead } == memory.total)
  }

  /// Never a report in two periods of a second: no driver. Without a period nobody knows. Reports of 40 s ago are that old.
  @Test func driverIsThereWhenTheGuestHasTold() throws {
    var bench = try Bench()
    bench.system.edit("a") { $0.hasDriver = false }
    bench.system.edit("b") { $0.shown.statisticsPeriod = 0 }
    try bench.observe(after: 1)
    #expect(bench.row(0)?.memory.driver == .notReported)
    try bench.observe(after: 2)
    #expect(bench.row(0)?.memory.driver == .absent)
    #expect(bench.row(0)?.memoryActive == 1 << 30)
    #expect(bench.row(1)?.memory.driver == .notReported)
    bench.system.edit("c") { $0.hasDriver = false }
    try bench.observe(after: 40)
    #expect(bench.row(2)?.memory.driver == .present)
    #expect(bench.row(2)?.memory.statisticsAge == 40_000_000_000)
  }

  /// Pages of 4 KiB: 10 swapped in, 20 out; 90 shared ones save 360 KiB; 3 ms of pressure.
  @Test func hostMemoryAndPressureAreDifferences() throws {
    var bench = try Bench()
    bench.system.host.swapIn = 100
    bench.system.host.swapOut = 100
    bench.system.host.pressure = PressureReadings()
    try bench.observe(after: 1)
    bench.system.host.swapIn = 110
    bench.system.host.swapOut = 120
    bench.system.host.ksm?.pagesSharing = 90
    bench.system.host.pressure?.memorySome = 3_000
    bench.system.host.cached = 1 << 30
    try bench.observe(after: 1)
    let memory = bench.seen.hostMemory
    #expect(memory.swapIn == 40_960 && memory.swapOut == 81_920 && memory.shared == 368_640)
    #expect(memory.cached == 1 << 30 && memory.total == 8 << 30)
    #expect(memory.ksmPagesToScan == 100 && memory.largePages == -1)
    #expect(bench.seen.pressure?.memorySome == 3_000_000)
    // 8 GiB less 4 free, 1 of cache and 4 of guests.
    #expect(memory.heldByHost == 0 && bench.seen.memoryFree == .gibibytes(4))
    bench.system.host.swapIn = 1
    try bench.observe(after: 1)
    #expect(bench.seen.hostMemory.swapIn == -1)
  }

  /// No clock, no CPUs, no memory, a clock that goes back: an error, and the maker goes on afterwards as before.
  @Test func nonsenseAboutTheHostIsAnError() throws {
    var bench = try Bench()
    try bench.observe(after: 10)
    let good = try bench.system.snapshot()
    var seen = HostObservation()
    for spoil: (inout HostSnapshot) -> Void in [
      { $0.host.coreRate = 0 }, { $0.host.coreRate = .max }, { $0.host.pcpus = 0 },
      { $0.host.pcpus = .max }, { $0.host.memoryTotal = 0 }, { $0.host.memoryTotal = .max },
      { $0.monotonicTime -= 1 }, { $0.monotonicTime = .min },
    ] {
      var bad = good
      spoil(&bad)
      #expect(throws: BackendError.self) { try bench.maker.make(of: bad, into: &seen) }
    }
    try bench.observe(after: 10)
    #expect(bench.seen.sequence == 3 && bench.seen.interval == .seconds(10))
  }

  /// More CPU time than two vCPUs have in a second is cut to that, and told.
  @Test func runTimeFitsTheInterval() throws {
    var bench = try Bench()
    bench.system.edit("a") { $0.shown.vcpuTime = 5_000_000_000 }
    try bench.observe(after: 1)
    let row = try #require(bench.row(0))
    #expect(row.runTime == 2_000_000_000 && row.readyTime == 0)
    #expect(bench.events == [.clamped(name: "a", byNanoseconds: 4_000_000_000)])
  }

  /// Names in any order, doubled or foreign: rows ascend, and a domain nobody manages is not shown.
  @Test func namesRankByBytes() throws {
    let names = ManagedNames(["b", "Z", "a", "é", "b", "a1"])
    #expect(names.names == ["Z", "a", "a1", "b", "é"])
    #expect(names.index(of: "a1") == VMIndex(2) && names.index(of: "c") == nil)
    #expect(names[VMIndex(4)] == "é" && names[VMIndex(5)] == nil && names[VMIndex(-1)] == nil)
    var maker = ObservationMaker(names)
    var seen = HostObservation()
    _ = try maker.make(of: Self.system().snapshot(), into: &seen)
    #expect(seen.vms == [VMIndex(1), VMIndex(3)])
  }

  /// Any two snapshots: an error or an observation that keeps the seam's promises.
  @Test(arguments: testSeeds(usual: 1_000))
  func anySnapshotsKeepThePromises(_ seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    var maker = Self.maker()
    var seen = HostObservation()
    var last: UInt64 = 0
    let system = Self.system()
    for _ in 0..<4 {
      system.advance(by: .seconds(generator.integer(0...20)))
      var snapshot = try system.snapshot()
      for _ in 0..<generator.integer(0...5) { Nonsense.spoil(&snapshot, &generator) }
      do {
        _ = try maker.make(of: snapshot, into: &seen)
      } catch {
        continue
      }
      #expect(seen.sequence > last && seen.interval >= .zero, "\(replay(seed))")
      last = seen.sequence
      #expect(seen.vms == seen.vms.sorted(), "\(replay(seed))")
      #expect(seen.cpuCapacity > .zero && seen.memoryCapacity > .zero, "\(replay(seed))")
      for row in 0..<seen.count {
        let one = seen[row]
        let isWithin =
          one.runTime >= 0 && one.readyTime >= 0 && one.vcpus > 0
          && Int128(one.runTime) + Int128(one.readyTime)
            <= Int128(max(one.vcpus, 1 << 20)) * Int128(seen.interval.value) + 1
        #expect(isWithin, "\(replay(seed))")
        #expect(one.memoryConfigured > 0 && one.memoryConsumed >= 0, "\(replay(seed))")
        #expect(one.memoryActive >= 0 && one.memory.balloon >= -1, "\(replay(seed))")
      }
    }
  }
}

/// Readings that no host should give.
enum Nonsense {
  private static let values: [Int64] = [
    .min, -1, 0, 1, 1_000, 1 << 20, 1 << 30, 1 << 40, 1 << 52, 1 << 62, .max,
  ]

  static func spoil(_ snapshot: inout HostSnapshot, _ generator: inout SeededGenerator) {
    let value = values[Int(generator.integer(0...Int64(values.count - 1)))]
    let isMissing = generator.isHit(oneIn: 4)
    switch generator.integer(0...9) {
    case 0: snapshot.monotonicTime = value
    case 1: snapshot.wallTime = value
    case 2: snapshot.host.memoryFree = value
    case 3: snapshot.host.swapIn = isMissing ? nil : value
    case 4: snapshot.host.ksm?.pagesSharing = value
    case 5: (snapshot.host.coreRate, snapshot.host.pageSize) = (value, value)
    default:
      guard !snapshot.domains.isEmpty else { return }
      let index = Int(generator.integer(0...Int64(snapshot.domains.count - 1)))
      spoil(&snapshot.domains[index], isMissing ? nil : value, &generator)
      if generator.isHit(oneIn: 10) { snapshot.domains.swapAt(0, index) }
    }
  }

  private static func spoil(
    _ domain: inout DomainSnapshot, _ value: Int64?, _ generator: inout SeededGenerator
  ) {
    switch generator.integer(0...15) {
    case 0: domain.vcpuTime = value
    case 1: domain.vcpuDelay = value
    case 2: domain.cpuTime = value
    case 3: domain.vcpus = value ?? 0
    case 4: domain.memoryMax = value ?? 0
    case 5: domain.memoryCurrent = value ?? 0
    case 6: domain.rss = value
    case 7: domain.guestUsable = value
    case 8: domain.lastUpdate = value
    case 9: domain.statisticsPeriod = value
    case 10: domain.guestSwapOut = value
    case 11: domain.runID = value
    case 12: domain.swapped = value
    case 13:
      domain.state = [.running, .paused, .off, .crashed, .unknown][Int(abs((value ?? 0) % 5))]
    case 14:
      domain.settings.cpuWeight = value
      domain.settings.globalQuota = value
    default:
      domain.settings.globalPeriod = value
      domain.settings.memoryMin = value
    }
  }
}
