/// The first line of `snapshots.jsonl`: what the lines after it are.
public struct RecordingHeader: Sendable, Equatable, Codable {
  /// The form that this version writes, and the only one it reads.
  public static let version = 1

  public var ballastRecording = RecordingHeader.version
  public var ballastVersion: String
  /// Between snapshots as it was asked for, ns; what came of it is in the snapshots.
  public var interval: Int64

  public init(ballastVersion: String, interval: Int64) {
    self.ballastVersion = ballastVersion
    self.interval = interval
  }
}
