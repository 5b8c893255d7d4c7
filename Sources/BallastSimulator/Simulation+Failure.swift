import BallastMachine
import BallastManager
import BallastModel
import BallastUnits

/// Hosts that fail and recover, and the VMs that start again.
extension Simulation {
  func fail(_ host: HostIndex) throws(RunSinkError) {
    guard lives.hosts[host.int] != .failed else { return }
    let lost = machine.vms(on: host)
    try recorder.event(
      .hostFailed, at: now, subject: name(host), from: lives.hosts[host.int].name, to: "failed",
      detail: "vms=\(lost.count)")
    goingOff.remove(host)
    if lives.hosts[host.int] == .maintenance { maintenanceOnRecovery.insert(host) }
    lives.setState(.failed, of: host)
    let arriving = migrations.vms(goingTo: host)
    // Those that wait first: none of them begins now.
    for vm in arriving + lost where !migrations.isRunning(vm) {
      try giveUpMigration(of: vm, reason: "host_failed")
    }
    for vm in arriving {
      guard let stays = machine.host(of: vm) else { continue }
      try giveUpMigration(of: vm, reason: "host_failed")
      try keep(vm, on: stays)
    }
    let restarts = world.policies.failover.policy != "none"
    let notBefore = now + world.policies.failover.detection + world.policies.failover.restart
    for vm in lost {
      try giveUpMigration(of: vm, reason: "host_failed")
      takeOff(vm, from: host)
      let comesBack = world.vms[vm.int].restartPriority != .disabled
      if comesBack {
        // Without failover it waits for its own host.
        vms[vm.int].restart = ManagedVM.Restart(
          notBefore: restarts ? notBefore : now, only: restarts ? nil : host, lastHost: host)
      }
      lives.goesDown(vm, at: now)
      lives.change(vm) { $0.state = comesBack ? .restarting : .off }
      try recorder.event(
        .powerOff, at: now, subject: world.vms[vm.int].name, from: name(host),
        detail: "reason=host_failed" + (comesBack ? "" : " restart=disabled"))
    }
    setHost(host, .failed, booked: .failed)
    controller(of: host).forgetMemoryState(of: host)
    recorder.shortage.stop(host, at: now)
    if world.knowsMemoryStates { recorder.noteMemoryState(.high, of: host) }
    if restarts { schedule(.restart(cluster: clusterIndex(of: host)), at: notBefore) }
  }

  func recover(_ host: HostIndex) throws(RunSinkError) {
    guard lives.hosts[host.int] == .failed else { return }
    guard maintenanceOnRecovery.remove(host) == nil else {
      setHost(host, .maintenance, booked: .maintenance)
      try recorder.event(
        .hostRecovered, at: now, subject: name(host), from: "failed", to: "maintenance")
      return try switchOffIfEmpty(host)
    }
    setHost(host, .on, booked: .on)
    try recorder.event(
      .hostRecovered, at: now, subject: name(host), from: "failed", to: "on")
    freed.insert(clusterIndex(of: host))
  }

  /// A host changes its state for recorder, machine and cluster.
  func setHost(
    _ host: HostIndex, _ state: HostState, booked: ClusterInventory.HostState
  ) {
    let cluster = cluster(of: host)
    controller(of: host).countSteps(host, through: now, recorder: recorder)
    lives.setState(state, of: host)
    cluster.director.setState(booked, of: cluster.position(of: host))
    let runs = state == .on || state == .maintenance
    machine.setPower(of: host, isOn: runs, at: now)
    touched.insert(host)
  }

  /// Room may have become free at this instant: whoever waits for some tries again.
  func useFreedRoom() throws(RunSinkError) {
    while !freed.isEmpty {
      let clusters = freed.sorted()
      freed.removeAll(keepingCapacity: true)
      for cluster in clusters {
        try restartWaiting(in: cluster)
        try evacuateWaiting(in: cluster)
        try startMigrations()
      }
    }
  }

  func restartWaiting(in index: Int) throws(RunSinkError) {
    let cluster = clusters[index]
    let waiting = cluster.vms.filter { vms[$0.int].restart.map { $0.notBefore <= now } ?? false }
    guard !waiting.isEmpty else { return }
    for vm in waiting { describe(vm, to: cluster, at: 0) }
    let anywhere = waiting.filter { vms[$0.int].restart?.only == nil }
      .map { cluster.position(of: $0) }
    for position in cluster.director.restartOrder(
      waiting.map { (cluster.position(of: $0), world.vms[$0.int].restartPriority) })
    {
      try restart(cluster.vms[position], with: anywhere, in: cluster)
    }
  }

  private func restart(
    _ vm: VMIndex, with others: [Int], in cluster: ClusterControl
  ) throws(RunSinkError) {
    guard let restart = vms[vm.int].restart else { return }
    let spec = world.vms[vm.int]
    let position = cluster.position(of: vm)
    let answer: ClusterDirector.Answer
    if let only = restart.only {
      guard lives.hosts[only.int] == .on else { return }
      answer = cluster.director.powerOn(position, on: cluster.position(of: only))
    } else {
      answer = cluster.director.restart(position, with: others)
    }
    guard let chosen = answer.host else {
      if !restart.wasRefused {
        log(answer, to: .restart, of: vm)
        vms[vm.int].restart?.wasRefused = true
        try recorder.event(
          .refused, at: now, subject: spec.name, from: name(restart.lastHost),
          detail: "change=restart \((answer.refusal ?? .noHost).detail)")
      }
      return
    }
    log(answer, to: .restart, of: vm)
    for host in answer.wakes { try wake(cluster.hosts[host]) }
    let host = cluster.hosts[chosen]
    vms[vm.int].restart = nil
    putOn(vm, host)
    lives.change(vm) { $0.restarts += 1 }
    try recorder.event(
      .restart, at: now, subject: spec.name, from: name(restart.lastHost), to: name(host),
      detail: "priority=\(spec.restartPriority.name)")
  }
}
