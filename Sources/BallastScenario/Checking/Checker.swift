import BallastModel

/// Holds values against the grammar: unknown keys, missing keys, types, units, words, and parts of
/// the format that have no model yet. It knows nothing of what the values mean together; that is
/// `Assembly/`.
struct Checker {
  let catalogs: CatalogNames
  var problems = ProblemList()

  init(catalogs: CatalogNames) { self.catalogs = catalogs }

  /// - Parameter key: what the value is called in messages.
  mutating func check(_ value: Value, as kind: Kind, key: String) {
    if value.isNull {
      problems.add(
        value.place, "\(key) has no value", "write \(kind.needs), or remove the key")
      return
    }
    switch kind {
    case .anything:
      break
    case .object(let name):
      guard value.isMap else { return needs(kind, value, key) }
      check(value, as: name.spec, key: key)
    case .list(let item):
      guard value.isList else {
        let text = value.text.map { shown($0) }
        problems.add(
          value.place, "\(key) needs a list",
          text.map { "write \(key): [\($0)]" } ?? "put - before each item")
        return
      }
      for one in value.items { check(one, as: item, key: key) }
    case .map(let keyKind, let valueKind):
      guard value.isMap else { return needs(kind, value, key) }
      for entry in value.entries {
        let keyValue = Value(.scalar(entry.key, isQuoted: false), entry.keyPlace)
        check(keyValue, as: keyKind, key: key)
        check(entry.value, as: valueKind, key: entry.key)
      }
    case .either(let kinds):
      check(value, asOneOf: kinds, whole: kind, key: key)
    default:
      if let fault = scalarFault(value, kind) {
        problems.add(value.place, "\(key): \(fault.message)", fault.remedy)
      }
    }
  }

  private mutating func needs(_ kind: Kind, _ value: Value, _ key: String) {
    let found = value.isList ? "a list" : value.isMap ? "a group of keys" : "a single value"
    problems.add(
      value.place, "\(key) needs \(kind.needs), and this is \(found)", remedy(kind, key))
  }

  private func remedy(_ kind: Kind, _ key: String) -> String {
    if case .object(let name) = kind {
      return "its keys are \(listed(name.spec.keys.map(\.name), "and"))"
    }
    return "write \(key): \(kind.example)"
  }

  // MARK: Maps

  private mutating func check(_ value: Value, as spec: ObjectSpec, key: String) {
    for entry in value.entries {
      if let known = spec.key(entry.key) {
        check(entry.value, as: known.kind, key: known.name)
        if let notYet = known.notYet { refuse(entry.key, notYet, at: entry.keyPlace) }
      } else if let notYet = spec.othersNotYet {
        refuse(entry.key, notYet, at: entry.keyPlace)
      } else {
        unknownKey(entry, of: spec, in: key)
      }
    }
    for known in spec.keys where known.isRequired && value.entry(known.name) == nil {
      missing(known.name, of: spec, in: value, key)
    }
    for rule in spec.rules { check(rule, value, spec, key) }
  }

  private mutating func refuse(_ key: String, _ what: String, at place: SourcePlace) {
    problems.add(
      place,
      "\(shown(key)) is part of the format, but \(what) \(Self.verb(what)) not modelled yet",
      "remove it")
  }

  private static func verb(_ noun: String) -> String {
    noun.hasSuffix("parameters") || noun.hasSuffix("snapshots") ? "are" : "is"
  }

  private mutating func unknownKey(_ entry: Value.Entry, of spec: ObjectSpec, in key: String) {
    let names = spec.keys.map(\.name)
    let near = nearest(entry.key, in: names)
    problems.add(
      entry.keyPlace, "unknown key \"\(shown(entry.key))\" in \(key)",
      near.map { "did you mean \($0)?" } ?? "its keys are \(listed(names, "and"))")
  }

  private mutating func missing(_ name: String, of spec: ObjectSpec, in value: Value, _ key: String) {
    // A misspelt key is one mistake, not two.
    let isMisspelt = value.entries.contains {
      spec.key($0.key) == nil && nearest($0.key, in: spec.keys.map(\.name)) == name
    }
    if isMisspelt { return }
    problems.add(
      value.place, "\(key) lacks the key \(name)",
      "add \(name): \(spec.key(name)?.kind.example ?? "…")")
  }

  private mutating func check(
    _ rule: ObjectSpec.Rule, _ value: Value, _ spec: ObjectSpec, _ key: String
  ) {
    switch rule {
    case .exactlyOne(let names):
      let found = value.entries.filter { names.contains($0.key) }
      if found.isEmpty {
        // An unknown key has been named already, and was probably meant to be the one.
        guard value.entries.allSatisfy({ spec.key($0.key) != nil }) else { return }
        problems.add(
          value.place, "\(key) needs one of the keys \(listed(names))", "add one of them")
      }
      for extra in found.dropFirst() {
        problems.add(
          extra.keyPlace,
          "\(key) has both \(found[0].key) and \(extra.key), but only one of them can hold",
          "remove one")
      }
    case .needs(let name, let others):
      guard let entry = value.entry(name), !others.contains(where: { value.entry($0) != nil })
      else { return }
      problems.add(
        entry.keyPlace, "\(name) has a meaning only beside \(listed(others))", "remove it")
    case .required(let names, let other):
      guard value.entry(other) == nil else { return }
      for name in names where value.entry(name) == nil {
        missing(name, of: spec, in: value, key)
      }
    }
  }

  // MARK: Alternatives

  private mutating func check(
    _ value: Value, asOneOf kinds: [Kind], whole: Kind, key: String
  ) {
    let fitting = kinds.filter { $0.fitsShape(of: value) }
    guard let first = fitting.first else {
      problems.add(value.place, "\(key) needs \(whole.needs)", "write \(key): \(whole.example)")
      return
    }
    let matching = fitting.first { kind in kind.isScalar && scalarFault(value, kind) == nil }
    check(value, as: matching ?? first, key: key)
  }

  // MARK: Scalars

  /// What is wrong with a value as a scalar of some kind.
  func scalarFault(_ value: Value, _ kind: Kind) -> QuantityFault? {
    guard let text = value.text else {
      return QuantityFault(
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
      return text.isEmpty ? QuantityFault(message: "the text is empty", remedy: "write one") : nil
    case .metric:
      return nil  // Depends on whom the expectation is about: Assembly/Expectations.swift.
    case .statistic:
      if statistic(text) != nil { return nil }
      return QuantityFault(
        message: "unknown statistic \"\(shown(text))\"",
        remedy: "write mean, min, max, sum, last or a percentile such as p95 or p99.9")
    default: break
    }
    // What is left is a bare number or a boolean.
    if value.plain == nil {
      return QuantityFault(
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
    case .number(let isSigned):
      guard let number = thousandths(text), isSigned || number > 0 else {
        return numberFault(text, kind)
      }
    case .boolean:
      if text != "true", text != "false" {
        return QuantityFault(
          message: "\"\(shown(text))\" is neither true nor false", remedy: "write true or false")
      }
    case .shares: return sharesFault(text)
    default: break
    }
    return nil
  }

  private func quantityFault(_ text: String, _ dimension: Dimension, _ kind: Kind) -> QuantityFault? {
    var takesUnlimited = false
    if case .limit = kind { takesUnlimited = true }
    if takesUnlimited && text == "unlimited" { return nil }
    do {
      let amount = try dimension.amount(text)
      if takesUnlimited, amount == 0 {
        return QuantityFault(
          message: "a limit of \(shown(text)) would let nothing run",
          remedy: "write a limit above zero, or unlimited")
      }
      return nil
    } catch {
      if takesUnlimited, nearest(text, in: ["unlimited"]) != nil {
        return QuantityFault(message: error.message, remedy: "did you mean unlimited?")
      }
      return error
    }
  }

  private func wordFault(_ text: String, _ words: [Kind.Word]) -> QuantityFault? {
    if let word = words.first(where: { $0.text == text }) {
      return word.notYet.map {
        QuantityFault(
          message: "\(text) is part of the format, but \($0) is not modelled yet",
          remedy: "write \(words[0].text)")
      }
    }
    let names = words.map(\.text)
    let remedy = nearest(text, in: names).map { "did you mean \($0)?" }
    return QuantityFault(
      message: "unknown value \"\(shown(text))\"", remedy: remedy ?? "write \(listed(names))")
  }

  private func catalogFault(_ text: String, _ catalog: Kind.Catalog) -> QuantityFault? {
    let modelled = catalogs.entries(catalog).map(\.name)
    if modelled.contains(text) { return nil }
    if catalog.reserved.contains(text) {
      return QuantityFault(
        message: "\(text) is part of the format, but \(catalog.modelNoun) is not modelled yet",
        remedy: "write \(listed(modelled))")
    }
    let remedy = nearest(text, in: catalogs.known(catalog)).map { "did you mean \($0)?" }
    return QuantityFault(
      message: "\"\(shown(text))\" is not \(catalog.needs)",
      remedy: remedy ?? "write \(listed(modelled))")
  }

  private func sharesFault(_ text: String) -> QuantityFault? {
    if ["low", "normal", "high"].contains(text) { return nil }
    guard let number = wholeNumber(text) else {
      let remedy = nearest(text, in: ["low", "normal", "high"]).map { "did you mean \($0)?" }
      return QuantityFault(
        message: "\"\(shown(text))\" is no shares value",
        remedy: remedy ?? "write \(Kind.shares.needs)")
    }
    if number == 0 {
      return QuantityFault(
        message: "0 shares would starve it whenever others compete",
        remedy: "write 1 or more, or low")
    }
    return sharesRange.contains(number)
      ? nil
      : QuantityFault(
        message: "\(shown(text)) shares are out of range", remedy: "write 1 to 1,000,000,000")
  }

  private func numberFault(_ text: String, _ kind: Kind) -> QuantityFault {
    let unitless = text.drop { $0.isASCIIDigit || $0 == "." || $0 == "-" }
    if case .number = kind, !unitless.isEmpty, unitless.count < text.count {
      return QuantityFault(
        message: "\(shown(text)) has a unit, and a bare number is needed",
        remedy: "write \(text.dropLast(unitless.count))")
    }
    if case .number(isSigned: false) = kind, thousandths(text) != nil {
      return QuantityFault(message: "\(shown(text)) is not above zero", remedy: "write a number above 0")
    }
    return QuantityFault(message: "\"\(shown(text))\" is not \(kind.needs)", remedy: "write \(kind.needs)")
  }
}

extension Kind {
  var isScalar: Bool {
    switch self {
    case .anything, .object, .list, .map, .either: false
    default: true
    }
  }

  fileprivate func fitsShape(of value: Value) -> Bool {
    switch self {
    case .object, .map: value.isMap
    case .list: value.isList
    case .anything: true
    default: !value.isMap && !value.isList
    }
  }
}
