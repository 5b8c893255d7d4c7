import BallastModel
import BallastUnits

/// Memory of a VM whose rows are not kept. Mapped memory only grows while a VM is on, and rarely, so its percentiles come
/// from a short list of (value, time it held).
struct MemorySummary {
  private var steps: [(value: Int64, time: Int64)] = []

  mutating func add(_ consumed: Bytes, for interval: SimDuration) {
    if let last = steps.indices.last, steps[last].value == consumed.value {
      steps[last].time += interval.value
    } else {
      steps.append((consumed.value, interval.value))
    }
  }

  /// - Parameter constant: the value of a VM whose samples were never added one by one, because it does not move.
  func summary(constant: Bytes) -> MetricSummary {
    if steps.isEmpty {
      let cell = constant.milliMebibytes
      return MetricSummary(mean: cell, p50: cell, p95: cell, p99: cell, max: cell)
    }
    return History.Series(
      cells: steps.map { Bytes($0.value).milliMebibytes }, intervals: steps.map(\.time)
    ).summary
  }
}
