import BallastModel
import BallastUnits

/// Asks for nothing: guests keep what they have, and the host copes.
///
/// Rule      none.
/// Promises  no request is ever made.
/// Rounding  none.
/// Cost      O(n), for the explanation.
/// Source    plain KVM and Xen without a balancing service.
public struct NoReclaim: MemoryPolicy {
  public let name = "none"
  public init() {}

  public mutating func decide(
    _ table: MemoryTable, requests: inout [VMMemoryRequest], host: inout HostMemoryRequest,
    decision: inout MemoryDecision
  ) {
    decision.free = table.free
    decision.vms = table.rows.map { MemoryExplanation($0, tax: .none) }
  }
}
