import BallastReport
import BallastSimulator

/// The world of a run that was made, from the scenario it keeps; its traces must still be where they were.
///
/// - Throws: an exit code, after saying what is wrong.
func storedWorld(_ directory: String) throws -> World {
  let loaded: LoadedScenario
  do throws(UnreadableFile) {
    loaded = try loadStoredScenario(directory: directory)
  } catch {
    note(
      "ballast: cannot read \(directory)/\(storedScenarioName): \(error); run the scenario again")
    throw Exit.fileMissing.code
  }
  switch loaded.result.flatMap(buildWorld) {
  case .success(let world): return world
  case .failure(let error): throw complain(error, in: loaded.texts)
  }
}

/// Says why an export failed, and gives the exit code for it.
func complain(_ error: ExportError) -> any Error {
  switch error {
  case .unreadable(let error):
    note("ballast: \(error)")
    return (error.isMissing ? Exit.fileMissing : Exit.scenarioWrong).code
  case .unwritable(let error):
    note("ballast: cannot write \(error.path): \(error.reason)")
    return Exit.cannotWrite.code
  }
}
