import BallastModel
import BallastUnits

/// A problem as people read it, exactly:
///
/// ```
/// web.yaml:14:9: error: limit 2000 MHz is below reservation 3000 MHz; raise the limit
///   cpu: {reservation: 3GHz, limit: 2GHz}
///                                   ^
/// ```
///
/// Without the text of its file only the first line. No line break at the end.
public func describe(_ problem: ScenarioProblem, in texts: SourceTexts) -> String {
  let place = problem.place
  let remedy = problem.remedy.map { "; \($0)" } ?? ""
  let headline =
    "\(place.file):\(place.line):\(place.column): error: \(problem.message)\(remedy)"
  guard let line = texts.line(at: place) else { return headline }
  let (source, indent) = window(of: line, around: place.column)
  return "\(headline)\n\(source)\n\(indent)^"
}

/// All problems, then how many more there are.
public func describe(_ error: ScenarioError, in texts: SourceTexts) -> String {
  var parts = error.problems.map { describe($0, in: texts) }
  if error.omittedCount > 0 { parts.append("… and \(grouped(error.omittedCount)) more errors") }
  return parts.joined(separator: "\n")
}

/// The outcome of checking some files, as the one object that `--json` prints.
public func describeAsJSON(
  _ outcomes: [(file: String, error: ScenarioError?, texts: SourceTexts)]
) -> String {
  let files = outcomes.map { outcome -> JSON in
    let problems = outcome.error?.problems ?? []
    return .object([
      ("file", .text(outcome.file)), ("valid", .boolean(outcome.error == nil)),
      ("errors", .array(problems.map { json($0, in: outcome.texts) })),
      ("more_errors", .integer(Int64(outcome.error?.omittedCount ?? 0))),
    ])
  }
  return JSON.object([("schema_version", .integer(1)), ("files", .array(files))]).pretty
}

private func json(_ problem: ScenarioProblem, in texts: SourceTexts) -> JSON {
  .object([
    ("file", .text(problem.place.file)), ("line", .integer(Int64(problem.place.line))),
    ("column", .integer(Int64(problem.place.column))), ("message", .text(problem.message)),
    ("remedy", problem.remedy.map(JSON.text) ?? .null),
    ("missing_file", .boolean(problem.isMissingFile)),
    ("source", texts.line(at: problem.place).map { .text(window(of: $0, around: 1).0) } ?? .null),
  ])
}

/// What of a line is shown, and the blanks that bring the caret under a column. A very long line is
/// cut around the column; characters that a terminal would obey are replaced.
private func window(of line: String, around column: Int) -> (source: String, indent: String) {
  let scalars = Array(line.unicodeScalars)
  let width = 160
  let start = column > width ? column - 1 - width / 2 : 0
  let end = min(scalars.count, start + width)
  var source = start > 0 ? "…" : ""
  var indent = start > 0 ? " " : ""
  for index in min(start, end)..<end {
    let scalar = scalars[index]
    let isControl = scalar.properties.generalCategory == .control && scalar != "\t"
    source.unicodeScalars.append(isControl ? "\u{FFFD}" : scalar)
    if index < column - 1 { indent += scalar == "\t" ? "\t" : blanks(under: scalar) }
  }
  return (source + (end < scalars.count ? "…" : ""), indent)
}

/// Combining marks take no room in a terminal and East Asian characters take two columns.
private func blanks(under scalar: Unicode.Scalar) -> String {
  switch scalar.properties.generalCategory {
  case .nonspacingMark, .enclosingMark, .format: return ""
  default: break
  }
  switch scalar.value {
  case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
    0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F900...0x1F9FF, 0x20000...0x3FFFD:
    return "  "
  default: return " "
  }
}
