import BallastManager
import BallastTestSupport

/// Small clusters with everything in them: sizes, reservations, rules, unknown demand, hosts in every state.
enum RandomCluster {
  static func make(_ seed: UInt64, allOn: Bool = false) -> ClusterInventory {
    var random = SeededGenerator(seed: seed)
    let hostCount = Int(random.integer(2...7))
    let vmCount = Int(random.integer(0...24))
    let hosts = (0..<hostCount).map { _ in
      ClusterInventory.Host(
        state: allOn || !random.isHit(oneIn: 5)
          ? .on : [.failed, .maintenance, .standby, .off][Int(random.integer(0...3))],
        cpuCapacity: random.integer(4...16) * 1_000_000,
        coreRate: random.integer(1...3) * 1_000_000, memoryCapacity: random.integer(8...64) << 30,
        power: PowerCurve(milliwatts: [80_000 + random.integer(0...20_000), 160_000]))
    }
    let vms = (0..<vmCount).map { _ in
      let vcpus = random.integer(1...4)
      let memory = random.integer(1...8) << 30
      return ClusterInventory.VM(
        vcpus: vcpus, memory: memory,
        cpuReservation: random.isHit(oneIn: 3) ? random.integer(0...1_000_000) : 0,
        cpuLimit: random.isHit(oneIn: 5) ? 1_500_000 : .max,
        memoryReservation: random.isHit(oneIn: 3) ? memory / 2 : 0,
        overhead: random.integer(0...100) << 20, isMovable: !random.isHit(oneIn: 8),
        cpuDemand: random.isHit(oneIn: 6) ? nil : random.integer(0...(vcpus * 2_000_000)),
        memoryDemand: random.isHit(oneIn: 6) ? nil : random.integer(0...memory))
    }
    var inventory = ClusterInventory(
      hosts: hosts, vms: vms,
      rules: PlacementRules(
        rules(hostCount: hostCount, vmCount: vmCount, &random), vmCount: vmCount))
    // By chance, not by policy: loads are uneven; must rules and charges hold.
    for vm in 0..<vmCount {
      let allowed = inventory.hosts.indices.filter { host in
        let room = hosts[host].memoryCapacity
        let use = inventory.hosts[host].use
        return inventory.hosts[host].state == .on
          && !inventory.rules.verdict(vm, on: host).breaksMust
          && use.memoryReserved + inventory.vms[vm].memoryCharge <= room
          && use.cpuReserved + inventory.vms[vm].cpuReservation <= hosts[host].cpuCapacity
      }
      if allowed.isEmpty { continue }
      let few = min(allowed.count, Int(random.integer(1...Int64(allowed.count))))
      inventory.place(vm, on: allowed[Int(random.integer(0...Int64(few - 1)))])
    }
    return inventory
  }

  private static func rules(
    hostCount: Int, vmCount: Int, _ random: inout SeededGenerator
  ) -> [PlacementRules.Rule] {
    guard vmCount > 0 else { return [] }
    return (0..<random.integer(0...4)).map { _ in
      let members = (0..<random.integer(2...4)).map { _ in
        Int(random.integer(0...Int64(vmCount - 1)))
      }
      let hosts = (0..<hostCount).filter { _ in random.isHit(oneIn: 2) }
      let strength: PlacementRules.Strength = random.isHit(oneIn: 2) ? .must : .should
      return switch random.integer(0...3) {
      case 0: .together(members, strength)
      case 1: .apart(members, strength)
      case 2: .onHosts(vms: members, hosts: hosts, strength)
      default: .notOnHosts(vms: members, hosts: hosts, strength)
      }
    }
  }

  /// Every placed VM's host breaks none of its must rules, by looking at pairs.
  static func keepsMustRules(_ inventory: ClusterInventory) -> Bool {
    func host(_ vm: Int) -> Int? { inventory.vms[vm].host }
    return inventory.rules.rules.allSatisfy { rule in
      guard rule.strength == .must else { return true }
      switch rule {
      case .together(let vms, _):
        let hosts = vms.compactMap(host)
        return hosts.allSatisfy { $0 == hosts[0] }
      case .apart(let vms, _):
        return vms.allSatisfy { a in
          vms.allSatisfy { b in a == b || host(a) == nil || host(a) != host(b) }
        }
      case .onHosts(let vms, let hosts, _):
        return vms.compactMap(host).allSatisfy { hosts.contains($0) }
      case .notOnHosts(let vms, let hosts, _):
        return !vms.compactMap(host).contains { hosts.contains($0) }
      }
    }
  }

  static func keepsCharges(_ inventory: ClusterInventory) -> Bool {
    inventory.hosts.allSatisfy {
      $0.use.cpuReserved <= $0.cpuCapacity && $0.use.memoryReserved <= $0.memoryCapacity
    }
  }

  /// The same hosts and VMs booked anew, one by one, in any order.
  static func recounted(_ inventory: ClusterInventory, _ random: inout SeededGenerator)
    -> ClusterInventory
  {
    var empty = inventory
    for vm in empty.vms.indices { empty.remove(vm) }
    var left = Array(inventory.vms.indices)
    while !left.isEmpty {
      let vm = left.remove(at: Int(random.integer(0...Int64(left.count - 1))))
      if let host = inventory.vms[vm].host { empty.place(vm, on: host) }
    }
    return empty
  }
}
