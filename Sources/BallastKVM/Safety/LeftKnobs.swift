/// What a restore left because somebody else had changed it, with what it was before Ballast.
///
/// It is nobody's to put back unasked, and no part of what a later controller changes: that one manages the domain anew,
/// from what it finds. It stays on record until somebody insists, the knob says the original again, or the domain ends.
public struct LeftKnobs: Sendable, Equatable, Codable {
  public var domains: [TouchedDomain] = []
  public var hostKnobs: [TouchedKnob] = []
  public init() {}

  var isEmpty: Bool { domains.isEmpty && hostKnobs.isEmpty }
}

extension TouchedHost {
  /// Everything that was ever changed and not put back, with the first original of each knob.
  var withLeft: TouchedHost {
    guard let left else { return self }
    var all = self
    all.left = nil
    for record in left.domains {
      let index = all.domains.firstIndex { $0.uuid == record.uuid && $0.runID == record.runID }
      guard let index else {
        // An older start of a domain that is on record has no knobs any more.
        if !all.domains.contains(where: { $0.uuid == record.uuid }) { all.domains.append(record) }
        continue
      }
      Self.prefer(record.knobs, in: &all.domains[index].knobs)
    }
    Self.prefer(left.hostKnobs, in: &all.hostKnobs)
    return all
  }

  private static func prefer(_ older: [TouchedKnob], in knobs: inout [TouchedKnob]) {
    for knob in older {
      if let index = knobs.firstIndex(where: { $0.field == knob.field }) {
        knobs[index].original = knob.original
      } else {
        knobs.append(knob)
      }
    }
  }

  /// What is on record after a restore.
  ///
  /// - Parameters:
  ///   - plan: what was to be done.
  ///   - failed: what of it was not done: it is still ours.
  func after(_ plan: RestorePlan, failed: [HostWrite]) -> TouchedHost {
    var rest = TouchedHost(connection: connection)
    rest.wallTime = wallTime
    let ours = plan.heldBack.filter { $0.rule != .changedByOthers }.map(\.write) + failed
    let others = plan.heldBack.filter { $0.rule == .changedByOthers }.map(\.write)
    // The records that were planned with: with `insists` those of before, too.
    let planned = plan.insists ? withLeft : self
    rest.domains = Self.records(planned.domains, of: ours)
    rest.hostKnobs = Self.knobs(planned.hostKnobs, of: ours, .host)
    var left = LeftKnobs()
    left.domains = Self.records(withLeft.domains, of: others)
    left.hostKnobs = Self.knobs(withLeft.hostKnobs, of: others, .host)
    rest.left = left.isEmpty ? nil : left
    return rest
  }

  private static func records(
    _ records: [TouchedDomain], of writes: [HostWrite]
  ) -> [TouchedDomain] {
    records.compactMap { record in
      var kept = record
      kept.knobs = knobs(record.knobs, of: writes, .domain(uuid: record.uuid, name: record.name))
      return kept.knobs.isEmpty ? nil : kept
    }
  }

  private static func knobs(
    _ knobs: [TouchedKnob], of writes: [HostWrite], _ target: HostWrite.Target
  ) -> [TouchedKnob] {
    knobs.filter { knob in
      writes.contains { write in
        guard write.field == knob.field else { return false }
        switch (write.target, target) {
        case (.host, .host): return true
        case (.domain(let a, _), .domain(let b, _)): return a == b
        default: return false
        }
      }
    }
  }
}
