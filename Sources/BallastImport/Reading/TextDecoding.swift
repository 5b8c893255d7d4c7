/// Text of an export in whatever encoding a desktop wrote it: UTF-8, UTF-16 with or without a byte order mark,
/// Windows-1252 where it is no valid UTF-8.
///
/// Rule      a byte order mark decides; without one, zeros at every other of the first bytes mean UTF-16; else
///           valid UTF-8 is UTF-8, and anything else Windows-1252.
/// Source    RFC 3629, RFC 2781; the table of bytes 0x80 … 0x9F is WHATWG's windows-1252 index.
enum TextDecoding: String {
  case utf8 = "UTF-8"
  case utf16LittleEndian = "UTF-16 (little-endian)"
  case utf16BigEndian = "UTF-16 (big-endian)"
  case windows1252 = "Windows-1252"

  /// The text as UTF-8 without byte order mark, and what it was.
  static func decode(_ bytes: [UInt8]) -> (text: [UInt8], encoding: TextDecoding) {
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { return (Array(bytes.dropFirst(3)), .utf8) }
    if bytes.starts(with: [0xFF, 0xFE]) {
      return (utf16(bytes.dropFirst(2), isBigEndian: false), .utf16LittleEndian)
    }
    if bytes.starts(with: [0xFE, 0xFF]) {
      return (utf16(bytes.dropFirst(2), isBigEndian: true), .utf16BigEndian)
    }
    let head = bytes.prefix(64)
    if head.count >= 8 {
      let (even, odd) = zeros(head)
      if odd * 2 > head.count / 2 && even == 0 {
        return (utf16(bytes[...], isBigEndian: false), .utf16LittleEndian)
      }
      if even * 2 > head.count / 2 && odd == 0 {
        return (utf16(bytes[...], isBigEndian: true), .utf16BigEndian)
      }
    }
    if String(validating: bytes, as: UTF8.self) != nil { return (bytes, .utf8) }
    return (windows1252(bytes), .windows1252)
  }

  private static func zeros(_ bytes: ArraySlice<UInt8>) -> (even: Int, odd: Int) {
    var (even, odd) = (0, 0)
    for (offset, byte) in bytes.enumerated() where byte == 0 {
      if offset % 2 == 0 { even += 1 } else { odd += 1 }
    }
    return (even, odd)
  }

  private static func utf16(_ bytes: ArraySlice<UInt8>, isBigEndian: Bool) -> [UInt8] {
    var units: [UInt16] = []
    units.reserveCapacity(bytes.count / 2)
    var at = bytes.startIndex
    while at + 1 < bytes.endIndex {
      let (first, second) = (UInt16(bytes[at]), UInt16(bytes[at + 1]))
      units.append(isBigEndian ? first << 8 | second : second << 8 | first)
      at += 2
    }
    return Array(String(decoding: units, as: UTF16.self).utf8)
  }

  private static func windows1252(_ bytes: [UInt8]) -> [UInt8] {
    var text = ""
    text.reserveCapacity(bytes.count + bytes.count / 8)
    for byte in bytes {
      let value = (0x80...0x9F).contains(byte) ? upper[Int(byte) - 0x80] : UInt32(byte)
      text.unicodeScalars.append(Unicode.Scalar(value) ?? "?")
    }
    return Array(text.utf8)
  }

  /// What 0x80 … 0x9F stand for.
  private static let upper: [UInt32] = [
    0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039,
    0x0152, 0x8D, 0x017D, 0x8F, 0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
    0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D, 0x017E, 0x0178,
  ]
}
