import BallastMath
import BallastModel
import BallastUnits

/// Means, percentiles and maxima of VMs whose rows are not kept, in constant memory per VM: sums, maxima and a
/// log-linear histogram per metric (`QuantileSketch`).
///
/// Rates are kept in kHz and turned into percent at the end: a VM's size does not change while its host's clock
/// does not.
struct VMSummaries: ~Copyable {
  /// One metric's running figures.
  struct Running: BitwiseCopyable {
    var sum: Int64 = 0
    var max: Int64 = 0
    @inline(__always)
    mutating func add(_ rate: Int64) {
      sum &+= rate
      max = Swift.max(max, rate)
    }
  }

  struct Row: BitwiseCopyable {
    /// vCPUs × clock, kHz.
    var size: Int64 = 0
    /// 65,535 / size in units of 2^-20: turns a rate into a sketch value.
    var scale: Int64 = 0
    var used = Running()
    var ready = Running()
    var limited = Running()
    /// Samples of full length in which the VM was on.
    var samples: Int64 = 0
  }

  /// The last sample of a run where it is shorter than the others; it weighs by its length.
  private struct Tail {
    var isPresent = false
    var used: Int64 = 0
    var ready: Int64 = 0
    var limited: Int64 = 0
  }

  private let rows: UnsafeMutablePointer<Row>
  private let count: Int
  private let sketches: SketchRows
  private let tails: UnsafeMutablePointer<Tail>?

  /// - Parameters:
  ///   - sampleCount: samples of the whole run; beyond 65,535 the counters are wider.
  ///   - hasTail: the last sample is shorter.
  init(count: Int, sampleCount: Int, hasTail: Bool) {
    self.count = max(count, 1)
    rows = .allocate(capacity: self.count)
    rows.initialize(repeating: Row(), count: self.count)
    sketches = SketchRows(count: 3 * self.count, isWide: sampleCount > 65_535)
    tails = hasTail ? .allocate(capacity: self.count) : nil
    tails?.initialize(repeating: Tail(), count: self.count)
  }

  deinit {
    rows.deallocate()
    sketches.deallocate()
    tails?.deallocate()
  }

  func setSize(_ size: Int64, of vm: Int) {
    rows[vm].size = size
    rows[vm].scale = size > 0 ? (65_535 << 20) / size : 0
  }

  /// Samples of full length in which the VM was on.
  func samples(of vm: Int) -> Int64 { rows[vm].samples }

  /// Adds a sample of full length; rates in kHz.
  ///
  /// Whether a VM waits in a sample is a coin toss under contention, so nothing branches on it.
  @inline(__always)
  func add(vm: Int, demand: Int64, unlimited: Int64, used: Int64) {
    let row = rows + vm
    let scale = row.pointee.scale
    let ready = demand - used
    row.pointee.samples += 1
    row.pointee.used.add(used)
    row.pointee.ready.add(ready)
    sketches.add(used, scale: scale, to: 3 * vm)
    sketches.add(ready, scale: scale, to: 3 * vm + 1)
    let limited = demand - unlimited
    guard limited > 0 else { return }
    row.pointee.limited.add(limited)
    sketches.add(limited, scale: scale, to: 3 * vm + 2)
  }

  func addTail(vm: Int, demand: Int64, unlimited: Int64, used: Int64) {
    tails![vm] = Tail(
      isPresent: true, used: used, ready: demand - used, limited: demand - unlimited)
  }

  /// The summaries of used (MHz), ready and limited (percent per vCPU).
  ///
  /// - Parameters:
  ///   - interval: length of a full sample.
  ///   - tail: length of the last, shorter one; zero for none.
  func summaries(
    of vm: Int, interval: SimDuration, tail: SimDuration
  ) -> (used: MetricSummary, ready: MetricSummary, limited: MetricSummary)? {
    let row = rows[vm]
    let last = tails?[vm] ?? Tail()
    guard row.samples > 0 || last.isPresent else { return nil }
    let percent = { (rate: Int64) in roundedRatio(rate, by: 100_000, over: row.size) }
    func summary(
      _ running: Running, _ lastRate: Int64, sketch: Int, cell: (Int64) -> Int64
    ) -> MetricSummary {
      var weighted = Int128(running.sum) * Int128(interval.value)
      var time = Int128(row.samples) * Int128(interval.value)
      if last.isPresent {
        weighted += Int128(lastRate) * Int128(tail.value)
        time += Int128(tail.value)
      }
      let largest = max(running.max, last.isPresent ? lastRate : 0)
      let quantiles = [QuantileLevel.median, .p95, .p99].map { level -> Int64 in
        let value = sketches.quantile(
          of: 3 * vm + sketch, samples: row.samples, largest: fraction(largest, row), at: level)
        return min(roundedRatio(Int64(value), by: row.size, over: 65_535), largest)
      }
      return MetricSummary(
        mean: cell(Int64((weighted + time / 2) / time)), p50: cell(quantiles[0]),
        p95: cell(quantiles[1]), p99: cell(quantiles[2]), max: cell(largest))
    }
    return (
      summary(row.used, last.used, sketch: 0, cell: { $0 }),
      summary(row.ready, last.ready, sketch: 1, cell: percent),
      summary(row.limited, last.limited, sketch: 2, cell: percent)
    )
  }

  private func fraction(_ rate: Int64, _ row: Row) -> UInt16 {
    UInt16(min((rate &* row.scale) >> 20, 65_535))
  }
}

/// Rows of `QuantileSketch` counters, 16 bits wide while that is enough. A plain struct of pointers.
struct SketchRows {
  private let narrow: UnsafeMutablePointer<UInt16>?
  private let wide: UnsafeMutablePointer<UInt32>?

  init(count: Int, isWide: Bool) {
    let cells = count * QuantileSketch.binCount
    narrow = isWide ? nil : .allocate(capacity: cells)
    wide = isWide ? .allocate(capacity: cells) : nil
    narrow?.initialize(repeating: 0, count: cells)
    wide?.initialize(repeating: 0, count: cells)
  }

  func deallocate() {
    narrow?.deallocate()
    wide?.deallocate()
  }

  /// Counts a rate; zero is not counted, without a branch.
  @inline(__always)
  func add(_ rate: Int64, scale: Int64, to row: Int) {
    let value = UInt32(truncatingIfNeeded: min((rate &* scale) >> 20, 65_535))
    let cell = row &* QuantileSketch.binCount &+ QuantileSketch.bin(of: value)
    if let narrow { narrow[cell] &+= rate > 0 ? 1 : 0 } else { wide![cell] &+= rate > 0 ? 1 : 0 }
  }

  /// - Parameter samples: of the VM; those that are not counted in the row were zero.
  func quantile(of row: Int, samples: Int64, largest: UInt16, at level: QuantileLevel) -> UInt16 {
    if largest == 0 { return 0 }
    return withUnsafeTemporaryAllocation(of: UInt32.self, capacity: QuantileSketch.binCount) { counts in
      var counted: Int64 = 0
      for bin in 0..<QuantileSketch.binCount {
        let cell = row * QuantileSketch.binCount + bin
        let count = narrow.map { UInt32($0[cell]) } ?? wide![cell]
        counts.initializeElement(at: bin, to: count)
        counted += Int64(count)
      }
      let zeros = samples - counted
      counts[0] += UInt32(zeros)
      return QuantileSketch.quantile(
        counts: UnsafePointer(counts.baseAddress!), zeroCount: zeros, maximum: largest, at: level)
        ?? 0
    }
  }
}
