import Foundation

/// Reads `snapshots.jsonl` line by line, however long it is.
///
/// A last line without its end is what a killed recording leaves: it is left out and counted. Any other line that cannot be
/// read is an error with its number.
public struct RecordingReader {
  public let header: RecordingHeader
  /// 1 where the last line is torn, 0 else.
  public private(set) var tornLines = 0

  private let path: String
  private let bytes: Data
  private var at: Data.Index
  private var line = 1
  private let decoder = JSONDecoder()

  /// - Parameter path: of a recording's folder or of the file itself.
  public init(path: String) throws(RecordingError) {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw RecordingError(path: path, reason: "No such file or directory", isMissing: true)
    }
    self.path = isFolder.boolValue ? path + "/" + RecordingWriter.fileName : path
    guard FileManager.default.fileExists(atPath: self.path) else {
      throw RecordingError(
        path: self.path, reason: "there is no recording in this folder", isMissing: true)
    }
    do {
      bytes = try Data(contentsOf: URL(fileURLWithPath: self.path), options: .alwaysMapped)
    } catch {
      throw RecordingError(path: self.path, reason: "cannot be read", isMissing: true)
    }
    at = bytes.startIndex
    guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else {
      throw RecordingError(path: self.path, line: 1, reason: "the header is missing")
    }
    guard let header = try? decoder.decode(RecordingHeader.self, from: bytes[at..<end]) else {
      throw RecordingError(
        path: self.path, line: 1, reason: "this is not the header of a recording")
    }
    guard header.ballastRecording == RecordingHeader.version else {
      throw RecordingError(
        path: self.path, line: 1,
        reason: "form \(header.ballastRecording) of recordings is not known here; this is form "
          + "\(RecordingHeader.version)")
    }
    guard (1_000_000...86_400_000_000_000).contains(header.interval) else {
      throw RecordingError(path: self.path, line: 1, reason: "an interval of \(header.interval) ns")
    }
    self.header = header
    at = end + 1
  }

  /// The next snapshot; nil at the end.
  public mutating func next() throws(RecordingError) -> HostSnapshot? {
    guard at < bytes.endIndex else { return nil }
    line += 1
    guard let end = bytes[at...].firstIndex(of: UInt8(ascii: "\n")) else {
      tornLines += 1
      at = bytes.endIndex
      return nil
    }
    defer { at = end + 1 }
    do {
      return try decoder.decode(HostSnapshot.self, from: bytes[at..<end])
    } catch {
      throw RecordingError(
        path: path, line: line, reason: "this line is not a snapshot: \(words(error))")
    }
  }

  private func words(_ error: any Error) -> String {
    switch error as? DecodingError {
    case .keyNotFound(let key, _): "'\(key.stringValue)' is missing"
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      "'\(context.codingPath.map(\.stringValue).joined(separator: "."))' is not what it should be"
    default: "it is not JSON"
    }
  }
}
