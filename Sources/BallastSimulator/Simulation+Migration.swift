import BallastMachine
import BallastManager
import BallastModel
import BallastUnits

/// Live migration: asked for by events, balancing and maintenance.
extension Simulation {
  /// An event's migration.
  func migrate(_ vm: VMIndex, to host: HostIndex) throws(RunSinkError) {
    let cluster = clusters[world.vms[vm.int].cluster]
    let from = machine.host(of: vm)
    guard let from, migrations.migration(of: vm) == nil else {
      try refuseMigration(of: vm, to: host, .notMovable(state: lives[vm].state.name))
      return
    }
    if from == host { return }
    let (moved, refusal) = cluster.director.move(
      cluster.position(of: vm), to: cluster.position(of: host))
    if let refusal {
      try refuseMigration(of: vm, to: host, refusal)
      return
    }
    for member in moved.map({ cluster.vms[$0] }) {
      lives.log(world.vms[member.int].name, as: .move) {
        DecisionRecord(
          time: now, vm: world.vms[member.int].name, kind: .migrate, policy: "event",
          from: name(from), to: name(host))
      }
    }
    for member in moved.map({ cluster.vms[$0] }) {
      if migrations.migration(of: member) != nil {
        try giveUpMigration(of: member, reason: "replanned")
      }
      guard let from = machine.host(of: member), from != host else { continue }
      try ask(
        member, from: from, to: host,
        detail: "reason=event" + (member == vm ? "" : " with=\(world.vms[vm.int].name)"))
    }
  }

  private func refuseMigration(
    of vm: VMIndex, to host: HostIndex, _ refusal: Refusal
  ) throws(RunSinkError) {
    let spec = world.vms[vm.int]
    let from = machine.host(of: vm).map { name($0) }
    lives.log(spec.name, as: .refusal) {
      DecisionRecord(
        time: now, vm: spec.name, kind: .migrate, policy: "event", from: from, refusal: refusal)
    }
    try recorder.event(
      .refused, at: now, subject: spec.name, from: from ?? "", to: name(host),
      detail: "change=migrate \(refusal.detail)")
  }

  /// Moves that a policy has decided and booked.
  func carryOut(
    _ moves: [VMMove], in cluster: ClusterControl, by policy: String
  ) throws(RunSinkError) {
    for move in moves {
      let vm = cluster.vms[move.vm]
      let to = cluster.hosts[move.to]
      lives.log(world.vms[vm.int].name, as: .move) {
        DecisionRecord(
          time: now, vm: world.vms[vm.int].name, kind: .migrate, policy: policy,
          from: name(cluster.hosts[move.from]), to: name(to), move: .init(move))
      }
      // A VM that is already on its way goes on to where it is booked now.
      if migrations.migration(of: vm) != nil { try giveUpMigration(of: vm, reason: "replanned") }
      guard let from = machine.host(of: vm), from != to else { continue }
      try ask(vm, from: from, to: to, detail: move.detail)
    }
  }

  private func ask(
    _ vm: VMIndex, from: HostIndex, to: HostIndex, detail: String
  ) throws(RunSinkError) {
    migrations.ask(vm, from: from, to: to, detail: detail, at: now)
    setOnItsWay(vm, from: from)
    try startMigrations()
  }

  func startMigrations() throws(RunSinkError) {
    let facts = world.profile.migration
    while var migration = migrations.nextToStart({ vm in
      let cluster = clusters[world.vms[vm.int].cluster]
      return cluster.director.mayArrive(cluster.position(of: vm))
    }) {
      let memory = machine.memory(of: migration.vm)
      let copy = PreCopy(
        touched: Bytes(memory.mapped + memory.compressed), workingSet: Bytes(memory.active),
        dirtyRate: facts.dirtiedPerSecond.of(Bytes(memory.active)),
        over: PreCopy.Link(
          bandwidth: facts.bandwidth, downtimeMax: facts.downtimeMax,
          switchOver: facts.switchOver, roundsMax: facts.roundsMax))
      migration.copy = copy
      migration.held = Bytes(memory.consumed)
      migration.start = now
      machine.holdMemory(migration.held, on: migration.to, at: now)
      migrations.run(migration)
      lives.change(migration.vm) { $0.state = .migrating }
      touched.insert(migration.to)
      let end = now + copy.duration
      schedule(.stunForMigration(migration.vm, ticket: migration.ticket), at: end - copy.downtime)
      schedule(.endMigration(migration.vm, ticket: migration.ticket), at: end)
      try recorder.event(
        .migrateStart, at: now, subject: world.vms[migration.vm.int].name,
        from: name(migration.from), to: name(migration.to),
        detail: "\(migration.detail) \(copy.detail)")
    }
  }

  func stunForMigration(_ vm: VMIndex, ticket: Int) {
    guard let migration = migrations.migration(of: vm), migration.ticket == ticket else { return }
    migrations.setStunned(vm)
    machine.stun(vm, at: now)
    lives.goesDown(vm, at: now)
    controller(of: migration.from).guestChanged(on: migration.from, at: now)
  }

  func endMigration(of vm: VMIndex, ticket: Int) throws(RunSinkError) {
    guard migrations.migration(of: vm)?.ticket == ticket, let migration = migrations.remove(vm)
    else { return }
    setOnItsWay(vm, from: nil)
    let spec = world.vms[vm.int]
    let cluster = clusters[spec.cluster]
    for host in [migration.from, migration.to] {
      controller(of: host).countSteps(host, through: now, recorder: recorder)
    }
    cluster.move(
      vm, settings(of: vm, on: migration.to), from: migration.from, to: migration.to, at: now)
    machine.holdMemory(Bytes(-migration.held.value), on: migration.to, at: now)
    machine.move(vm, to: migration.to, at: now)
    recorder.poweredOn(vm, on: migration.to)
    lives.comesUp(vm, at: now)
    lives.change(vm) {
      $0.state = .on
      $0.migrations += 1
    }
    touched.formUnion([migration.from, migration.to])
    freed.insert(spec.cluster)
    try recorder.event(
      .migrateEnd, at: now, subject: spec.name, from: name(migration.from),
      to: name(migration.to),
      detail: "duration_s=\(decimal((now - migration.start).milliseconds, places: 3)) "
        + "\(migration.copy?.downtimeDetail ?? "")")
    try startMigrations()
    try switchOffIfEmpty(migration.from)
  }

  /// A migration ends before its time: the VM stays where it runs, if it still does.
  func giveUpMigration(of vm: VMIndex, reason: String) throws(RunSinkError) {
    guard let migration = migrations.remove(vm) else { return }
    setOnItsWay(vm, from: nil)
    let spec = world.vms[vm.int]
    guard migration.copy != nil else {
      try switchOffIfEmpty(migration.to)
      return
    }
    machine.holdMemory(Bytes(-migration.held.value), on: migration.to, at: now)
    if migration.isStunned {
      machine.resume(vm, at: now)
      lives.comesUp(vm, at: now)
    }
    lives.change(vm) { $0.state = .on }
    touched.formUnion([migration.from, migration.to])
    stayOn(migration.from)
    try recorder.event(
      .migrateEnd, at: now, subject: spec.name, from: name(migration.from),
      to: name(migration.from),
      detail: "given_up=\(reason)")
    try startMigrations()
    try switchOffIfEmpty(migration.to)
  }

  /// While a VM is on its way no policy moves it, and what it holds where it runs is not free.
  private func setOnItsWay(_ vm: VMIndex, from host: HostIndex?) {
    let cluster = clusters[world.vms[vm.int].cluster]
    let position = cluster.position(of: vm)
    cluster.director.setMovable(host == nil, position)
    cluster.director.setLeaving(host.map { cluster.position(of: $0) }, position)
  }

  /// A VM stays that was to leave this host: who was to come for it, and waits, stays where it is, too.
  func dropWaiting(for host: HostIndex) throws(RunSinkError) {
    let cluster = cluster(of: host)
    for vm in migrations.vms(goingTo: host).reversed()
    where !migrations.isRunning(vm) && !cluster.director.mayEverArrive(cluster.position(of: vm)) {
      guard let stays = machine.host(of: vm) else { continue }
      try giveUpMigration(of: vm, reason: "no_room")
      try keep(vm, on: stays)
    }
  }

  /// A host that was to be switched off, or emptied for maintenance, still has a VM: the first stays on, the second
  /// tries again.
  private func stayOn(_ host: HostIndex) {
    if goingOff.remove(host) != nil {
      let cluster = cluster(of: host)
      cluster.director.setState(.on, of: cluster.position(of: host))
    }
    if lives.hosts[host.int] == .maintenance { freed.insert(clusterIndex(of: host)) }
  }

  func name(_ host: HostIndex) -> String { machine.spec(of: host).name }
}

extension PreCopy {
  fileprivate var detail: String {
    "rounds=\(rounds) sent_mib=\(decimal(bytes.milliMebibytes, places: 3))"
      + " duration_s=\(decimal(duration.milliseconds, places: 3)) \(downtimeDetail)"
      + (isConverged ? "" : " converged=false")
  }

  fileprivate var downtimeDetail: String {
    "downtime_ms=\(decimal(roundedRatio(downtime.value, by: 1, over: 1_000), places: 3))"
  }
}

extension VMMove {
  /// The arithmetic in `key=value` pairs; loads in percent of the host's capacity.
  fileprivate var detail: String {
    func percent(_ ppm: Int64) -> String { decimal((ppm + 5) / 10, places: 3) }
    var pairs = [
      "reason=\(reason.rawValue)",
      "from_cpu_pct=\(percent(source.cpuBefore))>\(percent(source.cpuAfter))",
      "to_cpu_pct=\(percent(target.cpuBefore))>\(percent(target.cpuAfter))",
    ]
    if let before = imbalanceBefore, let after = imbalanceAfter {
      pairs.append("imbalance_cpu_pct=\(percent(before.cpu.value))>\(percent(after.cpu.value))")
    }
    if let priority { pairs.append("priority=\(priority)") }
    if let benefit { pairs.append("benefit=\(benefit)") }
    if let cost { pairs.append("cost=\(cost)") }
    return pairs.joined(separator: " ")
  }
}

extension DecisionRecord.Move {
  init(_ move: VMMove) {
    func loads(_ cpu: Int64, _ memory: Int64) -> [Int64] { [cpu, memory] }
    func spread(_ imbalance: Imbalance?) -> [Int64] {
      imbalance.map { [$0.cpu.value, $0.memory.value] } ?? []
    }
    self.init(
      reason: move.reason.rawValue,
      sourceBefore: loads(move.source.cpuBefore, move.source.memoryBefore),
      sourceAfter: loads(move.source.cpuAfter, move.source.memoryAfter),
      targetBefore: loads(move.target.cpuBefore, move.target.memoryBefore),
      targetAfter: loads(move.target.cpuAfter, move.target.memoryAfter),
      imbalanceBefore: spread(move.imbalanceBefore), imbalanceAfter: spread(move.imbalanceAfter),
      benefit: move.benefit, cost: move.cost, threshold: move.threshold, priority: move.priority)
  }
}
