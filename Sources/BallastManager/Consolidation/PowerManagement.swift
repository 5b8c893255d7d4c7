import BallastUnits

/// Powers hosts off when all have been idle for long, and on when all have been busy: vSphere's DPM.
///
/// Rule      target 63 % ± 18. When every host that is on has been below 45 % of CPU and memory for 40 min, the least
///           loaded host that can be emptied goes to standby, and again until a host is above 45 %. Its VMs go, by demand,
///           largest first, to where watts rise least, no host above 81 %; all of them or none. When every host has been
///           above 81 % of CPU or of memory for 5 min, the first host in standby, by name, wakes.
/// Promises  rules and reservations hold · what is reserved leaves the failover reserve, or the slots, free on the hosts
///           that are on · after a change both times start anew.
/// Rounding  none: loads are compared by cross products.
/// Cost      O(hosts); an evacuation O(its VMs × hosts).
/// Source    63 % ± 18, 40 min and 5 min: Broadcom KB 310527. One load outside the range starts the time anew: ours.
public struct PowerManagement: BalancingPolicy {
  public var interval: SimDuration
  public var low: PartsPerMillion
  public var high: PartsPerMillion
  public var lowTime: SimDuration
  public var highTime: SimDuration
  public var reserve: FailoverReserve
  public var hostsOnMin: Int
  private var lowSince: SimTime?
  private var highSince: SimTime?

  public init(
    interval: SimDuration = .seconds(300), target: PartsPerMillion = .percent(63),
    tolerance: PartsPerMillion = .percent(18), lowTime: SimDuration = .seconds(2_400),
    highTime: SimDuration = .seconds(300), reserve: FailoverReserve = FailoverReserve(),
    hostsOnMin: Int = 1
  ) {
    self.interval = interval
    low = target - tolerance
    high = target + tolerance
    self.lowTime = lowTime
    self.highTime = highTime
    self.reserve = reserve
    self.hostsOnMin = hostsOnMin
  }

  public mutating func observe(_ inventory: ClusterInventory, at time: SimTime) {
    let hosts = inventory.hosts.filter { $0.state == .on }
    let isLow = !hosts.isEmpty && hosts.allSatisfy { !$0.use.passes(low, of: $0, orReaches: true) }
    let isHigh = !hosts.isEmpty && hosts.allSatisfy { $0.use.passes(high, of: $0) }
    lowSince = isLow ? lowSince ?? time : nil
    highSince = isHigh ? highSince ?? time : nil
  }

  public mutating func balance(
    _ inventory: inout ClusterInventory, at time: SimTime
  ) -> BalancingOutcome {
    observe(inventory, at: time)
    var outcome = BalancingOutcome(next: time + interval)
    outcome.work += inventory.hosts.count
    if let since = highSince, time - since >= highTime,
      let host = inventory.hosts.firstIndex(where: { $0.state == .standby })
    {
      inventory.setState(.on, of: host)
      outcome.powerOn = [host]
      highSince = nil
    } else if let since = lowSince, time - since >= lowTime {
      var power = PowerStates(inventory, reserve, hostsOnMin: hostsOnMin)
      while isLow(inventory), let host = putToSleep(&power, &inventory, &outcome) {
        inventory.setState(.standby, of: host)
      }
      outcome.powerOff = power.hostsThatFellAsleep
      if !outcome.powerOff.isEmpty { lowSince = nil }
    }
    return outcome
  }

  /// No host is above the lower edge.
  private func isLow(_ inventory: ClusterInventory) -> Bool {
    inventory.hosts.allSatisfy { $0.state != .on || !$0.use.passes(low, of: $0) }
  }

  private func putToSleep(
    _ power: inout PowerStates, _ inventory: inout ClusterInventory,
    _ outcome: inout BalancingOutcome
  ) -> Int? {
    let awake = inventory.hosts.indices.filter { inventory.hosts[$0].state == .on }
      .map { (host: $0, load: inventory.load(of: $0).cpu) }
      .sorted { $0.load != $1.load ? $0.load < $1.load : $0.host < $1.host }
    for (host, _) in awake {
      guard power.maySleep(host, inventory), let moves = empty(host, &inventory, &outcome.work)
      else { continue }
      outcome.moves += moves
      _ = power.sleep(host, inventory)
      return host
    }
    return nil
  }

  private func empty(
    _ host: Int, _ inventory: inout ClusterInventory, _ work: inout Int
  ) -> [VMMove]? {
    let units = inventory.movableUnits(on: host)
    guard units.reduce(0, { $0 + $1.count }) == inventory.hosts[host].use.vmCount else {
      return nil
    }
    let inOrder = units.map { unit in
      (unit: unit, demand: unit.reduce(Int64(0)) { $0 + inventory.cpuDemand(of: $1, on: host) })
    }.sorted { $0.demand != $1.demand ? $0.demand > $1.demand : $0.unit[0] < $1.unit[0] }
    var trial = inventory
    var moves: [VMMove] = []
    for (unit, _) in inOrder {
      work += trial.hosts.count
      let decision = PowerAware(target: high).place(
        trial.request(for: unit, mustFitCharge: true), of: unit, in: trial, from: host
      ) { target in
        guard trial.mayMove(unit, to: target) else { return false }
        let row = trial.hosts[target]
        var use = row.use
        for vm in unit { use.add(trial.vms[vm], coreRate: row.coreRate, sign: 1) }
        return !use.passes(high, of: row)
      }
      guard let target = decision.host else { return nil }
      moves += trial.shift(unit, to: target, reason: .underload).map {
        var move = $0
        move.threshold = low.value
        return move
      }
    }
    inventory = trial
    return moves
  }
}

extension ClusterInventory.HostUse {
  /// CPU or memory demand is above a part of the host, or at it.
  fileprivate func passes(
    _ line: PartsPerMillion, of host: ClusterInventory.Host, orReaches: Bool = false
  ) -> Bool {
    func passes(_ demand: Int64, _ capacity: Int64) -> Bool {
      let (load, edge) = (Int128(demand) * 1_000_000, Int128(line.value) * Int128(capacity))
      return orReaches ? load >= edge : load > edge
    }
    return passes(cpuDemand, host.cpuCapacity) || passes(memoryDemand, host.memoryCapacity)
  }
}
