import BallastMachine
import BallastModel
import BallastUnits

extension WorldBuilder {
  // MARK: Events

  /// A scheduled event with its subjects; a change of settings and of a workload become two.
  mutating func resolve(_ event: ScheduledEvent) -> [World.Event] {
    switch event.action {
    case .power(let pattern, let on):
      return [World.Event(at: event.at, action: .power(subjects(pattern, event.place), on: on))]
    case .fail(let pattern):
      return [World.Event(at: event.at, action: .fail(hosts(pattern, event.place)))]
    case .recover(let pattern):
      return [World.Event(at: event.at, action: .recover(hosts(pattern, event.place)))]
    case .maintenance(let pattern, let on):
      return [
        World.Event(at: event.at, action: .maintenance(hosts(pattern, event.place), on: on))
      ]
    case .migrate(let pattern, let name):
      let vms = subjects(pattern, event.place)
      guard let target = hosts.indices.first(where: { hosts[$0].name == name }) else {
        complain(event.place, "there is no host \(name)")
        return []
      }
      if let stranger = vms.first(where: { self.vms[$0.int].cluster != clusterOfHost[target] }) {
        complain(
          event.place, "\(self.vms[stranger.int].name) and host \(name) are in different clusters",
          remedy: "name a host of its cluster")
      }
      return [World.Event(at: event.at, action: .migrate(vms, to: HostIndex(target)))]
    case .setPool(let path, let change):
      guard let (cluster, pool) = pool(path, event.place) else { return [] }
      return [World.Event(at: event.at, action: .setPool(cluster: cluster, pool: pool, change))]
    case .setVM(let pattern, let change):
      let vms = subjects(pattern, event.place)
      var events: [World.Event] = []
      if !change.cpu.isEmpty || !change.memory.isEmpty {
        events.append(
          World.Event(
            at: event.at, action: .setVMs(vms, cpu: change.cpu, memory: change.memory)))
      }
      if let workload = change.workload {
        events.append(World.Event(at: event.at, action: newWorkload(workload, of: vms)))
      }
      return events
    }
  }

  private mutating func newWorkload(
    _ spec: WorkloadSpec, of vms: [VMIndex]
  ) -> World.Event.Action {
    var maker = WorkloadMaker(builder: self)
    let workloads = vms.map { vm -> GuestWorkload in
      // What the change leaves out goes on as it was.
      let old = laterWorkloads[vm] ?? self.vms[vm.int].workload
      var new = maker.make(
        spec, vm: self.vms[vm.int].name, position: positionOfVM[vm.int])
      if spec.cpu == nil { new.cpu = old.cpu }
      if spec.memoryActive == nil { new.memoryActive = old.memoryActive }
      if spec.memoryTouched == nil { new.memoryTouched = old.memoryTouched }
      laterWorkloads[vm] = new
      return new
    }
    problems += maker.problems
    let parts: [(name: String, form: DemandForm?)] = [
      ("cpu", spec.cpu), ("memory.active", spec.memoryActive),
      ("memory.touched", spec.memoryTouched),
    ]
    let what = parts.compactMap { part in part.form.map { "\(part.name)=\($0.name)" } }
    return .setWorkload(vms, workloads, what: what.joined(separator: " "))
  }

  /// Hosts by name, entry or glob.
  mutating func hosts(_ pattern: String, _ place: SourcePlace) -> [HostIndex] {
    let found = hosts.indices.filter {
      NamePattern(pattern).matches(hosts[$0].name, entry: hostEntries[$0])
    }
    if found.isEmpty { complain(place, "no host matches \(pattern)") }
    return found.map { HostIndex($0) }
  }

  private mutating func subjects(_ pattern: String, _ place: SourcePlace) -> [VMIndex] {
    let found = matching(pattern)
    if found.isEmpty { complain(place, "no VM matches \(pattern)") }
    return found
  }

  /// "gold/web" in the only cluster that has it, or "CLUSTER:gold/web".
  private mutating func pool(
    _ text: String, _ place: SourcePlace
  ) -> (cluster: Int, pool: String)? {
    for (index, cluster) in scenario.clusters.enumerated() {
      for path in PoolPaths(cluster.pools).paths {
        if NamePattern(text).matchesPool(cluster: cluster.name, path: path) {
          return (index, path)
        }
      }
    }
    complain(place, "there is no pool \(text)")
    return nil
  }

  // MARK: Expectations

  mutating func judgements(manifest: RunManifest) -> [World.Judgement] {
    scenario.expectations.compactMap { expectation in
      target(of: expectation, manifest).map {
        World.Judgement(expectation: expectation, target: $0)
      }
    }
  }

  private mutating func target(
    of expectation: Expectation, _ manifest: RunManifest
  ) -> World.Judgement.Target? {
    switch expectation.question {
    case .metric(let metric): return target(of: metric, expectation, manifest)
    case .events(let kind): return .events(kind, eventGroups(of: expectation, kind))
    case .refusal(let kind):
      return .refusal(kind, vms(of: expectation))
    case .explanation(let at, let resource, let bound):
      let end = SimTime(scenario.duration.value)
      return .explanation(vms(of: expectation), at: at ?? end, resource, bound)
    }
  }

  private mutating func vms(of expectation: Expectation) -> [VMIndex] {
    guard case .vms(let patterns) = expectation.subjects else { return [] }
    return unique(patterns.flatMap { subjects($0, expectation.place) })
  }

  /// Whose rows of `events.csv` count; nil for all.
  private mutating func eventGroups(
    of expectation: Expectation, _ kind: EventKind
  ) -> [World.EventGroup]? {
    func alone(_ name: String) -> World.EventGroup {
      World.EventGroup(name: name, subjects: [name])
    }
    switch expectation.subjects {
    case .run: return nil
    case .vms, .pools:
      if kind.isOfHosts {
        complain(
          expectation.place, "\(kind.rawValue) happens to hosts only, so it would count 0",
          remedy: "write of: {hosts: …}, or no of")
      }
    case .hosts:
      if !kind.isOfHosts {
        complain(
          expectation.place, "\(kind.rawValue) never happens to a host, so it would count 0",
          remedy: "write of: {vms: …} or {pools: …}, or no of")
      }
    }
    switch expectation.subjects {
    case .run: return nil
    case .vms: return vms(of: expectation).map { alone(vms[$0.int].name) }
    case .hosts(let patterns):
      let found = Set(patterns.flatMap { hosts($0, expectation.place) })
      return found.sorted().map { alone(hosts[$0.int].name) }
    case .pools(let patterns):
      let groups = scenario.clusters.flatMap { cluster -> [World.EventGroup] in
        let paths = PoolPaths(cluster.pools).paths
        let matched = paths.filter { path in
          patterns.contains { NamePattern($0).matchesPool(cluster: cluster.name, path: path) }
        }
        return matched.map { path in
          let below = vmsBelow([RunManifest.Pool(cluster: cluster.name, path: path)])
          return World.EventGroup(
            name: path,
            subjects: paths.filter { $0 == path || $0.hasPrefix(path + "/") }
              + below.map { vms[$0.int].name })
        }
      }
      if groups.isEmpty {
        complain(expectation.place, "no pool matches \(patterns.joined(separator: ", "))")
      }
      // Settings of pools change, too, and may be refused; all else happens to the VMs below.
      let isOfVMs = kind != .set && kind != .refused && !kind.isOfHosts
      let paths = Set(scenario.clusters.flatMap { PoolPaths($0.pools).paths })
      let hasVMs = groups.contains { $0.subjects.contains { !paths.contains($0) } }
      if isOfVMs, !groups.isEmpty, !hasVMs {
        complain(
          expectation.place,
          "\(kind.rawValue) happens to VMs, and none is in \(patterns.joined(separator: ", "))",
          remedy: "put VMs into it, or name another pool")
      }
      return groups
    }
  }

  private mutating func target(
    of metric: String, _ expectation: Expectation, _ manifest: RunManifest
  ) -> World.Judgement.Target? {
    let vmColumn = VMColumn.allCases.first { $0.spec.name == metric }
    switch expectation.subjects {
    case .run:
      if metric == "consolidation_ratio" { return .consolidationRatio }
      if let count = World.VMCount(rawValue: metric) { return .count(count, nil) }
    case .vms:
      let found = vms(of: expectation)
      if metric == "admitted" { return .admitted(found) }
      if let count = World.VMCount(rawValue: metric) { return .count(count, found) }
      if let vmColumn { return .vms(vmColumn, found) }
    case .hosts(let patterns):
      let found = Set(patterns.flatMap { hosts($0, expectation.place) })
        .subtracting(hostsDown).sorted()
      // Nobody left to ask about; names that match nothing have been complained about.
      if found.isEmpty { return nil }
      if let column = HostColumn.allCases.first(where: { $0.spec.name == metric }) {
        return .hosts(column, found)
      }
    case .pools(let patterns):
      let rows = manifest.pools.indices.filter { row in
        let pool = manifest.pools[row]
        return !pool.path.isEmpty
          && patterns.contains {
            NamePattern($0).matchesPool(cluster: pool.cluster, path: pool.path)
          }
      }
      if rows.isEmpty {
        complain(expectation.place, "no pool matches \(patterns.joined(separator: ", "))")
      }
      if let column = PoolColumn.allCases.first(where: { $0.spec.name == metric }) {
        return .pools(column, rows)
      }
      let below = vmsBelow(rows.map { manifest.pools[$0] })
      if below.isEmpty {
        complain(expectation.place, "no VM is in \(patterns.joined(separator: ", "))")
      }
      if metric == "admitted" { return .admitted(below) }
      if let count = World.VMCount(rawValue: metric) { return .count(count, below) }
      if let vmColumn { return .vms(vmColumn, below) }
    }
    complain(expectation.place, "\(metric) is no metric of these subjects")
    return nil
  }

  private func vmsBelow(_ pools: [RunManifest.Pool]) -> [VMIndex] {
    vms.indices.filter { vm in
      pools.contains { pool in
        scenario.clusters[vms[vm].cluster].name == pool.cluster
          && (vms[vm].pool == pool.path || vms[vm].pool.hasPrefix(pool.path + "/"))
      }
    }.map { VMIndex($0) }
  }

  private func unique(_ vms: [VMIndex]) -> [VMIndex] { Array(Set(vms)).sorted() }
}

extension DemandForm {
  /// The key it is written with.
  var name: String {
    switch self {
    case .constant: "constant"
    case .steps: "steps"
    case .square: "square"
    case .diurnal: "diurnal"
    case .random: "random"
    case .trace: "trace"
    }
  }
}
