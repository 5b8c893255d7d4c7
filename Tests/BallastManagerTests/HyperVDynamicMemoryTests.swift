import BallastManager
import BallastModel
import BallastUnits
import Testing

struct HyperVDynamicMemoryTests {
  private func guest(
    _ vm: Int, current: Int64, committed: Int64?, minimum: Int64 = 500, priority: Int64 = 50
  ) -> MemoryRow {
    memoryRow(vm, configured: 4_000, current: current, committed: committed) {
      $0.settings.minimum = minimum * mib
      $0.settings.priority = priority
    }
  }

  private func answer(free: Int64, _ rows: [MemoryRow]) -> MemoryAnswer {
    var policy = HyperVDynamicMemory()
    return policy.answer(memoryTable(total: 10_000, free: free, rows))
  }

  /// 1000 committed and a buffer of 20 %: the first grows to 1200 at once, the second loses 5 % of its 2000, and the
  /// third, which tells nothing, keeps what it has.
  @Test func demandAndBuffer() {
    let answer = answer(
      free: 500,
      [
        guest(0, current: 1_000, committed: 1_000), guest(1, current: 2_000, committed: 1_000),
        guest(2, current: 2_000, committed: nil),
      ])
    #expect(answer.current == [1_200, 1_900, -1])
    #expect(answer.decision.state == .high)
  }

  /// 2000 for two that have committed 1500 each. Weights 1 + 100/50 and 1 + 0/50, 3:1: 1500 and 500. The first can only
  /// grow by what is free: nothing now, 50 once the second has shrunk by 5 %.
  @Test func priorityDecidesWhenShort() {
    let first = answer(
      free: 0,
      [
        guest(0, current: 1_000, committed: 1_500, priority: 100),
        guest(1, current: 1_000, committed: 1_500, priority: 0),
      ])
    #expect(first.current == [1_000, 950] && first.decision.state == .soft)
    let second = answer(
      free: 50,
      [
        guest(0, current: 1_000, committed: 1_500, priority: 100),
        guest(1, current: 950, committed: 1_500, priority: 0),
      ])
    #expect(second.current[0] == 1_050)
  }

  /// 2100 for two that have committed 1000 each: the demands fit, and of the 400 of buffers 100 are left, 3:1.
  @Test func buffersGoFirst() {
    let answer = answer(
      free: 100,
      [
        guest(0, current: 1_000, committed: 1_000, priority: 100),
        guest(1, current: 1_000, committed: 1_000, priority: 0),
      ])
    // λ · 150 and λ · 50 between 1000 and 1200: only the first rises above its floor, to 1100.
    #expect(answer.current == [1_100, 1_000])
  }

  /// Never below the minimum, whatever is committed; never above configured memory.
  @Test func boundsHold() {
    let answer = answer(
      free: 9_000,
      [guest(0, current: 500, committed: 0), guest(1, current: 4_000, committed: 9_000)])
    #expect(answer.current == [500, 4_000])
  }

  /// Two hold 5120 each and have committed 4000 and more; a VM without Dynamic Memory starts with 4096, of which it has
  /// nothing. 10240 − 4096 = 6144 are left for the two, 3072 each, and they go there at once.
  @Test func whoStartsGetsItsMemory() {
    let answer = answer(
      free: 0,
      [
        memoryRow(0, configured: 5_120, committed: 4_352) { $0.settings.minimum = 512 * mib },
        memoryRow(1, configured: 5_120, committed: 4_352) { $0.settings.minimum = 512 * mib },
        memoryRow(2, configured: 4_096, held: 0),
      ])
    #expect(answer.current == [3_072, 3_072, -1])
    #expect(answer.decision.state == .soft && answer.decision.vms[0].bound == .part)
    #expect(answer.decision.wanted == 4_096 * mib)
  }

  /// A guest waits for 400 of the 500 that are free. So the first, which wants 200 more, can grow by 100; the second
  /// still shrinks at its own pace, 5 % of 2000.
  @Test func whatSomebodyWaitsForIsNotFree() {
    let answer = answer(
      free: 500,
      [
        guest(0, current: 1_000, committed: 1_000), guest(1, current: 2_000, committed: 1_000),
        memoryRow(2, configured: 1_000, held: 600),
      ])
    #expect(answer.current == [1_100, 1_900, -1])
    #expect(answer.decision.vms.map(\.bound)[..<2] == [.part, .pace])
  }

  /// 300 are waited for and 100 of them free. Of 2000 and 4000 the pace is 100 and 200: that is more than enough.
  /// With nothing free and 1000 waited for, 700 are missing beyond the pace. The two are to lose 700 and 1400 beyond it:
  /// 233.3 and 466.7.
  @Test func paceYieldsToNeed() {
    func current(free: Int64, waiting: Int64) -> [Int64] {
      answer(
        free: free,
        [
          guest(0, current: 2_000, committed: 1_000), guest(1, current: 4_000, committed: 2_000),
          memoryRow(2, configured: 2_000, held: 2_000 - waiting),
        ]
      ).current
    }
    #expect(current(free: 100, waiting: 300) == [1_900, 3_800, -1])
    // 2000 − 100 − 233.3 and 4000 − 200 − 466.7.
    #expect(current(free: 0, waiting: 1_000) == [1_666, 3_333, -1])
  }
}
