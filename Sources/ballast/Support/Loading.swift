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
  memory: memoryCatalog.map { ($0.name, $0.summary) },
  traceFormats: TraceFormat.catalog.map { ($0.name, $0.summary) },
  distributions: BallastMath.Distribution.catalog.map { ($0.name, $0.summary) })

/// A scenario file as read: what is in it or what is wrong with it, and the texts to show it in.
struct LoadedScenario {
  var result: Result<Scenario, ScenarioError>
  /// What a run keeps of it; nil where it is wrong.
  var document: ScenarioDocument?
  var texts: SourceTexts
  var sha256: String

  /// Of what was read, whatever its file looks like and wherever its traces are.
  var keptSHA256: String? {
    document.map { SHA256.hex(of: Array($0.jsonWithoutPlaces.utf8)) }
  }
}

/// Reads and checks a scenario file; `-` is standard input.
///
/// - Throws: where there is no such file, which is exit 66.
func loadScenario(
  _ path: String, overrides: [String] = [], seed: UInt64? = nil
) throws(UnreadableFile) -> LoadedScenario {
  let bytes = try readScenarioBytes(path)
  var texts = SourceTexts()
  var result: Result<Scenario, ScenarioError>
  var document: ScenarioDocument?
  do throws(ScenarioError) {
    let read = try readDocument(
      path: path == "-" ? "stdin.yaml" : path, bytes: bytes, overrides: overrides, seed: seed,
      catalogs: catalogs,
      environment: { ProcessInfo.processInfo.environment[$0] }, readFile: readBytes,
      workingDirectory: FileManager.default.currentDirectoryPath, texts: &texts)
    result = .success(read.scenario)
    document = read.document
  } catch {
    result = .failure(error)
  }
  return LoadedScenario(
    result: result, document: document, texts: texts, sha256: SHA256.hex(of: bytes))
}

/// The bytes of a file; `-` is standard input.
func readScenarioBytes(_ path: String) throws(UnreadableFile) -> [UInt8] {
  path == "-" ? readStandardInput() : try readBytes(path)
}

/// Reads the scenario that a run has kept.
///
/// - Throws: where there is none, which is exit 66.
func loadStoredScenario(directory: String) throws(UnreadableFile) -> LoadedScenario {
  let path = directory + "/" + storedScenarioName
  let bytes = try readBytes(path)
  var texts = SourceTexts()
  var result: Result<Scenario, ScenarioError>
  var document: ScenarioDocument?
  do throws(ScenarioError) {
    let read = try readStoredScenario(
      path: path, bytes: bytes, catalogs: catalogs,
      environment: { ProcessInfo.processInfo.environment[$0] }, texts: &texts)
    result = .success(read.scenario)
    document = read.document
  } catch {
    result = .failure(error)
  }
  return LoadedScenario(
    result: result, document: document, texts: texts, sha256: SHA256.hex(of: bytes))
}

/// The scenario as it was read, beside the results of its run.
let storedScenarioName = "scenario.json"

/// Opens a scenario's traces and resolves its names.
func buildWorld(_ scenario: Scenario) -> Result<World, ScenarioError> {
  do throws(ScenarioError) {
    return .success(try World(scenario))
  } catch {
    return .failure(error)
  }
}

/// Prints what a scenario asks for in vain.
func tell(_ remarks: [String], of file: String) {
  for remark in remarks { note("ballast: \(file): \(remark)") }
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

/// A file that cannot be read, with the system's reason: "No such file or directory".
struct UnreadableFile: Error, CustomStringConvertible {
  var path: String
  var reason: String
  var description: String { reason }

  /// As an error of a scenario, for `validate --json`.
  var asProblem: ScenarioError {
    ScenarioError([
      ScenarioProblem(
        SourcePlace(file: path, line: 1, column: 1), "cannot read the file: \(reason)",
        isMissingFile: true)
    ])
  }
}

/// The system is asked first, because Foundation's own errors are wordy and lack the reason.
func readBytes(_ path: String) throws(UnreadableFile) -> [UInt8] {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { throw UnreadableFile(path: path, reason: systemReason()) }
  let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  var status = stat()
  guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT != S_IFDIR else {
    throw UnreadableFile(path: path, reason: "it is a directory")
  }
  do {
    return [UInt8](try file.readToEnd() ?? Data())
  } catch {
    throw UnreadableFile(path: path, reason: reason(of: error))
  }
}

private func systemReason() -> String { String(cString: strerror(errno)) }

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

func isRegularFile(_ path: String) -> Bool {
  var status = stat()
  return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
}
