/// Where a VM may run, and beside whom.
public struct AffinitySpec: Sendable, Equatable {
  /// VMs (names, entries, globs) that are kept on other hosts; itself never counts.
  public var apart: [String]
  /// VMs that are kept on the same host.
  public var together: [String]
  /// Hosts (names, entries, globs) it runs on; empty: all.
  public var hosts: [String]
  /// Hosts it does not run on.
  public var notHosts: [String]
  /// True: a rule that cannot be kept refuses the VM. False: it is broken where there is no other way.
  public var isMust: Bool
  public init(
    apart: [String] = [], together: [String] = [], hosts: [String] = [],
    notHosts: [String] = [], isMust: Bool = true
  ) {
    self.apart = apart
    self.together = together
    self.hosts = hosts
    self.notHosts = notHosts
    self.isMust = isMust
  }
  public var isEmpty: Bool {
    apart.isEmpty && together.isEmpty && hosts.isEmpty && notHosts.isEmpty
  }
}

/// In which order VMs start again after their host has failed.
public enum RestartPriority: Int, Sendable, Equatable, Codable, CaseIterable, Comparable {
  case highest, high, medium, low, lowest
  /// Not started again.
  case disabled

  public static func < (a: RestartPriority, b: RestartPriority) -> Bool {
    a.rawValue < b.rawValue
  }

  public var name: String {
    ["highest", "high", "medium", "low", "lowest", "disabled"][rawValue]
  }
  public init?(name: String) {
    guard let found = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = found
  }
}
