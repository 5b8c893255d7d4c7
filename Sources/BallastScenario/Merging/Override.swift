import BallastModel

/// One `--set PATH=VALUE`. Its places bear the name `--set PATH`, and their column is counted in
/// the whole argument.
struct Override {
  static let prefix = "--set "

  private let argument: String
  private let file: String
  private let path: KeyPath
  private let value: Value

  /// Reads an argument; the value is YAML.
  static func parse(
    _ argument: String, texts: inout SourceTexts
  ) -> (override: Override?, problems: [ScenarioProblem]) {
    let equals = equalsSign(in: argument)
    let pathText = argument[..<(equals ?? argument.endIndex)]
    let file = prefix + pathText
    texts.add(file: file, bytes: Array(argument.utf8))
    func place(_ offset: Int) -> SourcePlace {
      SourcePlace(file: file, line: 1, column: offset + 1)
    }
    guard let equals else {
      return (
        nil,
        [
          ScenarioProblem(
            place(argument.unicodeScalars.count), "\(shown(argument)) has no = and no value",
            remedy: "write --set PATH=VALUE")
        ]
      )
    }
    let path: KeyPath
    switch KeyPath.parse(pathText) {
    case .success(let parsed): path = parsed
    case .failure(let fault):
      let problem = ScenarioProblem(
        place(fault.offset), "a path is names with points between them",
        remedy: "write for example vms.web.count, with names that contain points in quotes")
      return (nil, [problem])
    }
    let before = pathText.unicodeScalars.count + 1
    let text = String(argument[argument.index(after: equals)...])
    var problems: [ScenarioProblem] = []
    var value: Value?
    switch checkedText(Array(text.utf8), file: file) {
    case .success(let checked):
      (value, problems) = YAMLText.read(checked, file: file)
    case .failure(let problem):
      problems = [problem]
    }
    if problems.isEmpty, value == nil || value?.isNull == true {
      value = nil
      problems = [
        ScenarioProblem(
          SourcePlace(file: file, line: 1, column: 1), "the value is empty",
          remedy: "write --set \(pathText)=VALUE")
      ]
    }
    for index in problems.indices { problems[index].place.shift(by: before) }
    guard let value, problems.isEmpty else { return (nil, problems) }
    return (
      Override(argument: argument, file: file, path: path, value: value.shifted(by: before)), []
    )
  }

  /// The first = outside quotes.
  private static func equalsSign(in argument: String) -> String.Index? {
    var quote: Character?
    for index in argument.indices {
      let character = argument[index]
      if let open = quote {
        if character == open { quote = nil }
      } else if character == "\"" || character == "'" {
        quote = character
      } else if character == "=" {
        return index
      }
    }
    return nil
  }

  /// Puts the value into a scenario, making maps on the way where there are none.
  func apply(to root: inout Value) -> ScenarioProblem? {
    if path.segments[0].text == "import" {
      return problem(path.segments[0], "import cannot be set", "write it into a scenario file")
    }
    return put(into: &root, path.segments[...])
  }

  private func put(into target: inout Value, _ segments: ArraySlice<KeyPath.Segment>)
    -> ScenarioProblem?
  {
    guard let segment = segments.first else {
      target = value
      return nil
    }
    let rest = segments.dropFirst()
    switch target.content {
    case .map(var entries):
      let place = SourcePlace(file: file, line: 1, column: segment.offset + 1)
      let index = entries.firstIndex { $0.key == segment.text }
      var child = index.map { entries[$0].value } ?? Value(.map([]), place)
      // A key that was left empty is as good as none.
      if child.isNull { child = Value(.map([]), place) }
      if let problem = put(into: &child, rest) { return problem }
      if let index {
        entries[index].value = child
      } else {
        entries.append(Value.Entry(key: segment.text, keyPlace: place, value: child))
      }
      target.content = .map(entries)
    case .list(var items):
      // `vms.+={name: …}` is one more.
      if segment.isAppending, rest.isEmpty {
        target.content = .list(items + [value])
        return nil
      }
      guard let index = target.index(of: segment) else {
        return problem(
          segment, noSuchItem(segment, in: target).0, noSuchItem(segment, in: target).1)
      }
      if let problem = put(into: &items[index], rest) { return problem }
      target.content = .list(items)
    case .scalar(let text, _):
      return problem(
        segment, "\(shown(segment.text)) would be a key of the single value \(shown(text))",
        "shorten the path and set a whole map: PATH='{KEY: VALUE}'")
    }
    return nil
  }

  private func problem(
    _ segment: KeyPath.Segment, _ message: String, _ remedy: String
  ) -> ScenarioProblem {
    ScenarioProblem(
      SourcePlace(file: file, line: 1, column: segment.offset + 1), message, remedy: remedy)
  }
}

/// Message and remedy for a segment that names no item of a list.
func noSuchItem(_ segment: KeyPath.Segment, in list: Value) -> (String, String) {
  let names = list.items.compactMap { $0["name"]?.text }
  let near = nearest(segment.text, in: names)
  let last = list.items.count - 1
  let remedy =
    near.map { "did you mean \($0)?" }
    ?? (last < 0
      ? "the list is empty"
      : "write an index from 0 to \(last)" + (names.isEmpty ? "" : " or a name"))
  return ("the list has no item \"\(shown(segment.text))\"", remedy)
}

extension SourcePlace {
  fileprivate mutating func shift(by columns: Int) { if line == 1 { column += columns } }
}

extension Value {
  fileprivate func shifted(by columns: Int) -> Value {
    var copy = self
    copy.place.shift(by: columns)
    switch content {
    case .scalar: break
    case .list(let items): copy.content = .list(items.map { $0.shifted(by: columns) })
    case .map(let entries):
      copy.content = .map(
        entries.map { entry in
          var moved = entry
          moved.keyPlace.shift(by: columns)
          moved.value = entry.value.shifted(by: columns)
          return moved
        })
    }
    return copy
  }
}
