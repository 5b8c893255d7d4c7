import BallastUnits

/// Places a VM on the first host, by name, that its configured memory and its CPU reservation fit.
///
/// Rule      Σ configured memory ≤ memory and Σ CPU reservations ≤ CPU capacity, the VM included.
/// Promises  with admission `none` nobody is refused: a VM that fits nowhere goes where `LoadBalance` would put it.
/// Cost      O(hosts) per power-on, less where an early host fits.
/// Source    bin packing's first fit; docs/MODEL.md#placement.
public struct FirstFit: PlacementPolicy {
  public init() {}

  public var takesFirst: Bool { true }

  public func score(
    _ request: PlacementRequest, on host: Int, in inventory: ClusterInventory
  ) -> PlacementScore {
    let host = inventory.hosts[host]
    return request.fits(host)
      ? PlacementScore(part: 0) : LoadBalance.score(request, on: host, tier: 1)
  }
}

extension PlacementRequest {
  /// Σ configured memory ≤ memory and Σ CPU reservations ≤ CPU capacity, the VM included.
  func fits(_ host: ClusterInventory.Host) -> Bool {
    host.use.memoryConfigured + memory <= host.memoryCapacity
      && host.use.cpuReserved + cpuReservation <= host.cpuCapacity
  }

  /// Of what must fit, the fuller part afterwards: Σ CPU reservations / CPU capacity or Σ configured memory / memory.
  func fullness(of host: ClusterInventory.Host) -> PlacementScore {
    .fuller(
      PlacementScore(part: host.use.cpuReserved + cpuReservation, whole: host.cpuCapacity),
      PlacementScore(part: host.use.memoryConfigured + memory, whole: host.memoryCapacity))
  }
}
