/// A number as people's desktops write it, in thousandths.
///
/// Rule      spaces, no-break spaces and apostrophes between digits are dropped. Of point and comma the one that
///           comes last is the decimal mark when both occur, and one that occurs twice groups thousands. A single
///           one is the decimal mark, unless exactly three digits follow it where `isWhole`: 1,024 MiB is 1024.
///           An exponent (1.048576E6) is understood.
/// Rounding  to a thousandth, half away from zero.
/// Returns   nil where it is no number, or one beyond ±9·10¹².
func thousandths(_ text: String, isWhole: Bool) -> Int64? {
  var digits: [UInt8] = []
  var marks: [(mark: UInt8, at: Int)] = []
  var isNegative = false
  var hasBegun = false
  var exponent = 0
  var bytes = Array(text.utf8)[...]
  while let byte = bytes.first {
    bytes = bytes.dropFirst()
    switch byte {
    case 48...57:
      digits.append(byte - 48)
      hasBegun = true
    case UInt8(ascii: "."), UInt8(ascii: ","):
      marks.append((byte, digits.count))
    case UInt8(ascii: "-") where !hasBegun && !isNegative:
      isNegative = true
    case UInt8(ascii: "+") where !hasBegun:
      break
    case UInt8(ascii: " "), UInt8(ascii: "'"), 0xC2, 0xA0, 0xE2, 0x80, 0xAF, 0x99:
      break
    case UInt8(ascii: "e"), UInt8(ascii: "E"):
      guard hasBegun, let power = Int(String(decoding: bytes, as: UTF8.self)), abs(power) < 30
      else { return nil }
      exponent = power
      bytes = []
    case UInt8(ascii: "%") where bytes.isEmpty:
      break
    default:
      return nil
    }
  }
  guard hasBegun, digits.count <= 40 else { return nil }
  var places = 0
  if let last = marks.last {
    let others = marks.dropLast()
    let after = digits.count - last.at
    let groups =
      others.contains { $0.mark == last.mark }
      || (others.isEmpty && isWhole && after == 3 && last.at > 0 && exponent == 0)
    places = groups ? 0 : after
  }
  // mantissa · 10^(exponent − places), wanted in 10^−3.
  var shift = exponent - places + 3
  var mantissa: Int64 = 0
  for digit in digits {
    let (product, overflow) = mantissa.multipliedReportingOverflow(by: 10)
    guard !overflow, product <= Int64.max - 9 else {
      // A digit this far right only matters where it is before the decimal mark.
      shift += 1
      continue
    }
    mantissa = product + Int64(digit)
  }
  while shift > 0 {
    let (product, overflow) = mantissa.multipliedReportingOverflow(by: 10)
    if overflow { return nil }
    mantissa = product
    shift -= 1
  }
  while shift < -1 {
    mantissa /= 10
    shift += 1
  }
  if shift == -1 { mantissa = mantissa / 10 + (mantissa % 10 >= 5 ? 1 : 0) }
  guard mantissa <= 9_000_000_000_000_000 else { return nil }
  return isNegative ? -mantissa : mantissa
}

/// A whole number, as `thousandths` reads it.
func wholeNumber(_ text: String) -> Int64? {
  guard let value = thousandths(text, isWhole: true), value % 1_000 == 0 else { return nil }
  return value / 1_000
}

/// true, yes, 1 and their opposites in the languages that exports come in.
func truth(_ text: String) -> Bool? {
  switch text.lowercased() {
  case "true", "yes", "1", "wahr", "vrai", "verdadero", "vero", "ja", "oui", "si", "sí": true
  case "false", "no", "0", "falsch", "faux", "falso", "nein", "non", "": false
  default: nil
  }
}
