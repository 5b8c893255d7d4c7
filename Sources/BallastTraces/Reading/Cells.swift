import Glibc

/// Walks the cells of one line from left to right and turns numbers into integers.
///
/// After the first thing that is wrong, `fault` says what, and every later number is 0: a reader takes all
/// its cells and then looks once. No locale takes part: the decimal sign is the point.
struct Cells {
  enum Fault {
    case missing
    case notANumber
    case negative
    /// Larger than the unit can hold or than makes sense.
    case tooLarge
    case tooMany
    case openQuote
    case notATime
  }

  private var cursor: UnsafePointer<UInt8>
  private let start: UnsafePointer<UInt8>
  private let end: UnsafePointer<UInt8>
  private let separator: UInt8
  /// The separator of the cell before has been passed, so one more cell must follow.
  private var cellFollows: Bool
  private(set) var fault: Fault?
  /// The cell that is at fault.
  private(set) var faultStart: UnsafePointer<UInt8>

  /// `line` must not be empty and must outlive the cells.
  @inline(__always)
  init(_ line: UnsafeRawBufferPointer, separator: UInt8) {
    start = line.baseAddress!.assumingMemoryBound(to: UInt8.self)
    cursor = start
    end = start + line.count
    faultStart = start
    self.separator = separator
    cellFollows = true
  }

  /// The next cell as a whole number of 10^−places, rounded once, half up; at most `limit`.
  @inline(__always)
  mutating func number(places: Int, limit: UInt64 = UInt64(UInt32.max)) -> UInt64 {
    let cell = cursor
    guard fault == nil, cellFollows else { return failed(.missing, cell) }
    var value: UInt64 = 0
    let isQuoted = cursor < end && cursor.pointee == UInt8(ascii: "\"")
    if isQuoted { cursor += 1 }
    let outcome = parseDecimal(&cursor, end, places: places, into: &value)
    if isQuoted {
      guard cursor < end, cursor.pointee == UInt8(ascii: "\"") else {
        return failed(.notANumber, cell)
      }
      cursor += 1
    }
    skipBlanks()
    guard cursor == end || cursor.pointee == separator else { return failed(.notANumber, cell) }
    if let outcome { return failed(outcome, cell) }
    if value > limit { return failed(.tooLarge, cell) }
    passSeparator()
    return value
  }

  /// The next cell as it stands, without surrounding quotes; nil after a fault.
  mutating func text() -> UnsafeRawBufferPointer? {
    let cell = cursor
    guard fault == nil, cellFollows else {
      _ = failed(.missing, cell)
      return nil
    }
    if cursor < end && cursor.pointee == UInt8(ascii: "\"") { return quotedText(cell) }
    let stop = nextSeparator()
    cursor = stop
    passSeparator()
    return UnsafeRawBufferPointer(start: cell, count: stop - cell)
  }

  /// Goes past cells that nobody reads.
  @inline(__always)
  mutating func skip(_ count: Int = 1) {
    for _ in 0..<count {
      guard fault == nil, cellFollows else {
        _ = failed(.missing, cursor)
        return
      }
      cursor = nextSeparator()
      passSeparator()
    }
  }

  /// Goes past one byte at the start of a cell, if it is there.
  mutating func pass(_ byte: UInt8) {
    if fault == nil && cursor < end && cursor.pointee == byte { cursor += 1 }
  }

  /// There must not be another cell.
  @inline(__always)
  mutating func finish() {
    if fault == nil && cellFollows { _ = failed(.tooMany, cursor) }
  }

  /// Reports a cell that was read as text and is wrong.
  mutating func reject(_ cell: UnsafeRawBufferPointer, _ fault: Fault) {
    _ = failed(fault, cell.baseAddress!.assumingMemoryBound(to: UInt8.self))
  }

  /// Where the faulty cell starts, counted from 1.
  var faultColumn: Int { faultStart - start + 1 }

  /// The faulty cell for a message: printable, and not the whole of a long line.
  var faultText: String {
    var stop = faultStart
    while stop < end && stop.pointee != separator && stop - faultStart < 40 { stop += 1 }
    let bytes = UnsafeBufferPointer(start: faultStart, count: stop - faultStart)
    return printable(UnsafeRawBufferPointer(bytes))
  }

  @inline(__always)
  private mutating func failed(_ kind: Fault, _ cell: UnsafePointer<UInt8>) -> UInt64 {
    if fault == nil {
      fault = kind
      faultStart = cell
    }
    return 0
  }

  @inline(__always)
  private func nextSeparator() -> UnsafePointer<UInt8> {
    guard let found = memchr(cursor, Int32(separator), end - cursor) else { return end }
    return UnsafePointer(found.assumingMemoryBound(to: UInt8.self))
  }

  @inline(__always)
  private mutating func passSeparator() {
    cellFollows = cursor < end
    if cellFollows {
      cursor += 1
      skipBlanks()
    }
  }

  @inline(__always)
  private mutating func skipBlanks() {
    while cursor < end && (cursor.pointee == 9 || cursor.pointee == 32)
      && cursor.pointee != separator
    {
      cursor += 1
    }
  }

  /// A cell in double quotes. A doubled quote inside stays doubled: names are compared, not shown as prose.
  private mutating func quotedText(_ cell: UnsafePointer<UInt8>) -> UnsafeRawBufferPointer? {
    let quote = UInt8(ascii: "\"")
    let first = cell + 1
    var stop = first
    while stop < end {
      if stop.pointee == quote {
        if stop + 1 < end && stop[1] == quote { stop += 1 } else { break }
      }
      stop += 1
    }
    guard stop < end, stop + 1 == end || stop[1] == separator else {
      _ = failed(.openQuote, cell)
      return nil
    }
    cursor = stop + 1
    passSeparator()
    return UnsafeRawBufferPointer(start: first, count: stop - first)
  }
}

/// Bytes for a message: what is not printable ASCII or UTF-8 shows as `\xNN`.
func printable(_ bytes: UnsafeRawBufferPointer) -> String {
  let isText = bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7f }
  if isText, let text = String(validating: bytes, as: UTF8.self) { return text }
  return bytes.map { byte -> String in
    if (0x20..<0x7f).contains(byte) { return String(UnicodeScalar(byte)) }
    return "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
  }.joined()
}
