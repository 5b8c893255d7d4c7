import BallastMath
import BallastModel
import BallastUnits

/// Cells of some columns of some VMs, hosts or pools over the whole run, for exact percentiles and for verdicts.
///
/// Layout    per entity one buffer of its samples in order of time, each its number in the run and its cells side by side: an
///           append writes one place and counts no references. When a sample ended and how long it was follows from its
///           number. Entities may be appended to from different threads, each from one at a time.
final class History: @unchecked Sendable {
  private let columns: [Int]
  /// Words of a sample: its number, then cells.
  private let stride: Int
  private let buffers: UnsafeMutablePointer<Buffer>
  private let entities: Int
  private let interval: Int64
  private let duration: Int64

  private struct Buffer: BitwiseCopyable {
    var words: UnsafeMutablePointer<Int64>?
    var count = 0
    var capacity = 0
  }

  private static let firstCapacity = 16

  /// - Parameters:
  ///   - columns: raw values of the column enumeration.
  ///   - interval: length of a sample; the last one ends with the run, after `duration`.
  init(entities: Int, columns: [Int], interval: SimDuration, duration: SimDuration) {
    self.columns = columns
    self.entities = entities
    self.interval = interval.value
    self.duration = duration.value
    stride = 1 + columns.count
    buffers = .allocate(capacity: max(entities, 1))
    buffers.initialize(repeating: Buffer(), count: max(entities, 1))
  }

  deinit {
    for entity in 0..<entities { buffers[entity].words?.deallocate() }
    buffers.deallocate()
  }

  /// - Parameters:
  ///   - end: of the sample.
  ///   - row: the cells of all columns of one entity.
  func append(entity: Int, row: UnsafePointer<Int64>, end: SimTime) {
    let buffer = buffers + entity
    if buffer.pointee.count == buffer.pointee.capacity { grow(buffer) }
    let words = buffer.pointee.words! + buffer.pointee.count * stride
    words[0] = (end.value - 1) / interval
    for index in 0..<columns.count { words[1 + index] = row[columns[index]] }
    buffer.pointee.count += 1
  }

  private func grow(_ buffer: UnsafeMutablePointer<Buffer>) {
    let capacity = max(Self.firstCapacity, 2 * buffer.pointee.capacity)
    let words = UnsafeMutablePointer<Int64>.allocate(capacity: capacity * stride)
    if let old = buffer.pointee.words {
      words.update(from: old, count: buffer.pointee.count * stride)
      old.deallocate()
    }
    buffer.pointee.words = words
    buffer.pointee.capacity = capacity
  }

  func series(entity: Int, column: Int) -> Series {
    guard let index = columns.firstIndex(of: column) else {
      preconditionFailure("a column is kept before it is asked for")
    }
    return Series(
      cells: words(of: entity) { $0[1 + index] },
      intervals: words(of: entity) { min(interval, duration - $0[0] * interval) })
  }

  /// When the samples of an entity ended, ns.
  func ends(entity: Int) -> [Int64] {
    words(of: entity) { min(($0[0] + 1) * interval, duration) }
  }

  private func words(
    of entity: Int, _ value: (UnsafePointer<Int64>) -> Int64
  ) -> [Int64] {
    let (buffer, stride) = (buffers[entity], stride)
    guard let words = buffer.words else { return [] }
    return [Int64](unsafeUninitializedCapacity: buffer.count) { values, count in
      for sample in 0..<buffer.count { values[sample] = value(words + sample * stride) }
      count = buffer.count
    }
  }

  /// Values with the time each stood for.
  struct Series {
    var cells: [Int64]
    var intervals: [Int64]

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
