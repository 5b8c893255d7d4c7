/// A knob that was changed: what it said before the first change, and what was written last.
public struct TouchedKnob: Sendable, Equatable, Codable {
  public var field: HostWrite.Field
  /// Nil: it was not set, or the host did not say.
  public var original: Int64?
  public var wrote: Int64
  public init(field: HostWrite.Field, original: Int64?, wrote: Int64) {
    self.field = field
    self.original = original
    self.wrote = wrote
  }
}

/// The knobs of one domain.
public struct TouchedDomain: Sendable, Equatable, Codable {
  public var uuid: String
  public var name: String
  /// Of the start they belong to; a domain that starts again has its knobs from its definition.
  public var runID: Int64?
  public var knobs: [TouchedKnob] = []
  public init(uuid: String, name: String, runID: Int64?) {
    self.uuid = uuid
    self.name = name
    self.runID = runID
  }
}

/// Everything a controller has changed on a host: what a state file holds.
public struct TouchedHost: Sendable, Equatable, Codable {
  public static let formatVersion = 1
  public var schemaVersion = TouchedHost.formatVersion
  /// How the host was reached.
  public var connection: String
  /// Nanoseconds since 1970.
  public var wallTime: Int64 = 0
  public var domains: [TouchedDomain] = []
  public var hostKnobs: [TouchedKnob] = []
  /// Of earlier restores; nil: nothing.
  public var left: LeftKnobs?

  public init(connection: String) { self.connection = connection }

  public var isEmpty: Bool { domains.isEmpty && hostKnobs.isEmpty && left == nil }

  /// Notes a write that is about to be performed.
  ///
  /// - Parameter original: what the knob says now; kept only from the first time.
  public mutating func note(_ write: HostWrite, original: Int64?, runID: Int64?) {
    switch write.target {
    case .host: Self.note(write, original, in: &hostKnobs)
    case .domain(let uuid, let name):
      let index =
        domains.firstIndex { $0.uuid == uuid }
        ?? {
          domains.append(TouchedDomain(uuid: uuid, name: name, runID: runID))
          return domains.count - 1
        }()
      if domains[index].runID != runID {
        // It has started again: its definition's knobs are the originals now.
        domains[index] = TouchedDomain(uuid: uuid, name: name, runID: runID)
      }
      Self.note(write, original, in: &domains[index].knobs)
    }
  }

  private static func note(
    _ write: HostWrite, _ original: Int64?, in knobs: inout [TouchedKnob]
  ) {
    if let index = knobs.firstIndex(where: { $0.field == write.field }) {
      knobs[index].wrote = write.wanted
    } else {
      knobs.append(
        TouchedKnob(field: write.field, original: original, wrote: write.wanted))
    }
  }
}
