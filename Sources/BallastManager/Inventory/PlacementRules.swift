/// Which VMs belong together or apart, and which hosts a VM may use.
///
/// Rule      a must rule excludes a host; each should rule a host would break counts against it. VMs that must be
///           together move as one unit, so what counts is where the members outside the unit are.
/// Promises  an answer depends on where the members of the VM's rules are, not on the order in which they came.
/// Cost      a query or a change: O(rules of the VM × log hosts the rule's members are on). No pair of VMs is looked at.
/// Source    VM–VM and VM–host rules as vSphere, oVirt and Nova have them.
public struct PlacementRules: Sendable, Equatable {
  public enum Strength: Sendable, Equatable { case must, should }

  /// VMs and hosts are positions in the inventory.
  public enum Rule: Sendable, Equatable {
    /// All on one host.
    case together([Int], Strength)
    /// No two on one host.
    case apart([Int], Strength)
    /// Only on these hosts. One host is a pin.
    case onHosts(vms: [Int], hosts: [Int], Strength)
    /// Not on these hosts.
    case notOnHosts(vms: [Int], hosts: [Int], Strength)
  }

  public struct Verdict: Sendable, Equatable {
    public var breaksMust = false
    public var brokenShouldRules = 0
  }

  public let rules: [Rule]
  /// Rules of each VM, ascending.
  private var rulesOfVM: [[Int]] = []
  /// Members of the VM's unit, ascending: those it must be together with, itself included.
  private var unitOfVM: [[Int]] = []
  /// Of together and apart rules: where the members are.
  private var placed: [HostCounts] = []
  /// Of apart rules: hosts that members have not left yet although they are placed elsewhere.
  private var leaving: [HostCounts] = []
  /// Of host rules: the hosts named, ascending.
  private var hostsOfRule: [[Int]] = []

  public init() { rules = [] }

  /// - Parameter vmCount: VMs of the inventory; a member outside 0..<vmCount is ignored.
  public init(_ rules: [Rule], vmCount: Int) {
    self.rules = rules
    guard !rules.isEmpty else { return }
    rulesOfVM = Array(repeating: [], count: vmCount)
    placed = Array(repeating: HostCounts(), count: rules.count)
    leaving = placed
    for (index, rule) in rules.enumerated() {
      for vm in rule.members(below: vmCount) { rulesOfVM[vm].append(index) }
      hostsOfRule.append(rule.hosts)
    }
    unitOfVM = Self.units(rules, vmCount: vmCount)
  }

  public var isEmpty: Bool { rules.isEmpty }

  /// VMs of the inventory; 0 where there are no rules.
  var vmCount: Int { rulesOfVM.count }

  /// The hosts that must rules leave a VM, ascending.
  public func allowedHosts(of vm: Int, hostCount: Int) -> [Int] {
    (0..<hostCount).filter { host in
      rulesOfVM.isEmpty
        || rulesOfVM[vm].allSatisfy { index in
          switch rules[index] {
          case .onHosts(_, _, .must): hostsOfRule[index].containsSorted(host)
          case .notOnHosts(_, _, .must): !hostsOfRule[index].containsSorted(host)
          default: true
          }
        }
    }
  }

  /// The VMs that must be with this one, itself included, ascending.
  public func unit(of vm: Int) -> [Int] { unitOfVM.isEmpty ? [vm] : unitOfVM[vm] }

  /// What putting a VM on a host would break.
  ///
  /// - Parameter source: where it is now, when its unit there moves with it.
  public func verdict(_ vm: Int, on host: Int, from source: Int? = nil) -> Verdict {
    var verdict = Verdict()
    guard !rulesOfVM.isEmpty else { return verdict }
    for index in rulesOfVM[vm] {
      let isBroken: Bool
      switch rules[index] {
      case .together(_, .must):
        let moving = source.map { placed[index][$0] } ?? 0
        let there = host == source ? 0 : placed[index][host]
        isBroken = placed[index].total - moving - there > 0
      case .together(_, .should):
        let own = source == nil ? 0 : 1
        let there = placed[index][host] - (host == source ? 1 : 0)
        isBroken = placed[index].total - own - there > 0
      case .apart:
        isBroken = placed[index][host] - (host == source ? 1 : 0) + leaving[index][host] > 0
      case .onHosts:
        isBroken = !hostsOfRule[index].containsSorted(host)
      case .notOnHosts:
        isBroken = hostsOfRule[index].containsSorted(host)
      }
      guard isBroken else { continue }
      switch rules[index].strength {
      case .must: verdict.breaksMust = true
      case .should: verdict.brokenShouldRules += 1
      }
    }
    return verdict
  }

  /// The same for VMs that go together: what any of them would break, each broken should rule once per VM.
  public func verdict(_ vms: [Int], on host: Int, from source: Int? = nil) -> Verdict {
    var verdict = Verdict()
    guard !rulesOfVM.isEmpty else { return verdict }
    for vm in vms {
      let one = self.verdict(vm, on: host, from: source)
      verdict.breaksMust = verdict.breaksMust || one.breaksMust
      verdict.brokenShouldRules += one.brokenShouldRules
    }
    return verdict
  }

  mutating func place(_ vm: Int, on host: Int) { count(vm, on: host, 1) }
  mutating func remove(_ vm: Int, from host: Int) { count(vm, on: host, -1) }

  /// - Parameter old: the host that it leaves, or has left (`host` nil).
  mutating func setLeaving(_ host: Int?, _ vm: Int, of old: Int) {
    guard !rulesOfVM.isEmpty else { return }
    for index in rulesOfVM[vm] {
      if case .apart = rules[index] { leaving[index].add(host == nil ? -1 : 1, old) }
    }
  }

  /// Nobody who must be apart from this VM has yet to leave a host.
  public func isClear(_ host: Int, for vm: Int) -> Bool {
    guard !rulesOfVM.isEmpty else { return true }
    return rulesOfVM[vm].allSatisfy { index in
      guard case .apart(_, .must) = rules[index] else { return true }
      return leaving[index][host] == 0
    }
  }

  private mutating func count(_ vm: Int, on host: Int, _ change: Int) {
    guard !rulesOfVM.isEmpty else { return }
    for index in rulesOfVM[vm] where rules[index].isBetweenVMs { placed[index].add(change, host) }
  }

  /// Connected components of the must-together rules.
  private static func units(_ rules: [Rule], vmCount: Int) -> [[Int]] {
    var parent = Array(0..<vmCount)
    func root(_ vm: Int) -> Int {
      var vm = vm
      while parent[vm] != vm {
        parent[vm] = parent[parent[vm]]
        vm = parent[vm]
      }
      return vm
    }
    for case .together(let members, .must) in rules {
      let known = members.filter { (0..<vmCount).contains($0) }
      for member in known.dropFirst() {
        let (a, b) = (root(known[0]), root(member))
        parent[max(a, b)] = min(a, b)
      }
    }
    var units = Array(repeating: [Int](), count: vmCount)
    for vm in 0..<vmCount { units[root(vm)].append(vm) }
    return (0..<vmCount).map { units[root($0)] }
  }
}

extension PlacementRules.Rule {
  public var strength: PlacementRules.Strength {
    switch self {
    case .together(_, let strength), .apart(_, let strength), .onHosts(_, _, let strength),
      .notOnHosts(_, _, let strength):
      strength
    }
  }

  var isBetweenVMs: Bool {
    switch self {
    case .together, .apart: true
    case .onHosts, .notOnHosts: false
    }
  }

  /// Its VMs, ascending, each once.
  func members(below vmCount: Int) -> [Int] {
    switch self {
    case .together(let vms, _), .apart(let vms, _), .onHosts(let vms, _, _),
      .notOnHosts(let vms, _, _):
      vms.filter { (0..<vmCount).contains($0) }.sortedOnce()
    }
  }

  /// The hosts it names, ascending, each once.
  var hosts: [Int] {
    switch self {
    case .together, .apart: []
    case .onHosts(_, let hosts, _), .notOnHosts(_, let hosts, _): hosts.sortedOnce()
    }
  }
}

/// How many members of a rule are on each host, ascending by host.
private struct HostCounts: Sendable, Equatable {
  private var hosts: [Int] = []
  private var counts: [Int] = []
  private(set) var total = 0

  subscript(host: Int) -> Int {
    let at = hosts.lowerBound(host)
    return at < hosts.count && hosts[at] == host ? counts[at] : 0
  }

  mutating func add(_ change: Int, _ host: Int) {
    total += change
    let at = hosts.lowerBound(host)
    if at < hosts.count && hosts[at] == host {
      counts[at] += change
      if counts[at] == 0 {
        hosts.remove(at: at)
        counts.remove(at: at)
      }
    } else {
      hosts.insert(host, at: at)
      counts.insert(change, at: at)
    }
  }
}

extension Array where Element == Int {
  /// First position whose element is not below `value`, in an ascending array.
  func lowerBound(_ value: Int) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if self[middle] < value { low = middle + 1 } else { high = middle }
    }
    return low
  }

  func containsSorted(_ value: Int) -> Bool {
    let at = lowerBound(value)
    return at < count && self[at] == value
  }

  func sortedOnce() -> [Int] {
    var result: [Int] = []
    for value in sorted() where result.last != value { result.append(value) }
    return result
  }
}
