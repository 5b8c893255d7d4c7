import BallastModel

/// Reads a file and what it imports, and merges them: maps by key, lists by `name`; the importing
/// file wins, and a later import wins over an earlier one. Every part keeps the place it came from.
struct Importer {
  let readFile: (String) throws -> [UInt8]
  let paths: PathResolver
  var texts: SourceTexts
  var problems: [ScenarioProblem] = []
  /// False once an import could not be read: what seems to be missing may be in it.
  private(set) var isWhole = true
  private var bytesLeft: Int
  /// What is being read: only scenarios import others.
  var noun = Self.scenario
  static let scenario = "a scenario"

  init(
    readFile: @escaping (String) throws -> [UInt8], paths: PathResolver, texts: SourceTexts,
    bytesLeft: Int = Limits.bytes
  ) {
    self.bytesLeft = bytesLeft
    self.readFile = readFile
    self.paths = paths
    self.texts = texts
  }

  /// - Parameter chain: the files on the way here, the first read first.
  mutating func read(_ bytes: [UInt8], file: String, chain: [String] = []) -> Value? {
    texts.add(file: file, bytes: bytes)
    let text: String
    switch checkedText(bytes, file: file, bytesLeft: bytesLeft) {
    case .success(let checked): text = checked
    case .failure(let problem):
      problems.append(problem)
      return nil
    }
    bytesLeft -= bytes.count
    let (parsed, wrong) = YAMLText.read(text, file: file)
    problems += wrong
    let start = SourcePlace(file: file, line: 1, column: 1)
    guard let value = parsed, !value.isNull else {
      if wrong.isEmpty {
        problems.append(
          ScenarioProblem(
            start, "\(file) is empty",
            remedy: noun == Self.scenario
              ? "`ballast init` writes a scenario to start from" : "begin with ballast: 1"))
      }
      return nil
    }
    guard value.isMap else {
      problems.append(
        ScenarioProblem(
          value.place,
          "\(noun) is a group of keys, and this is \(value.isList ? "a list" : "text")",
          remedy: "begin with ballast: 1"))
      return nil
    }
    return withImports(value, file: file, chain: chain + [file])
  }

  private mutating func withImports(_ value: Value, file: String, chain: [String]) -> Value {
    guard noun == Self.scenario, let named = value["import"] else { return value }
    var own = value
    own.content = .map(value.entries.filter { $0.key != "import" })
    var base: Value?
    for item in named.itemsOrSelf {
      guard let written = item.text, !written.isEmpty else {
        problems.append(
          ScenarioProblem(item.place, "import needs a path", remedy: "write import: other.yaml"))
        isWhole = false
        continue
      }
      guard let imported = read(importing: written, at: item.place, chain: chain) else {
        isWhole = false
        continue
      }
      base = base.map { Self.merge(imported, over: $0) } ?? imported
    }
    return base.map { Self.merge(own, over: $0) } ?? own
  }

  private mutating func read(
    importing written: String, at place: SourcePlace, chain: [String]
  ) -> Value? {
    let path: String
    switch paths.resolve(written, at: place) {
    case .success(let resolved): path = resolved
    case .failure(let problem):
      problems.append(problem)
      return nil
    }
    let identity = PathResolver.normalised(path)
    if let first = chain.firstIndex(where: { PathResolver.normalised($0) == identity }) {
      let cycle = (chain[first...] + [path]).joined(separator: " → ")
      problems.append(
        ScenarioProblem(place, "files import each other: \(cycle)", remedy: "remove one import"))
      return nil
    }
    guard chain.count < Limits.nesting else {
      problems.append(
        ScenarioProblem(
          place, "imports are deeper than \(Limits.nesting) files",
          remedy: "import the files directly"))
      return nil
    }
    do {
      return read(try readFile(path), file: path, chain: chain)
    } catch {
      problems.append(
        ScenarioProblem(
          place, "cannot read \(path): \(error)",
          remedy: "check the path; it starts at the folder "
            + "of the file that names it", isMissingFile: true))
      return nil
    }
  }

  /// `upper` over `lower`.
  static func merge(_ upper: Value, over lower: Value) -> Value {
    switch (upper.content, lower.content) {
    case (.map(let own), .map(let base)):
      var merged = base
      var indexOfKey: [String: Int] = [:]
      for (index, entry) in base.enumerated() { indexOfKey[entry.key] = index }
      for entry in own {
        if let index = indexOfKey[entry.key] {
          merged[index].value = merge(entry.value, over: merged[index].value)
          merged[index].keyPlace = entry.keyPlace
        } else {
          merged.append(entry)
        }
      }
      return Value(.map(merged), upper.place)
    case (.list(let own), .list(let base)) where (own + base).allSatisfy(\.isMap):
      var merged = base
      var indexOfName: [String: Int] = [:]
      for (index, item) in base.enumerated() {
        if let name = item["name"]?.text { indexOfName[name] = index }
      }
      for item in own {
        if let name = item["name"]?.text, let index = indexOfName[name] {
          merged[index] = merge(item, over: merged[index])
        } else {
          merged.append(item)
        }
      }
      return Value(.list(merged), upper.place)
    default:
      return upper
    }
  }
}
