import BallastModel
import BallastUnits

/// Targets by shares with an idle-memory tax, reclaimed by what the host's state allows.
///
/// Rule      targets are the tax's equilibrium over what VMs hold and what is free beyond the amount to be kept free.
///           From soft on, who is above its target gives, lowest price first; in high and clear, balloons
///           below their target are let out of what is free beyond where soft is left, highest price first. A VM above its limit always gives.
/// Promises  those of `IdleMemoryTax`, `MinFundingRevocation`, `MemoryStates` and `ReclamationPlanner` · from soft on,
///           with memory that can be taken, free memory returns to where the state is high.
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

  /// In state high, with enough free that not even large pages are broken up.
  public func isIdle(free: Int64) -> Bool {
    guard parameters.states.reference == .minFree, parameters.minFree > 0 else { return false }
    return states.state == .high && free >= states.wanted(reference: parameters.minFree)
      && !states.breaksLargePages(free: free, reference: parameters.minFree)
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
    let capacity = max(0, min(held + free - decision.wanted, MemoryTable.bytesMax))
    let targets = parameters.tax.divide(
      capacity: capacity, among: claims, pools: table.pools, poolOfClaim: table.rows.map(\.pool))
    let revocation = MinFundingRevocation(
      tax: parameters.tax, stepBytesMax: parameters.stepBytesMax)
    var takings = table.rows.map { max(0, $0.held - max($0.limit, $0.floor)) }
    let isOverLimit = takings.map { $0 > 0 }
    if decision.state >= .soft {
      let taken = revocation.taken(from: claims, targets: targets)
      for row in takings.indices { takings[row] = max(takings[row], taken[row]) }
    }
    for (index, row) in table.rows.enumerated() {
      var explanation = MemoryExplanation(row, tax: parameters.tax)
      if row.isSeen {
        explanation.target = targets[index]
        explanation.bound = row.bound(of: targets[index])
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
        }
      }
      decision.vms.append(explanation)
    }
    if decision.state <= .clear {
      // Down to where ballooning begins again: who is above its target gives then, and activity that moves from one guest
      // to another takes its memory along.
      letOut(
        max(0, free - states.leavingSoft(reference: reference)), table,
        revocation.givingOrder(claims), targets, &requests,
        &decision)
    }
  }

  /// Lets balloons out towards the targets, as far as free memory goes.
  private func letOut(
    _ free: Int64, _ table: MemoryTable, _ order: [Int], _ targets: [Int64],
    _ requests: inout [VMMemoryRequest], _ decision: inout MemoryDecision
  ) {
    var left = free
    for index in order where left > 0 {
      let row = table.rows[index]
      guard row.isSeen, row.balloon > 0, requests[index].balloon < 0 else { continue }
      let given = min(left, row.balloon, max(0, targets[index] - row.held))
      guard given > 0 else { continue }
      requests[index].balloon = row.balloon - given
      decision.vms[index].amounts.append(
        MemoryExplanation.Amount(technique: .balloon, bytes: -given))
      left -= given
    }
  }
}
