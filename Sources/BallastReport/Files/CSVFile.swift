import BallastModel
import Glibc

/// One CSV file being written: RFC 4180 with LF, a byte buffer and write(2).
///
/// Every failure carries the path and the system's reason, because a full disk is something the user can act on.
/// Numbers are formatted here and not by `String`: a run of 1,000 VMs has millions of cells.
struct CSVFile: ~Copyable {
  /// One write(2) per 256 KiB: large enough that the system call is below 1 % of the formatting.
  private static let bufferSize = 1 << 18
  /// Sign, 19 digits, point and separator.
  private static let cellSizeMax = 22

  private let path: String
  private var descriptor: Int32
  private let buffer: UnsafeMutablePointer<UInt8>
  private var used = 0
  /// "00" to "99": two digits per division.
  private let pairs: UnsafeMutablePointer<UInt8>

  init(path: String) throws(RunSinkError) {
    self.path = path
    let opened = Glibc.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard opened >= 0 else { throw RunSinkError(path: path, reason: systemReason()) }
    descriptor = opened
    buffer = .allocate(capacity: Self.bufferSize)
    pairs = .allocate(capacity: 200)
    for value in 0..<100 {
      pairs[2 * value] = zero + UInt8(value / 10)
      pairs[2 * value + 1] = zero + UInt8(value % 10)
    }
  }

  deinit {
    if descriptor >= 0 { _ = Glibc.close(descriptor) }
    buffer.deallocate()
    pairs.deallocate()
  }

  /// A text cell, already quoted where needed, and the separator after it.
  mutating func text(_ encoded: [UInt8], end: UInt8 = UInt8(ascii: ",")) throws(RunSinkError) {
    if encoded.count + 1 > Self.bufferSize - used { try flush() }
    if encoded.count + 1 > Self.bufferSize {
      try write(encoded)
    } else {
      encoded.withUnsafeBufferPointer { source in
        if let base = source.baseAddress {
          (buffer + used).update(from: base, count: source.count)
        }
      }
      used += encoded.count
    }
    buffer[used] = end
    used += 1
  }

  /// One numeric cell and the separator after it.
  mutating func number(_ thousandths: Int64, end: UInt8 = UInt8(ascii: ",")) throws(RunSinkError) {
    if Self.cellSizeMax > Self.bufferSize - used { try flush() }
    used += format(thousandths, at: buffer + used, pairs)
    buffer[used] = end
    used += 1
  }

  /// Numeric cells, the last followed by `end`. `isWhole` says per cell whether it is a count, written without decimals.
  mutating func numbers(
    _ cells: UnsafeBufferPointer<Int64>, isWhole: [Bool], end: UInt8 = UInt8(ascii: "\n")
  ) throws(RunSinkError) {
    if cells.count * Self.cellSizeMax > Self.bufferSize - used { try flush() }
    var at = buffer + used
    let pairs = UnsafePointer(pairs)
    for index in cells.indices {
      let cell = cells[index]
      if cell != emptyCell {
        at += isWhole[index] ? formatWhole(cell, at: at, pairs) : format(cell, at: at, pairs)
      }
      at[0] = UInt8(ascii: ",")
      at += 1
    }
    if cells.isEmpty { return }
    at[-1] = end
    used = at - buffer
  }

  /// Writes what is buffered and closes. Nothing may be written after it.
  mutating func close() throws(RunSinkError) {
    guard descriptor >= 0 else { return }
    try flush()
    let result = Glibc.close(descriptor)
    descriptor = -1
    if result != 0 { throw RunSinkError(path: path, reason: systemReason()) }
  }

  private mutating func flush() throws(RunSinkError) {
    let pending = UnsafeBufferPointer(start: buffer, count: used)
    used = 0
    try writeAll(UnsafeRawBufferPointer(pending), to: descriptor, path: path)
  }

  private func write(_ bytes: [UInt8]) throws(RunSinkError) {
    let outcome = bytes.withUnsafeBytes { (raw) -> Result<Void, RunSinkError> in
      do throws(RunSinkError) {
        return .success(try writeAll(raw, to: descriptor, path: path))
      } catch {
        return .failure(error)
      }
    }
    try outcome.get()
  }
}

/// The system's words for the last failed call.
func systemReason() -> String { String(cString: strerror(errno)) }

/// write(2) until all is written.
func writeAll(
  _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, path: String
) throws(RunSinkError) {
  var rest = bytes
  while !rest.isEmpty {
    let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
    if count < 0 {
      if errno == EINTR { continue }
      throw RunSinkError(path: path, reason: systemReason())
    }
    rest = UnsafeRawBufferPointer(rebasing: rest[count...])
  }
}

/// A text cell as RFC 4180 wants it: quoted when it holds a comma, a quote or a line break.
func csvEncoded(_ text: String) -> [UInt8] {
  let quote = UInt8(ascii: "\"")
  let bytes = Array(text.utf8)
  let needsQuotes = bytes.contains {
    $0 == UInt8(ascii: ",") || $0 == quote || $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r")
  }
  guard needsQuotes else { return bytes }
  var quoted = [quote]
  for byte in bytes {
    if byte == quote { quoted.append(quote) }
    quoted.append(byte)
  }
  quoted.append(quote)
  return quoted
}

/// Writes thousandths as a decimal with three places; returns the count of bytes.
@inline(__always)
private func format(
  _ thousandths: Int64, at start: UnsafeMutablePointer<UInt8>, _ pairs: UnsafePointer<UInt8>
) -> Int {
  var at = start
  if thousandths < 0 {
    at[0] = UInt8(ascii: "-")
    at += 1
  }
  let magnitude = thousandths.magnitude
  let rest: UInt32
  if magnitude < 1 << 32 {
    // Nearly every cell: 32-bit divisions by a constant are multiplications.
    let small = UInt32(truncatingIfNeeded: magnitude)
    let whole = small / 1_000
    rest = small &- whole &* 1_000
    at += formatDigits(whole, at: at, pairs)
  } else {
    let whole = magnitude / 1_000
    rest = UInt32(truncatingIfNeeded: magnitude &- whole &* 1_000)
    at += formatLong(whole, at: at, pairs)
  }
  let hundreds = rest / 100
  let pair = Int(rest &- hundreds &* 100) &* 2
  at[0] = UInt8(ascii: ".")
  at[1] = zero &+ UInt8(truncatingIfNeeded: hundreds)
  at[2] = pairs[pair]
  at[3] = pairs[pair &+ 1]
  return at + 4 - start
}

/// Writes a count that is held in thousandths; returns the count of bytes.
private func formatWhole(
  _ thousandths: Int64, at start: UnsafeMutablePointer<UInt8>, _ pairs: UnsafePointer<UInt8>
) -> Int {
  let whole = (thousandths.magnitude + 500) / 1_000
  var at = start
  if thousandths < 0, whole > 0 {
    at[0] = UInt8(ascii: "-")
    at += 1
  }
  return at + formatLong(whole, at: at, pairs) - start
}

private let zero = UInt8(ascii: "0")

@inline(__always)
private func formatDigits(
  _ value: UInt32, at start: UnsafeMutablePointer<UInt8>, _ pairs: UnsafePointer<UInt8>
) -> Int {
  if value < 10 {
    start[0] = zero &+ UInt8(truncatingIfNeeded: value)
    return 1
  }
  let count =
    value < 100
    ? 2
    : value < 1_000
      ? 3
      : value < 10_000
        ? 4
        : value < 100_000
          ? 5
          : value < 1_000_000
            ? 6
            : value < 10_000_000
              ? 7
              : value < 100_000_000
                ? 8
                : value < 1_000_000_000 ? 9 : 10
  var rest = value
  var position = count
  while rest >= 10 {
    let quotient = rest / 100
    let pair = Int(rest &- quotient &* 100) &* 2
    position &-= 2
    start[position] = pairs[pair]
    start[position &+ 1] = pairs[pair &+ 1]
    rest = quotient
  }
  if position == 1 { start[0] = zero &+ UInt8(truncatingIfNeeded: rest) }
  return count
}

/// Beyond 32 bits: the upper digits, then nine more.
private func formatLong(
  _ value: UInt64, at start: UnsafeMutablePointer<UInt8>, _ pairs: UnsafePointer<UInt8>
) -> Int {
  if value < 1 << 32 { return formatDigits(UInt32(truncatingIfNeeded: value), at: start, pairs) }
  let upper = value / 1_000_000_000
  var count = formatLong(upper, at: start, pairs)
  var rest = value - upper * 1_000_000_000
  var digit: UInt64 = 100_000_000
  while digit > 0 {
    start[count] = zero + UInt8(truncatingIfNeeded: rest / digit)
    rest %= digit
    digit /= 10
    count += 1
  }
  return count
}
