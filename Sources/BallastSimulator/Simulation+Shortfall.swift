import BallastMachine
import BallastManager
import BallastModel
import BallastUnits

/// Promises that cannot be kept any more: of a cluster's pools, and of single VMs.
extension Simulation {
  func reportShortfalls(on changed: Set<HostIndex>) throws(RunSinkError) {
    for index in clusters.indices { try reportShortfall(ofCluster: index) }
    for host in changed.sorted() { try reportShortfalls(on: host) }
  }

  /// Says when a cluster can no longer back all it has promised, and when it can again.
  private func reportShortfall(ofCluster index: Int) throws(RunSinkError) {
    let cluster = clusters[index]
    let state = cluster.director.admissionState
    guard state != cluster.reportedState else { return }
    let old = cluster.reportedState
    cluster.reportedState = state
    let problems = cluster.director.shortfalls.map { problem in
      let path = cluster.manager.tree.pools[problem.pool].path
      let short =
        problem.resource == .cpu
        ? "cpu_short_mhz=\(decimal(problem.short, places: 3))"
        : "mem_short_mib=\(decimal(Bytes(problem.short).milliMebibytes, places: 3))"
      return "pool=\(path) \(short)"
    }
    try recorder.event(
      .shortfall, at: now, subject: world.clusters[index].name, from: old.rawValue,
      to: state.rawValue, detail: problems.joined(separator: " "))
  }

  /// Says of each VM with a reservation when its host has reserved more than it has, and when no longer. Then everyone's
  /// floor is the same part of the reservation (docs/MODEL.md#cpu-shares).
  private func reportShortfalls(on host: HostIndex) throws(RunSinkError) {
    let cluster = cluster(of: host)
    let row = cluster.director.inventory.hosts[cluster.position(of: host)]
    let isShort = (
      cpu: row.use.cpuReserved > row.cpuCapacity,
      memory: row.use.memoryReserved > row.memoryCapacity
    )
    guard isShort.cpu || isShort.memory || lives.shortCount > 0 else { return }
    for vm in machine.vms(on: host) {
      let own = cluster.director.inventory.vms[cluster.position(of: vm)]
      let backed = (
        cpu: isShort.cpu
          ? scaled(own.cpuReservation, by: row.cpuCapacity, over: row.use.cpuReserved)
          : own.cpuReservation,
        memory: isShort.memory
          ? scaled(own.memoryReservation, by: row.memoryCapacity, over: row.use.memoryReserved)
          : own.memoryReservation
      )
      let isHollow = backed.cpu < own.cpuReservation || backed.memory < own.memoryReservation
      guard isHollow != lives[vm].isShort else { continue }
      lives.setShort(vm, isHollow)
      try recorder.event(
        .shortfall, at: now, subject: world.vms[vm.int].name, from: isHollow ? "kept" : "short",
        to: isHollow ? "short" : "kept",
        detail: "host=\(name(host))"
          + " cpu_reservation_mhz=\(decimal(own.cpuReservation, places: 3))"
          + " cpu_backed_mhz=\(decimal(backed.cpu, places: 3))"
          + " mem_reservation_mib=\(mebibytes(own.memoryReservation))"
          + " mem_backed_mib=\(mebibytes(backed.memory))")
    }
  }

  private func mebibytes(_ bytes: Int64) -> String {
    decimal(Bytes(bytes).milliMebibytes, places: 3)
  }
}
