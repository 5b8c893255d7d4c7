import BallastManager
import BallastModel
import BallastTestSupport
import BallastUnits
import Testing

/// What must hold of every decision, on random clusters with all options off, each on, and all on.
struct EntitlementPropertyTests {
  static let seeds = testSeeds(usual: 1_000)
  static let options: [EntitlementRules] = [
    .init(), .init(twoPass: true), .init(drsMemoryDemand: true), .init(scalableShares: true),
    .init(
      twoPass: true, drsMemoryDemand: true, scalableShares: true, refresh: .seconds(300)),
  ]

  /// A world of each seed, its options taken in turn.
  private func forEachWorld(
    hosts: Int? = nil, _ check: (EntitlementWorld, EntitlementWorld.Decided, Comment) -> Void
  ) {
    for seed in Self.seeds {
      let rules = Self.options[Int(seed % UInt64(Self.options.count))]
      let world = EntitlementWorld(seed: seed, hosts: hosts, rules: rules)
      check(world, world.decided(), "\(replay(seed)) --filter EntitlementPropertyTests")
    }
  }

  /// The fast solver gives every VM what exact fractions by recursion give it. So amounts add up to
  /// min(capacity, wants), nothing idles that is wanted, and floors and caps hold, as they do in the twin.
  @Test func everyHostEqualsTheSlowTwin() {
    forEachWorld { world, decided, note in
      for host in decided.plans.indices {
        let (cpu, _) = world.tree(of: host, decided.managers[host], cpu: true)
        #expect(
          decided.plans[host].cpuEntitlement
            == slowDivision(cpu, capacity: world.capacities[host].cpu).leaves, note)
        let (memory, ceilings) = world.tree(of: host, decided.managers[host], cpu: false)
        let capacity = world.capacities[host].memory
        let expected =
          world.rules.twoPass
          ? slowReservedDivision(memory, ceilings: ceilings, capacity: capacity)
          : slowDivision(memory, capacity: capacity).leaves
        #expect(decided.plans[host].memoryEntitlement == expected, note)
      }
    }
  }

  /// Said without the twin: Σ ≤ capacity, nobody above the cap (or ceiling, of what is reserved), and nobody below the
  /// floor unless some promise could not be kept.
  @Test func amountsAddUpWithinBounds() {
    forEachWorld { world, decided, note in
      for (host, plan) in decided.plans.enumerated() {
        let cpu = world.tree(of: host, decided.managers[host], cpu: true)
        let memory = world.tree(of: host, decided.managers[host], cpu: false)
        #expect(plan.cpuEntitlement.reduce(0, +) <= world.capacities[host].cpu, note)
        #expect(plan.memoryEntitlement.reduce(0, +) <= world.capacities[host].memory, note)
        let isShort = slowDivision(cpu.tree, capacity: world.capacities[host].cpu).isShort
        for (row, leaf) in cpu.tree.leaves.enumerated() {
          #expect((0...leaf.cap).contains(plan.cpuEntitlement[row]), note)
          #expect(isShort || plan.cpuEntitlement[row] >= leaf.floor, note)
        }
        for (row, leaf) in memory.tree.leaves.enumerated() {
          let most = world.rules.twoPass ? memory.ceilings[row] : leaf.cap
          #expect((0...most).contains(plan.memoryEntitlement[row]), note)
        }
      }
    }
  }

  /// The parts that hosts have of a pool add up to it: reservation, limit, and shares in thousandths.
  @Test func partsOfPoolsAddUp() {
    forEachWorld { world, decided, note in
      for (index, pool) in decided.cluster.tree.pools.enumerated().dropFirst() {
        let parts = decided.managers.flatMap { $0.pools.filter { $0.pool == index } }
        if parts.isEmpty { continue }
        #expect(
          parts.reduce(0) { $0 + $1.cpuReservation } == pool.cpu.reservation.value, note)
        #expect(
          parts.reduce(0) { $0 + $1.memoryReservation } == pool.memory.reservation.value, note)
        if let limit = pool.cpu.limit {
          #expect(parts.reduce(0) { $0 + $1.cpuLimit } == limit.value, note)
        }
        if !world.rules.scalableShares {
          #expect(parts.reduce(0) { $0 + $1.cpuWeight } == 1_000 * pool.cpuWeight, note)
          #expect(parts.reduce(0) { $0 + $1.memoryWeight } == 1_000 * pool.memoryWeight, note)
        }
      }
    }
  }

  /// More shares never bring a VM less, but for the one unit that rounding may move.
  @Test func moreSharesNeverHurt() {
    forEachWorld(hosts: 1) { world, decided, note in
      var more = world
      let vm = world.vms.count / 2
      more.vms[vm].settings.cpuWeight *= 3
      more.vms[vm].settings.memoryWeight *= 3
      let (before, after) = (decided.entitlement(vm, of: 0), more.decided().entitlement(vm, of: 0))
      // With scalable shares the pools around it weigh more too, each of which is rounded.
      let slack: Int64 = world.rules.scalableShares ? 8 : 1
      #expect(after.cpu >= before.cpu - slack && after.memory >= before.memory - slack, note)
    }
  }

  /// Names in another order move nobody by more than the unit that is left over.
  @Test func orderMovesNobodyByMoreThanRounding() {
    forEachWorld(hosts: 1) { world, decided, note in
      var reversed = world
      reversed.vms.reverse()
      let again = reversed.decided()
      for vm in world.vms.indices {
        let (one, other) = (
          decided.entitlement(vm, of: 0), again.entitlement(world.vms.count - 1 - vm, of: 0)
        )
        // Two passes round twice.
        let slack: Int64 = world.rules.twoPass ? 2 : 1
        #expect(abs(one.cpu - other.cpu) <= 1 && abs(one.memory - other.memory) <= slack, note)
      }
    }
  }

  /// Deciding again with the same workspace, and dividing again, changes nothing.
  @Test func decidingTwiceChangesNothing() {
    forEachWorld { _, decided, note in
      var (cluster, managers) = (decided.cluster, decided.managers)
      let workspace = DecisionWorkspace()
      managers.withUnsafeMutableBufferPointer { managers in
        for _ in 0..<2 {
          cluster.divide(decided.seen, among: managers)
          for host in managers.indices {
            var plan = HostPlan()
            managers[host].decide(decided.seen[host], into: &plan, workspace: workspace)
            #expect(plan == decided.plans[host], note)
          }
        }
      }
    }
  }
}
