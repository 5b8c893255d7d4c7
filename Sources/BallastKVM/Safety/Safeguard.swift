import BallastModel
import BallastUnits

/// Stands between a plan and a real host: of the writes that were proposed it lets those pass that can do no harm now,
/// holds the others back with a reason, and adds what guests in distress need at once.
///
/// Rule      domains are opted in one by one · memory goes down slowly, one guest at a time, never below the guest's
///           working set and headroom, and only where the guest answers its balloon; it goes up at once · quotas leave
///           a guest 10 % of a CPU · what somebody else has changed is left alone until the domain starts again.
/// Promises  a write passes only for a domain with terms · no hard memory limit is ever written, there is no such knob
///           · the same snapshot and proposals twice give no second write.
/// Rounding  dead bands down to a byte, targets up to 1 KiB, the unit of libvirt.
/// Cost      O(domains + writes) and the sort of the candidates.
/// Source    docs/KVM.md#what-holds-it-back; measured on real guests.
///
/// A value without a clock: time is the snapshot's.
public struct Safeguard: Sendable, Equatable {
  public let settings: SafetySettings
  private(set) var watches: [String: DomainWatch] = [:]
  /// Whose turn it was to be shrunk, by name.
  private var lastShrunk = ""
  private var lookedAt: Int64?
  private var unsupported: Set<HostWrite.Field> = []

  public init(_ settings: SafetySettings = SafetySettings()) { self.settings = settings }

  /// Takes over what an earlier controller wrote, as its state file tells.
  public mutating func adopt(_ records: [TouchedDomain], at time: Int64) {
    for record in records {
      var watch = DomainWatch(uuid: record.uuid, runID: record.runID, seenAt: time)
      for knob in record.knobs {
        if knob.field == .balloonTarget {
          watch.original = knob.original
          // Whether it was reached shows at the first look.
          watch.pending = DomainWatch.Pending(
            target: knob.wrote, start: knob.wrote, nearest: 1 << 57, movedAt: time)
        } else {
          watch.written[knob.field] = knob.wrote
          watch.adopted[knob.field] = knob.original
        }
      }
      watches[record.uuid] = watch
    }
  }

  /// - Parameters:
  ///   - proposed: what a plan wants of the host as the snapshot shows it.
  ///   - isTrial: nothing will be written, so nobody's turn is used up.
  ///   - terms: of a domain that may be touched; nil of any other.
  public mutating func review(
    _ proposed: [HostWrite], of snapshot: HostSnapshot, isTrial: Bool = false,
    terms: (DomainSnapshot) -> DomainTerms?
  ) -> SafetyVerdict {
    var verdict = SafetyVerdict()
    var rescues: [HostWrite] = []
    look(snapshot, terms, &verdict, &rescues)
    var shrinking: [Shrinking] = []
    var others: [HostWrite] = []
    for write in proposed {
      switch write.target {
      case .host: reviewHost(write, &others, &verdict)
      case .domain(let uuid, let name):
        guard let domain = snapshot[name: name], domain.uuid == uuid else { continue }
        guard let terms = terms(domain) else {
          verdict.hold(write, .notManaged, "\(name) is not marked, and no list names it")
          continue
        }
        review(
          write, domain, terms, snapshot, proposed, &rescues, &shrinking, &others, &verdict)
      }
    }
    let shrunk = choose(shrinking, snapshot, &verdict)
    if !isTrial, let name = shrunk.first?.target.name { lastShrunk = name }
    verdict.writes = rescues + others + shrunk
    return verdict
  }

  // MARK: What the snapshot shows

  private mutating func look(
    _ snapshot: HostSnapshot, _ terms: (DomainSnapshot) -> DomainTerms?,
    _ verdict: inout SafetyVerdict, _ rescues: inout [HostWrite]
  ) {
    let time = snapshot.monotonicTime
    // The same snapshot once more tells nothing new.
    let isNews = lookedAt != time
    lookedAt = time
    var managed: Set<String> = []
    for domain in snapshot.domains where domain.isPlausible {
      guard terms(domain) != nil else { continue }
      managed.insert(domain.uuid)
      var watch =
        watches[domain.uuid]
        ?? DomainWatch(uuid: domain.uuid, runID: domain.runID, seenAt: time)
      if isNews && domain.answered {
        for finding in watch.look(domain, at: time, settings) {
          answer(finding, domain, watch, &verdict, &rescues)
        }
      }
      watches[domain.uuid] = watch
    }
    guard isNews else { return }
    watches = watches.filter { managed.contains($0.key) }
  }

  private func answer(
    _ finding: DomainWatch.Finding, _ domain: DomainSnapshot, _ watch: DomainWatch,
    _ verdict: inout SafetyVerdict, _ rescues: inout [HostWrite]
  ) {
    let name = domain.name
    switch finding {
    case .restarted:
      verdict.events.append(SafetyEvent(.restarted, domain: name, "started again"))
    case .reportsStopped:
      verdict.events.append(
        SafetyEvent(.statisticsStopped, domain: name, "the guest has stopped reporting"))
    case .changedByOthers(let text):
      verdict.events.append(
        SafetyEvent(
          .changedByOthers, domain: name,
          "\(text): somebody else manages it, so it is left alone until it starts again"))
    case .distress(let text):
      verdict.events.append(SafetyEvent(.guestDistress, domain: name, text))
      let wanted = min(watch.original ?? domain.memoryMax, domain.memoryMax)
      if watch.change == nil, wanted > domain.memoryCurrent {
        rescues.append(domain.balloon(wanted, "\(text): it gets back what it had"))
      }
    case .stuck(let text):
      verdict.events.append(SafetyEvent(.balloonStuck, domain: name, text))
      if watch.change == nil {
        rescues.append(
          domain.balloon(domain.memoryCurrent, "\(text): the target is taken back"))
      }
    }
  }

  // MARK: One write

  private func reviewHost(
    _ write: HostWrite, _ others: inout [HostWrite], _ verdict: inout SafetyVerdict
  ) {
    if write.before == write.wanted { return }
    if unsupported.contains(write.field) {
      verdict.hold(write, .unsupported, "the host has no such knob")
    } else if !settings.managesKSM {
      verdict.hold(
        write, .notAllowed, "KSM concerns every guest of the host; write safety: {ksm: true}")
    } else {
      others.append(write)
    }
  }

  private func review(
    _ write: HostWrite, _ domain: DomainSnapshot, _ terms: DomainTerms,
    _ snapshot: HostSnapshot, _ proposed: [HostWrite], _ rescues: inout [HostWrite],
    _ shrinking: inout [Shrinking], _ others: inout [HostWrite],
    _ verdict: inout SafetyVerdict
  ) {
    guard domain.isPlausible, let watch = watches[domain.uuid] else { return }
    if let change = watch.change { return verdict.hold(write, .changedByOthers, change) }
    guard domain.isSettled else { return verdict.hold(write, .inTransition, domain.unsettled) }
    if unsupported.contains(write.field) {
      return verdict.hold(write, .unsupported, "the host has no such knob")
    }
    if write.field == .balloonTarget {
      // A guest that has just been rescued gets nothing else this time.
      if rescues.contains(where: { $0.target == write.target && $0.field == write.field }) {
        return
      }
      return reviewBalloon(
        write, domain, terms, watch, snapshot.monotonicTime, &rescues, &shrinking, &verdict)
    }
    var write = write
    raiseQuota(&write, domain, proposed)
    let now = domain.setting(write.field) ?? write.before
    guard let now else { return others.append(write) }
    if now == write.wanted { return }
    if now > 0, write.wanted > 0,
      settings.deadBand.of(Kilohertz(min(now, 1 << 60))).value
        >= max(now, write.wanted) - min(now, write.wanted)
    {
      return verdict.hold(write, .deadBand, "\(now) is near enough")
    }
    others.append(write)
  }

  /// A guest with less than a tenth of a CPU cannot answer its balloon in time.
  private func raiseQuota(
    _ write: inout HostWrite, _ domain: DomainSnapshot, _ proposed: [HostWrite]
  ) {
    let field: HostWrite.Field
    switch write.field {
    case .vcpuQuota: field = .vcpuPeriod
    case .globalQuota: field = .globalPeriod
    default: return
    }
    let target = write.target
    let period =
      proposed.first { $0.target == target && $0.field == field }?.wanted
      ?? domain.setting(field) ?? 100_000
    let least = SafetySettings.quotaLeast.of(Kilohertz(max(0, period))).value
    guard write.wanted >= 0, write.wanted < least else { return }
    write.wanted = least
    write.reason += "; raised to 10 % of a CPU, which a guest needs to answer"
  }

  private func reviewBalloon(
    _ write: HostWrite, _ domain: DomainSnapshot, _ terms: DomainTerms, _ watch: DomainWatch,
    _ time: Int64, _ rescues: inout [HostWrite], _ shrinking: inout [Shrinking],
    _ verdict: inout SafetyVerdict
  ) {
    if let fixed = domain.memoryFixed { return verdict.hold(write, .memoryFixed, fixed) }
    let current = domain.memoryCurrent
    let band = settings.memoryBand(domain)
    var write = write
    write.wanted = min(max(write.wanted, 0), domain.memoryMax)
    let aim = watch.pending?.target ?? current
    if abs(write.wanted - aim) <= band {
      if aim != write.wanted, write.wanted != watch.reached {
        verdict.hold(write, .deadBand, "\(mebibytes(aim)) are near enough")
      }
      return
    }
    // Up at once, also from a target that is still being followed.
    if write.wanted >= current { return rescues.append(write) }
    let refusal = refusal(to: domain, watch, time)
    let least = max(terms.memoryMinimum, domain.traits.memoryMinimum)
    let step = settings.stepDown.of(Bytes(domain.memoryMax)).value
    if write.wanted > aim {
      // It goes on shrinking, less far: as far as it might begin to now, else not at all.
      let floor = domain.guestUsable.map { current - $0 + settings.headroom.value }
      write.wanted =
        refusal == nil ? max(write.wanted, least, floor ?? current, current - step) : current
      write.wanted = min(write.wanted, current)
      return rescues.append(write)
    }
    if let (rule, reason) = refusal { return verdict.hold(write, rule, reason) }
    guard let usable = domain.guestUsable else {
      return verdict.hold(write, .floorUnknown, "the guest does not say what it could spare")
    }
    let floor = max(least, current - usable + settings.headroom.value)
    // libvirt counts memory in KiB.
    let wanted = (max(write.wanted, floor, current - step) + 1_023) / 1_024 * 1_024
    guard wanted <= current - min(band, step) else {
      return verdict.hold(
        write, .atFloor,
        "the guest keeps \(mebibytes(floor)): the larger of its minimum \(mebibytes(least)) and its"
          + " working set \(mebibytes(current - usable)) with headroom"
          + " \(mebibytes(settings.headroom.value))")
    }
    if wanted > write.wanted {
      write.reason +=
        "; on the way to \(mebibytes(write.wanted)), \(mebibytes(wanted)) in this step"
      write.wanted = wanted
    }
    shrinking.append(Shrinking(write: write, name: domain.name))
  }

  /// Why a guest must not be shrunk now.
  private func refusal(
    to domain: DomainSnapshot, _ watch: DomainWatch, _ time: Int64
  ) -> (HeldBack.Rule, String)? {
    if time < watch.quietUntil {
      let left = (watch.quietUntil - time) / 1_000_000_000
      return (watch.quietRule, "it is left in peace for another \(left) s")
    }
    if !domain.traits.deflatesOnOOM && !settings.shrinksWithoutAutodeflate {
      return (
        .noAutodeflate,
        "its balloon has no autodeflate, so a guest that runs out of memory dies"
      )
    }
    if !watch.isReporting(domain, at: time, settings) {
      return (.statisticsStale, "the guest has not reported for \(settings.stalePeriods) periods")
    }
    return nil
  }

  // MARK: One guest at a time

  private struct Shrinking {
    var write: HostWrite
    var name: String
  }

  /// The next in order of names after the one that was shrunk last, unless that one is still on its way.
  private func choose(
    _ candidates: [Shrinking], _ snapshot: HostSnapshot, _ verdict: inout SafetyVerdict
  ) -> [HostWrite] {
    let moving = snapshot.domains.first { domain in
      guard let pending = watches[domain.uuid]?.pending else { return false }
      return pending.target < domain.memoryCurrent
    }
    if let moving {
      for one in candidates {
        verdict.hold(one.write, .oneAtATime, "\(moving.name) is still shrinking")
      }
      return []
    }
    let sorted = candidates.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    let next =
      sorted.first { lastShrunk.utf8.lexicographicallyPrecedes($0.name.utf8) } ?? sorted.first
    guard let next else { return [] }
    for one in sorted where one.name != next.name {
      verdict.hold(one.write, .oneAtATime, "\(next.name) shrinks first")
    }
    return [next.write]
  }

  // MARK: What came of it

  /// A write was performed.
  ///
  /// - Parameter readBack: what the knob says now; nil where it cannot be read.
  public mutating func wrote(
    _ write: HostWrite, readBack: Int64?, in snapshot: HostSnapshot
  ) {
    guard case .domain(let uuid, let name) = write.target, var watch = watches[uuid] else { return }
    guard write.field == .balloonTarget else {
      watch.written[write.field] = readBack ?? write.wanted
      watches[uuid] = watch
      return
    }
    guard let domain = snapshot[name: name] else { return }
    watch.original = watch.original ?? domain.memoryCurrent
    watch.reached = nil
    watch.pending = DomainWatch.Pending(
      target: write.wanted, start: domain.memoryCurrent, nearest: domain.memoryCurrent,
      movedAt: snapshot.monotonicTime)
    watches[uuid] = watch
  }

  /// The host has no such knob: it is not asked again.
  public mutating func lacks(_ field: HostWrite.Field) { unsupported.insert(field) }

  /// Just before a write: whether the knob still says what was written last. If not, the domain is left alone.
  public mutating func finds(_ current: Int64?, before write: HostWrite) -> String? {
    guard case .domain(let uuid, _) = write.target, write.field != .balloonTarget,
      let wrote = watches[uuid]?.written[write.field], let current, current != wrote
    else { return nil }
    let text = "\(write.field.rawValue) is \(current), and \(wrote) was written"
    watches[uuid]?.change = text
    return text
  }
}

extension SafetyVerdict {
  fileprivate mutating func hold(_ write: HostWrite, _ rule: HeldBack.Rule, _ reason: String) {
    heldBack.append(HeldBack(write, rule, reason))
  }
}
