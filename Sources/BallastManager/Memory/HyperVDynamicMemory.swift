import BallastModel
import BallastUnits

/// Hyper-V's Dynamic Memory: each guest gets what it has committed and a buffer on top.
///
/// Rule      target = clamp(committed · (1 + buffer), minimum, maximum). Where that does not fit, buffers go first, then
///           demand is filled from the minimum by weight 1 + priority/50; what is left over the demands goes to the
///           buffers by the same weight. Growing is at once, as far as memory is free; shrinking is gradual.
/// Promises  never below the minimum nor above configured memory and limit · Σ targets ≤ what VMs and free memory
///           have · a guest that tells nothing fresh keeps what it has.
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
    let capacity = max(0, rows.reduce(0) { $0 + $1.current } + free)
    let bounds = rows.map { self.bounds($0) }
    let wanted = bounds.map(\.target)
    decision.free = free
    decision.wanted = max(0, wanted.reduce(0, +) - (capacity - free))
    let targets = divide(capacity, rows, bounds)
    decision.state = zip(targets, wanted).contains { $0 < $1 } ? .soft : .high
    var left = max(0, free)
    for (place, index) in members.enumerated() {
      let row = rows[place]
      var next = targets[place]
      if next > row.current {
        next = row.current + min(left, next - row.current)
        left -= next - row.current
      } else {
        next = max(next, row.current - parameters.shrinkMax.of(Bytes(row.current)).value)
      }
      decision.vms[index].take(row, current: next, request: &requests[index])
      decision.vms[index].floor = bounds[place].minimum
      decision.vms[index].cap = bounds[place].maximum
    }
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
