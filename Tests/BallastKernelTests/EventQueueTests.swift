import BallastKernel
import BallastUnits
import Testing

@Suite struct EventQueueTests {
  @Test func eventsPopByTimeThenPhaseThenPushOrder() {
    var queue = EventQueue<String>()
    queue.push("later", at: .seconds(2))
    queue.push("sample", at: .seconds(1), phase: 5)
    queue.push("first completion", at: .seconds(1))
    queue.push("second completion", at: .seconds(1))
    queue.push("before the run", at: SimTime(-1), phase: 255)
    #expect(
      drained(&queue).map(\.payload) == [
        "before the run", "first completion", "second completion", "sample", "later",
      ])
    #expect(queue.isEmpty && queue.pop() == nil && queue.peek() == nil)
  }

  /// Few distinct times and phases, so that most entries tie; the twin sorts an array.
  @Test(arguments: 0..<50 as Range<UInt64>)
  func theHeapPopsWhatASortedListWould(seed: UInt64) {
    var stream = RandomStream(seed: seed, named: "queue")
    var queue = EventQueue<Int>()
    var list: [(key: (Int64, UInt8, Int), payload: Int)] = []
    for push in 0..<400 {
      let time = Int64(stream.next(below: 20))
      let phase = UInt8(stream.next(below: 3)) * 100
      queue.push(push, at: SimTime(time), phase: phase)
      list.append(((time, phase, push), push))
      if stream.next(below: 3) == 0 {
        let least = list.indices.min { list[$0].key < list[$1].key }!
        let peeked = queue.peek()
        let popped = queue.pop()
        let expected = list.remove(at: least)
        #expect(popped?.payload == expected.payload && peeked?.payload == expected.payload)
        #expect(popped?.time.value == expected.key.0 && popped?.phase == expected.key.1)
        #expect(popped?.sequence == UInt64(expected.key.2))
      }
      #expect(queue.count == list.count)
    }
    #expect(drained(&queue).map(\.payload) == list.sorted { $0.key < $1.key }.map(\.payload))
  }

  @Test func copiesOfAQueueGoTheirOwnWays() {
    var queue = EventQueue<Int>()
    for time in [3, 1, 2] { queue.push(time, at: .seconds(Int64(time))) }
    var copy = queue
    copy.push(0, at: .zero)
    #expect(drained(&queue).map(\.payload) == [1, 2, 3])
    #expect(drained(&copy).map(\.payload) == [0, 1, 2, 3])
  }

  @Test func anEmptiedQueueStartsItsSequenceAgain() {
    var queue = EventQueue<Int>()
    queue.reserve(10)
    queue.push(1, at: .zero)
    queue.removeAll(keepingCapacity: true)
    queue.push(2, at: .zero)
    #expect(queue.count == 1 && queue.peek()?.sequence == 0)
  }

  private final class Counted {}

  @Test func payloadsAreReleasedWithTheirEntries() {
    weak var seen: Counted?
    var queue = EventQueue<Counted>()
    for time in 0..<10 {
      let payload = Counted()
      if time == 7 { seen = payload }  // third in time
      queue.push(payload, at: .seconds(Int64(10 - time)))
    }
    for _ in 0..<2 { _ = queue.pop() }
    #expect(seen != nil)
    _ = queue.pop()
    #expect(seen == nil && queue.count == 7)
  }

  private func drained<Payload>(_ queue: inout EventQueue<Payload>) -> [EventQueue<Payload>.Entry] {
    var entries: [EventQueue<Payload>.Entry] = []
    while let entry = queue.pop() { entries.append(entry) }
    return entries
  }
}
