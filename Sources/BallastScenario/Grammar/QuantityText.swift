extension Dimension {
  /// The amount a text stands for, in the dimension's own unit: digits times unit in integers,
  /// rounded half up once. `16GiB` is 17,179,869,184.
  func amount(_ text: String) throws(ValueFault) -> Int64 {
    var rest = text[...]
    guard let first = rest.first else { throw malformed(text) }
    if first == "-" {
      throw ValueFault(message: "\(shown(text)) is negative", remedy: "write \(noun) from 0 up")
    }
    if first == ".", Self.isNumber("0" + text.prefix { $0 == "." || $0.isASCIIDigit }) {
      throw ValueFault(
        message: "\(shown(text)) begins with a point", remedy: "write 0\(shown(text))")
    }
    var total: Int64 = 0
    var smallest: Int64 = .max
    while !rest.isEmpty {
      let number = rest.prefix { $0.isASCIIDigit || $0 == "." }
      guard Self.isNumber(number) else { throw malformed(text) }
      rest = rest.dropFirst(number.count)
      if rest.first == " " { rest = rest.dropFirst() }
      let symbol = rest.prefix { !$0.isASCIIDigit && $0 != " " && $0 != "." }
      rest = rest.dropFirst(symbol.count)
      guard !symbol.isEmpty else { throw noUnit(text, number) }
      guard let unit = units.first(where: { $0.symbol == symbol }) else {
        throw unknownUnit(String(symbol), number: number, in: text)
      }
      guard smallest == .max || (isCompound && unit.factor < smallest) else {
        throw malformed(text)
      }
      smallest = unit.factor
      guard let part = product(number, unit.factor), number.contains(".") == false || rest.isEmpty
      else {
        if number.contains("."), !rest.isEmpty {
          throw ValueFault(
            message: "\(shown(text)) has decimals before its last part",
            remedy: "write decimals in the last part only")
        }
        throw tooLarge(text)
      }
      let (sum, overflow) = total.addingReportingOverflow(part)
      if overflow { throw tooLarge(text) }
      total = sum
      if isCompound, rest.first == " ", rest.count > 1 { rest = rest.dropFirst() }
    }
    if total > maximum.amount { throw tooLarge(text) }
    return total
  }

  /// Digits, or digits, a point and digits.
  private static func isNumber(_ text: some StringProtocol) -> Bool {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    return (1...2).contains(parts.count)
      && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy(\.isASCIIDigit) }
  }

  private func noUnit(_ text: String, _ number: Substring) -> ValueFault {
    let symbols = units.map(\.symbol)
    let others = symbols.count > 1 ? "; units are \(symbols.joined(separator: " "))" : ""
    return ValueFault(
      message: "\(shown(text)) has no unit",
      remedy: "write \(shown(String(number)))\(likelyUnit(for: String(number)))\(others)")
  }

  private func unknownUnit(
    _ symbol: String, number: Substring, in text: String
  ) -> ValueFault {
    let symbols = units.map(\.symbol)
    let sameLetters = symbols.first { $0.lowercased() == symbol.lowercased() }
    let near =
      sameLetters ?? symbols.last { symbol.count == 1 && $0.hasPrefix(symbol) && $0 != symbol }
    let message = "in \(shown(text)), \(shown(symbol)) is no unit of \(measure)"
    if let near {
      return ValueFault(
        message: message, remedy: "did you mean \(shown(String(number)))\(near)?")
    }
    return ValueFault(
      message: message, remedy: "write \(example); units are \(symbols.joined(separator: " "))")
  }

  private func malformed(_ text: String) -> ValueFault {
    ValueFault(
      message: "\"\(shown(text))\" is not \(noun)", remedy: "write for example \(example)")
  }

  private func tooLarge(_ text: String) -> ValueFault {
    ValueFault(
      message: "\(shown(text)) is above \(maximum.text)", remedy: "write \(maximum.text) at most")
  }
}

/// Decimal number × factor, rounded half up; nil when 64 bits do not hold it. Any count of decimals
/// is exact: they are multiplied digit by digit.
func product(_ number: some StringProtocol, _ factor: Int64) -> Int64? {
  let parts = number.split(separator: ".", omittingEmptySubsequences: false)
  var whole: Int64 = 0
  for digit in parts[0].utf8 {
    let (tenfold, overflow) = whole.multipliedReportingOverflow(by: 10)
    let (next, overflowToo) = tenfold.addingReportingOverflow(Int64(digit - 48))
    if overflow || overflowToo { return nil }
    whole = next
  }
  let (scaled, overflow) = whole.multipliedReportingOverflow(by: factor)
  if overflow { return nil }
  guard parts.count == 2 else { return scaled }
  var carry: Int64 = 0
  var firstDigit: Int64 = 0
  for digit in parts[1].utf8.reversed() {
    let value = Int64(digit - 48) * factor + carry
    carry = value / 10
    firstDigit = value % 10
  }
  let (sum, overflowToo) = scaled.addingReportingOverflow(carry + (firstDigit >= 5 ? 1 : 0))
  return overflowToo ? nil : sum
}

extension Character {
  var isASCIIDigit: Bool { self >= "0" && self <= "9" && isASCII }
}
