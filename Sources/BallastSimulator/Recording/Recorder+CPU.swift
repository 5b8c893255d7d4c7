import BallastMachine
import BallastModel
import BallastUnits

/// The CPU half of rows.
extension Recorder {
  /// The columns that `writeCPU` writes.
  static let cpuColumns: Set<VMColumn> = [
    .cpuDemand, .cpuUsed, .cpuReady, .cpuReadyPercent, .cpuLimitedPercent,
  ]

  /// Demand is without what waited for memory.
  func writeCPU(
    _ columns: SampleColumns, _ row: Int, to cells: UnsafeMutablePointer<Int64>,
    host: HostIndex, interval: SimDuration
  ) {
    let size = sizes[Int(columns.vm[row])]
    let demand = columns.demand[row]
    let ready = demand - columns.used[row]
    let coreRate = machine.coreRate(of: host)
    cells[VMColumn.cpuDemand.rawValue] = demand
    cells[VMColumn.cpuUsed.rawValue] = columns.used[row]
    cells[VMColumn.cpuReady.rawValue] = readyTime(ready, interval: interval, coreRate: coreRate)
    cells[VMColumn.cpuReadyPercent.rawValue] = percent(ready, of: size)
    cells[VMColumn.cpuLimitedPercent.rawValue] = percent(
      demand - columns.unlimited[row], of: size)
  }

  /// Ready time in µs, a cell of ms: missing rate / clock × interval.
  func readyTime(
    _ missing: Int64, interval: SimDuration, coreRate: Kilohertz
  ) -> Int64 {
    if missing == 0 { return 0 }
    return interval.value % 1_000 == 0
      ? roundedRatio(missing, by: interval.value / 1_000, over: coreRate.value)
      : roundedRatio(missing, by: interval.value, over: coreRate.value * 1_000)
  }

  /// Thousandths of a percent. The two ends, the most frequent values under contention, need no division.
  func percent(_ part: Int64, of whole: Int64) -> Int64 {
    if part == 0 || whole <= 0 { return 0 }
    return part == whole ? 100_000 : roundedRatio(part, by: 100_000, over: whole)
  }
}
