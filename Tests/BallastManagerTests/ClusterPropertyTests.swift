import BallastManager
import BallastTestSupport
import BallastUnits
import Testing

/// What holds for every placement and balancing policy of the catalogs, on random clusters.
struct ClusterPropertyTests {
  static let seeds = testSeeds(usual: 300)

  /// Sums, lists and rule counts of an inventory that has been changed at random equal those of one booked anew, in
  /// any order.
  @Test(arguments: seeds) func sumsEqualARecount(seed: UInt64) {
    var inventory = RandomCluster.make(seed)
    var random = SeededGenerator(seed: seed &+ 1)
    guard !inventory.vms.isEmpty else { return }
    for _ in 0..<40 {
      let vm = Int(random.integer(0...Int64(inventory.vms.count - 1)))
      let host = Int(random.integer(0...Int64(inventory.hosts.count - 1)))
      switch random.integer(0...3) {
      case 0: inventory.remove(vm)
      case 1: inventory.move(vm, to: host)
      case 2: inventory.note(vm, cpuDemand: random.integer(0...9_000_000), memoryDemand: nil)
      default: inventory.change(vm) { $0.cpuReservation = random.integer(0...500_000) }
      }
    }
    #expect(inventory == RandomCluster.recounted(inventory, &random), "\(replay(seed))")
    for host in inventory.hosts.indices {
      let on = inventory.vms.indices.filter { inventory.vms[$0].host == host }
      #expect(inventory.vms(on: host) == on, "\(replay(seed))")
      let demand = on.reduce(Int64(0)) { $0 + inventory.cpuDemand(of: $1, on: host) }
      #expect(inventory.hosts[host].use.cpuDemand == demand, "\(replay(seed))")
    }
  }

  /// No policy puts a VM on a host that is not on, or breaks a must rule or a reservation; and what a policy says of
  /// refused hosts covers them all.
  @Test(arguments: seeds) func placementKeepsRulesAndCharges(seed: UInt64) {
    let cluster = RandomCluster.make(seed)
    for entry in placementCatalog {
      var inventory = cluster
      for vm in inventory.vms.indices where inventory.vms[vm].host == nil {
        let decision = entry.make().place(
          inventory.request(for: vm, mustFitCharge: true), in: inventory)
        if let host = decision.host {
          #expect(inventory.hosts[host].state == .on)
          inventory.place(vm, on: host)
        } else {
          let refused = decision.refusals
          #expect(
            refused.notOn + refused.rule + refused.cpu + refused.memory == inventory.hosts.count)
        }
      }
      #expect(RandomCluster.keepsMustRules(inventory), "\(entry.name) \(replay(seed))")
      #expect(RandomCluster.keepsCharges(inventory), "\(entry.name) \(replay(seed))")
    }
  }

  /// After each single move of each balancing policy must rules and reservations hold; VMs leave and reach hosts that
  /// are on, and the last state is the one the policy left.
  @Test(arguments: seeds) func movesKeepRulesAndCharges(seed: UInt64) {
    let cluster = RandomCluster.make(seed)
    // A quarter of the variants per seed, the next quarter for the next.
    for (index, (entry, options)) in variants(seed).enumerated()
    where (UInt64(index) &+ seed) % 4 == 0 {
      var policy = entry.make(options)
      var (before, after) = (cluster, cluster)
      for step in 0..<12 {
        before = after
        let outcome = policy.balance(&after, at: .seconds(Int64(step) * 300))
        for host in outcome.powerOn { before.setState(.on, of: host) }
        var inUnit: [Int] = []
        for (index, move) in outcome.moves.enumerated() {
          #expect(before.vms[move.vm].host == move.from && move.from != move.to)
          #expect(before.vms[move.vm].isMovable && before.hosts[move.to].state == .on)
          before.move(move.vm, to: move.to)
          inUnit.append(move.vm)
          let rest = before.rules.unit(of: move.vm).filter { before.vms[$0].host == move.from }
          let isWhole = index + 1 == outcome.moves.count || rest.isEmpty
          guard isWhole else { continue }
          #expect(RandomCluster.keepsMustRules(before), "\(entry.name) \(replay(seed))")
          #expect(RandomCluster.keepsCharges(before), "\(entry.name) \(replay(seed))")
        }
        for host in outcome.powerOff {
          #expect(before.vms(on: host).isEmpty, "\(entry.name) \(replay(seed))")
          before.setState(.standby, of: host)
        }
        #expect(before.hosts == after.hosts, "\(entry.name) \(replay(seed))")
      }
    }
  }

  /// Applied and asked again, on the same cluster, these policies move nothing.
  @Test(arguments: seeds) func decidingTwiceMovesNothing(seed: UInt64) {
    for (name, usesScores) in [("drs", false), ("drs", true), ("ads", false)] {
      var cluster = RandomCluster.make(seed)
      var policy = balancing(
        name, BalancingOptions(threshold: 5, usesScores: usesScores))
      _ = policy.balance(&cluster, at: .seconds(60))
      let again = policy.balance(&cluster, at: .seconds(3_660))
      #expect(again.moves.isEmpty, "\(name) \(replay(seed))")
    }
  }

  /// Consolidation at a fixed threshold comes to rest: with demand as it is, some decision is the last that moves.
  @Test(arguments: seeds) func consolidationComesToRest(seed: UInt64) {
    var cluster = RandomCluster.make(seed)
    var policy = balancing("consolidation", BalancingOptions())
    var moved = 0
    for step in 0..<20 {
      moved = policy.balance(&cluster, at: .seconds(Int64(step) * 300)).moves.count
    }
    #expect(moved == 0, "\(replay(seed))")
  }

  /// The weighted sum of variances falls with every move of the deviation form. Where neither resource is overcommitted
  /// both weigh 1: the sum of squared deviations, rounded down each, may not rise by more than that rounding.
  @Test(arguments: seeds) func imbalanceNeverRises(seed: UInt64) {
    var cluster = RandomCluster.make(seed, allOn: true)
    let fastest = cluster.hosts.map(\.coreRate).max() ?? 0
    let placed = cluster.vms.filter { $0.host != nil }
    let cpu =
      placed.reduce(Int64(0)) { $0 + $1.cpuDemand(at: fastest) }
      - cluster.hosts.reduce(Int64(0)) { $0 + $1.cpuCapacity }
    let memory =
      placed.reduce(Int64(0)) { $0 + $1.memoryDemand }
      - cluster.hosts.reduce(Int64(0)) { $0 + $1.memoryCapacity }
    let (cpuWeight, memoryWeight) = (
      cpu > 0 && memory <= 0 ? 3.0 : 1, memory > 0 && cpu <= 0 ? 3.0 : 1
    )
    func badness(_ imbalance: Imbalance) -> Double {
      let (c, m) = (Double(imbalance.cpu.value), Double(imbalance.memory.value))
      return cpuWeight * c * c + memoryWeight * m * m
    }
    var policy = DeviationBalancing(threshold: 5)
    let outcome = policy.balance(&cluster, at: .zero)
    for move in outcome.moves where move.reason == .imbalance {
      guard let before = move.imbalanceBefore, let after = move.imbalanceAfter,
        let benefit = move.benefit, let cost = move.cost
      else {
        Issue.record("a move without arithmetic; \(replay(seed))")
        continue
      }
      let rounding = 8 * Double(before.cpu.value + before.memory.value + 2)
      #expect(badness(after) <= badness(before) + rounding, "\(replay(seed))")
      #expect(benefit > cost, "\(replay(seed))")
    }
  }

  /// The random clusters are worth something: every policy of the catalog finds work in some of them.
  @Test func everyPolicyMovesSomewhere() {
    for entry in balancingCatalog {
      let moved = (0..<60 as Range<UInt64>).contains { seed in
        var cluster = RandomCluster.make(seed)
        var policy = entry.make(BalancingOptions(threshold: 5))
        return (0..<12).contains { step in
          policy.balance(&cluster, at: .seconds(Int64(step) * 300)).moves.contains {
            $0.reason != .brokenRule
          }
        }
      }
      #expect(moved, "\(entry.name)")
    }
  }

  /// The order in which VMs came to their hosts changes no decision.
  @Test(arguments: seeds) func orderOfBookingIsIrrelevant(seed: UInt64) {
    let cluster = RandomCluster.make(seed)
    var random = SeededGenerator(seed: seed &+ 2)
    let other = RandomCluster.recounted(cluster, &random)
    for (entry, options) in variants(seed) {
      var (one, two) = (entry.make(options), entry.make(options))
      var (a, b) = (cluster, other)
      #expect(
        one.balance(&a, at: .zero) == two.balance(&b, at: .zero), "\(entry.name) \(replay(seed))")
    }
  }

  /// Maintenance: what has moved may be where it is, what has not is listed, and nothing else happens.
  @Test(arguments: seeds) func evacuationLeavesOnlyTheListed(seed: UInt64) {
    for entry in placementCatalog {
      var cluster = RandomCluster.make(seed)
      cluster.setState(.maintenance, of: 0)
      let evacuation = Evacuation(of: 0, in: &cluster, by: entry.make())
      #expect(evacuation.stranded.map(\.vm).sorted() == cluster.vms(on: 0), "\(replay(seed))")
      #expect(RandomCluster.keepsMustRules(cluster), "\(entry.name) \(replay(seed))")
      #expect(RandomCluster.keepsCharges(cluster), "\(entry.name) \(replay(seed))")
    }
  }

  /// Every policy, with every detector and selection.
  private func variants(_ seed: UInt64) -> [(BalancingCatalogEntry, BalancingOptions)] {
    balancingCatalog.flatMap { entry in
      switch entry.name {
      case "drs":
        return [false, true].map { (entry, BalancingOptions(threshold: 5, usesScores: $0)) }
      case "consolidation":
        return ["thr", "iqr", "mad", "lr"].flatMap { detector in
          ["mmt", "mc", "mu", "rs"].map { selection in
            (
              entry,
              BalancingOptions(
                detector: .standard(detector)!, selection: .standard(selection, seed: seed)!)
            )
          }
        }
      default:
        return [(entry, BalancingOptions(threshold: 5))]
      }
    }
  }

  private func balancing(_ name: String, _ options: BalancingOptions) -> any BalancingPolicy {
    balancingCatalog.first { $0.name == name }!.make(options)
  }
}
