import BallastModel
import BallastUnits

/// What one step came to on a KVM host.
public struct KVMHostReport: Sendable, Equatable, Codable {
  /// `HostObservation.sequence` of the observation that was answered.
  public var observation: UInt64 = 0
  /// What the plan wants of the host, before anything was held back.
  public var proposed: [HostWrite] = []
  /// What there is no knob for, and how it is kept instead.
  public var notes: [Translation.Note] = []
  /// Let through: to be performed, or in a dry run what would be.
  public var writes: [HostWrite] = []
  public var heldBack: [HeldBack] = []
  public var performed: [AuditEntry] = []
  public var events: [SafetyEvent] = []

  public init() {}

  /// Names the writes: the same for the same domains, knobs and values, whatever the reasons and times.
  public var planID: String { KVMHostReport.id(of: writes) }

  /// 12 hexadecimal digits of the SHA-256 of target, knob and value of each write, in order of their text.
  public static func id(of writes: [HostWrite]) -> String {
    let lines = writes.map { write in
      switch write.target {
      case .host: "host \(write.field.rawValue) \(write.wanted)\n"
      case .domain(let uuid, _): "\(uuid) \(write.field.rawValue) \(write.wanted)\n"
      }
    }
    return String(SHA256.hex(of: Array(lines.sorted().joined().utf8)).prefix(12))
  }
}

/// What putting a host back came to.
public struct RestoreReport: Sendable, Equatable, Codable {
  public var performed: [AuditEntry] = []
  /// Left as they are: somebody else's by now, or not possible without harm.
  public var heldBack: [HeldBack] = []
  /// Domains that have ended or started again since.
  public var gone: [String] = []
  /// Something of ours is still on the host: try again.
  public var isIncomplete = false
  /// Somebody else has changed something since; it stays on record for who insists.
  public var hasLeft: Bool { heldBack.contains { $0.rule == .changedByOthers } }
  public init() {}
}
