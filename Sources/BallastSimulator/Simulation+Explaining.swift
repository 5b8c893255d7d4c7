import BallastMachine
import BallastManager
import BallastModel
import BallastUnits

/// Why a VM is entitled to what it is entitled to.
extension Simulation {
  func explainForVerdict(_ index: Int) {
    guard case .explanation(let vms, _, let resource, _) = world.judgements[index].target else {
      return
    }
    explanations[index] = vms.map { explain($0, resource) }
  }

  /// The entitlement of a VM by the last decision; nil while it does not run.
  ///
  /// - Parameter seen: the observations that decision rests on, by position in the cluster; nil: as hosts are now.
  func explain(
    _ vm: VMIndex, _ resource: EntitlementExplanation.Resource,
    seen lastSeen: ((Int) -> HostObservation?)? = nil
  ) -> EntitlementExplanation? {
    guard let host = machine.host(of: vm) else { return nil }
    let spec = world.vms[vm.int]
    let cluster = clusters[spec.cluster]
    let position = cluster.position(of: host)
    var names = explanationNames(of: vm)
    func observation(_ position: Int) -> HostObservation {
      if let seen = lastSeen?(position) { return seen }
      var seen = HostObservation()
      machine.inspect(cluster.hosts[position], into: &seen)
      return seen
    }
    // Levers move this division; where another rule decides what VMs have, they would promise in vain.
    let other = resource == .memory ? otherPolicy : nil
    var explanation: EntitlementExplanation?
    if cluster.manager.dividesPools {
      explanation = cluster.manager.explain(
        vm, on: position, resource, seen: cluster.hosts.indices.map(observation),
        hosts: cluster.managers, names: names, withLevers: other == nil)
    } else {
      names.hosts = [name(host)]
      explanation = cluster.managers[position].explain(
        vm, resource, seen: observation(position), names: names, withLevers: other == nil)
    }
    explanation?.otherPolicy = other
    return explanation
  }

  /// What the VM, its cluster's hosts and pools are called.
  func explanationNames(of vm: VMIndex) -> ExplanationNames {
    let spec = world.vms[vm.int]
    let cluster = clusters[spec.cluster]
    return ExplanationNames(
      cluster: world.clusters[spec.cluster].name, hosts: cluster.hosts.map { name($0) },
      vm: spec.name, pools: cluster.manager.tree.pools.map(\.path),
      weightScope: cluster.manager.rules.weightScope ?? world.profile.weightScope)
  }

  /// The memory policy, where it does not go by shares, reservations and limits as entitlements do.
  private var otherPolicy: String? {
    guard let policy = world.memory?.policy, policy != "proportional-share" else { return nil }
    return policy
  }

  /// Key figures of policies that are on: what was refused, moved and restarted, and what could fail.
  func policyFigures() -> [RunRecord.KeyFigure] {
    var figures: [RunRecord.KeyFigure] = []
    func add(_ name: String, _ unit: String, _ value: Int64, _ meaning: String) {
      figures.append(
        RunRecord.KeyFigure(name: name, unit: unit, value: value, meaning: meaning))
    }
    let policies = world.policies
    if policies.admission.policy != "none" {
      let refused = lives.lives.filter { !$0.isAdmitted }.count
      add("vms_refused", "1", Int64(refused) * 1_000, "VMs that were not admitted")
    }
    let migrations = lives.lives.reduce(Int64(0)) { $0 + $1.migrations }
    let restarts = lives.lives.reduce(Int64(0)) { $0 + $1.restarts }
    if policies.balancing.policy != "off" || migrations > 0 {
      add("migrations", "1", migrations * 1_000, "migrations finished")
    }
    if restarts > 0 { add("restarts", "1", restarts * 1_000, "restarts after host failures") }
    let downtime = world.vms.indices.reduce(Int64(0)) {
      $0 + lives.downtime(of: VMIndex($1), upTo: now).value
    }
    if downtime > 0 {
      add(
        "downtime_ms", "ms", roundedRatio(downtime, by: 1, over: 1_000),
        "Σ time VMs stood still by migrations and failures")
    }
    if policies.failover.policy != "none" {
      for (index, cluster) in clusters.enumerated() {
        let prefix = clusters.count > 1 ? "\(world.clusters[index].name)_" : ""
        figures += cluster.director.failoverStatus().figures(prefix)
      }
    }
    return figures
  }
}

extension FailoverStatus {
  /// As the pages of vSphere's availability show them.
  fileprivate func figures(_ prefix: String) -> [RunRecord.KeyFigure] {
    func figure(
      _ name: String, _ unit: String, _ value: Int64, _ meaning: String
    ) -> RunRecord.KeyFigure {
      RunRecord.KeyFigure(name: prefix + name, unit: unit, value: value, meaning: meaning)
    }
    var all = [
      figure(
        "failover_hosts_survived", "1", Int64(hostFailuresSurvived) * 1_000,
        "hosts that may fail, the worst first, at the end of the run")
    ]
    if let slots {
      all += [
        figure("failover_slot_cpu_mhz", "MHz", slots.size.cpu, "CPU of a slot"),
        figure(
          "failover_slot_mem_mib", "MiB", Bytes(slots.size.memory).milliMebibytes,
          "memory of a slot"),
        figure("failover_slots", "1", slots.total * 1_000, "slots of all hosts"),
        figure(
          "failover_slots_left", "1", slots.left * 1_000,
          "slots left without the hosts that may fail"),
        figure("failover_slots_used", "1", slots.used * 1_000, "slots in use"),
        figure("failover_slots_available", "1", slots.available * 1_000, "slots still available"),
      ]
    } else {
      all += [
        figure(
          "failover_cpu_free_pct", "%", free(.cpu).value / 10,
          "(capacity − reserved) / capacity"),
        figure(
          "failover_mem_free_pct", "%", free(.memory).value / 10,
          "(capacity − reserved) / capacity"),
      ]
    }
    return all
  }
}
