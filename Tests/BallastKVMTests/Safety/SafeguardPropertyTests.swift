import BallastModel
import BallastTestSupport
import BallastUnits
import Testing

@testable import BallastKVM

/// What holds whatever plans ask for and hosts show.
struct SafeguardPropertyTests {
  static let seeds = testSeeds(usual: 200)

  /// Over 30 steps of random hosts and wishes: only managed domains are touched, at most one is shrunk at a time, by 5 % at
  /// most and never below its working set; quotas leave a tenth; nothing traps.
  @Test(arguments: seeds) func nothingHarmfulPasses(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var bench = SafetyBench(names: ["a", "b", "c", "d"])
    bench.managed = ["a", "b", "c"]
    for _ in 0..<30 {
      bench.advance(random.integer(1...20), reporting: !random.isHit(oneIn: 4))
      for name in ["a", "b", "c", "d"] where random.isHit(oneIn: 2) {
        bench.edit(name) { disturb(&$0, &random) }
      }
      let wishes = (0..<random.integer(0...8)).map { _ in wish(bench, &random) }
      let verdict = bench.perform(wishes)
      check(verdict, bench, seed)
      follow(verdict, &bench, &random)
    }
  }

  private func disturb(_ domain: inout DomainSnapshot, _ random: inout SeededGenerator) {
    switch random.integer(0...9) {
    case 0: domain.guestUsable = random.integer(-1...(5 << 30))
    case 1: domain.guestUsable = nil
    case 2: domain.guestSwapOut = random.integer(0...9)
    case 3: domain.guestMajorFaults = random.integer(0...100_000)
    case 4: domain.state = random.isHit(oneIn: 2) ? .running : .paused
    case 5: domain.answered.toggle()
    case 6: domain.settings.cpuWeight = random.integer(1...5_000)
    case 7: domain.runID = random.integer(1...3)
    case 8:
      domain.memoryMax = random.isHit(oneIn: 5) ? random.integer(Int64.min...Int64.max) : 4 << 30
    default: domain.traits.deflatesOnOOM.toggle()
    }
  }

  private func wish(_ bench: SafetyBench, _ random: inout SeededGenerator) -> HostWrite {
    let name = ["a", "b", "c", "d"][Int(random.integer(0...3))]
    let fields = HostWrite.Field.allCases
    let field =
      random.isHit(oneIn: 2)
      ? .balloonTarget : fields[Int(random.integer(0...Int64(fields.count - 1)))]
    let wanted =
      random.isHit(oneIn: 20)
      ? random.integer(Int64.min...Int64.max) : random.integer(0...(5 << 30))
    return bench.write(name, field, wanted)
  }

  private func check(_ verdict: SafetyVerdict, _ bench: SafetyBench, _ seed: UInt64) {
    var shrunk = 0
    for write in verdict.writes {
      let name = write.target.name
      #expect(name != "d", "\(replay(seed))")
      guard let domain = bench.snapshot[name: name] else { continue }
      #expect(domain.state == .running || write.field == .balloonTarget, "\(replay(seed))")
      if write.field == .vcpuQuota || write.field == .globalQuota {
        #expect(
          write.wanted < 0 || write.wanted >= 10_000
            || verdict.writes.contains {
              $0.target == write.target && ($0.field == .vcpuPeriod || $0.field == .globalPeriod)
            }, "\(replay(seed))")
      }
      guard write.field == .balloonTarget, write.wanted < domain.memoryCurrent else { continue }
      shrunk += 1
      #expect(domain.memoryCurrent - write.wanted <= domain.memoryMax / 20 + 1, "\(replay(seed))")
      let usable = domain.guestUsable ?? 0
      #expect(
        write.wanted >= domain.memoryCurrent - usable + (64 << 20), "\(replay(seed))")
      #expect(domain.traits.deflatesOnOOM, "\(replay(seed))")
    }
    #expect(shrunk <= 1, "\(replay(seed))")
  }

  private func follow(
    _ verdict: SafetyVerdict, _ bench: inout SafetyBench, _ random: inout SeededGenerator
  ) {
    for write in verdict.writes {
      bench.edit(write.target.name) {
        switch write.field {
        case .cpuWeight: $0.settings.cpuWeight = write.wanted
        case .vcpuQuota: $0.settings.vcpuQuota = write.wanted
        case .vcpuPeriod: $0.settings.vcpuPeriod = write.wanted
        case .balloonTarget where !random.isHit(oneIn: 3): $0.memoryCurrent = write.wanted
        default: break
        }
      }
    }
  }
}
