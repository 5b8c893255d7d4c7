import Foundation

/// A file of the controller that could not be used, with what to do about it.
public struct StateFault: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Kind: Sendable, Equatable { case cannotWrite, cannotRead, damaged, held }
  public var kind: Kind
  public var description: String
  public init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }
}

func systemWords(_ code: Int32 = errno) -> String { String(cString: strerror(code)) }

/// Writes all of it to a descriptor; false leaves errno.
public func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
  var rest = bytes[...]
  while !rest.isEmpty {
    let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    if count > 0 {
      rest = rest.dropFirst(count)
    } else if count < 0 && errno != EINTR {
      return false
    }
  }
  return true
}

/// Replaces a file as a whole: beside it, synced, renamed, and the directory synced. Whoever is killed in between leaves
/// the old file or the new one.
///
/// - Parameter isSynced: false where losing the file with the power is no harm.
public func replaceFile(
  _ path: String, with bytes: [UInt8], isSynced: Bool = true, mode: mode_t = 0o600
) throws(StateFault) {
  let partial = "\(path).\(getpid()).partial"
  let descriptor = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
  guard descriptor >= 0 else {
    throw StateFault(.cannotWrite, "cannot write \(path): \(systemWords())")
  }
  var isDone = writeAll(bytes, to: descriptor)
  if isDone && isSynced { isDone = fsync(descriptor) == 0 }
  let code = errno
  close(descriptor)
  guard isDone, rename(partial, path) == 0 else {
    let words = systemWords(isDone ? errno : code)
    unlink(partial)
    throw StateFault(.cannotWrite, "cannot write \(path): \(words)")
  }
  guard isSynced else { return }
  let directory = open((path as NSString).deletingLastPathComponent, O_RDONLY | O_CLOEXEC)
  if directory >= 0 {
    fsync(directory)
    close(directory)
  }
}

/// The bytes of a file; nil where there is none.
public func bytesOfFile(_ path: String) throws(StateFault) -> [UInt8]? {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else {
    if errno == ENOENT { return nil }
    throw StateFault(.cannotRead, "cannot read \(path): \(systemWords())")
  }
  defer { close(descriptor) }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 65_536)
  while true {
    let count = read(descriptor, &buffer, buffer.count)
    if count == 0 { return bytes }
    if count > 0 {
      bytes += buffer[..<count]
    } else if errno != EINTR {
      throw StateFault(.cannotRead, "cannot read \(path): \(systemWords())")
    }
  }
}
