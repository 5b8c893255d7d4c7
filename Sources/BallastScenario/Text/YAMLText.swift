import BallastModel
import Yams

/// YAML text to values with places. Yams parses; this adds what it lacks: every duplicate key with
/// the place of its second writing, merge keys, a bound on what aliases expand to, and words.
struct YAMLText {
  private let file: String
  private var problems: [ScenarioProblem] = []
  private var valuesLeft = Limits.values
  /// Keys renamed to get past the parser's own check, by their first character.
  private var renamed: [Unicode.Scalar: String] = [:]

  /// The value of a text, nil when there is none or it cannot be parsed, and what is wrong.
  static func read(_ text: String, file: String) -> (value: Value?, problems: [ScenarioProblem]) {
    var reader = YAMLText(file: file)
    let value = reader.read(text)
    return (value, reader.problems)
  }

  private init(file: String) { self.file = file }

  private mutating func read(_ original: String) -> Value? {
    var text = original
    // Parsing again for each duplicate: a budget keeps big files with many of them from taking
    // long.
    var budget = 64 << 20
    while true {
      do {
        let parser = try Parser(
          yaml: text, resolver: .basic, constructor: .default, encoding: .utf8)
        guard let node = try parser.singleRoot() else { return nil }
        return convert(node, depth: 1)
      } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
        budget -= text.utf8.count
        let first = SourcePlace(
          file: file, line: context.mark.line, column: context.mark.column)
        guard budget > 0, let next = renaming(keys.first ?? "", at: first, in: text) else {
          problems.append(
            ScenarioProblem(
              first, "key \"\(keys.first ?? "")\" is written more than once",
              remedy: "keep one of them"))
          return nil
        }
        text = next
      } catch {
        problems.append(yamlProblem(error, text: text, file: file))
        return nil
      }
    }
  }

  /// The text with the first character of a key replaced by one nobody uses, which keeps all
  /// columns; nil when the key is not found as written.
  private mutating func renaming(
    _ key: String, at place: SourcePlace, in text: String
  ) -> String? {
    guard let first = key.unicodeScalars.first,
      let marker = Unicode.Scalar(0xE000 + UInt32(renamed.count)), renamed.count < 6_000
    else { return nil }
    var scalars = Array(text.unicodeScalars)
    guard var index = scalarIndex(of: place, in: scalars) else { return nil }
    if scalars[index] == "\"" || scalars[index] == "'" { index += 1 }
    guard index < scalars.count, scalars[index] == first else { return nil }
    scalars[index] = marker
    renamed[marker] = key
    return String(String.UnicodeScalarView(scalars))
  }

  private func scalarIndex(of place: SourcePlace, in scalars: [Unicode.Scalar]) -> Int? {
    var line = 1
    var column = 1
    for (index, scalar) in scalars.enumerated() {
      if line == place.line && column == place.column { return index }
      if isLineBreak(scalar) {
        if scalar == "\n", index > 0, scalars[index - 1] == "\r" { continue }
        line += 1
        column = 1
      } else {
        column += 1
      }
    }
    return nil
  }

  // MARK: Nodes to values

  private mutating func convert(_ node: Node, depth: Int) -> Value? {
    let place = place(of: node)
    valuesLeft -= 1
    guard valuesLeft >= 0 else {
      if valuesLeft == -1 {
        complain(
          place,
          "the file has more than \(grouped(Limits.values)) values once aliases are followed",
          "use fewer aliases")
      }
      return nil
    }
    guard depth <= Limits.nesting else {
      complain(
        place, "nesting is deeper than \(Limits.nesting) levels", "write it with fewer levels")
      return nil
    }
    switch node {
    case .scalar(let scalar):
      let isQuoted = scalar.style != .plain && scalar.style != .any
      refuseTag(isQuoted && scalar.tag.rawValue == Tag.Name.str.rawValue ? nil : scalar.tag, place)
      return Value(.scalar(scalar.string, isQuoted: isQuoted), place)
    case .sequence(let sequence):
      refuseTag(sequence.tag, place)
      var items: [Value] = []
      for item in sequence {
        guard let value = convert(item, depth: depth + 1) else {
          if valuesLeft < 0 { return nil }
          continue
        }
        items.append(value)
      }
      return Value(.list(items), place)
    case .mapping(let mapping):
      refuseTag(mapping.tag, place)
      return convert(mapping, place, depth: depth)
    case .alias:
      return nil  // `compose` follows aliases itself.
    }
  }

  private mutating func convert(
    _ mapping: Node.Mapping, _ place: SourcePlace, depth: Int
  ) -> Value? {
    var entries: [Value.Entry] = []
    var placeOfKey: [String: SourcePlace] = [:]
    var merged: [Value.Entry] = []
    for (keyNode, valueNode) in mapping {
      let keyPlace = self.place(of: keyNode)
      guard case .scalar(let scalar) = keyNode else {
        complain(keyPlace, "a list or a map cannot be a key", "write a plain name before the colon")
        continue
      }
      let key = original(scalar.string)
      if key == "<<", scalar.style == .plain {
        merged += mergedEntries(valueNode, depth: depth)
        continue
      }
      if let first = placeOfKey[key] {
        complain(
          keyPlace, "key \"\(shown(key))\" is written twice; the first is on line \(first.line)",
          "keep one of them")
        continue
      }
      placeOfKey[key] = keyPlace
      guard let value = convert(valueNode, depth: depth + 1) else {
        if valuesLeft < 0 { return nil }
        continue
      }
      entries.append(Value.Entry(key: key, keyPlace: keyPlace, value: value))
    }
    for entry in merged where placeOfKey[entry.key] == nil {
      placeOfKey[entry.key] = entry.keyPlace
      entries.append(entry)
    }
    return Value(.map(entries), place)
  }

  /// What `<<: *defaults` brings in; the map's own keys win.
  private mutating func mergedEntries(_ node: Node, depth: Int) -> [Value.Entry] {
    guard let value = convert(node, depth: depth + 1) else { return [] }
    let maps = value.itemsOrSelf
    if maps.contains(where: { !$0.isMap }) {
      complain(value.place, "<< needs a map, usually an alias such as *defaults", "name one")
    }
    return maps.flatMap(\.entries)
  }

  private func original(_ key: String) -> String {
    guard let first = key.unicodeScalars.first, let name = renamed[first],
      name.unicodeScalars.dropFirst().elementsEqual(key.unicodeScalars.dropFirst())
    else { return key }
    return name
  }

  private mutating func refuseTag(_ tag: Tag?, _ place: SourcePlace) {
    guard let name = tag?.rawValue, !name.isEmpty else { return }
    let written =
      name.hasPrefix("tag:yaml.org,2002:") ? "!!" + name.dropFirst(18) : name
    complain(place, "the YAML tag \(shown(written)) has no meaning here", "remove the tag")
  }

  private func place(of node: Node) -> SourcePlace {
    SourcePlace(file: file, line: node.mark?.line ?? 1, column: node.mark?.column ?? 1)
  }

  private mutating func complain(_ place: SourcePlace, _ message: String, _ remedy: String) {
    problems.append(ScenarioProblem(place, message, remedy: remedy))
  }
}
