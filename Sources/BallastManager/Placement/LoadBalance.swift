import BallastUnits

/// Places a VM where its memory fits and the fuller of CPU and memory is least full afterwards.
///
/// Rule      among the hosts whose memory it fits, minimise max(Σ vCPU clock / CPU capacity, Σ configured memory /
///           memory capacity), the VM included; where it fits nowhere, minimise the memory ratio alone: CPU is
///           commonly overcommitted several times, memory is not.
/// Promises  never refuses; hosts may be overcommitted. Ties go to the earlier host name.
/// Rounding  none: ratios are compared by cross products in 128 bits.
/// Cost      O(hosts) per power-on.
/// Source    ours: nothing is known of the demand of a VM that has not run; docs/MODEL.md#placement.
public struct LoadBalance: PlacementPolicy {
  public init() {}

  public func score(
    _ request: PlacementRequest, on host: Int, in inventory: ClusterInventory
  ) -> PlacementScore {
    Self.score(request, on: inventory.hosts[host], tier: 0)
  }

  /// Tier `tier` where the memory fits, the next where it does not. Other policies rank with it the hosts that fit
  /// nothing of theirs.
  static func score(
    _ request: PlacementRequest, on host: ClusterInventory.Host, tier: Int
  ) -> PlacementScore {
    let cpu = PlacementScore(
      tier: tier, part: host.use.cpuConfigured + host.coreRate * request.vcpus,
      whole: host.cpuCapacity)
    let memory = PlacementScore(
      tier: tier, part: host.use.memoryConfigured + request.memory, whole: host.memoryCapacity)
    guard memory.part <= host.memoryCapacity else {
      return PlacementScore(tier: tier + 1, part: memory.part, whole: memory.whole)
    }
    return .fuller(cpu, memory)
  }
}
