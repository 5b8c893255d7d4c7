import Foundation

/// Keeps a second controller of the same state directory out, for as long as this value lives.
///
/// The kernel gives the lock back when the process ends, however it ends.
public final class ControllerLock {
  private let descriptor: Int32

  /// - Throws: `held` with the process id of the first controller.
  public init(directory: String) throws(StateFault) {
    let path = directory + "/lock"
    let opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard opened >= 0 else {
      throw StateFault(.cannotWrite, "cannot open \(path): \(systemWords())")
    }
    guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
      let code = errno
      let holder = (try? bytesOfFile(path)).flatMap { $0 }.map {
        String(decoding: $0, as: UTF8.self)
      }
      close(opened)
      guard code == EWOULDBLOCK else {
        throw StateFault(.cannotWrite, "cannot lock \(path): \(systemWords(code))")
      }
      let pid = (holder ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
      throw StateFault(
        .held,
        "another controller, process \(pid.isEmpty ? "unknown" : pid), manages this host; stop it"
          + " first")
    }
    ftruncate(opened, 0)
    _ = writeAll(Array("\(getpid())\n".utf8), to: opened)
    descriptor = opened
  }

  deinit { close(descriptor) }
}
