import BallastModel
import BallastUnits

/// What is remembered of one domain between two looks at it.
struct DomainWatch: Sendable, Equatable {
  var uuid: String
  var runID: Int64?
  /// What was written last, by knob; the balloon's is `shrinking` or reached.
  var written: [HostWrite.Field: Int64] = [:]
  /// Of a controller before this one: what knobs said before it changed them, until the first look.
  var adopted: [HostWrite.Field: Int64] = [:]
  /// Bytes the guest had before its first balloon target; nil: never asked.
  var original: Int64?

  /// The last balloon target that is still being followed.
  var pending: Pending?
  struct Pending: Sendable, Equatable {
    var target: Int64
    /// What the guest had when it was asked.
    var start: Int64
    /// The nearest it came, and when it last came nearer; ns.
    var nearest: Int64
    var movedAt: Int64
  }
  /// The last target was reached, and holds.
  var reached: Int64?

  var lastUpdate: Int64?
  /// When `lastUpdate` was last seen to move, ns; nil: never.
  var reportedAt: Int64?
  var swapOut: Int64?
  var majorFaults: Int64?
  var seenAt: Int64

  /// Not shrunk before this, ns, and by which rule.
  var quietUntil = Int64.min
  var quietRule = HeldBack.Rule.guestDistress
  /// Somebody else has changed this: "cpuWeight is 500, and 1000 was written".
  var change: String?

  init(uuid: String, runID: Int64?, seenAt: Int64) {
    self.uuid = uuid
    self.runID = runID
    self.seenAt = seenAt
  }
}

extension DomainWatch {
  /// Something has happened to the domain that must be answered whatever the plan says.
  enum Finding: Equatable {
    case restarted
    case changedByOthers(String)
    case distress(String)
    case stuck(String)
    case reportsStopped
  }

  /// Takes over what a snapshot says.
  mutating func look(
    _ domain: DomainSnapshot, at time: Int64, _ settings: SafetySettings
  ) -> [Finding] {
    if let runID, let now = domain.runID, runID != now { return restart(domain, at: time) }
    if runID == nil { runID = domain.runID }
    var findings: [Finding] = []
    let band = settings.memoryBand(domain)
    forgetUnwritten(domain)
    if change == nil, let text = foreignChange(domain, band: band) {
      change = text
      pending = nil
      findings.append(.changedByOthers(text))
    }
    findings += follow(domain, at: time, band: band, settings)
    if let text = distress(domain, at: time, settings) {
      quietUntil = time + settings.quiet.value
      quietRule = .guestDistress
      findings.append(.distress(text))
    }
    if noteReports(domain, at: time, settings) { findings.append(.reportsStopped) }
    swapOut = domain.guestSwapOut
    majorFaults = domain.guestMajorFaults
    seenAt = time
    return findings
  }

  private mutating func restart(_ domain: DomainSnapshot, at time: Int64) -> [Finding] {
    self = DomainWatch(uuid: uuid, runID: domain.runID, seenAt: time)
    return [.restarted]
  }

  /// A controller that was killed between saving and writing has not changed what still says the original.
  private mutating func forgetUnwritten(_ domain: DomainSnapshot) {
    for field in HostWrite.Field.allCases {
      guard let original = adopted[field], domain.setting(field) == original else { continue }
      written[field] = nil
    }
    adopted.removeAll()
  }

  /// A knob that does not say what was written, or a guest that shrinks without having been asked.
  private func foreignChange(_ domain: DomainSnapshot, band: Int64) -> String? {
    for field in HostWrite.Field.allCases {
      guard let wrote = written[field], let now = domain.setting(field), now != wrote
      else { continue }
      return "\(field.rawValue) is \(now), and \(wrote) was written"
    }
    if let reached, domain.memoryCurrent < reached - band {
      return
        "the guest has \(mebibytes(domain.memoryCurrent)), and \(mebibytes(reached)) were written"
    }
    return nil
  }

  /// Whether the balloon is on its way, has arrived, or is stuck.
  private mutating func follow(
    _ domain: DomainSnapshot, at time: Int64, band: Int64, _ settings: SafetySettings
  ) -> [Finding] {
    guard var now = pending else { return [] }
    let current = domain.memoryCurrent
    if abs(current - now.target) <= band {
      reached = now.target
      pending = nil
      return []
    }
    if abs(current - now.target) < abs(now.nearest - now.target) {
      now.nearest = current
      now.movedAt = time
    }
    pending = now
    guard now.target < current, time - now.movedAt >= settings.stuckAfter.value else { return [] }
    pending = nil
    quietUntil = time + settings.quiet.value
    quietRule = .balloonStuck
    return [
      .stuck("asked for \(mebibytes(now.target)), the guest keeps \(mebibytes(current))")
    ]
  }

  /// A guest that was shrunk and writes to its swap, or reads back what it lost.
  private func distress(
    _ domain: DomainSnapshot, at time: Int64, _ settings: SafetySettings
  ) -> String? {
    guard let original, domain.memoryCurrent < original, time > seenAt else { return nil }
    if let before = swapOut, let now = domain.guestSwapOut, now > before {
      return "the guest wrote \(now - before) bytes to its swap"
    }
    guard let before = majorFaults, let now = domain.guestMajorFaults, now > before else {
      return nil
    }
    let limit =
      Int128(settings.majorFaultsPerSecond) * Int128(time - seenAt) / 1_000_000_000
    return Int128(now) - Int128(before) > max(limit, 1)
      ? "the guest had \(now - before) major faults since the last look" : nil
  }

  /// True when the guest has just stopped reporting.
  private mutating func noteReports(
    _ domain: DomainSnapshot, at time: Int64, _ settings: SafetySettings
  ) -> Bool {
    let wasReporting = isReporting(domain, at: seenAt, settings)
    if let before = lastUpdate, let now = domain.lastUpdate, now > before { reportedAt = time }
    lastUpdate = domain.lastUpdate
    return wasReporting && !isReporting(domain, at: time, settings)
  }

  /// `lastUpdate` has moved within the last periods. Before it was seen to move nobody can count on it.
  func isReporting(
    _ domain: DomainSnapshot, at time: Int64, _ settings: SafetySettings
  ) -> Bool {
    guard let reportedAt, let period = domain.statisticsPeriod, period > 0 else { return false }
    let patience = Int128(period) * Int128(settings.stalePeriods) * 1_000_000_000
    return Int128(time) - Int128(reportedAt) <= patience
  }
}

extension SafetySettings {
  /// Bytes by which a balloon may be off: never less than 1 MiB, the step of many drivers.
  func memoryBand(_ domain: DomainSnapshot) -> Int64 {
    Swift.max(1 << 20, deadBand.of(Bytes(domain.memoryMax)).value)
  }
}

extension DomainSnapshot {
  /// What a knob says in this snapshot; nil where it has none, and for the balloon, which moves by itself.
  func setting(_ field: HostWrite.Field) -> Int64? {
    switch field {
    case .cpuWeight: settings.cpuWeight
    case .vcpuQuota: settings.vcpuQuota
    case .vcpuPeriod: settings.vcpuPeriod
    case .globalQuota: settings.globalQuota
    case .globalPeriod: settings.globalPeriod
    case .memoryMin: settings.memoryMin
    case .memoryLow: settings.memoryLow
    case .statisticsPeriod: statisticsPeriod
    case .balloonTarget, .ksmRun, .ksmPagesToScan, .ksmSleepMilliseconds: nil
    }
  }
}
