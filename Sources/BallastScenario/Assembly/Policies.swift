import BallastModel
import BallastUnits

extension Assembler {
  mutating func readPolicies(clusters: [ReadCluster]) -> PolicyChoice {
    let value = root["policies"]
    return PolicyChoice(
      admission: readAdmission(value?["admission"]),
      placement: value?["placement"]?.text ?? PolicyChoice().placement,
      balancing: readBalancing(value?["balancing"]),
      failover: readFailover(value?["failover"]),
      reclamation: readReclamation(
        value?["reclamation"], hosts: clusters.flatMap { $0.spec?.hosts ?? [] }),
      entitlement: readEntitlement(value?["entitlement"]))
  }

  /// The profile with the parameters that the scenario gives it.
  mutating func chosenProfile() -> HypervisorProfile {
    let value = root["hypervisor"]
    let name = value?.text ?? value?["profile"]?.text
    var profile =
      name.flatMap { HypervisorProfile.named($0) } ?? HypervisorProfile.catalog[0]
    guard let value, value.isMap else { return profile }
    if let reserve = value["host_reserve"]?.bytes {
      profile.hostMemoryReserve = HostMemoryReserve(base: reserve)
    }
    if let overhead = value["vm_overhead"]?.bytes {
      profile.memoryOverhead = MemoryOverhead(
        base: overhead, configuredPartsPerBillion: 0, perVCPU: .zero)
    }
    if let scope = value["weight_scope"]?.text.flatMap(WeightScope.init) {
      profile.weightScope = scope
    }
    if let rate = value["migration_rate"]?.amount(.rate) {
      profile.migration.bandwidth = Bytes(max(1, rate / 8))
      if rate < 8 * 1_048_576, let place = value["migration_rate"]?.place {
        problems.add(place, "migration_rate is below 1MiB/s", "write a rate such as 1.25GB/s")
      }
    }
    if let downtime = value["migration_downtime"]?.duration {
      profile.migration.downtimeMax = downtime
    }
    if let count = value["migrations_per_host"]?.whole(1...1_000) {
      profile.migration.concurrentPerHost = count
    }
    if let part = value["dirtied_per_second"]?.fraction {
      profile.migration.dirtiedPerSecond = part
    }
    profile.memory = readMemoryFacts(value, of: profile)
    return profile
  }

  /// A policy is named alone, or in a map beside its parameters.
  func policy(_ value: Value?) -> String? { value?.text ?? value?["policy"]?.text }

  private mutating func readAdmission(_ value: Value?) -> AdmissionChoice {
    var choice = AdmissionChoice()
    choice.policy = policy(value) ?? choice.policy
    choice.cpuRatio = ratio(value?["cpu_ratio"])
    choice.memoryRatio = ratio(value?["memory_ratio"])
    choice.reservedMemory = value?["reserved_memory"]?.bytes
    choice.reservedCores = value?["reserved_cores"]?.whole(0...4_096).map(Int64.init)
    complainOfStrangers(
      value, ["cpu_ratio", "memory_ratio", "reserved_memory", "reserved_cores"],
      belongTo: "nova-ratios", chosen: choice.policy)
    return choice
  }

  private mutating func readBalancing(_ value: Value?) -> BalancingChoice {
    var choice = BalancingChoice()
    choice.policy = policy(value) ?? choice.policy
    if let threshold = value?["threshold"]?.whole(1...5) { choice.threshold = threshold }
    choice.form = value?["form"]?.text ?? choice.form
    choice.detector = value?["detector"]?.text ?? choice.detector
    choice.selection = value?["selection"]?.text ?? choice.selection
    choice.parameter = ratio(value?["parameter"])
    choice.interval = value?["interval"]?.duration
    if choice.interval == .zero, let place = value?["interval"]?.place {
      problems.add(place, "balancing.interval is 0", "write a time above zero")
    }
    complainOfStrangers(
      value, ["threshold", "form"], belongTo: "drs", chosen: choice.policy)
    complainOfStrangers(
      value, ["detector", "selection", "parameter"], belongTo: "consolidation",
      chosen: choice.policy)
    return choice
  }

  private mutating func readFailover(_ value: Value?) -> FailoverChoice {
    var choice = FailoverChoice()
    choice.policy = policy(value) ?? choice.policy
    if let tolerate = value?["tolerate"]?.whole(1...1_000) { choice.tolerate = tolerate }
    choice.hosts = value?["hosts"]?.items.compactMap(\.text) ?? []
    for item in value?["hosts"]?.items ?? [] { checkHosts(item) }
    choice.cpu = value?["cpu"]?.fraction
    choice.memory = value?["memory"]?.fraction
    choice.slotCPU = value?["slot_cpu"]?.frequency
    choice.slotMemory = value?["slot_memory"]?.bytes
    choice.detection = value?["detection"]?.duration ?? choice.detection
    choice.restart = value?["restart"]?.duration ?? choice.restart
    complainOfStrangers(value, ["hosts"], belongTo: "dedicated", chosen: choice.policy)
    complainOfStrangers(value, ["cpu", "memory"], belongTo: "percentage", chosen: choice.policy)
    complainOfStrangers(
      value, ["slot_cpu", "slot_memory"], belongTo: "slots", chosen: choice.policy)
    if choice.policy == "dedicated", choice.hosts.isEmpty, let value {
      problems.add(
        value.place, "failover dedicated names no hosts", "add hosts: [NAME], which are kept empty")
    }
    for key in ["slot_cpu", "slot_memory"]
    where value?[key]?.frequency == .zero
      || value?[key]?.bytes == .zero
    {
      problems.add(value![key]!.place, "\(key) is 0", "write a size above zero")
    }
    return choice
  }

  private mutating func readEntitlement(_ value: Value?) -> EntitlementRules {
    let refresh = value?["refresh"]?.duration
    if refresh == .zero, let place = value?["refresh"]?.place {
      problems.add(place, "entitlement.refresh is 0", "write a time above zero")
    }
    return EntitlementRules(
      twoPass: value?["two_pass"]?.flag ?? false,
      drsMemoryDemand: value?["drs_memory_demand"]?.flag ?? false,
      scalableShares: value?["scalable_shares"]?.flag ?? false, refresh: refresh)
  }

  /// A bare number such as 4 or 1.5, in parts per million.
  private mutating func ratio(_ value: Value?) -> PartsPerMillion? {
    guard let value, let number = value.plain.flatMap(thousandths) else { return nil }
    if number <= 0 || number > 1_000_000 {
      problems.add(
        value.place, "a ratio of \(shown(value.plain ?? "")) makes no sense", "write 0.1 to 1000")
      return nil
    }
    return PartsPerMillion(number * 1_000)
  }

  /// A parameter of another policy than the chosen one would do nothing.
  private mutating func complainOfStrangers(
    _ value: Value?, _ keys: [String], belongTo policy: String, chosen: String
  ) {
    guard chosen != policy, let value, value.isMap else { return }
    for key in keys {
      guard let entry = value.entry(key) else { continue }
      problems.add(
        entry.keyPlace, "\(key) is a parameter of the policy \(policy), and \(chosen) is chosen",
        "remove it, or write policy: \(policy)")
    }
  }
}
