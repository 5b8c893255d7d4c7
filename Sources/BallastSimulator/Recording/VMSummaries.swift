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

  /// Adds samples of full length of one VM; rates in kHz, `stride` apart.
  ///
  /// Whether a VM waits in a sample is a coin toss under contention, so nothing branches on it.
  func add(
    vm: Int, demand: UnsafePointer<Int64>, unlimited: UnsafePointer<Int64>,
    used: UnsafePointer<Int64>, count: Int, stride: Int = 1
  ) {
    if let counters = sketches.narrow(3 * vm) {
      add(vm: vm, demand, unlimited, used, count, stride, counters)
    } else {
      add(vm: vm, demand, unlimited, used, count, stride, sketches.wide(3 * vm))
    }
  }

  @inline(__always)
  private func add<Counter: FixedWidthInteger & UnsignedInteger>(
    vm: Int, _ demand: UnsafePointer<Int64>, _ unlimited: UnsafePointer<Int64>,
    _ used: UnsafePointer<Int64>, _ count: Int, _ stride: Int,
    _ counters: UnsafeMutablePointer<Counter>
  ) {
    var row = rows[vm]
    row.samples += Int64(count)
    var sample = 0
    for _ in 0..<count {
      let rate = used[sample]
      let ready = demand[sample] &- rate
      row.used.add(rate)
      row.ready.add(ready)
      countRate(rate, row.scale, counters)
      countRate(ready, row.scale, counters + QuantileSketch.binCount)
      let limited = demand[sample] &- unlimited[sample]
      if limited > 0 {
        row.limited.add(limited)
        countRate(limited, row.scale, counters + 2 * QuantileSketch.binCount)
      }
      sample &+= stride
    }
    rows[vm] = row
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
      if largest == 0 { return MetricSummary(mean: 0, p50: 0, p95: 0, p99: 0, max: 0) }
      let quantiles = sketches.quantiles(
        of: 3 * vm + sketch, samples: row.samples, largest: fraction(largest, row))
      func rate(_ fraction: Int64) -> Int64 {
        cell(min(roundedRatio(fraction, by: row.size, over: 65_535), largest))
      }
      return MetricSummary(
        mean: cell(Int64((weighted + time / 2) / time)), p50: rate(quantiles.median),
        p95: rate(quantiles.p95), p99: rate(quantiles.p99), max: cell(largest))
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

/// Counts a rate at most as large as the VM; zero is not counted, without a branch.
@inline(__always)
private func countRate<Counter: FixedWidthInteger & UnsignedInteger>(
  _ rate: Int64, _ scale: Int64, _ counters: UnsafeMutablePointer<Counter>
) {
  let value = UInt32(truncatingIfNeeded: (rate &* scale) >> 20)
  counters[QuantileSketch.bin(of: value)] &+= rate > 0 ? 1 : 0
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

  /// The counters from a row on, where they are 16 bits wide.
  func narrow(_ row: Int) -> UnsafeMutablePointer<UInt16>? {
    narrow.map { $0 + row * QuantileSketch.binCount }
  }

  /// The counters from a row on, where they are 32 bits wide.
  func wide(_ row: Int) -> UnsafeMutablePointer<UInt32> { wide! + row * QuantileSketch.binCount }

  /// Median, p95 and p99 of one row as fractions of 65,535.
  ///
  /// - Parameter samples: of the VM; those that are not counted in the row were zero.
  func quantiles(
    of row: Int, samples: Int64, largest: UInt16
  ) -> (median: Int64, p95: Int64, p99: Int64) {
    if let narrow {
      return quantiles(narrow + row * QuantileSketch.binCount, samples, largest)
    }
    return quantiles(wide(row), samples, largest)
  }

  @inline(__always)
  private func quantiles<Counter: FixedWidthInteger & UnsignedInteger>(
    _ counts: UnsafeMutablePointer<Counter>, _ samples: Int64, _ largest: UInt16
  ) -> (median: Int64, p95: Int64, p99: Int64) {
    var counted: Int64 = 0
    for bin in 0..<QuantileSketch.binCount { counted += Int64(counts[bin]) }
    let reading = QuantileSketch.Reading(
      counts: counts, zerosBeside: samples - counted, maximum: largest)
    func fraction(_ level: QuantileLevel) -> Int64 { Int64(reading.quantile(at: level) ?? 0) }
    return (fraction(.median), fraction(.p95), fraction(.p99))
  }
}
