import BallastUnits

extension VMExplanation.Event {
  /// What ended a VM that ran out of memory; nil for other events.
  fileprivate func deathWords(of vm: String) -> String? {
    let details = detail.split(separator: " ").map { $0.split(separator: "=", maxSplits: 1) }
    func told(_ key: String) -> String? {
      details.first { $0.count == 2 && $0[0] == key }.map { String($0[1]) }
    }
    let host = told("host").map { " on \($0)" } ?? ""
    let mapped = told("mapped_mib").map { " It held \($0) MiB." } ?? ""
    let end = "\(vm) is off since \(VMExplanation.clock(time)):"
    switch event {
    case EventKind.oomKill.rawValue:
      return "\(end) the kernel\(host) killed it, as memory was wanted and none could be found."
        + mapped
        + " Nothing has started it again."
    case EventKind.guestOOM.rawValue:
      return "\(end) its guest\(host) ran out of memory and died." + mapped
        + " Nothing has started it again."
    default: return nil
    }
  }
}

extension VMExplanation {
  /// A heading and what is said under it.
  public struct Section: Sendable, Equatable {
    public var title: String
    public var sentences: [String]
    /// Of an entitlement: what the columns hold, then one row per level. Empty elsewhere.
    public var table: [[String]]
    public init(_ title: String, _ sentences: [String], table: [[String]] = []) {
      self.title = title
      self.sentences = sentences
      self.table = table
    }
  }

  /// The whole explanation in plain words and numbers.
  public var sections: [Section] {
    var sections = [Section("State", stateSentences)]
    let standsStill = memoryControl?.standsStill == true
    if let cpu {
      let first = standsStill ? ["\(vm) stands still, so it does not ask for CPU."] : []
      sections.append(Section("CPU", first + cpu.sentences(), table: cpu.headedTable))
    }
    if let memory {
      sections.append(Section("Memory", memory.sentences(), table: memory.headedTable))
    }
    if let memoryControl {
      sections.append(
        Section(
          "Memory reclaim", memoryControl.sentences(of: vm, granted: granted?.memory),
          table: memoryControl.taxed?.table ?? []))
    }
    if let admission { sections.append(Section("Admission", admission.sentences)) }
    var told: [String] = []
    if decisionsBefore > 0 {
      told.append(
        "\(counted(Int64(decisionsBefore), "earlier decision")) \(decisionsBefore == 1 ? "is" : "are") left out."
      )
    }
    for decision in decisions {
      for (index, sentence) in decision.sentences.enumerated() {
        told.append(index == 0 ? "At \(Self.clock(decision.time)): \(sentence)" : "  " + sentence)
      }
    }
    if !told.isEmpty { sections.append(Section("Decisions about it", told)) }
    return sections
  }

  /// Where it stands, and why.
  public var stateSentences: [String] {
    let place =
      pool.isEmpty ? "in cluster \(cluster)" : "in pool \(pool) of cluster \(cluster)"
    var text: [String] = []
    switch state {
    case "on":
      text.append(
        "\(vm) runs on \(host ?? "no host") \(place)\(since("power_on", "restart", "migrate_end"))."
      )
      if let movesTo { text.append("It waits to move to \(movesTo).") }
    case "migrating":
      text.append(
        "\(vm) runs on \(host ?? "no host") \(place) and is moving to \(movesTo ?? "another host")"
          + "\(since("migrate_start")).")
    case "refused":
      text.append("\(vm) is off: its power-on \(place) was refused\(when("refused")).")
      if let refusal { text.append(refusal.words) }
    case "restarting":
      text += restartSentences
    default:
      let ends: [EventKind] = [.powerOff, .oomKill, .guestOOM]
      if let last = last(ends.map(\.rawValue)) {
        text.append(
          last.deathWords(of: vm)
            ?? "\(vm) is off since \(Self.clock(last.time)): it was powered off on \(last.from).")
      } else if time < start {
        text.append("\(vm) is off: the scenario starts it at \(Self.clock(start)).")
      } else {
        text.append("\(vm) is off: nothing has started it.")
      }
    }
    if state != "on" && state != "migrating" { text.append("So it is entitled to nothing now.") }
    if let control = memoryControl {
      if let waiting = control.waiting {
        text.append(
          "It stands still: it waits for \(AdmissionResource.memory.words(waiting)) of memory that it"
            + " cannot be given now.")
      } else if let most = control.stoppedAbove {
        text.append(
          "It is stopped until it holds no more than its target of"
            + " \(AdmissionResource.memory.words(most)).")
      }
    }
    if migrations > 0 || restarts > 0 || downtime > .zero {
      let isDown = state != "on" && state != "migrating"
      text.append(
        "So far: \(counted(migrations, "migration")), \(counted(restarts, "restart")),"
          + " \(isDown ? "down" : "standing still") for \(downtime).")
    }
    return text
  }

  private var restartSentences: [String] {
    guard let restart else { return ["\(vm) is off and waits to be started again."] }
    var text = ["\(vm) is off: its host \(restart.lastHost) failed\(when("power_off"))."]
    if let only = restart.only {
      text.append("It is not started elsewhere; it waits for \(only) to take VMs again.")
    } else if time < restart.notBefore {
      text.append(
        "It is started again at \(Self.clock(restart.notBefore)), when the failure has been detected."
      )
    } else {
      text.append("It is started again as soon as a host has room.")
      if let refusal = decisions.last(where: { $0.kind == .restart })?.refusal {
        text.append(refusal.words)
      }
    }
    return text
  }

  private func since(_ kinds: String...) -> String {
    last(kinds).map { " since \(Self.clock($0.time))" } ?? ""
  }

  private func when(_ kind: String) -> String {
    last([kind]).map { " at \(Self.clock($0.time))" } ?? ""
  }

  /// The last event of these kinds; a change that was refused is none.
  private func last(_ kinds: [String]) -> Event? {
    events.last { kinds.contains($0.event) && !$0.detail.hasPrefix("change=") }
  }

  /// "1d 2h 30m", "20s", "1.5s", "50ms", "0s": as scenarios write times; to milliseconds, rounded half up.
  public static func clock(_ time: SimTime) -> String {
    var rest = time.milliseconds
    var parts: [String] = []
    for (unit, length) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000)] as [(String, Int64)]
    {
      if rest >= length { parts.append("\(rest / length)\(unit)") }
      rest %= length
    }
    if rest > 0 && rest < 1_000 {
      parts.append("\(rest)ms")
    } else if rest > 0 || parts.isEmpty {
      var seconds = decimal(rest, places: 3)
      while seconds.hasSuffix("0") { seconds.removeLast() }
      if seconds.hasSuffix(".") { seconds.removeLast() }
      parts.append("\(seconds)s")
    }
    return parts.joined(separator: " ")
  }
}
