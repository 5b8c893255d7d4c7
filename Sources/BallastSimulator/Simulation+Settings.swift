import BallastMachine
import BallastManager
import BallastModel
import BallastUnits

/// Changes of settings and workloads.
extension Simulation {
  func set(
    _ vm: VMIndex, _ workload: GuestWorkload, _ what: String
  ) throws(RunSinkError) {
    machine.setWorkload(vm, workload, at: now)
    if let host = machine.host(of: vm) { controller(of: host).guestChanged(on: host, at: now) }
    try recorder.event(.workload, at: now, subject: world.vms[vm.int].name, detail: what)
  }

  func set(
    _ vm: VMIndex, _ cpu: SettingsChange<Kilohertz>, _ memory: SettingsChange<Bytes>
  ) throws(RunSinkError) {
    let spec = world.vms[vm.int]
    let cluster = clusters[spec.cluster]
    let old = vms[vm.int]
    vms[vm.int].cpu = cpu.applied(to: old.cpu)
    vms[vm.int].memory = memory.applied(to: old.memory)
    if let host = machine.host(of: vm) {
      let settings = settings(of: vm, on: host)
      let refusal = cluster.director.configure(
        cluster.position(of: vm), settings, overhead: world.overhead(of: spec))
      if let refusal {
        vms[vm.int] = old
        lives.log(spec.name, as: .refusal) {
          DecisionRecord(
            time: now, vm: spec.name, kind: .configure, policy: "event", refusal: refusal)
        }
        try recorder.event(
          .refused, at: now, subject: spec.name, detail: "change=set \(refusal.detail)")
        return
      }
      cluster.configure(vm, settings, on: host)
      touched.insert(host)
      freed.insert(spec.cluster)
    } else {
      describe(vm, to: cluster, at: 0)
    }
    try reportChange(of: spec.name, "cpu", from: old.cpu, to: vms[vm.int].cpu)
    try reportChange(of: spec.name, "memory_policy", from: old.memory, to: vms[vm.int].memory)
  }

  func set(
    pool path: String, of cluster: ClusterControl, _ change: PoolChange
  ) throws(RunSinkError) {
    guard let pool = cluster.manager.tree.index(of: path) else {
      preconditionFailure("pools are found when the scenario is read")
    }
    let old = cluster.manager.tree.pools[pool]
    let refusal = cluster.director.configure(
      pool: pool, cpu: change.cpu.applied(to: old.cpu),
      memory: change.memory.applied(to: old.memory))
    if let refusal {
      try recorder.event(
        .refused, at: now, subject: path, detail: "change=set \(refusal.detail)")
      return
    }
    cluster.configure(pool: pool, change)
    let new = cluster.manager.tree.pools[pool]
    touched.formUnion(cluster.hosts)
    if let first = cluster.hosts.first { freed.insert(clusterIndex(of: first)) }
    try reportChange(of: path, "cpu", from: old.cpu, to: new.cpu)
    try reportChange(of: path, "memory", from: old.memory, to: new.memory)
  }

  /// One row per setting that differs.
  private func reportChange<Amount>(
    of subject: String, _ resource: String, from old: ResourceSettings<Amount>,
    to new: ResourceSettings<Amount>
  ) throws(RunSinkError) {
    func text(_ limit: Amount?) -> String { limit.map { "\($0)" } ?? "unlimited" }
    func text(_ shares: SharesSetting?) -> String {
      switch shares {
      case nil: "default"
      case .low: "low"
      case .normal: "normal"
      case .high: "high"
      case .number(let number): "\(number)"
      }
    }
    let differences: [(key: String, from: String, to: String)] = [
      ("reservation", "\(old.reservation)", "\(new.reservation)"),
      ("limit", text(old.limit), text(new.limit)),
      ("shares", text(old.shares), text(new.shares)),
    ]
    for difference in differences where difference.from != difference.to {
      try recorder.event(
        .set, at: now, subject: subject, from: difference.from, to: difference.to,
        detail: "key=\(resource).\(difference.key)")
    }
  }

  func reportOvercommit() throws(RunSinkError) {
    var changes: [(HostIndex, OvercommitChange)] = []
    for host in world.hosts.indices {
      changes += machine.takeOvercommitChanges(HostIndex(host)).map { (HostIndex(host), $0) }
    }
    changes.sort { ($0.1.time, $0.0) < ($1.1.time, $1.0) }
    for (host, change) in changes {
      let capacity = machine.memoryCapacity(of: host)
      let short = change.consumed - capacity
      try recorder.event(
        .overcommitted, at: change.time, subject: machine.spec(of: host).name,
        from: change.isOvercommitted ? "false" : "true",
        to: change.isOvercommitted ? "true" : "false",
        detail: "consumed_mib=\(decimal(change.consumed.milliMebibytes, places: 3))"
          + " capacity_mib=\(decimal(capacity.milliMebibytes, places: 3))"
          + " short_mib=\(decimal(max(short, .zero).milliMebibytes, places: 3))"
          + " reclaim=off")
    }
  }
}
