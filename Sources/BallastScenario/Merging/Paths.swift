import BallastModel

/// How paths in a scenario find their files: `$BALLAST_TRACES` is the only variable, and a relative
/// path starts at the folder of the file that names it.
struct PathResolver {
  let environment: (String) -> String?

  static let variable = "BALLAST_TRACES"

  func resolve(_ written: String, at place: SourcePlace) -> Result<String, ScenarioProblem> {
    var path = ""
    var rest = written[...]
    while let dollar = rest.firstIndex(of: "$") {
      path += rest[..<dollar]
      rest = rest[rest.index(after: dollar)...]
      let isBraced = rest.first == "{"
      if isBraced { rest = rest.dropFirst() }
      let name = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
      rest = rest.dropFirst(name.count)
      if isBraced, rest.first == "}" { rest = rest.dropFirst() }
      guard name == Self.variable else {
        return .failure(
          ScenarioProblem(
            place, "the path \(shown(written)) contains the variable $\(shown(String(name)))",
            remedy: "only $\(Self.variable) is expanded; write the folder itself"))
      }
      guard let value = environment(Self.variable), !value.isEmpty else {
        return .failure(
          ScenarioProblem(
            place, "the path \(shown(written)) needs $\(Self.variable), which is not set",
            remedy: "set it to the folder of the traces: export \(Self.variable)=/path/to/traces",
            isMissingFile: true))
      }
      path += value
    }
    path += rest
    return .success(path.hasPrefix("/") ? path : folder(of: place.file) + path)
  }

  /// With its slash; empty for the working directory, also for `--set` and standard input.
  private func folder(of file: String) -> String {
    guard let slash = file.lastIndex(of: "/"), !file.hasPrefix(Override.prefix) else { return "" }
    return String(file[...slash])
  }

  /// For telling whether two paths name one file: without `.`, `..` after a name, and double
  /// slashes.
  static func normalised(_ path: String) -> String {
    var parts: [Substring] = []
    for part in path.split(separator: "/") where part != "." {
      if part == "..", let last = parts.last, last != ".." {
        parts.removeLast()
      } else {
        parts.append(part)
      }
    }
    return (path.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
  }
}
