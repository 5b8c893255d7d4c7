import BallastUnits
import Foundation

/// One QEMU: its socket, and what is known of it from its start on.
final class Monitor {
  static let periodProperty = "guest-stats-polling-interval"

  let domain: DirectDomain
  let client: QMPClient
  let group: CgroupFolder
  private let files: HostFiles
  /// Sizes, threads and traits are to be read.
  var isStale = true
  /// Why it is not shown, or not as answering.
  private(set) var problem: String?

  private var process: Int64?
  private var backOff = BackOff()
  private var known = Known()
  private var asked = Asked()

  /// What does not change while QEMU runs.
  private struct Known {
    var hasDetails = false
    var memoryMax: Int64 = 0
    var threads: [Int64] = []
    var pins: [String] = []
    var traits = DomainTraits()
  }

  /// Numbers of the commands of this round.
  private struct Asked {
    var status: Int?
    var balloon: Int?
    var statistics: Int?
    var period: Int?
    var cpus: Int?
    var size: Int?
    var deflates: Int?
    var reports: Int?
  }

  init(_ domain: DirectDomain, _ files: HostFiles) {
    self.domain = domain
    self.files = files
    client = QMPClient(path: domain.socket)
    let tree = files.cgroups()
    var group = CgroupFolder(
      files: files, version: tree.version, cpu: domain.cpuGroup, memory: domain.memoryGroup)
    if tree.version == .v2 { group.mount = tree.cpu }
    self.group = group
  }

  // MARK: Asking

  /// Sends the questions of a snapshot. One that still owes answers is not asked more.
  func ask() {
    problem = nil
    asked = Asked()
    client.receive()
    guard connect(), !client.isWaiting || !client.isGreeted else { return }
    client.forgetReplies()
    asked.status = client.send("query-status", [:])
    asked.balloon = client.send("query-balloon", [:])
    asked.statistics = property("guest-stats")
    asked.period = property(Self.periodProperty)
    guard isStale || !known.hasDetails else { return }
    asked.cpus = client.send("query-cpus-fast", [:])
    asked.size = client.send("query-memory-size-summary", [:])
    asked.deflates = property("deflate-on-oom")
    asked.reports = property("free-page-reporting")
  }

  /// Questions of this round are on their way.
  var isAsked: Bool { asked.status != nil }

  private func property(_ name: String) -> Int? {
    client.send("qom-get", ["path": domain.balloon, "property": name])
  }

  /// False: nobody is there to ask now.
  private func connect() -> Bool {
    if client.isOpen { return true }
    guard backOff.allows(HostClock.monotonic()) else {
      problem = "\(domain.name): its socket did not answer; not tried again yet"
      return false
    }
    do {
      try client.open()
    } catch {
      known = Known()
      switch error {
      case .missing, .failed(ECONNREFUSED): break
      // The queue of those who want to talk is full.
      case .failed(EAGAIN): problem = silence
      default: problem = "\(domain.name): \(domain.socket): \(error.words)"
      }
      return false
    }
    process = domain.process ?? client.peer
    known = Known()
    return true
  }

  /// Why nothing came by the deadline.
  private var silence: String {
    client.isGreeted
      ? "\(domain.name): QEMU does not answer on \(domain.socket)"
      : "\(domain.name): \(domain.socket) takes the connection and does not greet: QEMU talks to one client at a "
        + "time, so another program holds it (libvirt, Proxmox), or QEMU hangs; give it a second -qmp socket"
  }

  /// One command, answered by a deadline.
  func command(
    _ name: String, _ arguments: [String: Any], within span: Int64
  ) throws(HostSystemError) -> Any {
    client.receive()
    guard connect() else {
      if let problem { throw .timedOut(problem) }
      throw .noSuchDomain(domain.name)
    }
    guard !client.isWaiting || !client.isGreeted else { throw .timedOut(silence) }
    let number = client.send(name, arguments)
    QMPClient.wait(for: [client], until: HostClock.monotonic() + span)
    switch client.reply(to: number) {
    case .value(let value): return value
    case .failure(let kind, let text):
      switch kind {
      case "DeviceNotActive", "DeviceNotFound", "CommandNotFound", "KVMMissingCap":
        throw .unsupported("\(domain.name): \(text)")
      default: throw .refused("\(domain.name): \(text)")
      }
    case nil:
      guard client.isOpen else { throw .noSuchDomain(domain.name) }
      let why = silence
      giveUpUngreeted()
      throw .timedOut(why)
    }
  }

  /// Without a greeting nobody is at the other end for us: come back later.
  private func giveUpUngreeted() {
    guard !client.isGreeted else { return }
    client.close()
    backOff.fail(HostClock.monotonic())
  }

  // MARK: What came

  /// Nil for a domain that is off.
  func snapshot() -> DomainSnapshot? {
    guard client.isOpen else { return problem == nil ? nil : unanswered() }
    guard !client.isWaiting, let status = value(asked.status) else {
      problem = silence
      giveUpUngreeted()
      return unanswered()
    }
    backOff = BackOff()
    learn()
    var report = GuestReport()
    report.take(status: status)
    report.take(statistics: value(asked.statistics))
    report.statisticsPeriod = GuestReport.number(value(asked.period))
    let balloon = value(asked.balloon) as? [String: Any]
    known.traits.hasBalloon = balloon != nil
    var shown = base()
    shown.answered = known.hasDetails
    shown.state = report.state
    shown.isInTransition = report.isInTransition
    shown.memoryCurrent = GuestReport.number(balloon?["actual"]) ?? known.memoryMax
    shown.guestUnused = report.free
    shown.guestUsable = report.usable
    shown.guestAvailable = report.total
    shown.guestSwapIn = report.swapIn
    shown.guestSwapOut = report.swapOut
    shown.guestMajorFaults = report.majorFaults
    shown.lastUpdate = report.lastUpdate
    shown.statisticsPeriod = known.traits.hasBalloon ? report.statisticsPeriod : nil
    return shown
  }

  private func value(_ number: Int?) -> Any? {
    if case .value(let value) = client.reply(to: number) { return value }
    return nil
  }

  private func learn() {
    guard isStale || !known.hasDetails, let size = value(asked.size) as? [String: Any],
      let cpus = value(asked.cpus) as? [[String: Any]]
    else { return }
    let base = GuestReport.number(size["base-memory"]) ?? 0
    let plugged = GuestReport.number(size["plugged-memory"]) ?? 0
    known.memoryMax = ReadingRange.bytes(base) + ReadingRange.bytes(plugged)
    known.threads = cpus.compactMap { GuestReport.number($0["thread-id"]) }
    known.traits.deflatesOnOOM = value(asked.deflates) as? Bool ?? false
    known.traits.reportsFreePages = value(asked.reports) as? Bool ?? false
    if let process {
      let status = files.status(process)
      known.pins = files.pins(process: process, threads: known.threads)
      known.traits.locksMemory = (status?["VmLck"] ?? 0) > 0
      known.traits.usesHugePages = (status?["HugetlbPages"] ?? 0) > 0
      known.traits.hasPassthrough = files.holdsDevices(process: process)
    }
    known.traits.isMarked = true
    known.traits.memoryMinimum = domain.memoryMinimum
    known.hasDetails = true
    isStale = false
  }

  private func unanswered() -> DomainSnapshot {
    var shown = base()
    shown.answered = false
    shown.memoryCurrent = known.memoryMax
    return shown
  }

  /// What the kernel tells, whether QEMU answers or not.
  private func base() -> DomainSnapshot {
    var shown = DomainSnapshot()
    shown.name = domain.name
    shown.uuid = domain.identity
    shown.state = .running
    shown.vcpus = Int64(known.threads.count)
    shown.vcpusMax = shown.vcpus
    shown.memoryMax = known.memoryMax
    shown.traits = known.traits
    shown.settings.pins = known.pins
    shown.settings.cpuWeight = group.read(.cpuWeight)
    shown.settings.globalQuota = group.read(.globalQuota)
    shown.settings.globalPeriod = group.read(.globalPeriod)
    shown.settings.memoryMin = group.read(.memoryMin)
    shown.settings.memoryLow = group.read(.memoryLow)
    shown.settings.memoryHardLimit = group.memoryHardLimit
    guard let process else { return shown }
    let usage = files.usage(process: process, threads: known.threads)
    shown.runID = usage.start
    shown.cpuTime = group.cpuTime ?? usage.process
    shown.vcpuTime = usage.run
    shown.vcpuDelay = usage.wait
    let status = files.status(process)
    shown.rss = status?.bytes("VmRSS")
    shown.swapped = status?.bytes("VmSwap")
    return shown
  }
}
