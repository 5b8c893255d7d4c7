import BallastUnits

/// Relieves overloaded hosts and empties underloaded ones, which then sleep.
///
/// Rule      1. From every host that the detector calls overloaded, VMs leave by the selection rule until it is not.
///           2. They go, by demand, largest first, to the host with the least rise in watts (without power curves: hosts in
///           use first, the fullest) among those not overloaded now or, unless empty, afterwards, with CPU, memory and
///           reservations to spare; hosts in standby are asked too, and wake. Who finds none stays. 3. The least loaded
///           host that took nobody sends all its VMs to hosts that have some, in the same way, or none of them;
///           repeatedly. 4. Empty hosts go to standby.
/// Promises  rules and reservations hold · what is reserved leaves the failover reserve, or the slots, free on the hosts
///           that stay on · at least `hostsOnMin` stay on.
/// Rounding  see `LoadHistory` and `PowerCurve`.
/// Chance    selection `random` steps a SplitMix64 generator that is part of this value: the manager is given no stream, and
///           a copy continues as the original would.
/// Cost      O(moved VMs × hosts + hosts²), with slots · log hosts, each detector O(30 · VMs of the host).
/// Source    validation/README.md, rules 4 to 7; Beloglazov and Buyya, Concurrency and Computation 24, 2012 (PABFD).
public struct Consolidation: BalancingPolicy {
  public let settings: ConsolidationSettings
  private var history = LoadHistory()
  private var generator: UInt64

  public init(_ settings: ConsolidationSettings) {
    self.settings = settings
    if case .random(let seed) = settings.selection { generator = seed } else { generator = 0 }
  }

  public var interval: SimDuration { settings.interval }

  public mutating func observe(_ inventory: ClusterInventory, at time: SimTime) {
    history.note(inventory, at: time)
  }

  public mutating func balance(
    _ inventory: inout ClusterInventory, at time: SimTime
  ) -> BalancingOutcome {
    observe(inventory, at: time)
    var outcome = BalancingOutcome(next: time + interval)
    outcome.moves = inventory.mendRules(work: &outcome.work)
    var power = PowerStates(inventory, settings.reserve, hostsOnMin: settings.hostsOnMin)
    let overloaded = inventory.hosts.indices.map { isOverloaded($0, inventory) }
    let asleep = inventory.hosts.indices.filter { inventory.hosts[$0].state == .standby }
    for host in asleep { inventory.setState(.on, of: host) }

    var hasTaken = overloaded
    for (unit, source) in select(overloaded, &inventory) {
      outcome.work += inventory.hosts.count
      for vm in unit { inventory.place(vm, on: source) }
      let request = inventory.request(for: unit, mustFitCharge: true)
      let decision = Rise().place(request, of: unit, in: inventory, from: source) {
        !overloaded[$0] && takes(unit, request, on: $0, inventory)
      }
      guard let target = decision.host else { continue }
      outcome.moves += shift(unit, to: target, .overload, &inventory)
      hasTaken[target] = true
      if power.wake(target) { outcome.powerOn.append(target) }
    }
    evacuate(overloaded, &hasTaken, &power, &inventory, &outcome)
    for host in inventory.hosts.indices.reversed()
    where power.isAwake[host] && inventory.hosts[host].use.vmCount == 0 {
      _ = power.sleep(host, inventory)
    }
    outcome.powerOff = power.hostsThatFellAsleep
    for host in asleep + outcome.powerOff where !power.isAwake[host] {
      inventory.setState(.standby, of: host)
    }
    return outcome
  }

  // MARK: Overload

  private func isOverloaded(_ host: Int, _ inventory: ClusterInventory) -> Bool {
    let row = inventory.hosts[host]
    guard row.state == .on, row.use.vmCount > 0 else { return false }
    return isOverloaded(host, with: inventory.vms(on: host), load: row.use.cpuDemand, inventory)
  }

  private func isOverloaded(
    _ host: Int, with vms: [Int], load: Int64, _ inventory: ClusterInventory
  ) -> Bool {
    let rate = Int128(max(1, settings.migrationRate)) * Int128(max(1, settings.interval.value))
    let largest = vms.map { inventory.vms[$0].memory }.max() ?? 0
    let steps = (Int128(largest) * 1_000_000_000 + rate - 1) / rate
    return history.isOverloaded(
      settings.detector, vms: vms, load: load, capacity: inventory.hosts[host].cpuCapacity,
      migrationSteps: Int64(min(steps, 1_000_000)))
  }

  /// Takes VMs from overloaded hosts, with the hosts they leave; by demand, largest first, then by name.
  private mutating func select(
    _ overloaded: [Bool], _ inventory: inout ClusterInventory
  ) -> [(unit: [Int], source: Int)] {
    var selected: [(unit: [Int], source: Int, demand: Int64)] = []
    for host in overloaded.indices where overloaded[host] {
      while isOverloaded(host, inventory) {
        let units = inventory.movableUnits(on: host)
        let alone = inventory.hosts[host].use.vmCount == units.first?.count
        guard !units.isEmpty, settings.movesLoneVMs || !alone else { break }
        let unit = units[pick(units, on: host, inventory)]
        let demand = unit.reduce(Int64(0)) { $0 + inventory.cpuDemand(of: $1, on: host) }
        for vm in unit { inventory.remove(vm) }
        selected.append((unit, host, demand))
      }
    }
    selected.sort { $0.demand != $1.demand ? $0.demand > $1.demand : $0.unit[0] < $1.unit[0] }
    return selected.map { ($0.unit, $0.source) }
  }

  private mutating func pick(_ units: [[Int]], on host: Int, _ inventory: ClusterInventory) -> Int {
    func least(_ value: (Int) -> Int64) -> Int {
      let keys = units.map { $0.reduce(Int64(0)) { $0 + value($1) } }
      return keys.indices.min { keys[$0] < keys[$1] }!
    }
    switch settings.selection {
    case .minimumMigrationTime: return least { inventory.vms[$0].memory }
    case .minimumUtilisation: return least { inventory.cpuDemand(of: $0, on: host) }
    case .random: return Int(next().multipliedFullWidth(by: UInt64(units.count)).high)
    case .maximumCorrelation:
      let all = inventory.vms(on: host)
      let keys = units.map { unit in
        history.correlation(of: unit[0], with: all.filter { !unit.contains($0) })
      }
      var best = 0
      for index in keys.indices where keys[index] > keys[best] { best = index }
      return best
    }
  }

  /// SplitMix64.
  private mutating func next() -> UInt64 {
    generator &+= 0x9E37_79B9_7F4A_7C15
    var z = generator
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  // MARK: Placement

  /// The hosts' own conditions of rule 2; rules and reservations are seen to by `place`.
  private func takes(
    _ unit: [Int], _ request: PlacementRequest, on host: Int, _ inventory: ClusterInventory
  ) -> Bool {
    let row = inventory.hosts[host]
    if row.isKeptForFailures { return false }
    let demand = unit.reduce(Int64(0)) { $0 + inventory.cpuDemand(of: $1, on: host) }
    guard row.use.cpuDemand + demand <= row.cpuCapacity else { return false }
    if settings.checksMemory && row.use.memoryConfigured + request.memory > row.memoryCapacity {
      return false
    }
    if let most = settings.vmsPerHostMax, row.use.vmCount + unit.count > most { return false }
    return row.use.vmCount == 0
      || !isOverloaded(
        host, with: inventory.vms(on: host) + unit, load: row.use.cpuDemand + demand, inventory)
  }

  private func shift(
    _ unit: [Int], to target: Int, _ reason: VMMove.Reason, _ inventory: inout ClusterInventory
  ) -> [VMMove] {
    var moves = inventory.shift(unit, to: target, reason: reason)
    if case .threshold(let line) = settings.detector {
      for index in moves.indices { moves[index].threshold = line.value }
    }
    return moves
  }

  // MARK: Underload

  private func evacuate(
    _ overloaded: [Bool], _ hasTaken: inout [Bool], _ power: inout PowerStates,
    _ inventory: inout ClusterInventory, _ outcome: inout BalancingOutcome
  ) {
    var asked = hasTaken
    while true {
      outcome.work += inventory.hosts.count
      let candidates = inventory.hosts.indices.filter {
        !asked[$0] && power.isAwake[$0] && inventory.hosts[$0].use.vmCount > 0
      }
      let loads = candidates.map { inventory.load(of: $0).cpu }
      guard let least = loads.indices.min(by: { loads[$0] < loads[$1] }) else { return }
      let host = candidates[least]
      asked[host] = true
      guard power.maySleep(host, inventory),
        let moves = empty(host, overloaded, &inventory, &outcome.work)
      else { continue }
      outcome.moves += moves
      for move in moves { asked[move.to] = true }
      _ = power.sleep(host, inventory)
    }
  }

  /// All VMs of a host to others, or nil and nothing has changed.
  private func empty(
    _ host: Int, _ overloaded: [Bool], _ inventory: inout ClusterInventory, _ work: inout Int
  ) -> [VMMove]? {
    let units = inventory.movableUnits(on: host)
    guard units.reduce(0, { $0 + $1.count }) == inventory.hosts[host].use.vmCount else {
      return nil
    }
    func demand(_ unit: [Int]) -> Int64 {
      unit.reduce(0) { $0 + inventory.cpuDemand(of: $1, on: host) }
    }
    let inOrder = units.map { (unit: $0, demand: demand($0)) }
      .sorted { $0.demand != $1.demand ? $0.demand > $1.demand : $0.unit[0] < $1.unit[0] }
    var trial = inventory
    var moves: [VMMove] = []
    for (unit, _) in inOrder {
      work += trial.hosts.count
      let request = trial.request(for: unit, mustFitCharge: true)
      let decision = Rise().place(request, of: unit, in: trial, from: host) {
        !overloaded[$0] && trial.hosts[$0].use.vmCount > 0 && takes(unit, request, on: $0, trial)
      }
      guard let target = decision.host else { return nil }
      moves += shift(unit, to: target, .underload, &trial)
    }
    inventory = trial
    return moves
  }
}

/// PABFD's choice; whoever fits nowhere has been left out before.
private struct Rise: PlacementPolicy {
  func score(
    _ request: PlacementRequest, on position: Int, in inventory: ClusterInventory
  ) -> PlacementScore {
    let host = inventory.hosts[position]
    return PowerAware.rise(
      host, to: host.use.cpuDemand + request.cpuDemand(at: host.coreRate),
      knowsPower: inventory.knowsPower)
  }
}
