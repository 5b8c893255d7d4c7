import BallastModel

/// Where one VM of a plan may run, and how many shares those have that may run there.
struct CPURoom {
  var cpus: DomainCPUs
  /// Its own included, in parts of a share.
  var shares: Int64

  /// One per row of a plan. A VM that the host does not show counts as one that may run anywhere.
  static func rooms(
    of plan: HostPlan, shares: [Int64], managed: ManagedNames, on snapshot: HostSnapshot
  ) -> [CPURoom] {
    let pcpus = snapshot.host.pcpus
    let total = shares.reduce(0, +)
    let places = plan.vms.map { vm in
      managed[vm].flatMap { snapshot[name: $0] }.map { DomainCPUs(of: $0, pcpus: pcpus) }
        ?? DomainCPUs(atOnce: max(1, pcpus))
    }
    // Equal pins have the same neighbours.
    var known: [[Int]: Int64] = [:]
    return places.map { own in
      guard let allowed = own.allowed else { return CPURoom(cpus: own, shares: total) }
      if let sum = known[allowed] { return CPURoom(cpus: own, shares: sum) }
      let sum = zip(places, shares).reduce(Int64(0)) { $1.0.meets(own) ? $0 + $1.1 : $0 }
      known[allowed] = sum
      return CPURoom(cpus: own, shares: sum)
    }
  }
}
