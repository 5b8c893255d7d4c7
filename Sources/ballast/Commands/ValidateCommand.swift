import ArgumentParser
import BallastModel
import BallastScenario
import Foundation

struct ValidateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate",
    abstract: "Check scenarios, their traces included, and report everything that is wrong.")

  @Argument(help: "Scenario files; - reads standard input.")
  var files: [String]

  @Flag(help: "Print one JSON object.")
  var json = false

  func run() throws {
    var outcomes: [(file: String, error: ScenarioError?, texts: SourceTexts)] = []
    var codes: [ExitCode] = []
    for file in files {
      let loaded: LoadedScenario
      do throws(UnreadableFile) {
        loaded = try loadScenario(file)
      } catch {
        outcomes.append((file, error.asProblem, SourceTexts()))
        if !json { note("ballast: cannot read \(file): \(error)") }
        codes.append(Exit.fileMissing.code)
        continue
      }
      let checked = loaded.result.flatMap(buildWorld)
      switch checked {
      case .success(let world):
        outcomes.append((file, nil, loaded.texts))
        if !json {
          output("\(file): valid")
          tell(world.remarks, of: file)
        }
      case .failure(let error):
        outcomes.append((file, error, loaded.texts))
        if !json { note(describe(error, in: loaded.texts)) }
        codes.append(outcomeCode(of: error))
      }
    }
    if json { output(describeAsJSON(outcomes)) }
    // A scenario that is wrong says more than one that is not there.
    if let worst = codes.min(by: { $0.rawValue < $1.rawValue }) { throw worst }
  }
}
