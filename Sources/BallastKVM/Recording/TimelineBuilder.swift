/// Makes a timeline of snapshots, one after the other.
///
/// Rule      an interval of a VM is the difference of its counters between two snapshots that have them. A domain that is
///           missing in between and goes on with the same running id was not seen: one longer sample covers the gap. One that
///           comes back with another running id or uuid was started again and off in between; it was on until it was seen last.
/// Promises  run and ready are ≥ 0 and together at most vCPUs × length · samples of a VM do not overlap · other use is within
///           0 … pCPUs × length · nonsense in a snapshot is counted and never traps.
/// Rounding  none but of other use, down to 1 ns.
/// Cost      O(domains) per snapshot; keeps the samples, not the snapshots.
/// Source    docs/KVM-RECORDING.md
public struct TimelineBuilder: Sendable {
  var timeline = RecordedTimeline()
  private var tracks: [Track] = []
  private var indices: [String: Int] = [:]
  var hostIntervals: [HostInterval] = []
  /// Of the last snapshot.
  private(set) var host: HostCounters?
  private var firstTime: Int64 = 0
  private var lastTime: Int64 = 0

  /// A domain on its way through the snapshots.
  private struct Track: Sendable {
    var vm: RecordedTimeline.VM
    var uuid: String
    var runID: Int64?
    /// The last snapshot that counted it; nil: none of this run yet.
    var counted: Counted?
    /// When it was last seen at all.
    var seen: Int64
    /// Snapshots since `counted` that did not count it.
    var missed = 0
    var isAbsent = false
    var hasDelay = false
    var hasMemory = false
    /// nil: it may use every pCPU.
    var pins: [Int]?
  }

  /// A domain's counters, and when they were read.
  private struct Counted: Sendable {
    var time: Int64
    var run: Int64
    var ready: Int64?
    var each: [(run: Int64, ready: Int64)]

    init(_ domain: DomainSnapshot, run: Int64, time: Int64) {
      self.time = time
      self.run = run
      ready = domain.vcpuDelay
      let (times, delays) = (domain.vcpuTimes ?? [], domain.vcpuDelays ?? [])
      each = times.count == delays.count ? Array(zip(times, delays)) : []
    }
  }

  /// Busy CPU time of the host, of all pCPUs and of each.
  struct HostInterval: Sendable {
    var start: Int64
    var end: Int64
    var total: Int64
    var perCPU: [Int64]?
  }

  public init(header: RecordingHeader) { timeline.interval = header.interval }

  public mutating func add(_ raw: HostSnapshot) {
    let snapshot = raw.held
    var time: Int64 = 0
    if let before = host {
      let (difference, isTooFar) = snapshot.monotonicTime.subtractingReportingOverflow(firstTime)
      guard !isTooFar, difference > lastTime, difference <= Self.lengthMax else {
        timeline.notes.clockBack += 1
        return
      }
      time = difference
      if time - lastTime > timeline.interval + timeline.interval / 2 {
        timeline.notes.longIntervals += 1
      }
      add(snapshot.host, after: before, time)
      lastTime = time
    } else {
      firstTime = snapshot.monotonicTime
      timeline.startTime = snapshot.wallTime
      timeline.hostName = snapshot.host.name
      timeline.coreRate = snapshot.host.coreRate
      timeline.cgroups = snapshot.host.cgroups
    }
    host = snapshot.host
    noteMemory(of: snapshot)
    for domain in snapshot.domains where domain.state != .off && domain.state != .crashed {
      add(domain, time)
    }
    for index in tracks.indices where tracks[index].seen < time {
      tracks[index].missed += 1
      tracks[index].isAbsent = true
    }
  }

  /// - Parameter tornLines: what the reader left out.
  /// - Returns: nil where fewer than two snapshots tell nothing.
  public consuming func finish(tornLines: Int = 0) -> RecordedTimeline? {
    guard lastTime > 0, let host else { return nil }
    timeline.duration = lastTime
    timeline.notes.tornLines = tornLines
    for index in tracks.indices {
      if tracks[index].isAbsent { leave(index) }
      if !tracks[index].hasDelay { timeline.notes.domainsWithoutDelay += 1 }
      if !tracks[index].hasMemory { timeline.notes.domainsWithoutMemory += 1 }
    }
    timeline.vms = tracks.map(\.vm).sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    let cpus = allowedCPUs(pcpus: host.pcpus)
    timeline.cores = Int64(cpus.numbers.count)
    findOtherUse(on: cpus.numbers, all: cpus.isAll)
    return timeline
  }

  /// 9 years; what is later is a clock gone wrong.
  private static let lengthMax: Int64 = 1 << 58

  // MARK: Domains

  private mutating func add(_ domain: DomainSnapshot, _ time: Int64) {
    guard let index = indices[domain.name] else {
      indices[domain.name] = tracks.count
      if time > 0 { timeline.notes.lateDomains += 1 }
      var vm = RecordedTimeline.VM(
        name: domain.name, vcpus: domain.vcpus, memory: domain.memoryMax,
        memoryMin: domain.settings.memoryMin ?? 0)
      vm.stays = [.init(start: time, end: nil)]
      tracks.append(Track(vm: vm, uuid: domain.uuid, runID: domain.runID, seen: time))
      take(domain, tracks.count - 1, time)
      return
    }
    let isRestart =
      tracks[index].uuid != domain.uuid
      || (tracks[index].runID != nil && domain.runID != nil && tracks[index].runID != domain.runID)
    if isRestart {
      timeline.notes.restarts += 1
      leave(index)
      tracks[index].vm.stays.append(.init(start: time, end: nil))
      tracks[index].counted = nil
      tracks[index].uuid = domain.uuid
      tracks[index].runID = domain.runID
    }
    take(domain, index, time)
  }

  /// It is off since it was seen last.
  private mutating func leave(_ index: Int) {
    let last = tracks[index].vm.stays.count - 1
    guard tracks[index].isAbsent || tracks[index].vm.stays[last].end == nil else { return }
    if tracks[index].isAbsent { timeline.notes.departures += 1 }
    tracks[index].vm.stays[last].end = tracks[index].seen
    tracks[index].missed = 0
  }

  /// A domain that runs, as one snapshot shows it.
  private mutating func take(_ domain: DomainSnapshot, _ index: Int, _ time: Int64) {
    tracks[index].seen = time
    tracks[index].isAbsent = false
    tracks[index].runID = domain.runID ?? tracks[index].runID
    tracks[index].vm.vcpus = max(tracks[index].vm.vcpus, domain.vcpus)
    tracks[index].vm.memory = max(tracks[index].vm.memory, domain.memoryMax)
    if let rss = domain.rss {
      tracks[index].vm.rssMax = max(tracks[index].vm.rssMax ?? 0, rss)
    }
    noteSettings(domain, index, time)
    guard let run = domain.vcpuTime ?? domain.cpuTime else {
      tracks[index].missed += 1
      return
    }
    let now = Counted(domain, run: run, time: time)
    defer {
      tracks[index].counted = now
      tracks[index].missed = 0
    }
    guard let before = tracks[index].counted, before.time < time else { return }
    let length = time - before.time
    let ready = now.ready.flatMap { now in before.ready.map { now - $0 } }
    guard now.run >= before.run, ready ?? 0 >= 0 else {
      timeline.notes.countersBack += 1
      return
    }
    if ready != nil { tracks[index].hasDelay = true }
    timeline.notes.absentSamples += tracks[index].missed
    let vcpus = tracks[index].vm.vcpus
    let most = product(vcpus, length)
    let ran = min(now.run - before.run, most)
    let waited = min(ready ?? 0, most - ran)
    tracks[index].vm.samples.append(
      .init(
        start: before.time, end: time, run: ran, ready: waited,
        wanted: wanted(now, before, ran, waited, most),
        active: active(domain, index),
        balloon: max(0, domain.memoryMax - domain.memoryCurrent)))
  }

  /// Demand vCPU by vCPU where the host tells them apart, else as if all were alike.
  private func wanted(
    _ now: Counted, _ before: Counted, _ ran: Int64, _ waited: Int64, _ most: Int64
  ) -> Int64 {
    let length = now.time - before.time
    var sum = Int128(0)
    for (now, before) in zip(now.each, before.each) {
      let run = min(max(0, now.run - before.run), length)
      let ready = min(max(0, now.ready - before.ready), length - run)
      sum += Int128(RecordedTimeline.Sample.demand(run: run, ready: ready, length: length))
    }
    if now.each.isEmpty || now.each.count != before.each.count {
      sum = Int128(RecordedTimeline.Sample.demand(run: ran, ready: waited, length: most))
    }
    return Int64(clamping: min(max(sum, Int128(ran)), Int128(ran + waited)))
  }

  private mutating func active(_ domain: DomainSnapshot, _ index: Int) -> Int64? {
    guard let usable = domain.guestUsable, domain.lastUpdate ?? 0 > 0 else { return nil }
    tracks[index].hasMemory = true
    return min(max(0, domain.memoryCurrent - usable), domain.memoryMax)
  }

  private mutating func noteSettings(_ domain: DomainSnapshot, _ index: Int, _ time: Int64) {
    let setting = RecordedTimeline.Setting(
      time: time, weight: domain.settings.cpuWeight,
      quota: RecordedTimeline.Quota(domain.settings, vcpus: domain.vcpus))
    let last = tracks[index].vm.settings.last
    if last == nil || last!.weight != setting.weight || last!.quota != setting.quota {
      // A domain that did not answer in time tells nothing of its settings.
      if domain.answered || last == nil { tracks[index].vm.settings.append(setting) }
    }
    let lists = domain.settings.pins.map { CPUList($0)?.numbers ?? [] }
    if !lists.isEmpty, !lists.contains([]) {
      tracks[index].pins = Array(Set((tracks[index].pins ?? []) + lists.joined())).sorted()
    }
  }

  // MARK: The host

  private mutating func add(_ now: HostCounters, after before: HostCounters, _ time: Int64) {
    let length = time - lastTime
    let total = now.cpu.busy(since: before.cpu, length: length, cpus: now.pcpus)
    if total == nil { timeline.notes.hostCountersStill += 1 }
    var interval = HostInterval(start: lastTime, end: time, total: total ?? 0)
    if let each = now.perCPU, let earlier = before.perCPU, each.count == earlier.count {
      interval.perCPU = zip(each, earlier).map {
        $0.busy(since: $1, length: length, cpus: 1) ?? 0
      }
    }
    hostIntervals.append(interval)
  }

  private mutating func noteMemory(of snapshot: HostSnapshot) {
    let host = snapshot.host
    timeline.memory = max(timeline.memory, host.memoryTotal)
    guard let available = host.memoryAvailable else { return }
    let guests = snapshot.domains.reduce(Int128(0)) { $0 + Int128($1.rss ?? 0) }
    timeline.memoryOfOthers = max(
      timeline.memoryOfOthers,
      Int64(clamping: Int128(host.memoryTotal) - Int128(available) - guests))
  }

  /// The pCPUs that VMs may use, and whether these are all of the host.
  private mutating func allowedCPUs(pcpus: Int64) -> (numbers: [Int], isAll: Bool) {
    let all = CPUList(count: Int(pcpus)).numbers
    guard !tracks.isEmpty, tracks.allSatisfy({ $0.pins != nil }) else {
      timeline.notes.domainsOfUnequalPins = tracks.count { $0.pins != nil && $0.pins != all }
      return (all, true)
    }
    let union = Array(Set(tracks.flatMap { $0.pins ?? [] })).sorted()
    timeline.notes.domainsOfUnequalPins = tracks.count { $0.pins != union }
    return (union, union == all)
  }
}
