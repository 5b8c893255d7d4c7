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

  /// Under strict admission, what pools are promised must fit their parents and the cluster from the start, and failover
  /// must leave something; hosts that are down from the beginning give nothing.
  mutating func checkPromises() {
    for (index, cluster) in scenario.clusters.enumerated() {
      let up = hostsOf(cluster: index).filter { !hostsDown.contains($0) }
      guard !up.isEmpty else {
        complain(
          scenario.hostsDown[0].place, "no host of cluster \(cluster.name) is left",
          remedy: "name fewer hosts in assume.hosts_down")
        continue
      }
      let hosts = up.map { host in
        FailoverHost(
          name: self.hosts[host.int].name,
          capacity: Charge(
            cpu: self.hosts[host.int].cpuCapacity.value,
            memory: offeredMemory(self.hosts[host.int].memory, under: scenario.profile).value))
      }
      let all = hostsOf(cluster: index)
      let dedicated = dedicatedHosts()[index].compactMap { up.firstIndex(of: all[$0]) }
      checkFailover(of: cluster, hosts, dedicated: dedicated)
      guard scenario.policies.admission.policy == "strict" else { continue }
      var capacity = Charge.zero
      for host in hosts {
        capacity.cpu += host.capacity.cpu
        capacity.memory += host.capacity.memory
      }
      let tree = PoolTree(cluster.pools, profile: scenario.profile)
      for problem in AdmissionControl(tree: tree, capacity: capacity).problems {
        complain(of: problem, in: cluster, tree)
      }
    }
  }

  /// A policy that keeps everything would refuse whoever comes.
  private mutating func checkFailover(
    of cluster: ClusterSpec, _ hosts: [FailoverHost], dedicated: [Int]
  ) {
    let choice = scenario.policies.failover
    let dedicated = choice.policy == "dedicated" ? dedicated : []
    let policy = FailoverPolicy(choice, dedicatedHosts: dedicated, hostCount: hosts.count)
    let isStrict = scenario.policies.admission.policy == "strict"
    let none = FailoverVM(charge: .zero)
    let refusesAll =
      isStrict && FailoverPlanner(policy: policy).status(hosts: hosts, vms: []).admits(none) != nil
    guard refusesAll || dedicated.count == hosts.count else { return }
    complain(
      cluster.place,
      "failover \(choice.policy) keeps all of cluster \(cluster.name) for failures, so no VM could start",
      remedy: "keep less, or add hosts")
  }

  private mutating func complain(
    of problem: AdmissionProblem, in cluster: ClusterSpec, _ tree: PoolTree
  ) {
    let path = tree.pools[problem.pool].path
    let resource = problem.resource
    let short = resource == .cpu ? "\(Kilohertz(problem.short))" : "\(Bytes(problem.short))"
    let children = Self.pools(below: path, in: cluster)
    // The one whose reservation is the first too much, else the last that reserves.
    let own = tree.pools[problem.pool]
    var passed = Int128(0)
    let reservations = children.map { pool in
      resource == .cpu ? pool.cpu.reservation.value : pool.memory.reservation.value
    }
    let most = reservations.reduce(Int128(0)) { $0 + Int128($1) } - Int128(problem.short)
    let first = children.indices.first {
      passed += Int128(reservations[$0])
      return passed > most
    }
    let isExpandable = resource == .cpu ? own.cpu.expandable : own.memory.expandable
    complain(
      first.map { children[$0].place } ?? cluster.place,
      path.isEmpty
        ? "the pools of cluster \(cluster.name) reserve \(short) more \(resource.noun) than its hosts offer to VMs"
        : "the pools below \(path) reserve \(short) more \(resource.noun) than it may hold",
      remedy: path.isEmpty
        ? "lower reservations or add hosts"
        : isExpandable
          ? "lower their reservations or raise its limit"
          : "lower their reservations, raise its own, or make it expandable")
  }

  private static func pools(below path: String, in cluster: ClusterSpec) -> [PoolSpec] {
    var pools = cluster.pools
    for name in path.split(separator: "/") {
      guard let pool = pools.first(where: { $0.name == name }) else { break }
      pools = pool.pools
    }
    return pools
  }
}

/// What a host offers to VMs for admission and placement: its memory less the hypervisor's own part.
func offeredMemory(_ memory: Bytes, under profile: HypervisorProfile) -> Bytes {
  memory - profile.hostMemoryReserve.reserve(memory: memory)
}
