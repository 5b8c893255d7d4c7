import BallastModel
import BallastUnits

/// A host of the cluster as failover planning sees it. In order of names.
public struct FailoverHost: Sendable, Equatable {
  public var name: String
  /// What VMs may reserve here.
  public var capacity: Charge
  /// It is on, or in standby, from where a restart wakes it; not failed and not in maintenance. A host that is not
  /// counts in N of k/N, and offers nothing.
  public var isAvailable: Bool
  public init(name: String, capacity: Charge, isAvailable: Bool = true) {
    self.name = name
    self.capacity = capacity
    self.isAvailable = isAvailable
  }
}

/// A VM that is on, or would be.
public struct FailoverVM: Sendable, Equatable {
  /// CPU reservation, and memory reservation with overhead.
  public var charge: Charge
  public init(charge: Charge) { self.charge = charge }

  /// What counts of its CPU: a VM without reservation counts 32 MHz (vSphere availability guide).
  public static let cpuWithoutReservation = Kilohertz.megahertz(32)

  /// Its charge as failover counts it: never negative, and 32 MHz where no CPU is reserved.
  public var counted: Charge {
    Charge(
      cpu: charge.cpu > 0 ? charge.cpu : Self.cpuWithoutReservation.value,
      memory: max(0, charge.memory))
  }
}

/// What a cluster could survive, with the numbers that say why.
public struct FailoverStatus: Sendable, Equatable {
  /// One host's part in it.
  public struct Host: Sendable, Equatable {
    public var name: String
    public var isAvailable: Bool
    /// 0 where it is not available.
    public var capacity: Charge
    /// Slots it has room for; nil under other policies.
    public var slots: Int64?
    /// It is kept free: among the lost hosts of the worst case (slots), or dedicated.
    public var isSpared: Bool
  }

  /// Counting in slots.
  public struct Slots: Sendable, Equatable {
    /// Size of one slot; memory 0 bounds nothing.
    public var size: Charge
    /// The size was given: it does not follow the VMs.
    public var isCPUFixed: Bool
    public var isMemoryFixed: Bool
    public var total: Int64
    /// What is left without the hosts that are spared.
    public var left: Int64
    public var used: Int64
    /// Slots that may still be used; negative where the failures could not be survived.
    public var available: Int64 { left - used }
  }

  public var policy: FailoverPolicy
  /// In the order given.
  public var hosts: [Host]
  /// Σ capacity of the hosts that are available.
  public var capacity: Charge
  /// What the VMs count for. Under slots and percentage a VM that reserves no CPU counts 32 MHz.
  public var used: Charge
  /// What the policy keeps away from VMs: percentage and dedicated. It is taken off the root of admission.
  public var reserve: Charge
  /// Only under the slot policy.
  public var slots: Slots?
  /// How many hosts may fail, the worst first, and what remains still holds every VM: by slots under that policy, else
  /// by Σ capacity of each resource, in which fragments count.
  public var hostFailuresSurvived: Int
  let tally: FailoverTally

  /// What may still be reserved: capacity − reserve − used. Negative where too much is. Slots are counted in `slots`.
  public var available: Charge {
    Charge { Int64(clamping: Int128(capacity[$0]) - Int128(reserve[$0]) - Int128(used[$0])) }
  }

  /// (capacity − used) / capacity of a resource, rounded down, and 0 where more is used than there is: vSphere's
  /// "current failover capacity" of the percentage policy.
  public func free(_ resource: AdmissionResource) -> PartsPerMillion {
    let whole = capacity[resource]
    guard whole > 0 else { return .zero }
    return PartsPerMillion(scaled(max(0, whole - used[resource]), by: 1_000_000, over: whole))
  }

  /// What keeps the policy from being satisfied, CPU before memory; empty when it is.
  public var shortages: [Refusal.FailoverShortage] {
    switch policy {
    case .none:
      return []
    case .slots:
      guard let slots, slots.available < 0 else { return [] }
      return [
        Refusal.FailoverShortage(
          policy: policy.name, count: .slots, used: slots.used, available: slots.left)
      ]
    case .percentage, .dedicated:
      return AdmissionResource.allCases.filter { available[$0] < 0 }.map {
        Refusal.FailoverShortage(
          policy: policy.name, count: .amount($0), used: used[$0],
          available: capacity[$0] - reserve[$0], capacityShort: capacityShort($0))
      }
    }
  }

  /// How much more capacity would let the VMs use what they do; nil where none would.
  private func capacityShort(_ resource: AdmissionResource) -> Int64? {
    if case .dedicated = policy {
      return Int64(clamping: -Int128(available[resource]))
    }
    return FailoverPlanner(policy: policy)
      .capacity(for: used[resource], of: resource, hosts: hosts.count)
      .map { Int64(clamping: Int128($0) - Int128(capacity[resource])) }
  }

  /// What the policy asks for is there.
  public var isSatisfied: Bool { shortages.isEmpty }

  /// Whether a further VM may be powered on: nil when it may. O(hosts · log hosts).
  public func admits(_ vm: FailoverVM) -> Refusal? {
    guard policy != .none else { return nil }
    guard hosts.contains(where: \.isAvailable) else { return .noHost }
    var tally = self.tally
    tally.add(vm, under: policy)
    return allows(tally)
  }

  /// Whether the VMs may count for so much: nil when they may. Who asks for no more of what is short already is not
  /// refused for that.
  func allows(_ tally: FailoverTally) -> Refusal? {
    let after = FailoverPlanner(policy: policy).status(
      hosts: hosts.map {
        FailoverHost(name: $0.name, capacity: $0.capacity, isAvailable: $0.isAvailable)
      }, tally: tally)
    return after.shortages.first {
      switch $0.count {
      case .slots: after.slots.map { $0.available < slots?.available ?? 0 } ?? false
      case .amount(let resource): after.available[resource] < available[resource]
      }
    }.map(Refusal.failoverCapacity)
  }
}
