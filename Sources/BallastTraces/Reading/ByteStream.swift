import BallastModel
import BallastUnits
import Glibc

/// Bytes that can be read once, from first to last, in pieces.
protocol ByteStream: AnyObject {
  /// How messages name these bytes.
  var label: String { get }
  /// Fills at most `room` and says how many bytes were written; 0 is the end.
  func read(into room: UnsafeMutableRawBufferPointer) throws(ScenarioProblem) -> Int
}

extension ByteStream {
  /// Reads until `room` is full or the bytes end.
  func readFully(into room: UnsafeMutableRawBufferPointer) throws(ScenarioProblem) -> Int {
    var filled = 0
    while filled < room.count {
      let got = try read(into: UnsafeMutableRawBufferPointer(rebasing: room[filled...]))
      if got == 0 { break }
      filled += got
    }
    return filled
  }

  func problem(_ message: String, remedy: String) -> ScenarioProblem {
    ScenarioProblem(SourcePlace(file: label, line: 1, column: 1), message, remedy: remedy)
  }
}

/// A file on disk.
final class FileStream: ByteStream {
  let label: String
  private let descriptor: Int32

  init(path: String) throws(ScenarioProblem) {
    label = path
    descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    if descriptor < 0 { throw unreadable(path) }
  }

  deinit { close(descriptor) }

  func read(into room: UnsafeMutableRawBufferPointer) throws(ScenarioProblem) -> Int {
    while true {
      let got = Glibc.read(descriptor, room.baseAddress, room.count)
      if got >= 0 { return got }
      if errno != EINTR { throw unreadable(label) }
    }
  }
}

/// Passes bytes on and hashes them on the way.
final class HashedStream: ByteStream {
  let label: String
  private let inner: any ByteStream
  private(set) var hash = SHA256()

  init(_ inner: any ByteStream) {
    self.inner = inner
    label = inner.label
  }

  func read(into room: UnsafeMutableRawBufferPointer) throws(ScenarioProblem) -> Int {
    let got = try inner.read(into: room)
    hash.update(UnsafeRawBufferPointer(rebasing: room[..<got]))
    return got
  }
}

/// The problem that `errno` stands for after a failed attempt to read `path`.
func unreadable(_ path: String) -> ScenarioProblem {
  let code = errno
  let place = SourcePlace(file: path, line: 1, column: 1)
  if code == ENOENT || code == ENOTDIR {
    return ScenarioProblem(
      place, "there is no such file or folder", remedy: "correct the path", isMissingFile: true)
  }
  return ScenarioProblem(
    place, "cannot be read: \(String(cString: strerror(code)))",
    remedy: "check the permissions of the file and of its folders")
}
