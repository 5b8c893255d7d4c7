import BallastModel
import BallastUnits

/// An entry of `vms:` and what is known of its VMs for later checks.
struct ReadVMEntry {
  var entry: VMEntry
  /// vCPUs × the fastest core of its cluster; nil when not known.
  var cpuSize: Kilohertz?
}

extension Assembler {
  mutating func readVMs(clusters: [ReadCluster]) -> [ReadVMEntry] {
    guard let list = root["vms"], list.isList else {
      roster.unreadable.insert(.vms)
      return []
    }
    checkTotal("VMs", list.items, list.place)
    var names: [String: SourcePlace] = [:]
    var entries: [ReadVMEntry] = []
    for value in list.items where value.isMap {
      let index = entries.count
      let cluster = cluster(of: value, among: clusters)
      let read = readVM(value, cluster: cluster)
      entries.append(read)
      enrol(read.entry, value, index: index, cluster: cluster?.name, names: &names)
    }
    return entries
  }

  private mutating func enrol(
    _ entry: VMEntry, _ value: Value, index: Int, cluster: String?,
    names: inout [String: SourcePlace]
  ) {
    if entry.from != nil { roster.hasTraceVMs = true }
    if let cluster, let pool = entry.pool { roster.usedPools.insert("\(cluster):\(pool)") }
    let isCountKnown = value["count"].map { $0.whole(ObjectName.counts) != nil } ?? true
    guard let name = entry.name, let place = value["name"]?.place, isCountKnown else {
      if entry.from == nil { roster.unreadable.insert(.vms) }
      return
    }
    let isExpanded = entry.from == nil && !roster.isTooLarge
    let all = isExpanded ? expanded(name, count: entry.count) : []
    if take(all, of: name, what: "VM", at: place, taken: &names), isExpanded {
      roster.addVMs(all, entry: index, entryName: name, cluster: cluster)
    }
  }

  private mutating func readVM(_ value: Value, cluster: ReadCluster?) -> ReadVMEntry {
    checkTraceEntry(value)
    checkPool(value, cluster)
    checkHost(value, cluster)
    let vcpus = value["vcpus"]?.whole(1...4_096)
    let memory = value["memory"]?.bytes
    if let memory, memory == .zero || memory.value > 1 << 50 {
      problems.add(
        value["memory"]!.place, "a VM cannot have \(memory.words) of memory",
        "write 1MiB to 1024TiB")
    }
    let cpu = settings(value["cpu"], \.frequency)
    let memorySettings = settings(value["memory_policy"], \.bytes)
    var cpuSize: Kilohertz?
    if let vcpus, let core = cluster?.fastestCore {
      let size = core * Int64(vcpus)
      cpuSize = size
      if cpu.reservation > size, let place = value["cpu"]?["reservation"]?.place {
        problems.add(
          place,
          "reservation \(cpu.reservation.words) is more than the VM can use: \(vcpus) vCPUs × "
            + "\(core.words) = \(size.words)", "lower the reservation or add vCPUs")
      }
    }
    if let memory, memorySettings.reservation > memory,
      let place = value["memory_policy"]?["reservation"]?.place
    {
      problems.add(
        place,
        "reservation \(memorySettings.reservation.words) is more than the VM's memory of "
          + "\(memory.words)", "lower the reservation or add memory")
    }
    let (start, stop) = readStartAndStop(value)
    let entry = VMEntry(
      name: value["name"]?.text, count: value["count"]?.whole(ObjectName.counts) ?? 1,
      from: value["from"]?.text, cluster: value["cluster"]?.text,
      pool: value["pool"]?.text.map(Self.withoutCluster), host: value["host"]?.text,
      vcpus: vcpus, memory: memory, cpu: cpu, memorySettings: memorySettings,
      guestMemory: readGuestMemory(value),
      memoryPolicy: readMemoryPolicy(value["memory_policy"], memory: memory),
      cpuQuota: readQuota(value["cpu"]), affinity: readAffinity(value["affinity"], cluster),
      restartPriority: value["restart_priority"]?.text.flatMap(RestartPriority.init(name:))
        ?? .medium, start: start, stop: stop,
      workload: readWorkload(value["workload"]), place: value.place,
      keyPlaces: Self.keyPlaces(of: value))
    return ReadVMEntry(entry: entry, cpuSize: cpuSize)
  }

  // MARK: Where it belongs

  private mutating func cluster(
    of value: Value, among clusters: [ReadCluster]
  ) -> ReadCluster? {
    guard let named = value["cluster"] else {
      if clusters.count > 1 {
        problems.add(
          value.place, "there are \(clusters.count) clusters, and this entry names none",
          "add cluster: \(clusters[0].name)")
        return nil
      }
      return clusters.first
    }
    guard let text = named.text else { return nil }
    if let cluster = clusters.first(where: { $0.name == text }) { return cluster }
    if !roster.unreadable.contains(.clusters) {
      problems.add(
        named.place, "no cluster is called \(shown(text))",
        nearest(text, in: roster.clusters).map { "did you mean \($0)?" }
          ?? "the clusters are \(listed(roster.clusters, "and"))")
    }
    return nil
  }

  private static func withoutCluster(_ pool: String) -> String {
    pool.firstIndex(of: ":").map { String(pool[pool.index(after: $0)...]) } ?? pool
  }

  private mutating func checkPool(_ value: Value, _ cluster: ReadCluster?) {
    guard let named = value["pool"], let text = named.text, let cluster,
      !roster.unreadable.contains(.pools), !roster.hasPool(text, cluster: cluster.name)
    else { return }
    let pools = roster.pools.filter { $0.cluster == cluster.name }
    problems.add(
      named.place, "cluster \(cluster.name) has no pool \(shown(text))",
      poolRemedy(Self.withoutCluster(text), among: pools))
  }

  private mutating func checkHost(_ value: Value, _ cluster: ReadCluster?) {
    guard let named = value["host"], let text = named.text, let cluster,
      !roster.unreadable.contains(.hosts)
    else { return }
    if let host = roster.host(text) {
      if host.cluster != cluster.name {
        problems.add(
          named.place,
          "host \(shown(text)) belongs to cluster \(host.cluster ?? ""), not \(cluster.name)",
          "name a host of \(cluster.name)")
      }
      return
    }
    let own = roster.hosts.filter { $0.cluster == cluster.name }
    let ofEntry = own.filter { $0.entryName == text }.map(\.name)
    let remedy =
      ofEntry.first.map { "write one of its hosts, \($0) to \(ofEntry[ofEntry.count - 1])" }
      ?? nearest(text, in: own.map(\.name)).map { "did you mean \($0)?" }
      ?? "the hosts are \(listed(Array(own.prefix(10).map(\.name)), "and"))"
    problems.add(named.place, "cluster \(cluster.name) has no host \(shown(text))", remedy)
  }

  private mutating func checkTraceEntry(_ value: Value) {
    guard let from = value["from"] else { return }
    checkTraceName(from)
    if let count = value.entry("count") {
      problems.add(
        count.keyPlace, "an entry with from has one VM per series, so count has no meaning",
        "remove count, or remove from and use a trace in the workload")
    }
  }

  // MARK: When it runs

  private mutating func readStartAndStop(_ value: Value) -> (SimTime, SimTime?) {
    let start = value["start"]?.time ?? .zero
    let stop = value["stop"]?.time
    if let written = value["start"], let duration, duration > .zero,
      start.value >= duration.value
    {
      problems.add(
        written.place, "start \(start.words) is \(outside(start, of: duration))",
        "start it earlier or lengthen the run")
    }
    if let stop, let place = value["stop"]?.place, stop <= start {
      problems.add(
        place, "stop \(stop.words) is not after start \(start.words)", "stop it later")
    }
    return (start, stop)
  }

  // MARK: Quota

  mutating func readQuota(_ cpu: Value?) -> CPUQuota? {
    let written = ["quota", "quota_period", "quota_scope"].compactMap { cpu?.entry($0) }
    guard let first = written.first else { return nil }
    guard profile.hasCPUQuota else {
      let able = HypervisorProfile.catalog.filter(\.hasCPUQuota).map(\.name)
      problems.add(
        first.keyPlace, "\(first.key) needs cgroups, and the profile \(profile.name) has none",
        "write cpu: {limit: …}, or hypervisor: \(listed(able))")
      return nil
    }
    guard let quotaValue = cpu?["quota"] else {
      problems.add(
        first.keyPlace, "\(first.key) has a meaning only beside quota", "add quota: 50ms")
      return nil
    }
    guard let quota = quotaValue.duration else { return nil }
    if quota < .milliseconds(1) {
      problems.add(
        quotaValue.place, "quota \(quota.words) is below 1ms, the least that cgroups take",
        "write 1ms or more")
    }
    let period = cpu?["quota_period"].map { $0.duration } ?? .milliseconds(100)
    guard let period else { return nil }
    if period < .milliseconds(1) || period > .seconds(1) {
      problems.add(
        cpu!["quota_period"]!.place, "quota_period \(period.words) is outside what cgroups take",
        "write 1ms to 1s")
    }
    let scope: CPUQuota.Scope = cpu?["quota_scope"]?.text == "vcpu" ? .vcpu : .vm
    return CPUQuota(quota: quota, period: period, scope: scope)
  }

  // MARK: Places

  /// The places of an entry's values by dotted key, "cpu.limit".
  private static func keyPlaces(of value: Value) -> [String: SourcePlace] {
    var places: [String: SourcePlace] = [:]
    func collect(_ value: Value, _ prefix: String) {
      for entry in value.entries {
        places[prefix + entry.key] = entry.value.place
        collect(entry.value, prefix + entry.key + ".")
      }
    }
    collect(value, "")
    return places
  }
}
