import BallastModel
import Glibc

/// The lines of a text, one after another, in a buffer that is used again and again.
///
/// LF and CRLF end a line; a byte order mark before the first line is dropped. Empty lines at the end of
/// the text are dropped too, one between other lines is a problem. `line` is good until `next()`.
final class LineReader {
  /// A longer line is not a line of any trace; without a bound a file of zeros would fill the memory.
  private static let lineBytesMax = 1 << 20
  let label: String
  private let stream: any ByteStream
  private var buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
  private var start = 0
  private var filled = 0
  private var streamIsAtEnd = false

  private(set) var line = UnsafeRawBufferPointer(start: nil, count: 0)
  /// Counted from 1.
  private(set) var number = 0
  /// False for a last line without line end: it may be a part of what was written.
  private(set) var lineIsWhole = true

  init(_ stream: any ByteStream) {
    self.stream = stream
    label = stream.label
  }

  deinit { buffer.deallocate() }

  func next() throws(ScenarioProblem) -> Bool {
    var emptyLine: Int?
    while try advance() {
      if line.isEmpty {
        emptyLine = emptyLine ?? number
      } else if let emptyLine {
        throw ScenarioProblem(
          SourcePlace(file: label, line: emptyLine, column: 1), "the line is empty",
          remedy: "remove it or write the sample that is missing")
      } else {
        return true
      }
    }
    return false
  }

  private func advance() throws(ScenarioProblem) -> Bool {
    var searched = start
    while true {
      let base = buffer.baseAddress!
      if let end = memchr(base + searched, 10, filled - searched) {
        take(UnsafeRawPointer(end) - UnsafeRawPointer(base), isWhole: true)
        return true
      }
      if streamIsAtEnd {
        if start == filled { return false }
        take(filled, isWhole: false)
        return true
      }
      let pending = filled - start
      if pending > LineReader.lineBytesMax {
        throw ScenarioProblem(
          SourcePlace(file: label, line: number + 1, column: 1),
          "the line is longer than 1 MiB: this is not the text of a trace",
          remedy: "check that the path names a trace, and its format")
      }
      makeRoom(after: pending)
      searched = filled
      let got = try stream.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
      filled += got
      streamIsAtEnd = got == 0
    }
  }

  /// Makes `line` of the bytes from `start` to `end`.
  private func take(_ end: Int, isWhole: Bool) {
    var first = start
    var last = end
    if isWhole && last > first && buffer[last - 1] == 13 { last -= 1 }
    if number == 0 && last - first >= 3 && buffer[first] == 0xef && buffer[first + 1] == 0xbb
      && buffer[first + 2] == 0xbf
    {
      first += 3
    }
    line = UnsafeRawBufferPointer(start: buffer.baseAddress! + first, count: last - first)
    lineIsWhole = isWhole
    number += 1
    start = min(end + 1, filled)
  }

  /// Moves the unfinished line to the front; a line of more than half the buffer gets a larger one.
  private func makeRoom(after pending: Int) {
    if pending > buffer.count / 2 {
      let larger = UnsafeMutableRawBufferPointer.allocate(
        byteCount: buffer.count * 2, alignment: 16)
      memcpy(larger.baseAddress!, buffer.baseAddress! + start, pending)
      buffer.deallocate()
      buffer = larger
    } else {
      memmove(buffer.baseAddress!, buffer.baseAddress! + start, pending)
    }
    start = 0
    filled = pending
  }
}
