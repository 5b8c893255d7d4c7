import BallastKVM
import BallastModel
import BallastTestSupport
import BallastUnits
import Testing

/// What a plan comes to on a host.
struct TranslationTests {
  /// A plan for "a", "b", "c" of `ObservationTests.system()`: equal shares, nothing limited or reserved.
  static func plan(_ count: Int = 3) -> HostPlan {
    var plan = HostPlan()
    plan.vms = (0..<count).map { VMIndex($0) }
    plan.pool = Array(repeating: 0, count: count)
    plan.cpuReservation = Array(repeating: 0, count: count)
    plan.cpuLimit = Array(repeating: .max, count: count)
    plan.cpuWeight = Array(repeating: 1_024, count: count)
    plan.memoryReservation = Array(repeating: 0, count: count)
    plan.memoryLimit = Array(repeating: .max, count: count)
    plan.cpuEntitlement = Array(repeating: 1_000_000, count: count)
    plan.memoryEntitlement = Array(repeating: 1 << 30, count: count)
    return plan
  }

  private let translator = PlanTranslator(ManagedNames(["a", "b", "c"]))

  private func lines(_ translation: Translation) -> [String] {
    translation.writes.map { write in
      var name = "host"
      if case .domain(_, let domain) = write.target { name = domain }
      return
        "\(name) \(write.field.rawValue) \(write.before.map(String.init) ?? "?") → \(write.wanted)"
    }
  }

  /// As it stands already: nothing is written.
  @Test func nothingIsWrittenWhereNothingDiffers() throws {
    let system = ObservationTests.system()
    #expect(try translator.translate(Self.plan(), on: system.snapshot()) == Translation())
  }

  /// 500 : 1024 : 2048 in v1 are the shares themselves. In v2 1024 are 100, and 500 would be 49: the smallest becomes 200,
  /// so that 1024 · 200/500 = 409.6 and 2048 · 200/500 = 819.2 are 410 and 819.
  @Test func sharesBecomeWeightsOfEachHierarchy() throws {
    let system = ObservationTests.system()
    var plan = Self.plan()
    plan.cpuWeight = [500, 1_024, 2_048]
    let old = try translator.translate(plan, on: system.snapshot())
    #expect(lines(old) == ["a cpuWeight 1024 → 500", "c cpuWeight 1024 → 2048"])
    #expect(
      old.writes[0].reason
        == "shares 500 of 3572, 1024 per 1024; entitled to 1000 MHz now")
    system.host.cgroups = .v2
    for name in ["a", "b", "c"] { system.edit(name) { $0.shown.settings.cpuWeight = 100 } }
    let new = try translator.translate(plan, on: system.snapshot())
    #expect(new.writes.map(\.wanted) == [200, 410, 819])
    #expect(new.writes[1].reason.hasPrefix("shares 1024 of 3572, 200 per 500;"))
  }

  /// A domain that nobody manages keeps its standing: 1024 shares are its default of 100, whatever is lost in rounding.
  @Test func unmanagedDomainsKeepTheirStanding() throws {
    let system = ObservationTests.system()
    system.host.cgroups = .v2
    system.start("stranger", vcpus: 1, memory: 1 << 30, demand: 0)
    var plan = Self.plan()
    plan.cpuWeight = [512, 1_024, 4_096]
    for name in ["a", "b", "c"] { system.edit(name) { $0.shown.settings.cpuWeight = 7 } }
    let translation = try translator.translate(plan, on: system.snapshot())
    #expect(translation.writes.map(\.wanted) == [50, 100, 400])
  }

  /// 600 MHz of CPUs at 1 GHz are 60 ms of 100; 50 MHz would be 5 ms and get the least, 10; 5 GHz are more than four
  /// vCPUs have; and an owner's quota goes where there is no limit.
  @Test func limitsBecomeQuotas() throws {
    let system = ObservationTests.system()
    system.edit("c") { $0.shown.settings.globalQuota = 77_000 }
    var plan = Self.plan()
    plan.cpuLimit = [600_000, 50_000, 5_000_000]
    let translation = try translator.translate(plan, on: system.snapshot())
    #expect(
      lines(translation) == [
        "a globalQuota -1 → 60000", "b globalQuota -1 → 10000", "c globalQuota 77000 → -1",
      ])
    #expect(translation.writes[0].reason == "limit 600 MHz of 1000 MHz a CPU × 100000 µs")
    #expect(translation.notes.map(\.subject) == [.cpuLimit])
    #expect(translation.notes[0].text.contains("50 MHz would be 5000 µs of 100000"))
  }

  /// Only quotas per vCPU: 600 MHz on two of 1 GHz are 30 ms each. A period out of range is set to the usual one first.
  @Test func limitsAreDividedWhereQuotasArePerVCPU() throws {
    let system = ObservationTests.system()
    system.edit("a") {
      ($0.shown.settings.globalQuota, $0.shown.settings.globalPeriod) = (nil, nil)
      $0.shown.settings.vcpuPeriod = 5
    }
    system.edit("b") { $0.shown.settings = DomainSettings() }
    var plan = Self.plan()
    plan.cpuLimit = [600_000, 600_000, .max]
    let translation = try translator.translate(plan, on: system.snapshot())
    #expect(
      lines(translation) == ["a vcpuPeriod 5 → 100000", "a vcpuQuota -1 → 30000"])
    #expect(translation.notes.map(\.subject) == [.cpuWeight, .cpuLimit])
  }

  /// Memory that comes back is first, memory that goes last. Configured 1 GiB − 256 MiB is 768.
  @Test func memoryUpwardIsFirstAndDownwardLast() throws {
    let system = ObservationTests.system()
    system.edit("b") { $0.shown.memoryCurrent = 512 << 20 }
    var plan = Self.plan()
    plan.cpuWeight[0] = 2_048
    plan.memory = Array(repeating: VMMemoryRequest(), count: 3)
    plan.memory[0].balloon = 256 << 20
    plan.memory[1].balloon = 0
    plan.hostMemory.ksmRun = 1
    plan.hostMemory.ksmPagesToScan = 100
    let translation = try translator.translate(plan, on: system.snapshot())
    #expect(
      lines(translation) == [
        "b balloonTarget \(512 << 20) → \(1 << 30)", "a cpuWeight 1024 → 2048",
        "a balloonTarget \(1 << 30) → \(768 << 20)", "host ksmRun 0 → 1",
      ])
    #expect(translation.writes[2].reason == "configured 1024 MiB − balloon 256 MiB")
  }

  /// v2 protects a reservation; v1 has no such knob, and says how it is kept.
  @Test func reservationsOfMemoryNeedTheUnifiedHierarchy() throws {
    var plan = Self.plan()
    plan.memoryReservation = [512 << 20, 0, 0]
    let old = try translator.translate(plan, on: ObservationTests.system().snapshot())
    #expect(old.writes.isEmpty && old.notes.map(\.subject) == [.memoryReservation])
    #expect(old.notes[0].text.contains("cgroup v1 has no memory.min: 512 MiB"))
    let system = FakeSystem()
    system.host.cgroups = .v2
    for name in ["a", "b", "c"] {
      system.start(name, vcpus: 1, memory: 1 << 30, demand: 0)
      system.edit(name) { $0.shown.settings.cpuWeight = 200 }
    }
    let new = try translator.translate(plan, on: system.snapshot())
    #expect(lines(new) == ["a memoryMin 0 → \(512 << 20)"])
  }

  /// A reservation of 1 GHz: 1024 of 3072 shares are a third of 4 GHz, which keeps it; of 2 GHz they do not.
  @Test func reservationsOfCPUAreExplained() throws {
    let system = ObservationTests.system()
    var plan = Self.plan()
    plan.cpuReservation = [1_000_000, 2_000_000, 0]
    let notes = try translator.translate(plan, on: system.snapshot()).notes
    #expect(notes.map(\.subject) == [.cpuReservation, .cpuReservation])
    #expect(notes[0].text.contains("at least 1333.333 MHz of 4000 MHz, so the weight keeps it"))
    #expect(notes[1].text.contains("so the weight does not keep it"))
  }

  /// What there is no knob for is said: hard limits, swapping, page merging without a scanner.
  @Test func whatHasNoKnobIsSaid() throws {
    let system = ObservationTests.system()
    system.host.ksm = nil
    system.edit("b") { $0.shown.traits.hasBalloon = false }
    var plan = Self.plan()
    plan.memoryLimit[0] = 512 << 20
    plan.memory = Array(repeating: VMMemoryRequest(), count: 3)
    plan.memory[0].swap = 1 << 20
    plan.memory[1].balloon = 1 << 20
    plan.hostMemory.ksmRun = 1
    let translation = try translator.translate(plan, on: system.snapshot())
    #expect(translation.writes.isEmpty)
    #expect(
      translation.notes.map(\.subject) == [.memoryLimit, .reclamation, .reclamation, .ksm])
  }

  /// Gone, hung and migrating domains get nothing; only the first is told to be gone.
  @Test func absentDomainsGetNothing() throws {
    let system = ObservationTests.system()
    system.stop("a")
    system.edit("b") { $0.isHung = true }
    system.edit("c") { $0.shown.isInTransition = true }
    var plan = Self.plan()
    plan.cpuWeight = [1, 2, 3]
    let translation = try translator.translate(plan, on: system.snapshot())
    #expect(translation.writes.isEmpty && translation.gone == [VMIndex(0)])
  }

  /// Silent guests are asked to report where the translator is told to ask.
  @Test func silentGuestsAreAsked() throws {
    let system = ObservationTests.system()
    system.edit("b") { $0.shown.statisticsPeriod = 0 }
    let asking = PlanTranslator(translator.managed, statisticsPeriod: 5)
    #expect(
      try lines(asking.translate(Self.plan(), on: system.snapshot())) == [
        "b statisticsPeriod 0 → 5"
      ])
    #expect(try translator.translate(Self.plan(), on: system.snapshot()).writes.isEmpty)
  }

  /// Two pools of equal weight: "a" alone in one has half of the 3 · 1024 shares, "b" and "c" a quarter each, so twice and
  /// once 768 parts of 1024: 1536 and 768.
  @Test func poolsAreDividedDownTheTree() throws {
    let system = ObservationTests.system()
    var plan = Self.plan()
    let pool = HostPlan.Pool(pool: 0, parent: -1, reservation: 0, limit: .max, weight: 1)
    plan.pools = [pool, pool, pool]
    for index in [1, 2] { plan.pools[index].parent = 0 }
    plan.pool = [1, 2, 2]
    let translation = try translator.translate(plan, on: system.snapshot())
    #expect(translation.writes.map(\.wanted) == [1_536, 768, 768])
    #expect(translation.notes.map(\.subject) == [.pools])
  }

  // MARK: Properties

  /// All domains managed: wherever the smallest weight written is 101 or more, ratios are within 1 % of the plan's.
  @Test(arguments: testSeeds(usual: 1_000))
  func ratiosAreKept(_ seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let system = FakeSystem()
    system.host.cgroups = generator.isHit(oneIn: 2) ? .v1 : .v2
    let count = Int(generator.integer(2...12))
    let names = (0..<count).map { "vm\(10 + $0)" }
    for name in names {
      system.start(name, vcpus: 1, memory: 1 << 30, demand: 0)
      system.edit(name) { $0.shown.settings.cpuWeight = 3 }
    }
    var plan = Self.plan(count)
    let spread = generator.integer(1...1 << generator.integer(0...20))
    plan.cpuWeight = (0..<count).map { _ in generator.integer(spread...(spread * 90)) }
    let writes = try PlanTranslator(ManagedNames(names)).translate(plan, on: system.snapshot())
      .writes
    var written = Array(repeating: Int64(3), count: count)
    for write in writes {
      guard case .domain(_, let name) = write.target else { continue }
      written[try #require(names.firstIndex(of: name))] = write.wanted
    }
    let range: ClosedRange<Int64> = system.host.cgroups == .v1 ? 2...262_144 : 1...10_000
    #expect(written.allSatisfy { range.contains($0) }, "\(replay(seed))")
    let least = try #require(written.min())
    #expect(least >= 101, "a spread of 90 fits both ranges; \(replay(seed))")
    for a in 0..<count {
      for b in 0..<count {
        // |wa/wb ÷ sa/sb − 1| ≤ 1 %
        let left = Int128(written[a]) * Int128(plan.cpuWeight[b]) * 100
        let right = Int128(written[b]) * Int128(plan.cpuWeight[a]) * 100
        #expect(left <= right + right / 100 + 1, "\(replay(seed))")
      }
    }
  }

  /// After the writes the same plan asks for nothing, and never for a hard limit or less than a tenth of a CPU.
  @Test(arguments: testSeeds(usual: 1_000))
  func translatingIsIdempotent(_ seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let system = ObservationTests.system()
    if generator.isHit(oneIn: 2) {
      system.host.cgroups = .v2
      for name in ["a", "b", "c"] {
        system.edit(name) {
          $0.shown.settings.cpuWeight = 100
          $0.shown.settings.memoryMin = 0
        }
      }
    }
    let plan = RandomPlan.make(&generator)
    let first = try translator.translate(plan, on: system.snapshot())
    for write in first.writes {
      #expect(!write.reason.isEmpty && write.before != write.wanted, "\(replay(seed))")
      if write.field == .globalQuota {
        #expect(write.wanted == -1 || write.wanted >= 10_000, "\(replay(seed))")
      }
      try system.perform(write)
    }
    system.advance(by: .seconds(1))
    let second = try translator.translate(plan, on: system.snapshot())
    #expect(second.writes.isEmpty, "\(replay(seed))")
  }

  /// Any plan on any snapshot: writes in range, or none, and nothing traps.
  @Test(arguments: testSeeds(usual: 1_000))
  func anyPlanOnAnySnapshotIsSurvived(_ seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    var snapshot = try ObservationTests.system().snapshot()
    for _ in 0..<generator.integer(0...8) { Nonsense.spoil(&snapshot, &generator) }
    var plan = RandomPlan.make(&generator)
    RandomPlan.spoil(&plan, &generator)
    let translation = translator.translate(plan, on: snapshot)
    for write in translation.writes {
      switch write.field {
      case .cpuWeight: #expect((1...262_144).contains(write.wanted), "\(replay(seed))")
      case .globalQuota, .vcpuQuota:
        #expect(write.wanted == -1 || write.wanted >= 1_000, "\(replay(seed))")
      case .balloonTarget, .globalPeriod, .vcpuPeriod:
        #expect(write.wanted > 0, "\(replay(seed))")
      default: #expect(write.wanted >= 0, "\(replay(seed))")
      }
    }
  }
}

/// Plans for the three VMs of the bench.
enum RandomPlan {
  static func make(_ generator: inout SeededGenerator) -> HostPlan {
    var plan = TranslationTests.plan()
    plan.memory = Array(repeating: VMMemoryRequest(), count: 3)
    for vm in 0..<3 {
      plan.cpuWeight[vm] = generator.integer(1...1 << generator.integer(0...24))
      if generator.isHit(oneIn: 2) { plan.cpuLimit[vm] = generator.integer(0...5_000_000) }
      if generator.isHit(oneIn: 3) { plan.cpuReservation[vm] = generator.integer(0...2_000_000) }
      if generator.isHit(oneIn: 3) { plan.memoryReservation[vm] = generator.integer(0...2 << 30) }
      if generator.isHit(oneIn: 2) { plan.memory[vm].balloon = generator.integer(0...900 << 20) }
    }
    if generator.isHit(oneIn: 3) { plan.hostMemory.ksmRun = generator.integer(-1...2) }
    if generator.isHit(oneIn: 3) { plan.hostMemory.ksmPagesToScan = generator.integer(-1...2_000) }
    return plan
  }

  /// Values and lengths that no manager gives.
  static func spoil(_ plan: inout HostPlan, _ generator: inout SeededGenerator) {
    let values: [Int64] = [.min, -1, 0, 1, 1 << 40, .max - 1, .max]
    func value() -> Int64 { values[Int(generator.integer(0...6))] }
    for vm in 0..<3 {
      if generator.isHit(oneIn: 3) { plan.cpuWeight[vm] = value() }
      if generator.isHit(oneIn: 3) { plan.cpuLimit[vm] = value() }
      if generator.isHit(oneIn: 3) { plan.cpuReservation[vm] = value() }
      if generator.isHit(oneIn: 3) { plan.memoryReservation[vm] = value() }
      if generator.isHit(oneIn: 3) { plan.memoryLimit[vm] = value() }
      if generator.isHit(oneIn: 3) { plan.cpuEntitlement[vm] = value() }
      if generator.isHit(oneIn: 3) { plan.memory[vm].balloon = value() }
      if generator.isHit(oneIn: 5) { plan.memory[vm].swap = value() }
      if generator.isHit(oneIn: 3) { plan.pool[vm] = Int(value() & 3) - 1 }
    }
    if generator.isHit(oneIn: 2) {
      plan.pools = (0..<3).map { index in
        HostPlan.Pool(
          pool: index, parent: Int(generator.integer(-2...4)), reservation: value(),
          limit: value(), weight: value())
      }
    }
    if generator.isHit(oneIn: 4) { plan.cpuLimit.removeLast() }
    if generator.isHit(oneIn: 4) { plan.cpuWeight.removeLast() }
    if generator.isHit(oneIn: 4) { plan.vms.append(VMIndex(99)) }
    if generator.isHit(oneIn: 4) { plan.hostMemory.ksmPagesToScan = value() }
  }
}
