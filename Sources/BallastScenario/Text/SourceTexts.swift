import BallastModel

/// The texts a scenario was read from: the file, its imports and the `--set` arguments. Kept so
/// that an error can show the line it is about.
public struct SourceTexts: Sendable {
  private struct Text: Sendable {
    var bytes: [UInt8]
    var lineStarts: [Int]
  }
  private var texts: [String: Text] = [:]
  /// Files in the order they were read, which is the order of their errors.
  public private(set) var files: [String] = []

  public init() {}

  /// Keeps a text under the name errors will use.
  public mutating func add(file: String, bytes: [UInt8]) {
    if texts[file] == nil { files.append(file) }
    let text = Array(bytes.dropFirst(byteOrderMarkLength(bytes)))
    texts[file] = Text(bytes: text, lineStarts: lineStarts(of: text))
  }

  /// The line a place is on, without its line break; nil when its text is unknown.
  public func line(at place: SourcePlace) -> String? {
    guard let text = texts[place.file], place.line >= 1, place.line <= text.lineStarts.count else {
      return nil
    }
    let start = text.lineStarts[place.line - 1]
    let end = place.line < text.lineStarts.count ? text.lineStarts[place.line] : text.bytes.count
    let line = String(decoding: text.bytes[start..<end], as: UTF8.self)
    return String(String.UnicodeScalarView(line.unicodeScalars.filter { !isLineBreak($0) }))
  }
}

/// The line breaks of YAML 1.1, which the parser counts: LF, CR, CR LF, NEL, LS and PS.
func isLineBreak(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.value {
  case 0x0A, 0x0D, 0x85, 0x2028, 0x2029: true
  default: false
  }
}

/// Bytes of the mark that some editors put before UTF-8 text; it takes no column.
func byteOrderMarkLength(_ bytes: [UInt8]) -> Int {
  bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
}

private func lineStarts(of bytes: [UInt8]) -> [Int] {
  var starts = [0]
  var i = 0
  func byte(_ offset: Int) -> UInt8 { i + offset < bytes.count ? bytes[i + offset] : 0 }
  while i < bytes.count {
    var length = 0
    switch bytes[i] {
    case 0x0A: length = 1
    case 0x0D: length = byte(1) == 0x0A ? 2 : 1
    case 0xC2 where byte(1) == 0x85: length = 2
    case 0xE2 where byte(1) == 0x80 && (byte(2) == 0xA8 || byte(2) == 0xA9): length = 3
    default: break
    }
    i += max(length, 1)
    if length > 0 { starts.append(i) }
  }
  return starts
}
