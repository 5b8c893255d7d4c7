import BallastUnits

/// A JSON value with keys in the order they are given.
public indirect enum PlanJSON: Sendable {
  case text(String)
  case whole(Int64)
  /// Thousandths, written with three decimals.
  case thousandths(Int64)
  /// A statistic; three decimals.
  case number(Double)
  case truth(Bool)
  case null
  case list([PlanJSON])
  case object([(key: String, value: PlanJSON)])

  public static func count(_ value: Int) -> PlanJSON { .whole(Int64(value)) }

  /// RFC 8259, two spaces per level; short lists of plain values stay on a line.
  public var written: String {
    var text = ""
    write(to: &text, depth: 0)
    return text
  }

  private var isPlain: Bool {
    switch self {
    case .list, .object: false
    default: true
    }
  }

  private func write(to text: inout String, depth: Int) {
    let inner = "\n" + String(repeating: "  ", count: depth + 1)
    let outer = "\n" + String(repeating: "  ", count: depth)
    switch self {
    case .text(let value): text += jsonLiteral(value)
    case .whole(let value): text += String(value)
    case .thousandths(let value): text += decimal(value, places: 3)
    case .number(let value): text += value.isFinite ? threeDecimals(value) : "null"
    case .truth(let value): text += value ? "true" : "false"
    case .null: text += "null"
    case .list(let items):
      let isOneLine = items.allSatisfy(\.isPlain)
      text += "["
      for (index, item) in items.enumerated() {
        text += index > 0 ? (isOneLine ? ", " : ",") : ""
        if !isOneLine { text += inner }
        item.write(to: &text, depth: depth + 1)
      }
      text += isOneLine ? "]" : outer + "]"
    case .object(let entries):
      text += "{"
      for (index, entry) in entries.enumerated() {
        text += (index > 0 ? "," : "") + inner + jsonLiteral(entry.key) + ": "
        entry.value.write(to: &text, depth: depth + 1)
      }
      text += entries.isEmpty ? "}" : outer + "}"
    }
  }
}

/// Three decimals, half away from zero; what is too large for that is as large as it gets.
public func threeDecimals(_ value: Double) -> String {
  let bounded = min(max(value, -9e15), 9e15)
  return decimal(Int64((bounded * 1_000).rounded()), places: 3)
}

func jsonLiteral(_ text: String) -> String {
  var out = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": out += "\\\""
    case "\\": out += "\\\\"
    case "\n": out += "\\n"
    case _ where scalar.value < 0x20:
      let digits = String(scalar.value, radix: 16)
      out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    default: out.unicodeScalars.append(scalar)
    }
  }
  return out + "\""
}
