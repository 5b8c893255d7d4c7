import BallastModel
import BallastUnits

extension MemoryFacts {
  /// These facts as a policy file or scenario changes them: a technique that is not in its order is not there.
  public func with(_ choice: ReclamationChoice) -> MemoryFacts {
    var facts = self
    facts.policy = choice.policy ?? facts.policy
    facts.idleTax = choice.idleTax ?? facts.idleTax
    facts.techniques = choice.order ?? facts.techniques
    if !facts.techniques.contains(.share) { facts.sharing.scope = .off }
    if !facts.techniques.contains(.compress) { facts.compressedMax = .zero }
    if !facts.techniques.contains(.swap) { facts.swap = .none }
    return facts
  }
}

extension MemoryControl {
  /// The memory half of a host's manager: the policy by name with the host's parameters, and the tax of entitlements.
  ///
  /// - Parameters:
  ///   - choice: names a policy of `memoryCatalog`, or none.
  ///   - memory: of the host.
  public init(_ choice: ReclamationChoice, under profile: HypervisorProfile, memory: Bytes) {
    var parameters = Parameters()
    parameters.tax = choice.idleTax.map { IdleMemoryTax(rate: $0) }
    guard choice.isModelled else {
      self.init(policy: NoReclaim(), parameters)
      return
    }
    let facts = profile.memory.with(choice)
    var options = MemoryPolicyParameters()
    options.proportionalShare = Self.proportionalShare(
      facts, choice, under: profile, memory: memory)
    options.momOVirt.isBallooning = choice.isBallooning
    guard let entry = memoryCatalog.first(where: { $0.name == facts.policy }) else {
      preconditionFailure("a memory policy is checked when its file is read")
    }
    self.init(policy: entry.make(options), parameters)
  }

  /// ESXi's states are parts of minFree. Another hypervisor has them where somebody says what to keep free, else those
  /// of MoM: parts of the host's memory.
  private static func proportionalShare(
    _ facts: MemoryFacts, _ choice: ReclamationChoice, under profile: HypervisorProfile,
    memory: Bytes
  ) -> ProportionalShareMemory.Parameters {
    var parameters = ProportionalShareMemory.Parameters()
    let minFree = choice.minFree ?? profile.minFree(memory: memory)
    parameters.minFree = minFree.value
    parameters.tax = IdleMemoryTax(rate: facts.idleTax)
    parameters.states = minFree > .zero ? .esxi : .mom
    parameters.planner = (profile.keepsMinFree ? ReclamationPlanner.esxi : .kvm)
      .ordered(facts.techniques)
    parameters.planner.compressedMax = facts.compressedMax
    return parameters
  }
}

extension VMMemorySettings {
  /// What memory policies are told of a VM.
  ///
  /// - Parameters:
  ///   - balloonMax: nil is the hypervisor's.
  ///   - configured: its size, which no minimum exceeds.
  public init(
    _ written: MemoryPolicySpec, balloonMax: PartsPerMillion?, facts: MemoryFacts,
    configured: Bytes
  ) {
    self.init()
    self.balloonMax = balloonMax ?? facts.balloon.max
    isBallooned =
      written.isBallooned && facts.techniques.contains(.balloon)
      && (facts.policy != "hyperv-dynamic-memory" || written.choosesDynamicMemory)
    if let minimum = written.minimum { self.minimum = min(minimum, configured).value }
    if let buffer = written.buffer { self.buffer = buffer }
    if let priority = written.priority { self.priority = priority }
  }
}

extension MemoryPolicySpec {
  /// Hyper-V balloons a VM that has Dynamic Memory: one that says anything about it.
  fileprivate var choosesDynamicMemory: Bool {
    minimum != nil || startup != nil || buffer != nil || priority != nil
  }
}
