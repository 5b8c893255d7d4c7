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
  let paths = PathResolver(environment: environment)
  var importer = Importer(readFile: readFile, paths: paths, texts: texts)
  var root = importer.read(bytes, file: path)
  texts = importer.texts
  var checker = Checker(catalogs: catalogs)
  checker.problems.add(contentsOf: importer.problems)
  for argument in overrides {
    let (override, problems) = Override.parse(argument, texts: &texts)
    checker.problems.add(contentsOf: problems)
    if root != nil, let problem = override?.apply(to: &root!) { checker.problems.add(problem) }
  }
  // Without a root there is a problem: the importer says why it has none.
  guard let root else { throw checker.problems.error(fileOrder: texts.files)! }
  checker.check(root, as: .object(.scenario), key: "the scenario")
  checker.checkSweep(of: root)
  var assembler = Assembler(
    root: root, catalogs: catalogs, paths: paths, problems: checker.problems)
  let scenario = assembler.assemble(path: path, seed: seed)
  if let error = assembler.problems.error(fileOrder: texts.files) { throw error }
  return scenario
}
