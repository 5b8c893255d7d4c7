import BallastUnits

/// Places a VM on the host that it fits and that is emptiest afterwards.
///
/// Rule      among the hosts that configured memory and CPU reservation fit, minimise max(Σ CPU reservations / CPU
///           capacity, Σ configured memory / memory capacity), the VM included. `LoadBalance` differs in counting all
///           vCPUs, not only what is reserved.
/// Promises  with admission `none` nobody is refused: a VM that fits nowhere goes where `LoadBalance` would put it.
/// Rounding  none: ratios are compared by cross products in 128 bits.
/// Cost      O(hosts) per power-on.
/// Source    bin packing's worst fit, in the two sizes that must fit; docs/MODEL.md#placement.
public struct WorstFit: PlacementPolicy {
  public init() {}

  public func score(
    _ request: PlacementRequest, on host: Int, in inventory: ClusterInventory
  ) -> PlacementScore {
    let host = inventory.hosts[host]
    return request.fits(host)
      ? request.fullness(of: host) : LoadBalance.score(request, on: host, tier: 1)
  }
}
