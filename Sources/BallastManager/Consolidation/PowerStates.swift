/// Which hosts are awake while a policy thinks, and whether another may sleep.
struct PowerStates {
  private(set) var isAwake: [Bool]
  private(set) var hostsThatFellAsleep: [Int] = []
  private let reserve: FailoverReserve
  private let hostsOnMin: Int

  init(_ inventory: ClusterInventory, _ reserve: FailoverReserve, hostsOnMin: Int) {
    isAwake = inventory.hosts.map { $0.state == .on }
    self.reserve = reserve
    self.hostsOnMin = max(1, hostsOnMin)
  }

  /// False: it was awake already.
  mutating func wake(_ host: Int) -> Bool {
    guard !isAwake[host] else { return false }
    isAwake[host] = true
    return true
  }

  /// The others would be enough in number, and leave the reserve free beside all that is reserved, also for the VMs
  /// this host still has.
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
  }

  /// False: it may not.
  mutating func sleep(_ host: Int, _ inventory: ClusterInventory) -> Bool {
    guard isAwake[host], maySleep(host, inventory) else { return false }
    isAwake[host] = false
    hostsThatFellAsleep.append(host)
    return true
  }
}
