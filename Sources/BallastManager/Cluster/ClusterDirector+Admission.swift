import BallastModel
import BallastUnits

extension ClusterDirector {
  // MARK: The cluster's answer

  /// What keeps the cluster from taking a VM, whatever the host.
  mutating func refusal(toAdmit vm: Int, isRestart: Bool) -> Refusal? {
    guard policies.admission.checksReservations else { return nil }
    let row = inventory.vms[vm]
    if row.memoryReservation > row.memory {
      return .reservationAboveSize(
        resource: .memory, reservation: row.memoryReservation, size: row.memory)
    }
    if row.cpuReservation > row.cpuLimit {
      return .limitBelowReservation(
        resource: .cpu, limit: row.cpuLimit, reservation: row.cpuReservation)
    }
    if row.memoryReservation > row.memoryLimit {
      return .limitBelowReservation(
        resource: .memory, limit: row.memoryLimit, reservation: row.memoryReservation)
    }
    if !isRestart, policies.failover != .none {
      let status = failoverStatus()
      if let refusal = status.admits(FailoverVM(charge: charge(vm))) { return refusal }
    }
    return pools.refusal(of: charge(vm), in: poolOfVM[vm], isNew: !isRestart)
  }

  // MARK: Hosts

  /// A VM with those of the others that must be together with it and are off, ascending.
  func unit(of vm: Int, among others: [Int]) -> [Int] {
    guard !others.isEmpty else { return [vm] }
    return inventory.rules.unit(of: vm).filter {
      $0 == vm || (others.contains($0) && inventory.vms[$0].host == nil)
    }
  }

  /// A host for all of these at once if there is one, else for the first alone; one in standby is woken for that.
  ///
  /// - Parameter mustFit: a host without room for their charges is not woken, whatever admission says.
  mutating func find(
    _ vm: Int, with others: [Int], isRestart: Bool, mustFit: Bool = false,
    search: (Self, [Int]) -> Answer
  ) -> Answer {
    let unit = unit(of: vm, among: others)
    var answer = Answer()
    for group in unit.count > 1 ? [unit, [vm]] : [[vm]] {
      answer = search(self, group)
      if answer.host != nil { return answer }
      if let woken = wake(for: group, isRestart: isRestart, mustFit: mustFit) { return woken }
    }
    return answer
  }

  /// The best host for VMs that go together, or the fixed one, or why none.
  ///
  /// - Parameter mustFit: a host without room for their charges is out, also where admission would not mind.
  func find(_ unit: [Int], on fixed: Int?, isRestart: Bool, mustFit: Bool = false) -> Answer {
    if let fixed {
      let verdict = inventory.rules.verdict(unit, on: fixed)
      if let refusal = refusalOfState(fixed) { return Answer(refusal: refusal) }
      if !isRestart, let refusal = refusalOfKept(fixed) { return Answer(refusal: refusal) }
      if verdict.breaksMust { return Answer(refusal: .affinityRule(rule: "must", hosts: 1)) }
      if let refusal = refusal(of: unit, on: fixed) ?? refusalToBack(unit, onAnyOf: [fixed]) {
        return Answer(refusal: refusal)
      }
      if mustFit,
        let refusal = AdmissionControl.hostFit(charge: charge(of: unit), on: [room(fixed)])
      {
        return Answer(refusal: refusal)
      }
      return Answer(host: fixed)
    }
    let request = inventory.request(
      for: unit, mustFitCharge: mustFit || policies.admission.checksReservations)
    // Reservations are looked at by the search itself, and who admits everybody need not be asked.
    let asksHosts =
      !policies.admission.checksReservations && !(policies.admission is AdmitAll)
    let decision = policies.placement.place(request, of: unit, in: inventory) { host in
      (isRestart || !inventory.hosts[host].isKeptForFailures)
        && (!asksHosts || inventory.hosts[host].state != .on || refusal(of: unit, on: host) == nil)
    }
    return Answer(
      host: decision.host,
      refusal: decision.host == nil ? refusalOfHosts(unit, isRestart: isRestart) : nil,
      placement: decision)
  }

  /// What admission has against VMs that come to a host one after the other.
  private func refusal(of unit: [Int], on host: Int) -> Refusal? {
    var there = admissionHost(host)
    for vm in unit {
      let request = request(vm)
      if let refusal = policies.admission.refusal(of: request, on: there) { return refusal }
      there.add(request)
    }
    return nil
  }

  /// Why no host takes VMs that go together.
  func refusalOfHosts(_ unit: [Int], isRestart: Bool) -> Refusal {
    let on = inventory.hosts.indices.filter {
      inventory.hosts[$0].state == .on && (isRestart || !inventory.hosts[$0].isKeptForFailures)
    }
    guard !on.isEmpty else { return .noHost }
    let allowed = on.filter { !inventory.rules.verdict(unit, on: $0).breaksMust }
    guard !allowed.isEmpty else { return .affinityRule(rule: "must", hosts: on.count) }
    let asked = request(unit[0])
    guard let refusal = policies.admission.refusal(of: asked, onAnyOf: allowed.map(admissionHost))
    else {
      let taking = allowed.filter {
        policies.admission.refusal(of: asked, on: admissionHost($0)) == nil
      }
      return refusalToBack(unit, onAnyOf: taking)
        ?? .affinityRule(rule: "must", hosts: on.count)
    }
    if case .hostFit(var shortage) = refusal {
      shortage.excluded = on.count - allowed.count
      return .hostFit(shortage)
    }
    return refusal
  }

  /// A host that is not on takes nobody.
  func refusalOfState(_ host: Int) -> Refusal? {
    let state = inventory.hosts[host].state
    return state == .on ? nil : .hostNotOn(host: hosts[host].name, state: state.name)
  }

  /// Where VMs start again: by reservations if they are checked, else as at a power-on among the hosts that have room
  /// for the charges.
  func findForRestart(_ unit: [Int]) -> Answer {
    let allowed = inventory.hosts.indices.filter {
      inventory.hosts[$0].state == .on && !inventory.rules.verdict(unit, on: $0).breaksMust
    }
    guard !allowed.isEmpty else { return Answer(refusal: refusalOfHosts(unit, isRestart: true)) }
    guard policies.admission.checksReservations else {
      return find(unit, on: nil, isRestart: true, mustFit: true)
    }
    let needs = needs(of: unit)
    let backing = allowed.filter {
      inventory.hosts[$0].canBack(memoryAtArrival: needs.memory, swapSpace: needs.swap)
    }
    if backing.isEmpty, let refusal = refusalToBack(unit, onAnyOf: allowed) {
      return Answer(refusal: refusal)
    }
    var rooms = backing.map(room)
    let request = RestartVM(vm: VMIndex(unit[0]), charge: charge(of: unit))
    switch RestartPlanner().plan([request], on: &rooms)[0].outcome {
    case .restart(let position): return Answer(host: backing[position])
    case .wait: return Answer(refusal: refusalOfHosts(unit, isRestart: true))
    }
  }

  /// A host that is kept for failures takes nobody else.
  func refusalOfKept(_ host: Int) -> Refusal? {
    inventory.hosts[host].isKeptForFailures
      ? .affinityRule(rule: "failover: dedicated", hosts: 1) : nil
  }

  /// Wakes the first host in standby that takes these VMs, the fixed one if there is one; nil where none does.
  mutating func wake(
    for unit: [Int], on fixed: Int? = nil, isRestart: Bool, mustFit: Bool = false
  ) -> Answer? {
    for host in inventory.hosts.indices
    where inventory.hosts[host].state == .standby && (fixed ?? host) == host {
      inventory.setState(.on, of: host)
      var answer = find(unit, on: host, isRestart: isRestart, mustFit: mustFit)
      if answer.host != nil {
        answer.wakes = [host]
        return answer
      }
      inventory.setState(.standby, of: host)
    }
    return nil
  }

  mutating func book(_ vm: Int, on host: Int, isRestart: Bool = false) {
    inventory.place(vm, on: host)
    if policies.admission.checksReservations {
      let refusal = pools.admit(
        VMIndex(vm), pool: poolOfVM[vm], charge: charge(vm), isNew: !isRestart)
      precondition(refusal == nil, "a VM is booked after its pool has said yes")
    }
    let booked = FailoverVM(charge: charge(vm))
    let failover = policies.failover
    tally?.add(booked, under: failover)
  }

  // MARK: What is asked and offered

  func charge(_ vm: Int) -> Charge {
    Charge(cpu: inventory.vms[vm].cpuReservation, memory: inventory.vms[vm].memoryCharge)
  }

  /// Of VMs that go together.
  func charge(of unit: [Int]) -> Charge {
    unit.reduce(into: Charge.zero) { sum, vm in
      sum.cpu += charge(vm).cpu
      sum.memory += charge(vm).memory
    }
  }

  func request(_ vm: Int) -> AdmissionRequest {
    AdmissionRequest(
      vcpus: inventory.vms[vm].vcpus, memory: Bytes(inventory.vms[vm].memory), charge: charge(vm))
  }

  func room(_ host: Int) -> HostRoom {
    let row = inventory.hosts[host]
    return HostRoom(
      name: hosts[host].name, capacity: Charge(cpu: row.cpuCapacity, memory: row.memoryCapacity),
      reserved: Charge(cpu: row.cpuHeld, memory: row.memoryHeld))
  }

  func admissionHost(_ host: Int) -> AdmissionHost {
    AdmissionHost(
      room: room(host), cores: hosts[host].cores, memory: hosts[host].memory,
      vcpusUsed: inventory.hosts[host].use.vcpus,
      memoryUsed: Bytes(inventory.hosts[host].use.memoryConfigured))
  }

  // MARK: Failover

  var failoverHosts: [FailoverHost] {
    inventory.hosts.indices.map { host in
      let row = inventory.hosts[host]
      return FailoverHost(
        name: hosts[host].name,
        capacity: Charge(cpu: row.cpuCapacity, memory: row.memoryCapacity),
        isAvailable: row.state == .on || row.state == .standby)
    }
  }

  mutating func counted() -> FailoverTally {
    if let tally { return tally }
    var tally = FailoverTally()
    for vm in inventory.vms.indices where inventory.vms[vm].host != nil {
      tally.add(FailoverVM(charge: charge(vm)), under: policies.failover)
    }
    self.tally = tally
    return tally
  }

  /// What the VMs count for when one that is on has another charge.
  mutating func counted(_ vm: Int, as new: Charge) -> FailoverTally {
    let old = FailoverVM(charge: charge(vm))
    let counted = counted()
    if let tally = counted.replacing(old, by: FailoverVM(charge: new), under: policies.failover) {
      return tally
    }
    var tally = FailoverTally()
    for other in inventory.vms.indices where inventory.vms[other].host != nil {
      tally.add(FailoverVM(charge: other == vm ? new : charge(other)), under: policies.failover)
    }
    return tally
  }

  /// What the hosts offer that are on or can be woken.
  var capacityOffered: Charge {
    failoverHosts.reduce(into: Charge.zero) { sum, host in
      guard host.isAvailable else { return }
      sum.cpu += host.capacity.cpu
      sum.memory += host.capacity.memory
    }
  }

  /// The root of the pools has what the hosts offer, less what is kept for failures.
  mutating func updateCapacity() {
    let capacity = capacityOffered
    let reserve = FailoverPlanner(policy: policies.failover).reserve(hosts: failoverHosts)
    pools.setCapacity(
      Charge(cpu: capacity.cpu - reserve.cpu, memory: capacity.memory - reserve.memory))
  }
}
