import Glibc

/// A CSV file of a run, mapped into memory and walked row by row; columns are found by name, so files with more columns
/// or another order still read.
final class CSVTable {
  private let bytes: UnsafeRawBufferPointer
  private let bodyStart: Int
  private let header: [String]
  let path: String

  init(path: String) throws(RunReadError) {
    self.path = path
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw RunReadError(path: path, reason: systemReason(), isMissing: true)
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw RunReadError(path: path, reason: systemReason())
    }
    let size = Int(status.st_size)
    guard size > 0 else { throw RunReadError(path: path, reason: "is empty") }
    let mapped = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0)
    guard let mapped, mapped != MAP_FAILED else {
      throw RunReadError(path: path, reason: systemReason())
    }
    bytes = UnsafeRawBufferPointer(start: mapped, count: size)
    let end = bytes.firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
    header = headerCells(
      String(decoding: UnsafeRawBufferPointer(rebasing: bytes[0..<end]), as: UTF8.self))
    bodyStart = min(end + 1, bytes.count)
  }

  deinit {
    if let base = bytes.baseAddress {
      munmap(UnsafeMutableRawPointer(mutating: base), bytes.count)
    }
  }

  /// The header's columns, in file order.
  var names: [String] { header }

  /// True when nothing follows the header.
  var isEmpty: Bool { bodyStart >= bytes.count }

  /// Where a column stands.
  func column(_ name: String) throws(RunReadError) -> Int {
    guard let index = header.firstIndex(of: name) else {
      throw RunReadError(path: path, reason: "has no column \(name)")
    }
    return index
  }

  /// Where a column stands that runs of older versions lack.
  func position(_ name: String) -> Int? { header.firstIndex(of: name) }

  /// Calls `body` with each row. A last line without its line feed is an error: whole files end with one, and a page on
  /// half a run would look like one on the whole.
  func forEachRow(_ body: (CSVRow) throws(RunReadError) -> Void) throws(RunReadError) {
    let fields = UnsafeMutableBufferPointer<CSVRow.Field>.allocate(capacity: header.count)
    defer { fields.deallocate() }
    guard let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
    let count = bytes.count
    let width = header.count
    var at = bodyStart
    var line = 1
    while at < count {
      line += 1
      var field = 0
      var isWhole = false
      while at < count {
        var start = at
        var end = at
        var isQuoted = false
        if base[at] == UInt8(ascii: "\"") {
          isQuoted = true
          start += 1
          at += 1
          while at < count {
            if base[at] == UInt8(ascii: "\"") {
              if at + 1 < count, base[at + 1] == UInt8(ascii: "\"") { at += 1 } else { break }
            }
            at += 1
          }
          end = at
          at += 1
        } else {
          while at < count, base[at] != UInt8(ascii: ","), base[at] != UInt8(ascii: "\n") {
            at += 1
          }
          end = at
        }
        if field < width {
          fields[field] = CSVRow.Field(start: start, count: end - start, isQuoted: isQuoted)
        }
        field += 1
        guard at < count else { break }
        let separator = base[at]
        at += 1
        if separator == UInt8(ascii: "\n") {
          isWhole = true
          break
        }
      }
      guard isWhole else {
        throw RunReadError(path: path, reason: "ends in the middle of line \(line)")
      }
      guard field == width else {
        throw RunReadError(
          path: path, reason: "line \(line) has \(field) cells, the header \(width)")
      }
      try body(CSVRow(base: base, fields: fields))
    }
  }
}

/// One row, valid during the call it is lent for.
struct CSVRow {
  struct Field {
    var start: Int
    var count: Int
    var isQuoted: Bool
  }
  fileprivate let base: UnsafePointer<UInt8>
  fileprivate let fields: UnsafeMutableBufferPointer<Field>

  func bytes(_ column: Int) -> UnsafeBufferPointer<UInt8> {
    let field = fields[column]
    return UnsafeBufferPointer(start: base + field.start, count: field.count)
  }

  func text(_ column: Int) -> String {
    let raw = String(decoding: bytes(column), as: UTF8.self)
    guard fields[column].isQuoted, raw.utf8.contains(UInt8(ascii: "\"")) else { return raw }
    var out: [UInt8] = []
    var skip = false
    for byte in raw.utf8 {
      if byte == UInt8(ascii: "\""), !skip {
        skip = true
        continue
      }
      skip = false
      out.append(byte)
    }
    return String(decoding: out, as: UTF8.self)
  }

  func isTrue(_ column: Int) -> Bool { text(column) == "true" }

  /// The cell in its unit, or nil when empty.
  func number(_ column: Int) -> Double? {
    let field = fields[column]
    guard field.count > 0 else { return nil }
    var at = base + field.start
    let end = at + field.count
    let isNegative = at[0] == UInt8(ascii: "-")
    if isNegative { at += 1 }
    var mantissa: Int64 = 0
    var scale = 1.0
    var isFraction = false
    while at < end {
      let digit = at[0] &- 48
      if digit < 10 {
        mantissa = mantissa &* 10 &+ Int64(digit)
        if isFraction { scale *= 10 }
      } else if at[0] == UInt8(ascii: ".") {
        isFraction = true
      } else {
        return nil
      }
      at += 1
    }
    let value = Double(mantissa) / scale
    return isNegative ? -value : value
  }
}

/// The names of a header line; those with commas stand in quotes.
private func headerCells(_ line: String) -> [String] {
  var cells = [""]
  var isQuoted = false
  for character in line {
    if character == "\"" {
      // A quote inside quotes is written twice: the second one begins again what the first one ended.
      if !isQuoted, !cells[cells.count - 1].isEmpty { cells[cells.count - 1] += "\"" }
      isQuoted.toggle()
    } else if character == ",", !isQuoted {
      cells.append("")
    } else {
      cells[cells.count - 1].append(character)
    }
  }
  return cells
}
