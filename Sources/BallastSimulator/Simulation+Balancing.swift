import BallastMachine
import BallastManager
import BallastModel
import BallastUnits

/// Balancing, power management of hosts, and maintenance.
extension Simulation {
  func scheduleBalance(of cluster: Int, after time: SimTime) {
    guard let interval = clusters[cluster].director.balancingInterval else { return }
    let next = time + interval
    if next.value < world.duration.value { schedule(.balance(cluster: cluster), at: next) }
  }

  func balance(_ index: Int) throws(RunSinkError) {
    let cluster = clusters[index]
    noteDemand(in: cluster)
    guard let outcome = cluster.director.balance(at: now) else { return }
    if outcome.next.value < world.duration.value {
      schedule(.balance(cluster: index), at: max(outcome.next, SimTime(now.value + 1)))
    }
    for host in outcome.powerOn { try wake(cluster.hosts[host]) }
    for host in outcome.powerOff { goingOff.insert(cluster.hosts[host]) }
    try carryOut(outcome.moves, in: cluster, by: world.policies.balancing.policy)
    for host in outcome.powerOff { try switchOffIfEmpty(cluster.hosts[host]) }
  }

  /// Tells the cluster what its hosts have observed.
  private func noteDemand(in cluster: ClusterControl) {
    for manager in cluster.managers {
      for vm in manager.vms {
        cluster.director.note(
          cluster.position(of: vm), cpuDemand: manager.observedDemand(of: vm)?.value,
          memoryDemand: manager.observedMemoryDemand(of: vm)?.value)
      }
    }
  }

  // MARK: Power of hosts

  /// The cluster has taken a host out of standby.
  func wake(_ host: HostIndex) throws(RunSinkError) {
    goingOff.remove(host)
    guard lives.hosts[host.int] == .off else { return }
    setHost(host, .on, booked: .on)
    try recorder.event(.hostPower, at: now, subject: name(host), from: "off", to: "on")
  }

  func switchOffIfEmpty(_ host: HostIndex) throws(RunSinkError) {
    guard machine.vmCount(on: host) == 0, migrations.arriving(at: host) == 0 else { return }
    if goingOff.contains(host), lives.hosts[host.int] == .on {
      goingOff.remove(host)
      setHost(host, .off, booked: .standby)
      try recorder.event(.hostPower, at: now, subject: name(host), from: "on", to: "off")
    } else if lives.hosts[host.int] == .maintenance, machine.cpuCapacity(of: host) > .zero {
      machine.setPower(of: host, isOn: false, at: now)
      touched.insert(host)
      try recorder.event(
        .maintenance, at: now, subject: name(host), from: "maintenance", to: "maintenance",
        detail: "vms=0")
    }
  }

  // MARK: Maintenance

  func beginMaintenance(of host: HostIndex) throws(RunSinkError) {
    let state = lives.hosts[host.int]
    if state == .failed { return try order(maintenance: true, onRecoveryOf: host) }
    guard state == .on || state == .off else { return }
    try recorder.event(
      .maintenance, at: now, subject: name(host), from: state.name, to: "maintenance",
      detail: "vms=\(machine.vmCount(on: host))")
    goingOff.remove(host)
    setHost(host, .maintenance, booked: .maintenance)
    let cluster = cluster(of: host)
    noteDemand(in: cluster)
    let evacuation = cluster.director.evacuate(cluster.position(of: host))
    try carryOut(evacuation.moves, in: cluster, by: "maintenance")
    for stranded in evacuation.stranded {
      let vm = cluster.vms[stranded.vm]
      if let stays = machine.host(of: vm), stays != host,
        cluster.director.mayStay(stranded.vm, on: cluster.position(of: stays))
      {
        try giveUpMigration(of: vm, reason: "maintenance")
        try keep(vm, on: stays)
        continue
      }
      try recorder.event(
        .maintenance, at: now, subject: name(host), from: "maintenance", to: "maintenance",
        detail: "waits_for=\(world.vms[vm.int].name) "
          + stranded.detail)
    }
    try switchOffIfEmpty(host)
  }

  /// A VM whose migration was given up is booked where it runs; a host that was to be switched off for that stays on.
  func keep(_ vm: VMIndex, on host: HostIndex) throws(RunSinkError) {
    let cluster = cluster(of: host)
    cluster.director.stay(cluster.position(of: vm), on: cluster.position(of: host))
    if goingOff.remove(host) != nil {
      cluster.director.setState(.on, of: cluster.position(of: host))
    }
    freed.insert(clusterIndex(of: host))
    try dropWaiting(for: host)
  }

  /// VMs that could not leave a host in maintenance try again.
  func evacuateWaiting(in index: Int) throws(RunSinkError) {
    let cluster = clusters[index]
    for (position, host) in cluster.hosts.enumerated()
    where lives.hosts[host.int] == .maintenance && machine.vmCount(on: host) > 0
      && !cluster.director.inventory.vms(on: position).isEmpty
    {
      try carryOut(cluster.director.evacuate(position).moves, in: cluster, by: "maintenance")
    }
  }

  /// An order to a host that has failed counts once it is back.
  private func order(
    maintenance: Bool, onRecoveryOf host: HostIndex
  ) throws(RunSinkError) {
    guard maintenanceOnRecovery.contains(host) != maintenance else { return }
    if maintenance {
      maintenanceOnRecovery.insert(host)
    } else {
      maintenanceOnRecovery.remove(host)
    }
    try recorder.event(
      .maintenance, at: now, subject: name(host), from: "failed", to: "failed",
      detail: "on_recovery=\(maintenance ? "maintenance" : "on")")
  }

  func endMaintenance(of host: HostIndex) throws(RunSinkError) {
    if lives.hosts[host.int] == .failed {
      return try order(maintenance: false, onRecoveryOf: host)
    }
    guard lives.hosts[host.int] == .maintenance else { return }
    setHost(host, .on, booked: .on)
    freed.insert(clusterIndex(of: host))
    try recorder.event(
      .maintenance, at: now, subject: name(host), from: "maintenance", to: "on")
  }
}

extension Evacuation.Stranded {
  fileprivate var detail: String {
    switch reason {
    case .notMovable: "reason=not_movable"
    case .noHost(let decision):
      "reason=\(decision.refusals.kind.rawValue) not_on=\(decision.refusals.notOn)"
        + " rule=\(decision.refusals.rule) cpu=\(decision.refusals.cpu)"
        + " memory=\(decision.refusals.anyMemory)"
    }
  }
}

extension PlacementDecision.Refusals {
  /// What would have to change: room where hosts lacked only that, else a rule, else a host.
  fileprivate var kind: RefusalKind {
    if cpu + anyMemory > 0 { return .hostFit }
    return rule > 0 ? .affinityRule : .noHost
  }
}
