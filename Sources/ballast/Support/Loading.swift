import ArgumentParser
import BallastManager
import BallastMath
import BallastModel
import BallastScenario
import BallastSimulator
import BallastTraces
import BallastUnits
import Foundation

/// The names a scenario may use, from the catalogs of the modules that own them.
let catalogs = CatalogNames(
  placement: placementCatalog.map { ($0.name, $0.summary) },
  traceFormats: TraceFormat.catalog.map { ($0.name, $0.summary) },
  distributions: BallastMath.Distribution.catalog.map { ($0.name, $0.summary) })

/// A scenario file as read: what is in it or what is wrong with it, and the texts to show it in.
struct LoadedScenario {
  var result: Result<Scenario, ScenarioError>
  var texts: SourceTexts
  var sha256: String
}

/// Reads and checks a scenario file; `-` is standard input.
///
/// - Throws: exit 66 where there is no such file.
func loadScenario(
  _ path: String, overrides: [String] = [], seed: UInt64? = nil
) throws -> LoadedScenario {
  let bytes: [UInt8]
  do {
    bytes = path == "-" ? readStandardInput() : try readBytes(path)
  } catch {
    note("ballast: cannot read \(path): \(reason(of: error))")
    throw Exit.fileMissing.code
  }
  var texts = SourceTexts()
  var result: Result<Scenario, ScenarioError>
  do throws(ScenarioError) {
    result = .success(
      try readScenario(
        path: path == "-" ? "stdin.yaml" : path, bytes: bytes, overrides: overrides, seed: seed,
        catalogs: catalogs,
        environment: { ProcessInfo.processInfo.environment[$0] }, readFile: readBytes,
        texts: &texts))
  } catch {
    result = .failure(error)
  }
  return LoadedScenario(result: result, texts: texts, sha256: SHA256.hex(of: bytes))
}

/// Opens a scenario's traces and resolves its names.
func buildWorld(_ scenario: Scenario) -> Result<World, ScenarioError> {
  do throws(ScenarioError) {
    return .success(try World(scenario))
  } catch {
    return .failure(error)
  }
}

/// Prints all problems and gives the exit code for them.
func complain(_ error: ScenarioError, in texts: SourceTexts) -> ExitCode {
  note(describe(error, in: texts))
  return outcomeCode(of: error)
}

/// 66 when files are missing and nothing else is wrong, 65 otherwise.
func outcomeCode(of error: ScenarioError) -> ExitCode {
  error.problems.allSatisfy(\.isMissingFile) ? Exit.fileMissing.code : Exit.scenarioWrong.code
}

func readBytes(_ path: String) throws -> [UInt8] {
  var isDirectory: ObjCBool = false
  if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue {
    throw CocoaError(.fileReadUnknown, userInfo: [NSLocalizedDescriptionKey: "it is a directory"])
  }
  return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
}

private func readStandardInput() -> [UInt8] {
  [UInt8](FileHandle.standardInput.readDataToEndOfFile())
}

func reason(of error: any Error) -> String {
  let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
  if let underlying, underlying.domain == NSPOSIXErrorDomain {
    return String(cString: strerror(Int32(underlying.code)))
  }
  return error.localizedDescription
}

func fileExists(_ path: String) -> Bool { access(path, F_OK) == 0 }
