/// A JSON value that prints the same way every time: keys stay in the order given.
enum JSON: Sendable {
  struct Member: Sendable {
    var key: String
    var value: JSON
  }
  case members([Member])
  case array([JSON])
  case text(String)
  case integer(Int64)
  case unsigned(UInt64)
  case boolean(Bool)
  case null

  static func object(_ members: [(String, JSON)]) -> JSON {
    .members(members.map { Member(key: $0.0, value: $0.1) })
  }

  /// Two spaces per level; a short array of plain values stays on one line. Ends without a line
  /// break.
  var pretty: String { written(indent: "") }

  private func written(indent: String) -> String {
    let inner = indent + "  "
    switch self {
    case .members(let members):
      if members.isEmpty { return "{}" }
      let lines = members.map { member in
        "\(inner)\(Self.quoted(member.key)): \(member.value.written(indent: inner))"
      }
      return "{\n\(lines.joined(separator: ",\n"))\n\(indent)}"
    case .array(let items):
      let parts = items.map { $0.written(indent: inner) }
      let line = "[\(parts.joined(separator: ", "))]"
      if line.count + indent.count <= 90, !line.contains("\n") { return line }
      return "[\n\(parts.map { inner + $0 }.joined(separator: ",\n"))\n\(indent)]"
    case .text(let text): return Self.quoted(text)
    case .integer(let number): return String(number)
    case .unsigned(let number): return String(number)
    case .boolean(let value): return value ? "true" : "false"
    case .null: return "null"
    }
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case _ where scalar.value < 0x20 || scalar.value == 0x7F:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
