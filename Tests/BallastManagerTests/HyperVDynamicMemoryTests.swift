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
}
