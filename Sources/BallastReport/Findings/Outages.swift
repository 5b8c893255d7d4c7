/// What a host failure did to a VM.
struct Outage {
  var vm: String
  var seconds: Double
  /// It runs again, or was powered off by order.
  var isBack: Bool
}

extension RunData {
  /// The VMs of failed hosts, in order of their return; those that did not return last, in order of the result files.
  var outages: [Outage] {
    var downSince: [String: Double] = [:]
    var down: [Outage] = []
    for event in events {
      switch event.kind {
      case "power_off" where event.detail == "reason=host_failed":
        downSince[event.subject] = event.time
      case "power_off", "restart":
        if let since = downSince.removeValue(forKey: event.subject) {
          down.append(Outage(vm: event.subject, seconds: event.time - since, isBack: true))
        }
      default: break
      }
    }
    for vm in vms {
      if let since = downSince[vm.name] {
        down.append(Outage(vm: vm.name, seconds: duration - since, isBack: false))
      }
    }
    return down
  }
}

/// VMs that stood still because their host failed, and how long.
func outages(_ data: RunData) -> [Finding] {
  let down = data.outages
  let failed = data.events.filter { $0.kind == "host_failed" }.map {
    "\($0.subject) at \(clock($0.time))"
  }
  guard !failed.isEmpty else { return [] }
  let lost = down.filter { !$0.isBack }
  let total = down.reduce(0) { $0 + $1.seconds }
  let indices = Dictionary(
    data.vms.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  let subjects = down.enumerated().sorted { a, b in
    (b.element.seconds, a.offset) < (a.element.seconds, b.offset)
  }.compactMap { outage in
    indices[outage.element.vm].map {
      (subject: Finding.Subject.vm($0), number: span(outage.element.seconds))
    }
  }
  let hosts = "Failed: \(list(Array(failed.prefix(5))))\(failed.count > 5 ? " and others" : "")."
  guard !down.isEmpty else {
    return [
      Finding(
        .note, "\(count(failed.count, "host", "hosts")) failed and no VM was on it", hosts,
        subjects: [], lever: "", harm: 0)
    ]
  }
  return [
    Finding(
      lost.isEmpty ? .watch : .bad,
      lost.isEmpty
        ? "\(count(down.count, "VM", "VMs")) stood still after a host failure, \(span(total)) in all"
        : "\(count(lost.count, "VM", "VMs")) did not come back after a host failure",
      hosts + " \(count(down.count - lost.count, "VM", "VMs")) started again.",
      subjects: subjects,
      lever: lost.isEmpty
        ? "Detection and restart take their time; only the guests' own redundancy is faster."
        : "Keep room for failures (failover:, admission: strict), or let the host recover.",
      harm: total)
  ]
}

/// Reservations that a host has promised and cannot keep.
func hollowReservations(_ data: RunData) -> [Finding] {
  var names: [String] = []
  var example = ""
  for event in data.events where event.kind == "shortfall" && event.to == "short" {
    if names.isEmpty { example = event.detail }
    if !names.contains(event.subject) { names.append(event.subject) }
  }
  guard let first = names.first else { return [] }
  let indices = Dictionary(
    data.vms.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  let arePools = names.contains { indices[$0] == nil }
  let who =
    arePools
    ? count(names.count, "VM or pool has a reservation", "VMs and pools have reservations")
    : count(names.count, "VM has a reservation", "VMs have reservations")
  return [
    Finding(
      .significant,
      "\(who) that the host cannot keep",
      "\(first): \(example.replacingPairs).",
      subjects: names.compactMap { name in indices[name].map { (.vm($0), "") } },
      lever: "admission: strict refuses what cannot be kept; or lower reservations, or move VMs.",
      harm: Double(names.count))
  ]
}

extension String {
  /// "a=1 b=2" as "a 1, b 2".
  fileprivate var replacingPairs: String {
    split(separator: " ").map { pair in
      pair.split(separator: "=", maxSplits: 1).joined(separator: " ")
    }.joined(separator: ", ")
  }
}
