import BallastModel
import BallastTestSupport
import BallastUnits
import Testing

@testable import BallastKVM

/// Pins hold domains to a part of the host, and nobody is promised more than that part has.
struct PinningTests {
  private func cpus(_ pins: [String], vcpus: Int64, pcpus: Int64 = 4) -> DomainCPUs {
    var domain = DomainSnapshot()
    domain.vcpus = vcpus
    domain.settings.pins = pins
    return DomainCPUs(of: domain, pcpus: pcpus)
  }

  @Test func whatPinsLeave() {
    #expect(cpus([], vcpus: 2) == DomainCPUs(atOnce: 2))
    // More vCPUs than the host has.
    #expect(cpus([], vcpus: 9) == DomainCPUs(atOnce: 4))
    #expect(cpus(["", ""], vcpus: 2) == DomainCPUs(atOnce: 2))
    #expect(cpus(["0-3", "0-3"], vcpus: 2) == DomainCPUs(atOnce: 2))
    #expect(cpus(["1", "1"], vcpus: 2) == DomainCPUs(allowed: [1], atOnce: 1))
    #expect(cpus(["0-1", "0-1", "0-1"], vcpus: 3) == DomainCPUs(allowed: [0, 1], atOnce: 2))
    // Three share CPU 0, and the fourth goes anywhere.
    #expect(cpus(["0", "0", "0", "0-3"], vcpus: 4) == DomainCPUs(atOnce: 2))
    #expect(cpus(["0", "0", "0", "0-2"], vcpus: 4) == DomainCPUs(allowed: [0, 1, 2], atOnce: 2))
    // What the vCPUs that are offline are pinned to does not count, nor what cannot be read.
    #expect(cpus(["0", "1", "2"], vcpus: 1) == DomainCPUs(allowed: [0], atOnce: 1))
    #expect(cpus(["nonsense"], vcpus: 1) == DomainCPUs(atOnce: 1))
  }

  private func claim(_ most: Int64, _ reservation: Int64 = 0, weight: Int64 = 1_024)
    -> PinnedParts.Claim
  {
    .init(reservation: reservation, most: most, weight: weight)
  }

  /// Two of 2 GHz on one CPU of 1 GHz get 500 MHz each; who may run anywhere gets what they leave of 4.
  @Test func whoSharesOneCPUDividesOneCPU() {
    let one = DomainCPUs(allowed: [1], atOnce: 1)
    let parts = PinnedParts([one, one, DomainCPUs(atOnce: 4)])
    let claims = [claim(1_000), claim(1_000), claim(4_000)]
    #expect(parts.divided(claims, coreRate: 1_000, capacity: 4_000) == [500, 500, 3_000])
    // Weights and reservations hold inside the part.
    #expect(
      parts.divided(
        [claim(1_000, 700), claim(1_000), claim(4_000)], coreRate: 1_000, capacity: 4_000)
        == [700, 300, 3_000])
    #expect(parts.parts == [.init(cpus: [1], members: [0, 1])])
  }

  /// {0,1}, {1,2} and {2,0}, two vCPUs each: together three CPUs, though each pair has more than its own two.
  @Test func whatOverlapsIsHeldTogether() {
    let sets = [[0, 1], [1, 2], [0, 2]].map { DomainCPUs(allowed: $0, atOnce: 2) }
    let parts = PinnedParts(sets)
    #expect(parts.parts.last == .init(cpus: [0, 1, 2], members: [0, 1, 2]))
    let claims = sets.map { _ in claim(2_000) }
    #expect(parts.divided(claims, coreRate: 1_000, capacity: 8_000) == [1_000, 1_000, 1_000])
  }

  /// Whoever is pinned where: no domain above what it can use or wants, no part above what it has, nothing above the host.
  @Test(arguments: testSeeds(usual: 1_000))
  func nobodyGetsMoreThanItsPartHas(_ seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let pcpus = generator.integer(1...8)
    let count = Int(generator.integer(1...8))
    let domains = (0..<count).map { _ -> DomainCPUs in
      let vcpus = generator.integer(1...4)
      let pins = (0..<vcpus).map { _ -> String in
        let first = generator.integer(0...pcpus - 1)
        return generator.isHit(oneIn: 3)
          ? "" : "\(first)-\(generator.integer(first...pcpus - 1))"
      }
      return cpus(pins, vcpus: vcpus, pcpus: pcpus)
    }
    let claims = domains.map { _ in
      claim(
        generator.integer(0...4_000), generator.integer(0...2_000),
        weight: generator.integer(1...5_000))
    }
    let parts = PinnedParts(domains)
    let given = parts.divided(claims, coreRate: 1_000, capacity: pcpus * 1_000)
    for (row, amount) in given.enumerated() {
      #expect(amount >= 0 && amount <= claims[row].most, "\(replay(seed))")
      #expect(amount <= domains[row].atOnce * 1_000, "\(replay(seed))")
    }
    for part in parts.parts {
      let sum = part.members.reduce(0) { $0 + given[$1] }
      #expect(sum <= Int64(part.cpus.count) * 1_000, "\(replay(seed))")
    }
    #expect(given.reduce(0, +) <= pcpus * 1_000, "\(replay(seed))")
  }

  /// 2 GHz each of one CPU of 2.6 GHz: by weight 1.3 GHz each and not half of the host's 5.2.
  @Test func aPinnedReservationIsJudgedByItsPart() throws {
    let system = FakeSystem(pcpus: 2, coreRate: 2_600_000)
    for name in ["a", "b", "c"] {
      system.start(name, vcpus: 1, memory: 1 << 30, demand: 1_000_000)
      if name != "c" { system.edit(name) { $0.shown.settings.pins = ["1"] } }
    }
    var plan = TranslationTests.plan()
    plan.cpuReservation = [2_000_000, 1_000_000, 2_700_000]
    plan.cpuWeight[2] = 3_072
    let translator = PlanTranslator(ManagedNames(["a", "b", "c"]))
    system.edit("c") { $0.shown.settings.pins = ["0"] }
    let notes = try translator.translate(plan, on: system.snapshot()).notes.map(\.text)
    #expect(
      notes[0].contains(
        "shares 1024 of 2048 of those that may run on pCPU 1 give at least 1300 MHz of 2600 MHz, so"
          + " the weight does not keep it"))
    #expect(notes[1].contains("give at least 1300 MHz of 2600 MHz, so the weight keeps it"))
    #expect(notes[2].contains("so nothing keeps it: it can use no more than 2600 MHz"))
  }

  /// One vCPU of a host with two CPUs: three quarters of the shares are no more than one CPU.
  @Test func noWeightGivesMoreThanItsVCPUsCanUse() throws {
    let system = FakeSystem(pcpus: 2, coreRate: 2_600_000)
    for name in ["a", "b"] {
      system.start(name, vcpus: 1, memory: 1 << 30, demand: 1_000_000)
    }
    var plan = TranslationTests.plan(2)
    plan.cpuReservation = [2_600_000, 0]
    plan.cpuWeight = [3_072, 1_024]
    let translator = PlanTranslator(ManagedNames(["a", "b"]))
    let notes = try translator.translate(plan, on: system.snapshot()).notes.map(\.text)
    #expect(
      notes[0].contains(
        "give at least 2600 MHz of 5200 MHz, all that it can use, so the weight keeps it"))
  }
}
