import BallastModel
import BallastUnits

/// A scenario as it was read: imports merged, `--set` and `--seed` applied. Written as JSON it can be read again, from
/// any working directory, to the same run.
///
/// Rule      every value stays as it was written, except that paths of traces are absolute. Paths through
///           `$BALLAST_TRACES` keep the variable.
/// Cost      O(values); aliases have been followed.
public struct ScenarioDocument: Sendable {
  private var root: Value

  /// - Parameters:
  ///   - name, seed: as the run has them, wherever they came from.
  ///   - workingDirectory: where relative paths on the command line start, absolute.
  init(
    _ root: Value, name: String, seed: UInt64, paths: PathResolver, workingDirectory: String
  ) {
    var root = root
    root.set("name", to: .scalar(name, isQuoted: true))
    root.set("seed", to: .scalar(String(seed), isQuoted: false))
    root.changeTracePaths { path in
      path.content = .scalar(
        paths.lasting(path, workingDirectory: workingDirectory), isQuoted: true)
    }
    self.root = root
  }

  /// What `json` was read back as.
  init(stored root: Value) { self.root = root }

  /// JSON (RFC 8259), which is YAML too. Ends with a line break.
  public var json: String {
    var text = ""
    root.write(to: &text, depth: 0)
    return text + "\n"
  }

  /// The text without the places of traces: equal for equal runs, wherever they were made.
  public var jsonWithoutPlaces: String {
    var document = self
    document.root.changeTracePaths { $0.content = .scalar("", isQuoted: true) }
    return document.json
  }
}

extension Value {
  /// JSON on one line.
  var oneLine: String {
    if case .scalar(let text, isQuoted: false) = content, !isNull, isPlainWord(text) { return text }
    var text = ""
    write(to: &text, depth: 2)
    return text
  }
}

/// Text that YAML reads the same without quotes, wherever it stands.
private func isPlainWord(_ text: String) -> Bool {
  text.unicodeScalars.allSatisfy {
    $0.isASCII
      && ($0.properties.isAlphabetic || ("0"..."9").contains($0)
        || "%._+-".unicodeScalars.contains($0))
  } && text.first?.isLetter ?? false || text.first?.isASCIIDigit ?? false
}

extension PathResolver {
  /// A path as it can be written into a file elsewhere.
  fileprivate func lasting(_ path: Value, workingDirectory: String) -> String {
    let written = path.text ?? ""
    // What does not resolve has been refused before.
    guard case .success(let resolved) = resolve(written, at: path.place) else { return written }
    guard resolved.hasPrefix("/") else { return workingDirectory + "/" + resolved }
    return written.hasPrefix("$") ? written : resolved
  }
}

extension Value {
  fileprivate mutating func set(_ key: String, to content: Content) {
    var entries = self.entries
    if let index = entries.firstIndex(where: { $0.key == key }) {
      entries[index].value.content = content
    } else {
      entries.append(Entry(key: key, keyPlace: place, value: Value(content, place)))
    }
    self.content = .map(entries)
  }

  fileprivate mutating func changeTracePaths(_ body: (inout Value) -> Void) {
    change("traces") { traces in
      traces.content = .map(
        traces.entries.map { entry in
          var entry = entry
          entry.value.change("path", body)
          return entry
        })
    }
  }

  fileprivate mutating func change(_ key: String, _ body: (inout Value) -> Void) {
    var entries = self.entries
    guard let index = entries.firstIndex(where: { $0.key == key }) else { return }
    body(&entries[index].value)
    content = .map(entries)
  }

  /// The first levels have a line per entry; what is inside stays on one line.
  fileprivate func write(to text: inout String, depth: Int) {
    let isSpread = depth < 2
    func separator(_ index: Int) -> String {
      let comma = index > 0 ? "," : ""
      if isSpread { return comma + "\n" + String(repeating: "  ", count: depth + 1) }
      return index > 0 ? ", " : ""
    }
    let end = isSpread ? "\n" + String(repeating: "  ", count: depth) : ""
    switch content {
    case .scalar(let scalar, let isQuoted):
      if isNull {
        text += "null"
      } else if !isQuoted, scalar == "true" || scalar == "false" || isJSONNumber(scalar) {
        text += scalar
      } else {
        text += jsonString(scalar)
      }
    case .list(let items):
      text += "["
      for (index, item) in items.enumerated() {
        text += separator(index)
        item.write(to: &text, depth: depth + 1)
      }
      text += items.isEmpty ? "]" : end + "]"
    case .map(let entries):
      text += "{"
      for (index, entry) in entries.enumerated() {
        text += separator(index)
        text += jsonString(entry.key)
        text += ": "
        entry.value.write(to: &text, depth: depth + 1)
      }
      text += entries.isEmpty ? "}" : end + "}"
    }
  }

  /// Quotes mean nothing in a file where everything has to have them; only an empty text is not nothing.
  var withoutQuotes: Value {
    var value = self
    switch content {
    case .scalar(let text, isQuoted: true):
      value.content = .scalar(text, isQuoted: false)
      if value.isNull { value.content = content }
    case .scalar: break
    case .list(let items): value.content = .list(items.map(\.withoutQuotes))
    case .map(let entries):
      value.content = .map(
        entries.map { entry in
          var entry = entry
          entry.value = entry.value.withoutQuotes
          return entry
        })
    }
    return value
  }
}

/// Digits without a leading zero, perhaps with a minus and decimals: the numbers the format knows.
private func isJSONNumber(_ text: String) -> Bool {
  let parts = (text.first == "-" ? text.dropFirst() : text[...])
    .split(separator: ".", omittingEmptySubsequences: false)
  guard (1...2).contains(parts.count),
    parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy(\.isASCIIDigit) })
  else { return false }
  return parts[0].count == 1 || parts[0].first != "0"
}
