/// Why a VM or a change was not admitted, as one word. The raw value is what `events.csv` and `refusal:` say.
public enum RefusalKind: String, Sendable, Codable, CaseIterable {
  case reservationAboveSize = "reservation_above_size"
  case limitBelowReservation = "limit_below_reservation"
  case poolReservation = "pool_reservation"
  case overcommitted
  case hostFit = "host_fit"
  case failoverCapacity = "failover_capacity"
  case allocationRatio = "allocation_ratio"
  case affinityRule = "affinity_rule"
  case freeMemory = "free_memory"
  case swapSpace = "swap_space"
  case noHost = "no_host"
  case hostNotOn = "host_not_on"
  case notMovable = "not_movable"

  public var meaning: String {
    switch self {
    case .reservationAboveSize: "it reserves more than it can use"
    case .limitBelowReservation: "its limit is below its reservation"
    case .poolReservation: "its pool, or one that had to lend, has too little unreserved"
    case .overcommitted: "more is reserved already than there is"
    case .hostFit: "no single host has enough unreserved"
    case .failoverCapacity: "what is kept free for failures would shrink"
    case .allocationRatio: "size times ratio is used up on every host"
    case .affinityRule: "a rule that must be kept leaves no host"
    case .freeMemory: "no host has the memory it needs from power-on"
    case .swapSpace: "no host's swap device has room for it"
    case .noHost: "no host is on"
    case .hostNotOn: "the host asked for is not on"
    case .notMovable: "it does not run, or is on its way already, and cannot be moved"
    }
  }
}
