/// A refusal as an object: `kind` as in `events.csv`, `words` for people, and the numbers under their names.
extension Refusal {
  private enum Key: String, CodingKey {
    case kind, words, numbers
  }

  /// What the cases without a type of their own hold.
  private struct Sizes: Codable {
    var resource: AdmissionResource
    var reservation: Int64
    var size: Int64
  }
  private struct Bounds: Codable {
    var resource: AdmissionResource
    var limit: Int64
    var reservation: Int64
  }
  private struct Rule: Codable {
    var rule: String
    var hosts: Int
  }
  private struct HostState: Codable {
    var host: String
    var state: String
  }
  private struct VMState: Codable {
    var state: String
  }

  public func encode(to encoder: any Encoder) throws {
    var object = encoder.container(keyedBy: Key.self)
    try object.encode(kind, forKey: .kind)
    try object.encode(words, forKey: .words)
    switch self {
    case .reservationAboveSize(let resource, let reservation, let size):
      try object.encode(
        Sizes(resource: resource, reservation: reservation, size: size), forKey: .numbers)
    case .limitBelowReservation(let resource, let limit, let reservation):
      try object.encode(
        Bounds(resource: resource, limit: limit, reservation: reservation), forKey: .numbers)
    case .poolReservation(let shortage): try object.encode(shortage, forKey: .numbers)
    case .overcommitted(let state): try object.encode(state, forKey: .numbers)
    case .hostFit(let shortage): try object.encode(shortage, forKey: .numbers)
    case .failoverCapacity(let shortage): try object.encode(shortage, forKey: .numbers)
    case .allocationRatio(let shortage): try object.encode(shortage, forKey: .numbers)
    case .affinityRule(let rule, let hosts):
      try object.encode(Rule(rule: rule, hosts: hosts), forKey: .numbers)
    case .hostMemory(let shortage): try object.encode(shortage, forKey: .numbers)
    case .noHost: break
    case .hostNotOn(let host, let state):
      try object.encode(HostState(host: host, state: state), forKey: .numbers)
    case .notMovable(let state): try object.encode(VMState(state: state), forKey: .numbers)
    }
  }

  public init(from decoder: any Decoder) throws {
    let object = try decoder.container(keyedBy: Key.self)
    func numbers<Numbers: Decodable>(_ type: Numbers.Type) throws -> Numbers {
      try object.decode(type, forKey: .numbers)
    }
    switch try object.decode(RefusalKind.self, forKey: .kind) {
    case .reservationAboveSize:
      let sizes = try numbers(Sizes.self)
      self = .reservationAboveSize(
        resource: sizes.resource, reservation: sizes.reservation, size: sizes.size)
    case .limitBelowReservation:
      let bounds = try numbers(Bounds.self)
      self = .limitBelowReservation(
        resource: bounds.resource, limit: bounds.limit, reservation: bounds.reservation)
    case .poolReservation:
      let shortage = try numbers(PoolShortage.self)
      guard !shortage.asks.isEmpty else {
        throw DecodingError.dataCorruptedError(
          forKey: .numbers, in: object, debugDescription: "a shortage without a pool")
      }
      self = .poolReservation(shortage)
    case .overcommitted: self = .overcommitted(try numbers(Overcommitment.self))
    case .hostFit: self = .hostFit(try numbers(HostShortage.self))
    case .failoverCapacity: self = .failoverCapacity(try numbers(FailoverShortage.self))
    case .allocationRatio: self = .allocationRatio(try numbers(RatioShortage.self))
    case .affinityRule:
      let rule = try numbers(Rule.self)
      self = .affinityRule(rule: rule.rule, hosts: rule.hosts)
    case .freeMemory, .swapSpace: self = .hostMemory(try numbers(MemoryShortage.self))
    case .noHost: self = .noHost
    case .hostNotOn:
      let host = try numbers(HostState.self)
      self = .hostNotOn(host: host.host, state: host.state)
    case .notMovable: self = .notMovable(state: try numbers(VMState.self).state)
    }
  }
}

/// One word: `slots`, `cpu` or `memory`.
extension Refusal.FailoverShortage.Count: Codable {
  public func encode(to encoder: any Encoder) throws {
    var value = encoder.singleValueContainer()
    switch self {
    case .slots: try value.encode("slots")
    case .amount(let resource): try value.encode(resource)
    }
  }

  public init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    self =
      try value.decode(String.self) == "slots"
      ? .slots : .amount(try value.decode(AdmissionResource.self))
  }
}
