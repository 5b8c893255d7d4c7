import BallastUnits

/// Places a VM on the host that it fits and that is fullest afterwards, so that other hosts keep large gaps.
///
/// Rule      among the hosts that configured memory and CPU reservation fit, maximise max(Σ CPU reservations / CPU
///           capacity, Σ configured memory / memory capacity), the VM included.
/// Promises  with admission `none` nobody is refused: a VM that fits nowhere goes where `LoadBalance` would put it.
/// Rounding  none: ratios are compared by cross products in 128 bits.
/// Cost      O(hosts) per power-on.
/// Source    bin packing's best fit, in the two sizes that must fit; docs/MODEL.md#placement.
public struct BestFit: PlacementPolicy {
  public init() {}

  public func score(
    _ request: PlacementRequest, on host: Int, in inventory: ClusterInventory
  ) -> PlacementScore {
    let host = inventory.hosts[host]
    guard request.fits(host) else { return LoadBalance.score(request, on: host, tier: 1) }
    let full = request.fullness(of: host)
    return PlacementScore(part: full.whole - full.part, whole: full.whole)
  }
}
