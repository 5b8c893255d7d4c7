import BallastModel
import BallastUnits

/// Targets by shares with an idle-memory tax, reclaimed by what the host's state allows.
///
/// Rule      targets are the tax's equilibrium over what VMs hold and what is free beyond the amount to be kept free, and no
///           less than what is reserved. From soft on, who is above its target gives, lowest price first; in high and clear, balloons below their
///           target are let out of what is free beyond where soft is left, highest price first, and where a technique
///           works in these states, who is above its target gives what they still lack. A VM above its limit always
///           gives, and so do VMs of a pool above its limit: the pool's excess, from those above their targets.
/// Promises  those of `IdleMemoryTax`, `MinFundingRevocation`, `MemoryStates` and `ReclamationPlanner` · from soft on,
///           with memory that can be taken, free memory returns to where the state is high · nobody gives to another
///           more than that one's balloon holds.
/// Rounding  that of its parts.
/// Cost      that of `IdleMemoryTax`.
/// Source    Waldspurger, OSDI 2002, §5–6; VMware on ESXi 6.0.
public struct ProportionalShareMemory: MemoryPolicy {
  public struct Parameters: Sendable, Equatable {
    /// Bytes to be kept free, which states are parts of unless they are of all memory; 0: unknown, and the state stays
    /// high.
    public var minFree: Int64 = 0
    public var tax = IdleMemoryTax()
    public var states = MemoryStates.Parameters.esxi
    public var planner = ReclamationPlanner.esxi
    /// Bytes taken per decision at most, limits aside.
    public var stepBytesMax = Int64.max
    public init() {}
  }

  public let name = "proportional-share"
  public let parameters: Parameters
  public var tax: IdleMemoryTax { parameters.tax }
  private var states: MemoryStates

  public init(_ parameters: Parameters = Parameters()) {
    self.parameters = parameters
    states = MemoryStates(parameters.states)
  }

  public func keptFree(of memory: Int64) -> Int64 {
    states.wanted(reference: parameters.states.reference == .memory ? memory : parameters.minFree)
  }

  /// In state high, with enough free that not even large pages are broken up.
  public func isIdle(free: Int64) -> Bool {
    guard parameters.states.reference == .minFree, parameters.minFree > 0 else { return false }
    return states.state == .high && free >= states.wanted(reference: parameters.minFree)
      && !states.breaksLargePages(free: free, reference: parameters.minFree)
  }

  public func keepsLimit(of settings: VMSettings) -> Bool {
    settings.memory.isBallooned && parameters.planner.steps.contains { $0.technique == .balloon }
  }

  public mutating func decide(
    _ table: MemoryTable, requests: inout [VMMemoryRequest], host: inout HostMemoryRequest,
    decision: inout MemoryDecision
  ) {
    let planner = parameters.planner
    let reference =
      parameters.states.reference == .memory ? table.total : parameters.minFree
    let free = table.free + table.cached
    decision.state = states.update(free: free, reference: reference)
    decision.free = free
    decision.wanted = states.wanted(reference: reference)
    host.scansForSharing = planner.scansForSharing(in: decision.state)
    if states.breaksLargePages(free: free, reference: reference) {
      host.breakLargePages = max(0, table.readings.largePages)
    }

    let claims = table.rows.map(\.claim)
    let held = claims.reduce(0) { $0 + $1.held }
    // What is reserved is not given up for what is to be kept free.
    let reserved = table.rows.reduce(0) { $0 + $1.floor }
    let capacity = min(max(reserved, held + free - decision.wanted), MemoryTable.bytesMax)
    let division = parameters.tax.divideTree(
      capacity: capacity, among: claims, pools: table.tree, poolOfClaim: table.rows.map(\.pool))
    let targets = zip(division.parts, table.rows).map { max($0, $1.floor) }
    let revocation = MinFundingRevocation(
      tax: parameters.tax, stepBytesMax: parameters.stepBytesMax)
    // Down to where ballooning begins again: who is above its target gives then, and activity that moves from one guest
    // to another takes its memory along.
    let spare = max(0, free - states.leavingSoft(reference: reference))
    var takings = table.rows.map { max(0, $0.held - max($0.limit, $0.floor)) }
    if decision.state >= .soft {
      takings = larger(takings, revocation.taken(from: claims, targets: targets))
    } else if planner.reclaims(in: decision.state) {
      decision.mayExchange = table.rows.contains { $0.balloon > 0 }
      let lacking = zip(table.rows, targets).reduce(0) { $0 + lack(of: $1.0, target: $1.1) }
      // Whose balloon cannot grow gives nothing, and somebody else does.
      let least = zip(table.rows, targets).map { max($1, $0.held - ($0.balloonMax - $0.balloon)) }
      takings = larger(
        takings, revocation.taken(from: claims, targets: least, atMost: lacking - spare))
    }
    let limited = PoolLimits(table)
    let excess = limited.taken(table, claims, targets: targets, beside: takings, by: revocation)
    let isOverLimit = table.rows.indices.map { row in
      excess[row] > 0 || table.rows[row].held > max(table.rows[row].limit, table.rows[row].floor)
    }
    takings = larger(takings, excess)
    for (index, row) in table.rows.enumerated() {
      var explanation = MemoryExplanation(row, tax: parameters.tax)
      if row.isSeen {
        explanation.target = targets[index]
        explanation.bound = row.bound(of: targets[index])
        if explanation.bound == .price {
          if limited.bind(row.pool, table, targets) {
            explanation.bound = .poolLimit
          } else if division.isHeldByReservation(row.pool, table.tree) {
            explanation.bound = .poolReservation
          }
        }
        requests[index].target = targets[index]
        explanation.shortage = planner.take(
          takings[index], from: row, in: decision.state, isOverLimit: isOverLimit[index],
          request: &requests[index], amounts: &explanation.amounts)
        decision.shortage += explanation.shortage
        // Who has nothing to give is not stopped for what it may not be taken.
        if let from = planner.blocksFrom, decision.state >= from, takings[index] > 0,
          !row.isUntouchable
        {
          requests[index].blocksAboveTarget = true
          explanation.stoppedAbove = targets[index]
        }
      }
      decision.vms.append(explanation)
    }
    if decision.state <= .clear {
      letOut(spare, table, revocation.givingOrder(claims), targets, &requests, &decision)
    }
  }

  /// What a guest lacks because its balloon holds it.
  private func lack(of row: MemoryRow, target: Int64) -> Int64 {
    row.isSeen ? min(row.balloon, max(0, target - row.held)) : 0
  }

  private func larger(_ a: [Int64], _ b: [Int64]) -> [Int64] { zip(a, b).map { max($0, $1) } }

  /// Lets balloons out towards the targets, as far as free memory goes.
  private func letOut(
    _ free: Int64, _ table: MemoryTable, _ order: [Int], _ targets: [Int64],
    _ requests: inout [VMMemoryRequest], _ decision: inout MemoryDecision
  ) {
    var left = free
    for index in order where left > 0 {
      let row = table.rows[index]
      guard row.isSeen, row.balloon > 0, requests[index].balloon < 0 else { continue }
      let given = min(left, lack(of: row, target: targets[index]))
      guard given > 0 else { continue }
      requests[index].balloon = row.balloon - given
      decision.vms[index].amounts.append(
        MemoryExplanation.Amount(technique: .balloon, bytes: -given))
      left -= given
    }
  }
}
