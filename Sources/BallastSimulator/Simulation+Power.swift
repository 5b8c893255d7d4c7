import BallastMachine
import BallastManager
import BallastModel
import BallastUnits

/// Power-on and -off of VMs.
extension Simulation {
  /// - Parameter others: VMs that are started by the same order.
  func start(_ vm: VMIndex, with others: [VMIndex] = []) throws(RunSinkError) {
    guard machine.host(of: vm) == nil, vms[vm.int].restart == nil else { return }
    let spec = world.vms[vm.int]
    let cluster = clusters[spec.cluster]
    let position = cluster.position(of: vm)
    describe(vm, to: cluster, at: spec.host.map { cluster.position(of: $0) } ?? 0)
    let partners = partners(of: vm, among: others)
    let fixed = spec.host ?? partners.lazy.compactMap { self.world.vms[$0.int].host }.first
    let answer = cluster.director.powerOn(
      position, on: fixed.map { cluster.position(of: $0) },
      with: partners.map { cluster.position(of: $0) })
    log(answer, to: .powerOn, of: vm, isFixed: fixed != nil)
    guard let chosen = answer.host else {
      let refusal = answer.refusal ?? .noHost
      lives.change(vm) {
        $0.state = .refused
        $0.isAdmitted = false
        $0.refusal = refusal
      }
      try recorder.event(.refused, at: now, subject: spec.name, detail: refusal.detail)
      return
    }
    for host in answer.wakes { try wake(cluster.hosts[host]) }
    let host = cluster.hosts[chosen]
    lives.change(vm) {
      $0.isAdmitted = true
      $0.refusal = nil
    }
    putOn(vm, host)
    try recorder.event(
      .powerOn, at: now, subject: spec.name, to: machine.spec(of: host).name,
      detail: "placement=\(fixed == nil ? world.policies.placement : "host")")
  }

  /// The VMs that must be together with this one, are off, and are among these or start by themselves at this instant.
  private func partners(of vm: VMIndex, among others: [VMIndex]) -> [VMIndex] {
    let cluster = clusters[world.vms[vm.int].cluster]
    let unit = cluster.director.inventory.rules.unit(of: cluster.position(of: vm))
    return unit.map { cluster.vms[$0] }.filter {
      $0 != vm && machine.host(of: $0) == nil && vms[$0.int].restart == nil
        && (world.vms[$0.int].start == now || others.contains($0))
    }
  }

  func stop(_ vm: VMIndex) throws(RunSinkError) {
    let spec = world.vms[vm.int]
    if let waiting = vms[vm.int].restart {
      vms[vm.int].restart = nil
      lives.comesUp(vm, at: now)
      lives.change(vm) { $0.state = .off }
      try recorder.event(
        .powerOff, at: now, subject: spec.name, from: machine.spec(of: waiting.lastHost).name,
        detail: "reason=restart_given_up")
      return
    }
    guard let host = machine.host(of: vm) else {
      let wasDown = lives[vm].downSince != nil
      lives.comesUp(vm, at: now)
      lives.change(vm) { if $0.state == .refused { $0.state = .off } }
      // Off since a failure, and from now on by order.
      if wasDown, let last = machine.lastHost(of: vm) {
        try recorder.event(
          .powerOff, at: now, subject: spec.name, from: machine.spec(of: last).name,
          detail: "reason=restart_given_up")
      }
      return
    }
    try giveUpMigration(of: vm, reason: "power_off")
    takeOff(vm, from: host)
    lives.change(vm) { $0.state = .off }
    try recorder.event(
      .powerOff, at: now, subject: spec.name, from: machine.spec(of: host).name)
    try switchOffIfEmpty(host)
  }

  /// Tells the cluster a VM's settings as they stand.
  func describe(_ vm: VMIndex, to cluster: ClusterControl, at host: Int) {
    let spec = world.vms[vm.int]
    let settings = vms[vm.int].settings(
      spec, pool: 0, coreRate: machine.coreRate(of: cluster.hosts[host]), world: world)
    // A VM that is off has nothing that could be refused.
    _ = cluster.director.configure(
      cluster.position(of: vm), settings, overhead: world.overhead(of: spec))
  }

  /// The VM runs on a host from now on; the cluster has booked it there.
  func putOn(_ vm: VMIndex, _ host: HostIndex) {
    let spec = world.vms[vm.int]
    let cluster = clusters[spec.cluster]
    controller(of: host).countSteps(host, through: now, recorder: recorder)
    machine.powerOn(
      vm, on: host, at: now, memoryReservation: vms[vm.int].memory.reservation,
      memoryLimit: vms[vm.int].memory.limit)
    recorder.poweredOn(vm, on: host)
    cluster.add(vm, settings(of: vm, on: host), on: host, at: now)
    lives.comesUp(vm, at: now)
    lives.change(vm) { $0.state = .on }
    touched.insert(host)
  }

  /// The VM stops running; the cluster forgets it.
  func takeOff(_ vm: VMIndex, from host: HostIndex) {
    let cluster = clusters[world.vms[vm.int].cluster]
    cluster.director.powerOff(cluster.position(of: vm))
    controller(of: host).countSteps(host, through: now, recorder: recorder)
    machine.powerOff(vm, at: now)
    cluster.remove(vm, on: host)
    lives.setShort(vm, false)
    touched.insert(host)
    freed.insert(world.vms[vm.int].cluster)
  }

  func settings(of vm: VMIndex, on host: HostIndex) -> VMSettings {
    let spec = world.vms[vm.int]
    return vms[vm.int].settings(
      spec, pool: clusters[spec.cluster].manager.tree.index(of: spec.pool)!,
      coreRate: machine.coreRate(of: host), world: world)
  }

  /// Keeps the answer to a request, where it is watched or notable.
  func log(
    _ answer: ClusterDirector.Answer, to kind: DecisionRecord.Kind, of vm: VMIndex,
    isFixed: Bool = false
  ) {
    let spec = world.vms[vm.int]
    let cluster = clusters[spec.cluster]
    let notable: LifeBook.Notable? =
      answer.host == nil ? .refusal : kind == .restart ? .restart : nil
    lives.log(spec.name, as: notable) {
      let search = answer.placement
      return DecisionRecord(
        time: now, vm: spec.name, kind: kind,
        policy: isFixed
          ? "host" : search == nil && kind == .restart ? "restart" : world.policies.placement,
        from: vms[vm.int].restart.map { name($0.lastHost) },
        to: answer.host.map { name(cluster.hosts[$0]) }, refusal: answer.refusal,
        candidates: search?.best.map {
          DecisionRecord.Candidate(
            host: name(cluster.hosts[$0.host]), brokenShouldRules: $0.brokenShouldRules,
            tier: $0.score.tier, part: $0.score.part, whole: $0.score.whole)
        } ?? [],
        excluded: search.map {
          DecisionRecord.Excluded(
            notOn: $0.refusals.notOn, rule: $0.refusals.rule, cpu: $0.refusals.cpu,
            memory: $0.refusals.memory, freeMemory: $0.refusals.freeMemory,
            swapSpace: $0.refusals.swapSpace)
        })
    }
  }
}
