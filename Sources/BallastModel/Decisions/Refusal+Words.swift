import BallastUnits

extension Refusal {
  /// A keyword that never changes: for `vms-summary.csv` and filters.
  public var name: String { kind.rawValue }

  public var kind: RefusalKind {
    switch self {
    case .reservationAboveSize: .reservationAboveSize
    case .limitBelowReservation: .limitBelowReservation
    case .poolReservation: .poolReservation
    case .overcommitted: .overcommitted
    case .hostFit: .hostFit
    case .failoverCapacity: .failoverCapacity
    case .allocationRatio: .allocationRatio
    case .affinityRule: .affinityRule
    case .hostMemory(let shortage): shortage.kind
    case .noHost: .noHost
    case .hostNotOn: .hostNotOn
    case .notMovable: .notMovable
    }
  }

  /// `key=value` pairs in fixed order, for `events.csv`: the reason, then its numbers in MHz or MiB with three
  /// decimals. Names may hold spaces; a pair ends where the next key begins.
  public var detail: String { (["reason=\(name)"] + pairs).joined(separator: " ") }

  private var pairs: [String] {
    switch self {
    case .reservationAboveSize(let resource, let reservation, let size):
      [
        "resource=\(resource.rawValue)", resource.pair("reservation", reservation),
        resource.pair("size", size),
      ]
    case .limitBelowReservation(let resource, let limit, let reservation):
      [
        "resource=\(resource.rawValue)", resource.pair("limit", limit),
        resource.pair("reservation", reservation),
      ]
    case .poolReservation(let shortage): shortage.pairs
    case .overcommitted(let state):
      [
        "resource=\(state.resource.rawValue)", "pool=\(state.pool)",
        state.resource.pair("needed", state.needed),
        state.resource.pair("reserved", state.reserved),
        state.resource.pair("available", state.available),
      ]
    case .hostFit(let shortage):
      [
        "hosts=\(shortage.hosts)", "best=\(shortage.best)",
        AdmissionResource.cpu.pair("cpu_short", shortage.cpuShort.value),
        AdmissionResource.memory.pair("mem_short", shortage.memoryShort.value),
        "fragmented=\(shortage.isFragmented)",
        "larger_than_hosts=\(shortage.isLargerThanHosts)", "excluded=\(shortage.excluded)",
      ]
    case .failoverCapacity(let shortage): shortage.pairs
    case .allocationRatio(let shortage): shortage.pairs
    case .affinityRule(let rule, let hosts): ["hosts=\(hosts)", "rule=\(rule)"]
    case .hostMemory(let shortage): shortage.pairs
    case .noHost: []
    case .hostNotOn(let host, let state): ["host=\(host)", "state=\(state)"]
    case .notMovable(let state): ["state=\(state)"]
    }
  }

  /// One sentence: what was short, by how much, and what would have let it in.
  public var words: String {
    switch self {
    case .reservationAboveSize(let resource, let reservation, let size):
      "It reserves \(resource.words(reservation)) of \(resource.noun) but can use "
        + "\(resource.words(size)) at most; lower the reservation or enlarge the VM."
    case .limitBelowReservation(let resource, let limit, let reservation):
      "Its \(resource.noun) limit of \(resource.words(limit)) is below its reservation of "
        + "\(resource.words(reservation)); raise the limit or lower the reservation."
    case .poolReservation(let shortage): shortage.words
    case .overcommitted(let state): state.words
    case .hostFit(let shortage): shortage.words
    case .failoverCapacity(let shortage): shortage.words
    case .allocationRatio(let shortage): shortage.words
    case .hostMemory(let shortage): shortage.words
    case .affinityRule("must", 1):
      "A rule that must be kept forbids the one host in question; relax the rule, or choose or free a"
        + " host that it allows."
    case .affinityRule("must", let hosts):
      "Rules that must be kept leave none of the \(hosts) hosts that are on; relax a rule, or free a"
        + " host that they allow."
    case .affinityRule(let rule, _):
      "By \(rule) the host takes restarts only; choose another or keep another for failures."
    case .noHost: "No host is on; power one on or wait for one to recover."
    case .hostNotOn(let host, let state):
      "Host \(host) \(state == "failed" ? "has failed" : state == "off" ? "is off" : "is in \(state)")"
        + " and takes nobody; choose another or wait until it is on."
    case .notMovable(let state):
      "It is \(state), and only a VM that runs and is not on its way already can be moved."
    }
  }
}

extension Refusal.PoolShortage {
  fileprivate var pairs: [String] {
    [
      "resource=\(resource.rawValue)", "pool=\(pool)", "bound=\(bound.rawValue)",
      resource.pair("needed", needed), resource.pair("unreserved", unreserved),
      resource.pair("short", short),
      "asked_\(resource.unit)="
        + asks.map { "\($0.pool):\(resource.milli($0.asked))" }.joined(separator: ">"),
    ]
  }

  fileprivate var words: String {
    let first = asks[0]
    var text = "\(shownPool(first.pool)) is asked for \(resource.words(first.asked)) of "
    text += "\(resource.noun) and has \(resource.words(first.unreserved)) unreserved"
    for ask in asks.dropFirst() {
      text += "; \(shownPool(ask.pool)) is asked for the missing \(resource.words(ask.asked))"
      text += " and has \(resource.words(ask.unreserved))"
    }
    let missing = resource.words(short)
    switch bound {
    case .fixed:
      text += ", and its reservation is fixed: raise it by \(missing), make it expandable, or"
      text += " reserve \(missing) less."
    case .limit:
      text += ", and its limit allows no more: raise the limit by \(missing) or reserve"
      text += " \(missing) less."
    case .capacity:
      text +=
        ": \(missing) less reserved, or as much more capacity for reservations, would let it in."
    }
    return text.prefix(1).uppercased() + text.dropFirst()
  }
}

extension Refusal.Overcommitment {
  fileprivate var words: String {
    let excess = clampedDifference(reserved, available)
    let text =
      "\(shownPool(pool)) has \(resource.words(reserved)) of \(resource.noun) reserved and only "
      + "\(resource.words(available)) to back it, so nothing more is admitted: free "
      + "\(resource.words(excess)) or bring capacity back."
    return text.prefix(1).uppercased() + text.dropFirst()
  }
}

extension Refusal.HostShortage {
  fileprivate var words: String {
    var lacks: [String] = []
    if cpuShort > .zero { lacks.append(AdmissionResource.cpu.words(cpuShort.value) + " of CPU") }
    if memoryShort > .zero {
      lacks.append(AdmissionResource.memory.words(memoryShort.value) + " of memory")
    }
    let text =
      (hosts == 1
        ? "Host \(best) has no room" : "None of \(hosts) hosts has room: \(best), the closest,")
      + (hosts == 1 ? ": it lacks " : " lacks ") + lacks.joined(separator: " and ")
    return text + (excluded > 0 ? ", and rules exclude the \(others) on; " : "; ") + remedy
  }

  private var others: String {
    excluded == 1 ? "other host that is" : "\(excluded) other hosts that are"
  }

  private var remedy: String {
    let orRules = excluded > 0 ? ", or relax a rule." : "."
    if isLargerThanHosts {
      return "it reserves more than \(hosts == 1 ? "that host" : "any of them") has when empty,"
        + " so reserve less" + (excluded > 0 ? orRules : " or add a larger host.")
    }
    if isFragmented {
      return "all hosts' room together would do, so moving VMs could make room" + orRules
    }
    if hosts == 1 { return "reserve less or make room there" + orRules }
    return "all hosts' room together would not do, so reserve less"
      + (excluded > 0 ? orRules : " or add a host.")
  }
}

extension Refusal.FailoverShortage {
  fileprivate var pairs: [String] {
    switch count {
    case .slots: ["policy=\(policy)", "slots_used=\(used)", "slots_available=\(available)"]
    case .amount(let resource):
      [
        "policy=\(policy)", "resource=\(resource.rawValue)", resource.pair("used", used),
        resource.pair("available", available),
      ]
    }
  }

  fileprivate var words: String {
    let short = clampedDifference(used, available)
    switch count {
    case .slots:
      return
        "Failover policy \(policy) leaves \(counted(available, "slot")) when the hosts to be spared are "
        + "lost and \(used) would be used: \(counted(short, "slot")) more, "
        + "or smaller reservations, would let it in."
    case .amount(let resource):
      let counting =
        policy == "percentage" && resource == .cpu
        ? ", counting 32 MHz for a VM that reserves none" : ""
      var text =
        "Failover policy \(policy) leaves \(resource.words(available)) of \(resource.noun) to "
        + "reserve and \(resource.words(used)) would be\(counting): \(resource.words(short)) less "
        + "reserved"
      if let capacityShort {
        text += ", or \(resource.words(capacityShort)) more capacity"
        if capacityShort > short { text += " (of which it keeps its part)" }
        if policy == "dedicated" { text += " of the other hosts" }
        text += ","
      }
      return text + " would let it in."
    }
  }
}

extension Refusal.RatioShortage {
  fileprivate var pairs: [String] {
    let numbers: [String]
    switch count {
    case .vcpus:
      numbers = [
        "asked=\(asked)", "used=\(used)", "capacity=\(capacity)", "total=\(total)",
      ]
    case .memory:
      let memory = AdmissionResource.memory
      numbers = [
        memory.pair("asked", asked), memory.pair("used", used),
        memory.pair("capacity", capacity), memory.pair("total", total),
      ]
    }
    return ["count=\(count.rawValue)", "hosts=\(hosts)", "best=\(best)"] + numbers
      + ["ratio=\(Refusal.factor(ratio))"]
  }

  fileprivate var words: String {
    func amount(_ value: Int64) -> String {
      count == .vcpus ? counted(value, "vCPU") : AdmissionResource.memory.words(value)
    }
    let closest = hosts == 1 ? best : "\(best), the closest of \(hosts) hosts,"
    if isLargerThanHost {
      return "It has \(amount(asked)) and \(closest) has "
        + "\(count == .vcpus ? counted(total, "core") : amount(total)); no VM may be larger than its host."
    }
    let short = clampedDifference(asked, clampedDifference(capacity, used))
    return "\(closest) may carry \(amount(capacity)) at allocation "
      + "ratio \(Refusal.factor(ratio)) and carries \(amount(used)): for the VM's "
      + "\(amount(asked)) it is short by \(amount(short)); raise the ratio, add a host or free as much."
  }
}

/// "1 slot", "2 slots".
func counted(_ count: Int64, _ noun: String) -> String {
  "\(count) \(noun)\(count == 1 ? "" : "s")"
}

/// A pool's path in a sentence.
private func shownPool(_ path: String) -> String {
  path.isEmpty ? "the cluster" : "pool \(path)"
}
