import BallastModel
import Foundation

/// A text file that takes its name only when it is whole: until then it is `FILE.partial`, and gone if nothing comes of it.
final class WholeFile {
  private let path: String
  private let workingPath: String
  private var file: CSVFile
  private var isWhole = false

  init(_ path: String) throws(RunSinkError) {
    self.path = path
    workingPath = path + ".partial"
    file = try CSVFile(path: workingPath)
  }

  deinit {
    if !isWhole { unlink(workingPath) }
  }

  func write(line: [UInt8]) throws(RunSinkError) {
    try file.text(line, end: UInt8(ascii: "\n"))
  }

  func commit() throws(RunSinkError) {
    try file.close()
    guard rename(workingPath, path) == 0 else {
      throw RunSinkError(path: path, reason: systemReason())
    }
    isWhole = true
  }
}
