import BallastModel
import BallastTestSupport
import BallastUnits
import Testing

@testable import BallastMachine
@testable import BallastManager
@testable import BallastSimulator

/// Whatever happens to hosts and VMs, under any policy: the books agree with the machine, promises hold, and the events
/// tell one story that the rows confirm.
struct OperationsPropertyTests {
  @Test(arguments: testSeeds(usual: 200))
  func operationsLeaveBooksRowsAndEventsInAgreement(seed: UInt64) throws {
    var maker = RandomOperations(seed: seed)
    let world = maker.world()
    let story = OperationsStory(world)
    let simulation = try Simulation(world, sink: story)
    var books = Books(simulation)
    let record = try simulation.run(shouldStop: {
      books.check(simulation)
      return false
    })
    let end = SimTime(world.duration.value)
    story.end(at: end)
    books.check(simulation)
    #expect(books.faults == [], "\(replay(seed))")
    #expect(story.faults == [], "\(replay(seed))")
    let isDedicated = world.policies.failover.policy == "dedicated"
    for (index, spec) in world.vms.enumerated() {
      if isDedicated, let host = simulation.machine.host(of: VMIndex(index)) {
        let cluster = simulation.clusters[spec.cluster]
        let isKept = world.clusters[spec.cluster].dedicatedHosts.contains(
          cluster.position(of: host))
        let how = story.vms[spec.name]!.arrival
        #expect(
          !isKept || how.hasPrefix("restart"),
          "\(spec.name) came to a host kept for failures by \(how): \(replay(seed))")
      }
      let (life, told) = (simulation.lives[VMIndex(index)], story.vms[spec.name]!)
      #expect(life.migrations == told.migrations, "\(spec.name): \(replay(seed))")
      #expect(life.restarts == told.restarts, "\(spec.name): \(replay(seed))")
      let downtime = Double(simulation.lives.downtime(of: VMIndex(index), upTo: end).value) / 1e6
      // The events say when with whole milliseconds.
      #expect(
        abs(downtime - told.downtime) <= 2 * Double(told.pieces) + 0.001,
        "\(spec.name): \(replay(seed))")
    }
    try everybodyLeaves(simulation, seed: seed)

    for threads in 1...3 {
      let again = OperationsStory(world)
      let other = try Simulation(world, sink: again, threads: threads).run()
      #expect(other.digest == record.digest, "\(threads) threads: \(replay(seed))")
      #expect(again.cells == story.cells, "\(threads) threads: \(replay(seed))")
    }
  }

  /// When all VMs are powered off, nothing is held but what pools reserve for themselves.
  private func everybodyLeaves(_ simulation: Simulation, seed: UInt64) throws {
    for vm in simulation.world.vms.indices { try simulation.stop(VMIndex(vm)) }
    for cluster in simulation.clusters {
      let pools = cluster.director.pools
      #expect(pools.cpu == pools.cpu.withPoolsOnly, "\(replay(seed))")
      #expect(pools.memory == pools.memory.withPoolsOnly, "\(replay(seed))")
      for host in cluster.director.inventory.hosts {
        #expect(host.use == ClusterInventory.HostUse(), "\(replay(seed))")
      }
    }
    for host in simulation.world.hosts.indices {
      #expect(simulation.machine.vmCount(on: HostIndex(host)) == 0, "\(replay(seed))")
      #expect(simulation.machine.memoryConsumed(on: HostIndex(host)) == .zero, "\(replay(seed))")
      #expect(simulation.migrations.arriving(at: HostIndex(host)) == 0, "\(replay(seed))")
    }
  }
}

/// What the cluster has booked, against the machine and against what it may promise.
private struct Books {
  private(set) var faults: [String] = []
  /// Clusters whose pools were promised too much from the start.
  private let wasShort: [Bool]

  init(_ simulation: Simulation) {
    wasShort = simulation.clusters.map { $0.director.admissionState != .green }
  }

  mutating func check(_ simulation: Simulation) {
    for (index, cluster) in simulation.clusters.enumerated() {
      check(cluster, of: simulation, wasShort: wasShort[index])
    }
  }

  private mutating func check(
    _ cluster: ClusterControl, of simulation: Simulation, wasShort: Bool
  ) {
    let director = cluster.director
    let inventory = director.inventory
    for (position, vm) in cluster.vms.enumerated() {
      let runs = simulation.machine.host(of: vm)
      let goes = simulation.migrations.migration(of: vm)
      let booked = inventory.vms[position].host.map { cluster.hosts[$0] }
      fault(
        unless: booked == (goes?.to ?? runs) && (goes == nil || goes?.from == runs),
        simulation, "\(vm) is booked on \(booked as Any), runs on \(runs as Any)")
    }
    let isStrict = simulation.world.policies.admission.policy == "strict"
    for (position, host) in inventory.hosts.enumerated() {
      var use = ClusterInventory.HostUse()
      for vm in inventory.vms where vm.host == position {
        use.add(vm, coreRate: host.coreRate, sign: 1)
      }
      fault(unless: use == host.use, simulation, "\(position): sums are not those of its VMs")
      guard isStrict else { continue }
      fault(
        unless: use.cpuReserved <= host.cpuCapacity && use.memoryReserved <= host.memoryCapacity,
        simulation,
        "host \(position) promises \(use.cpuReserved) of \(host.cpuCapacity) kHz, "
          + "\(use.memoryReserved) of \(host.memoryCapacity) B")
    }
    checkStates(cluster, simulation)
    checkRules(inventory, simulation)
    if isStrict { checkPools(cluster, simulation, wasShort: wasShort) }
  }

  /// What rows show of a host, what the cluster books it as, and whether it is empty when it must be.
  private mutating func checkStates(_ cluster: ClusterControl, _ simulation: Simulation) {
    for (position, host) in cluster.hosts.enumerated() {
      let shown = simulation.lives.hosts[host.int]
      let booked = cluster.director.inventory.hosts[position].state
      let goesOff = simulation.goingOff.contains(host)
      let isEmpty =
        simulation.machine.vmCount(on: host) == 0 && simulation.migrations.arriving(at: host) == 0
      let isRight =
        switch booked {
        case .on: shown == .on && !goesOff
        case .standby: shown == (goesOff ? .on : .off) && isEmpty != goesOff
        case .failed: shown == .failed && isEmpty && !goesOff
        case .maintenance: shown == .maintenance && !goesOff
        case .off: false
        }
      let name = simulation.name(host)
      fault(
        unless: isRight, simulation,
        "\(name) is \(shown), booked \(booked), goes off \(goesOff), empty \(isEmpty)")
      let isUp = simulation.machine.cpuCapacity(of: host) > .zero
      fault(
        unless: isUp == (shown == .on || (shown == .maintenance && !isEmpty)), simulation,
        "\(name) is \(shown), empty \(isEmpty), and up \(isUp)")
    }
  }

  private mutating func checkRules(_ inventory: ClusterInventory, _ simulation: Simulation) {
    for rule in inventory.rules.rules {
      func hosts(_ vms: [Int]) -> [Int] { vms.compactMap { inventory.vms[$0].host } }
      let holds =
        switch rule {
        case .together(let vms, .must): Set(hosts(vms)).count <= 1
        case .apart(let vms, .must): Set(hosts(vms)).count == hosts(vms).count
        case .onHosts(let vms, let allowed, .must): hosts(vms).allSatisfy(allowed.contains)
        case .notOnHosts(let vms, let out, .must): !hosts(vms).contains(where: out.contains)
        default: true
        }
      fault(unless: holds, simulation, "\(rule) is broken")
    }
  }

  /// held(p) = Σ charges of its VMs + Σ taken(c) of its pools, counted anew; nobody holds more than it may unless
  /// hosts are lost, or VMs have started again.
  private mutating func checkPools(
    _ cluster: ClusterControl, _ simulation: Simulation, wasShort: Bool
  ) {
    let director = cluster.director
    for resource in AdmissionResource.allCases {
      let ledger = director.pools[resource].pools
      var held = [Int128](repeating: 0, count: ledger.count)
      for (position, vm) in cluster.vms.enumerated()
      where director.inventory.vms[position].host != nil {
        let pool = cluster.manager.tree.index(of: simulation.world.vms[vm.int].pool)!
        let row = director.inventory.vms[position]
        held[pool] += Int128(resource == .cpu ? row.cpuReservation : row.memoryCharge)
      }
      for pool in ledger.indices.reversed() where ledger[pool].parent >= 0 {
        let own = Int128(ledger[pool].reservation)
        held[ledger[pool].parent] += ledger[pool].isExpandable ? max(own, held[pool]) : own
      }
      fault(unless: held == ledger.map(\.held), simulation, "\(resource) held \(held)")
    }
    let hasAll = director.inventory.hosts.allSatisfy { $0.state == .on || $0.state == .standby }
    // Restarts may use what is kept for failures, and others may have come before them.
    let hasRestarted = cluster.vms.contains { simulation.lives[$0].restarts > 0 }
    if hasAll, !wasShort, !hasRestarted {
      fault(
        unless: director.admissionState == .green, simulation,
        "all hosts are there and promises are broken: \(director.pools.problems)")
    }
  }

  private mutating func fault(
    unless holds: Bool, _ simulation: Simulation, _ what: @autoclosure () -> String
  ) {
    if !holds, faults.count < 8 { faults.append("\(simulation.now): \(what())") }
  }
}
