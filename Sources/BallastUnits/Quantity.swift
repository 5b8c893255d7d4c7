/// A whole number of one unit. Integers decide: every quantity that a decision depends on is one of these.
///
/// Arithmetic traps on overflow, like the integers it is made of.
public protocol Quantity: Comparable, Hashable, Sendable, BitwiseCopyable, Codable,
  CustomStringConvertible
{
  /// The count of the unit the type is named after.
  var value: Int64 { get set }
  init(_ value: Int64)
}

extension Quantity {
  public static var zero: Self { @inlinable get { Self(0) } }

  @inlinable public static func < (a: Self, b: Self) -> Bool { a.value < b.value }
  @inlinable public static func + (a: Self, b: Self) -> Self { Self(a.value + b.value) }
  @inlinable public static func - (a: Self, b: Self) -> Self { Self(a.value - b.value) }
  @inlinable public static func * (a: Self, count: Int64) -> Self { Self(a.value * count) }
  @inlinable public static func += (a: inout Self, b: Self) { a.value += b.value }
  @inlinable public static func -= (a: inout Self, b: Self) { a.value -= b.value }

  /// Written and read as the bare number.
  public init(from decoder: any Decoder) throws { self.init(try Int64(from: decoder)) }
  public func encode(to encoder: any Encoder) throws { try value.encode(to: encoder) }
}

/// A rate of CPU work in units of 1 kHz (1,000 cycles per second). 1 MHz would be 14 % of a small real VM's load.
public struct Kilohertz: Quantity {
  public var value: Int64
  @inlinable public init(_ value: Int64) { self.value = value }
  @inlinable public static func megahertz(_ count: Int64) -> Kilohertz { Kilohertz(count * 1_000) }
  public var description: String { "\(decimal(value, places: 3)) MHz" }
}

/// A size in bytes.
public struct Bytes: Quantity {
  public var value: Int64
  @inlinable public init(_ value: Int64) { self.value = value }
  @inlinable public static func mebibytes(_ count: Int64) -> Bytes { Bytes(count << 20) }
  @inlinable public static func gibibytes(_ count: Int64) -> Bytes { Bytes(count << 30) }
  /// Thousandths of a MiB, rounded half up: how result files show memory.
  @inlinable public var milliMebibytes: Int64 { roundedRatio(value, by: 1_000, over: 1 << 20) }
  public var description: String { "\(decimal(milliMebibytes, places: 3)) MiB" }
}

/// A weight among the siblings of one pool. Only ratios between siblings matter.
public struct Shares: Quantity {
  public var value: Int64
  @inlinable public init(_ value: Int64) { self.value = value }
  public var description: String { "\(value) shares" }
}

/// A fraction in millionths: 35 % is 350,000.
public struct PartsPerMillion: Quantity {
  public var value: Int64
  @inlinable public init(_ value: Int64) { self.value = value }
  @inlinable public static func percent(_ count: Int64) -> PartsPerMillion {
    PartsPerMillion(count * 10_000)
  }
  @inlinable public static var one: PartsPerMillion { PartsPerMillion(1_000_000) }
  /// This fraction of an amount, rounded down.
  @inlinable public func of<Amount: Quantity>(_ amount: Amount) -> Amount {
    Amount(scaled(amount.value, by: value, over: 1_000_000))
  }
  public var description: String { "\(decimal(value, places: 4)) %" }
}
