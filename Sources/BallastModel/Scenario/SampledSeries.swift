import BallastUnits

/// One column of one series of a trace, in memory that the trace owns (often a mapped file); it must not outlive it.
///
/// Sample i holds from `time(i)` to `time(i + 1)`, the last one until `end`. Times strictly ascend.
public struct SampledSeries: @unchecked Sendable {
  public enum Unit: UInt32, Sendable {
    /// Of the VM's size.
    case partsPerMillion = 0
    case kilohertz = 1
    case kibibytes = 2
  }
  public var values: UnsafePointer<UInt32>
  /// Offsets from the trace's first timestamp in nanoseconds; nil: `first + i · step`.
  public var times: UnsafePointer<Int64>?
  public var count: Int
  public var first: SimTime
  public var step: SimDuration
  /// When the last sample stops holding.
  public var end: SimTime
  public var unit: Unit
  public init(
    values: UnsafePointer<UInt32>, times: UnsafePointer<Int64>?, count: Int, first: SimTime,
    step: SimDuration, end: SimTime, unit: Unit
  ) {
    self.values = values
    self.times = times
    self.count = count
    self.first = first
    self.step = step
    self.end = end
    self.unit = unit
  }

  @inlinable public func time(_ sample: Int) -> SimTime {
    if let times { return SimTime(times[sample]) }
    return SimTime(first.value + Int64(sample) * step.value)
  }
}
