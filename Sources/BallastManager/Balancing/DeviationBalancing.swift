import BallastUnits

/// Evens out the loads of hosts when their standard deviation passes the threshold: DRS up to vSphere 6.7.
///
/// Rule      host load = Σ expected demand of its VMs / capacity, for CPU and for memory. Priority = 6 − ⌈deviation / 0.1 ×
///           √N⌉, held in 2…5, of the resource that deviates more; threshold k applies priorities ≤ k, and 1 is for
///           broken must rules. While it applies: from the most loaded host, above the mean, of the resource that
///           deviates more (then of the other) take the VM and the target, among the eight least loaded, that lower
///           the sum of both variances most. A resource whose demand is above the cluster's capacity weighs 3 where the
///           other fits (demand as on the cluster's fastest cores).
/// Benefit   what the fuller of the two hosts gains (ppm of a host) × stable time, both resources by weight; cost =
///           CPU to copy at both ends and memory held twice while copying, and downtime. Unit: ppm of a host × ms.
/// Promises  the weighted sum of variances falls with every move · benefit > cost · at the worst demand of the last hour
///           the target has room, or is no fuller than the host left · rules and reservations hold · deciding
///           again on the same cluster moves nothing.
/// Rounding  loads down to 1 ppm; from there on exact (`Spread`).
/// Cost      O(VMs) once, then per move O(8 · VMs of a host + log hosts); a host that gives nothing is asked again only
///           after a round that moved something.
/// Source    formula and threshold: VMware's knowledge base on the DRS priority, read left to right; the clamp, the eight
///           targets and the unit of benefit are ours; weights and histories: Gulati et al., VMware Technical Journal
///           1, 2012.
public struct DeviationBalancing: BalancingPolicy {
  public var threshold: Int
  public var interval: SimDuration
  /// How long a decision is expected to be right.
  public var stableTime: SimDuration
  public var migration: MigrationCost
  private var history = ExpectedDemand()

  /// - Parameter threshold: 1 (rules only) to 5.
  public init(
    threshold: Int = 3, interval: SimDuration = .seconds(300),
    stableTime: SimDuration = .seconds(300), migration: MigrationCost = MigrationCost()
  ) {
    self.threshold = min(5, max(1, threshold))
    self.interval = interval
    self.stableTime = stableTime
    self.migration = migration
  }

  public mutating func observe(_ inventory: ClusterInventory, at time: SimTime) {
    history.note(inventory, at: time)
  }

  public mutating func balance(
    _ inventory: inout ClusterInventory, at time: SimTime
  ) -> BalancingOutcome {
    observe(inventory, at: time)
    var outcome = BalancingOutcome(next: time + interval)
    outcome.moves = inventory.mendRules(work: &outcome.work)
    var loads = HostLoads(inventory, history)
    outcome.imbalanceBefore = loads.imbalance
    var isMoving = true
    while isMoving {
      isMoving = false
      for resource in loads.byDeviation {
        var asked: [Int] = []
        while priority(loads) <= threshold, let source = loads.mostLoaded(resource) {
          guard let change = best(from: source, resource, inventory, &loads) else {
            loads.setAside(source, resource)
            asked.append(source)
            continue
          }
          outcome.moves += apply(change, &inventory, &loads)
          isMoving = true
        }
        for host in asked { loads.bringBack(host, resource) }
      }
    }
    outcome.imbalanceAfter = loads.imbalance
    outcome.work += loads.work
    return outcome
  }

  private func priority(_ loads: HostLoads) -> Int {
    min(5, max(2, 6 - loads.steps)) + unmoved(loads)
  }

  /// Equal loads need nothing, at any threshold.
  private func unmoved(_ loads: HostLoads) -> Int { loads.steps == 0 ? 1 : 0 }

  /// Hosts tried per VM.
  private static let targets = 8

  private func best(
    from source: Int, _ resource: HostLoads.Resource, _ inventory: ClusterInventory,
    _ loads: inout HostLoads
  ) -> HostLoads.Change? {
    let targets = loads.leastLoaded(resource, Self.targets)
    var best: HostLoads.Change?
    for unit in inventory.movableUnits(on: source) {
      for target in targets where target != source {
        loads.work += 1
        var change = loads.change(unit, from: source, to: target, inventory)
        guard change.variance < 0, change.variance < (best?.variance ?? 0), change.isBearable
        else { continue }
        weigh(&change, inventory)
        guard change.benefit > change.cost, inventory.mayMove(unit, to: target) else { continue }
        best = change
      }
    }
    return best
  }

  private func weigh(_ change: inout HostLoads.Change, _ inventory: ClusterInventory) {
    func gain(_ a: Int64, _ b: Int64, _ c: Int64, _ d: Int64) -> Int128 {
      Int128(max(a, b)) - Int128(max(c, d))
    }
    let (source, target) = (change.source, change.target)
    let stable = Int128(max(0, stableTime.milliseconds))
    let cpuGain = gain(source.cpuBefore, target.cpuBefore, source.cpuAfter, target.cpuAfter)
    let memoryGain = gain(
      source.memoryBefore, target.memoryBefore, source.memoryAfter, target.memoryAfter)
    change.benefit = clamped(
      (cpuGain * change.weights.cpu + memoryGain * change.weights.memory) * stable)

    let copied = change.unit.reduce(Int64(0)) { $0 + inventory.vms[$1].memory }
    let copying = Int128(migration.milliseconds(copied))
    let ends = [change.from, change.to].reduce(Int128(0)) { sum, host in
      let row = inventory.hosts[host]
      return sum
        + Int128(
          partsPerMillion(
            migration.copyingCore.of(Kilohertz(row.coreRate)).value, of: row.cpuCapacity))
    }
    let still =
      Int128(max(0, source.cpuBefore - source.cpuAfter)) * Int128(migration.downtime.milliseconds)
    let twice =
      Int128(partsPerMillion(copied, of: inventory.hosts[change.to].memoryCapacity)) * copying
    change.cost = clamped(
      (ends * copying + still) * change.weights.cpu + twice * change.weights.memory)
  }

  private func clamped(_ value: Int128) -> Int64 {
    Int64(max(Int128(Int64.min), min(Int128(Int64.max), value)))
  }

  private func apply(
    _ change: HostLoads.Change, _ inventory: inout ClusterInventory, _ loads: inout HostLoads
  ) -> [VMMove] {
    let (before, priority) = (loads.imbalance, priority(loads))
    loads.apply(change)
    return change.unit.map { vm in
      inventory.move(vm, to: change.to)
      var move = VMMove(
        vm: vm, from: change.from, to: change.to, reason: .imbalance, source: change.source,
        target: change.target)
      move.imbalanceBefore = before
      move.imbalanceAfter = loads.imbalance
      move.benefit = change.benefit
      move.cost = change.cost
      move.threshold = Int64(threshold)
      move.priority = priority
      return move
    }
  }
}
