import BallastUnits

extension VMExplanation {
  /// A heading and what is said under it.
  public struct Section: Sendable, Equatable {
    public var title: String
    public var sentences: [String]
    /// Of an entitlement: one row per level. Empty elsewhere.
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
    if let cpu { sections.append(Section("CPU", cpu.sentences(), table: cpu.table)) }
    if let memory { sections.append(Section("Memory", memory.sentences(), table: memory.table)) }
    if let memoryControl {
      sections.append(
        Section("Memory reclaim", memoryControl.sentences(of: vm, granted: granted?.memory)))
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
      if let last = events.last(where: { $0.event == "power_off" }) {
        text.append(
          "\(vm) is off since \(Self.clock(last.time)): it was powered off on \(last.from).")
      } else if time < start {
        text.append("\(vm) is off: the scenario starts it at \(Self.clock(start)).")
      } else {
        text.append("\(vm) is off: nothing has started it.")
      }
    }
    if state != "on" && state != "migrating" { text.append("So it is entitled to nothing now.") }
    if migrations > 0 || restarts > 0 || downtime > .zero {
      text.append(
        "So far: \(counted(migrations, "migration")), \(counted(restarts, "restart")), standing still for"
          + " \(downtime).")
    }
    return text
  }

  private var restartSentences: [String] {
    guard let restart else { return ["\(vm) is off and waits to be started again."] }
    var text = ["\(vm) is off: its host \(restart.lastHost) failed\(when("power_off"))."]
    if let only = restart.only {
      text.append("It is not started elsewhere; it waits for \(only) to recover.")
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

extension VMExplanation.Memory {
  fileprivate func sentences(of name: String, granted: Int64?) -> [String] {
    let memory = AdmissionResource.memory
    var text: [String] = []
    let active = decimal(roundedRatio(vm.activeFraction.value, by: 1, over: 10), places: 3)
    let error = vm.activeFractionError.map {
      " ± \(decimal(Int64(($0 * 100_000).rounded()), places: 3))"
    }
    text.append(
      "\(name) holds \(memory.words(vm.held)), of which \(active)\(error ?? "") % count as active"
        + "\(error == nil ? "" : " (sampled; standard error)"). It has \(vm.shares) shares.")
    if let idleTax, idleTax > .zero {
      let kept = 1_000_000 - idleTax.value
      text.append(
        "Idle memory is taxed at \(decimal(roundedRatio(idleTax.value, by: 1, over: 10), places: 3)) %,"
          + " so an idle page costs \(decimal(roundedRatio(1_000_000, by: 1_000, over: kept), places: 3))"
          + " times an active one; between \(memory.words(vm.floor)) and \(memory.words(vm.cap)) it is"
          + " entitled to \(memory.words(granted ?? 0)).")
    }
    guard policy != "none" else { return text }
    text.append(
      "Policy \(policy): the host is in state \(state.rawValue) with \(memory.words(free)) free; it acts"
        + " below \(memory.words(wanted)).")
    if vm.target >= 0 {
      text.append(
        "Its target is \(memory.words(vm.target)), between \(memory.words(vm.floor)) and"
          + " \(memory.words(vm.cap)); what holds it there is its \(vm.bound.words).")
    }
    for amount in vm.amounts where amount.bytes != 0 {
      text.append(
        amount.bytes > 0
          ? "By \(amount.technique.rawValue), \(memory.words(amount.bytes)) are to be reclaimed."
          : "The \(amount.technique.rawValue) gives back \(memory.words(-amount.bytes)).")
    }
    if vm.shortage > 0 {
      text.append("No technique could be asked for \(memory.words(vm.shortage)) above the target.")
    }
    if let held = vm.heldBackBy { text.append("Nothing is taken from it: \(held.words).") }
    return text
  }
}

extension MemoryExplanation.Bound {
  fileprivate var words: String {
    switch self {
    case .price: "price (shares paid per page held)"
    case .reservation: "reservation"
    case .limit: "limit"
    case .size: "size"
    }
  }
}

extension MemoryExplanation.Guard {
  fileprivate var words: String {
    switch self {
    case .driverMissing: "the guest has no balloon driver"
    case .statisticsStale: "its statistics are too old"
    case .balloonStuck: "its balloon does not move"
    case .inTransition: "it is starting, stopping or moving"
    case .notShown: "the host does not show it"
    }
  }
}
