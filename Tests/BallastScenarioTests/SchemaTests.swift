import BallastScenario
import Foundation
import Testing

@Suite struct SchemaTests {
  /// `BALLAST_WRITE_SCHEMA=1 swift test --filter SchemaTests` writes the file anew.
  @Test func committedSchemaIsTheGeneratedOne() throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../schema/scenario.schema.json").standardized
    let schema = scenarioSchema(catalogs: catalogs)
    if ProcessInfo.processInfo.environment["BALLAST_WRITE_SCHEMA"] != nil {
      try Data(schema.utf8).write(to: file)
    }
    #expect(try String(contentsOf: file, encoding: .utf8) == schema)
  }

  @Test func schemaIsJSONAndTheSameEveryTime() throws {
    let schema = scenarioSchema(catalogs: catalogs)
    _ = try JSONSerialization.jsonObject(with: Data(schema.utf8))
    #expect(schema == scenarioSchema(catalogs: catalogs))
    #expect(schema.hasSuffix("}\n"))
  }
}
