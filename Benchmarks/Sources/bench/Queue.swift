import BallastKernel
import BallastUnits
import CBound

/// The hold model: `pending` events wait; each step pops the earliest and pushes one at a random later time. The bound is
/// the same heap in C; both must see the events in the same order.
func measureQueue(pending: Int, runs: Int) {
  let steps = 5_000_000
  var engine = Double.infinity
  var bound = Double.infinity
  var isSameOrder = true
  for _ in 0..<runs {
    var start = process_cpu_seconds()
    let wanted = bound_queue(Int32(pending), Int32(steps))
    bound = min(bound, process_cpu_seconds() - start)
    start = process_cpu_seconds()
    isSameOrder = isSameOrder && hold(pending: pending, steps: steps) == wanted
    engine = min(engine, process_cpu_seconds() - start)
  }
  let perStep = 1e9 / Double(steps)
  print(
    "queue \(pending) pending, pop and push: engine \(text(engine * perStep)) ns,"
      + " bound \(text(bound * perStep)) ns, ratio \(text(engine / bound)),"
      + " order \(isSameOrder ? "same" : "DIFFERENT")")
}

/// A sum over the order in which the events came.
private func hold(pending: Int, steps: Int) -> UInt64 {
  var queue = EventQueue<Int>()
  queue.reserve(pending)
  var x: UInt64 = 1
  var order: UInt64 = 0
  for payload in 0..<pending {
    x = queue_step(x)
    queue.push(payload, at: SimTime(Int64(queue_delay(x))))
  }
  for _ in 0..<steps {
    let first = queue.pop()!
    order = order &* 31 &+ UInt64(first.payload)
    x = queue_step(x)
    queue.push(first.payload, at: first.time + SimDuration(Int64(queue_delay(x))))
  }
  return order
}
