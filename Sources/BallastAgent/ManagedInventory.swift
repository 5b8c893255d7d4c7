import BallastKVM
import BallastModel
import BallastUnits

/// The domains under management and what of the host their settings depend on: all that a manager is built from beside
/// the policy.
public struct ManagedInventory: Sendable, Equatable, Codable {
  public struct Domain: Sendable, Equatable, Codable {
    public var name: String
    public var uuid: String
    public var vcpus: Int64
    /// Bytes
    public var memoryMax: Int64
    /// Where its pins let it run; nil: anywhere.
    public var cpus: DomainCPUs?
  }
  public var host = ""
  /// kHz, of one CPU.
  public var coreRate: Int64 = 0
  public var pcpus: Int64 = 0
  /// Bytes
  public var memory: Int64 = 0
  /// In byte-wise order of names: a domain's position is its `VMIndex`.
  public var domains: [Domain] = []

  public init() {}

  /// - Parameter names: who is under management; one that the snapshot lacks has the size it had before.
  public init(_ snapshot: HostSnapshot, names: ManagedNames, before: ManagedInventory) {
    host = snapshot.host.name
    coreRate = min(max(0, snapshot.host.coreRate), 1 << 40)
    pcpus = min(max(0, snapshot.host.pcpus), 1 << 20)
    memory = min(max(0, snapshot.host.memoryTotal), 1 << 56)
    domains = names.names.map { name in
      guard let shown = snapshot[name: name], shown.answered else {
        return before.domains.first { $0.name == name }
          ?? Domain(name: name, uuid: snapshot[name: name]?.uuid ?? "", vcpus: 1, memoryMax: 0)
      }
      let cpus = DomainCPUs(of: shown, pcpus: pcpus)
      return Domain(
        name: name, uuid: shown.uuid, vcpus: min(max(1, shown.vcpus), 1 << 16),
        memoryMax: min(max(0, shown.memoryMax), 1 << 56),
        cpus: cpus.allowed == nil ? nil : cpus)
    }
  }

  /// Where one of its domains may run; nil: one that is not shown.
  func cpus(of domain: Domain?) -> DomainCPUs {
    domain?.cpus ?? DomainCPUs(atOnce: min(max(1, domain?.vcpus ?? 1), max(1, pcpus)))
  }

  public var names: ManagedNames { ManagedNames(domains.map(\.name)) }
}
