import BallastKernel
import BallastUnits
import CBound

/// The hold model: `pending` events wait; each step pops the earliest and pushes one at a random later time.
func measureQueue(pending: Int) {
  var queue = EventQueue<Int>()
  queue.reserve(pending)
  var stream = RandomStream(seed: 1, named: "benchmark/queue")
  for payload in 0..<pending {
    queue.push(payload, at: SimTime(Int64(stream.next(below: 1_000_000_000))))
  }
  let steps = 5_000_000
  let start = process_cpu_seconds()
  for _ in 0..<steps {
    let next = queue.pop()!
    let later = next.time + SimDuration(Int64(stream.nextUInt64() >> 34))
    queue.push(next.payload, at: later)
  }
  let nanoseconds = (process_cpu_seconds() - start) * 1e9 / Double(steps)
  print("queue \(pending) pending: \(text(nanoseconds)) ns per pop and push")
}
