import BallastUnits

/// Places a VM where power rises least, on few hosts that stay within a target load.
///
/// Rule      1. hosts that the VM fits and that stay within the target CPU load: where every host has a power curve,
///           the least rise in watts (an empty host counts its idle watts: it could be off); else hosts in use before
///           empty ones, and of those in use the fullest afterwards. 2. hosts that it fits but that pass the target,
///           least loaded first. 3. where it fits nowhere, as `LoadBalance`.
/// Promises  with admission `none` nobody is refused.
/// Rounding  watts down to 1 µW; loads not at all.
/// Cost      O(hosts) per power-on.
/// Source    the rise in watts is the choice of PABFD (Beloglazov and Buyya, Concurrency and Computation 24, 2012);
///           81 % is the upper edge of DPM's target range, 63 % ± 18; docs/MODEL.md#placement.
public struct PowerAware: PlacementPolicy {
  /// Of CPU capacity; nil: no target.
  public var target: PartsPerMillion?

  public init(target: PartsPerMillion? = .percent(81)) { self.target = target }

  public func score(
    _ request: PlacementRequest, on position: Int, in inventory: ClusterInventory
  ) -> PlacementScore {
    let host = inventory.hosts[position]
    guard request.fits(host) else { return LoadBalance.score(request, on: host, tier: 3) }
    let after = host.use.cpuDemand + request.cpuDemand(at: host.coreRate)
    if let target, Int128(after) * 1_000_000 > Int128(target.value) * Int128(host.cpuCapacity) {
      return PlacementScore(tier: 2, part: after, whole: host.cpuCapacity)
    }
    return Self.rise(host, to: after, knowsPower: inventory.knowsPower)
  }

  /// Rise in µW when the host's load becomes `after`; without power curves the room left, hosts in use first.
  static func rise(
    _ host: ClusterInventory.Host, to after: Int64, knowsPower: Bool
  ) -> PlacementScore {
    if knowsPower, let power = host.power {
      return PlacementScore(
        part: power.microwatts(load: after, capacity: host.cpuCapacity)
          - power.microwatts(load: host.use.cpuDemand, capacity: host.cpuCapacity))
    }
    return PlacementScore(
      tier: host.use.vmCount > 0 ? 0 : 1, part: host.cpuCapacity - after, whole: host.cpuCapacity)
  }
}
