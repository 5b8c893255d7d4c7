import Foundation

/// One line per write that was tried: who was changed, from what, to what, why, and what came of it.
public struct AuditEntry: Sendable, Equatable, Codable {
  /// Nanoseconds since 1970, of the snapshot that the write answers.
  public var time: Int64
  /// Empty for the host's own knobs.
  public var uuid: String
  public var name: String
  public var field: HostWrite.Field
  public var before: Int64?
  public var wanted: Int64
  /// What the knob said afterwards; nil where it cannot be read.
  public var readBack: Int64?
  public var reason: String
  /// `done`, or why not.
  public var result: String

  public init(_ write: HostWrite, time: Int64, readBack: Int64?, result: String) {
    self.time = time
    if case .domain(let uuid, let name) = write.target {
      self.uuid = uuid
      self.name = name
    } else {
      uuid = ""
      name = ""
    }
    field = write.field
    before = write.before
    wanted = write.wanted
    self.readBack = readBack
    reason = write.reason
    self.result = result
  }
}

/// JSON lines, appended in one write each, so that lines of several processes do not mix.
public final class AuditLog {
  public let path: String
  private let descriptor: Int32
  private let encoder = JSONEncoder()

  public init(directory: String) throws(StateFault) {
    path = directory + "/audit.jsonl"
    descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw StateFault(.cannotWrite, "cannot write \(path): \(systemWords())")
    }
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  }

  deinit { close(descriptor) }

  /// - Throws: where the line could not be written: a change that leaves no trace must not be followed by others.
  public func append(_ entry: AuditEntry) throws(StateFault) {
    guard let data = try? encoder.encode(entry), writeAll([UInt8](data) + [10], to: descriptor)
    else { throw StateFault(.cannotWrite, "cannot write \(path): \(systemWords())") }
  }
}
