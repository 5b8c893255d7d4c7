import BallastModel
import BallastUnits

/// Streams a run into `hosts.csv`, `vms.csv`, `vms-summary.csv`, `pools.csv` and `events.csv` of one directory.
///
/// Names are encoded once, in `begin`; a row then costs its cells. Call `finish()` after the last row: only then are the
/// files whole.
public final class CSVRunSink: RunSink {
  private var hosts: CSVFile
  private var vms: CSVFile
  private var summaries: CSVFile
  private var pools: CSVFile
  private var events: CSVFile

  private var hostNames: [[UInt8]] = []
  private var vmNames: [[UInt8]] = []
  private var vmPools: [[UInt8]] = []
  /// "cluster,path" of each pool.
  private var poolNames: [[UInt8]] = []
  private var recordedVMs: [Int] = []

  private let hostStates = HostState.allCases.map { Array($0.name.utf8) }
  private let vmStates = VMState.allCases.map { Array($0.name.utf8) }
  private let hostWhole = HostColumn.allCases.prefix(HostColumn.countBeforeState)
    .map { $0.spec.isWhole }
  private let hostWholeAfterState = HostColumn.allCases.dropFirst(HostColumn.countBeforeState)
    .map { $0.spec.isWhole }
  private let vmWhole = VMColumn.allCases.map { $0.spec.isWhole }
  private let poolWhole = PoolColumn.allCases.map { $0.spec.isWhole }

  /// Creates the five files in an existing directory.
  public init(directory: String) throws(RunSinkError) {
    hosts = try CSVFile(path: directory + "/hosts.csv")
    vms = try CSVFile(path: directory + "/vms.csv")
    summaries = try CSVFile(path: directory + "/vms-summary.csv")
    pools = try CSVFile(path: directory + "/pools.csv")
    events = try CSVFile(path: directory + "/events.csv")
  }

  public func begin(_ manifest: RunManifest) throws(RunSinkError) {
    hostNames = manifest.hosts.map(csvEncoded)
    vmNames = manifest.vms.map(csvEncoded)
    vmPools = manifest.vmPools.map(csvEncoded)
    poolNames = manifest.pools.map {
      csvEncoded($0.cluster) + Array(",".utf8) + csvEncoded($0.path)
    }
    recordedVMs = manifest.recordedVMs

    try hosts.text(header(of: .hosts), end: lineFeed)
    try vms.text(header(of: .vms), end: lineFeed)
    try summaries.text(header(of: .summaries), end: lineFeed)
    try pools.text(header(of: .pools), end: lineFeed)
    try events.text(header(of: .events), end: lineFeed)
  }

  public func write(_ rows: SampleRows) throws(RunSinkError) {
    // Both numbers are the same in every row of the instant.
    let time = Array(
      "\(decimal(rows.time.milliseconds, places: 3)),\(decimal(rows.interval.milliseconds, places: 3))"
        .utf8)
    for host in hostNames.indices {
      try hosts.text(time)
      try hosts.text(hostNames[host])
      try hosts.text(hostStates[Int(rows.hostStates[host].rawValue)])
      let row = cells(of: rows.hosts, row: host, count: HostColumn.count)
      let split = HostColumn.countBeforeState
      try hosts.numbers(
        UnsafeBufferPointer(rebasing: row[..<split]), isWhole: hostWhole, end: comma)
      try hosts.text(memoryState(of: host, rows))
      try hosts.numbers(
        UnsafeBufferPointer(rebasing: row[split...]), isWhole: hostWholeAfterState)
    }
    try writeVMs(rows, time: time, to: &vms)
    for pool in poolNames.indices {
      try pools.text(time)
      try pools.text(poolNames[pool])
      try pools.numbers(
        cells(of: rows.pools, row: pool, count: PoolColumn.count), isWhole: poolWhole)
    }
  }

  private func memoryState(of host: Int, _ rows: SampleRows) -> [UInt8] {
    guard host < rows.hostMemoryStates.count, let state = rows.hostMemoryStates[host] else {
      return []
    }
    return Array(state.rawValue.utf8)
  }

  /// The file is an argument: a member of a class would be checked for exclusive access at every cell.
  private func writeVMs(
    _ rows: SampleRows, time: [UInt8], to file: inout CSVFile
  ) throws(RunSinkError) {
    let (names, pools, hosts, whole) = (vmNames, vmPools, hostNames, vmWhole)
    for (row, vm) in recordedVMs.enumerated() {
      guard let state = rows.vmStates[row] else { continue }
      let host = Int(rows.vmHosts[row])
      try file.text(time)
      try file.text(names[vm])
      try file.text(host < 0 ? [] : hosts[host])
      try file.text(pools[vm])
      try file.text(vmStates[Int(state.rawValue)])
      try file.numbers(cells(of: rows.vms, row: row, count: VMColumn.count), isWhole: whole)
    }
  }

  public func write(_ event: EventRow) throws(RunSinkError) {
    try events.number(event.time.milliseconds)
    try events.text(Array(String(event.sequence).utf8))
    try events.text(csvEncoded(event.event))
    try events.text(csvEncoded(event.subject))
    try events.text(csvEncoded(event.from))
    try events.text(csvEncoded(event.to))
    try events.text(csvEncoded(event.detail), end: lineFeed)
  }

  public func write(_ summary: VMSummaryRow) throws(RunSinkError) {
    try summaries.text(vmNames[summary.vm])
    try summaries.text(summary.lastHost.map { hostNames[$0] } ?? [])
    try summaries.text(vmPools[summary.vm])
    try summaries.text(Array((summary.isAdmitted ? "true" : "false").utf8))
    try summaries.text(csvEncoded(summary.refusal))
    for (index, metric) in summary.metrics.enumerated() {
      let end = index == summary.metrics.count - 1 ? lineFeed : comma
      try number(metric, end: end)
    }
  }

  /// Writes what is buffered and closes the files.
  public func finish() throws(RunSinkError) {
    try hosts.close()
    try vms.close()
    try summaries.close()
    try pools.close()
    try events.close()
  }

  private func number(_ metric: MetricSummary, end: UInt8) throws(RunSinkError) {
    let values = [metric.mean, metric.p50, metric.p95, metric.p99, metric.max]
    for (index, value) in values.enumerated() {
      let separator = index == values.count - 1 ? end : comma
      if value == emptyCell {
        try summaries.text([], end: separator)
      } else {
        try summaries.number(value, end: separator)
      }
    }
  }

  private func cells(
    of all: UnsafeBufferPointer<Int64>, row: Int, count: Int
  ) -> UnsafeBufferPointer<Int64> {
    UnsafeBufferPointer(rebasing: all[row * count..<(row + 1) * count])
  }

  private func header(of file: ResultFile) -> [UInt8] {
    Array(file.columns(reclamation: true).map(\.name).joined(separator: ",").utf8)
  }
}

private let comma = UInt8(ascii: ",")
private let lineFeed = UInt8(ascii: "\n")
