import BallastModel
import BallastUnits

/// What a cluster keeps free so that VMs of a failed host can be restarted.
public enum FailoverPolicy: Sendable, Equatable {
  /// Nothing.
  case none
  /// Room in slots of one size, enough for all VMs when the `tolerate` hosts with most slots are lost. A slot is as
  /// large as the largest reservation, or as `fixed` says; a VM larger than a fixed slot takes several.
  case slots(tolerate: Int, fixed: SlotSize = SlotSize())
  /// A part of all capacity.
  case percentage(FailoverShare)
  /// Hosts that run nothing until another fails: positions in the cluster's hosts, in order of names.
  case dedicated(hosts: [Int])

  /// Sizes given by the administrator; nil takes the largest reservation.
  public struct SlotSize: Sendable, Equatable {
    public var cpu: Kilohertz?
    public var memory: Bytes?
    public init(cpu: Kilohertz? = nil, memory: Bytes? = nil) {
      self.cpu = cpu
      self.memory = memory
    }
  }

  /// VMs count by what they are charged, without 32 MHz for those that reserve no CPU.
  public var countsCharges: Bool {
    switch self {
    case .slots, .percentage: false
    case .none, .dedicated: true
    }
  }

  public var name: String {
    switch self {
    case .none: "none"
    case .slots: "slots"
    case .percentage: "percentage"
    case .dedicated: "dedicated"
    }
  }
}

/// The part of each resource that the percentage policy keeps.
public enum FailoverShare: Sendable, Equatable {
  /// `hosts` of the cluster's N, exactly hosts/N: one of four is 25 %.
  case tolerate(hosts: Int)
  case explicit(cpu: PartsPerMillion, memory: PartsPerMillion)
}

/// Every failover policy by name. The first is the default.
public struct FailoverCatalogEntry: Sendable {
  public let name: String
  public let summary: String
  /// The policy that survives this many failures, of the cluster's hosts in order of names.
  public let make: @Sendable (_ tolerate: Int, _ hostCount: Int) -> FailoverPolicy
}

public let failoverCatalog: [FailoverCatalogEntry] = [
  FailoverCatalogEntry(
    name: "none", summary: "nothing is kept for failures", make: { _, _ in .none }),
  FailoverCatalogEntry(
    name: "slots",
    summary: "slots of the largest reservation, enough without the hosts that have most of them",
    make: { tolerate, _ in .slots(tolerate: tolerate) }),
  FailoverCatalogEntry(
    name: "percentage", summary: "a part of CPU and memory, by default failures / hosts",
    make: { tolerate, _ in .percentage(.tolerate(hosts: tolerate)) }),
  FailoverCatalogEntry(
    name: "dedicated", summary: "hosts that run nothing until another fails, by default the last",
    make: { tolerate, count in
      .dedicated(hosts: Array(max(0, count - max(0, tolerate))..<max(0, count)))
    }),
]
