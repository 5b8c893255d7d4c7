/// Where a QEMU that no libvirt looks after is to be found. A host of such is a list of these, given by its owner.
public struct DirectDomain: Sendable, Equatable, Codable {
  public var name: String
  /// Empty: the name serves.
  public var uuid = ""
  /// Path of a QMP socket (`-qmp unix:PATH,server=on,wait=off`) that nobody else talks to.
  public var socket: String
  /// Process id; nil: the one at the other end of the socket.
  public var process: Int64?
  /// Folders of the control groups that hold this VM and nothing else, as absolute paths; nil: weight and quota, or
  /// protection, are not its to set. They are never guessed: a process without a group of its own shares one.
  public var cpuGroup: String?
  public var memoryGroup: String?
  /// Path of the balloon in QEMU's object tree.
  public var balloon = "/machine/peripheral/balloon0"
  /// Bytes that are never ballooned away.
  public var memoryMinimum: Int64 = 0

  public init(name: String, socket: String) {
    self.name = name
    self.socket = socket
  }

  /// What a write names it by.
  public var identity: String { uuid.isEmpty ? name : uuid }
}
