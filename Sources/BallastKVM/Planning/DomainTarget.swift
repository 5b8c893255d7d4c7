import BallastModel
import BallastUnits

/// One row of a plan against one domain as it stands.
struct DomainTarget {
  let vm: VMIndex
  let domain: DomainSnapshot
  let host: HostCounters
  let plan: HostPlan
  let row: Int

  /// Microseconds: the kernel's default period.
  static let usualPeriod: Int64 = 100_000
  /// Of the period: with less of a CPU a guest hardly answers its balloon.
  static let quotaMinParts: Int64 = 10
  /// Microseconds: what libvirt and the kernel take.
  static let quotaMin: Int64 = 1_000
  static let periods: ClosedRange<Int64> = 1_000...1_000_000

  private func write(
    _ field: HostWrite.Field, _ before: Int64?, _ wanted: Int64, _ reason: String
  ) -> HostWrite {
    HostWrite(
      target: .domain(uuid: domain.uuid, name: domain.name), field: field, before: before,
      wanted: wanted, reason: reason)
  }

  private func note(
    _ subject: Translation.Note.Subject, _ text: String, _ notes: inout [Translation.Note]
  ) {
    notes.append(.init(vm: vm, subject: subject, text: "\(domain.name): \(text)"))
  }

  // As sums can bear them, whatever the host says.
  private var vcpus: Int64 { min(max(1, domain.vcpus), ReadingRange.cpusMax) }
  private var coreRate: Int64 { min(max(1, host.coreRate), ReadingRange.ratesMax) }
  private var configured: Int64 { ReadingRange.bytes(domain.memoryMax) }

  private func column(_ column: [Int64], _ absent: Int64) -> Int64 {
    row < column.count ? column[row] : absent
  }

  // MARK: Reports

  func askForReports(_ period: Int64?, _ stages: inout Stages) {
    guard let period, period > 0, domain.traits.hasBalloon, domain.statisticsPeriod == 0 else {
      return
    }
    stages.reports.append(
      write(
        .statisticsPeriod, 0, period,
        "without reports nobody knows what the guest can spare"))
  }

  // MARK: CPU

  /// - Parameters:
  ///   - shares: its own, in parts of a share.
  ///   - total: of all VMs of the plan.
  ///   - room: where it may run, and with whom.
  func weigh(
    _ shares: Int64, of total: Int64, in room: CPURoom, _ scale: WeightScale,
    _ stages: inout Stages, _ notes: inout [Translation.Note]
  ) {
    let wanted = scale.weight(shares)
    let units = FlatShares.unitsPerShare
    let sum = "shares \(count(shares, units)) of \(count(total, units))"
    if let before = domain.settings.cpuWeight, before != wanted {
      let entitled = column(plan.cpuEntitlement, 0)
      stages.weights.append(
        write(
          .cpuWeight, before, wanted,
          "\(sum), \(scale.numerator) per "
            + "\(count(scale.denominator, units)); entitled to \(megahertz(entitled)) now"))
    } else if domain.settings.cpuWeight == nil {
      note(.cpuWeight, "its host shows no CPU weight; \(sum) are not set", &notes)
    }
    explainReservation(shares, in: room, &notes)
  }

  /// There is no knob for a CPU reservation: admission keeps the sum, weights keep the order. Whether the weight alone
  /// gives as much when every VM that may run on its CPUs wants all it can get is a sum that people can check.
  private func explainReservation(
    _ shares: Int64, in room: CPURoom, _ notes: inout [Translation.Note]
  ) {
    let reservation = column(plan.cpuReservation, 0)
    guard reservation > 0, room.shares > 0 else { return }
    let pcpus = room.cpus.allowed.map { Int64($0.count) } ?? host.pcpus
    let capacity = min(max(0, pcpus), ReadingRange.cpusMax) * coreRate
    let usable = room.cpus.atOnce * coreRate
    let share = scaled(capacity, by: shares, over: room.shares)
    let part = min(share, usable)
    let judgement =
      reservation > usable
      ? "so nothing keeps it: it can use no more than \(megahertz(usable))"
      : part >= reservation
        ? "so the weight keeps it among managed VMs"
        : "so the weight does not keep it when all want CPU: give it more shares, or limit others"
    let units = FlatShares.unitsPerShare
    let place =
      room.cpus.allowed.map { " of those that may run on pCPU \(CPUList($0).text)" } ?? ""
    let bound = share > usable ? ", all that it can use" : ""
    note(
      .cpuReservation,
      "KVM has no CPU reservation; \(megahertz(reservation)) are promised by admission, and shares "
        + "\(count(shares, units)) of \(count(room.shares, units))\(place) give at least "
        + "\(megahertz(part)) of \(megahertz(capacity))\(bound), \(judgement)", &notes)
  }

  /// A quota for the whole domain, so that a single busy vCPU may use all of the limit. A host that shows only quotas per
  /// vCPU gets the limit divided by vCPUs.
  func limit(_ stages: inout Stages, _ notes: inout [Translation.Note]) {
    let limit = column(plan.cpuLimit, .max)
    let settings = domain.settings
    let isGlobal = settings.globalQuota != nil
    guard let before = settings.globalQuota ?? settings.vcpuQuota else {
      if limit != .max {
        note(.cpuLimit, "its host shows no quota; \(megahertz(limit)) are not kept", &notes)
      }
      return
    }
    let (quotaField, periodField): (HostWrite.Field, HostWrite.Field) =
      isGlobal ? (.globalQuota, .globalPeriod) : (.vcpuQuota, .vcpuPeriod)
    let shown = isGlobal ? settings.globalPeriod : settings.vcpuPeriod
    let threads = isGlobal ? 1 : vcpus
    let size = vcpus * coreRate
    guard limit < size else {
      guard before > 0 else { return }
      let why = limit == .max ? "no limit" : "the limit is its size or more"
      stages.quotas.append(write(quotaField, before, -1, "\(why): \(megahertz(size))"))
      return
    }
    let period = shown.flatMap { Self.periods.contains($0) ? $0 : nil } ?? Self.usualPeriod
    if period != shown {
      stages.quotas.append(
        write(periodField, shown, period, "the usual period, for the quota that follows"))
    }
    // To nearest: a limit that was a quota has lost part of a kHz and becomes that quota again.
    let exact = roundedRatio(max(0, limit), by: period, over: coreRate * threads)
    let least = max(Self.quotaMin, period / Self.quotaMinParts)
    let wanted = max(exact, least)
    if exact < least {
      note(
        .cpuLimit,
        "a limit of \(megahertz(limit)) would be \(exact) µs of \(period); it gets \(wanted) µs, a tenth of "
          + "a CPU, so that it can still answer its balloon", &notes)
    }
    guard wanted != before else { return }
    let each = threads > 1 ? " ÷ \(threads) vCPUs" : ""
    stages.quotas.append(
      write(
        quotaField, before, wanted,
        "limit \(megahertz(limit)) of \(megahertz(host.coreRate)) a CPU × \(period) µs\(each)"))
  }

  // MARK: Memory

  func protect(_ stages: inout Stages, _ notes: inout [Translation.Note]) {
    let reservation = min(max(0, column(plan.memoryReservation, 0)), configured)
    guard let before = domain.settings.memoryMin else {
      guard reservation > 0 else { return }
      let why =
        host.cgroups == .v1
        ? "cgroup v1 has no memory.min" : "its group has no memory.min that can be written"
      note(
        .memoryReservation,
        "\(why): \(mebibytes(reservation)) are kept by admission and by never ballooning below them",
        &notes)
      return
    }
    let wanted = (reservation + 4_095) / 4_096 * 4_096
    guard wanted != before else { return }
    stages.protections.append(
      write(.memoryMin, before, wanted, "reserves \(mebibytes(reservation)) of guest memory"))
  }

  /// - Parameter isLimitKept: the plan's memory policy takes from it what exceeds its limit.
  func balloon(isLimitKept: Bool, _ stages: inout Stages, _ notes: inout [Translation.Note]) {
    let asked = plan.memory(row: row)
    let limit = column(plan.memoryLimit, .max)
    if limit < domain.memoryMax {
      let isLimitKept = isLimitKept && domain.traits.hasBalloon
      let keeper =
        isLimitKept
        ? "is kept by its balloon only"
        : "is kept by nobody: that takes policies: {reclamation: {policy: proportional-share}} and a "
          + "balloon that is managed"
      note(
        .memoryLimit,
        "a limit of \(mebibytes(limit)) \(keeper); a hard limit would have the kernel kill the guest",
        &notes)
    }
    if asked.compress > 0 || asked.swap > 0 {
      note(
        .reclamation,
        "\(mebibytes(asked.compress)) to compress and \(mebibytes(asked.swap)) to swap are left to the "
          + "kernel: there is no such knob", &notes)
    }
    guard asked.balloon >= 0, configured > 0 else { return }
    guard domain.traits.hasBalloon else {
      note(.reclamation, "it has no balloon", &notes)
      return
    }
    let exact = configured - min(asked.balloon, configured)
    let wanted = min((exact + 1_023) / 1_024 * 1_024, configured)
    let before = domain.memoryCurrent
    guard wanted != before, wanted > 0 else { return }
    let change = write(
      .balloonTarget, before, wanted,
      "configured \(mebibytes(configured)) − balloon \(mebibytes(asked.balloon))")
    if wanted > before { stages.upward.append(change) } else { stages.downward.append(change) }
  }
}
