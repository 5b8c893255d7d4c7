import ArgumentParser
import BallastScenario

struct SchemaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema", abstract: "Print the JSON Schema (draft-07) of scenario files.")

  func run() {
    let schema = scenarioSchema(catalogs: catalogs)
    output(schema.hasSuffix("\n") ? String(schema.dropLast()) : schema)
  }
}
