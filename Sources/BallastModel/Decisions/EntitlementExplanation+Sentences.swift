import BallastUnits

extension EntitlementExplanation {
  /// The explanation in words: what the VM gets, what decided it, and what would bring it more. Rates in MHz, memory in
  /// MiB, thousandths where there are any.
  public func sentences() -> [String] {
    var sentences = [summary]
    let own = levels.filter { $0.scope == .host }
    var level = own.count - 1
    while level >= 0 {
      let isDecided = ![.shares, .reservation, .shortfall, .demand].contains(own[level].bound)
      sentences.append(
        capitalised(reason(own[level], below: level > 0 ? own[level - 1] : own[level])))
      if isDecided || own[level].bound == .demand { break }
      level -= 1
    }
    if staticEntitlement != dynamicEntitlement {
      sentences.append(
        "If every VM wanted its whole size, \(vm) would be entitled to \(text(staticEntitlement)).")
    }
    sentences += (levers ?? []).map(text)
    if let otherPolicy {
      sentences.append(Self.words(ofPolicy: otherPolicy))
      if isShort { sentences.append(need(under: otherPolicy)) }
    } else if levers?.isEmpty == true && isShort {
      sentences.append("No single change brings \(vm) more.")
    }
    return sentences
  }

  private var isShort: Bool { dynamicEntitlement < min(observedDemand ?? size, size) }

  /// The change that would help, in words: the nearest to the VM that brings all it wants, else the one that brings most.
  /// Nil where there is none or nobody looked.
  public var closestLever: String? {
    if let otherPolicy { return isShort ? need(under: otherPolicy) : nil }
    let levers = levers ?? []
    let wanted = min(observedDemand ?? size, size)
    // Of equal ones the nearest: `max` would give the last.
    let most = levers.map(\.entitlement).max()
    let chosen =
      levers.first { $0.entitlement >= wanted } ?? levers.first { $0.entitlement == most }
    return chosen.map(text)
  }

  private var summary: String {
    let what = resource == .cpu ? "CPU" : "memory"
    let given = "\(vm) is entitled to \(text(dynamicEntitlement)) of \(what)"
    if let observedDemand { return "\(given); it wants \(text(observedDemand))." }
    return "\(given); nothing has been observed of it yet, so it counts as wanting its whole size,"
      + " \(text(size))."
  }

  /// - Parameter parent: the consumer around this one; for the host itself, the host.
  private func reason(_ level: EntitlementLevel, below parent: EntitlementLevel) -> String {
    let name = text(name: level)
    let among = "\(shares(level)) of \(shares(level, all: true)) shares \(place(parent))"
    switch level.bound {
    case .nothing:
      return level.kind == .vm
        ? "\(name) gets all it wants, and so do the others \(place(parent))."
        : "All wants \(place(level)) are met."
    case .demand:
      return "\(name) gets all it wants; others \(place(parent)) want more."
    case .limit:
      return "\(name) is held by its own limit of \(text(level.limit ?? level.cap))."
    case .size:
      return "\(name) gets its whole size of \(text(size)) and can use no more."
    case .poolLimit:
      return
        "\(name) limits its VMs to \(text(level.limit ?? level.cap))\(part(of: level)) and uses"
        + " all of it: they want \(text(level.wanted))."
    case .capacity:
      return "\(name) has \(text(level.divided)) and all of it is given out: \(text(level.wanted))"
        + " are wanted."
    case .reservation:
      return "\(name) has \(among), which would bring it less than the \(text(level.floor)) it is"
        + " promised: that is what it gets."
    case .shares:
      return "\(name) has \(among), which divides \(text(level.divided)) among"
        + " \(grouped(String(level.siblings))), and gets \(text(level.amount))."
        + (level.reservedBeside.map { reservedWords($0) } ?? "")
    case .shortfall:
      return "\(text(name: parent)) has \(text(level.divided)), less than it has promised: of"
        + " \(text(level.floor)) promised \(name) gets \(text(level.amount))."
    case .poolReservation:
      return
        "\(name) gets \(text(level.amount)), more than the \(text(min(level.wanted, level.cap)))"
        + " it wants, of what is reserved \(place(level.kind == .pool ? level : parent)) and"
        + " not demanded there."
    }
  }

  private func reservedWords(_ beside: EntitlementLevel.Reserved) -> String {
    " Pool \(beside.pool) has \(text(beside.amount)) of that by its reservation of"
      + " \(text(beside.reservation)), whatever the shares."
  }

  /// Where a pool is divided over hosts, of which number the host's limit is a part.
  private func part(of level: EntitlementLevel) -> String {
    let whole = levels.first { $0.scope == .cluster && $0.kind == .pool && $0.name == level.name }
    guard let limit = whole?.limit, limit != level.limit else { return "" }
    return " here, its part of \(text(limit)) in the cluster,"
  }

  private func text(_ lever: EntitlementLever) -> String {
    let result = "would bring \(vm) \(text(lever.entitlement))."
    switch lever.change {
    case .raiseLimit: return "Raising its limit \(span(lever)) \(result)"
    case .raiseShares: return "Raising its shares \(sharesSpan(lever)) \(result)"
    case .raiseReservation: return "Raising its reservation \(span(lever)) \(result)"
    case .raisePoolLimit:
      return "Raising the limit of pool \(lever.subject) \(span(lever)) \(result)"
    case .raisePoolShares:
      return "Raising the shares of pool \(lever.subject) \(sharesSpan(lever)) \(result)"
    case .raisePoolReservation:
      return "Raising the reservation of pool \(lever.subject) \(span(lever)) \(result)"
    case .move: return "Moving it to \(lever.subject) \(result)"
    case .addCapacity: return "More capacity of \(lever.subject), \(span(lever)) \(result)"
    }
  }

  private func span(_ lever: EntitlementLever) -> String {
    let (from, to) = (lever.from ?? 0, lever.to ?? 0)
    return "from \(text(from)) to \(text(to)), by \(text(to - from)),"
  }

  private func sharesSpan(_ lever: EntitlementLever) -> String {
    "from \(grouped(String(lever.from ?? 0))) to \(grouped(String(lever.to ?? 0)))"
      + (lever.vcpus.map { " for each of its \($0) vCPUs" } ?? "")
  }

  // MARK: Words and numbers

  /// A sentence that begins with a word of ours; names stay as they are.
  private func capitalised(_ sentence: String) -> String {
    ["pool ", "host ", "cluster "].contains { sentence.hasPrefix($0) }
      ? sentence.prefix(1).uppercased() + sentence.dropFirst() : sentence
  }

  private func place(_ level: EntitlementLevel) -> String {
    (level.kind == .host ? "on " : "in ") + text(name: level)
  }

  func text(name level: EntitlementLevel) -> String {
    switch level.kind {
    case .cluster: "cluster \(level.name)"
    case .host: "host \(level.name)"
    case .pool: "pool \(level.name)"
    case .vm: level.name
    }
  }

  func shares(_ level: EntitlementLevel, all: Bool = false) -> String {
    let weight = all ? level.siblingWeights : level.weight
    if level.weightPerShare == 1 { return grouped(String(weight)) }
    return trimmed(roundedRatio(weight, by: 1_000, over: level.weightPerShare))
  }

  func text(_ amount: Int64) -> String {
    resource == .cpu
      ? "\(trimmed(amount)) MHz" : "\(trimmed(Bytes(amount).milliMebibytes)) MiB"
  }

  /// Thousandths with as many places as they need, and commas in what stands before the point.
  private func trimmed(_ thousandths: Int64) -> String {
    let parts = decimal(thousandths, places: 3).split(separator: ".")
    var fraction = parts[1]
    while fraction.last == "0" { fraction.removeLast() }
    return grouped(String(parts[0])) + (fraction.isEmpty ? "" : "." + fraction)
  }

  private func grouped(_ digits: String) -> String {
    var text = ""
    for (index, digit) in digits.enumerated() {
      let left = digits.count - index
      if index > 0 && left % 3 == 0 && text != "-" { text += "," }
      text.append(digit)
    }
    return text
  }
}
