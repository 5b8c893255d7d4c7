import Testing

@testable import BallastReport

/// Memory states and waits as the events tell them, whatever samples saw.
@Suite struct MemoryStatesTests {
  /// high until 601 s, low until 605 s, clear until 660 s, soft until 680 s: 79 s below high, 4 s of them low.
  var spike: MemoryStateSeries {
    var states = MemoryStateSeries()
    for (name, time) in [("low", 601.0), ("clear", 605), ("soft", 660), ("high", 680)] {
      states.change(to: name, at: time)
    }
    return states
  }

  @Test func timeIsThatBetweenEvents() {
    #expect(spike.seconds(atLeast: 1, until: 3_600) == 79)
    #expect(spike.seconds(atLeast: 2, until: 3_600) == 4 + 20)
    #expect(spike.seconds(atLeast: 3, until: 3_600) == 4)
    // A run that was interrupted at 610 s.
    #expect(spike.seconds(atLeast: 1, until: 610) == 9)
    #expect(spike.first(atLeast: 1)! == (601, 4))
  }

  /// A time is as bad as its worst moment, the state it begins in included.
  @Test(arguments: [
    (0.0, 600.0, 0), (600, 660, 4), (605, 660, 1), (606, 661, 2), (660, 720, 2), (680, 720, 0),
  ])
  func worstOfATime(from start: Double, to end: Double, level: Int) {
    #expect(spike.worst(from: start, to: end) == level)
  }

  /// A policy without states writes none, and nothing is said of them; one that knows them is high until told otherwise.
  @Test func noStatesAreNotHigh() {
    var states = MemoryStateSeries()
    states.note("")
    #expect(states.worst() == nil)
    states.note("high")
    #expect(states.worst() == 0)
  }

  /// Two waits of 3 s and 4 s; who dies or still waits at the end has waited until then.
  @Test func waitsAddUp() {
    var waits = MemoryWaits()
    for (kind, vm, to, time) in [
      ("memory_waits", "a", "true", 601.0), ("memory_waits", "b", "true", 601),
      ("memory_waits", "a", "false", 604), ("memory_waits", "a", "true", 700),
      ("memory_waits", "a", "false", 704), ("oom_kill", "b", "off", 650),
      ("memory_waits", "c", "true", 3_000), ("power_off", "d", "", 10),
    ] { waits.take(kind, vm: vm, to: to, at: time) }
    waits.end(at: 3_600)
    #expect(waits.seconds == ["a": 7, "b": 49, "c": 600])
  }
}
