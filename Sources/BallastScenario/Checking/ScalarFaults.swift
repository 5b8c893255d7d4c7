import BallastModel

/// What is wrong with one value: the end of a sentence that begins with its key, and what to write.
struct ValueFault: Error, Equatable {
  var message: String
  var remedy: String
}

extension Checker {
  /// What is wrong with a value as a scalar of some kind.
  func scalarFault(_ value: Value, _ kind: Kind) -> ValueFault? {
    guard let text = value.text else {
      return ValueFault(
        message: "this is \(value.isList ? "a list" : "a group of keys"), not a single value",
        remedy: "write \(kind.needs)")
    }
    switch kind {
    case .quantity(let dimension), .limit(let dimension):
      return quantityFault(text, dimension, kind)
    case .words(let words): return wordFault(text, words)
    case .catalog(let catalog): return catalogFault(text, catalog)
    case .name: return nameFault(text)
    case .text, .path, .pattern:
      return text.isEmpty ? ValueFault(message: "the text is empty", remedy: "write one") : nil
    case .metric:
      return nil  // Depends on whom the expectation is about: Assembly/Expectations.swift.
    case .statistic:
      if statistic(text) != nil { return nil }
      return ValueFault(
        message: "unknown statistic \"\(shown(text))\"",
        remedy: "write mean, min, max, sum, last or a percentile such as p95 or p99.9")
    case .shares where ["low", "normal", "high"].contains(text): return nil
    default: break
    }
    // What is left is a bare number or a boolean.
    if value.plain == nil {
      return ValueFault(
        message: "\"\(shown(text))\" is text in quotes, and \(kind.needs) is needed",
        remedy: "remove the quotes")
    }
    switch kind {
    case .whole(let range):
      guard let number = wholeNumber(text), range.contains(number) else {
        return numberFault(text, kind)
      }
    case .seed:
      guard text.allSatisfy(\.isASCIIDigit), UInt64(text) != nil else {
        return numberFault(text, kind)
      }
    case .number:
      if thousandths(text) == nil { return numberFault(text, kind) }
    case .megahertz:
      guard let number = thousandths(text), number > 0 else { return numberFault(text, kind) }
    case .boolean:
      if text != "true", text != "false" {
        return ValueFault(
          message: "\"\(shown(text))\" is neither true nor false", remedy: "write true or false")
      }
    case .shares: return sharesFault(text)
    default: break
    }
    return nil
  }

  private func quantityFault(_ text: String, _ dimension: Dimension, _ kind: Kind) -> ValueFault? {
    var takesUnlimited = false
    if case .limit = kind { takesUnlimited = true }
    if takesUnlimited && text == "unlimited" { return nil }
    do {
      let amount = try dimension.amount(text)
      if takesUnlimited, amount == 0 {
        return ValueFault(
          message: "a limit of \(shown(text)) would let nothing run",
          remedy: "write a limit above zero, or unlimited")
      }
      return nil
    } catch {
      if takesUnlimited, nearest(text, in: ["unlimited"]) != nil {
        return ValueFault(message: error.message, remedy: "did you mean unlimited?")
      }
      return error
    }
  }

  private func wordFault(_ text: String, _ words: [Kind.Word]) -> ValueFault? {
    if let word = words.first(where: { $0.text == text }) {
      return word.notYet.map {
        ValueFault(
          message: "\(text) is part of the format, but \($0) is not modelled yet",
          remedy: "write \(words[0].text)")
      }
    }
    let names = words.map(\.text)
    let remedy = nearest(text, in: names).map { "did you mean \($0)?" }
    return ValueFault(
      message: "unknown value \"\(shown(text))\"", remedy: remedy ?? "write \(listed(names))")
  }

  private func catalogFault(_ text: String, _ catalog: Kind.Catalog) -> ValueFault? {
    let modelled = catalogs.entries(catalog).map(\.name)
    if modelled.contains(text) { return nil }
    if catalog.reserved.contains(text) {
      return ValueFault(
        message: "\(text) is part of the format, but \(catalog.modelNoun) is not modelled yet",
        remedy: "write \(listed(modelled))")
    }
    let remedy = nearest(text, in: catalogs.known(catalog)).map { "did you mean \($0)?" }
    return ValueFault(
      message: "\"\(shown(text))\" is not \(catalog.needs)",
      remedy: remedy ?? "write \(listed(modelled))")
  }

  private func sharesFault(_ text: String) -> ValueFault? {
    guard let number = wholeNumber(text) else {
      let remedy = nearest(text, in: ["low", "normal", "high"]).map { "did you mean \($0)?" }
      return ValueFault(
        message: "\"\(shown(text))\" is no shares value",
        remedy: remedy ?? "write \(Kind.shares.needs)")
    }
    if number == 0 {
      return ValueFault(
        message: "0 shares would starve it whenever others compete",
        remedy: "write 1 or more, or low")
    }
    return sharesRange.contains(number)
      ? nil
      : ValueFault(
        message: "\(shown(text)) shares are out of range", remedy: "write 1 to 1,000,000,000")
  }

  private func numberFault(_ text: String, _ kind: Kind) -> ValueFault {
    let unit = text.drop { $0.isASCIIDigit || $0 == "." || $0 == "-" }
    let hasUnit = !unit.isEmpty && unit.count < text.count
    switch kind {
    case .megahertz where thousandths(text) != nil:
      return ValueFault(
        message: "\(shown(text)) is not above zero", remedy: "write a number above 0")
    case .megahertz where hasUnit:
      // 2.6GHz is 2600 here, not 2.6.
      let rate = (try? Dimension.frequency.amount(text)).map { trimmed($0, places: 3) }
      return ValueFault(
        message: "\(shown(text)) has a unit, and a bare number of MHz is needed",
        remedy: "write \(rate ?? kind.example)")
    case .number where hasUnit:
      return ValueFault(
        message: "\(shown(text)) has a unit, and a bare number is needed",
        remedy: "write \(shown(String(text.dropLast(unit.count))))")
    default: break
    }
    guard case .whole(let range) = kind else {
      return ValueFault(
        message: "\"\(shown(text))\" is not \(kind.needs)",
        remedy: "write for example \(kind.example)")
    }
    let (low, high) = (grouped(range.lowerBound), grouped(range.upperBound))
    let problem =
      wholeNumber(text).map { $0 < range.lowerBound ? "below \(low)" : "above \(high)" }
      ?? "not a whole number"
    return ValueFault(
      message: "\(shown(text)) is \(problem)",
      remedy: low == high ? "write \(low)" : "write \(low) to \(high)")
  }
}
