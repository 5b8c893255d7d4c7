import BallastModel

/// Collects everything that is wrong; reading goes on after each problem.
struct ProblemList {
  private var problems: [ScenarioProblem] = []
  private var seen: Set<ScenarioProblem> = []
  private var dropped = 0

  var count: Int { problems.count }

  mutating func add(_ problem: ScenarioProblem) {
    // An alias shows one mistake at every use.
    guard !seen.contains(problem) else { return }
    guard problems.count < Limits.problemsKept else {
      dropped += 1
      return
    }
    seen.insert(problem)
    problems.append(problem)
  }

  mutating func add(_ place: SourcePlace, _ message: String, _ remedy: String?) {
    add(ScenarioProblem(place, message, remedy: remedy))
  }

  mutating func add(contentsOf others: [ScenarioProblem]) {
    for problem in others { add(problem) }
  }

  /// The problems in the order of files, lines and columns, as many as are shown.
  func error(fileOrder files: [String]) -> ScenarioError? {
    guard !problems.isEmpty else { return nil }
    let rank = Dictionary(uniqueKeysWithValues: files.enumerated().map { ($1, $0) })
    let sorted = problems.enumerated().sorted { a, b in
      let (x, y) = (a.element.place, b.element.place)
      return (rank[x.file] ?? .max, x.line, x.column, a.offset)
        < (rank[y.file] ?? .max, y.line, y.column, b.offset)
    }
    let shown = sorted.prefix(Limits.problemsShown).map(\.element)
    return ScenarioError(shown, omitted: problems.count + dropped - shown.count)
  }
}
