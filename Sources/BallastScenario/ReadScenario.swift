import BallastModel

/// Reads a scenario: text to typed, checked values, or everything that is wrong with it.
///
/// - Parameters:
///   - path: the file as the user named it; it begins every error and gives the scenario its name.
///   - bytes: the file's content.
///   - overrides: arguments of `--set`, each PATH=VALUE; applied in order, before any check.
///   - seed: replaces the scenario's seed.
///   - environment: for `$BALLAST_TRACES`, the only variable that paths may contain.
///   - readFile: reads an imported file; whatever it throws is shown in the error.
///   - texts: receives every text that was read, also when this throws, for `describe(_:in:)`.
public func readScenario(
  path: String, bytes: [UInt8], overrides: [String] = [], seed: UInt64? = nil,
  catalogs: CatalogNames, environment: @escaping (String) -> String?,
  readFile: @escaping (String) throws -> [UInt8], texts: inout SourceTexts
) throws(ScenarioError) -> Scenario {
  try readDocument(
    path: path, bytes: bytes, overrides: overrides, seed: seed, catalogs: catalogs,
    environment: environment, readFile: readFile, workingDirectory: "/", texts: &texts
  ).scenario
}

/// As `readScenario`, and gives the merged text out, to be kept beside the results.
///
/// - Parameter workingDirectory: what relative paths on the command line start from, absolute.
public func readDocument(
  path: String, bytes: [UInt8], overrides: [String] = [], seed: UInt64? = nil,
  catalogs: CatalogNames, environment: @escaping (String) -> String?,
  readFile: @escaping (String) throws -> [UInt8], workingDirectory: String,
  texts: inout SourceTexts
) throws(ScenarioError) -> (scenario: Scenario, document: ScenarioDocument) {
  let paths = PathResolver(environment: environment)
  var importer = Importer(readFile: readFile, paths: paths, texts: texts)
  var root = importer.read(bytes, file: path)
  texts = importer.texts
  var problems = ProblemList()
  problems.add(contentsOf: importer.problems)
  for argument in overrides {
    let (override, wrong) = Override.parse(argument, texts: &texts)
    problems.add(contentsOf: wrong)
    // What it names may be in an import that could not be read.
    guard root != nil, importer.isWhole else { continue }
    if let problem = override?.apply(to: &root!) { problems.add(problem) }
  }
  // Without a root there is a problem: the importer says why it has none.
  guard let root else { throw problems.error(fileOrder: texts.files)! }
  guard importer.isWhole else {
    // Each value can be judged, and what they mean together cannot.
    var checker = Checker(catalogs: catalogs)
    checker.isWhole = false
    checker.problems = problems
    checker.check(root, as: .object(.scenario), key: "the scenario")
    throw checker.problems.error(fileOrder: texts.files)!
  }
  let scenario = try assemble(
    root, path: path, seed: seed, catalogs: catalogs, paths: paths, problems: problems,
    fileOrder: texts.files)
  let document = ScenarioDocument(
    root, name: scenario.name, seed: scenario.seed, paths: paths,
    workingDirectory: workingDirectory)
  return (scenario, document)
}

/// Reads what `ScenarioDocument.json` has written.
///
/// - Throws: also where somebody has changed it so that it is no scenario any more.
public func readStoredScenario(
  path: String, bytes: [UInt8], catalogs: CatalogNames,
  environment: @escaping (String) -> String?, texts: inout SourceTexts
) throws(ScenarioError) -> (scenario: Scenario, document: ScenarioDocument) {
  let paths = PathResolver(environment: environment)
  var importer = Importer(
    readFile: { path in throw NoImports(path: path) }, paths: paths, texts: texts,
    bytesLeft: Limits.storedBytes)
  let root = importer.read(bytes, file: path)
  texts = importer.texts
  var problems = ProblemList()
  problems.add(contentsOf: importer.problems)
  guard let root else { throw problems.error(fileOrder: texts.files)! }
  let scenario = try assemble(
    root.withoutQuotes, path: path, seed: nil, catalogs: catalogs, paths: paths,
    problems: problems, fileOrder: texts.files)
  return (scenario, ScenarioDocument(stored: root))
}

private struct NoImports: Error, CustomStringConvertible {
  var path: String
  var description: String { "the scenario of a run imports nothing" }
}

func assemble(
  _ root: Value, path: String, seed: UInt64?, catalogs: CatalogNames, paths: PathResolver,
  problems: ProblemList, fileOrder: [String]
) throws(ScenarioError) -> Scenario {
  var checker = Checker(catalogs: catalogs)
  checker.problems = problems
  checker.check(root, as: .object(.scenario), key: "the scenario")
  checker.checkSweep(of: root)
  var assembler = Assembler(
    root: root, catalogs: catalogs, paths: paths, problems: checker.problems)
  let scenario = assembler.assemble(path: path, seed: seed)
  if let error = assembler.problems.error(fileOrder: fileOrder) { throw error }
  return scenario
}
