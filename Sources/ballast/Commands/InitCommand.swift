import ArgumentParser
import BallastScenario
import Foundation

struct InitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init",
    abstract: "Write a small commented scenario, with its JSON Schema beside it for editors.")

  @Argument(help: "Directory to write into.")
  var directory = "."

  func run() throws {
    let scenario = directory + "/scenario.yaml"
    guard !fileExists(scenario) else {
      note("ballast: \(scenario) exists; name another directory or remove it")
      throw Exit.cannotWrite.code
    }
    do {
      try FileManager.default.createDirectory(
        atPath: directory, withIntermediateDirectories: true)
      try Data(scenarioSchema(catalogs: catalogs).utf8).write(
        to: URL(fileURLWithPath: directory + "/scenario.schema.json"), options: .atomic)
      try Data(scenarioTemplate.utf8).write(
        to: URL(fileURLWithPath: scenario), options: .atomic)
    } catch {
      note("ballast: cannot write \(directory): \(reason(of: error))")
      throw Exit.cannotWrite.code
    }
    output("wrote \(scenario) and scenario.schema.json")
    output("next: ballast run \(scenario)")
  }
}
