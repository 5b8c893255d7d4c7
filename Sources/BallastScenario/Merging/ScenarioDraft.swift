import BallastModel

/// A scenario that has been read but not checked, to be tried with other values: `--set` and `sweep:` without reading
/// the files again.
public struct ScenarioDraft: Sendable {
  private let root: Value
  private let path: String
  private let catalogs: CatalogNames
  private let environment: @Sendable (String) -> String?
  private let workingDirectory: String
  private let fileOrder: [String]

  /// Reads a file and all that it imports.
  ///
  /// - Parameters: as those of `readDocument`.
  /// - Throws: what is wrong with the texts; values are checked when one is made of them.
  public init(
    path: String, bytes: [UInt8], overrides: [String] = [], catalogs: CatalogNames,
    environment: @escaping @Sendable (String) -> String?,
    readFile: @escaping (String) throws -> [UInt8], workingDirectory: String,
    texts: inout SourceTexts
  ) throws(ScenarioError) {
    var importer = Importer(
      readFile: readFile, paths: PathResolver(environment: environment), texts: texts)
    var root = importer.read(bytes, file: path)
    texts = importer.texts
    var problems = ProblemList()
    problems.add(contentsOf: importer.problems)
    for argument in overrides {
      let (override, wrong) = Override.parse(argument, texts: &texts)
      problems.add(contentsOf: wrong)
      if root != nil, let problem = override?.apply(to: &root!) { problems.add(problem) }
    }
    if let error = problems.error(fileOrder: texts.files) { throw error }
    self.root = root!
    self.path = path
    self.catalogs = catalogs
    self.environment = environment
    self.workingDirectory = workingDirectory
    fileOrder = texts.files
  }

  /// Checks it with other values.
  ///
  /// - Parameters:
  ///   - overrides: as in `--set`, applied in order.
  ///   - name, seed: replace the scenario's.
  /// - Throws: everything that is wrong with the result.
  public func scenario(
    with overrides: [String] = [], name: String? = nil, seed: UInt64? = nil
  ) throws(ScenarioError) -> (scenario: Scenario, document: ScenarioDocument) {
    var root = root
    var texts = SourceTexts()
    var problems = ProblemList()
    for argument in overrides {
      let (override, wrong) = Override.parse(argument, texts: &texts)
      problems.add(contentsOf: wrong)
      if let problem = override?.apply(to: &root) { problems.add(problem) }
    }
    let paths = PathResolver(environment: environment)
    var scenario = try assemble(
      root, path: path, seed: seed, catalogs: catalogs, paths: paths, problems: problems,
      fileOrder: fileOrder + texts.files)
    if let name { scenario.name = name }
    return (
      scenario,
      ScenarioDocument(
        root, name: scenario.name, seed: scenario.seed, paths: paths,
        workingDirectory: workingDirectory)
    )
  }

  /// The axes of `sweep:` in the order they are written: a path and its values, as one line of YAML each.
  public var axes: [(path: String, values: [String])] {
    (root["sweep"]?.entries ?? []).map { axis in
      (axis.key, axis.value.items.map(\.oneLine))
    }
  }

  /// What is written at a path, on one line; nil for nothing.
  public func text(at path: String) -> String? { value(at: path)?.oneLine }

  /// The keys of the map at a path and what is written there, on one line each.
  public func entries(at path: String) -> [(key: String, text: String)] {
    (value(at: path)?.entries ?? []).map { ($0.key, $0.value.oneLine) }
  }

  private func value(at path: String) -> Value? {
    guard case .success(let path) = KeyPath.parse(path) else { return nil }
    var value: Value? = root
    for segment in path.segments {
      guard let here = value else { return nil }
      value = here.isList ? here.index(of: segment).map { here.items[$0] } : here[segment.text]
    }
    return value
  }

  /// Whether a map or a list is written at a key of the first level.
  public func isCompound(_ key: String) -> Bool {
    root[key].map { $0.isMap || $0.isList } ?? false
  }
}

/// A name as a part of a path in `--set`: in quotes where it contains a point or could be an index.
public func pathSegment(_ name: String) -> String {
  let isPlain = name.utf8.allSatisfy {
    $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
      || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20)
  }
  return isPlain && !name.isEmpty ? name : name.contains("\"") ? "'\(name)'" : "\"\(name)\""
}
