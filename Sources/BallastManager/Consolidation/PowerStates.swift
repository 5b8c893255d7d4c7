import BallastUnits

/// Which hosts are awake while a policy thinks, and whether another may sleep.
struct PowerStates {
  private(set) var isAwake: [Bool]
  private(set) var hostsThatFellAsleep: [Int] = []
  private let reserve: FailoverReserve
  private let hostsOnMin: Int
  /// Where slots are kept: what the VMs count for. Policies move VMs, so it stays as it is.
  private var tally = FailoverTally()

  init(_ inventory: ClusterInventory, _ reserve: FailoverReserve, hostsOnMin: Int) {
    isAwake = inventory.hosts.map { $0.state == .on }
    self.reserve = reserve
    self.hostsOnMin = max(1, hostsOnMin)
    guard let slots else { return }
    for vm in inventory.vms where vm.host != nil {
      let charge = Charge(cpu: vm.cpuReservation, memory: vm.memoryCharge)
      tally.add(FailoverVM(charge: charge), under: slots)
    }
  }

  private var slots: FailoverPolicy? {
    reserve.slots.map { .slots(tolerate: $0.tolerate, fixed: $0.fixed) }
  }

  /// False: it was awake already.
  mutating func wake(_ host: Int) -> Bool {
    guard !isAwake[host] else { return false }
    isAwake[host] = true
    return true
  }

  /// The others would be enough in number, and leave the reserve free beside all that is reserved, or have the slots,
  /// also for the VMs this host still has. O(hosts), with slots O(hosts · log hosts).
  func maySleep(_ host: Int, _ inventory: ClusterInventory) -> Bool {
    if inventory.hosts[host].isKeptForFailures { return false }
    var (count, cpu, memory) = (0, Int128(0), Int128(0))
    for other in isAwake.indices where isAwake[other] {
      let row = inventory.hosts[other]
      cpu -= Int128(row.use.cpuReserved)
      memory -= Int128(row.use.memoryReserved)
      guard other != host else { continue }
      count += 1
      cpu += Int128(row.cpuCapacity)
      memory += Int128(row.memoryCapacity)
    }
    return count >= hostsOnMin && cpu >= Int128(reserve.cpu) && memory >= Int128(reserve.memory)
      && hasSlots(without: host, inventory)
  }

  private func hasSlots(without host: Int, _ inventory: ClusterInventory) -> Bool {
    guard let slots else { return true }
    let hosts = inventory.hosts.enumerated().map { other, row in
      FailoverHost(
        name: "", capacity: Charge(cpu: row.cpuCapacity, memory: row.memoryCapacity),
        isAvailable: isAwake[other] && other != host)
    }
    return FailoverPlanner(policy: slots).status(hosts: hosts, tally: tally).isSatisfied
  }

  /// False: it may not.
  mutating func sleep(_ host: Int, _ inventory: ClusterInventory) -> Bool {
    guard isAwake[host], maySleep(host, inventory) else { return false }
    isAwake[host] = false
    hostsThatFellAsleep.append(host)
    return true
  }
}
