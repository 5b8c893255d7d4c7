/// Something that an observation could not take as it came, for the log.
public enum ObservationEvent: Sendable, Equatable, Codable {
  /// The domain was started since the last snapshot: its counters count from that start.
  case restarted(String)
  /// A counter fell though the domain is the same: the row is left out once, and what was seen before stays.
  case counterFell(name: String, counter: String)
  /// Its process did not answer in time: the row is left out.
  case notAnswering(String)
  /// A size or count that cannot be: the row is left out.
  case nonsense(name: String, what: String)
  /// It used more CPU time than its vCPUs have in the interval; counted as all they have.
  case clamped(name: String, byNanoseconds: Int64)

  /// A sentence for people.
  public var text: String {
    switch self {
    case .restarted(let name): "\(name) was started since the last observation"
    case .counterFell(let name, let counter):
      "\(name): \(counter) fell; its row is left out this time"
    case .notAnswering(let name): "\(name) did not answer; its row is left out this time"
    case .nonsense(let name, let what): "\(name): \(what); its row is left out"
    case .clamped(let name, let excess):
      "\(name) ran \(excess) ns longer than its vCPUs could; counted as all they have"
    }
  }
}
