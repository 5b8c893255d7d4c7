/// Where something was said: file as the user named it, line and column counted from 1.
public struct SourcePlace: Hashable, Sendable {
  public var file: String
  public var line: Int
  public var column: Int
  public init(file: String, line: Int, column: Int) {
    self.file = file
    self.line = line
    self.column = column
  }
}

/// One thing that is wrong with a scenario or a trace, said so that it can be mended.
public struct ScenarioProblem: Error, Hashable, Sendable {
  public var place: SourcePlace
  /// What is wrong, without a full stop: "limit 2000 MHz is below reservation 3000 MHz".
  public var message: String
  /// How to mend it: "raise the limit or lower the reservation".
  public var remedy: String?
  /// A file that the scenario names is not there (exit code 66 instead of 65).
  public var isMissingFile: Bool
  public init(
    _ place: SourcePlace, _ message: String, remedy: String? = nil, isMissingFile: Bool = false
  ) {
    self.place = place
    self.message = message
    self.remedy = remedy
    self.isMissingFile = isMissingFile
  }
}

/// Everything that is wrong, in the order of the places; never empty.
public struct ScenarioError: Error, Sendable {
  public var problems: [ScenarioProblem]
  /// How many more there are that are not in the list.
  public var omittedCount: Int
  public init(_ problems: [ScenarioProblem], omitted: Int = 0) {
    self.problems = problems
    omittedCount = omitted
  }
}
