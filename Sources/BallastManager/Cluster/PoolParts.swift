import BallastModel
import BallastUnits

/// Every pool's reservation, limit and shares divided over the hosts of its cluster, where it has VMs.
///
/// Rule      a host's part is in proportion to what the pool's VMs there are entitled to in the cluster, or to their size
///           while all the pool's VMs are idle.
/// Promises  the parts of a pool that has a VM add up · a host has parts of the pools that have a VM there, and the root.
/// Rounding  largest remainder, ties to the earlier host.
/// Cost      O(VMs × depth + pools + parts); allocates nothing once it has seen as many.
struct PoolParts: ~Copyable {
  /// Weights on a host are thousandths of shares: in whole shares a pool with 1 share would weigh nothing on all hosts
  /// but one, and its VMs there would starve. Σ weights still fits 63 bits at a million VMs of 10⁹ shares.
  static let weightPerShare: Int64 = 1_000

  /// One pool on one host.
  private struct Part {
    var pool: Int
    var host: Int
    var cpu = Claim()
    var memory = Claim()
  }

  /// What a pool's VMs claim on one host.
  struct Claim {
    var entitlement: Int64 = 0
    var size: Int64 = 0

    static func += (sum: inout Claim, claim: Claim) {
      sum.entitlement += claim.entitlement
      sum.size += claim.size
    }
  }

  private enum Resource { case cpu, memory }

  /// The settings that are divided: columns of `divided`.
  private enum Setting: Int, CaseIterable {
    case cpuReservation, cpuLimit, cpuWeight, memoryReservation, memoryLimit, memoryWeight
  }

  /// In order of hosts; of one host's in the order in which its VMs meet the pools.
  private var parts: [Part] = []
  /// Of each pool, its part on the present host; −1 where it has none.
  private var partOfPool: [Int] = []
  /// Parts ordered by pool, then host.
  private var byPool: [Int] = []
  private var firstOfPool: [Int] = []
  /// Parts ordered by host, then pool.
  private var byHost: [Int] = []
  private var firstOfHost: [Int] = []
  private var next: [Int] = []
  /// A column for each setting, by part.
  private var divided = IntegerBlock(count: 0)
  private var columns = IntegerBlock(count: 0)
  private var rounding = ApportionScratch()
  /// Of one host.
  private var shares: [ResourceManager.PoolShare] = []
  private var positions: [Int] = []

  // MARK: Claims

  mutating func start(poolCount: Int) {
    parts.removeAll(keepingCapacity: true)
    refill(&partOfPool, with: -1, count: poolCount)
  }

  /// Begins the next host; the root is on every one.
  mutating func startHost(_ host: Int) {
    for part in parts.reversed() {
      if part.host != host - 1 { break }
      partOfPool[part.pool] = -1
    }
    add(pool: 0, host: host)
  }

  private mutating func add(pool: Int, host: Int) {
    partOfPool[pool] = parts.count
    parts.append(Part(pool: pool, host: host))
  }

  /// A VM claims for its pool and all pools around that.
  mutating func claim(pool: Int, host: Int, tree: PoolTree, cpu: Claim, memory: Claim) {
    var pool = pool
    while pool >= 0 {
      if partOfPool[pool] < 0 { add(pool: pool, host: host) }
      let part = partOfPool[pool]
      parts[part].cpu += cpu
      parts[part].memory += memory
      pool = tree.pools[pool].parent
    }
  }

  // MARK: Parts

  /// Divides every pool over the hosts where it has VMs.
  ///
  /// - Parameter weights: of the pools in the cluster, in thousandths of shares.
  mutating func divide(_ tree: PoolTree, weights: PoolWeights, hostCount: Int) {
    order(poolCount: tree.pools.count, hostCount: hostCount)
    divided.reserve(Setting.allCases.count * parts.count)
    for pool in tree.pools.indices {
      let own = firstOfPool[pool]..<firstOfPool[pool + 1]
      if own.isEmpty { continue }
      columns.reserve(2 * own.count)
      weigh(own, by: .cpu)
      divide(tree.pools[pool].cpu.reservation.value, own, into: .cpuReservation)
      divide(tree.pools[pool].cpu.limit?.value, own, into: .cpuLimit)
      divide(weights.cpu[pool], own, into: .cpuWeight)
      weigh(own, by: .memory)
      divide(tree.pools[pool].memory.reservation.value, own, into: .memoryReservation)
      divide(tree.pools[pool].memory.limit?.value, own, into: .memoryLimit)
      divide(weights.memory[pool], own, into: .memoryWeight)
    }
  }

  /// Hands one host its parts.
  mutating func give(to manager: inout ResourceManager, host: Int, tree: PoolTree) {
    if positions.count != tree.pools.count { refill(&positions, with: 0, count: tree.pools.count) }
    shares.removeAll(keepingCapacity: true)
    for place in firstOfHost[host]..<firstOfHost[host + 1] {
      let part = byHost[place]
      let pool = parts[part].pool
      let parent = tree.pools[pool].parent
      positions[pool] = shares.count
      shares.append(
        ResourceManager.PoolShare(
          pool: pool, parent: parent < 0 ? -1 : positions[parent],
          cpuReservation: column(.cpuReservation)[part], cpuLimit: column(.cpuLimit)[part],
          cpuWeight: column(.cpuWeight)[part],
          memoryReservation: column(.memoryReservation)[part],
          memoryLimit: column(.memoryLimit)[part], memoryWeight: column(.memoryWeight)[part]))
    }
    manager.take(shares, positions: positions)
  }

  /// Two counting sorts: by pool, which leaves a pool's parts in order of hosts, and of that by host.
  private mutating func order(poolCount: Int, hostCount: Int) {
    refill(&firstOfPool, with: 0, count: poolCount + 1)
    refill(&firstOfHost, with: 0, count: hostCount + 1)
    for part in parts {
      firstOfPool[part.pool + 1] += 1
      firstOfHost[part.host + 1] += 1
    }
    for pool in 0..<poolCount { firstOfPool[pool + 1] += firstOfPool[pool] }
    for host in 0..<hostCount { firstOfHost[host + 1] += firstOfHost[host] }
    refill(&byPool, with: 0, count: parts.count)
    refill(&byHost, with: 0, count: parts.count)
    next.removeAll(keepingCapacity: true)
    next.append(contentsOf: firstOfPool)
    for index in parts.indices {
      byPool[next[parts[index].pool]] = index
      next[parts[index].pool] += 1
    }
    next.removeAll(keepingCapacity: true)
    next.append(contentsOf: firstOfHost)
    for index in byPool {
      byHost[next[parts[index].host]] = index
      next[parts[index].host] += 1
    }
  }

  /// Weights of a pool's parts: entitlement, or size while all its VMs are idle.
  private mutating func weigh(_ own: Range<Int>, by resource: Resource) {
    let weights = columns.base
    var isEntitled = false
    for (index, place) in own.enumerated() {
      let part = parts[byPool[place]]
      weights[index] = resource == .cpu ? part.cpu.entitlement : part.memory.entitlement
      if weights[index] > 0 { isEntitled = true }
    }
    if isEntitled { return }
    for (index, place) in own.enumerated() {
      let part = parts[byPool[place]]
      weights[index] = resource == .cpu ? part.cpu.size : part.memory.size
    }
  }

  /// Nil is unlimited on every host.
  private mutating func divide(_ total: Int64?, _ own: Range<Int>, into setting: Setting) {
    let column = column(setting)
    guard let total else {
      for place in own { column[byPool[place]] = .max }
      return
    }
    let amounts = columns.base + own.count
    apportion(total, by: columns.base, count: own.count, into: amounts, scratch: &rounding)
    for (index, place) in own.enumerated() { column[byPool[place]] = amounts[index] }
  }

  private func column(_ setting: Setting) -> UnsafeMutablePointer<Int64> {
    divided.base + setting.rawValue * parts.count
  }
}

/// Makes an array `count` copies of a value in the storage that it has.
func refill<Element>(_ array: inout [Element], with element: Element, count: Int) {
  array.removeAll(keepingCapacity: true)
  array.append(contentsOf: repeatElement(element, count: count))
}
