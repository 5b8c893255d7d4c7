import ArgumentParser
import BallastModel
import BallastReport

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Render report.html again from the CSV files of a run.")

  @Argument(help: "Directory of a run.")
  var directory: String

  func run() throws {
    do {
      output(try writeReport(directory: directory, dygraphs: findDygraphs()))
    } catch let error as RunReadError {
      note("ballast: \(error)")
      throw (error.isMissing ? Exit.fileMissing : Exit.scenarioWrong).code
    } catch let error as RunSinkError {
      note("ballast: cannot write \(error.path): \(error.reason)")
      throw Exit.cannotWrite.code
    }
  }
}
