import BallastKVM
import BallastModel
import BallastUnits
import Foundation

/// One line of a record of steps: a header, then inventories where they change and steps as they were.
public struct StepLine: Sendable, Equatable, Codable {
  public struct Header: Sendable, Equatable, Codable {
    public var schemaVersion = 1
    public var ballastVersion: String
    /// The policy file as it was, so that the record can be decided again without it.
    public var policyFile: String
    public var policy: String
    /// Whether the plans were applied.
    public var isApplied: Bool
    public init(ballastVersion: String, policyFile: String, policy: String, isApplied: Bool) {
      self.ballastVersion = ballastVersion
      self.policyFile = policyFile
      self.policy = policy
      self.isApplied = isApplied
    }
  }
  public var header: Header?
  public var inventory: ManagedInventory?
  /// When these came under management, on the clock of the observations, ns.
  public var since: Int64?
  /// Nanoseconds since 1970, of the step.
  public var wallTime: Int64?
  public var step: RecordedStep?

  public init(header: Header) { self.header = header }
  public init(inventory: ManagedInventory, since: SimTime) {
    self.inventory = inventory
    self.since = since.value
  }
  public init(step: RecordedStep, wallTime: Int64) {
    self.step = step
    self.wallTime = wallTime
  }
}

/// Writes steps as JSON lines, each in one write: whoever kills the process costs the last line at most.
public final class StepLog {
  public let path: String
  private let descriptor: Int32
  private let encoder = stepEncoder()

  public init(path: String, header: StepLine.Header) throws(StateFault) {
    self.path = path
    descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw StateFault(.cannotWrite, "cannot write \(path): \(String(cString: strerror(errno)))")
    }
    try append(StepLine(header: header))
  }

  deinit { close(descriptor) }

  public func append(_ line: StepLine) throws(StateFault) {
    guard let data = try? encoder.encode(line) else {
      throw StateFault(.cannotWrite, "cannot write \(path): a step cannot be encoded")
    }
    guard writeAll([UInt8](data) + [10], to: descriptor) else {
      throw StateFault(.cannotWrite, "cannot write \(path): \(String(cString: strerror(errno)))")
    }
  }
}

/// The one way steps and plans become text, so that equal plans are equal bytes.
func stepEncoder() -> JSONEncoder {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  return encoder
}
