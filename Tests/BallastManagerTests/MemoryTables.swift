import BallastManager
import BallastModel
import BallastUnits

/// Amounts in tests are MiB.
let mib: Int64 = 1 << 20

/// A host's memory as a policy gets it; what VMs do not say is neutral.
func memoryTable(total: Int64, free: Int64, _ rows: [MemoryRow]) -> MemoryTable {
  var table = MemoryTable()
  table.capacity = total * mib
  table.total = total * mib
  table.free = free * mib
  table.rows = rows
  return table
}

/// A VM that answers its balloon. It holds all it has, unless `held` says less.
func memoryRow(
  _ vm: Int, configured: Int64, current: Int64? = nil, held: Int64? = nil, shares: Int64 = 1_000,
  reservation: Int64 = 0, unused: Int64? = nil, committed: Int64? = nil,
  _ change: (inout MemoryRow) -> Void = { _ in }
) -> MemoryRow {
  var row = MemoryRow(vm: VMIndex(vm))
  row.isSeen = true
  row.configured = configured * mib
  row.balloon = (configured - (current ?? configured)) * mib
  row.held = (held ?? current ?? configured) * mib
  row.touched = min(row.configured, row.held + row.balloon)
  row.weight = shares
  row.reservation = reservation * mib
  row.guestUnused = unused.map { $0 * mib }
  row.guestCommitted = committed.map { $0 * mib }
  change(&row)
  return row
}

/// What a policy made of a table. Balloons are what guests are to have, MiB; −1: nothing was asked.
struct MemoryAnswer {
  var requests: [VMMemoryRequest]
  var host = HostMemoryRequest()
  var decision = MemoryDecision()
  var current: [Int64] = []
}

extension MemoryPolicy {
  mutating func answer(_ table: MemoryTable) -> MemoryAnswer {
    var answer = MemoryAnswer(requests: table.rows.map { _ in VMMemoryRequest() })
    decide(
      table, requests: &answer.requests, host: &answer.host, decision: &answer.decision)
    answer.current = zip(answer.requests, table.rows).map { request, row in
      request.balloon < 0 ? -1 : (row.configured - request.balloon) / mib
    }
    return answer
  }
}
