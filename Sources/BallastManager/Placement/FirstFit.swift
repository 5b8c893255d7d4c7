import BallastUnits

/// Places a VM on the first host, by name, that its configured memory and its CPU reservation fit.
///
/// Rule      Σ configured memory ≤ memory and Σ CPU reservations ≤ CPU capacity, the VM included.
/// Promises  with admission `none` nobody is refused: a VM that fits nowhere goes where `LoadBalance` would put it.
/// Cost      O(hosts) per power-on.
/// Source    bin packing's first fit; docs/MODEL.md#placement.
public struct FirstFit: PlacementPolicy {
  public init() {}

  public func place(_ vm: PlacementRequest, on hosts: [PlacementCandidate]) -> Int? {
    let fitting = hosts.firstIndex { host in
      host.memoryConfigured + vm.memory <= host.memoryCapacity
        && host.cpuReserved + vm.cpuReservation <= host.cpuCapacity
    }
    return fitting ?? LoadBalance().place(vm, on: hosts)
  }
}
