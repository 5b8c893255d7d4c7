import BallastMachine
import BallastManager
import BallastModel
import BallastUnits

/// What happens to memory, for `events.csv`, and VMs that die of it.
extension Simulation {
  /// Writes what has happened since the last report, in order of time.
  func reportMemory() throws(RunSinkError) {
    guard world.memory != nil else { return }
    var rows: [(time: SimTime, host: HostIndex, what: Happening)] = []
    for controller in controllers {
      rows += controller.takeStateChanges().map { ($0.time, $0.host, .state($0)) }
      rows += controller.takePromiseChanges().map { ($0.time, $0.host, .promise($0)) }
    }
    for host in world.hosts.indices {
      rows += machine.takeMemoryHappenings(HostIndex(host)).map {
        ($0.time, HostIndex(host), .memory($0))
      }
    }
    // The sort is stable: what happened on one host at one time stays in its order.
    rows.sort { ($0.time, $0.host) < ($1.time, $1.host) }
    for row in rows {
      switch row.what {
      case .state(let change): try report(change)
      case .promise(let change): try report(change)
      case .memory(let happening): try report(happening, on: row.host)
      }
    }
  }

  /// Tells clusters whose guests hold their memory what each can be brought down to, before anybody is admitted.
  func noteMemoryLeast() {
    guard countsOnBalloons else { return }
    for cluster in clusters {
      for (position, host) in cluster.hosts.enumerated() {
        machine.forEachVM(on: host) { vm in
          let least = cluster.managers[position].memoryLeast(
            of: vm, machine.memoryReadings(of: vm), configured: world.vms[vm.int].memory, at: now)
          cluster.director.note(cluster.position(of: vm), memoryLeast: least?.value)
        }
      }
    }
  }

  private enum Happening {
    case state(MemoryStateChange)
    case promise(PoolPromiseChange)
    case memory(MemoryHappening)
  }

  private func report(_ change: MemoryStateChange) throws(RunSinkError) {
    recorder.shortage.change(change.host, to: change.to, at: change.time)
    try recorder.event(
      .memoryState, at: change.time, subject: name(change.host), from: change.from.rawValue,
      to: change.to.rawValue,
      detail: "free_mib=\(decimal(change.free.milliMebibytes, places: 3))"
        + " wanted_mib=\(decimal(change.wanted.milliMebibytes, places: 3))")
  }

  private func report(_ change: PoolPromiseChange) throws(RunSinkError) {
    let tree = cluster(of: change.host).manager.tree
    let backed = change.isShort ? change.pool.backed : change.pool.promised
    try recorder.event(
      .shortfall, at: change.time, subject: tree.pools[change.pool.pool].path,
      from: change.isShort ? "kept" : "short", to: change.isShort ? "short" : "kept",
      detail: "host=\(name(change.host))"
        + " mem_reservation_mib=\(decimal(Bytes(change.pool.promised).milliMebibytes, places: 3))"
        + " mem_backed_mib=\(decimal(Bytes(backed).milliMebibytes, places: 3))")
  }

  private func report(
    _ happening: MemoryHappening, on host: HostIndex
  ) throws(RunSinkError) {
    // Who was stopped at the same instant, or has been started again, did not die.
    if happening.isDeath, let vm = happening.vm {
      guard machine.host(of: vm) == host, machine.hasDied(vm) else { return }
    }
    let subject = happening.vm.map { world.vms[$0.int].name } ?? name(host)
    let amount = decimal(happening.amount.milliMebibytes, places: 3)
    let on = happening.vm == nil ? "" : "host=\(name(host)) "
    let (kind, from, to, what): (EventKind, String, String, String) =
      switch happening.kind {
      case .waits: (.memoryWaits, "false", "true", "waiting_mib")
      case .waitsNoMore: (.memoryWaits, "true", "false", "waiting_mib")
      case .balloons: (.balloon, "false", "true", "target_mib")
      case .balloonsNoMore: (.balloon, "true", "false", "target_mib")
      case .balloonStuck: (.balloonStuck, "", "", "balloon_mib")
      case .balloonDeflatedOnOOM: (.balloonDeflatedOnOOM, "", "", "balloon_mib")
      case .guestOOM: (.guestOOM, "on", "off", "mapped_mib")
      case .oomKill: (.oomKill, "on", "off", "mapped_mib")
      case .swapFull: (.swapFull, "", "", "swapped_mib")
      }
    try recorder.event(
      kind, at: happening.time, subject: subject, from: from, to: to,
      detail: on + "\(what)=\(amount)")
    if happening.isDeath, let vm = happening.vm { try bury(vm, on: host, diedAt: happening.time) }
  }

  /// A VM that ran out of memory does not run any more, and is not started again.
  private func bury(
    _ vm: VMIndex, on host: HostIndex, diedAt time: SimTime
  ) throws(RunSinkError) {
    // Who was stopped for its migration is down already.
    let isDown = lives[vm].downSince != nil
    try giveUpMigration(of: vm, reason: "out_of_memory")
    takeOff(vm, from: host)
    lives.goesDown(vm, at: isDown ? now : time)
    lives.change(vm) { $0.state = .off }
    try switchOffIfEmpty(host)
  }
}
