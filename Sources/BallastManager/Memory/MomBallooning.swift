import BallastModel
import BallastUnits

/// oVirt's Memory Overcommitment Manager: balloons by a few per cent per decision, and KSM by what is free.
///
/// Rule      h = mean of free and cached memory / memory. Below `pressure` guests shrink to
///           max(95 % of what they have, used + g · that), g = h, or h − `critical` at or below `critical`; else they
///           grow to max(105 %, the same floor), g = 20 % (`sample`) or h (`vdsm`). Used = mean of what the guest has
///           less mean of what it has unused. Less than a change of 0.25 % is left alone. KSM stops when
///           20 % of memory + what could be shared < memory and more than 20 % is free; else it runs, 300 pages a
///           decision more below 20 % free, 50 fewer above, within 64 … 1250.
/// Promises  between the guest's minimum (or reservation) and its configured memory · a guest without fresh statistics
///           or without balloon is left alone.
/// Rounding  means and products to whole bytes, towards zero.
/// Cost      O(n · samples).
/// Source    MoM's sample rules and the files vdsm ships. Their pace: a sample each 5 s, a decision each 10 s, means of
///           the last 10 samples; here each decision brings one sample, so that at 10 s five samples are as old.
public struct MomBallooning: MemoryPolicy {
  public enum Variant: String, Sendable, Equatable, Codable {
    /// MoM's own sample rules.
    case sample
    /// As oVirt ships them: ballooning is off unless asked for, and sleeps of KSM are at least 10 ms.
    case vdsm
  }

  public struct Parameters: Sendable, Equatable {
    public var variant: Variant
    public var isBallooning: Bool
    public var runsKSM = true
    public var pressure = PartsPerMillion.percent(20)
    public var critical = PartsPerMillion.percent(5)
    /// What a guest is to have unused at least when it may grow.
    public var guestFree = PartsPerMillion.percent(20)
    public var changeMax = PartsPerMillion.percent(5)
    public var changeMin = PartsPerMillion(2_500)
    /// Samples in a mean, 1 or more.
    public var samples = 5
    public var ksmFree = PartsPerMillion.percent(20)
    public var ksmBoost: Int64 = 300
    public var ksmDecay: Int64 = 50
    public var ksmPagesMin: Int64 = 64
    public var ksmPagesMax: Int64 = 1_250
    /// Sleep for a host of 16 GiB; a larger one sleeps less.
    public var ksmSleepMilliseconds: Int64 = 10

    public init(_ variant: Variant) {
      self.variant = variant
      isBallooning = variant == .sample
    }
  }

  public var name: String { parameters.variant == .sample ? "mom" : "mom-ovirt" }
  public let parameters: Parameters

  /// The last samples of a host or a guest.
  private struct Samples: Sendable, Equatable {
    var values: [Int64] = []

    mutating func add(_ value: Int64, keeping count: Int) {
      values.append(value)
      if values.count > max(1, count) { values.removeFirst(values.count - max(1, count)) }
    }
    /// Whole bytes, towards zero; 0 without samples.
    var mean: Int64 { values.isEmpty ? 0 : values.reduce(0, +) / Int64(values.count) }
  }

  private struct Guest: Sendable, Equatable {
    var vm: VMIndex
    var current = Samples()
    var unused = Samples()
  }

  private var hostFree = Samples()
  private var guests: [Guest] = []
  /// Pages per scan asked for last; used where the host does not tell.
  private var pages: Int64

  public init(_ parameters: Parameters) {
    self.parameters = parameters
    pages = parameters.ksmPagesMin
  }

  public mutating func decide(
    _ table: MemoryTable, requests: inout [VMMemoryRequest], host: inout HostMemoryRequest,
    decision: inout MemoryDecision
  ) {
    decision.vms = table.rows.map { MemoryExplanation($0, tax: .none) }
    follow(table)
    guard table.total > 0 else { return }
    hostFree.add(table.free + table.cached, keeping: parameters.samples)
    let free = hostFree.mean
    decision.free = free
    decision.wanted = parameters.pressure.of(Bytes(table.total)).value
    decision.state =
      free < decision.wanted
      ? (free <= parameters.critical.of(Bytes(table.total)).value ? .hard : .soft) : .high
    for (index, row) in table.rows.enumerated() {
      guard let unused = row.guestUnused, row.heldBackBy == nil else { continue }
      guests[index].current.add(row.current, keeping: parameters.samples)
      guests[index].unused.add(unused, keeping: parameters.samples)
      guard parameters.isBallooning, row.settings.isBallooned else { continue }
      if let wanted = wanted(row, guests[index], free: free, of: table.total) {
        decision.vms[index].take(
          row, current: wanted.amount, from: minimum(of: row), to: row.configured,
          by: wanted.reason, request: &requests[index])
      }
    }
    if parameters.runsKSM { tuneKSM(table, &host) }
  }

  /// Keeps one record per VM of the table, in its order.
  private mutating func follow(_ table: MemoryTable) {
    if guests.elementsEqual(table.rows, by: { $0.vm == $1.vm }) { return }
    var old = 0
    guests = table.rows.map { row in
      while old < guests.count && guests[old].vm < row.vm { old += 1 }
      return old < guests.count && guests[old].vm == row.vm ? guests[old] : Guest(vm: row.vm)
    }
  }

  private func minimum(of row: MemoryRow) -> Int64 {
    min(max(row.settings.minimum, row.reservation, 0), row.configured)
  }

  /// What the guest is to have, and what holds it there; nil: as it is.
  private func wanted(
    _ row: MemoryRow, _ guest: Guest, free: Int64, of total: Int64
  ) -> (amount: Int64, reason: MemoryExplanation.Bound)? {
    let current = row.current
    let minimum = self.minimum(of: row)
    if parameters.variant == .vdsm && current < minimum { return (minimum, .minimum) }
    let used = guest.current.mean - guest.unused.mean
    let shrinks = Self.isBelow(free, parameters.pressure, of: total)
    let part: Int64
    if !shrinks && parameters.variant == .sample {
      part = parameters.guestFree.of(Bytes(current)).value
    } else {
      part = pressed(current, free: free, of: total)
    }
    let floor = max(minimum, used + part)
    let change = parameters.changeMax.of(Bytes(current)).value
    var new: Int64
    if shrinks {
      new = max(current - change, floor)
      guard new <= current else { return nil }
    } else {
      guard current < row.configured else { return nil }
      new = min(row.configured, max(current + change, floor))
    }
    guard abs(new - current) > parameters.changeMin.of(Bytes(current)).value else { return nil }
    return (new, new == floor ? .demand : .pace)
  }

  /// g · current with g = h, or h − critical where h is no more than that.
  private func pressed(_ current: Int64, free: Int64, of total: Int64) -> Int64 {
    var over = Int128(free) * 1_000_000
    let critical = Int128(parameters.critical.value) * Int128(total)
    if over <= critical { over -= critical }
    // Total and what is free are within 2⁴⁸, current too: 116 bits.
    return Int64(clamping: Int128(current) * over / (Int128(total) * 1_000_000))
  }

  private static func isBelow(_ amount: Int64, _ part: PartsPerMillion, of total: Int64) -> Bool {
    Int128(amount) * 1_000_000 < Int128(part.value) * Int128(total)
  }

  // MARK: KSM

  private mutating func tuneKSM(_ table: MemoryTable, _ host: inout HostMemoryRequest) {
    let total = table.total
    let free = hostFree.mean
    let kept = parameters.ksmFree.of(Bytes(total)).value
    let configured = table.rows.reduce(0) { $0 + $1.configured + $1.overhead }
    let shareable =
      table.readings.shareable >= 0
      ? min(table.readings.shareable, MemoryTable.bytesMax) : configured
    if kept + shareable < total && free > kept {
      host.ksmRun = 0
      return
    }
    let now = table.readings.ksmPagesToScan > 0 ? table.readings.ksmPagesToScan : pages
    let change = free < kept ? parameters.ksmBoost : -parameters.ksmDecay
    // A reading beyond any bound is cut before it is added to.
    pages = min(
      max(min(now, parameters.ksmPagesMax) + change, parameters.ksmPagesMin),
      parameters.ksmPagesMax)
    let sleep = scaled(
      parameters.ksmSleepMilliseconds, by: 16 << 20, over: max(1, total >> 10))
    host.ksmRun = 1
    host.ksmPagesToScan = pages
    host.ksmSleepMilliseconds =
      parameters.variant == .vdsm ? max(parameters.ksmSleepMilliseconds, sleep) : sleep
  }
}
