import BallastKVM
import BallastUnits

/// A KVM host that is a script: domains with a constant demand for CPU and a guest that behaves, hangs, sticks or vanishes.
///
/// CPU is divided exactly, by weights and quotas, as a fluid; memory moves when `advance` is called. Time is only what
/// `advance` adds.
public final class FakeSystem: HostSystem {
  /// A guest of the script.
  public struct Guest: Sendable {
    /// What the host shows of it.
    public var shown: DomainSnapshot
    /// CPU it wants, in millionths of all its vCPUs.
    public var demand: Int64
    /// Bytes it cannot do without: its balloon does not go below.
    public var needed: Int64 = 0
    /// Bytes the balloon is asked to leave.
    public var target: Int64
    /// Does not answer: stopped, or its process hangs.
    public var isHung = false
    /// Its balloon takes every target and never moves.
    public var isStuck = false
    /// What its process holds does not fall with the balloon.
    public var staysResident = false
    /// No driver: statistics are never sent and the balloon never moves.
    public var hasDriver = true
  }

  /// Nothing answers, as with libvirtd gone.
  public var isReachable = true
  /// Writes are denied, as on a read-only connection.
  public var isReadOnly = false
  /// Fields this host has no knob for.
  public var unsupported: [HostWrite.Field] = []
  public var host = HostCounters()
  /// In byte-wise order of names.
  public private(set) var guests: [Guest] = []
  /// Every write that was taken, in order.
  public private(set) var performed: [HostWrite] = []
  public private(set) var snapshotCount = 0
  public private(set) var refreshCount = 0
  /// Runs before each write, so that a script can let something go wrong in between.
  public var beforeWrite: ((FakeSystem, HostWrite) -> Void)?

  private var now: Int64 = 1_000_000_000
  /// Wall clock at the start: a round instant of 2026.
  private let start: Int64 = 1_780_000_000_000_000_000
  private var runs: Int64 = 0

  /// - Parameters:
  ///   - coreRate: kHz
  ///   - memory: bytes
  public init(pcpus: Int64 = 4, coreRate: Int64 = 1_000_000, memory: Int64 = 8 << 30) {
    host.name = "fake"
    host.pcpus = pcpus
    host.coresPerSocket = pcpus
    host.coreRate = coreRate
    host.memoryTotal = memory
    host.memoryFree = memory
    host.cgroups = .v1
    host.ksm = KSMReadings()
    host.ksm?.pagesToScan = 100
    host.ksm?.sleepMilliseconds = 20
  }

  // MARK: The script

  /// Starts a domain: with counters of zero, a run of its own, and a guest that sends statistics every second.
  ///
  /// - Parameter demand: in millionths of all its vCPUs.
  public func start(_ name: String, vcpus: Int64, memory: Int64, demand: Int64) {
    runs += 1
    var shown = DomainSnapshot()
    shown.name = name
    shown.uuid = "fake-" + name
    shown.state = .running
    shown.runID = runs
    (shown.vcpus, shown.vcpusMax) = (vcpus, vcpus)
    (shown.cpuTime, shown.vcpuTime, shown.vcpuDelay) = (0, 0, 0)
    (shown.memoryMax, shown.memoryCurrent, shown.rss) = (memory, memory, memory)
    (shown.guestSwapIn, shown.guestSwapOut, shown.guestMajorFaults) = (0, 0, 0)
    (shown.statisticsPeriod, shown.lastUpdate) = (1, 0)
    shown.settings.cpuWeight = host.cgroups == .v1 ? 1_024 : 100
    (shown.settings.vcpuQuota, shown.settings.vcpuPeriod) = (-1, 100_000)
    (shown.settings.globalQuota, shown.settings.globalPeriod) = (-1, 100_000)
    if host.cgroups == .v2 { (shown.settings.memoryMin, shown.settings.memoryLow) = (0, 0) }
    shown.traits.deflatesOnOOM = true
    guests.removeAll { $0.shown.name == name }
    let guest = Guest(shown: shown, demand: demand, target: memory)
    let place = guests.firstIndex { name.utf8.lexicographicallyPrecedes($0.shown.name.utf8) }
    guests.insert(guest, at: place ?? guests.endIndex)
    settle()
  }

  /// The domain ends: nothing shows it from now on.
  public func stop(_ name: String) {
    guests.removeAll { $0.shown.name == name }
    settle()
  }

  /// Changes a domain behind everybody's back.
  public func edit(_ name: String, _ change: (inout Guest) -> Void) {
    guard let index = guests.firstIndex(where: { $0.shown.name == name }) else { return }
    change(&guests[index])
  }

  public subscript(name: String) -> DomainSnapshot? {
    guests.first { $0.shown.name == name }?.shown
  }

  /// Lets time pass: CPU is used, balloons move, guests tell.
  public func advance(by span: SimDuration) {
    let span = span.value
    guard span > 0 else { return }
    now += span
    runGuests(for: span)
    for index in guests.indices where guests[index].shown.state == .running {
      move(&guests[index])
    }
    settle()
  }

  private func runGuests(for span: Int64) {
    let running = guests.indices.filter { guests[$0].shown.state == .running && !guests[$0].isHung }
    let wanted = running.map {
      scaled(guests[$0].shown.vcpus * span, by: guests[$0].demand, over: 1_000_000)
    }
    let most = zip(running, wanted).map { min($1, quota(guests[$0].shown, span)) }
    let run = waterFill(
      capacity: host.pcpus * span, lower: most.map { _ in 0 }, upper: most,
      weights: running.map { guests[$0].shown.settings.cpuWeight ?? 1 })
    for (position, index) in running.enumerated() {
      guests[index].shown.cpuTime? += run[position]
      guests[index].shown.vcpuTime? += run[position]
      guests[index].shown.vcpuDelay? += wanted[position] - run[position]
    }
    let used = run.reduce(0, +)
    host.cpu.user += used
    host.cpu.guest += used
    host.cpu.idle += host.pcpus * span - used
  }

  /// CPU time that quotas leave a domain in a span, ns.
  private func quota(_ domain: DomainSnapshot, _ span: Int64) -> Int64 {
    var most = domain.vcpus * span
    let settings = domain.settings
    if let quota = settings.globalQuota, let period = settings.globalPeriod, quota > 0 {
      most = min(most, scaled(span, by: quota, over: period))
    }
    if let quota = settings.vcpuQuota, let period = settings.vcpuPeriod, quota > 0 {
      most = min(most, domain.vcpus * scaled(span, by: quota, over: period))
    }
    return most
  }

  private func move(_ guest: inout Guest) {
    guard !guest.isHung, guest.hasDriver, guest.shown.traits.hasBalloon else { return }
    if !guest.isStuck {
      guest.shown.memoryCurrent = min(max(guest.target, guest.needed), guest.shown.memoryMax)
      if !guest.staysResident {
        guest.shown.rss = min(guest.shown.rss ?? 0, guest.shown.memoryCurrent)
      }
    }
    guard (guest.shown.statisticsPeriod ?? 0) > 0 else { return }
    let spare = max(0, guest.shown.memoryCurrent - guest.needed)
    (guest.shown.guestUnused, guest.shown.guestUsable) = (spare, spare)
    guest.shown.guestAvailable = guest.shown.memoryCurrent
    guest.shown.lastUpdate = (start + now) / 1_000_000_000
  }

  private func settle() {
    host.memoryFree = max(
      0, host.memoryTotal - guests.reduce(0) { $0 + ($1.shown.rss ?? 0) })
  }

  // MARK: HostSystem

  public func snapshot() throws(HostSystemError) -> HostSnapshot {
    guard isReachable else { throw .unavailable("scripted: no service") }
    snapshotCount += 1
    var result = HostSnapshot()
    result.monotonicTime = now
    result.wallTime = start + now
    result.host = host
    result.domains = guests.map { guest in
      var shown = guest.shown
      if guest.isHung {
        shown.answered = false
        (shown.rss, shown.guestUnused, shown.guestUsable, shown.guestAvailable) = (
          nil, nil, nil, nil
        )
        (shown.guestSwapIn, shown.guestSwapOut, shown.guestMajorFaults) = (nil, nil, nil)
        shown.lastUpdate = nil
      }
      return shown
    }
    return result
  }

  public func refresh() { refreshCount += 1 }

  public func perform(_ write: HostWrite) throws(HostSystemError) {
    beforeWrite?(self, write)
    guard isReachable else { throw .unavailable("scripted: no service") }
    if isReadOnly { throw .denied("scripted: a read-only connection") }
    if unsupported.contains(write.field) {
      throw .unsupported("scripted: no \(write.field.rawValue)")
    }
    switch write.target {
    case .host: try setHost(write)
    case .domain(_, let name):
      guard let index = guests.firstIndex(where: { $0.shown.name == name }) else {
        throw .noSuchDomain(name)
      }
      if guests[index].isHung { throw .timedOut(name) }
      try set(write, &guests[index])
    }
    performed.append(write)
  }

  private func setHost(_ write: HostWrite) throws(HostSystemError) {
    switch write.field {
    case .ksmRun: host.ksm?.run = write.wanted
    case .ksmPagesToScan: host.ksm?.pagesToScan = write.wanted
    case .ksmSleepMilliseconds: host.ksm?.sleepMilliseconds = write.wanted
    default: throw .unsupported("a host has no \(write.field.rawValue)")
    }
  }

  private func set(_ write: HostWrite, _ guest: inout Guest) throws(HostSystemError) {
    let value = write.wanted
    func hold(_ range: ClosedRange<Int64>) throws(HostSystemError) {
      if !range.contains(value) {
        throw .refused("\(write.field.rawValue) \(value) is not in \(range)")
      }
    }
    switch write.field {
    case .cpuWeight:
      try hold(host.cgroups == .v1 ? 2...262_144 : 1...10_000)
      guest.shown.settings.cpuWeight = value
    case .vcpuQuota, .globalQuota:
      if value != -1 { try hold(1_000...17_592_186_044_415) }
      if write.field == .vcpuQuota {
        guest.shown.settings.vcpuQuota = value
      } else {
        guest.shown.settings.globalQuota = value
      }
    case .vcpuPeriod:
      try hold(1_000...1_000_000)
      guest.shown.settings.vcpuPeriod = value
    case .globalPeriod:
      try hold(1_000...1_000_000)
      guest.shown.settings.globalPeriod = value
    case .balloonTarget:
      if !guest.shown.traits.hasBalloon { throw .unsupported("\(guest.shown.name) has no balloon") }
      try hold(1...guest.shown.memoryMax)
      guest.target = value
    case .statisticsPeriod: guest.shown.statisticsPeriod = value
    case .memoryMin, .memoryLow:
      if host.cgroups == .v1 { throw .unsupported("cgroup v1 has no \(write.field.rawValue)") }
      if write.field == .memoryMin {
        guest.shown.settings.memoryMin = value
      } else {
        guest.shown.settings.memoryLow = value
      }
    case .ksmRun, .ksmPagesToScan, .ksmSleepMilliseconds:
      throw .unsupported("a domain has no \(write.field.rawValue)")
    }
  }

  /// The balloon's target reads as what the guest holds, as on a real host.
  public func read(
    _ field: HostWrite.Field, of target: HostWrite.Target
  ) throws(HostSystemError) -> Int64? {
    guard isReachable else { throw .unavailable("scripted: no service") }
    guard case .domain(_, let name) = target else {
      switch field {
      case .ksmRun: return host.ksm?.run
      case .ksmPagesToScan: return host.ksm?.pagesToScan
      case .ksmSleepMilliseconds: return host.ksm?.sleepMilliseconds
      default: return nil
      }
    }
    guard let guest = guests.first(where: { $0.shown.name == name }) else {
      throw .noSuchDomain(name)
    }
    if guest.isHung { throw .timedOut(name) }
    let settings = guest.shown.settings
    switch field {
    case .cpuWeight: return settings.cpuWeight
    case .vcpuQuota: return settings.vcpuQuota
    case .vcpuPeriod: return settings.vcpuPeriod
    case .globalQuota: return settings.globalQuota
    case .globalPeriod: return settings.globalPeriod
    case .balloonTarget: return guest.shown.memoryCurrent
    case .statisticsPeriod: return guest.shown.statisticsPeriod
    case .memoryMin: return settings.memoryMin
    case .memoryLow: return settings.memoryLow
    case .ksmRun, .ksmPagesToScan, .ksmSleepMilliseconds: return nil
    }
  }
}
