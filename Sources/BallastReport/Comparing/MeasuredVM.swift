/// What a real VM got, for comparison with a run that replays it.
public struct MeasuredVM: Sendable, Equatable {
  /// One interval: seconds since the recording began, and means over it.
  public struct Sample: Sendable, Equatable {
    public var start: Double
    public var end: Double
    /// Points: percent of one pCPU, Σ over vCPUs.
    public var cpu: Double
    public var ready: Double
    public var balloonMiB: Double

    public init(start: Double, end: Double, cpu: Double, ready: Double, balloonMiB: Double) {
      self.start = start
      self.end = end
      self.cpu = cpu
      self.ready = ready
      self.balloonMiB = balloonMiB
    }
  }

  /// As the scenario calls it.
  public var name: String
  /// Ascending, not overlapping.
  public var samples: [Sample]

  public init(name: String, samples: [Sample]) {
    self.name = name
    self.samples = samples
  }

  /// Means over the instants of a run; NaN where less than half of an interval was measured.
  func resampled(to times: TimeGrid) -> [ComparedColumn: [Double]] {
    var result: [ComparedColumn: [Double]] = [:]
    for column in ComparedColumn.allCases {
      result[column] = resampled(to: times, column)
    }
    return result
  }

  private func resampled(to times: TimeGrid, _ column: ComparedColumn) -> [Double] {
    var first = 0
    return (0..<times.count).map { index in
      let (start, end) = (times.starts[index], times.ends[index])
      while first < samples.count, samples[first].end <= start { first += 1 }
      var sum = 0.0
      var covered = 0.0
      var at = first
      while at < samples.count, samples[at].start < end {
        let length = min(end, samples[at].end) - max(start, samples[at].start)
        sum += length * column.value(samples[at])
        covered += length
        at += 1
      }
      return covered * 2 >= end - start && covered > 0 ? sum / covered : .nan
    }
  }
}

/// What is compared.
enum ComparedColumn: String, CaseIterable {
  case cpu, ready, balloon

  var title: String {
    switch self {
    case .cpu: "CPU delivered"
    case .ready: "CPU ready"
    case .balloon: "Balloon"
    }
  }

  var unit: String { self == .balloon ? "MiB" : "% of a pCPU" }

  func value(_ sample: MeasuredVM.Sample) -> Double {
    switch self {
    case .cpu: sample.cpu
    case .ready: sample.ready
    case .balloon: sample.balloonMiB
    }
  }
}
