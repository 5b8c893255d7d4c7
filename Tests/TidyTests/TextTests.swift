import Foundation
import Testing

/// Files as text: white space, length, links.
struct TextTests {
  private static func written() throws -> [TextFile] {
    let code = ["swift", "c", "h", "md", "yaml", "py", "sh"]
    return try ["Sources", "Tests", "docs", "scenarios"].flatMap {
      try SourceTree.files(in: $0, endings: code)
    }.filter { !$0.path.hasPrefix("Tests/Fixtures/") }
  }

  @Test func noTabsTrailingSpacesOrCarriageReturns() throws {
    for file in try Self.written() {
      for (number, line) in file.lines.enumerated() {
        // By bytes: Swift counts a carriage return and what follows as one character.
        let isClean = !line.utf8.contains(9) && !line.utf8.contains(13) && line.utf8.last != 32
        #expect(isClean, "\(file):\(number + 1)")
      }
      #expect(file.lines.last == "", "\(file) ends with a line feed")
    }
  }

  /// Longer than this and a file has two ideas. One exception: a table, read from top to bottom.
  @Test func sourceFilesAreShort() throws {
    let tables: Set = ["Sources/BallastScenario/Grammar/Format.swift"]
    for file in try SourceTree.files(in: "Sources", endings: ["swift", "c", "h"])
    where !tables.contains(file.path) {
      #expect(file.lines.count - 1 <= 500, "\(file)")
    }
  }

  /// Relative links point at files that exist, and `#anchors` at headings.
  @Test func linksResolve() throws {
    let folders = ["docs", "scenarios", "Tests", "reports"]
    var pages = try folders.flatMap { try SourceTree.files(in: $0, endings: ["md"]) }
    pages += try SourceTree.files(in: "", endings: ["md"]).filter { !$0.path.contains("/") }
    for page in pages {
      for link in Self.links(in: page) {
        let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let folder = page.path.split(separator: "/").dropLast().joined(separator: "/")
        let target =
          parts[0].isEmpty ? page.path : Self.joined(folder, String(parts[0]))
        #expect(SourceTree.exists(target), "\(page): \(link)")
        if parts.count == 2, target.hasSuffix(".md"), SourceTree.exists(target) {
          #expect(try Self.anchors(of: target).contains(String(parts[1])), "\(page): \(link)")
        }
      }
    }
  }

  /// Comments point at docs by path and anchor; where that page exists, the anchor does.
  @Test func referencesInCommentsResolve() throws {
    let pattern = /docs\/([A-Za-z]+\.md)#([a-z0-9-]+)/
    for file in try SourceTree.files(in: "Sources", endings: ["swift"]) {
      for line in file.lines {
        for match in line.matches(of: pattern) {
          let page = "docs/\(match.1)"
          guard SourceTree.exists(page) else { continue }
          #expect(try Self.anchors(of: page).contains(String(match.2)), "\(file): \(match.0)")
        }
      }
    }
  }

  /// Targets of `[text](target)` outside code, without those of the web.
  private static func links(in page: TextFile) -> [String] {
    var links: [String] = []
    var isCode = false
    for line in page.lines {
      if line.hasPrefix("```") { isCode.toggle() }
      if isCode { continue }
      let plain = line.replacing(/`[^`]*`/, with: "")
      for match in plain.matches(of: /\]\(([^)\s]+)\)/) { links.append(String(match.1)) }
    }
    return links.filter { !$0.contains("://") && !$0.hasPrefix("mailto:") }
  }

  /// Headings as they are linked to: lower case, spaces to hyphens, punctuation dropped.
  private static func anchors(of path: String) throws -> Set<String> {
    let text = try String(
      contentsOf: SourceTree.root.appendingPathComponent(path), encoding: .utf8)
    var isCode = false
    var anchors: Set<String> = []
    for line in text.components(separatedBy: "\n") {
      if line.hasPrefix("```") { isCode.toggle() }
      guard !isCode, line.hasPrefix("#") else { continue }
      let title = line.drop { $0 == "#" }.trimmingCharacters(in: .whitespaces).lowercased()
      let kept = title.filter { $0.isLetter || $0.isNumber || $0 == " " || $0 == "-" || $0 == "_" }
      anchors.insert(kept.replacingOccurrences(of: " ", with: "-"))
    }
    return anchors
  }

  private static func joined(_ folder: String, _ target: String) -> String {
    var parts = folder.split(separator: "/").map(String.init)
    for part in target.split(separator: "/") {
      if part == ".." { _ = parts.popLast() } else if part != "." { parts.append(String(part)) }
    }
    return parts.joined(separator: "/")
  }
}
