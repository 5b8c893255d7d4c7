import BallastMath
import BallastModel
import BallastUnits

/// Cells of some columns of some VMs, hosts or pools over the whole run, for exact percentiles and for verdicts.
struct History {
  private let columns: [Int]
  /// Per entity and column: cells in order of time, off intervals left out.
  private var cells: [[Int64]]
  /// Per entity: length of each of its samples, ns.
  private var intervals: [[Int64]]
  /// Per entity: ends of its samples, ns; kept only where somebody will ask when something was.
  private var ends: [[Int64]]
  private let isTimed: [Bool]

  /// - Parameters:
  ///   - columns: raw values of the column enumeration.
  ///   - isTimed: per entity, whether to keep when its samples ended; empty: of none.
  init(entities: Int, columns: [Int], isTimed: [Bool] = []) {
    self.isTimed = isTimed.isEmpty ? [Bool](repeating: false, count: entities) : isTimed
    ends = [[Int64]](repeating: [], count: entities)
    self.columns = columns
    cells = [[Int64]](repeating: [], count: entities * columns.count)
    intervals = [[Int64]](repeating: [], count: entities)
  }

  /// - Parameter row: the cells of all columns of one entity.
  mutating func append(
    entity: Int, row: UnsafePointer<Int64>, interval: SimDuration, end: SimTime
  ) {
    for (index, column) in columns.enumerated() {
      cells[entity * columns.count + index].append(row[column])
    }
    intervals[entity].append(interval.value)
    if isTimed[entity] { ends[entity].append(end.value) }
  }

  func series(entity: Int, column: Int) -> Series {
    guard let index = columns.firstIndex(of: column) else {
      preconditionFailure("a column is kept before it is asked for")
    }
    return Series(
      cells: cells[entity * columns.count + index], intervals: intervals[entity],
      ends: ends[entity])
  }

  /// Values with the time each stood for.
  struct Series {
    var cells: [Int64]
    var intervals: [Int64]
    /// Empty where nobody kept them.
    var ends: [Int64] = []

    var isEmpty: Bool { cells.isEmpty }

    mutating func append(_ other: Series) {
      cells += other.cells
      intervals += other.intervals
    }

    /// Time-weighted mean, rounded half away from zero.
    var mean: Int64 {
      var sum: Int128 = 0
      var time: Int128 = 0
      for (cell, interval) in zip(cells, intervals) {
        sum += Int128(cell) * Int128(interval)
        time += Int128(interval)
      }
      let half = sum < 0 ? -time / 2 : time / 2
      return Int64((sum + half) / time)
    }

    /// A percentile over time: linear between ranks, every value as often as its interval lasts.
    func quantiles(_ levels: [QuantileLevel]) -> [Int64] {
      if intervals.allSatisfy({ $0 == intervals[0] }) {
        let sorted = cells.sorted()
        return levels.map { Statistics.quantile(ofSorted: sorted, at: $0)! }
      }
      let order = cells.indices.sorted { (cells[$0], $0) < (cells[$1], $1) }
      let sorted = order.map { cells[$0] }
      let weights = order.map { intervals[$0] }
      return levels.map { Statistics.quantile(ofSorted: sorted, weights: weights, at: $0)! }
    }

    var summary: MetricSummary {
      if isEmpty || cells.contains(emptyCell) { return .empty }
      let quantiles = quantiles([.median, .p95, .p99])
      return MetricSummary(
        mean: mean, p50: quantiles[0], p95: quantiles[1], p99: quantiles[2], max: cells.max()!)
    }
  }
}
