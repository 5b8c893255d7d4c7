import Glibc

/// A small file of the kernel, read or written in one go: /proc, /sys and cgroup files.
enum SmallFile {
  /// Bytes read at most; /proc/stat of a host with a thousand CPUs fits.
  static let sizeMax = 1 << 20

  enum Problem: Error, Equatable {
    case missing
    case denied
    /// `errno` of the call.
    case failed(Int32)

    init(_ code: Int32) {
      switch code {
      case ENOENT, ENOTDIR, ENODEV, ESRCH: self = .missing
      case EACCES, EPERM, EROFS: self = .denied
      default: self = .failed(code)
      }
    }

    var words: String {
      switch self {
      case .missing: "there is no such file"
      case .denied: "permission denied"
      case .failed(let code): String(cString: strerror(code))
      }
    }
  }

  /// The whole content, or about as much as is asked for; what is not UTF-8 is replaced.
  static func read(_ path: String, _ sizeMax: Int = sizeMax) throws(Problem) -> String {
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { throw Problem(errno) }
    defer { close(file) }
    var bytes: [UInt8] = []
    var code: Int32 = 0
    while bytes.count < sizeMax {
      let (chunk, count) = part(of: file)
      if count < 0 {
        code = errno
        if code == EINTR { continue }
        throw Problem(code)
      }
      if count == 0 { break }
      bytes += chunk[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func part(of file: Int32) -> ([UInt8], Int) {
    var count = 0
    let chunk = [UInt8](unsafeUninitializedCapacity: 16_384) { buffer, filled in
      count = Glibc.read(file, buffer.baseAddress, buffer.count)
      filled = max(0, count)
    }
    return (chunk, count)
  }

  /// In one call, as the kernel wants settings.
  static func write(_ text: String, to path: String) throws(Problem) {
    let file = open(path, O_WRONLY | O_CLOEXEC | O_TRUNC | O_NONBLOCK)
    guard file >= 0 else { throw Problem(errno) }
    defer { close(file) }
    let bytes = Array(text.utf8)
    guard Glibc.write(file, bytes, bytes.count) == bytes.count else { throw Problem(errno) }
  }

  /// A file that holds one number; nil where there is none, or something else in it.
  static func number(_ path: String) -> Int64? {
    guard let text = try? read(path) else { return nil }
    return wholeNumber(text[...])
  }

  /// Digits with an optional sign and white space around; nil for anything else.
  static func wholeNumber(_ text: Substring) -> Int64? {
    let trimmed = text.drop { $0.isWhitespace }
    guard let end = trimmed.lastIndex(where: { !$0.isWhitespace }) else { return nil }
    return Int64(trimmed[...end])
  }

  /// Entries of a folder in byte-wise order; empty where there is none.
  static func entries(of folder: String) -> [String] {
    guard let handle = opendir(folder) else { return [] }
    defer { closedir(handle) }
    var names: [String] = []
    while let entry = readdir(handle) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted { byteOrder($0, $1) < 0 }
  }

  /// Where a symbolic link points; nil if it is none.
  static func link(_ path: String) -> String? {
    var count = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: 4_096) { buffer, filled in
      buffer.withMemoryRebound(to: CChar.self) { count = readlink(path, $0.baseAddress!, $0.count) }
      filled = max(0, count)
    }
    return count > 0 ? String(decoding: bytes, as: UTF8.self) : nil
  }
}

/// Lines of "name value …" as /proc has them: searched where one is asked for, because of a hundred few are.
struct NamedNumbers {
  private let bytes: [UInt8]
  private let separator: UInt8

  /// - Parameter separator: what ends a name: ":" in /proc/meminfo, a space in /proc/vmstat and cgroup files.
  init(_ text: String, separator: Unicode.Scalar) {
    bytes = Array(text.utf8)
    self.separator = UInt8(ascii: separator)
  }

  /// The number after the first line's name that is this; nil where there is none, or one too large.
  subscript(name: String) -> Int64? {
    let wanted = Array(name.utf8)
    var start = 0
    while start < bytes.count {
      let end = start + wanted.count
      if end < bytes.count, bytes[end] == separator, bytes[start..<end].elementsEqual(wanted) {
        return number(from: end + 1)
      }
      guard let line = bytes[start...].firstIndex(of: 10) else { return nil }
      start = line + 1
    }
    return nil
  }

  private func number(from start: Int) -> Int64? {
    var place = start
    while place < bytes.count, bytes[place] == 32 || bytes[place] == 9 { place += 1 }
    var result: Int64?
    while place < bytes.count, (48...57).contains(bytes[place]) {
      let (tens, isTooLarge) = (result ?? 0).multipliedReportingOverflow(by: 10)
      let (sum, isTooLargeNow) = tens.addingReportingOverflow(Int64(bytes[place] - 48))
      if isTooLarge || isTooLargeNow { return nil }
      result = sum
      place += 1
    }
    return result
  }

  /// Of a value in kB; nil where it is missing or too large to be one.
  func bytes(_ name: String) -> Int64? {
    guard let kilobytes = self[name], kilobytes <= ReadingRange.bytesMax / 1_024 else {
      return nil
    }
    return kilobytes * 1_024
  }
}
