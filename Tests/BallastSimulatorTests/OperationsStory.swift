import BallastModel
import BallastSimulator
import BallastUnits

/// Keeps all rows of a run, and reads the lives of VMs and hosts out of the events alone: who is on, where, on the way
/// where, refused or waiting. What does not follow from what came before is a fault.
final class OperationsStory: RunSink {
  enum Life: Equatable {
    case off, refused
    case on(String)
    case migrating(from: String, to: String)
    case restarting
  }

  struct VM: Equatable {
    var life = Life.off
    var isAdmitted = true
    var lastHost: String?
    /// How it came to its host: a kind of event and its reason.
    var arrival = ""
    var migrations: Int64 = 0
    var restarts: Int64 = 0
    /// Milliseconds by the events, each of `pieces` rounded.
    var downtime = 0.0
    var pieces = 0
    var downSince: SimTime?
    /// When the running migration stops it.
    var stunAt: SimTime?
    /// It ran for some time of the present sample, and has stopped.
    var hasRun = false
    /// It ran out of memory.
    var isDead = false
    /// Since when it runs, or has been refused.
    var since = SimTime.zero
  }

  struct Host: Equatable {
    var state = "on"
    /// It was failed or off during the whole of the present sample.
    var wasDown = false
  }

  private let world: World
  private(set) var vms: [String: VM]
  private(set) var hosts: [String: Host]
  private(set) var rows: [EventRow] = []
  private(set) var summaries: [VMSummaryRow] = []
  private(set) var faults: [String] = []
  /// Everything that was told, to be compared with another run.
  private(set) var cells: [Int64] = []
  /// Events up to here belong to samples that are checked.
  private var told = 0
  private var sampleStart = SimTime.zero

  init(_ world: World) {
    self.world = world
    vms = Dictionary(uniqueKeysWithValues: world.vms.map { ($0.name, VM()) })
    hosts = Dictionary(uniqueKeysWithValues: world.hosts.map { ($0.name, Host()) })
  }

  func begin(_ manifest: RunManifest) {}

  func write(_ event: EventRow) {
    expect(event.sequence == rows.count, "events are numbered from 0", event)
    rows.append(event)
  }

  func write(_ summary: VMSummaryRow) { summaries.append(summary) }

  /// Cells show the values just before the end of the sample: events at that instant come after it.
  func write(_ sample: SampleRows) {
    tell { $0.time < sample.time }
    for (index, spec) in world.vms.enumerated() {
      let vm = vms[spec.name]!
      let cells = Array(sample.vms[(index * VMColumn.count)..<((index + 1) * VMColumn.count)])
      self.cells += cells
      let state = sample.vmStates[index]
      let isRight =
        switch vm.life {
        case .on: state == .on
        case .migrating: state == .migrating
        // A power-off of a VM that was refused is no event.
        case .refused:
          state == .refused
            || (state == (vm.hasRun ? .off : nil)
              && wasToldToStop(index, after: vm.since, before: sample.time))
        case .restarting: state == .restarting
        // Who dies with the end of a sample is taken off in the next one.
        case .off: state == (vm.hasRun ? .off : nil) || vm.isDead && state == .off
        }
      let who = "\(spec.name) at \(sample.time): "
      fault(unless: isRight, who + "row \(state.map(\.name) ?? "none"), events \(vm.life)")
      if let host = vm.host {
        let shown = Int(sample.vmHosts[index])
        fault(
          unless: shown >= 0 && world.hosts[shown].name == host,
          who + "row on \(shown), events \(host)")
      }
      if state != nil, !vm.hasRun, vm.host == nil {
        let used = cells[VMColumn.cpuUsed.rawValue]
        fault(unless: used == 0 || used == emptyCell, who + "used \(used) while it never ran")
      }
    }
    for (index, spec) in world.hosts.enumerated() {
      let host = hosts[spec.name]!
      let cells = Array(sample.hosts[(index * HostColumn.count)..<((index + 1) * HostColumn.count)])
      self.cells += cells
      let who = "\(spec.name) at \(sample.time): "
      let state = sample.hostStates[index]
      fault(unless: state.name == host.state, who + "row \(state.name), events \(host.state)")
      let (capacity, used) = (
        cells[HostColumn.cpuCapacity.rawValue], cells[HostColumn.cpuUsed.rawValue]
      )
      fault(
        unless: used <= capacity && capacity <= spec.cpuCapacity.value,
        who + "used \(used) of \(capacity)")
      if host.wasDown { fault(unless: capacity == 0, who + "\(capacity) kHz while it is down") }
      let count = vms.values.filter { $0.host == spec.name }.count
      fault(
        unless: cells[HostColumn.vms.rawValue] == Int64(count) * 1_000,
        who + "\(cells[HostColumn.vms.rawValue]) VMs, events \(count)")
    }
    for name in vms.keys { vms[name]!.hasRun = false }
    sampleStart = sample.time
    for name in hosts.keys { hosts[name]!.wasDown = hosts[name]!.isDown }
  }

  /// Reads the events that no sample has shown yet, and the summary.
  func end(at end: SimTime) {
    tell { _ in true }
    for name in vms.keys {
      if let since = vms[name]!.downSince ?? stunned(name, by: end) {
        vms[name]!.addDowntime(from: since, to: end)
      }
    }
    for row in summaries {
      let vm = vms[world.vms[row.vm].name]!
      let who = "summary of \(world.vms[row.vm].name): "
      fault(
        unless: row.lastHost.map { world.hosts[$0].name } == vm.lastHost,
        who + "last host \(row.lastHost ?? -1), events \(vm.lastHost ?? "none")")
      fault(unless: row.isAdmitted == vm.isAdmitted, who + "admitted \(row.isAdmitted)")
      fault(unless: row.isAdmitted == row.refusal.isEmpty, who + "refusal \(row.refusal)")
    }
  }

  private func wasToldToStop(_ vm: Int, after start: SimTime, before end: SimTime) -> Bool {
    firstStop(vm, after: start).map { $0 < end } ?? false
  }

  /// When a VM was next told to stop. That of one which does not run is no event.
  private func firstStop(_ vm: Int, after start: SimTime) -> SimTime? {
    let stops = world.events.compactMap { event in
      guard case .power(let vms, on: false) = event.action else { return nil as SimTime? }
      return vms.contains(VMIndex(vm)) ? event.at : nil
    }
    return (stops + [world.vms[vm].stop].compactMap { $0 }).filter { $0 >= start }.min()
  }

  private func vmIndex(_ name: String) -> Int { world.vms.firstIndex { $0.name == name }! }

  private func stunned(_ name: String, by end: SimTime) -> SimTime? {
    vms[name]!.stunAt.flatMap { $0 < end ? $0 : nil }
  }

  // MARK: Telling

  private func tell(while isDue: (EventRow) -> Bool) {
    while told < rows.count, isDue(rows[told]) {
      let row = rows[told]
      told += 1
      if world.hosts.contains(where: { $0.name == row.subject }) {
        takeHost(row)
      } else if vms[row.subject] != nil {
        takeVM(row)
      }
      // Several rows make one instant.
      if told == rows.count || rows[told].time != row.time { checkInstant(row) }
    }
  }

  /// Nobody runs, or arrives, where nobody can.
  private func checkInstant(_ row: EventRow) {
    for (name, vm) in vms {
      if let host = vm.host {
        expect(!hosts[host]!.isDown, "\(name) runs on \(host), which is down", row)
      }
      if case .migrating(_, let to) = vm.life {
        // Who must be together goes on to where the others are.
        expect(
          hosts[to]!.state == "on" || isBound(name) && hosts[to]!.state == "maintenance",
          "\(name) goes to \(to), \(hosts[to]!.state)", row)
      }
    }
  }

  /// Rules that must be kept say where a VM may be.
  private func isBound(_ name: String) -> Bool {
    !world.clusters[world.vms[vmIndex(name)].cluster].rules.isEmpty
  }

  private func takeHost(_ row: EventRow) {
    guard !["overcommitted", "mem_state", "swap_full"].contains(row.event) else { return }
    expect(hosts[row.subject]!.state == row.from, "was \(hosts[row.subject]!.state)", row)
    let isAllowed: Bool =
      switch row.event {
      case "host_failed": row.to == "failed" && row.from != "failed"
      case "host_recovered": row.from == "failed" && ["on", "maintenance"].contains(row.to)
      case "host_power": [row.from, row.to].sorted() == ["off", "on"]
      case "maintenance":
        row.from == "maintenance" || row.to == "maintenance"
          || row.from == row.to && row.detail.hasPrefix("on_recovery=")
      default: false
      }
    expect(isAllowed, "is no change of a host", row)
    if row.event == "host_failed" {
      let count = vms.values.filter { $0.host == row.subject }.count
      expect(row.detail == "vms=\(count)", "the events put \(count) VMs there", row)
    }
    hosts[row.subject]!.state = row.to
    if row.to == "on" || row.to == "maintenance" { hosts[row.subject]!.wasDown = false }
  }

  private func takeVM(_ row: EventRow) {
    var vm = vms[row.subject]!
    let detail = Self.pairs(row.detail)
    switch row.event {
    case "power_on":
      expect(vm.life == .off || vm.life == .refused, "was \(vm.life)", row)
      vm.isAdmitted = true
      vm.isDead = false
      if let since = vm.downSince { vm.addDowntime(from: since, to: row.time) }
      vm.downSince = nil
      vm.since = row.time
      vm.arrive(at: row.to, "power_on \(detail["placement"] ?? "")")
    case "refused" where detail["change"] == nil:
      expect(vm.life == .off || vm.life == .refused, "was \(vm.life)", row)
      vm.life = .refused
      vm.since = row.time
      vm.isAdmitted = false
    case "refused":
      expect(detail["change"] != "restart" || vm.life == .restarting, "was \(vm.life)", row)
      if detail["reason"] == "not_movable" {
        expect(row.from == vm.host ?? "", "was \(vm.life)", row)
      } else {
        expect(detail["change"] != "migrate" || vm.life == .on(row.from), "was \(vm.life)", row)
      }
    case "migrate_start":
      expect(vm.life == .on(row.from) && row.from != row.to, "was \(vm.life)", row)
      vm.life = .migrating(from: row.from, to: row.to)
      let (duration, downtime) = (Double(detail["duration_s"]!)!, Double(detail["downtime_ms"]!)!)
      vm.stunAt = row.time + SimDuration(Int64(duration * 1e9 - downtime * 1e6))
      vm.arrival = vm.arrival + "|" + (detail["reason"] ?? "")
    case "migrate_end":
      guard case .migrating(let from, let to) = vm.life else {
        fault(unless: false, "\(row): was \(vm.life)")
        return
      }
      let isGivenUp = detail["given_up"] != nil
      expect(row.from == from && row.to == (isGivenUp ? from : to), "was \(vm.life)", row)
      if let stun = vm.stunAt, stun < row.time {
        vm.addDowntime(from: stun, to: row.time)
        if vm.isDead { vm.downSince = row.time }
      }
      vm.stunAt = nil
      let reason = vm.arrival.split(separator: "|").last.map(String.init) ?? ""
      if isGivenUp {
        vm.life = .on(from)
        vm.arrival = vm.arrival.split(separator: "|").first.map(String.init) ?? ""
      } else {
        vm.migrations += 1
        vm.arrive(at: to, "migrate \(reason)")
      }
    case "power_off":
      switch detail["reason"] {
      case "restart_given_up":
        expect(vm.host == nil && vm.downSince != nil, "was \(vm.life)", row)
      default: expect(vm.life == .on(row.from), "was \(vm.life)", row)
      }
      if let since = vm.downSince { vm.addDowntime(from: since, to: row.time) }
      if vm.host != nil, max(vm.since, sampleStart) < row.time { vm.hasRun = true }
      let isFailure = detail["reason"] == "host_failed"
      vm.downSince = isFailure ? row.time : nil
      vm.life = isFailure && detail["restart"] == nil ? .restarting : .off
    case "guest_oom", "oom_kill":
      expect(detail["host"] == vm.host, "was \(vm.life)", row)
      if max(vm.since, sampleStart) < row.time { vm.hasRun = true }
      vm.downSince = row.time
      vm.isDead = true
    case "restart":
      expect(vm.life == .restarting && vm.downSince != nil, "was \(vm.life)", row)
      if let since = vm.downSince { vm.addDowntime(from: since, to: row.time) }
      vm.downSince = nil
      vm.restarts += 1
      vm.since = row.time
      vm.arrive(at: row.to, "restart")
    default: break
    }
    if vm.isDead, case .on = vm.life { vm.life = .off }
    vms[row.subject] = vm
  }

  static func pairs(_ detail: String) -> [String: String] {
    var pairs: [String: String] = [:]
    for pair in detail.split(separator: " ") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 2 { pairs[String(parts[0])] = String(parts[1]) }
    }
    return pairs
  }

  // MARK: Faults

  private func expect(_ holds: Bool, _ what: @autoclosure () -> String, _ row: EventRow) {
    if !holds {
      fault(
        unless: false,
        "\(row.time) \(row.event) \(row.subject) \(row.from)>\(row.to) \(row.detail): \(what())")
    }
  }

  private func fault(unless holds: Bool, _ what: @autoclosure () -> String) {
    if !holds, faults.count < 20 { faults.append(what()) }
  }
}

extension OperationsStory.VM {
  /// Where it runs.
  var host: String? {
    switch life {
    case .on(let host), .migrating(let host, _): host
    default: nil
    }
  }

  mutating func arrive(at host: String, _ how: String) {
    life = .on(host)
    lastHost = host
    arrival = how
  }

  mutating func addDowntime(from since: SimTime, to end: SimTime) {
    downtime += Double((end - since).value) / 1e6
    pieces += 1
  }
}

extension OperationsStory.Host {
  var isDown: Bool { state == "failed" || state == "off" }
}
