import BallastModel

/// What is wrong with one trace, up to a bound: the twentieth message helps nobody more than the first.
final class ProblemList {
  static let countMax = 20
  private(set) var all: [ScenarioProblem] = []

  var isFull: Bool { all.count >= ProblemList.countMax }

  func add(_ problem: ScenarioProblem) {
    if !isFull { all.append(problem) }
  }

  func throwIfAny() throws(ScenarioError) {
    if !all.isEmpty { throw ScenarioError(all) }
  }

  /// Reports the fault of a line. `remedy` mends a cell; a line that was cut has a remedy of its own.
  func add(_ cells: Cells, of lines: LineReader, remedy: String? = nil) {
    guard let fault = cells.fault else { return }
    let place = SourcePlace(file: lines.label, line: lines.number, column: cells.faultColumn)
    let cell = cells.faultText
    let message: String
    let mend: String
    switch fault {
    case .missing:
      (message, mend) = ("a cell is missing here", "write all cells of the row or remove it")
    case .notANumber where cell.isEmpty:
      (message, mend) = ("the cell is empty", "write a number or remove the row")
    case .notANumber:
      (message, mend) = ("'\(cell)' is not a number", "write a decimal number or remove the row")
    case .negative:
      (message, mend) = ("\(cell) is negative", "use 0 or more, or remove the row")
    case .tooLarge:
      (message, mend) = ("\(cell) is too large to be true", "check the unit of this column")
    case .tooMany:
      (message, mend) = ("the row has more cells than it should", "remove what begins here")
    case .openQuote:
      (message, mend) = ("the quoted cell has no proper end", "close it with a double quote")
    case .notATime:
      (message, mend) = ("'\(cell)' is not a time", "write seconds or YYYY-MM-DD HH:MM:SS")
    }
    if lines.lineIsWhole {
      add(ScenarioProblem(place, message, remedy: remedy ?? mend))
    } else {
      add(
        ScenarioProblem(
          place, "the last line breaks off: \(message)",
          remedy: "the file looks cut; get it again or remove the last line"))
    }
  }
}
