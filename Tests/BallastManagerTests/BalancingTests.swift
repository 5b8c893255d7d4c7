import BallastManager
import BallastUnits
import Testing

/// Hosts of 10 GHz (cores of 1 GHz) and 100 GiB; VMs of 4 vCPUs and 1 GiB that use all their memory.
struct BalancingTests {
  /// - Parameter demands: MHz of each VM, host by host.
  private func cluster(
    _ demands: [[Int64]], rules: [PlacementRules.Rule] = [], memory: Int64 = 1
  ) -> ClusterInventory {
    let vms = demands.enumerated().flatMap { host, demands in
      demands.map {
        ClusterInventory.VM(
          host: host, vcpus: 4, memory: memory << 30, cpuDemand: $0 * 1_000, memoryDemand: 1 << 30)
      }
    }
    return ClusterInventory(
      hosts: demands.map { _ in
        ClusterInventory.Host(
          cpuCapacity: 10_000_000, coreRate: 1_000_000, memoryCapacity: 100 << 30)
      }, vms: vms, rules: PlacementRules(rules, vmCount: vms.count))
  }

  /// Loads 0.6 and 0.2: mean 0.4, deviation 0.2. Moving 2 GHz evens them out: 0.4 and 0.4.
  /// Priority before: 6 − ⌈0.2 / 0.1 × √2⌉ = 6 − ⌈2.83⌉ = 3, which threshold 3 applies.
  /// Benefit: the fuller host gains 0.2 of a host, 200,000 ppm × 300,000 ms = 6 × 10¹⁰; its memory falls from 3 % to 2 %
  /// but the other's rises from 1 % to 2 %: 10,000 ppm × 300,000 ms = 3 × 10⁹. Cost: 1 GiB at 1.25 GB/s takes 859 ms;
  /// a core of 10 at both ends is 200,000 ppm × 859, downtime 200,000 × 300, memory twice 10,000 × 859.
  @Test func deviationFormEvensOut() {
    var inventory = cluster([[2_000, 2_000, 2_000], [2_000]])
    var drs = DeviationBalancing(threshold: 3)
    let outcome = drs.balance(&inventory, at: .zero)
    #expect(outcome.imbalanceBefore?.cpu == .percent(20))
    #expect(outcome.imbalanceAfter?.cpu == .zero)
    #expect(outcome.moves.map(\.vm) == [0] && outcome.moves.map(\.to) == [1])
    let move = outcome.moves[0]
    #expect(move.source.cpuBefore == 600_000 && move.source.cpuAfter == 400_000)
    #expect(move.target.cpuBefore == 200_000 && move.target.cpuAfter == 400_000)
    #expect(move.priority == 3 && move.threshold == 3)
    let benefit: Int64 = 60_000_000_000 + 3_000_000_000
    #expect(move.benefit == benefit)
    let cost: Int64 = 200_000 * 859 + 200_000 * 300 + 10_000 * 859
    #expect(move.cost == cost)
    #expect(outcome.next == .seconds(300))
  }

  /// The same deviation has priority 3: threshold 2 leaves it, threshold 1 is for rules only.
  @Test func thresholdHoldsBack() {
    for threshold in [1, 2] {
      var inventory = cluster([[2_000, 2_000, 2_000], [2_000]])
      var drs = DeviationBalancing(threshold: threshold)
      #expect(drs.balance(&inventory, at: .zero).moves.isEmpty)
    }
  }

  /// Eight hosts, deviation 0.1: 6 − ⌈0.1 / 0.1 × √8⌉ = 6 − 3 = 3. Loads 0.5 and 0.3, four each: the deviation is 0.1.
  @Test func priorityCountsHosts() {
    let even: [[Int64]] = [[2_500, 2_500], [1_500, 1_500]]
    let demands = [even, even, even, even].flatMap { $0 }
    var inventory = cluster(demands)
    var drs = DeviationBalancing(threshold: 2)
    #expect(drs.balance(&inventory, at: .zero).imbalanceBefore?.cpu == .percent(10))
    #expect(inventory == cluster(demands))
    let uneven: [[Int64]] = [[2_500, 2_500, 500], [2_500]]
    var small = cluster([uneven, uneven, uneven, uneven].flatMap { $0 })
    // 0.55 and 0.25: deviation 0.15, 0.15 / 0.1 × √8 = 4.24, priority 6 − 5 = 1, held at 2.
    let outcome = drs.balance(&small, at: .seconds(1))
    #expect(outcome.moves.first?.priority == 2)
  }

  /// A VM of 1 TB is copied for 859 s: a core of ten at both ends for that long outweighs 300 s of a fifth of a host.
  @Test func migrationMustPay() {
    var inventory = cluster([[2_000, 2_000, 2_000], [2_000]], memory: 1_000)
    var drs = DeviationBalancing(threshold: 5)
    #expect(drs.balance(&inventory, at: .zero).moves.isEmpty)
  }

  /// An hour ago host 1's VMs wanted 9 GHz, now nothing. Moving 4 GHz there would pass its 10 GHz at the worst demand,
  /// where the source has 8 at most; after an hour that is forgotten.
  @Test func movesDoNotHurtAtTheWorstRecentDemand() {
    var inventory = cluster([[4_000, 4_000], [0, 0, 0]])
    var drs = DeviationBalancing(threshold: 5)
    for vm in 2...4 { inventory.note(vm, cpuDemand: 3_000_000, memoryDemand: 1 << 30) }
    drs.observe(inventory, at: .zero)
    for vm in 2...4 { inventory.note(vm, cpuDemand: 0, memoryDemand: 1 << 30) }
    drs.observe(inventory, at: .seconds(300))
    var early = inventory
    #expect(drs.balance(&early, at: .seconds(600)).moves.isEmpty)
    #expect(drs.balance(&inventory, at: .seconds(3_600)).moves.first?.vm == 0)
  }

  /// VM 0 must not be with VM 3: VM 1 goes instead. VM 3 would not find room on host 0 either.
  @Test func mustRulesExclude() {
    var inventory = cluster(
      [[2_000, 2_000, 2_000], [2_000]], rules: [.apart([0, 3], .must)])
    var drs = DeviationBalancing(threshold: 3)
    #expect(drs.balance(&inventory, at: .zero).moves.map(\.vm) == [1])
  }

  /// VMs 0 and 1 must be together and are not together with VM 2 only: they go as one, 4 GHz from 0.6 to 0.2 + 0.4, which
  /// evens out nothing; VM 2 alone does.
  @Test func unitsMoveAsOne() {
    var inventory = cluster(
      [[2_000, 2_000, 2_000], [2_000]], rules: [.together([0, 1], .must)])
    var drs = DeviationBalancing(threshold: 3)
    #expect(drs.balance(&inventory, at: .zero).moves.map(\.vm) == [2])
    var four = cluster(
      [[1_500, 1_500, 3_000], []],
      rules: [.together([0, 1], .must), .onHosts(vms: [2], hosts: [0], .must)])
    let outcome = drs.balance(&four, at: .seconds(1))
    #expect(outcome.moves.map(\.vm) == [0, 1] && outcome.moves.map(\.to) == [1, 1])
  }

  /// Two VMs on host 0 that must be apart: one leaves at once, whatever the threshold.
  @Test func brokenRulesAreMended() {
    for (name, usesScores) in [("drs", false), ("drs", true), ("ads", false)] {
      var inventory = cluster([[100, 100], []], rules: [.apart([0, 1], .must)])
      var policy = balancingCatalog.first { $0.name == name }!.make(
        BalancingOptions(threshold: 1, usesScores: usesScores))
      let outcome = policy.balance(&inventory, at: .zero)
      #expect(outcome.moves.map(\.reason) == [.brokenRule] && outcome.moves[0].priority == 1)
      #expect(inventory.vms[0].host == 1 && inventory.vms[1].host == 0)
    }
  }

  /// 16 of 10 GHz are wanted on host 0: each VM gets 62.5 %. On host 1, empty, VM 0 would get all: a gain of 37.5 points for
  /// 859 ms × 10 % / 300 s = 286 ppm. A second move would leave 8 and 8; the first leaves 12 of 10 still.
  @Test func scoreFormServesTheUnmet() {
    var inventory = cluster([[4_000, 4_000, 4_000, 4_000], []])
    var drs = ScoreBalancing()
    let outcome = drs.balance(&inventory, at: .zero)
    #expect(outcome.moves.map(\.vm) == [0, 1])
    #expect(outcome.moves[0].benefit == 375_000 && outcome.moves[0].cost == 286)
    #expect(outcome.next == .seconds(60))
  }

  /// Uneven, but everybody gets everything: nothing to gain.
  @Test func scoreFormLeavesContentVMsAlone() {
    var inventory = cluster([[4_000, 4_000], []])
    var drs = ScoreBalancing()
    #expect(drs.balance(&inventory, at: .zero).moves.isEmpty)
  }

  /// 9 of 10 GHz is above 85 %: an excess of 0.5 GHz. VM 1 (1 GHz) and VM 0 (4 GHz) cover it with equal memory: the
  /// earlier name goes. A host at 8.4 GHz is left alone, and the next look is after 30 minutes, else 15.
  @Test func adsRelievesContendedHostsOnly() {
    var inventory = cluster([[4_000, 1_000, 4_000], [4_000, 4_000, 400], []])
    var ads = ContentionBalancing()
    let outcome = ads.balance(&inventory, at: .zero)
    #expect(outcome.moves.map(\.vm) == [0] && outcome.moves.map(\.to) == [2])
    #expect(outcome.moves[0].threshold == 850_000 && outcome.next == .seconds(1_800))
    #expect(ads.balance(&inventory, at: .seconds(1_800)).next == .seconds(2_700))
  }

  /// Work grows like moves × VMs of a host, not like VMs × hosts: from 100 to 1,000 hosts of 20 VMs, a tenth of them hot,
  /// moves grow tenfold and the work per move no more than the levels of a tree of hosts, from 7 to 10.
  @Test func workGrowsWithMoves() {
    func perMove(_ hosts: Int) -> (moves: Int, work: Int) {
      var demands: [[Int64]] = []
      for host in 0..<hosts {
        demands.append(
          (0..<20).map { vm -> Int64 in
            let usual = 200 + (host * 7 + vm * 13) % 50
            return Int64(host % 10 == 0 ? 480 : usual)
          })
      }
      var inventory = cluster(demands)
      var drs = DeviationBalancing(threshold: 5)
      let outcome = drs.balance(&inventory, at: .zero)
      return (outcome.moves.count, outcome.work)
    }
    let (small, large) = (perMove(100), perMove(1_000))
    #expect(large.moves > 5 * small.moves && large.moves < 20 * small.moves)
    #expect(
      large.work * small.moves * 7 <= small.work * large.moves * 10,
      "\(small) then \(large)")
  }
}
