import BallastManager
import BallastModel
import BallastTestSupport
import BallastUnits
import Testing

/// Explanations say what was decided, and levers do what they promise.
struct ExplanationPropertyTests {
  private static let names = ExplanationNames(
    hosts: ["h0", "h1", "h2"], vm: "vm", pools: (0...7).map { "pool\($0)" })

  private func forEachExplanation(
    seeds: [UInt64],
    _ check: (
      EntitlementWorld, EntitlementWorld.Decided, Int, EntitlementExplanation, Comment
    ) -> Void
  ) throws {
    for seed in seeds {
      let options = EntitlementPropertyTests.options
      let world = EntitlementWorld(seed: seed, rules: options[Int(seed) % options.count])
      var decided = world.decided()
      let vm = Int(seed / 5) % world.vms.count
      for resource in EntitlementExplanation.Resource.allCases {
        let explanation = decided.managers.withUnsafeMutableBufferPointer {
          decided.cluster.explain(
            VMIndex(vm), on: world.vms[vm].host, resource, seen: decided.seen, hosts: $0,
            names: Self.names)
        }
        check(
          world, decided, vm, try #require(explanation),
          "\(replay(seed)) --filter ExplanationPropertyTests, \(resource)")
      }
    }
  }

  /// The amount explained is the amount granted; each level hands on what the one above got; nobody gets more than
  /// the cap, and whoever gets less is bound by something that says so.
  @Test func explainedIsWhatWasGranted() throws {
    try forEachExplanation(seeds: testSeeds(usual: 1_000)) { world, decided, vm, found, note in
      let granted = decided.entitlement(vm, of: world.vms[vm].host)
      let amount = found.resource == .cpu ? granted.cpu : granted.memory
      #expect(found.dynamicEntitlement == amount, note)
      #expect(found.levels.last?.kind == .vm && found.levels.last?.amount == amount, note)
      #expect(found.observedDemand != nil && !found.sentences().isEmpty, note)
      for (upper, lower) in zip(found.levels, found.levels.dropFirst())
      where upper.scope == lower.scope {
        // A host without pools divides its capacity, of which it may hand out less.
        #expect(lower.divided == upper.amount || upper.kind == .host, note)
        #expect(lower.amount <= lower.divided && lower.floor <= lower.cap, note)
        let isMet = lower.amount >= min(lower.cap, lower.wanted)
        let saysMet = ![.shares, .reservation, .shortfall].contains(lower.bound)
        #expect(isMet == saysMet, note)
      }
    }
  }

  /// Making the change that a lever names, in a world of its own, brings the VM exactly what the lever promises, which
  /// is more than it has.
  @Test func leversDoWhatTheyPromise() throws {
    let seeds = testSeeds(usual: 1_000)
    // A hundred decisions a lever: a third of the seeds.
    let fewer = seeds.count == 1 ? seeds : seeds.filter { $0 % 3 == 0 }
    try forEachExplanation(seeds: fewer) { world, _, vm, found, note in
      for lever in found.levers ?? [] where lever.change != .move {
        let changed = self.world(world, vm, found.resource, after: lever)
        let granted = changed.decided().entitlement(vm, of: world.vms[vm].host)
        let amount = found.resource == .cpu ? granted.cpu : granted.memory
        #expect(
          amount == lever.entitlement && amount > found.dynamicEntitlement, "\(note): \(lever)")
      }
    }
  }

  /// Between two divisions of the pools hosts keep parts that were made for other demands; an explanation is of what
  /// was granted with these.
  @Test func keptPartsAreExplained() throws {
    for seed in testSeeds(usual: 200) {
      var world = EntitlementWorld(seed: seed, rules: .init(refresh: .seconds(300)))
      let before = world.decided()
      for vm in world.vms.indices { world.vms[vm].demand = 1_000 * world.vms[vm].vcpus / 2 }
      var (cluster, managers) = (before.cluster, before.managers)
      let seen = world.seen
      let host = world.vms[0].host
      var plan = HostPlan()
      let found = managers.withUnsafeMutableBufferPointer { managers in
        cluster.divide(seen, among: managers)
        managers[host].decide(seen[host], into: &plan, workspace: DecisionWorkspace())
        return cluster.explain(
          VMIndex(0), on: host, .cpu, seen: seen, hosts: managers, names: Self.names,
          withLevers: false)
      }
      #expect(managers.map(\.pools) == before.managers.map(\.pools), "\(replay(seed))")
      #expect(found?.dynamicEntitlement == plan.cpuEntitlement[0], "\(replay(seed))")
      #expect(found?.levers == nil, "\(replay(seed))")
    }
  }

  private func world(
    _ world: EntitlementWorld, _ vm: Int, _ resource: EntitlementExplanation.Resource,
    after lever: EntitlementLever
  ) -> EntitlementWorld {
    var world = world
    let to = lever.to ?? 0
    switch (lever.change, resource) {
    case (.raiseLimit, .cpu): world.vms[vm].settings.cpuLimit = to
    case (.raiseLimit, .memory): world.vms[vm].settings.memoryLimit = to
    case (.raiseShares, .cpu): world.vms[vm].settings.cpuWeight = to
    case (.raiseShares, .memory): world.vms[vm].settings.memoryWeight = to
    case (.raiseReservation, .cpu): world.vms[vm].settings.cpuReservation = to
    case (.raiseReservation, .memory): world.vms[vm].settings.memoryReservation = to
    case (.addCapacity, .cpu): world.capacities[world.vms[vm].host].cpu = to
    case (.addCapacity, .memory): world.capacities[world.vms[vm].host].memory = to
    default:
      let path = lever.subject
      let index = Int(path.dropFirst(4))!
      world.change(pool: index) { pool in
        switch (lever.change, resource) {
        case (.raisePoolLimit, .cpu): pool.cpu.limit = Kilohertz(to)
        case (.raisePoolLimit, .memory): pool.memory.limit = Bytes(to)
        case (.raisePoolShares, .cpu): pool.cpu.shares = .number(to)
        case (.raisePoolShares, .memory): pool.memory.shares = .number(to)
        case (.raisePoolReservation, .cpu): pool.cpu.reservation = Kilohertz(to)
        default: pool.memory.reservation = Bytes(to)
        }
      }
    }
    return world
  }
}

extension EntitlementWorld {
  /// Changes the pool of an index in the flattened tree.
  fileprivate mutating func change(pool index: Int, _ edit: (inout PoolSpec) -> Void) {
    var next = 1
    func visit(_ pools: inout [PoolSpec]) {
      for position in pools.indices {
        if next == index { edit(&pools[position]) }
        next += 1
        visit(&pools[position].pools)
      }
    }
    visit(&pools)
  }
}
