import BallastModel
import BallastUnits

/// Weights of a cluster's pools, in thousandths of shares, by index in its tree.
///
/// Rule      a pool's shares; with scalable shares its factor · Σ weights of the running VMs and pools inside, the factor
///           being its shares over those of level normal: 1/2, 1 and 2 for the levels, 1 where nothing is said.
/// Rounding  down to a thousandth of a share; at most 10¹² shares.
/// Source    vSphere 7, scalable shares: every VM of a pool of level high weighs twice a like VM of one of level normal.
struct PoolWeights {
  private(set) var cpu: [Int64] = []
  private(set) var memory: [Int64] = []

  private static let most: Int64 = 1_000_000_000_000_000

  /// - Parameters:
  ///   - poolOfRow: pool of each VM, by row.
  ///   - cpuRows: their weights, in thousandths of shares with scalable shares.
  mutating func measure(
    _ tree: PoolTree, poolOfRow: [Int], cpu cpuRows: Division.Rows,
    memory memoryRows: Division.Rows,
    rules: EntitlementRules
  ) {
    let poolCount = tree.pools.count
    refill(&cpu, with: 0, count: poolCount)
    refill(&memory, with: 0, count: poolCount)
    guard rules.scalableShares else {
      for pool in 0..<poolCount {
        cpu[pool] = tree.pools[pool].cpuWeight * PoolParts.weightPerShare
        memory[pool] = tree.pools[pool].memoryWeight * PoolParts.weightPerShare
      }
      return
    }
    for (row, pool) in poolOfRow.enumerated() {
      cpu[pool] += cpuRows.weights[row]
      memory[pool] += memoryRows.weights[row]
    }
    let normal = (
      cpu: ShareScale.poolCPU(.normal).value, memory: ShareScale.poolMemory(.normal).value
    )
    for pool in stride(from: poolCount - 1, to: 0, by: -1) {
      let settings = tree.pools[pool]
      if let shares = settings.cpu.shares {
        cpu[pool] = Self.scaledDown(
          cpu[pool], by: ShareScale.poolCPU(shares).value, over: normal.cpu)
      }
      if let shares = settings.memory.shares {
        memory[pool] = Self.scaledDown(
          memory[pool], by: ShareScale.poolMemory(shares).value, over: normal.memory)
      }
      cpu[settings.parent] += cpu[pool]
      memory[settings.parent] += memory[pool]
    }
  }

  private static func scaledDown(_ sum: Int64, by shares: Int64, over normal: Int64) -> Int64 {
    Int64(clamping: min(Int128(most), Int128(sum) * Int128(shares) / Int128(normal)))
  }
}
