import Dispatch
import Glibc
import Synchronization

/// Makes calls that may never return, each with a deadline.
///
/// Rule      calls run one after another on a thread of their own. One that is not back by its deadline is left behind
///           with its thread, and the next call gets a new one.
/// Promises  `run` returns by the deadline, give or take the scheduler · what a late call brings goes to `late`, once ·
///           at most `hangingMax` threads are left behind: from then on nothing is called until one of them is back.
final class CallQueue {
  static let hangingMax = 8

  private var queue = CallQueue.makeQueue()
  private let hanging = Counter()

  /// Calls that were left behind and are not back yet.
  var hangingCount: Int { hanging.value }

  private static func makeQueue() -> DispatchQueue { DispatchQueue(label: "ballast.host") }

  /// - Parameters:
  ///   - nanoseconds: until the deadline.
  ///   - late: gets the value when the caller has gone.
  /// - Returns: nil if the call is not back by the deadline, or was not made because too many hang.
  func run<Value: Sendable>(
    within nanoseconds: Int64, _ call: @escaping @Sendable () -> Value,
    late: @escaping @Sendable (Value) -> Void = { _ in }
  ) -> Value? {
    guard hanging.value < Self.hangingMax else { return nil }
    let slot = Slot<Value>()
    let hanging = hanging
    queue.async {
      let value = withoutBrokenPipes(call)
      if !slot.put(value) {
        hanging.add(-1)
        late(value)
      }
    }
    let span = DispatchTimeInterval.nanoseconds(Int(max(0, nanoseconds)))
    _ = slot.isFilled.wait(timeout: .now() + span)
    // Counted before the slot is left, so that the late call counts down afterwards.
    hanging.add(1)
    if let value = slot.take() {
      hanging.add(-1)
      return value
    }
    queue = Self.makeQueue()
    return nil
  }
}

/// One call's place for its value, shared by the caller and the thread that calls.
private final class Slot<Value: Sendable>: Sendable {
  private enum State {
    case waiting
    case filled(Value)
    case left
  }

  private let state = Mutex(State.waiting)
  let isFilled = DispatchSemaphore(value: 0)

  /// False: nobody waits any longer.
  func put(_ value: Value) -> Bool {
    let isWaited = state.withLock { state in
      guard case .waiting = state else { return false }
      state = .filled(value)
      return true
    }
    isFilled.signal()
    return isWaited
  }

  /// The value, or nil if there is none yet; then nobody waits any longer.
  func take() -> Value? {
    state.withLock { state in
      if case .filled(let value) = state { return value }
      state = .left
      return nil
    }
  }
}

private final class Counter: Sendable {
  private let count = Mutex(0)
  var value: Int { count.withLock { $0 } }
  func add(_ change: Int) { count.withLock { $0 += change } }
}

/// Runs a call whose library writes to sockets that the other end may have closed: the signal for that, which would end
/// the process, is kept from this thread and taken away; the write's own error tells as much. The rest of the process
/// keeps what it does on a broken pipe.
func withoutBrokenPipes<Value>(_ call: () -> Value) -> Value {
  var pipe = sigset_t()
  var before = sigset_t()
  sigemptyset(&pipe)
  sigaddset(&pipe, SIGPIPE)
  pthread_sigmask(SIG_BLOCK, &pipe, &before)
  let value = call()
  var none = timespec()
  while sigtimedwait(&pipe, nil, &none) == SIGPIPE {}
  pthread_sigmask(SIG_SETMASK, &before, nil)
  return value
}
