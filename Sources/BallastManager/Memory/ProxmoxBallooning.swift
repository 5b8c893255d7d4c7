import BallastModel
import BallastUnits

/// Proxmox VE's auto-ballooning: keeps the host's memory 80 % used, by steps of 100 MiB per guest.
///
/// Rule      goal = 80 % of memory − used; nothing within 10 MiB of it. To shrink, guests with more than a quarter of
///           their minimum free are asked first, to grow, the others; all of them where that changed nothing. Each is
///           wanted at minimum + its shares' part of Σ (what they have − minimum) + goal, between minimum and
///           configured memory, and moves at most a step towards it; what is left is divided again until nothing moves.
/// Promises  between minimum and configured memory · only guests with a minimum, a balloon, shares, and not in
///           transition · a step per decision at most.
/// Rounding  towards zero, to whole bytes.
/// Cost      O(n) per round; a round moves someone, or is the last.
/// Source    Proxmox VE's balloon daemon and its algorithm, every 10 s. That asks guests in no order; here they go by
///           name. A share counts on the whole host, whatever the pools. Both unit steps are read as MiB.
public struct ProxmoxBallooning: MemoryPolicy {
  public struct Parameters: Sendable, Equatable {
    public var used = PartsPerMillion.percent(80)
    public var deadBand: Int64 = 10 << 20
    public var stepBytesMax: Int64 = 100 << 20
    /// A guest with more free than this part of its minimum can spare some.
    public var spare = PartsPerMillion.percent(25)
    public init() {}
  }

  public let name = "proxmox"
  public let parameters: Parameters

  public init(_ parameters: Parameters = Parameters()) { self.parameters = parameters }

  /// One guest that takes part.
  private struct Guest {
    var index: Int
    var minimum: Int64
    var configured: Int64
    var shares: Int64
    /// What it has at the start and what it is to have by now.
    var current: Int64
    var wanted: Int64
    var canSpare: Bool
  }

  public mutating func decide(
    _ table: MemoryTable, requests: inout [VMMemoryRequest], host: inout HostMemoryRequest,
    decision: inout MemoryDecision
  ) {
    decision.vms = table.rows.map { MemoryExplanation($0, tax: .none) }
    let used = table.total - (table.free + table.cached)
    let goal = parameters.used.of(Bytes(table.total)).value - used
    decision.free = table.total - used
    decision.wanted = table.total - parameters.used.of(Bytes(table.total)).value
    decision.state = goal < -parameters.deadBand ? .soft : .high
    var guests = candidates(table)
    guard abs(goal) > parameters.deadBand else { return }
    let first = guests.indices.filter { guests[$0].canSpare == (goal < 0) }
    let rest = move(&guests, first, by: goal)
    if goal > 0 ? rest >= goal : rest <= goal { move(&guests, Array(guests.indices), by: rest) }
    for guest in guests where guest.wanted != guest.current {
      let isFullStep = abs(guest.wanted - guest.current) == parameters.stepBytesMax
      decision.vms[guest.index].take(
        table.rows[guest.index], current: guest.wanted, from: guest.minimum, to: guest.configured,
        by: isFullStep ? .pace : .part, request: &requests[guest.index])
    }
  }

  private func candidates(_ table: MemoryTable) -> [Guest] {
    table.rows.enumerated().compactMap { index, row in
      guard row.settings.minimum > 0, row.settings.isBallooned, row.weight > 0,
        row.heldBackBy == nil, row.current > 0
      else { return nil }
      let minimum = min(max(row.settings.minimum, row.reservation), row.configured)
      let spare = parameters.spare.of(Bytes(minimum)).value
      return Guest(
        index: index, minimum: minimum, configured: row.configured, shares: row.weight,
        current: row.current, wanted: row.current,
        canSpare: (row.guestUnused ?? 0) > spare && row.current >= minimum)
    }
  }

  /// Divides `bytes` among some guests in rounds. Returns what is left of it.
  @discardableResult
  private func move(_ guests: inout [Guest], _ members: [Int], by bytes: Int64) -> Int64 {
    var left = bytes
    var open = members
    while left != 0 {
      let shares = open.reduce(0) { $0 + guests[$1].shares }
      let above = left + open.reduce(0) { $0 + guests[$1].wanted - guests[$1].minimum }
      var moved: Int64 = 0
      var hasMoved = false
      open = open.filter { member in
        let guest = guests[member]
        let part = Int128(above) * Int128(guest.shares) / Int128(shares)
        let desired = Int64(
          min(max(Int128(guest.minimum) + part, Int128(guest.minimum)), Int128(guest.configured)))
        guard let wanted = stepped(guest, to: desired, grows: bytes > 0) else { return false }
        hasMoved = hasMoved || wanted != guest.wanted
        moved += wanted - guest.wanted
        guests[member].wanted = wanted
        return true
      }
      left -= moved
      guard hasMoved, !open.isEmpty else { break }
    }
    return left
  }

  /// One step from what the guest has; nil where it is where it should be, or may not grow.
  private func stepped(_ guest: Guest, to desired: Int64, grows: Bool) -> Int64? {
    if desired > guest.current {
      return grows ? min(desired, guest.current + parameters.stepBytesMax) : nil
    }
    return desired < guest.current ? max(desired, guest.current - parameters.stepBytesMax) : nil
  }
}
