import BallastMachine
import BallastModel
import BallastTestSupport
import BallastUnits
import Testing

/// Random hosts, VMs that come, change and go, scanners that are told something else.
@Suite struct SharingPropertyTests {
  private struct World {
    var random: SeededGenerator
    var sharing: PageSharing
    var offered: [Int64]
    var time: Int64 = 0

    init(seed: UInt64) {
      random = SeededGenerator(seed: seed)
      offered = [Int64](repeating: 0, count: 6)
      var settings = KSMSettings(
        pagesToScan: random.integer(1...5_000), sleep: .milliseconds(random.integer(0...60)),
        maxPageSharing: random.integer(2...300), useZeroPages: random.isHit(oneIn: 3),
        smartScan: random.isHit(oneIn: 2))
      if random.isHit(oneIn: 4) { settings.advisorTarget = .seconds(random.integer(1...100)) }
      let scan = ESXiScan(
        wholeVMWithin: .seconds(random.integer(1...4_000)),
        bytesPerSecondPerGHz: Bytes(random.integer(0...10_000_000)))
      let scopes: [SharingFacts.Scope] = [.off, .withinVM, .betweenVMs, .betweenVMs]
      let facts = SharingFacts(
        scope: scopes[Int(random.integer(0...3))],
        scanner: random.isHit(oneIn: 2) ? .ksm(settings) : .esxi(scan))
      sharing = PageSharing(facts, capacity: .megahertz(random.integer(0...100_000)))
    }

    private mutating func size() -> Int64 {
      let most: [Int64] = [0, 1, 10, 1_000, 100_000]
      return random.integer(0...most[Int(random.integer(0...4))])
    }

    mutating func content() -> ScannedContent {
      ScannedContent(
        zero: size(), common: size(), image: Int32(random.integer(-1...1)), duplicate: size(),
        own: size(), changing: size(),
        rewrittenPerSecond: random.isHit(oneIn: 2) ? size() / 10 : 0,
        layout: random.isHit(oneIn: 2) ? .mixed : .inOrder)
    }

    mutating func change() {
      let vm = Int(random.integer(0...5))
      switch random.integer(0...9) {
      case 0...5:
        let content = content()
        sharing.set(VMIndex(vm), content, at: time)
        offered[vm] = content.pages
      case 6:
        sharing.remove(VMIndex(vm), at: time)
        offered[vm] = 0
      default:
        var request = HostMemoryRequest()
        request.scansForSharing = random.isHit(oneIn: 2)
        request.ksmRun = [-1, 0, 1, 1, 1, 2][Int(random.integer(0...5))]
        request.ksmPagesToScan = random.integer(-1...4_000)
        request.ksmSleepMilliseconds = random.integer(-1...100)
        sharing.request(request, at: time)
      }
    }

    mutating func span() -> Int64 {
      let most: [Int64] = [1_000_000, second, 10 * second, 60 * second]
      return random.integer(0...most[Int(random.integer(0...3))])
    }
  }

  private func check(_ world: World, _ note: String) {
    let (sharing, counters) = (world.sharing, world.sharing.counters)
    var sum = SharedPages()
    for vm in world.offered.indices {
      let part = sharing.shared(VMIndex(vm))
      #expect(part.shared >= 0 && part.shared <= world.offered[vm], "\(note)")
      #expect(part.saved <= part.shared, "\(note)")
      #expect(min(part.savedZero, part.savedCommon, part.savedDuplicate) >= 0, "\(note)")
      sum.shared += part.shared
      sum.savedZero += part.savedZero
      sum.savedCommon += part.savedCommon
      sum.savedDuplicate += part.savedDuplicate
    }
    #expect(sum == sharing.total, "\(note)")
    guard let ksm = sharing.ksm else {
      #expect(sum.saved == 0 || sum.saved < sum.shared, "\(note)")
      return
    }
    let saved = counters.pagesSharing + counters.zeroPages
    #expect(saved == sum.saved && counters.pagesShared + saved == sum.shared, "\(note)")
    #expect(ksm.useZeroPages || sum.saved == 0 || sum.saved < sum.shared, "\(note)")
    let all = sum.shared + counters.pagesUnshared + counters.pagesVolatile
    #expect(all <= world.offered.reduce(0, +), "\(note)")
    #expect(counters.pagesUnshared >= 0 && counters.pagesVolatile >= 0, "\(note)")
  }

  /// Parts add up, nobody shares more than it offers, one copy stays.
  @Test(arguments: testSeeds(usual: 1_000)) func nothingIsLost(_ seed: UInt64) {
    var world = World(seed: seed)
    for _ in 0..<12 {
      world.change()
      world.time += world.span()
      world.sharing.advance(to: world.time)
      check(world, replay(seed))
    }
  }

  /// Asked often or once, the scanner has come to the same.
  @Test(arguments: testSeeds(usual: 300)) func stepsDoNotMatter(_ seed: UInt64) {
    var (once, often) = (World(seed: seed), World(seed: seed))
    var steps = SeededGenerator(seed: seed ^ 0x5eed)
    for _ in 0..<8 {
      once.change()
      often.change()
      let span = once.span()
      #expect(often.span() == span)
      for _ in 0..<steps.integer(1...20) {
        often.sharing.advance(to: often.time + steps.integer(0...span))
      }
      once.time += span
      often.time += span
      once.sharing.advance(to: once.time)
      often.sharing.advance(to: often.time)
      #expect(once.sharing.total == often.sharing.total, "\(replay(seed))")
      for vm in once.offered.indices {
        let (a, b) = (once.sharing.shared(VMIndex(vm)), often.sharing.shared(VMIndex(vm)))
        #expect(a == b, "\(replay(seed))")
      }
      #expect(once.sharing.cpuTime == often.sharing.cpuTime, "\(replay(seed))")
      let (a, b) = (once.sharing.counters, often.sharing.counters)
      #expect(a.pagesScanned == b.pagesScanned && a.fullScans == b.fullScans, "\(replay(seed))")
      #expect(abs(a.pagesVolatile - b.pagesVolatile) <= 1, "\(replay(seed))")
      #expect(abs(a.pagesUnshared - b.pagesUnshared) <= 1, "\(replay(seed))")
    }
  }

  /// Left alone, everything that can be shared is, and then nothing changes any more.
  @Test(arguments: testSeeds(usual: 300)) func restIsReached(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let vms = (0..<random.integer(1...5)).map { _ in
      ScannedContent(
        zero: random.integer(0...1_000), common: random.integer(0...1_000), image: 0,
        duplicate: 2 * random.integer(0...500), own: random.integer(0...1_000))
    }
    let sharing = PageSharing.ksm { $0.smartScan = true }.after(15, vms)
    #expect(sharing.nextChange == .max, "\(replay(seed))")
    let held = vms.map(\.common).sorted(by: >)
    let distinct = held[0]
    #expect(sharing.total.savedCommon == held.reduce(0, +) - distinct, "\(replay(seed))")
    let duplicates = vms.map(\.duplicate).reduce(0, +)
    #expect(sharing.total.savedDuplicate == duplicates / 2, "\(replay(seed))")
  }
}
