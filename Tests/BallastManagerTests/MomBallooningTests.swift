import BallastManager
import BallastModel
import BallastUnits
import Testing

/// MoM's rules step by step; the host has 10,000 MiB.
struct MomBallooningTests {
  private func guest(_ current: Int64, unused: Int64, configured: Int64 = 2_000) -> MemoryRow {
    memoryRow(0, configured: configured, current: current, unused: unused)
  }

  /// 1500 free, h = 0.15 < 0.2: used 2000 − 800 = 1200, floor 1200 + 0.15 · 2000 = 1500, 95 % are 1900 → 1900. Next,
  /// with means of 1950 and 750: used 1200, floor 1200 + 0.15 · 1900 = 1485, 95 % of 1900 = 1805 → 1805.
  @Test(arguments: ["mom", "mom-ovirt"]) func pressureShrinks(_ name: String) {
    var parameters = MomBallooning.Parameters(name == "mom" ? .sample : .vdsm)
    parameters.isBallooning = true
    var policy = MomBallooning(parameters)
    #expect(policy.name == name)
    let first = policy.answer(memoryTable(total: 10_000, free: 1_500, [guest(2_000, unused: 800)]))
    #expect(first.current == [1_900] && first.decision.state == .soft)
    let second = policy.answer(memoryTable(total: 10_000, free: 1_500, [guest(1_900, unused: 700)]))
    #expect(second.current == [1_805])
  }

  /// 300 free, h = 0.03: g = 0.03 − 0.05. Used 1900, floor 1900 − 40 = 1860 and 95 % = 1900 → 1900: into what is used.
  /// With 1980 used the floor is 1940.
  @Test func criticalGoesBelowWhatIsUsed() {
    for (unused, wanted) in [(100, 1_900), (20, 1_940)] as [(Int64, Int64)] {
      var policy = MomBallooning(.init(.sample))
      let answer = policy.answer(
        memoryTable(total: 10_000, free: 300, [guest(2_000, unused: unused)]))
      #expect(answer.current == [wanted] && answer.decision.state == .hard)
    }
  }

  /// 4000 free, h = 0.4; 950 of 1000 used. MoM: floor 950 + 0.2 · 1000 = 1150; vdsm: 950 + 0.4 · 1000 = 1350.
  @Test func growsToItsFloor() {
    for (variant, wanted) in [(.sample, 1_150), (.vdsm, 1_350)]
      as [(MomBallooning.Variant, Int64)]
    {
      var parameters = MomBallooning.Parameters(variant)
      parameters.isBallooning = true
      var policy = MomBallooning(parameters)
      let answer = policy.answer(
        memoryTable(total: 10_000, free: 4_000, [guest(1_000, unused: 50)]))
      #expect(answer.current == [wanted])
    }
  }

  /// What holds a target is said, and between what: the 5 % of a decision, what the guest uses and 20 %, its minimum.
  @Test func targetsAreExplained() {
    func explained(_ row: MemoryRow, free: Int64) -> MemoryExplanation {
      var policy = MomBallooning(.init(.sample))
      return policy.answer(memoryTable(total: 10_000, free: free, [row])).decision.vms[0]
    }
    let paced = explained(guest(2_000, unused: 800), free: 1_500)
    #expect(paced.bound == .pace && (paced.floor, paced.cap) == (0, 2_000 * mib))
    let needed = explained(guest(1_000, unused: 50), free: 4_000)
    #expect(needed.bound == .demand && needed.target == 1_150 * mib)
    var row = guest(2_000, unused: 800)
    row.settings.minimum = 1_950 * mib
    let least = explained(row, free: 1_500)
    #expect(least.bound == .minimum && (least.floor, least.target) == (1_950 * mib, 1_950 * mib))
    row.reservation = 1_960 * mib
    #expect(explained(row, free: 1_500).bound == .reservation)
  }

  /// With 900 unused a guest of 1000 grows by 5 %; one of 1997 of 2000 by nothing, since 3 are less than 0.25 %.
  @Test func growsByFivePercent() {
    var policy = MomBallooning(.init(.sample))
    #expect(
      policy.answer(memoryTable(total: 10_000, free: 4_000, [guest(1_000, unused: 900)])).current
        == [1_050])
    policy = MomBallooning(.init(.sample))
    #expect(
      policy.answer(memoryTable(total: 10_000, free: 4_000, [guest(1_997, unused: 900)])).current
        == [-1])
  }

  /// A guest that uses 1990 of 2000 has a floor of 2290 at h = 0.15: nothing to shrink. One without statistics, or
  /// whose balloon is held back, is left alone.
  @Test func leavesAlone() {
    var policy = MomBallooning(.init(.sample))
    let rows = [
      memoryRow(0, configured: 2_000, unused: 10), memoryRow(1, configured: 2_000),
      memoryRow(2, configured: 2_000, unused: 1_000) { $0.heldBackBy = .statisticsStale },
    ]
    #expect(
      policy.answer(memoryTable(total: 10_000, free: 1_500, rows)).current == [-1, -1, -1])
  }

  /// A guest of 1000 below its minimum of 1500. With memory to spare both ask for the minimum, MoM because it is the
  /// floor; under pressure, where MoM never asks for more than there is, only vdsm does.
  @Test func minimum() {
    for variant in [MomBallooning.Variant.sample, .vdsm] {
      var parameters = MomBallooning.Parameters(variant)
      parameters.isBallooning = true
      var policy = MomBallooning(parameters)
      let row = memoryRow(0, configured: 2_000, current: 1_000, unused: 900) {
        $0.settings.minimum = 1_500 * mib
      }
      let answer = policy.answer(memoryTable(total: 10_000, free: 4_000, [row]))
      #expect(answer.current == [1_500])
      var pressed = MomBallooning(parameters)
      #expect(
        pressed.answer(memoryTable(total: 10_000, free: 1_500, [row])).current
          == [variant == .vdsm ? 1_500 : -1])
    }
  }

  /// oVirt ships ballooning off and KSM on.
  @Test func ovirtOnlyScans() {
    var policy = MomBallooning(.init(.vdsm))
    let answer = policy.answer(memoryTable(total: 10_000, free: 500, [guest(2_000, unused: 1_000)]))
    #expect(answer.current == [-1] && answer.host.ksmRun == 1)
  }

  /// 16 GiB sleep 10 ms. Below 20 % free 300 pages more each time, from 64 to 1250 at most; then 50 fewer. Two of 8 GiB
  /// can share all, so it runs on with plenty free; with one of them, 20 % + 50 % < 100 %, it stops.
  @Test func scannerFollowsWhatIsFree() {
    var policy = MomBallooning(.init(.sample))
    let rows = [0, 1].map { memoryRow($0, configured: 8_192, unused: 100) }
    var pages: [Int64] = []
    for free in [1_000, 1_000, 1_000, 1_000, 1_000, 16_000, 16_000, 16_000] as [Int64] {
      let answer = policy.answer(memoryTable(total: 16_384, free: free, rows))
      #expect(answer.host.ksmRun == 1 && answer.host.ksmSleepMilliseconds == 10)
      pages.append(answer.host.ksmPagesToScan)
    }
    // Means of five: 1000 five times, then 4000 (more than 20 %, 3276).
    #expect(pages == [364, 664, 964, 1_250, 1_250, 1_200, 1_150, 1_100])
    let idle = policy.answer(memoryTable(total: 16_384, free: 16_000, [rows[0]]))
    #expect(idle.host.ksmRun == 0 && idle.host.ksmPagesToScan == -1)
  }

  /// 64 GiB: 10 · 16/64 = 2.5 ms, rounded down; vdsm never sleeps less than 10. What the host reports as its setting
  /// counts: 500 + 300.
  @Test func sleepOfLargeHosts() {
    for (variant, sleep) in [(.sample, 2), (.vdsm, 10)] as [(MomBallooning.Variant, Int64)] {
      var policy = MomBallooning(.init(variant))
      var table = memoryTable(total: 65_536, free: 1_000, [guest(2_000, unused: 100)])
      table.readings.ksmPagesToScan = 500
      let answer = policy.answer(table)
      #expect(answer.host.ksmSleepMilliseconds == sleep && answer.host.ksmPagesToScan == 800)
    }
  }
}
