import BallastModel
import BallastUnits

/// Memory: what guests do with it, swap devices, and how hypervisors take it back.
extension Assembler {
  // MARK: Guests

  /// What a VM's memory is like.
  mutating func readGuestMemory(_ vm: Value) -> GuestMemorySpec {
    let policy = vm["memory_policy"]
    let workload = vm["workload"]?["memory"]
    var spec = GuestMemorySpec()
    spec.image = vm["image"]?.text
    spec.content = readPages(vm)
    spec.balloon = readBalloon(policy?["balloon"])
    spec.balloon.max = policy?["balloon_max"]?.fraction
    spec.swap = readSwap(vm["guest_swap"]) ?? spec.swap
    spec.pageCache = workload?["page_cache"]?.fraction ?? spec.pageCache
    spec.rewrittenPerSecond = workload?["rewritten"]?.fraction ?? spec.rewrittenPerSecond
    spec.bootRamp = workload?["ramp"]?.duration ?? spec.bootRamp
    return spec
  }

  /// What memory policies are told of a VM.
  ///
  /// - Parameter memory: its size; nil when it is not known yet.
  mutating func readMemoryPolicy(_ value: Value?, memory: Bytes?) -> MemoryPolicySpec {
    let minimum = value?["minimum"]?.bytes
    let startup = value?["startup"]?.bytes
    for (key, amount) in [("minimum", minimum), ("startup", startup)] {
      guard let amount, let memory, amount > memory, let place = value?[key]?.place else {
        continue
      }
      problems.add(
        place, "\(key) \(amount.words) is more than the VM's memory of \(memory.words)",
        "lower it or add memory")
    }
    if let startup, let place = value?["startup"]?.place {
      if startup == .zero {
        problems.add(place, "startup is 0", "write what the guest boots with, such as 1GiB")
      } else if let minimum, startup < minimum {
        problems.add(
          place, "startup \(startup.words) is below minimum \(minimum.words)",
          "raise startup or lower minimum")
      }
    }
    let buffer = value?["buffer"]?.amount(.surplus).map { PartsPerMillion($0) }
    if let buffer, buffer < .percent(5), let place = value?["buffer"]?.place {
      problems.add(place, "buffer \(buffer.words) is below 5%", "write 5% to 2000%")
    }
    return MemoryPolicySpec(
      minimum: minimum, startup: startup, isBallooned: value?["balloon"]?["managed"]?.flag ?? true,
      buffer: buffer, priority: value?["priority"]?.whole(0...100).map(Int64.init))
  }

  /// What a workload says of memory beside its curves belongs to the VM: an event cannot change it.
  mutating func complainOfGuestTraits(_ workload: Value?) {
    for key in ["page_cache", "ramp", "rewritten"] {
      guard let entry = workload?["memory"]?.entry(key) else { continue }
      problems.add(
        entry.keyPlace, "\(key) belongs to the VM and does not change during the run",
        "remove it, or write it under the VM's workload")
    }
  }

  // MARK: Swap devices

  /// A device of a host or of a guest; nil where nothing is written.
  mutating func readSwap(_ value: Value?) -> SwapDeviceSpec? {
    guard let value else { return nil }
    let kind = (value.text ?? value["device"]?.text).flatMap(SwapDeviceSpec.Kind.init) ?? .ssd
    if kind == .none {
      for entry in value.entries where entry.key != "device" {
        problems.add(
          entry.keyPlace, "\(entry.key) has no meaning for device none",
          "remove it, or write device: ssd")
      }
      return SwapDeviceSpec.none
    }
    var device = SwapDeviceSpec.usual(kind)
    if let size = value["size"]?.bytes {
      device.size = size
      if size == .zero {
        problems.add(value["size"]!.place, "the swap size is 0", "write device: none")
      } else if size.value > 1 << 50 {
        problems.add(
          value["size"]!.place, "a swap device cannot have \(size.words)", "write 1024TiB at most")
      }
    }
    if let latency = value["latency"]?.duration {
      device.latency = latency
      if latency > .seconds(60) {
        problems.add(
          value["latency"]!.place, "a latency of \(latency.words) is no device's",
          "write 60s at most")
      }
    }
    device.bandwidth =
      readRate(value, "bandwidth", zero: "write device: none") ?? device.bandwidth
    return device
  }

  /// Bytes per second, above zero.
  mutating func readRate(_ map: Value?, _ key: String, zero: String) -> Bytes? {
    guard let value = map?[key], let rate = value.amount(.rate) else { return nil }
    if rate < 8 * 4_096 {
      problems.add(
        value.place, rate == 0 ? "\(key) is 0" : "\(key) is below a page of 4KiB/s",
        rate == 0 ? zero : "write a rate such as 100MiB/s")
      return nil
    }
    return Bytes(rate / 8)
  }

  // MARK: Hypervisor

  /// The profile's memory facts with the parameters that `hypervisor:` gives.
  mutating func readMemoryFacts(_ value: Value, of profile: HypervisorProfile) -> MemoryFacts {
    var facts = profile.memory
    facts.balloon.rate =
      readRate(value, "balloon_rate", zero: "take balloon out of reclamation.order")
      ?? facts.balloon.rate
    facts.usesLargePages = value["large_pages"]?.flag ?? facts.usesLargePages
    for key in ["page_sharing", "scan"] where !facts.techniques.contains(.share) {
      guard let entry = value.entry(key), entry.value.text != "off" else { continue }
      problems.add(
        entry.keyPlace, "\(key) is written, and the profile \(profile.name) does not share pages",
        "remove it, or choose \(listed(Self.profiles { $0.techniques.contains(.share) }))")
      return facts
    }
    if let scope = value["page_sharing"]?.text.flatMap(SharingFacts.Scope.init) {
      facts.sharing.scope = scope
    }
    readScan(value["scan"], &facts, of: profile)
    return facts
  }

  /// KSM is on every Linux host and off until somebody runs it: a policy that does may do so, unless the scenario says
  /// otherwise.
  mutating func letPolicyScan() {
    let policy = policy(root["policies"]?["reclamation"]) ?? profile.memory.policy
    guard ["mom", "mom-ovirt", "proportional-share"].contains(policy),
      case .ksm(var settings) = profile.memory.sharing.scanner,
      profile.memory.techniques.contains(.share), root["hypervisor"]?["page_sharing"] == nil
    else { return }
    settings.run = false
    profile.memory.sharing = SharingFacts(scope: .betweenVMs, scanner: .ksm(settings))
  }

  private static func profiles(_ isMeant: (MemoryFacts) -> Bool) -> [String] {
    HypervisorProfile.catalog.filter { isMeant($0.memory) }.map(\.name)
  }

  private static let keysOfKSM = [
    "pages_to_scan", "sleep", "max_page_sharing", "use_zero_pages", "smart_scan", "advisor_target",
  ]
  private static let keysOfESXi = ["whole_vm_within", "per_ghz"]

  private mutating func readScan(
    _ value: Value?, _ facts: inout MemoryFacts, of profile: HypervisorProfile
  ) {
    guard let value, value.isMap else { return }
    func complain(of strangers: [String], from other: String, own: [String]) {
      for entry in value.entries where strangers.contains(entry.key) {
        problems.add(
          entry.keyPlace,
          "\(entry.key) is a setting of \(other), and the profile is \(profile.name)",
          "its settings are \(listed(own, "and"))")
      }
    }
    switch facts.sharing.scanner {
    case .ksm(var settings):
      complain(of: Self.keysOfESXi, from: "ESXi's scan", own: Self.keysOfKSM)
      settings.pagesToScan =
        value["pages_to_scan"]?.whole(1...10_000_000).map(Int64.init) ?? settings.pagesToScan
      settings.sleep = above(.zero, value, "sleep", least: "1ms") ?? settings.sleep
      settings.maxPageSharing =
        value["max_page_sharing"]?.whole(2...1_000_000).map(Int64.init) ?? settings.maxPageSharing
      settings.useZeroPages = value["use_zero_pages"]?.flag ?? settings.useZeroPages
      settings.smartScan = value["smart_scan"]?.flag ?? settings.smartScan
      settings.advisorTarget = above(.zero, value, "advisor_target", least: "200s")
      facts.sharing.scanner = .ksm(settings)
    case .esxi(var scan):
      complain(of: Self.keysOfKSM, from: "KSM", own: Self.keysOfESXi)
      scan.wholeVMWithin =
        above(.zero, value, "whole_vm_within", least: "1h") ?? scan.wholeVMWithin
      scan.bytesPerSecondPerGHz =
        readRate(value, "per_ghz", zero: "write page_sharing: off") ?? scan.bytesPerSecondPerGHz
      facts.sharing.scanner = .esxi(scan)
    }
  }

  /// A time above a bound; at or below it is a problem.
  private mutating func above(
    _ bound: SimDuration, _ map: Value, _ key: String, least: String
  ) -> SimDuration? {
    guard let value = map[key], let time = value.duration else { return nil }
    if time <= bound {
      problems.add(value.place, "\(key) is 0", "write a time such as \(least)")
      return nil
    }
    return time
  }

  // MARK: Reclamation

  /// - Parameter hosts: all of the scenario that could be read.
  mutating func readReclamation(_ value: Value?, hosts: [HostEntry]) -> ReclamationChoice {
    var choice = ReclamationChoice()
    guard let value else { return choice }
    choice.isModelled = value.text != "off"
    choice.policy = choice.isModelled ? policy(value) : nil
    choice.order = readOrder(value["order"])
    choice.idleTax = readTax(value["idle_tax"])
    choice.doublePaging = value["double_paging"]?.flag ?? false
    choice.isBallooning = value["ballooning"]?.flag ?? false
    if let entry = value.entry("ballooning") {
      let policy = choice.policy ?? profile.memory.policy
      if policy != "mom-ovirt" {
        problems.add(
          entry.keyPlace,
          "ballooning is the switch of the policy mom-ovirt, and \(policy) is chosen",
          "remove it, or write policy: mom-ovirt")
      } else if choice.isBallooning, let order = choice.order, !order.contains(.balloon) {
        problems.add(
          entry.keyPlace, "ballooning is true, and order has no balloon",
          "add balloon to order, or remove one of the two")
      }
    }
    if let minFree = value["min_free"], let bytes = minFree.bytes {
      choice.minFree = bytes
      if bytes == .zero {
        problems.add(
          minFree.place, "min_free is 0, and states are parts of it", "write a size above zero")
      }
      checkFits(bytes, at: minFree.place, hosts)
      let policy = choice.policy ?? profile.memory.policy
      if policy != "proportional-share" {
        problems.add(
          value.entry("min_free")!.keyPlace,
          "min_free is a parameter of the policy proportional-share, and \(policy) is chosen",
          "remove it, or write policy: proportional-share")
      }
    }
    return choice
  }

  /// A host that is to keep free all that it has for VMs would be short of memory without any.
  private mutating func checkFits(_ minFree: Bytes, at place: SourcePlace, _ hosts: [HostEntry]) {
    func room(_ host: HostEntry) -> Bytes { host.memory - profile.hostReserve(memory: host.memory) }
    guard let host = hosts.min(by: { room($0) < room($1) }), room(host) > .zero,
      minFree >= room(host)
    else { return }
    problems.add(
      place,
      "min_free \(minFree.words) leaves VMs nothing of host \(shown(host.name)), which has "
        + "\(room(host).words) of \(host.memory.words) for them",
      "lower it")
  }

  private mutating func readOrder(_ value: Value?) -> [ReclaimTechnique]? {
    guard let value, value.isList else { return nil }
    var order: [ReclaimTechnique] = []
    for item in value.items {
      guard let technique = item.text.flatMap(ReclaimTechnique.init) else { continue }
      if order.contains(technique) {
        problems.add(
          item.place, "order names \(technique.rawValue) twice", "keep one of them")
      } else if !profile.memory.techniques.contains(technique) {
        problems.add(
          item.place,
          "order names \(technique.rawValue), which the profile \(profile.name) does not have",
          "its techniques are \(listed(profile.memory.techniques.map(\.rawValue), "and"))")
      } else {
        order.append(technique)
      }
    }
    return order
  }

  private mutating func readTax(_ value: Value?) -> PartsPerMillion? {
    guard let value, let tax = value.fraction else { return nil }
    if tax >= .one {
      problems.add(
        value.place, "idle_tax 100% would leave an idle VM nothing, however many shares it has",
        "write less than 100%, such as 75%")
      return nil
    }
    return tax
  }
}
