import BallastUnits

/// An estate of which everything fits together, so that it can be written as a scenario: who runs, with a size, in
/// a cluster that has hosts, under settings that do not contradict each other.
///
/// Whatever has to be left out, mended or assumed on the way is in the report.
struct Preparation {
  var estate: ImportedEstate
  var report: ImportReport
  let options: ImportOptions
  let path: String

  init(
    _ estate: ImportedEstate, _ options: ImportOptions, _ report: ImportReport
  ) throws(ImportError) {
    self.estate = estate
    self.options = options
    self.report = report
    path = report.source
    leaveOut()
    nameMachines()
    try giveSizes()
    placeInClusters()
    addPools()
    mendSettings()
    if self.estate.vms.isEmpty {
      throw ImportError(
        path, "no VM is left to simulate",
        remedy: estate.vms.isEmpty
          ? "there is none in the export"
          : "\(estate.vms.count) were read; --include-powered-off takes those that are off")
    }
  }

  private mutating func leaveOut() {
    var kept: [ImportedVM] = []
    for vm in estate.vms {
      if vm.isTemplate {
        report.add(.ignored, "a template", at: vm.place, vm.name)
      } else if !vm.isOn && !options.includesPoweredOff {
        report.add(
          .ignored, "a VM that is powered off (--include-powered-off takes it)", at: vm.place,
          vm.name)
      } else {
        kept.append(vm)
      }
    }
    estate.vms = kept
  }

  private mutating func nameMachines() {
    var names = Names()
    for index in estate.hosts.indices {
      let name = names.take(estate.hosts[index].name)
      if name != estate.hosts[index].name {
        let wanted = estate.hosts[index].name
        report.add(
          .mended, sentence(wanted) ?? "a host's name that a scenario cannot have",
          at: estate.hosts[index].place, detail(wanted, name))
      }
      hostNames[estate.hosts[index].name] = hostNames[estate.hosts[index].name] ?? name
      estate.hosts[index].name = name
    }
    for index in estate.vms.indices {
      let name = names.take(estate.vms[index].name)
      if name != estate.vms[index].name {
        let wanted = estate.vms[index].name
        report.add(
          .mended,
          sentence(wanted) ?? "a VM's name that occurs twice or that a scenario cannot have",
          at: estate.vms[index].place, detail(wanted, name))
      }
      estate.vms[index].name = name
    }
  }

  /// nil for names that are short enough.
  private func sentence(_ wanted: String) -> String? {
    wanted.unicodeScalars.count > nameLengthKept
      ? "a name of more than \(nameLengthKept) characters; it is cut, as a scenario allows 200"
      : nil
  }

  private func detail(_ wanted: String, _ name: String) -> String {
    "\(shortened(wanted, to: nameLengthKept)) → \(name)"
  }

  /// A cluster's or pool's name as a scenario may have it; that a name is cut is reported once.
  private mutating func allowed(_ wanted: String, at place: ImportPlace) -> String {
    let name = allowedName(wanted)
    if let sentence = sentence(wanted), cutNames.insert(wanted).inserted {
      report.add(.mended, sentence, at: place, detail(wanted, name))
    }
    return name
  }

  private var cutNames: Set<String> = []

  /// As the export has them → as the scenario does.
  private var hostNames: [String: String] = [:]

  private mutating func giveSizes() throws(ImportError) {
    var kept: [ImportedVM] = []
    var unsized = 0
    for var vm in estate.vms {
      let sized = (vm.vcpus ?? 0) > 0 && (vm.memory?.value ?? 0) > 0
      if !sized, options.vcpus != nil || options.memory != nil {
        report.add(.assumed, "a VM's size, from --vcpus and --memory", at: vm.place, vm.name)
      }
      if (vm.vcpus ?? 0) <= 0 { vm.vcpus = options.vcpus }
      if (vm.memory?.value ?? 0) <= 0 { vm.memory = options.memory }
      guard let vcpus = vm.vcpus, let memory = vm.memory else {
        unsized += 1
        report.add(
          .ignored, "a VM without vCPUs or memory (--vcpus and --memory give them)", at: vm.place,
          vm.name)
        continue
      }
      // The bounds of a scenario, docs/SCENARIO.md#vms-vms.
      guard vcpus <= 4_096, memory.value <= 1 << 50 else {
        report.add(.ignored, "a VM larger than any hypervisor allows", at: vm.place, vm.name)
        continue
      }
      kept.append(vm)
    }
    if kept.isEmpty && unsized > 0 {
      throw ImportError(
        path, "the export does not say how many vCPUs or how much memory its VMs have",
        remedy: "say --vcpus and --memory")
    }
    estate.vms = kept
  }

  /// Matches VMs with hosts, by name as written, without regard to case, then without domain; and makes hosts for
  /// clusters that have none.
  private mutating func placeInClusters() {
    for index in estate.hosts.indices {
      // A host without a cluster is one of its own.
      let cluster = estate.hosts[index].cluster
      estate.hosts[index].cluster =
        cluster.isEmpty
        ? estate.hosts[index].name : allowed(cluster, at: estate.hosts[index].place)
    }
    var exact: [String: Int] = [:]
    var lower: [String: [Int]] = [:]
    var short: [String: [Int]] = [:]
    for (index, host) in estate.hosts.enumerated() {
      exact[host.name] = index
      lower[host.name.lowercased(), default: []].append(index)
      short[Self.withoutDomain(host.name), default: []].append(index)
    }
    let single = onlyCluster
    for index in estate.vms.indices {
      let vm = estate.vms[index]
      var cluster = vm.cluster.map { allowed($0, at: vm.place) }
      var host: Int?
      if let wanted = vm.host {
        let name = hostNames[wanted] ?? allowedName(wanted)
        host =
          exact[name] ?? only(lower[name.lowercased()]) ?? only(short[Self.withoutDomain(name)])
        if host == nil, let near = hostEnding(like: name, in: cluster) {
          host = near
          report.add(
            .mended, "a VM's host, written with another beginning than in vHost", at: vm.place,
            "\(vm.name) on \(wanted), taken for \(estate.hosts[near].name)")
        }
        if host == nil && !estate.hosts.isEmpty {
          report.add(
            .contradiction,
            "the VM's host is not among the export's usable hosts; placement chooses one",
            at: vm.place, "\(vm.name) on \(wanted)")
        }
      }
      if let found = host, let named = cluster, estate.hosts[found].cluster != named {
        report.add(
          .contradiction, "the VM's cluster is not that of its host; the VM's counts",
          at: vm.place, "\(vm.name): \(named), its host is in \(estate.hosts[found].cluster)")
        host = nil
      }
      cluster = cluster ?? host.map { estate.hosts[$0].cluster }
      if cluster == nil, let single {
        cluster = single
        report.add(
          .mended, "a VM without a cluster or a known host; the export's only cluster counts",
          at: vm.place, vm.name)
      }
      estate.vms[index].cluster = cluster ?? "imported"
      estate.vms[index].host = host.map { estate.hosts[$0].name }
    }
    makeMissingHosts()
  }

  private var onlyCluster: String? {
    guard let first = estate.hosts.first?.cluster else { return nil }
    return estate.hosts.allSatisfy { $0.cluster == first } ? first : nil
  }

  /// The only host of the cluster whose name ends like this one, both without domain: sites put prefixes before names
  /// in one place and not in the other.
  private mutating func hostEnding(like name: String, in cluster: String?) -> Int? {
    let wanted = Self.withoutDomain(name)
    guard wanted.count >= 4, let cluster else { return nil }
    let key = cluster + ":" + wanted
    if let found = hostsByEnding[key] { return found }
    let found = only(
      estate.hosts.indices.filter { index in
        guard estate.hosts[index].cluster == cluster else { return false }
        let known = Self.withoutDomain(estate.hosts[index].name)
        return known.count >= 4 && (known.hasSuffix(wanted) || wanted.hasSuffix(known))
      })
    hostsByEnding[key] = .some(found)
    return found
  }

  /// What `hostEnding` found, by cluster and name: many VMs are on one host.
  private var hostsByEnding: [String: Int?] = [:]

  private func only(_ indices: [Int]?) -> Int? { indices?.count == 1 ? indices![0] : nil }

  /// "esx1.example.com" is esx1; an address stays whole.
  private static func withoutDomain(_ name: String) -> String {
    let lower = name.lowercased()
    guard lower.unicodeScalars.contains(where: { $0.properties.isAlphabetic }) else { return lower }
    return lower.split(separator: ".").first.map(String.init) ?? lower
  }

  private mutating func makeMissingHosts() {
    var clusters: [String] = []
    var seen: Set<String> = []
    for vm in estate.vms where seen.insert(vm.cluster!).inserted { clusters.append(vm.cluster!) }
    for cluster in clusters where !estate.hosts.contains(where: { $0.cluster == cluster }) {
      let vms = estate.vms.filter { $0.cluster == cluster }
      let vcpus = vms.reduce(Int64(0)) { $0 + $1.vcpus! * $1.count }
      let memory = vms.reduce(Int64(0)) { $0 + ($1.memory!.value >> 20) * $1.count }
      let perHost = max(1, options.hostMemory.value >> 20)
      let byCPU = (vcpus + options.hostCores * 4 - 1) / max(1, options.hostCores * 4)
      // A host keeps some for itself: a tenth covers every profile's reserve.
      let byMemory = (memory * 11 / 10 + perHost - 1) / perHost
      let count = options.hostCount ?? max(1, byCPU, byMemory)
      let stem = clusters.count == 1 ? "host" : "\(cluster)-host"
      for number in 0..<min(count, 100_000) {
        estate.hosts.append(
          ImportedHost(
            name: allowedName("\(stem)-\(number)"), cluster: cluster, place: ImportPlace("assumed"),
            coresPerSocket: options.hostCores, clock: options.hostClock,
            memory: options.hostMemory))
      }
      report.add(
        .assumed, "hosts, as the export has none of the cluster (--hosts, --host-… change them)",
        at: ImportPlace(cluster),
        "\(count) × \(options.hostCores) cores at \(options.hostClock.value / 1_000) MHz, \(options.hostMemory.value >> 30) GiB"
      )
    }
    for host in estate.hosts
    where !estate.clusters.contains(where: { allowedName($0.name) == host.cluster }) {
      estate.clusters.append(ImportedCluster(name: host.cluster, place: host.place))
    }
    let withHosts = Set(estate.hosts.map(\.cluster))
    for cluster in estate.clusters where !withHosts.contains(allowedName(cluster.name)) {
      report.add(.ignored, "a cluster without usable hosts", at: cluster.place, cluster.name)
    }
    estate.clusters = estate.clusters.filter { withHosts.contains(allowedName($0.name)) }
    for index in estate.clusters.indices {
      estate.clusters[index].name = allowedName(estate.clusters[index].name)
    }
  }

  /// Pools that VMs are in and vRP does not describe get the profile's defaults.
  private mutating func addPools() {
    let clusters = Set(estate.clusters.map(\.name))
    var known: Set<String> = []
    var kept: [ImportedPool] = []
    for var pool in estate.pools {
      pool.cluster = allowedName(pool.cluster)
      let place = pool.place
      pool.path = pool.path.map { allowed($0, at: place) }
      guard clusters.contains(pool.cluster) else {
        report.add(
          .ignored, "a pool of a cluster without usable hosts", at: pool.place,
          pool.path.joined(separator: "/"))
        continue
      }
      if known.insert(Self.key(pool.cluster, pool.path)).inserted { kept.append(pool) }
    }
    func add(_ cluster: String, _ path: [String], _ place: ImportPlace) {
      for length in 1...path.count {
        let part = Array(path.prefix(length))
        guard known.insert(Self.key(cluster, part)).inserted else { continue }
        kept.append(ImportedPool(cluster: cluster, path: part, place: place))
        report.add(
          .assumed, "a pool that vRP does not have, with default settings", at: place,
          part.joined(separator: "/"))
      }
    }
    for pool in kept { add(pool.cluster, pool.path, pool.place) }
    for index in estate.vms.indices where !estate.vms[index].pool.isEmpty {
      let place = estate.vms[index].place
      estate.vms[index].pool = estate.vms[index].pool.map { allowed($0, at: place) }
      add(estate.vms[index].cluster!, estate.vms[index].pool, estate.vms[index].place)
    }
    estate.pools = kept
  }

  private static func key(_ cluster: String, _ path: [String]) -> String {
    cluster + ":" + path.joined(separator: "/")
  }

  /// What a scenario refuses: limits below reservations, reservations above the VM's size, shares out of range.
  private mutating func mendSettings() {
    var fastest: [String: Int64] = [:]
    for host in estate.hosts {
      fastest[host.cluster] = max(fastest[host.cluster] ?? 0, host.clock.value)
    }
    for index in estate.vms.indices {
      var vm = estate.vms[index]
      let fastest = fastest[vm.cluster!] ?? 0
      mend(&vm.cpuSettings, "CPU", size: vm.vcpus! * fastest, vm.place, vm.name)
      mend(&vm.memorySettings, "memory", size: vm.memory!.value, vm.place, vm.name)
      estate.vms[index] = vm
    }
    for index in estate.pools.indices {
      var pool = estate.pools[index]
      let name = pool.path.joined(separator: "/")
      mend(&pool.cpu, "CPU", size: nil, pool.place, name)
      mend(&pool.memory, "memory", size: nil, pool.place, name)
      estate.pools[index] = pool
    }
  }

  private mutating func mend(
    _ settings: inout ImportedSettings, _ resource: String, size: Int64?, _ place: ImportPlace,
    _ name: String
  ) {
    if settings.reservation < 0 { settings.reservation = 0 }
    if let size, settings.reservation > size {
      report.add(
        .mended, "a \(resource) reservation above the VM's size; the size counts", at: place, name)
      settings.reservation = size
    }
    if let limit = settings.limit {
      if limit <= 0 {
        report.add(
          .mended, "a \(resource) limit of 0, which no running VM can have, counts as unlimited",
          at: place, name)
        settings.limit = nil
      } else if limit < settings.reservation {
        report.add(
          .mended, "a \(resource) limit below the reservation; the reservation counts", at: place,
          name)
        settings.limit = settings.reservation
      }
    }
    if let shares = settings.shares, shares < 1 || shares > 1_000_000_000 {
      settings.shares = nil
    }
  }
}
