/// A VM of the run: its rank in byte-wise order of names, so that ties break alike in a simulator and on a host.
public struct VMIndex: Hashable, Comparable, Sendable, BitwiseCopyable, Codable {
  public var value: Int32
  @inlinable public init(_ value: Int) { self.value = Int32(value) }
  @inlinable public var int: Int { Int(value) }
  @inlinable public static func < (a: VMIndex, b: VMIndex) -> Bool { a.value < b.value }

  /// Written and read as the bare number.
  public init(from decoder: any Decoder) throws { value = try Int32(from: decoder) }
  public func encode(to encoder: any Encoder) throws { try value.encode(to: encoder) }
}

/// A host of the run, likewise.
public struct HostIndex: Hashable, Comparable, Sendable, BitwiseCopyable, Codable {
  public var value: Int32
  @inlinable public init(_ value: Int) { self.value = Int32(value) }
  @inlinable public var int: Int { Int(value) }
  @inlinable public static func < (a: HostIndex, b: HostIndex) -> Bool { a.value < b.value }

  /// Written and read as the bare number.
  public init(from decoder: any Decoder) throws { value = try Int32(from: decoder) }
  public func encode(to encoder: any Encoder) throws { try value.encode(to: encoder) }
}
