import BallastModel
import BallastUnits

/// Hyper-V's Dynamic Memory: each guest gets what it has committed and a buffer on top.
///
/// Rule      target = clamp(committed · (1 + buffer), minimum, maximum). Where that does not fit, buffers go first, then
///           demand is filled from the minimum by weight 1 + priority/50; what is left over the demands goes to the
///           buffers by the same weight. What other guests still wait for is not there to be divided. Growing is at
///           once, as far as memory is free and nobody waits for it; shrinking is gradual, except that memory somebody
///           waits for is given up at once, in proportion to what is still to go.
/// Promises  never below the minimum nor above configured memory and limit · Σ targets ≤ what VMs hold and is free, less
///           what others wait for, unless that is below Σ minimums · a guest that tells nothing fresh keeps what it has.
/// Rounding  target to the byte, down; divisions as `waterFill`.
/// Cost      two water-fills.
/// Source    Microsoft on Dynamic Memory: demand is committed memory, buffer 20 % by default, buffers go first, then by
///           weight. How much a weight weighs and how fast it shrinks (5 % of what it has per decision) are ours.
public struct HyperVDynamicMemory: MemoryPolicy {
  public struct Parameters: Sendable, Equatable {
    /// Part of what a guest has that it may lose per decision.
    public var shrinkMax = PartsPerMillion.percent(5)
    public init() {}
  }

  public let name = "hyperv-dynamic-memory"
  public let parameters: Parameters

  public init(_ parameters: Parameters = Parameters()) { self.parameters = parameters }

  public mutating func decide(
    _ table: MemoryTable, requests: inout [VMMemoryRequest], host: inout HostMemoryRequest,
    decision: inout MemoryDecision
  ) {
    decision.vms = table.rows.map { MemoryExplanation($0, tax: .none) }
    let free = table.free
    let members = table.rows.indices.filter { isManaged(table.rows[$0]) }
    let rows = members.map { table.rows[$0] }
    let waiting = table.rows.reduce(0) { $0 + $1.unbacked }
    let held = rows.reduce(0) { $0 + min($1.held, $1.current) }
    let capacity = max(0, held + free - waiting + rows.reduce(0) { $0 + $1.unbacked })
    let bounds = rows.map { self.bounds($0) }
    let wanted = bounds.map(\.target)
    decision.free = free
    decision.wanted = max(0, wanted.reduce(0, +) - (capacity - free))
    let targets = divide(capacity, rows, bounds)
    decision.state =
      waiting > max(0, free) || zip(targets, wanted).contains { $0 < $1 } ? .soft : .high
    let shrunk = self.shrunk(rows, to: targets, short: waiting - max(0, free))
    var left = max(0, free - waiting)
    for (place, index) in members.enumerated() {
      let row = rows[place]
      var next = targets[place]
      if next > row.current {
        next = row.current + min(left, next - row.current)
        left -= next - row.current
      } else {
        next = shrunk[place]
      }
      let reason: MemoryExplanation.Bound =
        if next != targets[place] {
          next > targets[place] ? .pace : .part
        } else {
          next == wanted[place] ? .demand : .part
        }
      decision.vms[index].take(
        row, current: next, from: bounds[place].minimum, to: bounds[place].maximum, by: reason,
        request: &requests[index])
    }
  }

  /// What guests that have more than their target are to have next.
  ///
  /// - Parameter short: bytes that guests wait for and nobody has free.
  private func shrunk(_ rows: [MemoryRow], to targets: [Int64], short: Int64) -> [Int64] {
    let cuts = zip(rows, targets).map { max(0, $0.current - $1) }
    let gradual = zip(rows, cuts).map {
      min($1, parameters.shrinkMax.of(Bytes($0.current)).value)
    }
    let rest = zip(cuts, gradual).map { $0 - $1 }
    let more = min(max(0, short - gradual.reduce(0, +)), rest.reduce(0, +))
    let extra = more > 0 ? apportion(more, by: rest) : rest.map { _ in 0 }
    return rows.indices.map { rows[$0].current - gradual[$0] - extra[$0] }
  }

  private func isManaged(_ row: MemoryRow) -> Bool {
    row.settings.isBallooned && row.guestCommitted != nil && row.heldBackBy == nil
  }

  private typealias Bounds = (minimum: Int64, demand: Int64, target: Int64, maximum: Int64)

  private func bounds(_ row: MemoryRow) -> Bounds {
    let maximum = min(row.configured, row.limit)
    let asked = row.settings.minimum >= 0 ? row.settings.minimum : row.reservation
    let minimum = min(max(asked, row.reservation), maximum)
    let committed = row.guestCommitted ?? row.current
    let factor = 1_000_000 + min(max(row.settings.buffer.value, 0), 20_000_000)
    let demand = min(max(committed, minimum), maximum)
    let target = min(max(scaled(committed, by: factor, over: 1_000_000), minimum), maximum)
    return (minimum, demand, target, maximum)
  }

  private func divide(_ capacity: Int64, _ rows: [MemoryRow], _ bounds: [Bounds]) -> [Int64] {
    let weights = rows.map { 50 + min(max($0.settings.priority, 0), 100) }
    let demands = waterFill(
      capacity: capacity, lower: bounds.map(\.minimum), upper: bounds.map(\.demand),
      weights: weights)
    guard zip(demands, bounds).allSatisfy({ $0 == $1.demand }) else { return demands }
    return waterFill(
      capacity: capacity, lower: demands, upper: bounds.map(\.target), weights: weights)
  }
}
