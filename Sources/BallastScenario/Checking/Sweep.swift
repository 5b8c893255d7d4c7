import BallastModel

extension Checker {
  /// Every axis of `sweep:` must be a path into this scenario, with values its key can take.
  mutating func checkSweep(of scenario: Value) {
    for axis in scenario["sweep"]?.entries ?? [] {
      guard axis.value.isList else { continue }
      if axis.value.items.isEmpty {
        problems.add(
          axis.value.place, "the axis \(shown(axis.key)) has no values", "write at least one")
      }
      guard let kind = kind(at: axis, in: scenario) else { continue }
      for value in axis.value.items { check(value, as: kind, key: axis.key) }
    }
  }

  /// The kind of value at an axis' path, following the grammar and, for lists, the scenario.
  private mutating func kind(at axis: Value.Entry, in scenario: Value) -> Kind? {
    let path: KeyPath
    switch KeyPath.parse(axis.key) {
    case .success(let parsed): path = parsed
    case .failure:
      problems.add(
        axis.keyPlace, "\"\(shown(axis.key))\" is not a path",
        "write names with points between them, such as vms.web.count")
      return nil
    }
    var kind = Kind.object(.scenario)
    var value: Value? = scenario
    for segment in path.segments {
      var place = axis.keyPlace
      place.column += segment.offset
      guard let next = step(from: kind, value, to: segment, place) else { return nil }
      (kind, value) = next
    }
    return kind
  }

  private mutating func step(
    from kind: Kind, _ value: Value?, to segment: KeyPath.Segment, _ place: SourcePlace
  ) -> (Kind, Value?)? {
    switch kind {
    case .object(let name):
      let spec = name.spec
      guard let key = spec.key(segment.text), key.name != "import", key.name != "sweep" else {
        let names = spec.modelledNames
        problems.add(
          place, "the path leads to an unknown key \"\(shown(segment.text))\"",
          nearest(segment.text, in: names).map { "did you mean \($0)?" }
            ?? "the keys here are \(listed(names, "and"))")
        return nil
      }
      return (key.kind, value?[segment.text])
    case .map(_, let valueKind):
      return (valueKind, value?[segment.text])
    case .list(let itemKind):
      guard let value, let index = value.index(of: segment) else {
        let (message, remedy) = noSuchItem(segment, in: value ?? Value(.list([]), place))
        problems.add(place, message, remedy)
        return nil
      }
      return (itemKind, value.items[index])
    case .either(let kinds):
      guard let inner = kinds.first(where: { !$0.isScalar }) else { fallthrough }
      return step(from: inner, value, to: segment, place)
    default:
      problems.add(
        place, "the path goes on after a single value, with \"\(shown(segment.text))\"",
        "shorten it")
      return nil
    }
  }
}
