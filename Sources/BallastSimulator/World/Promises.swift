import BallastMachine
import BallastManager
import BallastModel
import BallastUnits

extension WorldBuilder {
  /// Rules of one cluster between VMs and hosts by their positions in it; rules that contradict each other are
  /// problems.
  mutating func placementRules(cluster: Int) -> [PlacementRules.Rule] {
    let members = vms.indices.filter { vms[$0].cluster == cluster }
    guard members.contains(where: { !affinityOfVM[$0].isEmpty }) else { return [] }
    var positionOf = [Int](repeating: -1, count: vms.count)
    for (position, vm) in members.enumerated() { positionOf[vm] = position }
    let own = hostsOf(cluster: cluster)
    var rules: [PlacementRules.Rule] = []
    var places: [SourcePlace] = []
    // An entry of many VMs says the same for all of them, once.
    var said: Set<String> = []
    var pairs = 0
    for vm in members {
      for spec in affinityOfVM[vm] {
        let strength: PlacementRules.Strength = spec.isMust ? .must : .should
        let place = placeOfVM[vm]
        func positions(_ patterns: [String]) -> [Int] {
          Set(patterns.flatMap { matching($0) }.map { positionOf[$0.int] }.filter { $0 >= 0 })
            .sorted()
        }
        func hostPositions(_ patterns: [String]) -> [Int] {
          own.indices.filter { position in
            patterns.contains {
              NamePattern($0).matches(
                hosts[own[position].int].name, entry: hostEntries[own[position].int])
            }
          }
        }
        func add(_ rule: PlacementRules.Rule) {
          if said.insert("\(rule)").inserted {
            rules.append(rule)
            places.append(place)
          }
        }
        if !spec.apart.isEmpty {
          // Each of its own against the named: pairwise, unless it names itself among them.
          let others = positions(spec.apart)
          if others.contains(positionOf[vm]) {
            add(.apart(others, strength))
          } else {
            pairs += others.count
            if pairs > Self.pairsMax {
              complain(
                place, "these apart rules make more than \(Self.pairsMax) pairs of VMs",
                remedy: "name fewer VMs, or let an entry name itself")
              return []
            }
            for other in others { add(.apart([positionOf[vm], other].sorted(), strength)) }
          }
        }
        if !spec.together.isEmpty {
          add(.together(Set(positions(spec.together) + [positionOf[vm]]).sorted(), strength))
        }
        if !spec.hosts.isEmpty {
          add(.onHosts(vms: [positionOf[vm]], hosts: hostPositions(spec.hosts), strength))
        }
        if !spec.notHosts.isEmpty {
          add(.notOnHosts(vms: [positionOf[vm]], hosts: hostPositions(spec.notHosts), strength))
        }
      }
    }
    complainOfContradictions(rules, places, members: members, hosts: own)
    return rules
  }

  /// Between entries, rules are kept pair by pair.
  private static let pairsMax = 100_000

  private mutating func complainOfContradictions(
    _ rules: [PlacementRules.Rule], _ places: [SourcePlace], members: [Int], hosts own: [HostIndex]
  ) {
    func names(_ positions: [Int]) -> String {
      let shown = positions.prefix(4).map { vms[members[$0]].name }
      return shown.joined(separator: ", ") + (positions.count > 4 ? " and others" : "")
    }
    let fixed = members.map { vm in vms[vm].host.flatMap { own.firstIndex(of: $0) } }
    let found = PlacementRules(rules, vmCount: members.count)
      .contradictions(hostCount: own.count, fixed: fixed)
    for contradiction in found {
      switch contradiction {
      case .apartAndTogether(let rule, let positions):
        complain(
          places[rule], "\(names(positions)) must be apart and, by another rule, together",
          remedy: "drop one of the rules, or write rule: should")
      case .noHost(let positions):
        complain(
          placeOfVM[members[positions[0]]], "the rules leave \(names(positions)) no host",
          remedy: "allow a host, or write rule: should")
      case .tooFewHosts(let rule, let count, let hosts):
        complain(
          places[rule], "\(count) VMs must be apart, and only \(hosts) of them find a host each",
          remedy: "add hosts, or write rule: should")
      case .fixedOnForbiddenHost(let vm, let host):
        complain(
          placeOfVM[members[vm]],
          "\(names([vm])) starts on \(hosts[own[host].int].name), which its rules forbid",
          remedy: "change host: or the rule")
      case .fixedAgainstRule(let rule, let positions):
        complain(
          places[rule], "host: puts \(names(positions)) where a rule does not let them be",
          remedy: "change host: or the rule")
      }
    }
  }

  /// Positions of the hosts that failover keeps empty, per cluster.
  func dedicatedHosts() -> [[Int]] {
    scenario.clusters.indices.map { cluster in
      let own = hostsOf(cluster: cluster)
      return own.indices.filter { position in
        scenario.policies.failover.hosts.contains {
          NamePattern($0).matches(
            hosts[own[position].int].name, entry: hostEntries[own[position].int])
        }
      }
    }
  }

  /// Under strict admission, what pools are promised must fit their parents and the cluster from the start.
  mutating func checkPromises() {
    guard scenario.policies.admission.policy == "strict" else { return }
    for (index, cluster) in scenario.clusters.enumerated() {
      let tree = PoolTree(cluster.pools, profile: scenario.profile)
      var capacity = Charge.zero
      for host in hostsOf(cluster: index) {
        capacity.cpu += hosts[host.int].cpuCapacity.value
        capacity.memory +=
          offeredMemory(hosts[host.int].memory, under: scenario.profile).value
      }
      for problem in AdmissionControl(tree: tree, capacity: capacity).problems {
        let path = tree.pools[problem.pool].path
        let short =
          problem.resource == .cpu
          ? "\(Kilohertz(problem.short))" : "\(Bytes(problem.short))"
        complain(
          Self.place(ofPool: path, in: cluster),
          path.isEmpty
            ? "the pools of cluster \(cluster.name) reserve \(short) more \(problem.resource.rawValue) than its hosts offer to VMs"
            : "the pools below \(path) reserve \(short) more \(problem.resource.rawValue) than it may hold",
          remedy: path.isEmpty
            ? "lower reservations or add hosts"
            : "lower their reservations, raise its own, or make it expandable")
      }
    }
  }

  private static func place(ofPool path: String, in cluster: ClusterSpec) -> SourcePlace {
    var place = cluster.place
    var pools = cluster.pools
    for name in path.split(separator: "/") {
      guard let pool = pools.first(where: { $0.name == name }) else { break }
      place = pool.place
      pools = pool.pools
    }
    return place
  }
}

/// What a host offers to VMs for admission and placement: its memory less the hypervisor's own part.
func offeredMemory(_ memory: Bytes, under profile: HypervisorProfile) -> Bytes {
  memory - profile.hostMemoryReserve.reserve(memory: memory)
}
