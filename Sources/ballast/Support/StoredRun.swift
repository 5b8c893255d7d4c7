import BallastReport
import BallastSimulator

/// What a run wrote down of itself.
///
/// - Throws: an exit code, after saying what is wrong.
func storedRun(_ directory: String) throws -> RunFile {
  guard fileExists(directory) else {
    note("ballast: \(directory): No such file or directory")
    throw Exit.fileMissing.code
  }
  do throws(RunReadError) {
    return try RunFile.read(directory: directory)
  } catch {
    note("ballast: \(error)")
    throw (error.isMissing ? Exit.fileMissing : Exit.scenarioWrong).code
  }
}

/// The world of a run that was made, from the scenario it keeps; its traces must still be where they were. Says what is
/// no longer as it was.
///
/// - Throws: an exit code, after saying what is wrong.
func storedWorld(of run: RunFile, in directory: String) throws -> World {
  let loaded: LoadedScenario
  do throws(UnreadableFile) {
    loaded = try loadStoredScenario(directory: directory)
  } catch {
    note(
      "ballast: cannot read \(directory)/\(storedScenarioName): \(error); run the scenario again")
    throw Exit.fileMissing.code
  }
  if let kept = run.keptScenarioSHA256, let now = loaded.keptSHA256, kept != now {
    note(
      "ballast: \(directory)/\(storedScenarioName) has changed since the run; it counts as it is now"
    )
  }
  switch loaded.result.flatMap(buildWorld) {
  case .success(let world):
    for (read, now) in zip(run.record.traces, world.traceReads) where read.sha256 != now.sha256 {
      note("ballast: the trace \(now.name) has changed since the run; what comes out may differ")
    }
    return world
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
