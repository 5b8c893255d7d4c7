import Foundation

/// Where a file under `Tests/Fixtures` is.
public func fixturePath(_ path: String, from file: String = #filePath) -> String {
  let tests = URL(fileURLWithPath: file).deletingLastPathComponent().deletingLastPathComponent()
  return tests.appendingPathComponent("Fixtures/\(path)").path
}

/// The text of a file under `Tests/Fixtures`.
public func fixture(_ path: String) throws -> String {
  try String(contentsOfFile: fixturePath(path), encoding: .utf8)
}

/// The rows of a plain comma-separated fixture (no quotes) by column name.
public func fixtureRows(_ path: String) throws -> [[String: String]] {
  let lines = try fixture(path).split(whereSeparator: \.isNewline)
    .map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
  guard let header = lines.first else { return [] }
  return lines.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(header, $0)) }
}
