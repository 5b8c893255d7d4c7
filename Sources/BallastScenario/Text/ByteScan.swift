import BallastModel

/// A look at the bytes before the YAML parser sees them. The parser works recursively and hashes
/// keys; this refuses what would cost it its stack or an hour: deep nesting, keys that are aliases
/// or collections, and more values than a scenario can have.
///
/// It knows just enough YAML to tell brackets and aliases from text: quotes, comments and where a
/// token may begin. Block scalars are not recognised; the format has no use for them.
struct ByteScan {
  private let bytes: [UInt8]
  private var at = 0
  private var line = 1
  private var lineStart = 0
  private var depth = 0
  private var separators = 0

  /// The first thing to refuse as (byte offset, message, remedy), or nil.
  static func refusal(of bytes: [UInt8]) -> (offset: Int, message: String, remedy: String)? {
    var scan = ByteScan(bytes: bytes)
    return scan.run()
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private mutating func run() -> (offset: Int, message: String, remedy: String)? {
    var mayBegin = true
    while at < bytes.count {
      let byte = bytes[at]
      switch byte {
      case Self.newline, Self.carriageReturn:
        mayBegin = true
        separators += 1
      case Self.space, Self.tab:
        break
      case UInt8(ascii: "#") where at == 0 || isBlank(at - 1):
        skipLine()
        continue
      case UInt8(ascii: "\"") where mayBegin, UInt8(ascii: "'") where mayBegin:
        skipQuoted(byte)
        mayBegin = false
        continue
      case UInt8(ascii: "[") where mayBegin || depth > 0,
        UInt8(ascii: "{") where mayBegin || depth > 0:
        depth += 1
        separators += 1
        if depth > Limits.nesting {
          return (
            at, "nesting is deeper than \(Limits.nesting) levels", "write it with fewer levels"
          )
        }
        mayBegin = true
      case UInt8(ascii: "]") where depth > 0, UInt8(ascii: "}") where depth > 0:
        depth -= 1
        mayBegin = false
        if isKey(after: at + 1) {
          return (at, "a list or a map cannot be a key", "write a plain name before the colon")
        }
      case UInt8(ascii: ",") where depth > 0:
        separators += 1
        mayBegin = true
      case UInt8(ascii: ":") where depth > 0 || isBlank(at + 1):
        separators += 1
        mayBegin = true
      case UInt8(ascii: "-") where mayBegin && isBlank(at + 1):
        separators += 1
      case UInt8(ascii: "?") where mayBegin && isBlank(at + 1):
        return (at, "keys after a question mark are not supported", "write KEY: VALUE")
      case UInt8(ascii: "&") where mayBegin, UInt8(ascii: "!") where mayBegin:
        skipWord()
        continue
      case UInt8(ascii: "*") where mayBegin:
        let start = at
        skipWord()
        // Within a flow map the colon may touch the alias' name.
        if isKey(after: at) || bytes[at - 1] == UInt8(ascii: ":") {
          return (start, "an alias cannot be a key", "write the key's name")
        }
        mayBegin = false
        continue
      default:
        mayBegin = false
      }
      at += 1
      if separators > Limits.values {
        return (
          at - 1, "the file has more than \(grouped(Limits.values)) values", "make it smaller"
        )
      }
    }
    return nil
  }

  private func isBlank(_ i: Int) -> Bool {
    guard i < bytes.count else { return true }
    return bytes[i] == Self.space || bytes[i] == Self.tab || bytes[i] == Self.newline
      || bytes[i] == Self.carriageReturn
  }

  /// A colon follows, perhaps after spaces.
  private func isKey(after start: Int) -> Bool {
    var i = start
    while i < bytes.count, bytes[i] == Self.space || bytes[i] == Self.tab { i += 1 }
    return i < bytes.count && bytes[i] == UInt8(ascii: ":")
  }

  private mutating func skipLine() {
    while at < bytes.count, bytes[at] != Self.newline, bytes[at] != Self.carriageReturn { at += 1 }
  }

  private mutating func skipWord() {
    while at < bytes.count, !isBlank(at), !(depth > 0 && Self.flowEnds.contains(bytes[at])) {
      at += 1
    }
  }

  private mutating func skipQuoted(_ quote: UInt8) {
    at += 1
    while at < bytes.count, bytes[at] != quote {
      at += bytes[at] == UInt8(ascii: "\\") && quote == UInt8(ascii: "\"") ? 2 : 1
    }
    at = min(at + 1, bytes.count)
  }

  private static let newline = UInt8(ascii: "\n")
  private static let carriageReturn = UInt8(ascii: "\r")
  private static let space = UInt8(ascii: " ")
  private static let tab = UInt8(ascii: "\t")
  private static let flowEnds = Array(",[]{}".utf8)
}
