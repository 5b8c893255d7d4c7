/// Why a recording cannot be written or read.
public struct RecordingError: Error, Sendable, Equatable, CustomStringConvertible {
  public var path: String
  /// From 1; nil where the file as a whole is meant.
  public var line: Int?
  public var reason: String
  /// There is no such file: exit 66 and not 65.
  public var isMissing: Bool
  /// It cannot be written: exit 74.
  public var isAboutWriting: Bool

  public init(
    path: String, line: Int? = nil, reason: String, isMissing: Bool = false,
    isAboutWriting: Bool = false
  ) {
    self.path = path
    self.line = line
    self.reason = reason
    self.isMissing = isMissing
    self.isAboutWriting = isAboutWriting
  }

  public var description: String { "\(path)\(line.map { ":\($0)" } ?? ""): \(reason)" }
}
