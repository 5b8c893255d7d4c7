import BallastMachine
import BallastManager
import BallastModel
import BallastUnits

extension ClusterDirector {
  /// The director of one cluster of a world, before anything runs.
  init(_ world: World, _ index: Int, vms: [VMIndex], tree: PoolTree) {
    let cluster = world.clusters[index]
    let specs = cluster.hosts.map { world.hosts[$0.int] }
    let rows = vms.map { vm -> ClusterInventory.VM in
      let spec = world.vms[vm.int]
      return ClusterInventory.VM(
        vcpus: Int64(spec.vcpus), memory: spec.memory.value,
        cpuReservation: spec.cpuSettings.reservation.value,
        memoryReservation: spec.memorySettings.reservation.value,
        overhead: world.overhead(of: spec).value, memoryAtStart: spec.memorySpec.startup?.value,
        memoryLeast: world.memoryLeast(of: spec)?.value)
    }
    let pools = Dictionary(
      uniqueKeysWithValues: tree.pools.indices.map { (tree.pools[$0].path, $0) })
    self.init(
      inventory: ClusterInventory(
        hosts: specs.enumerated().map { position, spec in
          ClusterInventory.Host(
            cpuCapacity: spec.cpuCapacity.value, coreRate: spec.coreRate.value,
            memoryCapacity: offeredMemory(spec.memory, under: world.profile).value,
            isKeptForFailures: world.policies.failover.policy == "dedicated"
              && cluster.dedicatedHosts.contains(position),
            isFullyBacked: world.memory?.onExhaustion == .refuse,
            swapSpace: world.swapSpace(of: spec)?.value)
        }, vms: rows, rules: PlacementRules(cluster.rules, vmCount: rows.count)),
      hosts: specs.map {
        HostFacts(
          name: $0.name, cores: Int64($0.sockets * $0.coresPerSocket), memory: $0.memory)
      }, tree: tree, poolOfVM: vms.map { pools[world.vms[$0.int].pool] ?? 0 },
      policies: Policies(world, cluster))
  }
}

extension ClusterDirector.Policies {
  init(_ world: World, _ cluster: World.Cluster) {
    let choice = world.policies
    let failover = FailoverPolicy(
      choice.failover, dedicatedHosts: cluster.dedicatedHosts,
      hostCount: cluster.hosts.count { !world.hostsDown.contains($0) })
    self.init(
      admission: Self.admission(choice.admission),
      placement: Self.found(placementCatalog.first { $0.name == choice.placement }?.make()),
      failover: failover,
      balancing: Self.balancing(world, cluster, failover))
  }

  private static func admission(_ choice: AdmissionChoice) -> any AdmissionPolicy {
    guard choice.policy == "nova-ratios" else {
      return found(admissionCatalog.first { $0.name == choice.policy }?.make())
    }
    var ratios = NovaRatios()
    ratios.cpuRatio = choice.cpuRatio ?? ratios.cpuRatio
    ratios.memoryRatio = choice.memoryRatio ?? ratios.memoryRatio
    ratios.reservedCores = choice.reservedCores ?? ratios.reservedCores
    ratios.reservedMemory = choice.reservedMemory ?? ratios.reservedMemory
    return ratios
  }

  /// Names are checked when a scenario is read.
  private static func found<Policy>(_ policy: Policy?) -> Policy {
    guard let policy else { preconditionFailure("a policy is checked when the scenario is read") }
    return policy
  }

  private static func balancing(
    _ world: World, _ cluster: World.Cluster, _ failover: FailoverPolicy
  ) -> (any BalancingPolicy)? {
    let choice = world.policies.balancing
    guard choice.policy != "off" else { return nil }
    let hosts = cluster.hosts.map { host in
      FailoverHost(
        name: world.hosts[host.int].name,
        capacity: Charge(
          cpu: world.hosts[host.int].cpuCapacity.value,
          memory: offeredMemory(world.hosts[host.int].memory, under: world.profile).value))
    }
    return found(
      balancingCatalog.first { $0.name == choice.policy }?.make(
        BalancingOptions(
          threshold: choice.threshold, usesScores: choice.form == "score",
          interval: choice.interval,
          detector: found(.standard(choice.detector, choice.parameter)),
          selection: found(.standard(choice.selection, seed: world.seed)),
          reserve: FailoverReserve(failover, hosts: hosts),
          migration: MigrationCost(
            bytesPerSecond: world.profile.migration.bandwidth.value,
            downtime: world.profile.migration.downtimeMax))))
  }
}

extension FailoverPolicy {
  init(_ choice: FailoverChoice, dedicatedHosts: [Int], hostCount: Int) {
    switch choice.policy {
    case "slots":
      self = .slots(
        tolerate: choice.tolerate,
        fixed: SlotSize(cpu: choice.slotCPU, memory: choice.slotMemory))
    case "percentage":
      if choice.cpu == nil, choice.memory == nil {
        self = .percentage(.tolerate(hosts: choice.tolerate))
      } else {
        let part = PartsPerMillion(
          min(1_000_000, Int64(choice.tolerate) * 1_000_000 / Int64(max(1, hostCount))))
        self = .percentage(
          .explicit(cpu: choice.cpu ?? part, memory: choice.memory ?? part))
      }
    case "dedicated": self = .dedicated(hosts: dedicatedHosts)
    default: self = .none
    }
  }
}
