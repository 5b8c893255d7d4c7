import Foundation

/// Writes `snapshots.jsonl`: a header, then a snapshot a line.
///
/// Promises  a line is one write(2) to a file opened for appending, so a process that is killed at any moment leaves whole
///           lines and at most one torn one, which the reader tells and leaves out.
public final class RecordingWriter {
  public static let fileName = "snapshots.jsonl"

  private let path: String
  private let descriptor: Int32
  private let encoder = JSONEncoder()

  /// Makes the folder where it is missing. A recording that is there already is never touched.
  public init(directory: String, header: RecordingHeader) throws(RecordingError) {
    path = directory + "/" + Self.fileName
    do {
      try FileManager.default.createDirectory(
        atPath: directory, withIntermediateDirectories: true)
    } catch {
      throw RecordingError(path: directory, reason: "cannot make this folder", isAboutWriting: true)
    }
    descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw RecordingError(
        path: path,
        reason: errno == EEXIST
          ? "there is a recording already; name another folder" : lastSystemReason(),
        isAboutWriting: true)
    }
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    try append(line: header)
  }

  deinit { close(descriptor) }

  public func append(_ snapshot: HostSnapshot) throws(RecordingError) {
    try append(line: snapshot)
  }

  private func append(line: some Encodable) throws(RecordingError) {
    // Integers, texts and lists of them: there is nothing that could not be encoded.
    guard var bytes = try? encoder.encode(line) else {
      preconditionFailure("a snapshot cannot be encoded")
    }
    bytes.append(UInt8(ascii: "\n"))
    let written = bytes.withUnsafeBytes { source -> Bool in
      var rest = source[...]
      while !rest.isEmpty {
        let count = write(
          descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if count < 0 && errno != EINTR { return false }
        rest = rest.dropFirst(max(0, count))
      }
      return true
    }
    guard written else {
      throw RecordingError(path: path, reason: lastSystemReason(), isAboutWriting: true)
    }
  }
}

func lastSystemReason() -> String { String(cString: strerror(errno)) }
