import BallastUnits

/// Builds an estate from the tabs of an RVTools export, and notes where they contradict each other.
struct RVToolsReader {
  var estate = ImportedEstate(format: "rvtools")
  var report: ImportReport
  /// Places in `estate.vms`, by name; several where a name occurs twice.
  private var byName: [String: [Int]] = [:]
  /// VM ids, hosts and UUIDs of vInfo, to tell VMs of one name apart.
  private var identities: [(id: String, host: String)] = []

  init(report: ImportReport) { self.report = report }

  mutating func readClusters(_ tab: Tab?) {
    guard let tab, tab.has(Headings.clusterName) else { return }
    for row in tab.sheet.rows {
      let name = tab.text(row, Headings.clusterName)
      guard !name.isEmpty else { continue }
      var cluster = ImportedCluster(name: name, place: tab.place(row))
      if truth(tab.text(row, Headings.haEnabled)) == true {
        var words = "HA is on"
        if let level = tab.whole(row, Headings.failoverLevel, &report), level > 0 {
          words += ", for \(level) host failure(s)"
        }
        let isKept = truth(tab.text(row, Headings.admissionControl)) == true
        words += isKept ? ", with admission control" : ", without admission control"
        cluster.notes.append(words)
      }
      if truth(tab.text(row, Headings.drsEnabled)) == true {
        let behaviour = tab.text(row, Headings.drsBehaviour)
        let rate = tab.text(row, Headings.drsRate)
        cluster.notes.append(
          "DRS is on" + (behaviour.isEmpty ? "" : ", \(behaviour)")
            + (rate.isEmpty ? "" : ", migration rate \(rate)"))
      }
      estate.clusters.append(cluster)
    }
  }

  mutating func readHosts(_ tab: Tab?) {
    guard let tab else { return }
    guard tab.has(Headings.host) else {
      report.add(.ignored, "the tab has no column \"Host\"", at: ImportPlace(tab.name))
      return
    }
    for row in tab.sheet.rows {
      let name = tab.text(row, Headings.host)
      guard !name.isEmpty, name.lowercased() != "host" else {
        report.add(.ignored, "a row without a host", at: tab.place(row))
        continue
      }
      if truth(tab.text(row, Headings.maintenance)) == true {
        report.add(.ignored, "a host in maintenance mode", at: tab.place(row), name)
        continue
      }
      let sockets = tab.whole(row, Headings.sockets, &report) ?? 1
      let cores = tab.whole(row, Headings.cores, &report)
      var perSocket = tab.whole(row, Headings.coresPerCPU, &report)
      if let cores, let perSocket,
        perSocket.multipliedReportingOverflow(by: max(sockets, 1)) != (cores, false)
      {
        report.add(
          .contradiction, "\"# CPU\" × \"Cores per CPU\" is not \"# Cores\"; the product counts",
          at: tab.place(row), "\(name): \(sockets) × \(perSocket), and \(cores)")
      }
      if perSocket == nil, let cores, sockets > 0, cores % sockets == 0 {
        perSocket = cores / sockets
      }
      guard let perSocket, perSocket > 0, sockets > 0,
        let speed = tab.whole(row, Headings.speed, &report), speed > 0,
        let memory = tab.whole(row, Headings.hostMemory, &report), memory > 0,
        perSocket <= 100_000, sockets <= 1_000, speed <= 1_000_000, memory <= 1 << 30
      else {
        report.add(
          .ignored, "a host whose cores, speed or memory make no sense", at: tab.place(row), name)
        continue
      }
      var host = ImportedHost(
        name: name, cluster: tab.text(row, Headings.cluster), place: tab.place(row),
        sockets: sockets, coresPerSocket: perSocket, clock: .megahertz(speed),
        memory: .mebibytes(memory))
      if truth(tab.text(row, Headings.hyperThreads)) == true { host.threadsPerCore = 2 }
      host.cpuUsage = percent(tab, row, Headings.cpuUsage)
      host.memoryUsage = percent(tab, row, Headings.memoryUsage)
      estate.hosts.append(host)
    }
  }

  private mutating func percent(
    _ tab: Tab, _ row: SheetRow, _ headings: [String]
  ) -> PartsPerMillion? {
    guard let value = tab.amount(row, headings, isWhole: false, &report), value >= 0,
      value <= 200_000
    else { return nil }
    return PartsPerMillion(min(value * 10, 1_000_000))
  }

  mutating func readPools(_ tab: Tab?) {
    guard let tab else { return }
    var hasPools = false
    for row in tab.sheet.rows {
      let path = tab.text(row, Headings.poolPath)
      guard let (cluster, names) = poolPath(path) else {
        if !path.isEmpty {
          report.add(.ignored, "a pool whose path is not understood", at: tab.place(row), path)
        }
        continue
      }
      if names.isEmpty { continue }
      hasPools = true
      var pool = ImportedPool(cluster: cluster, path: names, place: tab.place(row))
      let mega: Int64 = 1_000
      pool.cpu = ImportedSettings()
      pool.cpu.reservation = (tab.whole(row, Headings.poolCPUReservation, &report) ?? 0) * mega
      pool.cpu.limit = limit(tab, row, Headings.poolCPULimit, unit: mega)
      pool.cpu.shares = tab.whole(row, Headings.poolCPUShares, &report)
      pool.cpu.isExpandable = isExpandable(tab, row, Headings.poolCPUExpandable)
      pool.memory.reservation =
        tab.whole(row, Headings.poolMemoryReservation, &report).flatMap(Self.mebibytes)?.value ?? 0
      pool.memory.limit = limit(tab, row, Headings.poolMemoryLimit, unit: 1 << 20)
      pool.memory.shares = tab.whole(row, Headings.poolMemoryShares, &report)
      pool.memory.isExpandable = isExpandable(tab, row, Headings.poolMemoryExpandable)
      estate.pools.append(pool)
    }
    for (headings, name) in [
      (Headings.poolCPUExpandable, "CPU expandableReservation"),
      (Headings.poolMemoryExpandable, "Mem expandableReservation"),
    ] where hasPools && !tab.has(headings) {
      report.add(
        .assumed, "a column that is not there; reservations of pools count as expandable",
        at: ImportPlace(tab.name), "\"\(name)\"")
    }
  }

  /// Expandable is the default: of an absent column and of an empty cell.
  private mutating func isExpandable(_ tab: Tab, _ row: SheetRow, _ headings: [String]) -> Bool {
    let text = tab.text(row, headings)
    if text.isEmpty { return true }
    if let value = truth(text) { return value }
    report.add(
      .mended, "a cell that is neither true nor false; the reservation counts as expandable",
      at: tab.place(row, headings), "\"\(text.prefix(40))\"")
    return true
  }

  /// "/Datacenter/Cluster/Resources/gold/web" is gold/web of Cluster; "Resources" alone is the root.
  private func poolPath(_ path: String) -> (cluster: String, names: [String])? {
    let parts = path.split(separator: "/").map(String.init)
    guard let root = parts.firstIndex(of: "Resources"), root > 0 else { return nil }
    return (parts[root - 1], Array(parts[(root + 1)...]))
  }

  /// −1 and an empty cell are no limit.
  private mutating func limit(
    _ tab: Tab, _ row: SheetRow, _ headings: [String], unit: Int64
  ) -> Int64? {
    guard let value = tab.whole(row, headings, &report), value != -1 else { return nil }
    guard value >= 0, value <= 1 << 30 else {
      report.add(
        .mended, "a limit that makes no sense counts as unlimited",
        at: tab.place(row, headings), "\(value)")
      return nil
    }
    return value * unit
  }

  mutating func readInfo(_ tab: Tab) {
    for row in tab.sheet.rows {
      let name = tab.text(row, Headings.vm)
      guard !name.isEmpty, name.lowercased() != "vm" else {
        report.add(.ignored, "a placeholder row without a VM", at: tab.place(row))
        continue
      }
      if truth(tab.text(row, Headings.placeholder)) == true {
        report.add(.ignored, "a placeholder VM of Site Recovery Manager", at: tab.place(row), name)
        continue
      }
      var vm = ImportedVM(name: name, place: tab.place(row))
      vm.isTemplate = truth(tab.text(row, Headings.template)) ?? false
      switch tab.text(row, Headings.power).lowercased() {
      case "poweredon", "powered on", "on": vm.isOn = true
      case "poweredoff", "powered off", "off", "suspended": vm.isOn = false
      case "" where !tab.has(Headings.power): vm.isOn = true
      case let word:
        report.add(
          .mended, "a power state that is not understood; the VM counts as powered on",
          at: tab.place(row, Headings.power), "\(name): \"\(word)\"")
      }
      vm.vcpus = tab.whole(row, Headings.cpus, &report)
      vm.memory = tab.whole(row, Headings.memory, &report).flatMap(Self.mebibytes)
      vm.use.active = tab.whole(row, Headings.activeMemory, &report).flatMap(Self.mebibytes)
      vm.cluster = nonEmpty(tab.text(row, Headings.cluster))
      vm.host = nonEmpty(tab.text(row, Headings.host))
      if let (_, names) = poolPath(tab.text(row, Headings.pool)) { vm.pool = names }
      let priority = tab.text(row, Headings.priority).lowercased()
      if ["highest", "high", "low", "lowest", "disabled"].contains(priority) {
        vm.restartPriority = priority
      }
      byName[name, default: []].append(estate.vms.count)
      identities.append(
        (tab.text(row, Headings.id) + tab.text(row, Headings.uuid), vm.host ?? ""))
      estate.vms.append(vm)
    }
  }

  mutating func readCPU(_ tab: Tab?) {
    guard let tab, tab.has(Headings.vm) else { return }
    for row in tab.sheet.rows {
      guard let index = match(tab, row) else { continue }
      let name = estate.vms[index].name
      if let cpus = tab.whole(row, Headings.cpus, &report), cpus > 0 {
        if let known = estate.vms[index].vcpus, known > 0 {
          if known != cpus {
            report.add(
              .contradiction, "vCPUs of vInfo and vCPU differ; vInfo counts",
              at: tab.place(row, Headings.cpus), "\(name): \(known) and \(cpus)")
          }
        } else {
          estate.vms[index].vcpus = cpus
          report.add(
            .mended, "vInfo has no vCPUs; those of vCPU count", at: tab.place(row, Headings.cpus),
            "\(name): \(cpus)")
        }
      }
      var settings = ImportedSettings()
      settings.reservation =
        tab.whole(row, Headings.reservation, &report).flatMap(Self.megahertz)?.value ?? 0
      settings.limit = limit(tab, row, Headings.limit, unit: 1_000)
      settings.shares = tab.whole(row, Headings.shares, &report)
      estate.vms[index].cpuSettings = settings
      estate.vms[index].use.cpu = tab.whole(row, Headings.overall, &report).flatMap(Self.megahertz)
      estate.vms[index].entitlements.cpu =
        tab.whole(row, Headings.entitlement, &report).flatMap(Self.megahertz)
      estate.vms[index].entitlements.cpuByDRS =
        tab.whole(row, Headings.drsEntitlement, &report).flatMap(Self.megahertz)
    }
  }

  mutating func readMemory(_ tab: Tab?) {
    guard let tab, tab.has(Headings.vm) else { return }
    for row in tab.sheet.rows {
      guard let index = match(tab, row) else { continue }
      let name = estate.vms[index].name
      if let size = tab.whole(row, Headings.memory, &report).flatMap(Self.mebibytes), size.value > 0
      {
        if let known = estate.vms[index].memory, known.value > 0 {
          if known != size {
            report.add(
              .contradiction, "memory of vInfo and vMemory differs; vInfo counts",
              at: tab.place(row, Headings.memory),
              "\(name): \(known.value >> 20) and \(size.value >> 20) MiB")
          }
        } else {
          estate.vms[index].memory = size
          report.add(
            .mended, "vInfo has no memory; that of vMemory counts",
            at: tab.place(row, Headings.memory), "\(name): \(size.value >> 20) MiB")
        }
      }
      var settings = ImportedSettings()
      settings.reservation =
        tab.whole(row, Headings.reservation, &report).flatMap(Self.mebibytes)?.value ?? 0
      settings.limit = limit(tab, row, Headings.limit, unit: 1 << 20)
      settings.shares = tab.whole(row, Headings.shares, &report)
      estate.vms[index].memorySettings = settings
      func mebibytes(_ headings: [String]) -> Bytes? {
        tab.whole(row, headings, &report).flatMap(Self.mebibytes)
      }
      estate.vms[index].use.active = mebibytes(Headings.active) ?? estate.vms[index].use.active
      estate.vms[index].use.consumed = mebibytes(Headings.consumed)
      estate.vms[index].use.ballooned = mebibytes(Headings.ballooned)
      estate.vms[index].use.swapped = mebibytes(Headings.swapped)
      estate.vms[index].entitlements.memory = mebibytes(Headings.entitlement)
      estate.vms[index].entitlements.memoryByDRS = mebibytes(Headings.drsEntitlement)
    }
  }

  mutating func readDisks(_ tab: Tab?) {
    guard let tab, !tab.sheet.rows.isEmpty else { return }
    report.add(
      .ignored, "disks: Ballast does not model them", at: ImportPlace(tab.name),
      "\(tab.sheet.rows.count)")
  }

  /// The VM of vInfo that a row of another tab is about.
  private mutating func match(_ tab: Tab, _ row: SheetRow) -> Int? {
    let name = tab.text(row, Headings.vm)
    guard !name.isEmpty, name.lowercased() != "vm",
      truth(tab.text(row, Headings.placeholder)) != true
    else { return nil }
    guard let candidates = byName[name] else {
      report.add(
        .contradiction, "a VM that vInfo does not have; it is left out", at: tab.place(row), name)
      return nil
    }
    if candidates.count == 1 { return candidates[0] }
    let identity = tab.text(row, Headings.id) + tab.text(row, Headings.uuid)
    let host = tab.text(row, Headings.host)
    if let exact = candidates.first(where: { !identity.isEmpty && identities[$0].id == identity })
      ?? candidates.first(where: { !host.isEmpty && identities[$0].host == host })
    {
      return exact
    }
    report.add(
      .ignored, "a row that fits several VMs of one name", at: tab.place(row), name)
    return nil
  }

  private func nonEmpty(_ text: String) -> String? { text.isEmpty ? nil : text }

  /// nil where an amount cannot be one.
  private static func mebibytes(_ count: Int64) -> Bytes? {
    count >= 0 && count <= 1 << 30 ? .mebibytes(count) : nil
  }

  private static func megahertz(_ count: Int64) -> Kilohertz? {
    count >= 0 && count <= 1 << 30 ? .megahertz(count) : nil
  }
}
