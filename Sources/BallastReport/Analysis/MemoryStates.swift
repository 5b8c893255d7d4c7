/// States of a host's memory over a run, high (0) to low (4), by the events that changed them: what begins and ends between
/// two samples counts as well.
struct MemoryStateSeries: Equatable {
  static let names = ["high", "clear", "soft", "hard", "low"]
  /// The level from which on a host is in trouble.
  static let hard = 3

  private struct Change: Equatable {
    var time: Double
    var level: Int
  }

  /// Its policy knows states; one that does not has no level at all.
  private(set) var isKnown = false
  /// In order of time; before the first one it is high.
  private var changes: [Change] = []

  /// Takes over the state of a row of `hosts.csv`, which is empty where the policy knows none.
  mutating func note(_ name: String) { if !name.isEmpty { isKnown = true } }

  /// Takes over an event; events come in order of time.
  mutating func change(to name: String, at time: Double) {
    guard let level = Self.names.firstIndex(of: name) else { return }
    isKnown = true
    changes.append(Change(time: time, level: level))
  }

  /// The worst in a time, which begins with the state it begins in; nil: the policy knows no states.
  func worst(from start: Double = 0, to end: Double = .infinity) -> Int? {
    guard isKnown else { return nil }
    var worst = 0
    for change in changes where change.time < end {
      worst = change.time <= start ? change.level : max(worst, change.level)
    }
    return worst
  }

  /// Time in a level or below it until `end`.
  func seconds(atLeast level: Int, until end: Double) -> Double {
    var seconds = 0.0
    for (index, change) in changes.enumerated() where change.level >= level {
      let next = index + 1 < changes.count ? changes[index + 1].time : end
      seconds += max(0, min(next, end) - change.time)
    }
    return seconds
  }

  /// When a level was reached first, and which it then was.
  func first(atLeast level: Int) -> (time: Double, level: Int)? {
    changes.first { $0.level >= level }.map { ($0.time, $0.level) }
  }
}

/// Times in which VMs waited for host memory, from their events.
struct MemoryWaits {
  private var since: [String: Double] = [:]
  /// Seconds by VM.
  private(set) var seconds: [String: Double] = [:]

  /// Takes over an event; events come in order of time.
  mutating func take(_ kind: String, vm: String, to: String, at time: Double) {
    switch kind {
    case "memory_waits" where to == "true":
      if since[vm] == nil { since[vm] = time }
    // Who is off waits for nothing.
    case "memory_waits", "power_off", "oom_kill", "guest_oom": end(vm, at: time)
    default: break
    }
  }

  private mutating func end(_ vm: String, at time: Double) {
    guard let start = since.removeValue(forKey: vm) else { return }
    seconds[vm, default: 0] += time - start
  }

  /// The run is over.
  mutating func end(at time: Double) {
    for vm in since.keys.sorted() { end(vm, at: max(time, since[vm]!)) }
  }
}
