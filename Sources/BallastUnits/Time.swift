/// A length of simulated time in nanoseconds.
public struct SimDuration: Quantity {
  public var value: Int64
  @inlinable public init(_ value: Int64) { self.value = value }
  @inlinable public var nanoseconds: Int64 { value }
  @inlinable public static func nanoseconds(_ count: Int64) -> SimDuration { SimDuration(count) }
  @inlinable public static func microseconds(_ count: Int64) -> SimDuration {
    SimDuration(count * 1_000)
  }
  @inlinable public static func milliseconds(_ count: Int64) -> SimDuration {
    SimDuration(count * 1_000_000)
  }
  @inlinable public static func seconds(_ count: Int64) -> SimDuration {
    SimDuration(count * 1_000_000_000)
  }
  /// Thousandths of a second, rounded half up: how result files show time.
  @inlinable public var milliseconds: Int64 { roundedRatio(value, by: 1, over: 1_000_000) }
  public var description: String { "\(decimal(milliseconds, places: 3)) s" }
}

/// An instant: nanoseconds since the start of the run (292 years fit).
public struct SimTime: Quantity {
  public var value: Int64
  @inlinable public init(_ value: Int64) { self.value = value }
  @inlinable public var nanoseconds: Int64 { value }
  /// Later than everything that happens.
  @inlinable public static var never: SimTime { SimTime(.max) }
  @inlinable public static func seconds(_ count: Int64) -> SimTime {
    SimTime(count * 1_000_000_000)
  }
  /// Thousandths of a second, rounded half up.
  @inlinable public var milliseconds: Int64 { roundedRatio(value, by: 1, over: 1_000_000) }

  @inlinable public static func + (time: SimTime, span: SimDuration) -> SimTime {
    SimTime(time.value + span.value)
  }
  @inlinable public static func - (later: SimTime, earlier: SimTime) -> SimDuration {
    SimDuration(later.value - earlier.value)
  }
  @inlinable public static func - (time: SimTime, span: SimDuration) -> SimTime {
    SimTime(time.value - span.value)
  }
  public var description: String { "\(decimal(milliseconds, places: 3)) s" }
}
