import BallastManager
import BallastModel
import BallastUnits
import Testing

/// A host of 10,000 MiB, which is to be 8000 used.
struct ProxmoxBallooningTests {
  private func guest(
    _ vm: Int, current: Int64 = 4_000, minimum: Int64, shares: Int64 = 1_000, unused: Int64
  ) -> MemoryRow {
    memoryRow(vm, configured: 4_000, current: current, shares: shares, unused: unused) {
      $0.settings.minimum = minimum * mib
    }
  }

  private func answer(free: Int64, _ rows: [MemoryRow]) -> [Int64] {
    var policy = ProxmoxBallooning()
    return policy.answer(memoryTable(total: 10_000, free: free, rows)).current
  }

  /// 9000 used, goal −1000. The first has 1000 free, more than a quarter of its minimum of 1000; the second 100 of 500.
  /// Only the first is asked: 1000 + (3000 − 1000) = 3000 is wanted, 100 down is a step.
  @Test func shrinksWhoCanSpareFirst() {
    #expect(
      answer(
        free: 1_000,
        [guest(0, minimum: 1_000, unused: 1_000), guest(1, minimum: 2_000, unused: 100)])
        == [3_900, -1])
  }

  /// Nobody can spare: all are asked. Shares 1:3 of 3000 + 2000 − 1000 = 4000 above the minima: 2000 and 5000, cut to
  /// 4000, which the second has. The first takes its step.
  @Test func thenAllByShares() {
    #expect(
      answer(
        free: 1_000,
        [
          guest(0, minimum: 1_000, unused: 0), guest(1, minimum: 2_000, shares: 3_000, unused: 0),
        ]) == [3_900, -1])
  }

  /// 7000 used, goal 1000: the second, under pressure, is wanted at 1000 + 1000 + 1000 and gets a step; the first has
  /// enough and is not asked.
  @Test func growsWhoIsUnderPressureFirst() {
    #expect(
      answer(
        free: 3_000,
        [
          guest(0, current: 2_000, minimum: 1_000, unused: 1_500),
          guest(1, current: 2_000, minimum: 1_000, unused: 0),
        ]) == [-1, 2_100])
  }

  /// A goal of 50 for one guest under pressure: it is wanted at what it has and 50.
  @Test func lastStepIsSmaller() {
    #expect(answer(free: 2_050, [guest(0, current: 2_000, minimum: 1_000, unused: 0)]) == [2_050])
  }

  /// Five off the goal is near enough. No minimum, no shares, no balloon, in transition: not a candidate.
  @Test func leavesAlone() {
    #expect(answer(free: 2_005, [guest(0, current: 2_000, minimum: 1_000, unused: 0)]) == [-1])
    var withoutDriver = guest(2, minimum: 1_000, unused: 2_000)
    withoutDriver.heldBackBy = .driverMissing
    var migrating = guest(3, minimum: 1_000, unused: 2_000)
    migrating.heldBackBy = .inTransition
    #expect(
      answer(
        free: 500,
        [
          memoryRow(0, configured: 4_000, unused: 2_000),
          guest(1, minimum: 1_000, shares: 0, unused: 2_000), withoutDriver, migrating,
        ]) == [-1, -1, -1, -1])
  }
}
