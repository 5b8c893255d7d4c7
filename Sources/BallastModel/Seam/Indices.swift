/// A VM of the run: its rank in byte-wise order of names, so that ties break alike in a simulator and on a host.
public struct VMIndex: Hashable, Comparable, Sendable, BitwiseCopyable {
  public var value: Int32
  @inlinable public init(_ value: Int) { self.value = Int32(value) }
  @inlinable public var int: Int { Int(value) }
  @inlinable public static func < (a: VMIndex, b: VMIndex) -> Bool { a.value < b.value }
}

/// A host of the run, likewise.
public struct HostIndex: Hashable, Comparable, Sendable, BitwiseCopyable {
  public var value: Int32
  @inlinable public init(_ value: Int) { self.value = Int32(value) }
  @inlinable public var int: Int { Int(value) }
  @inlinable public static func < (a: HostIndex, b: HostIndex) -> Bool { a.value < b.value }
}
