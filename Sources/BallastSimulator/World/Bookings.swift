import BallastManager
import BallastModel

/// One inventory per cluster: what is booked on each host.
///
/// Hosts and VMs of the world are in order of names, so those of a cluster are too.
struct Bookings {
  private(set) var inventories: [ClusterInventory]
  private let clusterOfVM: [Int]
  private let positionOfVM: [Int]
  private let positionOfHost: [Int]

  init(_ world: World) {
    var positionOfHost = [Int](repeating: 0, count: world.hosts.count)
    for cluster in world.clusters {
      for (position, host) in cluster.hosts.enumerated() { positionOfHost[host.int] = position }
    }
    var rows = world.clusters.map { _ in [ClusterInventory.VM]() }
    var positionOfVM: [Int] = []
    for vm in world.vms {
      positionOfVM.append(rows[vm.cluster].count)
      rows[vm.cluster].append(
        ClusterInventory.VM(
          vcpus: Int64(vm.vcpus), memory: vm.memory.value,
          cpuReservation: vm.cpuSettings.reservation.value))
    }
    inventories = zip(world.clusters, rows).map { cluster, vms in
      ClusterInventory(
        hosts: cluster.hosts.map {
          let host = world.hosts[$0.int]
          return ClusterInventory.Host(
            cpuCapacity: host.cpuCapacity.value, coreRate: host.coreRate.value,
            memoryCapacity: host.memory.value)
        }, vms: vms)
    }
    clusterOfVM = world.vms.map(\.cluster)
    self.positionOfVM = positionOfVM
    self.positionOfHost = positionOfHost
  }

  /// Position in its cluster of the host that the policy chooses.
  func choose(_ vm: VMIndex, by policy: any PlacementPolicy) -> Int? {
    let inventory = inventories[clusterOfVM[vm.int]]
    let request = inventory.request(for: positionOfVM[vm.int], mustFitCharge: false)
    return policy.place(request, in: inventory).host
  }

  mutating func place(_ vm: VMIndex, on host: HostIndex) {
    inventories[clusterOfVM[vm.int]].place(positionOfVM[vm.int], on: positionOfHost[host.int])
  }

  mutating func remove(_ vm: VMIndex) {
    inventories[clusterOfVM[vm.int]].remove(positionOfVM[vm.int])
  }

  mutating func configure(_ vm: VMIndex, cpuReservation: Int64) {
    inventories[clusterOfVM[vm.int]].change(positionOfVM[vm.int]) {
      $0.cpuReservation = cpuReservation
    }
  }
}
