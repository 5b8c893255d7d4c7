import BallastModel
import BallastUnits

/// The JSON Schema (draft-07) of the scenario format, for editors: made from the table in
/// `Format.swift`, the same every time. It covers the whole format, also what `validate` still
/// refuses as not modelled; the descriptions say so. Ends with a line break.
public func scenarioSchema(catalogs: CatalogNames) -> String {
  let emitter = SchemaEmitter(catalogs: catalogs)
  let root = emitter.members(of: ObjectName.scenario.spec)
  let definitions = ObjectName.ofScenarios.filter { $0 != .scenario }.map { name in
    (name.rawValue, JSON.object(emitter.members(of: name.spec)))
  }
  let schema = JSON.object(
    [
      ("$schema", .text("http://json-schema.org/draft-07/schema#")),
      ("title", .text("Ballast scenario")),
    ] + root + [("definitions", .object(definitions))])
  return schema.pretty + "\n"
}

private struct SchemaEmitter {
  let catalogs: CatalogNames

  // MARK: Maps

  func members(of spec: ObjectSpec) -> [JSON.Member] {
    var members: [JSON.Member] = [
      ("description", .text(spec.summary)), ("type", .text("object")),
      ("properties", .object(spec.keys.map { ($0.name, property($0)) })),
    ]
    let required = spec.keys.filter(\.isRequired).map(\.name)
    // A file that imports another need not repeat what that one has.
    let isPartial = spec.key("import") != nil
    if !required.isEmpty, !isPartial { members.append(("required", names(required))) }
    if spec.othersNotYet != nil {
      members.append(
        ("additionalProperties", .object([("type", types("string", "number", "boolean"))])))
    } else {
      members.append(("additionalProperties", .boolean(false)))
    }
    if isPartial {
      members.append(("anyOf", .array([requires(required), requires(["import"])])))
    }
    return members + rules(of: spec)
  }

  private func rules(of spec: ObjectSpec) -> [JSON.Member] {
    var members: [JSON.Member] = []
    var dependencies: [JSON.Member] = []
    for rule in spec.rules {
      switch rule {
      case .exactlyOne(let keys):
        members.append(("oneOf", .array(keys.map { requires([$0]) })))
      case .required(let keys, let other):
        members.append(("anyOf", .array([requires(keys), requires([other])])))
      case .atMostOne(let keys):
        let pairs = keys.indices.flatMap { first in
          keys[(first + 1)...].map { requires([keys[first], $0]) }
        }
        members.append(("not", .object([("anyOf", .array(pairs))])))
      case .needsOne(let key, let others), .needs(let key, let others, _):
        dependencies.append((key, .object([("anyOf", .array(others.map { requires([$0]) }))])))
      }
    }
    if !dependencies.isEmpty { members.append(("dependencies", .object(dependencies))) }
    return members
  }

  private func requires(_ keys: [String]) -> JSON { .object([("required", names(keys))]) }

  private func names(_ names: [String]) -> JSON { .array(names.map(JSON.text)) }

  private func types(_ types: String...) -> JSON { names(types) }

  private func property(_ key: Key) -> JSON {
    var text = key.summary
    if let words = wordSummaries(key.kind) { text += " \(words)" }
    if let standard = key.standard { text += " Default: \(standard)." }
    if let notYet = key.notYet { text += " Not modelled yet: \(notYet)." }
    let kind = members(of: key.kind)
    // In draft-07 a $ref hides its neighbours, so it goes into an allOf of one.
    if kind.first?.0 == "$ref" {
      return .object([("description", .text(text)), ("allOf", .array([.object(kind)]))])
    }
    return .object([("description", .text(text))] + kind)
  }

  private func wordSummaries(_ kind: Kind) -> String? {
    switch kind {
    case .words(let words):
      let parts = words.map { word in
        "\(word.text): \(word.summary)\(word.notYet == nil ? "" : " (not modelled yet)")"
      }
      return parts.joined(separator: " · ") + "."
    case .catalog(let catalog):
      let entries = catalogs.entries(catalog)
      let missing = catalog.reserved.filter { name in !entries.contains { $0.name == name } }
      let parts =
        entries.map { "\($0.name): \($0.summary)" } + missing.map { "\($0): not modelled yet" }
      return parts.joined(separator: " · ") + "."
    case .either(let kinds):
      let parts = kinds.compactMap(wordSummaries)
      return parts.isEmpty ? nil : parts.joined(separator: " ")
    default: return nil
    }
  }

  // MARK: Values

  private func schema(_ kind: Kind) -> JSON { .object(members(of: kind)) }

  private func members(of kind: Kind) -> [JSON.Member] {
    switch kind {
    case .anything: return []
    case .text, .pattern:
      // YAML reads 101 as a number; here it is as good a name as any.
      return [("type", types("string", "number")), ("minLength", .integer(1))]
    case .path: return [("type", .text("string")), ("minLength", .integer(1))]
    case .name:
      return [
        ("type", types("string", "number")), ("pattern", .text(#"^[^/:,*?"\\]+$"#)),
        ("maxLength", .integer(200)),
      ]
    case .whole(let range):
      return [
        ("type", .text("integer")), ("minimum", .integer(range.lowerBound)),
        ("maximum", .integer(range.upperBound)),
      ]
    case .seed:
      return [
        ("type", .text("integer")), ("minimum", .integer(0)), ("maximum", .unsigned(.max)),
      ]
    case .number: return [("type", .text("number"))]
    case .megahertz: return [("type", .text("number")), ("exclusiveMinimum", .integer(0))]
    case .boolean: return [("type", .text("boolean"))]
    case .quantity(let dimension):
      return [("type", .text("string")), ("pattern", .text("^\(dimension.pattern)$"))]
    case .limit(let dimension):
      return [
        ("type", .text("string")), ("pattern", .text("^(unlimited|\(dimension.pattern))$")),
      ]
    case .shares:
      return [
        (
          "anyOf",
          .array([
            .object([("enum", names(["low", "normal", "high"]))]),
            schema(.whole(sharesRange)),
          ])
        )
      ]
    case .words(let words): return [("enum", .array(words.flatMap { spellings($0.text) }))]
    case .catalog(let catalog): return [("enum", names(catalogs.known(catalog)))]
    case .metric: return [("enum", names(allMetricNames))]
    case .statistic:
      return [
        ("type", .text("string")),
        ("pattern", .text(#"^(mean|min|max|sum|last|p[0-9]{1,2}(\.[0-9])?)$"#)),
      ]
    case .object(let name): return [("$ref", .text("#/definitions/\(name.rawValue)"))]
    case .list(let item): return [("type", .text("array")), ("items", schema(item))]
    case .map(let key, let value):
      // The names of properties are always text.
      let keyMembers = members(of: key).filter { $0.0 != "type" }
      return [
        ("type", .text("object")), ("propertyNames", .object(keyMembers)),
        ("additionalProperties", schema(value)),
      ]
    case .either(let kinds): return [("anyOf", .array(kinds.map(schema)))]
    }
  }

  /// Editors that follow YAML 1.1 read on and off as booleans.
  private func spellings(_ word: String) -> [JSON] {
    switch word {
    case "on": [.text(word), .boolean(true)]
    case "off": [.text(word), .boolean(false)]
    default: [.text(word)]
    }
  }
}
