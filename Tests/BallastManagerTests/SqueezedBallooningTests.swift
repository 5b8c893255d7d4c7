import BallastManager
import BallastModel
import BallastTestSupport
import BallastUnits
import Testing

struct SqueezedBallooningTests {
  private func guest(
    _ vm: Int, configured: Int64, minimum: Int64, current: Int64,
    _ change: (inout MemoryRow) -> Void = { _ in }
  ) -> MemoryRow {
    memoryRow(vm, configured: configured, current: current) {
      $0.settings.minimum = minimum * mib
      change(&$0)
    }
  }

  private func answer(free: Int64, _ rows: [MemoryRow]) -> MemoryAnswer {
    var policy = SqueezedBallooning()
    return policy.answer(memoryTable(total: 10_000, free: free, rows))
  }

  /// Ranges 1000–2000 and 1000–4000, 1500 held by each and 600 free: 600 + 3000 − 2000 = 1600 of 4000 → φ = 0.4, 1400 and
  /// 2200.
  @Test func allGetTheSamePart() {
    let answer = answer(
      free: 600,
      [
        guest(0, configured: 2_000, minimum: 1_000, current: 1_500),
        guest(1, configured: 4_000, minimum: 1_000, current: 1_500),
      ])
    #expect(answer.current == [1_400, 2_200])
    #expect(answer.decision.state == .soft)
    // Together they could hold 6000, and hold 3000.
    #expect(answer.decision.wanted == 3_000 * mib)
  }

  /// φ stays within 0 and 1: all with 4000 free, the minimum with less than nothing.
  @Test func partsAreBounded() {
    let rows = [guest(0, configured: 2_000, minimum: 500, current: 1_000)]
    #expect(answer(free: 4_000, rows).current == [2_000])
    #expect(answer(free: 4_000, rows).decision.state == .high)
    #expect(answer(free: -800, rows).current == [500])
  }

  /// The second is stuck: it keeps its 1500, which is not counted, and the first gets all that is free.
  @Test func stuckGuestsAreLeftOut() {
    let answer = answer(
      free: 300,
      [
        guest(0, configured: 2_000, minimum: 1_000, current: 1_000),
        guest(1, configured: 2_000, minimum: 1_000, current: 1_500) {
          $0.heldBackBy = .balloonStuck
        },
      ])
    #expect(answer.current == [1_300, -1])
  }

  /// A guest that says neither minimum nor reservation has no range; a reservation counts as a minimum; a limit ends it.
  @Test func whoHasARange() {
    let answer = answer(
      free: 5_000,
      [
        memoryRow(0, configured: 2_000, current: 1_000),
        memoryRow(1, configured: 2_000, current: 1_000, reservation: 500),
        guest(2, configured: 2_000, minimum: 500, current: 1_000) { $0.limit = 1_700 * mib },
        guest(3, configured: 2_000, minimum: 500, current: 1_000) {
          $0.settings.isBallooned = false
        },
      ])
    #expect(answer.current == [-1, 2_000, 1_700, -1])
  }

  /// A new guest waits for 700 of the 1000 MiB it is to have: they are not there to be given twice.
  @Test func whatAGuestWaitsForIsNotThere() {
    let waiting = memoryRow(1, configured: 2_000, current: 1_000, held: 300) {
      $0.settings.minimum = 1_000 * mib
    }
    // 1500 + 300 + 0 − 1500 = 300 of 500 + 1000 + … = 2500 → φ = 0.12.
    let answer = answer(
      free: 0, [guest(0, configured: 2_000, minimum: 500, current: 1_500), waiting])
    #expect(answer.current == [680, 1_120])
  }

  /// A guest without a range starts with 4096 and has nothing: 2 · (5120 − 512) − 4096 = 5120 of 9216 → φ = 5/9, and the
  /// two come down to 512 + 4608 · 5/9 = 3072.
  @Test func whoStartsGetsItsMemory() {
    let answer = answer(
      free: 0,
      [
        guest(0, configured: 5_120, minimum: 512, current: 5_120),
        guest(1, configured: 5_120, minimum: 512, current: 5_120),
        memoryRow(2, configured: 4_096, held: 0),
      ])
    #expect(answer.current == [3_072, 3_072, -1])
    #expect(answer.decision.state == .soft && answer.decision.vms[0].bound == .part)
  }

  /// Whatever the guests: each within its range, and in sum no more than there is, unless that is below the minimums.
  @Test(arguments: testSeeds(usual: 1_000))
  func rangesAndSumHold(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let rows = (0..<Int(random.integer(1...8))).map { vm in
      let configured = random.integer(1...8_000)
      let minimum = random.integer(0...configured)
      return guest(
        vm, configured: configured, minimum: minimum, current: random.integer(minimum...configured)
      )
    }
    let free = random.integer(-2_000...20_000) * mib
    var table = memoryTable(total: 50_000, free: 0, rows)
    table.free = free
    var policy = SqueezedBallooning()
    let answer = policy.answer(table)
    var sum: Int64 = 0
    var least: Int64 = 0
    var there = free
    for (row, request) in zip(rows, answer.requests) where row.settings.minimum < row.configured {
      let target = row.configured - request.balloon
      #expect(target >= row.settings.minimum && target <= row.configured, "\(replay(seed))")
      sum += target
      least += row.settings.minimum
      there += row.held
    }
    #expect(sum <= max(least, there), "\(replay(seed))")
  }
}
