import Foundation
import Testing

@testable import BallastScenario

/// docs/SCENARIO.md names every key and word of the format, and its examples read.
@Suite struct ReferenceTests {
  static let reference = try? String(
    contentsOf: URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../docs/SCENARIO.md").standardized, encoding: .utf8)

  /// What stands in backticks or in an example.
  static var codeWords: Set<String> {
    var words: Set<String> = []
    let parts = (reference ?? "").replacing("```", with: "`").split(
      separator: "`", omittingEmptySubsequences: false)
    for (index, part) in parts.enumerated() where index % 2 == 1 {
      for word in part.split(whereSeparator: {
        !($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-")
      }) {
        words.insert(String(word))
      }
    }
    return words
  }

  @Test func everyKeyIsInTheReference() {
    let words = Self.codeWords
    let missing = ObjectName.ofScenarios.flatMap { object in
      object.spec.keys.filter { !words.contains($0.name) }.map { "\(object).\($0.name)" }
    }
    #expect(missing == [])
  }

  @Test func everyWordAndUnitIsInTheReference() {
    let words = Self.codeWords
    var missing: [String] = []
    func look(_ kind: Kind) {
      switch kind {
      case .words(let choices): missing += choices.map(\.text).filter { !words.contains($0) }
      case .catalog(let catalog): missing += catalog.reserved.filter { !words.contains($0) }
      case .either(let kinds): kinds.forEach(look)
      case .list(let item): look(item)
      default: break
      }
    }
    for key in ObjectName.ofScenarios.flatMap(\.spec.keys) { look(key.kind) }
    #expect(missing == [])
    let text = Self.reference ?? ""
    for dimension in Dimension.allCases where dimension != .rate {
      for unit in dimension.units { #expect(text.contains("`\(unit.symbol)`"), "\(unit.symbol)") }
    }
  }

  @Test func theFirstExampleReads() throws {
    let text = try #require(Self.reference)
    let start = try #require(text.range(of: "```yaml\n")).upperBound
    let end = try #require(text.range(of: "```", range: start..<text.endIndex)).lowerBound
    #expect(Reading(String(text[start..<end])).shown == "")
  }

  /// Every definition of the table is used by another, so the schema has no dead parts.
  @Test func everyObjectIsReachable() {
    var reached: Set<ObjectName> = []
    func visit(_ kind: Kind) {
      switch kind {
      case .object(let name):
        guard reached.insert(name).inserted else { return }
        for key in name.spec.keys { visit(key.kind) }
      case .list(let inner): visit(inner)
      case .map(_, let inner): visit(inner)
      case .either(let kinds): kinds.forEach(visit)
      default: break
      }
    }
    visit(.object(.scenario))
    #expect(reached == Set(ObjectName.ofScenarios))
  }
}
