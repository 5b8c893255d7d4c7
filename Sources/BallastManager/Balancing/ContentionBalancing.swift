import BallastUnits

/// Moves VMs only from hosts whose CPU is contended: Nutanix AHV's ADS.
///
/// Rule      a host above 85 % of its CPU gives up VMs until it is not: the one with least memory among those whose
///           demand covers the excess, else the one with most demand; to the least loaded of eight hosts that stays
///           at or below 85 % with it. Hosts by load, most first.
/// Promises  no host passes the line by a move · rules and reservations hold · an uncontended cluster stays as it is.
/// Rounding  none: loads are compared with the line by cross products.
/// Cost      O(hosts) once; per move O(VMs of the host + 8 + log hosts).
/// Source    85 %, every 15 min and 30 after a move: Nutanix's texts; the choice of VM and target is ours.
public struct ContentionBalancing: BalancingPolicy {
  public var interval: SimDuration
  public var intervalAfterMove: SimDuration
  /// Of CPU capacity.
  public var line: PartsPerMillion

  public init(
    interval: SimDuration = .seconds(900), intervalAfterMove: SimDuration = .seconds(1_800),
    line: PartsPerMillion = .percent(85)
  ) {
    self.interval = interval
    self.intervalAfterMove = intervalAfterMove
    self.line = line
  }

  public mutating func observe(_ inventory: ClusterInventory, at time: SimTime) {}

  public mutating func balance(
    _ inventory: inout ClusterInventory, at time: SimTime
  ) -> BalancingOutcome {
    var outcome = BalancingOutcome(next: time + interval)
    outcome.moves = inventory.mendRules(work: &outcome.work)
    var most = LoadOrder(count: inventory.hosts.count, mostFirst: true)
    var least = LoadOrder(count: inventory.hosts.count, mostFirst: false)
    for host in inventory.hosts.indices where inventory.hosts[host].state == .on {
      most.set(host, inventory.load(of: host).cpu)
      least.set(host, inventory.load(of: host).cpu)
    }
    // A host that could give nothing is asked again once others have moved. Every move takes demand off what is above
    // the line, so this ends.
    var asked: [Int] = []
    var hasMoved = false
    while true {
      guard let source = most.first, excess(inventory, source) > 0 else {
        guard hasMoved else { break }
        for host in asked { most.set(host, inventory.load(of: host).cpu) }
        asked.removeAll()
        hasMoved = false
        guard let first = most.first, excess(inventory, first) > 0 else { break }
        continue
      }
      let targets = least.leading(8)
      guard let (unit, target) = choice(from: source, to: targets, inventory, &outcome.work) else {
        most.takeOut(source)
        asked.append(source)
        continue
      }
      hasMoved = true
      var moves = inventory.shift(unit, to: target, reason: .contention)
      for index in moves.indices { moves[index].threshold = line.value }
      outcome.moves += moves
      most.set(source, inventory.load(of: source).cpu)
      // The target is below the line, so its place among the most loaded does not matter here.
      least.set(source, inventory.load(of: source).cpu)
      least.set(target, inventory.load(of: target).cpu)
    }
    if !outcome.moves.isEmpty { outcome.next = time + max(interval, intervalAfterMove) }
    outcome.work += most.work + least.work
    return outcome
  }

  /// kHz × 10⁶ above the line, with more demand or less.
  private func excess(_ inventory: ClusterInventory, _ host: Int, with more: Int64 = 0) -> Int128 {
    let row = inventory.hosts[host]
    return Int128(row.use.cpuDemand + more) * 1_000_000
      - Int128(line.value) * Int128(row.cpuCapacity)
  }

  private func choice(
    from source: Int, to targets: [Int], _ inventory: ClusterInventory, _ work: inout Int
  ) -> (unit: [Int], target: Int)? {
    func demand(_ unit: [Int], _ host: Int) -> Int64 {
      unit.reduce(0) { $0 + inventory.cpuDemand(of: $1, on: host) }
    }
    let sized = inventory.movableUnits(on: source).map { unit in
      let demand = demand(unit, source)
      return (
        unit: unit, demand: demand, covers: excess(inventory, source, with: -demand) <= 0,
        memory: unit.reduce(Int64(0)) { $0 + inventory.vms[$1].memory }
      )
    }.filter { $0.demand > 0 }
    work += sized.count
    let inOrder = sized.sorted { a, b in
      if a.covers != b.covers { return a.covers }
      if a.covers && a.memory != b.memory { return a.memory < b.memory }
      if !a.covers && a.demand != b.demand { return a.demand > b.demand }
      return a.unit[0] < b.unit[0]
    }
    for (unit, _, _, _) in inOrder {
      for target in targets where target != source {
        work += 1
        if excess(inventory, target, with: demand(unit, target)) <= 0,
          inventory.mayMove(unit, to: target)
        {
          return (unit, target)
        }
      }
    }
    return nil
  }
}
