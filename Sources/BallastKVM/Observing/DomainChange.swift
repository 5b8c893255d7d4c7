import BallastModel

/// One domain between two snapshots.
struct DomainChange {
  private let now: DomainSnapshot
  /// The same domain in the snapshot before; nil where it was not there.
  private let before: DomainSnapshot?
  /// There is no snapshot before: nothing has been measured yet.
  private let isFirst: Bool
  /// Nanoseconds
  private let interval: Int64
  private let wallTime: Int64

  init(
    of now: DomainSnapshot, since before: DomainSnapshot?, isFirst: Bool, interval: Int64,
    wallTime: Int64
  ) {
    self.now = now
    self.before = before
    self.isFirst = isFirst
    self.interval = interval
    self.wallTime = wallTime
  }

  /// Nil for a domain that is off, did not answer, or of which nothing can be concluded.
  func row(_ vm: VMIndex, _ events: inout [ObservationEvent]) -> HostObservation.VMRow? {
    guard now.state == .running || now.state == .paused || now.state == .suspended else {
      return nil
    }
    guard now.answered else {
      events.append(.notAnswering(now.name))
      return nil
    }
    guard (1...ReadingRange.cpusMax).contains(now.vcpus) else {
      events.append(.nonsense(name: now.name, what: "\(now.vcpus) vCPUs"))
      return nil
    }
    guard (1...ReadingRange.bytesMax).contains(now.memoryMax) else {
      events.append(.nonsense(name: now.name, what: "\(now.memoryMax) bytes of memory"))
      return nil
    }
    guard let (run, ready) = times(&events) else { return nil }
    let current = min(ReadingRange.bytes(now.memoryCurrent), now.memoryMax)
    let consumed = backing(current)
    return HostObservation.VMRow(
      vm: vm, vcpus: now.vcpus, runTime: run, readyTime: ready, memoryConfigured: now.memoryMax,
      memoryConsumed: consumed, memoryActive: workingSet(current) ?? min(consumed, current),
      memory: memory(current))
  }

  // MARK: CPU

  /// Started since the snapshot before: it was not there, or is another run, or another domain of that name.
  private var isRestarted: Bool {
    guard let before else { return !isFirst }
    if before.uuid != now.uuid { return true }
    if let old = before.runID, let new = now.runID { return old != new }
    return before.state == .off || before.state == .crashed
  }

  /// Nanoseconds run and ready in the interval. The counters of vCPUs where the host has them, else what the whole process
  /// used, of which nobody knows how long it waited.
  private func times(_ events: inout [ObservationEvent]) -> (run: Int64, ready: Int64)? {
    if interval == 0 { return (0, 0) }
    guard let counter = now.vcpuTime ?? now.cpuTime, counter >= 0 else {
      events.append(.nonsense(name: now.name, what: "no CPU time is reported"))
      return nil
    }
    var run = counter
    var ready = max(0, now.vcpuDelay ?? 0)
    if isRestarted {
      if before != nil { events.append(.restarted(now.name)) }
    } else {
      let base = now.vcpuTime != nil ? before?.vcpuTime : before?.cpuTime
      guard let base, base >= 0 else {
        events.append(.notAnswering(now.name))
        return nil
      }
      guard base <= counter else {
        events.append(.counterFell(name: now.name, counter: "CPU time"))
        return nil
      }
      run = counter - base
      let waited = max(0, before?.vcpuDelay ?? 0)
      guard waited <= ready || now.vcpuDelay == nil else {
        events.append(.counterFell(name: now.name, counter: "ready time"))
        return nil
      }
      ready = now.vcpuDelay == nil || before?.vcpuDelay == nil ? 0 : ready - waited
    }
    return held(run, ready, &events)
  }

  /// run + ready ≤ vCPUs × interval: counters are read one after another, so a little more can come out. More than a
  /// hundredth is told.
  private func held(
    _ run: Int64, _ ready: Int64, _ events: inout [ObservationEvent]
  ) -> (run: Int64, ready: Int64) {
    let vcpus = max(now.vcpus, isRestarted ? 0 : before?.vcpus ?? 0)
    let (product, overflow) = min(vcpus, ReadingRange.cpusMax)
      .multipliedReportingOverflow(by: interval)
    let all = overflow ? Int64.max : product
    if run > all && run - all > all / 100 {
      events.append(.clamped(name: now.name, byNanoseconds: run - all))
    }
    let run = min(run, all)
    return (run, min(ready, all - run))
  }

  // MARK: Memory

  /// What backs the guest: no more than what it has. The process holds QEMU's own memory too, which a balloon never takes.
  private func backing(_ current: Int64) -> Int64 {
    min(ReadingRange.bytes(now.rss ?? current), current)
  }

  /// What the guest holds and could not spare: current − usable, or − unused where it tells no more.
  private func workingSet(_ current: Int64) -> Int64? {
    guard driver == .present, let spare = now.guestUsable ?? now.guestUnused, spare >= 0 else {
      return nil
    }
    return max(0, current - spare)
  }

  /// A driver is there when the guest has told something while a statistics period was set; one that never told in two
  /// periods is not there. Before that, and without a period, nobody knows.
  private var driver: BalloonDriver {
    guard now.traits.hasBalloon else { return .absent }
    guard let period = now.statisticsPeriod, period > 0, let told = now.lastUpdate else {
      return .notReported
    }
    if told > 0 { return .present }
    guard let before, !isRestarted, before.statisticsPeriod == period, before.lastUpdate == 0
    else { return .notReported }
    return interval / 2 >= min(period, 1 << 30) * 1_000_000_000 ? .absent : .notReported
  }

  private func memory(_ current: Int64) -> VMMemoryReadings {
    var result = VMMemoryReadings()
    result.isInTransition = now.isInTransition
    result.driver = driver
    if let rss = now.rss { result.overhead = ReadingRange.bytes(rss) - backing(current) }
    result.swapped = now.swapped.map { ReadingRange.bytes($0) } ?? -1
    if now.traits.hasBalloon { result.balloon = now.memoryMax - current }
    guard driver == .present else { return result }
    result.guestUnused = told(now.guestUnused)
    result.guestAvailable = told(now.guestUsable)
    result.statisticsAge = age
    if isFirst || interval == 0 {
      result.guestSwapOut = now.guestSwapOut == nil ? -1 : 0
    } else if !isRestarted, let old = before?.guestSwapOut, let new = now.guestSwapOut,
      old >= 0, new >= old
    {
      result.guestSwapOut = ReadingRange.bytes(new - old)
    }
    return result
  }

  private func told(_ value: Int64?) -> Int64 {
    guard let value, value >= 0 else { return -1 }
    return min(value, now.memoryMax)
  }

  /// Nanoseconds since the guest told, by the wall clock of the host, which is the one QEMU stamps with. 0 for a stamp of
  /// the future: the clock was set back.
  private var age: Int64 {
    let told = now.lastUpdate ?? 0
    let (stamp, overflow) = told.multipliedReportingOverflow(by: 1_000_000_000)
    if overflow || stamp >= wallTime { return 0 }
    let (age, isTooFar) = wallTime.subtractingReportingOverflow(stamp)
    return isTooFar ? .max : age
  }
}
