/// What a safeguard says to a list of proposed writes.
public struct SafetyVerdict: Sendable, Equatable, Codable {
  /// To be performed now, in this order: memory upward first.
  public var writes: [HostWrite] = []
  public var heldBack: [HeldBack] = []
  public var events: [SafetyEvent] = []
  public init() {}
}

/// A proposed write that is not performed now, and why.
public struct HeldBack: Sendable, Equatable, Codable {
  public enum Rule: String, Sendable, Equatable, Codable, CaseIterable {
    /// The domain carries no mark and no list names it.
    case notManaged
    /// Starting, stopping, migrating, paused, or its process does not answer.
    case inTransition
    /// Its memory cannot or must not be taken: huge pages, locked memory, a passthrough device, no balloon.
    case memoryFixed
    /// The difference is too small to matter.
    case deadBand
    /// Another guest of the host is being shrunk.
    case oneAtATime
    /// Already as small as it may become.
    case atFloor
    /// Nobody knows what the guest could spare, because it does not report.
    case floorUnknown
    /// The balloon does not give way when the guest runs out of memory.
    case noAutodeflate
    /// The guest has not reported for several periods.
    case statisticsStale
    /// The guest swaps, or reads back what was taken; or did so lately.
    case guestDistress
    /// The balloon did not follow its last target; or did so lately.
    case balloonStuck
    /// Somebody else has changed a setting of the domain.
    case changedByOthers
    /// The policy file does not hand this knob over.
    case notAllowed
    /// The host has said that it has no such knob.
    case unsupported
  }
  public var write: HostWrite
  public var rule: Rule
  /// For people: "guest web has 12 MiB to spare beyond its working set and headroom".
  public var reason: String
  public init(_ write: HostWrite, _ rule: Rule, _ reason: String) {
    self.write = write
    self.rule = rule
    self.reason = reason
  }
}

/// Something that a person should hear of.
public struct SafetyEvent: Sendable, Equatable, Codable {
  public enum Kind: String, Sendable, Equatable, Codable {
    case changedByOthers, guestDistress, balloonStuck, statisticsStopped, driverMissing
    case restarted, vanished, failed, unavailable, reconnected, nonsense
  }
  public var kind: Kind
  /// Empty for the host.
  public var domain: String
  public var text: String
  public init(_ kind: Kind, domain: String = "", _ text: String) {
    self.kind = kind
    self.domain = domain
    self.text = text
  }
}
