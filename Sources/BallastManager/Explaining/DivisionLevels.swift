import BallastModel
import BallastUnits

/// The VM at the end of an explanation, and what the levels are called.
struct ExplainedVM {
  var name: String
  var reservation: Int64
  var limit: Int64
  /// Demand as the division took it, before limit and size.
  var demand: Int64
  var size: Int64
}

struct ExplainedPlace {
  var scope: EntitlementLevel.Scope
  var name: String
  var weightPerShare: Int64
  /// Of each pool of the division: its name, and its reservation in the cluster.
  var pools: [(name: String, reservation: Int64)]
}

extension Division {
  /// The levels of the last division from the root down to one row.
  func levels(row: Int, poolOfRow: [Int], vm: ExplainedVM, place: ExplainedPlace)
    -> [EntitlementLevel]
  {
    var path: [Int] = []
    if !isFlat {
      var pool = poolOfRow[row]
      while pool > 0 {
        path.append(pool)
        pool = pools[pool].parent
      }
    }
    var levels = [rootLevel(place)]
    for pool in path.reversed() { levels.append(level(ofPool: pool, place)) }
    levels.append(level(ofRow: row, poolOfRow: poolOfRow, vm, place))
    return levels
  }

  private func rootLevel(_ place: ExplainedPlace) -> EntitlementLevel {
    var wanted: Int64 = 0
    var promised: Int64 = 0
    var granted: Int64 = 0
    let rows = rows
    for row in 0..<count {
      // A cap above the capacity counts as that: the sum may not overflow.
      wanted += min(rows.caps[row], capacity)
      promised += rows.floors[row]
      granted += rows.granted[row]
    }
    if !isFlat {
      wanted = tree.poolWanted(0)
      promised = tree.poolFloor(0)
    }
    let cap = isFlat ? min(capacity, wanted) : tree.poolCap(0)
    return EntitlementLevel(
      scope: place.scope, kind: place.scope == .cluster ? .cluster : .host, name: place.name,
      divided: capacity, siblings: 1, siblingWeights: 1, weight: 1, weightPerShare: 1,
      configuredReservation: 0,
      reservation: 0, limit: nil, wanted: wanted, cap: cap, floor: min(promised, cap), level: nil,
      amount: granted, bound: wanted > capacity ? .capacity : .nothing)
  }

  private func level(ofPool pool: Int, _ place: ExplainedPlace) -> EntitlementLevel {
    let parent = pools[pool].parent
    let (wanted, cap, floor) = (
      tree.poolWanted(pool), tree.poolCap(pool), tree.poolFloor(pool)
    )
    let amount = tree.poolAllocation(pool)
    let bound: EntitlementLevel.Bound =
      if amount > wanted {
        .poolReservation
      } else if amount == cap && wanted > cap {
        .poolLimit
      } else {
        // With two passes the cap may lie above the wants.
        Self.bound(
          amount: amount, cap: min(cap, wanted), floor: floor, outcome: tree.poolOutcome(parent))
      }
    return EntitlementLevel(
      scope: place.scope, kind: .pool, name: place.pools[pool].name,
      divided: tree.poolAllocation(parent), siblings: tree.childCount(parent),
      siblingWeights: tree.childWeights(parent), weight: pools[pool].weight,
      weightPerShare: place.weightPerShare,
      configuredReservation: place.pools[pool].reservation, reservation: pools[pool].reservation,
      limit: pools[pool].limit == .max ? nil : pools[pool].limit, wanted: wanted, cap: cap,
      floor: floor, level: tree.poolLevel(parent), amount: amount, bound: bound,
      reservedBeside: bound == .shares ? reserved(in: parent, beside: pool, place) : nil)
  }

  /// The child of a pool that has most by its reservation, more than its shares bring; ties to the earlier one.
  private func reserved(
    in parent: Int, beside own: Int?, _ place: ExplainedPlace
  ) -> EntitlementLevel.Reserved? {
    guard let level = tree.poolLevel(parent) else { return nil }
    var most: EntitlementLevel.Reserved?
    for pool in pools.indices where pools[pool].parent == parent && pool != own {
      let amount = tree.poolAllocation(pool)
      guard amount > (most?.amount ?? 0), amount == tree.poolFloor(pool) else { continue }
      // λ · weight < amount
      let byShares = level.numerator.multipliedFullWidth(by: pools[pool].weight)
      let asItIs = level.denominator.multipliedFullWidth(by: amount)
      if (byShares.high, byShares.low) < (asItIs.high, asItIs.low) {
        most = .init(
          pool: place.pools[pool].name, reservation: place.pools[pool].reservation, amount: amount)
      }
    }
    return most
  }

  private func level(
    ofRow row: Int, poolOfRow: [Int], _ vm: ExplainedVM, _ place: ExplainedPlace
  ) -> EntitlementLevel {
    let rows = rows
    let parent = isFlat ? 0 : poolOfRow[row]
    let outcome = isFlat ? outcome : tree.poolOutcome(parent)
    let (cap, floor, amount) = (rows.caps[row], rows.floors[row], rows.granted[row])
    let bound: EntitlementLevel.Bound =
      if amount > cap {
        .poolReservation
      } else if amount == cap && vm.limit < min(vm.demand, vm.size) {
        .limit
      } else if amount == cap && vm.demand >= vm.size {
        .size
      } else {
        Self.bound(amount: amount, cap: cap, floor: floor, outcome: outcome)
      }
    var weights: Int64 = 0
    if isFlat { for row in 0..<count { weights += rows.weights[row] } }
    return EntitlementLevel(
      scope: place.scope, kind: .vm, name: vm.name,
      divided: isFlat ? capacity : tree.poolAllocation(parent),
      siblings: isFlat ? count : tree.childCount(parent),
      siblingWeights: isFlat ? weights : tree.childWeights(parent), weight: rows.weights[row],
      weightPerShare: place.weightPerShare,
      configuredReservation: vm.reservation, reservation: vm.reservation,
      limit: vm.limit == .max ? nil : vm.limit, wanted: vm.demand, cap: cap, floor: floor,
      level: isFlat ? level : tree.poolLevel(parent), amount: amount, bound: bound,
      reservedBeside: bound == .shares && !isFlat ? reserved(in: parent, beside: nil, place) : nil,
      ceiling: hasTwoPasses ? rows.ceilings[row] : nil)
  }

  private static func bound(
    amount: Int64, cap: Int64, floor: Int64, outcome: WaterFillOutcome
  ) -> EntitlementLevel.Bound {
    if amount == cap { return outcome == .satisfied ? .nothing : .demand }
    if outcome == .shortfall { return .shortfall }
    return amount <= floor && floor > 0 ? .reservation : .shares
  }
}
