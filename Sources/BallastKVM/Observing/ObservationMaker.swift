import BallastModel
import BallastUnits

/// Makes observations of snapshots: differences of counters over the monotonic clock, and what follows from them.
///
/// Rule      run and ready time = difference of the vCPUs' counters; a domain that was started since the last snapshot
///           counts from its start; working set = current − usable; balloon = maximum − current; consumed =
///           min(resident, current), and what a process holds beyond that is overhead; capacity = online CPUs × clock,
///           because a vCPU's time is that of a logical CPU.
/// Promises  rows ascend by VM · 0 ≤ run, 0 ≤ ready, run + ready ≤ vCPUs × interval · an absent domain, one that did
///           not answer and one with a counter that fell are left out, so that nothing is learned from them · nonsense
///           about the host is an error and leaves the maker as it was · free + cached + held by the host + Σ (consumed +
///           overhead) of all domains = total, unless more is resident · nothing traps.
/// Cost      O(domains + names) per observation; no allocation beyond the rows.
/// Source    libvirt's domain statistics (state, vcpu.N.time, vcpu.N.delay, balloon.*), /proc and /sys/kernel/mm/ksm.
public struct ObservationMaker: Sendable {
  public private(set) var managed: ManagedNames
  /// The snapshot that the next one is compared with.
  public private(set) var previous: HostSnapshot?
  private var sequence: UInt64 = 0
  /// Monotonic clock at the first snapshot: time zero of the observations.
  private var epoch: Int64?

  public init(_ managed: ManagedNames) { self.managed = managed }

  /// Other domains are under management from now on. Times, sequence and counters go on.
  public mutating func manage(_ names: ManagedNames) { managed = names }

  /// The next observation covers no time: after a gap that nobody should be judged by.
  public mutating func forget() { previous = nil }

  /// Fills `seen`, whose storage is kept; after an error its content is not to be used.
  ///
  /// - Returns: what did not come as expected, in order of names.
  public mutating func make(
    of snapshot: HostSnapshot, into seen: inout HostObservation
  ) throws(BackendError) -> [ObservationEvent] {
    try check(snapshot)
    let start = epoch ?? snapshot.monotonicTime
    let interval = previous.map { snapshot.monotonicTime - $0.monotonicTime } ?? 0
    sequence += 1
    seen.sequence = sequence
    seen.time = SimTime(snapshot.monotonicTime - start)
    seen.interval = SimDuration(interval)
    var events: [ObservationEvent] = []
    addRows(snapshot, interval, &seen, &events)
    addHost(snapshot, &seen)
    previous = snapshot
    epoch = start
    return events
  }

  // MARK: Host

  /// A clock, CPUs and memory that can be; time that does not go back.
  private func check(_ snapshot: HostSnapshot) throws(BackendError) {
    let host = snapshot.host
    if !(1...ReadingRange.ratesMax).contains(host.coreRate) {
      throw .unavailable("the host names no clock of its CPUs that can be (\(host.coreRate) kHz)")
    }
    if !(1...ReadingRange.cpusMax).contains(host.pcpus) {
      throw .unavailable("the host shows \(host.pcpus) CPUs online")
    }
    if !(1...ReadingRange.bytesMax).contains(host.memoryTotal) {
      throw .unavailable("the host shows \(host.memoryTotal) bytes of memory")
    }
    if snapshot.monotonicTime < 0 {
      throw .unavailable("the host's clock reads \(snapshot.monotonicTime) ns")
    }
    if let previous, snapshot.monotonicTime < previous.monotonicTime {
      let back = previous.monotonicTime - snapshot.monotonicTime
      throw .unavailable("the host's clock went back by \(back) ns")
    }
    if let epoch, snapshot.monotonicTime < epoch {
      throw .unavailable("the host's clock went back behind the first observation")
    }
  }

  private func addHost(_ snapshot: HostSnapshot, _ seen: inout HostObservation) {
    let host = snapshot.host
    let total = host.memoryTotal
    let free = min(max(0, host.memoryFree), total)
    let cached = min(
      ReadingRange.bytes(host.buffers) + ReadingRange.bytes(host.cached), total - free)
    seen.coreRate = Kilohertz(host.coreRate)
    seen.cpuCapacity = Kilohertz(host.pcpus * host.coreRate)
    seen.memoryCapacity = Bytes(total)
    seen.memoryFree = Bytes(free)
    var memory = HostMemoryReadings()
    memory.total = total
    memory.cached = cached
    var left = total - free - cached
    for domain in snapshot.domains { left -= min(left, ReadingRange.bytes(domain.rss ?? 0)) }
    memory.heldByHost = left
    let page = (1...(1 << 30)).contains(host.pageSize) ? host.pageSize : 4_096
    let before = previous?.host
    memory.swapIn = grown(host.swapIn, since: before?.swapIn, times: page)
    memory.swapOut = grown(host.swapOut, since: before?.swapOut, times: page)
    memory.largePages = host.largePages.map { min(ReadingRange.bytes($0), total) } ?? -1
    if let ksm = host.ksm {
      memory.shared = min(max(0, ksm.pagesSharing), total / page) * page
      memory.ksmRun = max(-1, ksm.run)
      memory.ksmPagesToScan = max(-1, ksm.pagesToScan)
      memory.ksmSleepMilliseconds = max(-1, ksm.sleepMilliseconds)
      memory.ksmFullScans = max(-1, ksm.fullScans)
    }
    seen.hostMemory = memory
    seen.pressure = host.pressure.map { pressure($0, since: before?.pressure) }
  }

  /// Growth of a counter of the host; −1 where it is not known, and where it fell.
  private func grown(_ now: Int64?, since before: Int64?, times factor: Int64) -> Int64 {
    guard let now, now >= 0 else { return -1 }
    guard previous != nil else { return 0 }
    guard let before, (0...now).contains(before) else { return -1 }
    let (bytes, overflow) = (now - before).multipliedReportingOverflow(by: factor)
    return overflow ? -1 : bytes
  }

  /// ns from the kernel's µs; a counter that fell counts as none.
  private func pressure(
    _ now: PressureReadings, since before: PressureReadings?
  ) -> HostPressure {
    var result = HostPressure()
    guard let before else { return result }
    func stood(_ path: KeyPath<PressureReadings, Int64>) -> Int64 {
      max(0, grown(now[keyPath: path], since: before[keyPath: path], times: 1_000))
    }
    result.cpuSome = stood(\.cpuSome)
    result.memorySome = stood(\.memorySome)
    result.memoryFull = stood(\.memoryFull)
    result.ioSome = stood(\.ioSome)
    result.ioFull = stood(\.ioFull)
    return result
  }

  // MARK: Domains

  /// Walks names, domains and the previous domains side by side: all three are in byte-wise order.
  private func addRows(
    _ snapshot: HostSnapshot, _ interval: Int64, _ seen: inout HostObservation,
    _ events: inout [ObservationEvent]
  ) {
    seen.removeRows()
    var now = snapshot.domains[...]
    var before = previous.map { $0.domains[...] } ?? []
    for (index, name) in managed.names.enumerated() {
      while let first = now.first, byteOrder(first.name, name) < 0 { now.removeFirst() }
      guard let domain = now.first, domain.name == name else { continue }
      while let first = before.first, byteOrder(first.name, name) < 0 { before.removeFirst() }
      let last = before.first.flatMap { $0.name == name ? $0 : nil }
      let change = DomainChange(
        of: domain, since: last, isFirst: previous == nil, interval: interval,
        wallTime: snapshot.wallTime)
      if let row = change.row(VMIndex(index), &events) { seen.append(row) }
    }
  }
}

/// What a reading can be at most. Beyond it is nonsense, and sums of many still fit 64 bits.
enum ReadingRange {
  /// kHz: 1 THz.
  static let ratesMax: Int64 = 1_000_000_000
  static let cpusMax: Int64 = 1 << 20
  static let bytesMax: Int64 = 1 << 52

  static func bytes(_ value: Int64) -> Int64 { min(max(0, value), bytesMax) }
}
