import BallastMath
import BallastModel
import BallastUnits

/// A quantity of a VM whose rows are not kept, and that holds over many samples, such as consumed memory: its mean,
/// percentiles and maximum from a list of (value, how long it held). Samples in which it cannot have changed need not be
/// added one by one.
///
/// Rule      up to 1,024 steps the list is exact. Then steps of one value become one, and where more than 512 are left,
///           neighbours in order of value become one of their mean, the zeros excepted.
/// Promises  mean and maximum are exact, and so is how long it was 0.
/// Rounding  means half away from zero.
/// Cost      O(1) per change, but every 512th sorts the list; 16 KiB per VM at most.
struct StepSummary {
  private struct Step {
    var value: Int64
    var time: Int64
  }
  static let stepsMax = 1_024

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
    var kept: [Step] = []
    for step in steps {
      if let last = kept.indices.last, kept[last].value == step.value {
        kept[last].time += step.time
      } else {
        kept.append(step)
      }
    }
    if kept.count > Self.stepsMax / 2 {
      let zeros = kept.firstIndex { $0.value > 0 } ?? 0
      let rest = Array(kept[zeros...])
      kept.removeSubrange(zeros...)
      for index in stride(from: 0, to: rest.count, by: 2) {
        let pair = rest[index..<min(index + 2, rest.count)]
        let time = pair.reduce(0) { $0 + $1.time }
        let sum = pair.reduce(Int128(0)) { $0 + Int128($1.value) * Int128($1.time) }
        kept.append(Step(value: Int64((sum + Int128(time / 2)) / Int128(time)), time: time))
      }
    }
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
