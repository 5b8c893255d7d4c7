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

  public func place(_ vm: PlacementRequest, on hosts: [PlacementCandidate]) -> Int? {
    var fitting: (host: Int, load: Load)?
    var any: (host: Int, load: Load)?
    for (index, host) in hosts.enumerated() {
      let cpu = Load(
        part: host.cpuConfigured.value + host.coreRate.value * vm.vcpus,
        whole: host.cpuCapacity.value)
      let memory = Load(
        part: host.memoryConfigured.value + vm.memory.value, whole: host.memoryCapacity.value)
      if any == nil || memory < any!.load { any = (index, memory) }
      guard memory.part <= memory.whole else { continue }
      let load = cpu < memory ? memory : cpu
      if fitting == nil || load < fitting!.load { fitting = (index, load) }
    }
    return (fitting ?? any)?.host
  }

  private struct Load {
    var part: Int64
    var whole: Int64
    static func < (a: Load, b: Load) -> Bool {
      Int128(a.part) * Int128(b.whole) < Int128(b.part) * Int128(a.whole)
    }
  }
}
