import BallastModel
import BallastUnits

/// A cluster as far as it could be read.
struct ReadCluster {
  var name: String
  /// Nil when a part of it is missing or wrong.
  var spec: ClusterSpec?
  /// The fastest core; nil when a host's clock could not be read.
  var fastestCore: Kilohertz?
}

extension Assembler {
  mutating func readClusters() -> [ReadCluster] {
    guard let list = root["clusters"], list.isList else {
      roster.unreadable = [.clusters, .hosts, .pools]
      return []
    }
    if list.items.isEmpty {
      problems.add(list.place, "there are no clusters", "add one with a name and hosts")
    }
    checkTotal("hosts", list.items.flatMap { $0["hosts"]?.items ?? [] }, list.place)
    var clusterNames: [String: SourcePlace] = [:]
    var hostNames: [String: SourcePlace] = [:]
    var clusters: [ReadCluster] = []
    for value in list.items where value.isMap {
      let name = value["name"]?.text ?? ""
      if !name.isEmpty {
        _ = take([name], of: name, what: "cluster", at: value["name"]!.place, taken: &clusterNames)
        roster.clusters.append(name)
      } else {
        roster.unreadable.insert(.clusters)
      }
      clusters.append(readCluster(value, name: name, hostNames: &hostNames))
    }
    return clusters
  }

  private mutating func readCluster(
    _ value: Value, name: String, hostNames: inout [String: SourcePlace]
  ) -> ReadCluster {
    let hostValues = value["hosts"]?.items ?? []
    if let hosts = value["hosts"], hosts.isList, hostValues.isEmpty {
      problems.add(hosts.place, "cluster \(shown(name)) has no hosts", "add at least one")
    }
    var hosts: [HostEntry] = []
    for host in hostValues {
      if let entry = readHost(host, cluster: name, names: &hostNames) { hosts.append(entry) }
    }
    let pools = readPools(value["pools"], cluster: name, parent: "")
    let isWhole = hosts.count == hostValues.count && !hosts.isEmpty
    return ReadCluster(
      name: name,
      spec: isWhole
        ? ClusterSpec(name: name, hosts: hosts, pools: pools, place: value.place) : nil,
      fastestCore: isWhole ? hosts.map(\.coreRate).max() : nil)
  }

  private mutating func readHost(
    _ value: Value, cluster: String, names: inout [String: SourcePlace]
  ) -> HostEntry? {
    let count = value["count"].map { $0.whole(ObjectName.counts) } ?? 1
    guard let name = value["name"]?.text, let count else {
      roster.unreadable.insert(.hosts)
      return nil
    }
    let all = roster.isTooLarge ? [] : expanded(name, count: count)
    if take(all, of: name, what: "host", at: value["name"]!.place, taken: &names) {
      roster.addHosts(all, entryName: name, cluster: cluster)
    }
    let cpu = value["cpu"]
    guard let cores = cpu?["cores"]?.whole(1...4_096),
      let mhz = cpu?["mhz"]?.plain.flatMap(thousandths), mhz > 0,
      let memory = value["memory"]?.bytes
    else { return nil }
    if mhz > 100_000_000 {
      problems.add(
        cpu!["mhz"]!.place, "a clock of \(Kilohertz(mhz).words) is beyond any processor",
        "write MHz, such as 2600")
      return nil
    }
    if memory == .zero || memory.value > 1 << 50 {
      problems.add(
        value["memory"]!.place, "a host cannot have \(memory.words) of memory",
        "write 1MiB to 1024TiB")
    }
    checkReserve(of: name, memory: memory)
    return HostEntry(
      name: name, count: count, sockets: cpu?["sockets"]?.whole(1...64) ?? 1,
      coresPerSocket: cores, threadsPerCore: cpu?["threads"]?.whole(1...8) ?? 1,
      coreRate: Kilohertz(mhz), memory: memory, swap: readSwap(value["swap"]), place: value.place)
  }

  /// What is kept of every host must leave VMs something.
  private mutating func checkReserve(of host: String, memory: Bytes) {
    guard let written = root["hypervisor"]?["host_reserve"], let reserve = written.bytes,
      memory > .zero, reserve >= memory
    else { return }
    problems.add(
      written.place,
      "host_reserve \(reserve.words) leaves VMs nothing of host \(shown(host)), which has "
        + memory.words, "lower it, or add memory to the host")
  }

  private mutating func readPools(
    _ list: Value?, cluster: String, parent: String
  ) -> [PoolSpec] {
    var pools: [PoolSpec] = []
    var names: [String: SourcePlace] = [:]
    for value in list?.items ?? [] {
      guard let name = value["name"]?.text, !name.isEmpty else {
        roster.unreadable.insert(.pools)
        continue
      }
      _ = take([name], of: name, what: "pool", at: value["name"]!.place, taken: &names)
      let path = parent.isEmpty ? name : "\(parent)/\(name)"
      roster.addPool(cluster: cluster, path: path)
      let inner = readPools(value["pools"], cluster: cluster, parent: path)
      pools.append(
        PoolSpec(
          name: name, cpu: settings(value["cpu"], \.frequency),
          memory: settings(value["memory"], \.bytes), pools: inner, place: value.place))
    }
    return pools
  }

  /// Reservation, limit and shares, held against each other.
  mutating func settings<Amount: Quantity>(
    _ value: Value?, _ amount: (Value) -> Amount?
  ) -> ResourceSettings<Amount> {
    let reservation = value?["reservation"].flatMap(amount)
    let limit = value?["limit"].flatMap(amount)
    if let reservation, let limit, reservation > limit, let place = value?["limit"]?.place {
      problems.add(
        place,
        "limit \(amountWords(limit)) is below reservation \(amountWords(reservation))",
        "raise the limit or lower the reservation")
    }
    return ResourceSettings(
      reservation: reservation ?? .zero, limit: limit, shares: value?["shares"]?.shares,
      expandable: value?["expandable"]?.flag ?? true)
  }

  // MARK: Totals

  /// Machines and memory of all entries together must be countable.
  mutating func checkTotal(_ what: String, _ entries: [Value], _ place: SourcePlace) {
    var total = 0
    var memory: Int128 = 0
    for entry in entries {
      let count = entry["count"]?.whole(ObjectName.counts) ?? 1
      total += count
      memory += Int128(count) * Int128(entry["memory"]?.bytes?.value ?? 0)
    }
    if memory > Int128(Limits.memory) {
      problems.add(
        place, "the \(what) have more than \(Limits.memory >> 40) TiB of memory together",
        "lower a count or a memory")
    }
    guard total > Limits.machines else { return }
    roster.unreadable.formUnion([.hosts, .vms])
    roster.isTooLarge = true
    problems.add(
      place, "\(grouped(total)) \(what) are more than \(grouped(Limits.machines))",
      "lower a count")
  }
}

func amountWords<Amount: Quantity>(_ amount: Amount) -> String {
  switch amount {
  case let rate as Kilohertz: rate.words
  case let size as Bytes: size.words
  default: amount.description
  }
}
