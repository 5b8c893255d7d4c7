import BallastModel
import Yams

/// A parser's error with a place and, for the mistakes people make, a remedy.
func yamlProblem(_ error: any Error, text: String, file: String) -> ScenarioProblem {
  switch error {
  case YamlError.scanner(let context, let problem, let mark, _),
    YamlError.parser(let context, let problem, let mark, _),
    YamlError.composer(let context, let problem, let mark, _):
    let place = within(text, SourcePlace(file: file, line: mark.line, column: mark.column))
    let start = context.map {
      SourcePlace(file: file, line: $0.mark.line, column: $0.mark.column)
    }
    if let known = known(problem, at: place, since: start ?? place, text) { return known }
    return ScenarioProblem(
      place, "this is not valid YAML: \(problem)", remedy: "check the line and the one above it")
  case YamlError.reader(let problem, let offset, _, let yaml):
    let before = yaml.prefix(offset ?? 0).utf8.count
    return ScenarioProblem(
      place(of: before, in: Array(yaml.utf8), file: file),
      "this is not valid YAML: \(problem)", remedy: "remove the character")
  default:
    return ScenarioProblem(
      SourcePlace(file: file, line: 1, column: 1), "this is not valid YAML",
      remedy: "check the file")
  }
}

/// The parser may complain about the line after the last; nobody can look at that one.
private func within(_ text: String, _ place: SourcePlace) -> SourcePlace {
  var texts = SourceTexts()
  texts.add(file: place.file, bytes: Array(text.utf8))
  var place = place
  while texts.line(at: place)?.isEmpty ?? true, place.line > 1 {
    place.line -= 1
    place.column = (texts.line(at: place)?.unicodeScalars.count ?? 0) + 1
  }
  return place
}

/// - Parameter start: where the thing began that went wrong at `place`.
private func known(
  _ problem: String, at place: SourcePlace, since start: SourcePlace, _ text: String
) -> ScenarioProblem? {
  switch problem {
  case "but found another document":
    return ScenarioProblem(
      place, "a second YAML document begins here, but a scenario is one document",
      remedy: "remove the --- line, or move the rest to a file of its own")
  case "found undefined alias":
    return ScenarioProblem(
      place, "this is read as a YAML alias, and no anchor has that name",
      remedy: "put a pattern that begins with * in quotes: \"*\"")
  case "did not find expected alphabetic or numeric character":
    return ScenarioProblem(
      place, "a * or & here begins a YAML alias or anchor, and its name is missing",
      remedy: "put a pattern that begins with * in quotes: \"*\"")
  case "found character that cannot start any token":
    let scalar = character(at: place, in: text)
    if scalar == "\t" {
      return ScenarioProblem(
        place, "YAML does not allow tabs for indentation", remedy: "use spaces")
    }
    return ScenarioProblem(
      place, "a value cannot begin with \(scalar.map { "\"\($0)\"" } ?? "this")",
      remedy: "put it in quotes")
  case "mapping values are not allowed in this context":
    return ScenarioProblem(
      place, "this is not valid YAML: a colon is not expected here",
      remedy: "check the indentation, or put the text in quotes")
  case "did not find expected key", "did not find expected '-' indicator",
    "could not find expected ':'":
    return ScenarioProblem(
      place, "this is not valid YAML: \(problem)",
      remedy: "check the indentation of this line and the one above it")
  case "did not find expected node content":
    return ScenarioProblem(
      place, "a value is missing here", remedy: "write one, or close the bracket")
  case "did not find expected ',' or ']'", "did not find expected ',' or '}'":
    return ScenarioProblem(
      start, "this bracket is not closed by line \(place.line), or a comma is missing there",
      remedy: "close it, or put a comma between the items")
  case "found unexpected end of stream":
    return ScenarioProblem(
      start, "this quote is never closed", remedy: "close it")
  case _ where problem.hasPrefix("found a tab character"):
    return ScenarioProblem(place, "YAML does not allow tabs for indentation", remedy: "use spaces")
  case _ where problem.hasPrefix("Maximum nesting level"):
    return ScenarioProblem(
      place, "nesting is deeper than \(Limits.nesting) levels",
      remedy: "write it with fewer levels")
  default:
    return nil
  }
}

private func character(at place: SourcePlace, in text: String) -> Character? {
  var texts = SourceTexts()
  texts.add(file: place.file, bytes: Array(text.utf8))
  guard let line = texts.line(at: place) else { return nil }
  return line.unicodeScalars.dropFirst(place.column - 1).first.map(Character.init)
}
