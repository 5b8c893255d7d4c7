import BallastModel
import BallastUnits

/// Memory of a VM whose rows are not kept. Mapped memory only grows while a VM is on, and rarely, so its percentiles come
/// from a short list of (value, time it held). Samples in which it cannot have changed need not be added one by one.
struct MemorySummary {
  private var steps: [(value: Int64, time: Int64)] = []
  /// Samples of full length in `steps`.
  private var counted: Int64 = 0

  /// Adds the samples of full length since the last call; call before the value changes.
  mutating func add(_ consumed: Bytes, upTo samples: Int64, interval: SimDuration) {
    add(consumed, for: SimDuration(interval.value * (samples - counted)))
    counted = samples
  }

  mutating func add(_ consumed: Bytes, for span: SimDuration) {
    guard span > .zero else { return }
    if let last = steps.indices.last, steps[last].value == consumed.value {
      steps[last].time += span.value
    } else {
      steps.append((consumed.value, span.value))
    }
  }

  var summary: MetricSummary {
    if steps.count == 1 {
      let cell = Bytes(steps[0].value).milliMebibytes
      return MetricSummary(mean: cell, p50: cell, p95: cell, p99: cell, max: cell)
    }
    return History.Series(
      cells: steps.map { Bytes($0.value).milliMebibytes }, intervals: steps.map(\.time)
    ).summary
  }
}
