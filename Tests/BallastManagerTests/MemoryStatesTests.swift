import BallastManager
import BallastModel
import BallastTestSupport
import BallastUnits
import Testing

/// minFree is 1000 bytes in all of these, so that a per mille is a byte.
struct MemoryStatesTests {
  private func walk(_ parameters: MemoryStates.Parameters, _ free: [Int64]) -> [MemoryState] {
    var states = MemoryStates(parameters)
    return free.map { states.update(free: $0, reference: 1_000) }
  }

  /// Down at 100, 64, 32 and 16 %.
  @Test func downAtTheThreshold() {
    #expect(
      walk(.esxi, [1_000, 999, 640, 639, 320, 319, 160, 159])
        == [.high, .clear, .clear, .soft, .soft, .hard, .hard, .low])
  }

  /// Up a quarter of the gap above: 16 + 4 = 20, 32 + 8 = 40, 64 + 9 = 73, 100 + 9 = 109 %.
  @Test func upWithHysteresis() {
    #expect(
      walk(.esxi, [0, 199, 200, 399, 400, 729, 730, 1_089, 1_090])
        == [.low, .low, .hard, .hard, .soft, .soft, .clear, .clear, .high])
  }

  /// A fast fall jumps over ballooning, and a fast rise back over everything.
  @Test func statesAreSkipped() {
    #expect(walk(.esxi, [1_000, 200, 5_000]) == [.high, .hard, .high])
  }

  /// Before 6.0: no clear state; soft from 64 %, left at 73 %.
  @Test func withoutClear() {
    #expect(
      walk(.esxiBefore6, [999, 640, 639, 729, 730]) == [.high, .high, .soft, .soft, .high])
  }

  /// MoM: pressure below 20 % of all memory, critical below 5 %, no hysteresis.
  @Test func momStates() {
    #expect(walk(.mom, [200, 199, 50, 49, 50, 200]) == [.high, .soft, .soft, .hard, .soft, .high])
  }

  /// Large pages are broken up below 400 %, while the state is still high.
  @Test func largePages() {
    let states = MemoryStates(.esxi)
    #expect(!states.breaksLargePages(free: 4_000, reference: 1_000))
    #expect(states.breaksLargePages(free: 3_999, reference: 1_000))
    #expect(states.wanted(reference: 1_000) == 1_090)
    #expect(MemoryStates(.esxiBefore6).wanted(reference: 1_000) == 1_000)
  }

  /// Without a reference nothing is known and nothing changes.
  @Test func unknownReferenceChangesNothing() {
    var states = MemoryStates(.esxi)
    states.update(free: 100, reference: 1_000)
    for reference in [0, -1, Int64.min] {
      #expect(states.update(free: .min, reference: reference) == .low)
      #expect(states.wanted(reference: reference) == 0)
    }
    #expect(states.update(free: .max, reference: .max) == .high)
  }

  /// Over random walks the state changes only when free memory has crossed a threshold since, and a state that was
  /// just entered is not left by the same reading.
  @Test(arguments: testSeeds(usual: 300))
  func noChangeWithoutACrossing(_ seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var states = MemoryStates(.esxi)
    let turns: [Int64] = [160, 200, 320, 400, 640, 730, 1_000, 1_090]
    var last: Int64 = 5_000
    for _ in 0..<50 {
      let before = states.state
      let free = max(0, last + generator.integer(-300...300))
      let after = states.update(free: free, reference: 1_000)
      if after != before {
        #expect(turns.contains { (last < $0) != (free < $0) }, "\(replay(seed))")
        #expect((after > before) == (free < last), "\(replay(seed))")
      }
      #expect(states.update(free: free, reference: 1_000) == after, "\(replay(seed))")
      last = free
    }
  }
}
