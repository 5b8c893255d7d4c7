import BallastModel
import Glibc

/// A stretch of memory or a mapped file that is given back with the object.
final class MappedBytes: @unchecked Sendable {
  let start: UnsafeMutableRawPointer
  let count: Int

  /// Takes over a mapping of at least one byte.
  init(owning start: UnsafeMutableRawPointer, count: Int) {
    self.start = start
    self.count = count
  }

  /// Maps a file for reading. `count` is the size of the file and at least 1.
  init(descriptor: Int32, count: Int, path: String) throws(ScenarioProblem) {
    let mapped = mmap(nil, count, PROT_READ, MAP_SHARED, descriptor, 0)
    guard let mapped, mapped != MAP_FAILED else { throw unreadable(path) }
    start = mapped
    self.count = count
  }

  deinit { munmap(start, count) }

  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: count) }
}
