import BallastManager
import BallastModel
import BallastScenario

/// Reads a policy file with the names of this version's memory policies.
public func readPolicyFile(
  path: String, bytes: [UInt8], texts: inout SourceTexts
) throws(ScenarioError) -> HostPolicy {
  try readHostPolicy(
    path: path, bytes: bytes,
    catalogs: CatalogNames(
      placement: [], memory: memoryCatalog.map { ($0.name, $0.summary) }, traceFormats: [],
      distributions: []),
    texts: &texts)
}
