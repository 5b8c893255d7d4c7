import BallastModel
import Glibc

/// A file without a name, for what does not fit into memory; the space is free again as soon as it is closed.
final class TemporaryFile {
  let descriptor: Int32
  private let folder: String

  /// In the folder that TMPDIR names, else /tmp.
  init() throws(ScenarioProblem) {
    folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array((folder + "/ballast-trace-XXXXXX").utf8CString)
    descriptor = mkstemp(&template)
    if descriptor < 0 { throw failure() }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    unlink(template)
  }

  deinit { close(descriptor) }

  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(ScenarioProblem) {
    var done = 0
    while done < bytes.count {
      let put = pwrite(
        descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(offset + done))
      if put > 0 { done += put } else if errno != EINTR { throw failure() }
    }
  }

  /// All of `room`; the caller knows that so much was written.
  func read(into room: UnsafeMutableRawBufferPointer, at offset: Int) throws(ScenarioProblem) {
    var done = 0
    while done < room.count {
      let got = pread(
        descriptor, room.baseAddress! + done, room.count - done, off_t(offset + done))
      if got > 0 { done += got } else if got == 0 || errno != EINTR { throw failure() }
    }
  }

  func failure() -> ScenarioProblem {
    ScenarioProblem(
      SourcePlace(file: folder, line: 1, column: 1),
      "cannot hold temporary data: \(String(cString: strerror(errno)))",
      remedy: "make room there or set TMPDIR to a folder with room")
  }
}
