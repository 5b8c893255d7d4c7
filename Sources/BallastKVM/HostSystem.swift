/// A KVM host as it is reached: by libvirt, by QEMU's sockets and the kernel's files, or a fake in tests.
///
/// It reads and writes single things and decides nothing. No call waits for a guest: what a hung guest would delay is left
/// out of the answer or fails by its deadline.
public protocol HostSystem: AnyObject {
  /// Counters and settings of the host and of all its active domains, in one round.
  func snapshot() throws(HostSystemError) -> HostSnapshot

  /// Performs one write.
  func perform(_ write: HostWrite) throws(HostSystemError)

  /// What the knob says now; nil where it cannot be read.
  func read(
    _ field: HostWrite.Field, of target: HostWrite.Target
  ) throws(HostSystemError) -> Int64?

  /// The next snapshot reads settings and traits of every domain anew. Otherwise they are read when a domain starts and
  /// after a write: they cost calls of their own, and only their owner changes them.
  func refresh()
}

public enum HostSystemError: Error, Sendable, Equatable {
  /// The library or service is not there, or has gone: change nothing and try again later.
  case unavailable(String)
  /// Not allowed: the connection is read-only or the user has no right.
  case denied(String)
  case noSuchDomain(String)
  /// This host knows no such knob; ask once, then leave it.
  case unsupported(String)
  /// The domain did not answer by the deadline.
  case timedOut(String)
  /// The host said no to this value.
  case refused(String)
}
