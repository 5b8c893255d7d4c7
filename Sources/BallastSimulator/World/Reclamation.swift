import BallastKernel
import BallastMachine
import BallastManager
import BallastModel
import BallastUnits

extension WorldBuilder {
  /// The profile's techniques with what the scenario chooses of them; nil where nothing is taken back.
  var memory: MemoryFacts? {
    scenario.policies.reclamation.isModelled
      ? scenario.profile.memory.with(scenario.policies.reclamation) : nil
  }

  /// The swap device that a host of this entry uses: none where swapping is not among the techniques.
  func swap(of entry: HostEntry) -> SwapDeviceSpec {
    let facts = memory ?? scenario.profile.memory
    return facts.techniques.contains(.swap) ? entry.swap ?? facts.swap : .none
  }

  /// What a guest's memory is like, with the profile's balloon where it says nothing of its own.
  func memorySpec(of entry: VMEntry, configured: Bytes) -> GuestMemorySpec {
    let facts = memory ?? scenario.profile.memory
    var spec = entry.guestMemory
    spec.balloon.rate = spec.balloon.rate ?? facts.balloon.rate
    spec.balloon.max = spec.balloon.max ?? facts.balloon.max
    spec.startup = startup(of: entry, facts, configured: configured)
    return spec
  }

  func memoryPolicy(of entry: VMEntry, configured: Bytes) -> VMMemorySettings {
    VMMemorySettings(
      entry.memoryPolicy, balloonMax: entry.guestMemory.balloon.max,
      facts: memory ?? scenario.profile.memory, configured: configured)
  }

  /// Settings of VMs that are written and that the policy does not look at, one sentence for all: an import or another
  /// run may want them, so they are no mistake.
  var unusedMemorySettings: [String] {
    guard let memory else { return [] }
    let hasMinimum = !["none", "proportional-share"].contains(memory.policy)
    let isHyperV = memory.policy == "hyperv-dynamic-memory"
    let startsBallooned = memory.onExhaustion != .wait && memory.techniques.contains(.balloon)
    let unused: [(name: String, isUnused: Bool, isWritten: (MemoryPolicySpec) -> Bool)] = [
      ("minimum", !hasMinimum, { $0.minimum != nil }),
      ("startup", !startsBallooned, { $0.startup != nil }),
      ("buffer", !isHyperV, { $0.buffer != nil }),
      ("priority", !isHyperV, { $0.priority != nil }),
    ]
    let names = unused.filter { setting in
      setting.isUnused && scenario.vms.contains { setting.isWritten($0.memoryPolicy) }
    }.map(\.name)
    guard !names.isEmpty else { return [] }
    return [
      "memory_policy \(names.joined(separator: ", ")): not used by policy \(memory.policy) on "
        + "profile \(scenario.profile.name)"
    ]
  }

  /// What a guest has at power-on. ESXi gives it all at once, as does any host that does not balloon it; with
  /// `squeezed` a guest comes with its minimum and gets more afterwards.
  private func startup(
    of entry: VMEntry, _ facts: MemoryFacts, configured: Bytes
  ) -> Bytes? {
    let written = entry.memoryPolicy
    guard facts.onExhaustion != .wait, written.isBallooned, entry.guestMemory.balloon.isPresent,
      facts.techniques.contains(.balloon)
    else { return nil }
    let minimum = facts.policy == "squeezed" ? written.minimum : nil
    guard let startup = written.startup ?? minimum, startup < configured else { return nil }
    return max(startup, min(entry.memorySettings.reservation, configured))
  }
}

extension World {
  /// The guests as the machine sees them, in order of names.
  var guestSpecs: [GuestSpec] {
    vms.map { vm in
      GuestSpec(
        vcpus: vm.vcpus, memory: vm.memory, workload: vm.workload, memorySpec: vm.memorySpec,
        memoryOverhead: overhead(of: vm))
    }
  }

  /// What a policy's balloons leave a VM at least; nil where none of them takes anything from it.
  func memoryLeast(of vm: VM) -> Bytes? {
    let settings = vm.memoryPolicy
    let policies = ["squeezed", "hyperv-dynamic-memory"]
    guard let facts = memory, policies.contains(facts.policy), settings.isBallooned,
      vm.memorySpec.balloon.isPresent,
      settings.minimum >= 0 || vm.memorySettings.reservation > .zero
        || facts.policy != "squeezed"
    else { return nil }
    let least = max(Bytes(settings.minimum), vm.memorySettings.reservation)
    return min(max(least, .zero), vm.memory)
  }

  /// Some VM is to make room for others on a host where guests hold their memory from power-on.
  var countsOnBalloons: Bool {
    guard let memory, memory.onExhaustion == .refuse else { return false }
    return vms.contains { memoryLeast(of: $0) != nil }
  }

  /// Room on a host's swap device that VMs share; nil where nobody counts it. A host that makes guests wait until
  /// memory is found keeps room for all that may have to go.
  func swapSpace(of host: HostSpec) -> Bytes? {
    guard let memory, memory.onExhaustion == .wait, memory.techniques.contains(.swap) else {
      return nil
    }
    return host.swap.kind == .none ? .zero : host.swap.size
  }

  /// The memory half of a host's manager: the policy by name with the host's parameters, and the tax of entitlements.
  func memoryControl(for host: HostSpec) -> MemoryControl {
    MemoryControl(policies.reclamation, under: profile, memory: host.memory)
  }
}

extension World {
  /// The memory model of the machine; nil where memory is only counted.
  var memorySetup: MemorySetup? {
    guard let memory else { return nil }
    return MemorySetup(
      facts: memory, tick: SimDuration(max(1_000_000_000, controlInterval.value / 20)),
      scan: scanStep,
      alarms: memoryAlarms, doublePaging: policies.reclamation.doublePaging,
      compressible: vms.map { vm in
        var stream = RandomStream(seed: seed, named: "compressibility/\(vm.name)")
        return Self.compressibility(&stream)
      })
  }

  /// ESXi looks at a VM once an hour: a minute more or less shows nothing.
  private var scanStep: SimDuration {
    if case .esxi = memory?.sharing.scanner { return max(controlInterval, .seconds(60)) }
    return controlInterval
  }

  /// Of each host, free memory below which its manager must look at it: where large pages begin to be broken up, or where
  /// the mildest state begins and a little more. Policies that balloon at any time always look, and so do those that keep
  /// limits of pools, which bind with all memory free.
  private var memoryAlarms: [Bytes] {
    guard managesMemory, let memory else { return hosts.map { _ in Bytes(.min) } }
    guard memory.policy == "proportional-share" else { return hosts.map { _ in Bytes(.max) } }
    var alarms = hosts.map { host in
      let minFree = policies.reclamation.minFree ?? profile.minFree(memory: host.memory)
      return minFree > .zero
        ? FreeMemoryScale.threshold(.target, minFree: minFree)
        : PartsPerMillion.percent(25).of(host.memory)
    }
    for cluster in clusters.indices where limitsPoolMemory(ofCluster: cluster) {
      for host in clusters[cluster].hosts { alarms[host.int] = Bytes(.max) }
    }
    return alarms
  }

  /// How well a VM's pages compress, drawn once per VM.
  ///
  /// Rule      60 … 90 % of the pages compress, to 30 … 55 % of their size; each the mean of two even draws.
  /// Source    assumed; VMware speaks of half a page or a quarter, and Difference Engine measured most pages below half.
  private static func compressibility(
    _ stream: inout RandomStream
  ) -> (pages: PartsPerMillion, kept: PartsPerMillion) {
    func draw(_ low: Int64, _ high: Int64) -> PartsPerMillion {
      let span = UInt64(high - low + 1)
      let sum = Int64(stream.next(below: span) + stream.next(below: span))
      return PartsPerMillion(low + sum / 2)
    }
    return (draw(600_000, 900_000), draw(300_000, 550_000))
  }
}
