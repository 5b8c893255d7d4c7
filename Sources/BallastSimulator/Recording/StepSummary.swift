import BallastMath
import BallastModel
import BallastUnits

/// A quantity of a VM whose rows are not kept, and that holds over many samples, such as consumed memory: its mean,
/// percentiles and maximum from a list of (value, how long it held). Samples in which it cannot have changed need not be
/// added one by one.
///
/// Rule      up to 1,024 steps the list is exact. Then neighbours in order of value become one of their mean as long as they
///           held no more than 1/400 of the time together; steps of one value always do, and zeros stay by themselves.
/// Promises  mean and maximum are exact, and so is how long it was 0 · a percentile is that of a rank less than 1 % away.
/// Rounding  means half away from zero.
/// Cost      O(1) per change, but every 200th or later sorts the list; 16 KiB per VM at most.
struct StepSummary {
  private struct Step {
    var value: Int64
    var time: Int64
  }
  static let stepsMax = 1_024
  /// Two neighbouring groups exceed the time of one, so there are at most twice as many.
  private static let groups: Int64 = 400

  private var steps: [Step] = []
  private var weighted: Int128 = 0
  private var time: Int64 = 0
  private var largest = Int64.min
  /// What it has been since sample `counted` of full length.
  private var held: Int64 = 0
  private var counted: Int64 = 0

  /// It is another value in the samples of full length after the first `samples`.
  @inline(__always)
  mutating func become(_ value: Int64, after samples: Int64, interval: SimDuration) {
    guard value != held else { return }
    count(to: samples, interval: interval)
    held = value
  }

  /// The value held in all samples of full length that there were.
  mutating func count(to samples: Int64, interval: SimDuration) {
    add(held, for: SimDuration(interval.value * (samples - counted)))
    counted = samples
  }

  mutating func add(_ value: Int64, for span: SimDuration) {
    guard span > .zero else { return }
    weighted += Int128(value) * Int128(span.value)
    time += span.value
    largest = max(largest, value)
    if let last = steps.indices.last, steps[last].value == value {
      steps[last].time += span.value
      return
    }
    if steps.count == Self.stepsMax { thin() }
    steps.append(Step(value: value, time: span.value))
  }

  private mutating func thin() {
    steps.sort { $0.value < $1.value }
    let limit = time / Self.groups
    var kept: [Step] = []
    var group: (weighted: Int128, time: Int64) = (0, 0)
    var value = steps[0].value
    func close() {
      kept.append(
        Step(
          value: Int64((group.weighted + Int128(group.time / 2)) / Int128(group.time)),
          time: group.time))
    }
    for step in steps {
      let mayJoin = step.value == value || value > 0 && group.time + step.time <= limit
      if group.time > 0 && !mayJoin {
        close()
        group = (0, 0)
      }
      value = step.value
      group.weighted += Int128(step.value) * Int128(step.time)
      group.time += step.time
    }
    close()
    steps = kept
  }

  var summary: MetricSummary {
    guard time > 0 else { return .empty }
    if steps.count == 1 {
      let cell = steps[0].value
      return MetricSummary(mean: cell, p50: cell, p95: cell, p99: cell, max: cell)
    }
    let quantiles = History.Series(cells: steps.map(\.value), intervals: steps.map(\.time))
      .quantiles([.median, .p95, .p99])
    return MetricSummary(
      mean: Int64((weighted + Int128(time / 2)) / Int128(time)), p50: quantiles[0],
      p95: quantiles[1], p99: quantiles[2], max: largest)
  }
}

/// The memory of VMs whose rows are not kept. A VM's row is touched only from its host's thread.
struct VMMemorySummaries: ~Copyable {
  private let count: Int
  private let consumed: UnsafeMutablePointer<StepSummary>
  /// Balloon, swapped, slowdown of VMs that ever had any; of the others, none.
  private let pressure: UnsafeMutablePointer<[StepSummary]>
  private let interval: SimDuration

  init(count: Int, interval: SimDuration) {
    self.count = max(count, 1)
    self.interval = interval
    consumed = .allocate(capacity: self.count)
    consumed.initialize(repeating: StepSummary(), count: self.count)
    pressure = .allocate(capacity: self.count)
    pressure.initialize(repeating: [], count: self.count)
  }

  deinit {
    consumed.deinitialize(count: count)
    consumed.deallocate()
    pressure.deinitialize(count: count)
    pressure.deallocate()
  }

  /// What the VM has in the samples of full length after the first `samples`, until it is told again.
  func become(_ memory: VMMemoryCells, of vm: Int, after samples: Int64) {
    consumed[vm].become(memory.consumed, after: samples, interval: interval)
    if pressure[vm].isEmpty {
      guard memory.balloon | memory.swapped | memory.slowdown != 0 else { return }
      pressure[vm] = [StepSummary](repeating: StepSummary(), count: 3)
    }
    for (index, value) in memory.pressure.enumerated() {
      pressure[vm][index].become(value, after: samples, interval: interval)
    }
  }

  /// The last sample of a run, where it is shorter than the others.
  func addTail(_ memory: VMMemoryCells, of vm: Int, length: SimDuration) {
    consumed[vm].add(memory.consumed, for: length)
    for index in pressure[vm].indices {
      pressure[vm][index].add(memory.pressure[index], for: length)
    }
  }

  /// Once, at the end of the run.
  ///
  /// - Parameter samples: of full length in which the VM was on.
  func summaries(
    of vm: Int, samples: Int64
  ) -> (
    consumed: MetricSummary, balloon: MetricSummary, swapped: MetricSummary, slowdown: MetricSummary
  ) {
    consumed[vm].count(to: samples, interval: interval)
    for index in pressure[vm].indices {
      pressure[vm][index].count(to: samples, interval: interval)
    }
    let none = MetricSummary(mean: 0, p50: 0, p95: 0, p99: 0, max: 0)
    let rest = pressure[vm].isEmpty ? [none, none, none] : pressure[vm].map(\.summary)
    return (consumed[vm].summary, rest[0], rest[1], rest[2])
  }
}
