import BallastModel
import BallastUnits

extension Assembler {
  mutating func readEvents(
    vms: [ReadVMEntry], clusters: [ReadCluster]
  ) -> [ScheduledEvent] {
    var events: [(event: ScheduledEvent, value: Value)] = []
    for value in root["events"]?.items ?? [] {
      let at = value["at"]?.time
      if let at, let duration, duration > .zero, at.value >= duration.value {
        problems.add(
          value["at"]!.place,
          "the event at \(at.words) is \(outside(at, of: duration))",
          "move it or lengthen the run")
      }
      guard let action = readAction(value), let at else { continue }
      events.append((ScheduledEvent(at: at, action: action, place: value.place), value))
    }
    let ordered = events.enumerated().sorted { a, b in
      (a.element.event.at, a.offset) < (b.element.event.at, b.offset)
    }.map(\.element)
    checkChanges(ordered, vms: vms, clusters: clusters)
    return ordered.map(\.event)
  }

  private mutating func readAction(_ value: Value) -> ScheduledEvent.Action? {
    if let set = value["set"] { return readChange(set) }
    if let power = value["power"] {
      guard let vm = power["vm"], let pattern = vm.text else { return nil }
      _ = matchedVMs(vm)
      return .power(pattern: pattern, on: power["state"]?.text == "on")
    }
    if let hosts = readHosts(value["fail"]) { return .fail(hosts: hosts) }
    if let hosts = readHosts(value["recover"]) { return .recover(hosts: hosts) }
    if let maintenance = value["maintenance"], let hosts = readHosts(maintenance) {
      return .maintenance(hosts: hosts, on: maintenance["state"]?.text != "off")
    }
    if let migrate = value["migrate"] { return readMigration(migrate) }
    return nil
  }

  private mutating func readHosts(_ value: Value?) -> String? {
    guard let host = value?["host"], let text = host.text else { return nil }
    checkHosts(host)
    return text
  }

  private mutating func readMigration(_ value: Value) -> ScheduledEvent.Action? {
    guard let vm = value["vm"], let pattern = vm.text, let to = value["to"], let host = to.text
    else { return nil }
    let moving = matchedVMs(vm)
    guard !roster.unreadable.contains(.hosts) else { return nil }
    guard let target = roster.host(host) else {
      checkHosts(to)
      if roster.hasHost(matching: host) {
        problems.add(
          to.place, "\(shown(host)) means several hosts, and a VM moves to one",
          "write the name of one host")
      }
      return nil
    }
    if let stranger = moving.first(where: { roster.vms[$0].cluster != target.cluster }) {
      let machine = roster.vms[stranger]
      problems.add(
        to.place,
        "host \(shown(host)) belongs to cluster \(target.cluster ?? ""), and \(machine.name) to "
          + "\(machine.cluster ?? "")", "name a host of its cluster")
    }
    return .migrate(pattern: pattern, to: host)
  }

  private mutating func readChange(_ value: Value) -> ScheduledEvent.Action? {
    let isEmpty = !value.entries.contains { $0.key != "vm" && $0.key != "pool" }
    if value.isMap, isEmpty {
      problems.add(
        value.place, "this event changes nothing",
        "add cpu, memory_policy or workload (of a pool: cpu or memory)")
    }
    let cpu = change(value["cpu"], \.frequency)
    if let vm = value["vm"], let pattern = vm.text {
      _ = matchedVMs(vm)
      complainOfGuestTraits(value["workload"])
      return .setVM(
        pattern: pattern,
        VMChange(
          cpu: cpu, memory: change(value["memory_policy"], \.bytes),
          workload: value["workload"].map { readWorkload($0) }))
    }
    if let pool = value["pool"], let path = pool.text {
      _ = matchedPools(pool)
      if NamePattern(path).isGlob {
        problems.add(
          pool.place, "an event sets one pool, and \(shown(path)) is a pattern",
          "write an event per pool")
      }
      return .setPool(
        path: path, PoolChange(cpu: cpu, memory: change(value["memory"], \.bytes)))
    }
    return nil
  }

  private func change<Amount: Quantity>(
    _ value: Value?, _ amount: (Value) -> Amount?
  ) -> SettingsChange<Amount> {
    let limit = value?["limit"]
    return SettingsChange(
      reservation: value?["reservation"].flatMap(amount),
      limit: limit?.text == "unlimited" ? .unlimited : limit.flatMap(amount).map { .amount($0) },
      shares: value?["shares"]?.shares)
  }

  // MARK: What the settings come to

  /// Goes through the events in order of time and looks at the settings after each: a reservation
  /// above the limit or above the VM's size is as wrong at 02:00 as at the start.
  private mutating func checkChanges(
    _ events: [(event: ScheduledEvent, value: Value)], vms: [ReadVMEntry],
    clusters: [ReadCluster]
  ) {
    var cpuOfVM: [Int: ResourceSettings<Kilohertz>] = [:]
    var memoryOfVM: [Int: ResourceSettings<Bytes>] = [:]
    var cpuOfPool: [String: ResourceSettings<Kilohertz>] = [:]
    var memoryOfPool: [String: ResourceSettings<Bytes>] = [:]
    let pools = Self.poolSettings(clusters)
    for (event, value) in events {
      guard let set = value["set"] else { continue }
      switch event.action {
      case .setVM(let pattern, let change) where !change.cpu.isEmpty || !change.memory.isEmpty:
        for index in roster.vms(matching: pattern) {
          let machine = roster.vms[index]
          let read = vms[machine.entry]
          let cpu = change.cpu.applied(to: cpuOfVM[index] ?? read.entry.cpu)
          let memory = change.memory.applied(to: memoryOfVM[index] ?? read.entry.memorySettings)
          cpuOfVM[index] = cpu
          memoryOfVM[index] = memory
          // One VM of a pattern speaks for all.
          if complain(cpu, size: read.cpuSize, of: machine.name, set["cpu"])
            || complain(memory, size: read.entry.memory, of: machine.name, set["memory_policy"])
          {
            break
          }
        }
      case .setPool(let path, let change):
        for index in roster.pools(matching: path).prefix(1) {
          let key = "\(roster.pools[index].cluster):\(roster.pools[index].path)"
          guard let start = pools[key] else { continue }
          let cpu = change.cpu.applied(to: cpuOfPool[key] ?? start.cpu)
          let memory = change.memory.applied(to: memoryOfPool[key] ?? start.memory)
          cpuOfPool[key] = cpu
          memoryOfPool[key] = memory
          _ = complain(cpu, size: nil, of: path, set["cpu"])
          _ = complain(memory, size: nil, of: path, set["memory"])
        }
      default: break
      }
    }
  }

  private mutating func complain<Amount: Quantity>(
    _ settings: ResourceSettings<Amount>, size: Amount?, of name: String, _ value: Value?
  ) -> Bool {
    guard let value, let place = value["limit"]?.place ?? value["reservation"]?.place else {
      return false
    }
    let reservation = amountWords(settings.reservation)
    if let limit = settings.limit, settings.reservation > limit {
      problems.add(
        place, "limit \(amountWords(limit)) is below reservation \(reservation) of \(name) here",
        "raise the limit or lower the reservation, which may be set elsewhere")
      return true
    }
    if let size, settings.reservation > size {
      problems.add(
        value["reservation"]?.place ?? place,
        "reservation \(reservation) is more than \(name) can use, \(amountWords(size))",
        "lower the reservation")
      return true
    }
    return false
  }

  private static func poolSettings(_ clusters: [ReadCluster]) -> [String: PoolSpec] {
    var settings: [String: PoolSpec] = [:]
    func collect(_ pools: [PoolSpec], _ prefix: String) {
      for pool in pools {
        settings[prefix + pool.name] = pool
        collect(pool.pools, prefix + pool.name + "/")
      }
    }
    for cluster in clusters { collect(cluster.spec?.pools ?? [], cluster.name + ":") }
    return settings
  }
}
