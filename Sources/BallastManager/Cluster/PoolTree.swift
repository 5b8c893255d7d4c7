import BallastModel
import BallastUnits

/// The resource pools of one cluster, parents before children; index 0 is the root, which has no settings of its own.
/// Siblings stand by name, in bytes, whatever order they were written in: the last kHz of a division goes by place.
public struct PoolTree: Sendable {
  public struct Pool: Sendable {
    /// "gold/web"; empty for the root.
    public var path: String
    /// −1 for the root.
    public var parent: Int
    public var cpu: ResourceSettings<Kilohertz>
    public var memory: ResourceSettings<Bytes>
    public var cpuWeight: Int64
    public var memoryWeight: Int64
  }

  public private(set) var pools: [Pool]
  /// The first of each path; looked up, never walked.
  private var indexOfPath = ["": 0]
  private let profile: HypervisorProfile

  public init(_ specs: [PoolSpec], profile: HypervisorProfile) {
    self.profile = profile
    pools = [
      Pool(path: "", parent: -1, cpu: .init(), memory: .init(), cpuWeight: 1, memoryWeight: 1)
    ]
    add(specs, under: 0)
  }

  private mutating func add(_ specs: [PoolSpec], under parent: Int) {
    let byName = specs.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    for spec in byName {
      let path = parent == 0 ? spec.name : pools[parent].path + "/" + spec.name
      pools.append(
        Pool(
          path: path, parent: parent, cpu: spec.cpu, memory: spec.memory,
          cpuWeight: profile.poolCPUShares(spec.cpu.shares).value,
          memoryWeight: profile.poolMemoryShares(spec.memory.shares).value))
      if indexOfPath[path] == nil { indexOfPath[path] = pools.count - 1 }
      add(spec.pools, under: pools.count - 1)
    }
  }

  /// The cluster has pools beside the root.
  public var hasPools: Bool { pools.count > 1 }

  /// Index of a path; the empty path is the root.
  public func index(of path: String) -> Int? { indexOfPath[path] }

  public mutating func configure(_ pool: Int, _ change: PoolChange) {
    pools[pool].cpu = change.cpu.applied(to: pools[pool].cpu)
    pools[pool].memory = change.memory.applied(to: pools[pool].memory)
    pools[pool].cpuWeight = profile.poolCPUShares(pools[pool].cpu.shares).value
    pools[pool].memoryWeight = profile.poolMemoryShares(pools[pool].memory.shares).value
  }
}
