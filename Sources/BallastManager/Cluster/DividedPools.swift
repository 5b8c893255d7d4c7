import BallastModel
import BallastUnits

/// Every pool's reservation, limit and shares divided over the hosts of its cluster.
struct DividedPools {
  /// Weights on a host are thousandths of shares: in whole shares a pool with 1 share would weigh nothing on all hosts
  /// but one, and its VMs there would starve. Σ weights still fits 63 bits at a million VMs of 10⁹ shares.
  static let weightPerShare: Int64 = 1_000

  /// What a pool's VMs claim on each host.
  struct Claims {
    private let hostCount: Int
    private var entitlement: [Int64]
    private var size: [Int64]
    private var vms: [Int64]

    init(poolCount: Int, hostCount: Int) {
      self.hostCount = hostCount
      entitlement = [Int64](repeating: 0, count: poolCount * hostCount)
      size = entitlement
      vms = entitlement
    }

    mutating func add(pool: Int, host: Int, entitlement: Int64, size: Int64) {
      self.entitlement[pool * hostCount + host] += entitlement
      self.size[pool * hostCount + host] += size
      vms[pool * hostCount + host] += 1
    }

    func hasVMs(pool: Int, host: Int) -> Bool { vms[pool * hostCount + host] > 0 }

    /// Weights of the hosts: entitlement, or size while all the pool's VMs are idle.
    func weights(pool: Int) -> [Int64] {
      let range = pool * hostCount..<(pool + 1) * hostCount
      let entitled = Array(entitlement[range])
      return entitled.contains { $0 > 0 } ? entitled : Array(size[range])
    }
  }

  struct Parts {
    var reservation: [Int64]
    var limit: [Int64]
    var weight: [Int64]
  }

  let cpu: [Parts]
  let memory: [Parts]
  private let claims: Claims

  init(tree: PoolTree, cpu: Claims, memory: Claims, hostCount: Int) {
    claims = cpu
    func parts(_ weights: [Int64], reservation: Int64, limit: Int64?, shares: Int64) -> Parts {
      Parts(
        reservation: apportion(reservation, by: weights),
        limit: limit.map { apportion($0, by: weights) }
          ?? [Int64](repeating: .max, count: hostCount),
        weight: apportion(shares * Self.weightPerShare, by: weights))
    }
    self.cpu = tree.pools.enumerated().map { index, pool in
      parts(
        cpu.weights(pool: index), reservation: pool.cpu.reservation.value,
        limit: pool.cpu.limit?.value, shares: pool.cpuWeight)
    }
    self.memory = tree.pools.enumerated().map { index, pool in
      parts(
        memory.weights(pool: index), reservation: pool.memory.reservation.value,
        limit: pool.memory.limit?.value, shares: pool.memoryWeight)
    }
  }

  func isPresent(pool: Int, host: Int) -> Bool {
    pool == 0 || claims.hasVMs(pool: pool, host: host)
  }
}

extension ResourceManager {
  /// Takes this host's part of the divided pools; pools without a VM here are left out.
  mutating func take(_ divided: DividedPools, host: Int, tree: PoolTree) {
    var positions = [Int](repeating: 0, count: tree.pools.count)
    pools.removeAll(keepingCapacity: true)
    for (index, pool) in tree.pools.enumerated()
    where divided.isPresent(pool: index, host: host) {
      positions[index] = pools.count
      pools.append(
        PoolShare(
          pool: index, parent: pool.parent < 0 ? -1 : positions[pool.parent],
          cpuReservation: divided.cpu[index].reservation[host],
          cpuLimit: divided.cpu[index].limit[host], cpuWeight: divided.cpu[index].weight[host],
          memoryReservation: divided.memory[index].reservation[host],
          memoryLimit: divided.memory[index].limit[host],
          memoryWeight: divided.memory[index].weight[host]))
    }
    for index in vms.indices { poolPositions[index] = positions[row(index).settings.pool] }
  }
}
