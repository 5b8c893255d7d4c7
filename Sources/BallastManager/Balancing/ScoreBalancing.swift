import BallastUnits

/// Moves a VM when another host would run it better: the DRS of vSphere 7.0 and later.
///
/// Rule      score of a VM on a host, in ppm = (1 − unmet part of CPU demand) × (1 − unmet part of memory demand) × (1 −
///           swap-in rate / 100 MiB/s), where unmet = what the demand of all VMs there passes the capacity by, in parts of
///           that demand; on another host nothing is swapped in yet. From the host with the fullest resource down, take
///           the VM and the target, among the eight with least CPU load, that raise the work done by both hosts most.
/// Cost      of a move in ppm = migration time × slowdown / horizon; a VM must gain more than that.
/// Promises  work done by both hosts does not fall · the target is then less full than the source was · rules and
///           reservations hold · only contended hosts are left · deciding again on the same cluster moves nothing.
/// Rounding  parts down to 1 ppm.
/// Work      O(hosts) once; per move O(8 · VMs of a host + log hosts).
/// Source    VMware publishes what enters the score, not the formula; this one is ours, as are the swap rate that
///           counts as standstill and the horizon of 300 s.
public struct ScoreBalancing: BalancingPolicy {
  public var interval: SimDuration
  public var horizon: SimDuration
  public var migration: MigrationCost
  /// Bytes per second of swap-in at which a VM stands still.
  public var standstillSwapRate: Int64 = 100 << 20

  public init(
    interval: SimDuration = .seconds(60), horizon: SimDuration = .seconds(300),
    migration: MigrationCost = MigrationCost()
  ) {
    self.interval = interval
    self.horizon = horizon
    self.migration = migration
  }

  public mutating func observe(_ inventory: ClusterInventory, at time: SimTime) {}

  public mutating func balance(
    _ inventory: inout ClusterInventory, at time: SimTime
  ) -> BalancingOutcome {
    var outcome = BalancingOutcome(next: time + interval)
    outcome.moves = inventory.mendRules(work: &outcome.work)
    var most = LoadOrder(count: inventory.hosts.count, mostFirst: true)
    var least = LoadOrder(count: inventory.hosts.count, mostFirst: false)
    func sort(_ host: Int) {
      let state = HostState(inventory.hosts[host].use, inventory.hosts[host])
      most.set(host, state.fullness)
      least.set(host, inventory.load(of: host).cpu)
    }
    for host in inventory.hosts.indices where inventory.hosts[host].state == .on { sort(host) }
    var isMoving = true
    while isMoving {
      isMoving = false
      var asked: [Int] = []
      while let source = most.first,
        HostState(inventory.hosts[source].use, inventory.hosts[source]).fullness > HostState.full
      {
        let targets = least.leading(8)
        guard let found = best(from: source, to: targets, inventory, &outcome.work) else {
          most.takeOut(source)
          asked.append(source)
          continue
        }
        var moves = inventory.shift(found.unit, to: found.target, reason: .score)
        for index in moves.indices {
          moves[index].benefit = found.gain
          moves[index].cost = found.cost
        }
        outcome.moves += moves
        // A host that gave nothing stays out of this round, also as it is now.
        sort(source)
        sort(found.target)
        for host in asked where host == found.target { most.takeOut(host) }
        isMoving = true
      }
      for host in asked { sort(host) }
    }
    outcome.work += most.work + least.work
    return outcome
  }

  private struct Found {
    var unit: [Int]
    var target: Int
    var gain: Int64
    var cost: Int64
    var work: Int128
  }

  private func best(
    from source: Int, to targets: [Int], _ inventory: ClusterInventory, _ work: inout Int
  ) -> Found? {
    var best: Found?
    let hosts = inventory.hosts
    let before = HostState(hosts[source].use, hosts[source])
    for unit in inventory.movableUnits(on: source) {
      var left = hosts[source].use
      for vm in unit { left.add(inventory.vms[vm], coreRate: hosts[source].coreRate, sign: -1) }
      for target in targets where target != source {
        work += 1
        var taken = hosts[target].use
        for vm in unit { taken.add(inventory.vms[vm], coreRate: hosts[target].coreRate, sign: 1) }
        let there = HostState(hosts[target].use, hosts[target])
        let after = HostState(taken, hosts[target])
        guard after.fullness < before.fullness else { continue }
        let done =
          HostState(left, hosts[source]).work + after.work - before.work - there.work
        guard done >= 0, done > (best?.work ?? -1) else { continue }
        let swapped = unit.map { inventory.vms[$0].swapInRate }.max() ?? 0
        let gain = after.score - scaled(before.score, by: awake(swapped), over: 1_000_000)
        let cost = cost(of: unit, inventory)
        guard gain > cost, inventory.mayMove(unit, to: target) else { continue }
        best = Found(unit: unit, target: target, gain: gain, cost: cost, work: done)
      }
    }
    return best
  }

  /// 1 − swap-in rate / standstill, in ppm.
  private func awake(_ rate: Int64) -> Int64 {
    1_000_000 - partsPerMillion(min(rate, standstillSwapRate), of: standstillSwapRate)
  }

  private func cost(of unit: [Int], _ inventory: ClusterInventory) -> Int64 {
    let copied = unit.reduce(Int64(0)) { $0 + inventory.vms[$1].memory }
    return scaled(
      migration.milliseconds(copied), by: migration.slowdown.value,
      over: max(1, horizon.milliseconds))
  }
}

/// How well a host serves what its VMs demand.
private struct HostState {
  static let full: Int64 = 1_000_000
  /// Demand / capacity of the fuller resource in ppm.
  var fullness: Int64
  /// Ppm of demand that is met, CPU × memory.
  var score: Int64
  /// kHz delivered × ppm of memory demand met.
  var work: Int128

  init(_ use: ClusterInventory.HostUse, _ host: ClusterInventory.Host) {
    func met(_ demand: Int64, _ capacity: Int64) -> Int64 {
      demand <= capacity ? Self.full : partsPerMillion(max(0, capacity), of: demand)
    }
    fullness = max(
      partsPerMillion(use.cpuDemand, of: host.cpuCapacity),
      partsPerMillion(use.memoryDemand, of: host.memoryCapacity))
    let memory = met(use.memoryDemand, host.memoryCapacity)
    score = scaled(met(use.cpuDemand, host.cpuCapacity), by: memory, over: Self.full)
    work = Int128(min(use.cpuDemand, host.cpuCapacity)) * Int128(memory)
  }
}
