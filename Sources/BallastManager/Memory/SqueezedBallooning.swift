import BallastModel
import BallastUnits

/// XenServer's squeezed: every guest gets the same part of its dynamic range.
///
/// Rule      target = dmin + φ (dmax − dmin), dmin = its minimum or else its reservation, dmax = min(configured, limit);
///           φ is as large as what the guests hold and what is free allow, 0 … 1. A guest without a range, without a
///           driver or stuck is left as it is: what it holds is not counted, and what it still waits for is not free.
/// Promises  dmin ≤ target ≤ dmax · Σ targets ≤ what these guests hold + free memory − what others wait for, unless that
///           is below Σ dmin · φ is the same for all.
/// Rounding  down to 1 byte; what that leaves stays free.
/// Cost      O(n).
/// Source    XenServer's memory ballooning: its dynamic range and its proportional policy; that a guest without a
///           minimum has no range follows from its defaults, dmin = dmax.
public struct SqueezedBallooning: MemoryPolicy {
  public let name = "squeezed"

  public init() {}

  /// Whoever has a range.
  public func keepsLimit(of settings: VMSettings) -> Bool {
    settings.memory.isBallooned && (settings.memory.minimum >= 0 || settings.memoryReservation > 0)
  }

  public mutating func decide(
    _ table: MemoryTable, requests: inout [VMMemoryRequest], host: inout HostMemoryRequest,
    decision: inout MemoryDecision
  ) {
    decision.vms = table.rows.map { MemoryExplanation($0, tax: .none) }
    decision.free = table.free
    let members = table.rows.indices.compactMap { index in
      range(of: table.rows[index]).map { (index: index, range: $0) }
    }
    var spans: Int64 = 0
    var spare = table.free - table.rows.reduce(0) { $0 + $1.unbacked }
    for (index, range) in members {
      spans += range.maximum - range.minimum
      // What it waits for is its own, if no other's.
      spare += min(table.rows[index].held, table.rows[index].current) - range.minimum
      spare += table.rows[index].unbacked
    }
    guard spans > 0 else { return }
    // With this much free, all would have their maximum.
    decision.wanted = max(0, table.free + spans - spare)
    decision.state = spare >= spans ? .high : .soft
    let given = min(max(0, spare), spans)
    for (index, range) in members {
      let part = scaled(range.maximum - range.minimum, by: given, over: spans)
      decision.vms[index].take(
        table.rows[index], current: range.minimum + part, from: range.minimum, to: range.maximum,
        by: .part, request: &requests[index])
    }
  }

  /// dmin and dmax of a guest that takes part.
  private func range(of row: MemoryRow) -> (minimum: Int64, maximum: Int64)? {
    guard row.settings.isBallooned, row.heldBackBy == nil else { return nil }
    let maximum = min(row.configured, row.limit)
    let asked = row.settings.minimum >= 0 ? row.settings.minimum : row.reservation
    let isSaid = row.settings.minimum >= 0 || row.reservation > 0
    let minimum = min(max(asked, row.reservation), maximum)
    return isSaid && minimum < maximum ? (minimum, maximum) : nil
  }
}
