/// How long tasks of a host stood still for want of something in the interval, ns (/proc/pressure: differences of
/// `total`). It says that a host is short, not who suffers.
public struct HostPressure: Sendable, Equatable, Codable {
  /// At least one runnable task waited for a CPU.
  public var cpuSome: Int64 = 0
  /// At least one task, and all that were not idle, waited for memory: reclaim, refaults, swapping in.
  public var memorySome: Int64 = 0
  public var memoryFull: Int64 = 0
  public var ioSome: Int64 = 0
  public var ioFull: Int64 = 0

  public init() {}
}
