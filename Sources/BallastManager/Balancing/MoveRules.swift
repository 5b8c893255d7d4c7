import BallastUnits

extension ClusterInventory {
  /// Whether VMs that go together may go to a host.
  ///
  /// Rule      the host is on and not kept for failures; no must rule breaks and no more should rules than now; the reservations and what must be backed fit; and
  ///           configured memory fits, or the host is then no fuller of it than the one they leave was.
  func mayMove(_ unit: [Int], to target: Int) -> Bool {
    guard let source = vms[unit[0]].host, target != source, hosts[target].state == .on else {
      return false
    }
    if hosts[target].isKeptForFailures { return false }
    let verdict = rules.verdict(unit, on: target, from: source)
    if verdict.breaksMust { return false }
    if verdict.brokenShouldRules > rules.verdict(unit, on: source, from: source).brokenShouldRules {
      return false
    }
    let request = request(for: unit, mustFitCharge: true)
    let room = hosts[target].hasRoom(
      cpuReservation: request.cpuReservation, memoryCharge: request.memoryCharge)
    guard room.cpu && room.memory,
      hosts[target].canBack(
        memoryAtArrival: request.memoryAtArrival, swapSpace: request.swapSpace)
    else { return false }
    let there = hosts[target].use.memoryConfigured + request.memory
    let (from, to) = (hosts[source], hosts[target])
    return there <= to.memoryCapacity
      || Int128(there) * Int128(from.memoryCapacity)
        <= Int128(from.use.memoryConfigured) * Int128(to.memoryCapacity)
  }

  /// The units of a host that may be moved, each once, by the name of its first VM.
  func movableUnits(on host: Int) -> [[Int]] {
    guard !rules.isEmpty else { return vms(on: host).filter { vms[$0].isMovable }.map { [$0] } }
    return vms(on: host).compactMap { vm in
      let unit = unit(of: vm, on: host)
      return unit[0] == vm && unit.allSatisfy { vms[$0].isMovable } ? unit : nil
    }
  }

  /// Moves VMs whose present host breaks a must rule to the host `LoadBalance` names, if one is allowed.
  mutating func mendRules(work: inout Int) -> [VMMove] {
    guard !rules.isEmpty else { return [] }
    var moves: [VMMove] = []
    for vm in vms.indices {
      guard let source = vms[vm].host, hosts[source].state == .on else { continue }
      work += 1
      let unit = unit(of: vm, on: source)
      guard unit[0] == vm, unit.allSatisfy({ vms[$0].isMovable }),
        rules.verdict(unit, on: source, from: source).breaksMust
      else { continue }
      let decision = LoadBalance().place(
        request(for: unit, mustFitCharge: true), of: unit, in: self, from: source
      ) { !hosts[$0].isKeptForFailures }
      guard let target = decision.host else { continue }
      var mended = shift(unit, to: target, reason: .brokenRule)
      for index in mended.indices { mended[index].priority = 1 }
      moves += mended
    }
    return moves
  }
}
