import BallastKVM
import BallastManager
import BallastModel
import BallastUnits

/// The manager of a real host, built of a policy and an inventory and built again whenever either changes.
///
/// Promises  the same policy, inventories and observations give the same plans: a recording can be decided again.
public struct HostManager: HostDecider, Sendable {
  public let policy: HostPolicy
  public private(set) var inventory = ManagedInventory()
  public var manager = ResourceManager()
  /// VMs from which the memory policy takes what exceeds their limit.
  public private(set) var limitsKept: Set<VMIndex> = []

  public init(_ policy: HostPolicy) { self.policy = policy }

  /// Others are under management now. What was observed of those that stay is kept, by name; balloons that were asked for
  /// are asked for again from what is observed next.
  public mutating func take(_ next: ManagedInventory, at time: SimTime) {
    let former = inventory.names
    let old = manager
    let memory = MemoryControl(
      policy.reclamation, under: policy.profile, memory: Bytes(next.memory))
    manager = ResourceManager(memory: memory)
    limitsKept = []
    for (index, domain) in next.domains.enumerated() {
      let settings = settings(of: domain, coreRate: next.coreRate)
      if memory.policy.keepsLimit(of: settings) { limitsKept.insert(VMIndex(index)) }
      if let before = former.index(of: domain.name) {
        manager.receive(VMIndex(index), settings, from: old, as: before, at: time)
      } else {
        manager.add(VMIndex(index), settings, at: time)
      }
    }
    inventory = next
  }

  /// What the policy says of a domain, in the manager's terms.
  private func settings(of domain: ManagedInventory.Domain, coreRate: Int64) -> VMSettings {
    let own = policy.settings(of: domain.name)
    let configured = Bytes(domain.memoryMax)
    var settings = VMSettings(
      cpu: own.cpu, memory: own.memory, quota: own.quota, vcpus: Int(domain.vcpus),
      configured: configured, coreRate: Kilohertz(coreRate), pool: 0, profile: policy.profile)
    settings.memory = VMMemorySettings(
      own.memoryPolicy, balloonMax: own.balloonMax,
      facts: policy.profile.memory.with(policy.reclamation), configured: configured)
    return settings
  }

  /// Decides by what the manager knows, which is no pins: where some hold a domain to a part of the host, entitlements are
  /// divided again inside the parts.
  public mutating func decide(
    _ seen: HostObservation, into plan: inout HostPlan, workspace: DecisionWorkspace
  ) {
    manager.decide(seen, into: &plan, workspace: workspace)
    let domains = plan.vms.map {
      inventory.domains.indices.contains($0.int) ? inventory.domains[$0.int] : nil
    }
    guard domains.contains(where: { $0?.cpus != nil }) else { return }
    let claims = plan.vms.indices.map { row in
      let size = (domains[row]?.vcpus ?? 0) * inventory.coreRate
      let demand = manager.observedDemand(of: plan.vms[row])?.value ?? size
      let isShown = seen.row(of: plan.vms[row]) != nil
      return PinnedParts.Claim(
        reservation: plan.cpuReservation[row],
        most: isShown ? min(demand, plan.cpuLimit[row], size) : 0, weight: plan.cpuWeight[row])
    }
    plan.cpuEntitlement = PinnedParts(domains.map { inventory.cpus(of: $0) })
      .divided(claims, coreRate: inventory.coreRate, capacity: min(seen.cpuCapacity.value, 1 << 50))
  }

  /// What the policy promises and this host cannot keep, and what it names and the host does not have; for people.
  public func complaints(all: [String]) -> [String] {
    var complaints: [String] = []
    var cpu: Int128 = 0
    var memory: Int128 = 0
    for domain in inventory.domains {
      let own = policy.settings(of: domain.name)
      cpu += Int128(own.cpu.reservation.value)
      memory += Int128(own.memory.reservation.value)
      let size = Kilohertz(inventory.cpus(of: domain).atOnce * inventory.coreRate)
      if own.cpu.reservation > size {
        complaints.append(
          "\(domain.name) reserves \(words(own.cpu.reservation)) and can use \(words(size)): the rest is reserved"
            + " for nothing")
      }
    }
    let capacity = Kilohertz(inventory.pcpus * inventory.coreRate)
    if cpu > Int128(capacity.value) {
      complaints.append(
        "the managed domains reserve \(words(Kilohertz(Int64(clamping: cpu)))), and the host has \(words(capacity)):"
          + " not all reservations can be kept")
    }
    complaints += complaintsOfParts
    if memory > Int128(inventory.memory) {
      complaints.append(
        "the managed domains reserve \(Bytes(Int64(clamping: memory))) of memory, and the host has"
          + " \(Bytes(inventory.memory))")
    }
    for name in policy.managed + policy.domains.map(\.name) {
      let pattern = NamePattern(name)
      if !all.contains(where: { pattern.matches($0) }) {
        complaints.append(
          pattern.isGlob
            ? "no running domain matches \(name)" : "no running domain is called \(name)")
      }
    }
    var said: [String] = []
    for one in complaints where !said.contains(one) { said.append(one) }
    return said
  }
}

extension HostManager {
  /// Reservations of domains that pins hold to a part of the host, where the part has less.
  private var complaintsOfParts: [String] {
    PinnedParts(inventory.domains.map { inventory.cpus(of: $0) }).parts.compactMap { part in
      let names = part.members.map { inventory.domains[$0].name }
      let reserved = names.reduce(Int128(0)) {
        $0 + Int128(policy.settings(of: $1).cpu.reservation.value)
      }
      let capacity = Kilohertz(Int64(part.cpus.count) * inventory.coreRate)
      guard names.count > 1, reserved > Int128(capacity.value) else { return nil }
      return "\(enumeration(names)) may run on pCPU \(CPUList(part.cpus).text) only and reserve "
        + "\(words(Kilohertz(Int64(clamping: reserved)))), and there are \(words(capacity)):"
        + " not all reservations can be kept"
    }
  }
}

/// "1500 MHz", with a fraction only where there is one.
private func words(_ rate: Kilohertz) -> String {
  rate.value % 1_000 == 0 ? "\(rate.value / 1_000) MHz" : "\(rate)"
}

extension HostPolicy {
  /// A memory policy looks after guests, so they are asked to report.
  public var managesMemory: Bool {
    reclamation.isModelled
      && (reclamation.policy ?? profile.memory.policy) != "none"
  }

  /// Who is under management: all that run and are marked or listed.
  public var membership: KVMHost.Membership {
    let policy = self
    return .consenting { policy.terms(of: $0.name, isMarked: $0.traits.isMarked) }
  }
}
