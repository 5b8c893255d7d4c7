/// A JSON value (RFC 8259) that prints the same way every time: keys stay in the order given.
public enum JSON: Sendable {
  public typealias Member = (key: String, value: JSON)

  case object([Member])
  case array([JSON])
  case text(String)
  case integer(Int64)
  case unsigned(UInt64)
  /// Written with three decimals.
  case thousandths(Int64)
  /// Written with three decimals, half away from zero; null where it is not finite.
  case number(Double)
  case boolean(Bool)
  case null

  public static func count(_ value: Int) -> JSON { .integer(Int64(value)) }

  /// Two spaces per level; a short array of plain values stays on one line. Ends without a line break.
  public var pretty: String {
    var text = ""
    write(to: &text, indent: "")
    return text
  }

  private func write(to text: inout String, indent: String) {
    let inner = indent + "  "
    switch self {
    case .object(let members):
      text += "{"
      for (index, member) in members.enumerated() {
        text += (index > 0 ? ",\n" : "\n") + inner + jsonString(member.key) + ": "
        member.value.write(to: &text, indent: inner)
      }
      text += members.isEmpty ? "}" : "\n\(indent)}"
    case .array(let items):
      if items.allSatisfy(\.isPlain) {
        let line = "[" + items.map(\.pretty).joined(separator: ", ") + "]"
        if line.utf8.count + indent.utf8.count <= 90 {
          text += line
          return
        }
      }
      text += "["
      for (index, item) in items.enumerated() {
        text += (index > 0 ? ",\n" : "\n") + inner
        item.write(to: &text, indent: inner)
      }
      text += "\n\(indent)]"
    case .text(let value): text += jsonString(value)
    case .integer(let value): text += String(value)
    case .unsigned(let value): text += String(value)
    case .thousandths(let value): text += decimal(value, places: 3)
    case .number(let value): text += value.isFinite ? threeDecimals(value) : "null"
    case .boolean(let value): text += value ? "true" : "false"
    case .null: text += "null"
    }
  }

  private var isPlain: Bool {
    switch self {
    case .array, .object: false
    default: true
    }
  }
}

/// A JSON string with its quotes, which YAML reads the same and which may stand inside an HTML script element: control
/// characters, what YAML will not have raw, and `<` are escaped.
public func jsonString(_ text: String) -> String {
  var out = "\""
  for scalar in text.unicodeScalars {
    switch scalar.value {
    case 0x22: out += "\\\""
    case 0x5C: out += "\\\\"
    case 0x0A: out += "\\n"
    case 0x09: out += "\\t"
    case 0x0D: out += "\\r"
    case ..<0x20, 0x3C, 0x7F..<0xA0, 0x2028, 0x2029, 0xFEFF:
      let digits = String(scalar.value, radix: 16)
      out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    default: out.unicodeScalars.append(scalar)
    }
  }
  return out + "\""
}

/// Three decimals, half away from zero; what is too large for that is as large as it gets.
public func threeDecimals(_ value: Double) -> String {
  let bounded = min(max(value, -9e15), 9e15)
  return decimal(Int64((bounded * 1_000).rounded()), places: 3)
}
