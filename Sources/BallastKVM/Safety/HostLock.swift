import BallastUnits
import Foundation

/// Keeps a second controller of the same host out, whatever its state directory and user, for as long as this value lives.
///
/// Rule      a lock file named after the host in every one of the places that can be used; one that is held is enough to
///           be kept out.
/// Promises  the kernel gives the locks back when the process ends, however it ends · a link or anything but a plain file
///           in a place that all may write to is not followed.
public final class HostLock {
  /// Where all users of a machine look: the first is made for this, and not on every system may everybody write there.
  public static let places = ["/run/lock", "/tmp"]

  private var descriptors: [Int32] = []

  /// - Parameters:
  ///   - host: names it: the connection.
  ///   - stateDirectory: of this controller, for the message to another.
  /// - Throws: `held` with who holds it; `cannotWrite` where no place can be used.
  public init(
    host: String, stateDirectory: String, places: [String] = HostLock.places
  ) throws(StateFault) {
    let own = "process \(getpid()) with --state-dir \(stateDirectory)"
    var problem = "there is none"
    for place in places {
      let path = Self.path(of: host, in: place)
      guard let descriptor = Self.opened(path) else {
        problem = "\(path): \(systemWords())"
        continue
      }
      guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
        let code = errno
        close(descriptor)
        if code != EWOULDBLOCK {
          problem = "\(path): \(systemWords(code))"
          continue
        }
        let fault = Self.fault(host, path)
        for descriptor in descriptors { close(descriptor) }
        throw fault
      }
      // Who may only read the file of another user holds the lock without a name.
      if ftruncate(descriptor, 0) == 0 { _ = writeAll(Array("\(own)\n".utf8), to: descriptor) }
      descriptors.append(descriptor)
    }
    if descriptors.isEmpty {
      throw StateFault(.cannotWrite, "no place for the lock of \(host) can be used: \(problem)")
    }
  }

  deinit { for descriptor in descriptors { close(descriptor) } }

  static func path(of host: String, in place: String) -> String {
    "\(place)/ballast-host-\(SHA256.hex(of: Array(host.utf8)).prefix(16)).lock"
  }

  private static func fault(_ host: String, _ path: String) -> StateFault {
    let told = (try? bytesOfFile(path)) ?? []
    // Whatever another user has written there: one line of it, without control characters.
    let line = told.prefix(4_096).prefix { $0 != 10 }.filter { $0 >= 32 }
    let holder = String(decoding: line, as: UTF8.self)
    return StateFault(
      .held,
      "another controller, \(holder.isEmpty ? "process unknown" : holder), manages \(host); stop it"
        + " first")
  }

  /// A file that is there is opened, one that is not is made: in a folder that all may write to the kernel may refuse to
  /// make what is there already.
  private static func opened(_ path: String) -> Int32? {
    let flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
    for _ in 0..<3 {
      for access in [O_RDWR, O_RDONLY] {
        let found = open(path, access | flags)
        if found >= 0 { return plain(found) }
        if errno == ENOENT { break }
      }
      guard errno == ENOENT else { return nil }
      let made = open(path, O_RDWR | O_CREAT | O_EXCL | flags, 0o666)
      if made >= 0 {
        // Another user's controller writes its name into it after this one.
        fchmod(made, 0o666)
        return plain(made)
      }
      guard errno == EEXIST else { return nil }
    }
    return nil
  }

  private static func plain(_ descriptor: Int32) -> Int32? {
    var facts = stat()
    if fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG { return descriptor }
    close(descriptor)
    errno = EINVAL
    return nil
  }
}
