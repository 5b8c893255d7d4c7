import Foundation

/// The project's files as text.
struct TextFile: CustomStringConvertible {
  /// From the project's root: "Sources/BallastUnits/Time.swift".
  let path: String
  let lines: [String]
  var description: String { path }

  /// Second component: the module of a source file.
  var module: String { String(path.split(separator: "/")[1]) }
}

enum SourceTree {
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// Files below a folder (or the folder's own for "") with one of these endings, in order of paths.
  static func files(in folder: String, endings: [String]) throws -> [TextFile] {
    let start = folder.isEmpty ? root : root.appendingPathComponent(folder)
    guard let all = FileManager.default.subpaths(atPath: start.path) else { return [] }
    return
      try all
      .filter { path in endings.contains { path.hasSuffix("." + $0) } }
      .map { folder.isEmpty ? $0 : folder + "/" + $0 }
      .filter { !$0.contains(".build") }
      .sorted()
      .map { path in
        let text = try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
        return TextFile(path: path, lines: text.components(separatedBy: "\n"))
      }
  }

  static func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: root.appendingPathComponent(path).path)
  }
}
