import BallastUnits

/// A guest that no libvirt looks after, as its owner describes it: where its monitor and its control groups are.
public struct DirectDomainSpec: Sendable, Equatable {
  public var name: String
  public var uuid: String?
  /// Path of a QMP socket that nobody else talks to.
  public var socket: String
  /// Process id; nil: the one at the other end of the socket.
  public var process: Int64?
  /// Absolute paths of control groups that hold this guest and nothing else.
  public var cpuGroup: String?
  public var memoryGroup: String?
  /// Path of the balloon in QEMU's object tree; nil: the usual one.
  public var balloon: String?
  /// Bytes that are never ballooned away.
  public var memoryMinimum = Bytes.zero

  public init(name: String, socket: String) {
    self.name = name
    self.socket = socket
  }
}
