/// What puts a host back as it was before a controller first changed it.
///
/// Rule      every touched knob gets its original back · memory upward first, then weights, quotas and the rest, memory
///           downward last · a knob that no longer says what was written belongs to somebody else and is left, as is one
///           that was left before, unless told otherwise; told so, the first original counts · memory goes upward in any
///           case, and downward only above the guest's working set.
/// Source    docs/KVM.md#undo.
public struct RestorePlan: Sendable, Equatable {
  public var writes: [HostWrite] = []
  public var heldBack: [HeldBack] = []
  /// Domains that have ended since, or have started again: there is nothing of ours on them.
  public var gone: [String] = []
  let insists: Bool

  /// - Parameters:
  ///   - insists: also what somebody else has changed since.
  ///   - headroom: bytes a guest keeps beyond its working set when memory goes down.
  public init(
    _ touched: TouchedHost, on snapshot: HostSnapshot, insists: Bool = false,
    headroom: Int64 = 64 << 20
  ) {
    self.insists = insists
    let ours = insists ? touched.withLeft : touched
    var up: [HostWrite] = []
    var others: [HostWrite] = []
    var down: [HostWrite] = []
    for record in ours.domains {
      guard let domain = Self.domain(of: record, on: snapshot) else {
        gone.append(record.name)
        continue
      }
      for knob in record.knobs {
        let target = HostWrite.Target.domain(uuid: domain.uuid, name: domain.name)
        if knob.field == .balloonTarget {
          memory(knob, domain, target, headroom: headroom, insists: insists, &up, &down)
        } else {
          setting(knob, target, now: domain.setting(knob.field), insists: insists, &others)
        }
      }
    }
    for knob in ours.hostKnobs {
      setting(knob, .host, now: snapshot.host.ksm?.value(knob.field), insists: insists, &others)
    }
    writes = up + others + down
    if !insists, let left = touched.left { leave(left, on: snapshot) }
  }

  /// Nil: it has ended or started again since.
  private static func domain(
    of record: TouchedDomain, on snapshot: HostSnapshot
  ) -> DomainSnapshot? {
    snapshot.domains.first {
      $0.uuid == record.uuid
        && (record.runID == nil || $0.runID == nil || record.runID == $0.runID)
    }
  }

  /// What was left before is left again, unless it says its original by now.
  private mutating func leave(_ left: LeftKnobs, on snapshot: HostSnapshot) {
    for record in left.domains {
      guard let domain = Self.domain(of: record, on: snapshot) else {
        if !gone.contains(record.name) { gone.append(record.name) }
        continue
      }
      for knob in record.knobs {
        let target = HostWrite.Target.domain(uuid: domain.uuid, name: domain.name)
        leave(knob, target, now: domain.setting(knob.field))
      }
    }
    for knob in left.hostKnobs {
      leave(knob, .host, now: snapshot.host.ksm?.value(knob.field))
    }
  }

  private mutating func leave(_ knob: TouchedKnob, _ target: HostWrite.Target, now: Int64?) {
    let wanted = knob.original ?? knob.field.unset
    let soon = writes.first { $0.target == target && $0.field == knob.field }?.wanted ?? now
    guard soon != wanted else { return }
    // Once is enough for a knob that was changed, and changed by others, again.
    guard !heldBack.contains(where: { $0.write.target == target && $0.write.field == knob.field })
    else { return }
    let write = HostWrite(
      target: target, field: knob.field, before: now, wanted: wanted, reason: "as it was before")
    heldBack.append(
      HeldBack(
        write, .changedByOthers,
        "\(knob.field.rawValue) was \(wanted) at first, and somebody else has changed it since"))
  }

  private mutating func memory(
    _ knob: TouchedKnob, _ domain: DomainSnapshot, _ target: HostWrite.Target, headroom: Int64,
    insists: Bool, _ up: inout [HostWrite], _ down: inout [HostWrite]
  ) {
    guard let original = knob.original, domain.isPlausible else { return }
    let write = HostWrite(
      target: target, field: .balloonTarget, before: domain.memoryCurrent,
      wanted: min(max(original, 0), domain.memoryMax), reason: "as it was before")
    if write.wanted > domain.memoryCurrent { return up.append(write) }
    if write.wanted == domain.memoryCurrent {
      // Its target may still be another.
      if knob.wrote != write.wanted { up.append(write) }
      return
    }
    guard let usable = domain.guestUsable, domain.lastUpdate ?? 0 > 0 else {
      if insists { return down.append(write) }
      return heldBack.append(
        HeldBack(write, .floorUnknown, "the guest does not say what it could spare"))
    }
    let floor = domain.memoryCurrent - usable + headroom
    guard insists || write.wanted >= floor else {
      return heldBack.append(
        HeldBack(write, .atFloor, "its working set and headroom are \(mebibytes(floor))"))
    }
    down.append(write)
  }

  private mutating func setting(
    _ knob: TouchedKnob, _ target: HostWrite.Target, now: Int64?, insists: Bool,
    _ others: inout [HostWrite]
  ) {
    let wanted = knob.original ?? knob.field.unset
    let write = HostWrite(
      target: target, field: knob.field, before: now, wanted: wanted, reason: "as it was before")
    guard let now else { return others.append(write) }
    if now == wanted { return }
    if now != knob.wrote && !insists {
      return heldBack.append(
        HeldBack(
          write, .changedByOthers,
          "\(knob.field.rawValue) is \(now), and \(knob.wrote) was written: somebody else's"))
    }
    others.append(write)
  }
}

extension HostWrite.Field {
  /// What a knob says that nobody has set.
  var unset: Int64 {
    switch self {
    case .vcpuQuota, .globalQuota: -1
    case .vcpuPeriod, .globalPeriod: 100_000
    case .cpuWeight: 1_024
    case .balloonTarget, .statisticsPeriod, .memoryMin, .memoryLow, .ksmRun, .ksmPagesToScan,
      .ksmSleepMilliseconds:
      0
    }
  }
}

extension KSMReadings {
  func value(_ field: HostWrite.Field) -> Int64? {
    switch field {
    case .ksmRun: run
    case .ksmPagesToScan: pagesToScan
    case .ksmSleepMilliseconds: sleepMilliseconds
    default: nil
    }
  }
}
