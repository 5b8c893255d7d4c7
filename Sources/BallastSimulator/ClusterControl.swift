import BallastManager
import BallastModel
import BallastUnits

/// A cluster under management: the managers of its hosts and what is kept between steps.
///
/// Different threads may work with different hosts' managers at once.
final class ClusterControl: @unchecked Sendable {
  let hosts: [HostIndex]
  private(set) var manager: ClusterManager
  /// Admission, placement, failover and balancing; positions are of this cluster.
  var director: ClusterDirector
  /// As last told in `events.csv`.
  var reportedState = AdmissionState.green
  /// VMs of the cluster in order of names, by position.
  let vms: [VMIndex]
  let managers: ClusterManager.Hosts
  /// Last observation of each host, for steps that need them all.
  var seen: [HostObservation]
  /// Reservations of the powered-on VMs directly in each pool.
  private var reserved: [Charge]
  private let workspace = ClusterWorkspace()

  init(_ index: Int, of world: World) {
    let cluster = world.clusters[index]
    hosts = cluster.hosts
    let tree = PoolTree(cluster.pools, profile: world.profile)
    let rules = world.policies.entitlement
    manager = ClusterManager(pools: tree, rules: rules)
    vms = world.vms.indices.filter { world.vms[$0].cluster == index }.map { VMIndex($0) }
    director = ClusterDirector(world, index, vms: vms, tree: tree)
    managers = .allocate(capacity: hosts.count)
    for (position, host) in hosts.enumerated() {
      (managers.baseAddress! + position).initialize(
        to: ResourceManager(
          rules: rules, memory: world.memoryControl(for: world.hosts[host.int])))
    }
    seen = [HostObservation](repeating: HostObservation(), count: hosts.count)
    reserved = [Charge](repeating: .zero, count: manager.tree.pools.count)
  }

  deinit {
    managers.deinitialize()
    managers.deallocate()
  }

  /// Position of a host in the cluster; `hosts` is in ascending order.
  func position(of host: HostIndex) -> Int {
    var low = 0
    var high = hosts.count
    while low < high {
      let middle = (low + high) / 2
      if hosts[middle] < host { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Position of a VM in the cluster; `vms` is in ascending order.
  func position(of vm: VMIndex) -> Int {
    var low = 0
    var high = vms.count
    while low < high {
      let middle = (low + high) / 2
      if vms[middle] < vm { low = middle + 1 } else { high = middle }
    }
    return low
  }

  var view: PoolTreeView {
    PoolTreeView(tree: manager.tree, counted: director.reservedInPools, byVMs: reserved)
  }

  func add(_ vm: VMIndex, _ settings: VMSettings, on host: HostIndex, at time: SimTime) {
    managers[position(of: host)].add(vm, settings, at: time)
    book(settings, sign: 1)
  }

  /// A running VM goes on elsewhere.
  func move(
    _ vm: VMIndex, _ settings: VMSettings, from: HostIndex, to: HostIndex, at time: SimTime
  ) {
    let (source, target) = (position(of: from), position(of: to))
    managers[target].receive(vm, settings, from: managers[source], at: time)
    managers[source].remove(vm)
  }

  func remove(_ vm: VMIndex, on host: HostIndex) {
    let position = position(of: host)
    if let settings = managers[position].settings(of: vm) { book(settings, sign: -1) }
    managers[position].remove(vm)
  }

  func configure(_ vm: VMIndex, _ settings: VMSettings, on host: HostIndex) {
    let position = position(of: host)
    if let old = managers[position].settings(of: vm) { book(old, sign: -1) }
    managers[position].configure(vm, settings)
    book(settings, sign: 1)
  }

  /// Divides the pools over the hosts by what was last seen of them.
  func dividePools() { manager.divide(seen, among: managers, workspace: workspace) }

  func configure(pool: Int, _ change: PoolChange) { manager.configure(pool: pool, change) }

  private func book(_ settings: VMSettings, sign: Int64) {
    reserved[settings.pool].cpu += settings.cpuReservation * sign
    reserved[settings.pool].memory += settings.memoryReservation * sign
  }
}
