import BallastModel
import BallastUnits

/// A cluster's memory where idle memory is taxed.
extension ClusterWorkspace {
  /// Divides memory once more, by the tax, where some VM does not get all it may have.
  ///
  /// Rule      as a host divides its memory (`IdleMemoryTax`), all hosts as one: between the floors and caps of the division by
  ///           shares, by what VMs hold and by what was known of their activity before this observation.
  /// Promises  without a tax, and where everyone gets all, the division by shares stays.
  /// Cost      that of `IdleMemoryTax`, and a table of each host's memory.
  func tax(_ seen: [HostObservation], _ hosts: ClusterManager.Hosts) {
    guard let tax = hosts.first?.memory.tax, tax.rate > .zero else { return }
    let rows = memory.rows
    guard (0..<memory.count).contains(where: { rows.granted[$0] < rows.caps[$0] }) else { return }
    var claims: [IdleMemoryTax.Claim] = []
    for host in hosts.indices {
      for guest in hosts[host].memoryTable(lookingAt: seen[host]).rows {
        let row = claims.count
        claims.append(
          IdleMemoryTax.Claim(
            shares: min(rows.weights[row], MemoryTable.weightMax),
            floor: min(rows.floors[row], MemoryTable.bytesMax),
            cap: min(rows.caps[row], MemoryTable.bytesMax), held: guest.held,
            activeFraction: guest.activeFraction))
      }
    }
    let pools = memory.pools.map {
      MemoryPool(
        parent: $0.parent, reservation: min($0.reservation, MemoryTable.bytesMax), limit: $0.limit,
        weight: min($0.weight, MemoryTable.weightMax))
    }
    let taxed = tax.divide(
      capacity: memory.capacity, among: claims, pools: pools, poolOfClaim: poolOfRow)
    for row in taxed.indices { rows.granted[row] = taxed[row] }
  }
}
