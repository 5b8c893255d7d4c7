import BallastMachine
import BallastModel
import BallastTraces
import BallastUnits

extension WorldBuilder {
  /// One VM per name or series, then all in byte-wise order of names.
  mutating func addVMs() {
    var all: [(vm: World.VM, entry: VMEntry, position: Int)] = []
    for entry in scenario.vms {
      guard let cluster = cluster(of: entry) else { continue }
      let vms = entry.from == nil ? counted(entry, cluster) : fromTrace(entry, cluster)
      all += vms.enumerated().map { ($1, entry, $0) }
    }
    all.sort { bytesPrecede($0.vm.name, $1.vm.name) }
    for (earlier, later) in zip(all, all.dropFirst()) where earlier.vm.name == later.vm.name {
      complain(
        later.entry.place, "the VM name \(later.vm.name) occurs twice",
        remedy: "give the entry another name")
    }
    vms = all.map(\.vm)
    entryOfVM = all.map { $0.entry.name ?? "" }
    affinityOfVM = all.map(\.entry.affinity)
    placeOfVM = all.map { $0.entry.place(of: "affinity") }
    positionOfVM = all.map(\.position)
  }

  private mutating func cluster(of entry: VMEntry) -> Int? {
    guard let name = entry.cluster else {
      if scenario.clusters.count == 1 { return 0 }
      complain(
        entry.place, "the entry names no cluster, and there are several",
        remedy: "add cluster: \(scenario.clusters.first?.name ?? "NAME")")
      return nil
    }
    if let index = scenario.clusters.firstIndex(where: { $0.name == name }) { return index }
    complain(entry.place(of: "cluster"), "there is no cluster \(name)")
    return nil
  }

  private mutating func counted(_ entry: VMEntry, _ cluster: Int) -> [World.VM] {
    guard let name = entry.name, let vcpus = entry.vcpus, let memory = entry.memory else {
      complain(entry.place, "an entry without from: needs name, vcpus and memory")
      return []
    }
    var maker = WorkloadMaker(builder: self)
    let vms = expandedNames(name, count: entry.count).enumerated().map { position, vmName in
      vm(
        entry, cluster, name: vmName, vcpus: vcpus, memory: memory,
        workload: maker.make(entry.workload, vm: vmName, position: position))
    }
    problems += maker.problems
    return vms
  }

  private mutating func fromTrace(_ entry: VMEntry, _ cluster: Int) -> [World.VM] {
    guard let traceName = entry.from, let trace = traces[traceName] else { return [] }
    var maker = WorkloadMaker(builder: self)
    var vms: [World.VM] = []
    var unsized = 0
    for series in 0..<trace.seriesCount {
      guard let vcpus = entry.vcpus ?? trace.vcpus(series),
        let memory = entry.memory ?? trace.memory(series)
      else {
        unsized += 1
        continue
      }
      let seriesName = trace.name(series)
      let name = entry.name.map { "\($0)-\(seriesName)" } ?? seriesName
      vms.append(
        vm(
          entry, cluster, name: name, vcpus: vcpus, memory: memory,
          workload: maker.make(
            entry.workload, vm: name, position: series, replaying: (traceName, trace, series),
            place: entry.place(of: "from"))))
    }
    if unsized > 0 {
      complain(
        entry.place(of: "from"),
        "\(unsized) of \(trace.seriesCount) series of \(traceName) do not say how many vCPUs and how much memory their VM has",
        remedy: "add vcpus: and memory: to the entry")
    }
    problems += maker.problems
    return vms
  }

  private func vm(
    _ entry: VMEntry, _ cluster: Int, name: String, vcpus: Int, memory: Bytes,
    workload: GuestWorkload
  ) -> World.VM {
    World.VM(
      name: name, cluster: cluster, pool: entry.pool ?? "",
      host: entry.host.flatMap { host(named: $0, cluster: cluster) }
        .flatMap { hostsDown.contains($0) ? nil : $0 }, vcpus: vcpus,
      memory: memory, cpuSettings: entry.cpu, memorySettings: entry.memorySettings,
      memorySpec: memorySpec(of: entry, configured: memory),
      memoryPolicy: memoryPolicy(of: entry, configured: memory), quota: entry.cpuQuota,
      restartPriority: entry.restartPriority, start: entry.start,
      stop: entry.stop, workload: workload)
  }
}
