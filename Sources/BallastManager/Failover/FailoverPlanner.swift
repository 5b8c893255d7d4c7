import BallastModel
import BallastUnits

/// Says what a cluster could survive, and so whether a VM more may be powered on.
///
/// Rule      slots: one slot is the largest CPU reservation (32 MHz where there is none) by the largest memory
///           reservation with overhead; a host has as many as its scarcer resource holds; without the k hosts that have
///           most, there must be one for every VM.
///           percentage: Σ charges ≤ capacity − reserve, with k/N of all capacity reserved, or parts that are given.
///           dedicated: Σ charges ≤ capacity of the other hosts.
/// Promises  nobody is stopped: a status that is not satisfied only refuses VMs that are not on yet.
/// Rounding  slots down; the reserve up, so that never less is kept than asked for.
/// Cost      O(VMs + hosts · log hosts).
/// Source    vSphere availability guide, admission control policies; docs/ADMISSION.md#failover.
public struct FailoverPlanner: Sendable, Equatable {
  public var policy: FailoverPolicy

  public init(policy: FailoverPolicy) { self.policy = policy }

  /// - Parameters:
  ///   - hosts: all of the cluster, in order of names, also those that are not available.
  ///   - vms: those that are on.
  public func status(hosts: [FailoverHost], vms: [FailoverVM]) -> FailoverStatus {
    var tally = FailoverTally()
    for vm in vms { tally.add(vm, under: policy) }
    return status(hosts: hosts, tally: tally)
  }

  /// What the policy keeps away from the root of admission; 0 for slots, which `admits` checks by itself.
  public func reserve(hosts: [FailoverHost]) -> Charge {
    let capacity = Self.capacity(hosts)
    switch policy {
    case .none, .slots:
      return .zero
    case .percentage:
      return Charge {
        let (part, whole) = kept($0, hosts: hosts.count)
        return Self.roundedUp(capacity[$0], by: part, over: whole)
      }
    case .dedicated(let positions):
      return Self.capacity(
        hosts.indices.filter { positions.contains($0) }.map { hosts[$0] })
    }
  }

  /// The part of all capacity that is kept: percentage only, else 0 / 1.
  private func kept(_ resource: AdmissionResource, hosts: Int) -> (part: Int64, whole: Int64) {
    switch policy {
    case .none, .slots, .dedicated:
      return (0, 1)
    case .percentage(.tolerate(let failures)):
      let count = Int64(max(1, hosts))
      return (min(Int64(max(0, failures)), count), count)
    case .percentage(.explicit(let cpu, let memory)):
      let part = (resource == .cpu ? cpu : memory).value
      return (min(max(0, part), 1_000_000), 1_000_000)
    }
  }

  /// The least capacity of which a need may be used: the least C with ⌊C · (whole − part) / whole⌋ ≥ need. Nil where
  /// everything is kept.
  func capacity(for need: Int64, of resource: AdmissionResource, hosts: Int) -> Int64? {
    let (part, whole) = kept(resource, hosts: hosts)
    guard part < whole else { return nil }
    let left = Int128(whole - part)
    return Int64(clamping: (Int128(need) * Int128(whole) + left - 1) / left)
  }

  func status(hosts: [FailoverHost], tally: FailoverTally) -> FailoverStatus {
    var rows = hosts.map {
      FailoverStatus.Host(
        name: $0.name, isAvailable: $0.isAvailable,
        capacity: $0.isAvailable ? $0.capacity.atLeastZero : .zero, slots: nil, isSpared: false)
    }
    var slots: FailoverStatus.Slots?
    var survived = 0
    switch policy {
    case .slots(let tolerate, let fixed):
      let counted = countSlots(in: &rows, tally: tally, tolerate: tolerate, fixed: fixed)
      slots = counted
      survived = Self.survived(rows.filter(\.isAvailable).map { $0.slots ?? 0 }, need: counted.used)
    case .none, .percentage, .dedicated:
      if case .dedicated(let positions) = policy {
        for row in rows.indices { rows[row].isSpared = positions.contains(row) }
      }
      let available = rows.filter(\.isAvailable)
      survived =
        AdmissionResource.allCases.map { resource in
          Self.survived(available.map { $0.capacity[resource] }, need: tally.used[resource])
        }.min() ?? 0
    }
    return FailoverStatus(
      policy: policy, hosts: rows, capacity: Self.capacity(hosts), used: tally.used,
      reserve: reserve(hosts: hosts), slots: slots, hostFailuresSurvived: survived, tally: tally)
  }

  private func countSlots(
    in rows: inout [FailoverStatus.Host], tally: FailoverTally, tolerate: Int,
    fixed: FailoverPolicy.SlotSize
  ) -> FailoverStatus.Slots {
    let size = Charge(
      cpu: max(
        1, fixed.cpu?.value ?? max(tally.largest.cpu, FailoverVM.cpuWithoutReservation.value)),
      memory: max(0, fixed.memory?.value ?? tally.largest.memory))
    for row in rows.indices {
      let host = rows[row].capacity
      rows[row].slots = min(
        host.cpu / size.cpu, size.memory > 0 ? host.memory / size.memory : .max)
    }
    let total = rows.reduce(Int64(0)) { $0 + ($1.slots ?? 0) }
    // The sort is by a key without ties: slots, then position.
    let largest = rows.indices.filter { rows[$0].isAvailable }
      .sorted { (rows[$1].slots ?? 0, $0) < (rows[$0].slots ?? 0, $1) }
      .prefix(max(0, tolerate))
    for row in largest { rows[row].isSpared = true }
    let left = total - largest.reduce(Int64(0)) { $0 + (rows[$1].slots ?? 0) }
    return FailoverStatus.Slots(
      size: size, isCPUFixed: fixed.cpu != nil, isMemoryFixed: fixed.memory != nil, total: total,
      left: left, used: tally.slots)
  }

  /// How many of these may be lost, the largest first, and the rest still adds up to the need.
  private static func survived(_ parts: [Int64], need: Int64) -> Int {
    var left = parts.reduce(Int128(0)) { $0 + Int128($1) }
    var count = 0
    for part in parts.sorted(by: >) {
      left -= Int128(part)
      if left < Int128(need) { break }
      count += 1
    }
    return count
  }

  private static func capacity(_ hosts: [FailoverHost]) -> Charge {
    Charge { resource in
      Int64(
        clamping: hosts.reduce(Int128(0)) {
          $0 + ($1.isAvailable ? Int128(max(0, $1.capacity[resource])) : 0)
        })
    }
  }

  private static func roundedUp(_ amount: Int64, by part: Int64, over whole: Int64) -> Int64 {
    Int64((Int128(amount) * Int128(part) + Int128(whole) - 1) / Int128(whole))
  }
}

/// What the VMs that are on add up to under a policy.
struct FailoverTally: Sendable, Equatable {
  /// Held within 64 bits.
  private(set) var used = Charge.zero
  /// The largest amounts, of VMs that need not be the same.
  private(set) var largest = Charge.zero
  private(set) var slots: Int64 = 0

  /// The same with a VM's charge changed; nil where everyone has to be counted: where it was the largest and is not any
  /// more, or a sum was cut to 64 bits.
  func replacing(
    _ old: FailoverVM, by new: FailoverVM, under policy: FailoverPolicy
  ) -> FailoverTally? {
    let isLargest = AdmissionResource.allCases.contains {
      old.counted[$0] == largest[$0] && new.counted[$0] < largest[$0]
    }
    if isLargest || used.cpu == .max || used.memory == .max || slots == .max { return nil }
    var tally = self
    let amount = Self.amount(old, under: policy)
    tally.used = Charge { used[$0] - amount[$0] }
    tally.slots -= Self.slots(old, under: policy)
    tally.add(new, under: policy)
    return tally
  }

  mutating func add(_ vm: FailoverVM, under policy: FailoverPolicy) {
    let counted = vm.counted
    let amount = Self.amount(vm, under: policy)
    used = Charge { Int64(clamping: Int128(used[$0]) + Int128(amount[$0])) }
    largest = Charge { max(largest[$0], counted[$0]) }
    let wanted = Self.slots(vm, under: policy)
    slots = slots.addingReportingOverflow(wanted).overflow ? .max : slots + wanted
  }

  private static func amount(_ vm: FailoverVM, under policy: FailoverPolicy) -> Charge {
    policy.countsCharges ? vm.charge.atLeastZero : vm.counted
  }

  private static func slots(_ vm: FailoverVM, under policy: FailoverPolicy) -> Int64 {
    guard case .slots(_, let fixed) = policy else { return 0 }
    let counted = vm.counted
    return max(
      slots(counted.cpu, of: fixed.cpu?.value), slots(counted.memory, of: fixed.memory?.value))
  }

  /// One where the size follows the VMs, since it is then no smaller than any; else as many as the amount begins.
  private static func slots(_ amount: Int64, of size: Int64?) -> Int64 {
    guard let size, amount > 0 else { return 1 }
    guard size > 0 else { return 1 }
    return (amount - 1) / size + 1
  }
}
