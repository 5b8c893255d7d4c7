extension PlacementRules {
  /// Must rules that cannot all hold. Numbers are positions of rules, VMs and hosts.
  public enum Contradiction: Sendable, Equatable {
    /// Two VMs of a must-apart rule must, by other rules, be together.
    case apartAndTogether(rule: Int, vms: [Int])
    /// No host is allowed to a VM, or to all of those that must be together.
    case noHost(vms: [Int])
    /// A must-apart rule has members for whom there are too few hosts: so many find one of their own.
    case tooFewHosts(rule: Int, vms: Int, hosts: Int)
    /// A VM starts on a host that its rules forbid.
    case fixedOnForbiddenHost(vm: Int, host: Int)
    /// VMs start apart that must be together, or the other way round.
    case fixedAgainstRule(rule: Int, vms: [Int])
  }

  /// Finds must rules that contradict each other, or the hosts at which VMs are fixed.
  ///
  /// Rule      host rules and fixed hosts are intersected over VMs that must be together; an apart rule needs a host of
  ///           its own for every member (a maximum matching of members to hosts, by augmenting paths). Several apart rules
  ///           together are not looked at: that is graph colouring.
  /// Cost      O(VMs × hosts) where host rules are, and O(members² × hosts) per apart rule.
  ///
  /// - Parameter fixed: where each VM starts; nil: the policy chooses. Shorter is nil for the rest.
  public func contradictions(hostCount: Int, fixed: [Int?] = []) -> [Contradiction] {
    var found: [Contradiction] = []
    let vmCount = vmCount
    let free = (0..<vmCount).map { allowedHosts(of: $0, hostCount: hostCount) }
    func fixedHost(_ vm: Int) -> Int? { vm < fixed.count ? fixed[vm] : nil }
    for vm in 0..<vmCount {
      let unit = unit(of: vm)
      if unit[0] == vm {
        let common = unit.dropFirst().reduce(free[vm]) { common, member in
          common.filter { free[member].containsSorted($0) }
        }
        if common.isEmpty { found.append(.noHost(vms: unit)) }
      }
      if let host = fixedHost(vm), !free[vm].containsSorted(host) {
        found.append(.fixedOnForbiddenHost(vm: vm, host: host))
      }
    }
    for (index, rule) in rules.enumerated() where rule.strength == .must {
      let members = rule.members(below: vmCount)
      switch rule {
      case .together:
        let placed = members.filter { fixedHost($0) != nil }
        if let first = placed.first, placed.contains(where: { fixedHost($0) != fixedHost(first) }) {
          found.append(.fixedAgainstRule(rule: index, vms: placed))
        }
      case .apart:
        for group in groups(members, by: { unit(of: $0)[0] }) {
          found.append(.apartAndTogether(rule: index, vms: group))
        }
        for group in groups(members.filter { fixedHost($0) != nil }, by: { fixedHost($0)! }) {
          found.append(.fixedAgainstRule(rule: index, vms: group))
        }
        let hosts = Matching.size(members.map { free[$0] }, hostCount: hostCount)
        if hosts < members.count {
          found.append(.tooFewHosts(rule: index, vms: members.count, hosts: hosts))
        }
      case .onHosts, .notOnHosts: break
      }
    }
    return found
  }

  /// Groups of two or more with one key, by key.
  private func groups(_ vms: [Int], by key: (Int) -> Int) -> [[Int]] {
    var groups: [[Int]] = []
    for vm in vms.sorted(by: { key($0) != key($1) ? key($0) < key($1) : $0 < $1 }) {
      if let last = groups.last, key(last[0]) == key(vm) {
        groups[groups.count - 1].append(vm)
      } else {
        groups.append([vm])
      }
    }
    return groups.filter { $0.count > 1 }
  }
}

/// Members to hosts, one each.
private enum Matching {
  /// How many members can have an allowed host of their own.
  static func size(_ allowed: [[Int]], hostCount: Int) -> Int {
    var memberOfHost = [Int](repeating: -1, count: hostCount)
    return allowed.indices.reduce(0) { $0 + (augment($1, allowed, &memberOfHost) ? 1 : 0) }
  }

  /// Breadth first: finds a free host over members that can give way.
  private static func augment(
    _ member: Int, _ allowed: [[Int]], _ memberOfHost: inout [Int]
  ) -> Bool {
    var askedBy = [Int](repeating: -1, count: memberOfHost.count)
    var waiting = [member]
    var next = 0
    while next < waiting.count {
      let asking = waiting[next]
      next += 1
      for host in allowed[asking] where askedBy[host] < 0 {
        askedBy[host] = asking
        if memberOfHost[host] >= 0 {
          waiting.append(memberOfHost[host])
          continue
        }
        var free = host
        while true {
          let taker = askedBy[free]
          let left = memberOfHost.firstIndex(of: taker)
          memberOfHost[free] = taker
          guard let left else { return true }
          free = left
        }
      }
    }
    return false
  }
}
