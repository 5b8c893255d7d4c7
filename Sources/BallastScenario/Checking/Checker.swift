import BallastModel

/// Holds values against the grammar: unknown keys, missing keys, types, units, words, and parts of
/// the format that have no model yet. It knows nothing of what the values mean together; that is
/// `Assembly/`.
struct Checker {
  let catalogs: CatalogNames
  /// False where part of the text could not be read: then nothing is called missing.
  var isWhole = true
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
      for one in value.items { check(one, as: item, key: label(one, item) ?? key) }
    case .map(let keyKind, let valueKind):
      guard value.isMap else { return needs(kind, value, key) }
      for entry in value.entries {
        let keyValue = Value(.scalar(entry.key, isQuoted: true), entry.keyPlace)
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

  /// "VM web" for an item of a list of VMs.
  private func label(_ value: Value, _ kind: Kind) -> String? {
    guard case .object(let object) = kind, let noun = object.spec.noun else { return nil }
    return "\(noun) \(value["name"]?.text.map { shown($0) } ?? "")".trimmingSpaces
  }

  private mutating func needs(_ kind: Kind, _ value: Value, _ key: String) {
    let found = value.isList ? "a list" : value.isMap ? "a group of keys" : "a single value"
    problems.add(
      value.place, "\(key) needs \(kind.needs), and this is \(found)", remedy(kind, key))
  }

  private func remedy(_ kind: Kind, _ key: String) -> String {
    if case .object(let name) = kind {
      return "its keys are \(listed(name.spec.modelledNames, "and"))"
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
    let names = spec.modelledNames
    let near = nearest(entry.key, in: names)
    problems.add(
      entry.keyPlace, "unknown key \"\(shown(entry.key))\" in \(key)",
      near.map { "did you mean \($0)?" } ?? "its keys are \(listed(names, "and"))")
  }

  private mutating func missing(_ name: String, of spec: ObjectSpec, in value: Value, _ key: String)
  {
    guard isWhole else { return }
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
      if found.isEmpty, isWhole {
        // An unknown key has been named already, and was probably meant to be the one.
        guard value.entries.allSatisfy({ spec.key($0.key) != nil }) else { return }
        problems.add(
          value.place, "\(key) needs one of the keys \(listed(names))", "add one of them")
      }
      complainOfMore(found, key)
    case .atMostOne(let names):
      complainOfMore(value.entries.filter { names.contains($0.key) }, key)
    case .needsOne(let name, let others):
      guard isWhole, value.entry(name) != nil, !others.contains(where: { value.entry($0) != nil }),
        value.entries.allSatisfy({ spec.key($0.key) != nil })
      else { return }
      problems.add(
        value.place, "\(key) needs one of the keys \(listed(others))", "add one of them")
    case .needs(let name, let others, let instead):
      guard isWhole, let entry = value.entry(name),
        !others.contains(where: { value.entry($0) != nil })
      else { return }
      problems.add(
        entry.keyPlace, "\(name) has a meaning only beside \(listed(others))",
        instead.map { "write \($0) instead" } ?? "remove it")
    case .required(let names, let other):
      guard value.entry(other) == nil else { return }
      for name in names where value.entry(name) == nil {
        missing(name, of: spec, in: value, key)
      }
    }
  }

  private mutating func complainOfMore(_ found: [Value.Entry], _ key: String) {
    for extra in found.dropFirst() {
      problems.add(
        extra.keyPlace,
        "\(key) has both \(found[0].key) and \(extra.key), but only one of them can hold",
        "remove one")
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
    let faults = fitting.filter(\.isScalar).map { ($0, scalarFault(value, $0)) }
    // Of several that it is not, the one it is likely meant to be.
    let meant =
      faults.first { $0.1 == nil } ?? faults.first { $0.1!.remedy.hasPrefix("did you mean") }
    let names = faults.compactMap { words($0.0) }
    if meant == nil, names.count > 1, names.count == faults.count, let fault = faults[0].1 {
      problems.add(
        value.place, "\(key): \(fault.message)", "write \(listed(names.flatMap { $0 }))")
      return
    }
    check(value, as: meant?.0 ?? first, key: key)
  }

  /// What may be written where that is one of a list; nil elsewhere.
  private func words(_ kind: Kind) -> [String]? {
    switch kind {
    case .words(let words): words.filter { $0.notYet == nil }.map(\.text)
    case .catalog(let catalog): catalogs.entries(catalog).map(\.name)
    default: nil
    }
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
