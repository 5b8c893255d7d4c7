import BallastModel
import BallastUnits

/// Decides who may be promised what in one cluster: VMs at power-on, changed reservations, pools.
///
/// Rule      a VM's charge is asked of its pool. A pool uses its own unreserved first; an expandable one asks its parent
///           for the rest, up to the root, which has the capacity of the hosts. A fixed pool, a limit or the root that
///           is short refuses. CPU and memory are checked apart and admitted together or not at all.
/// Promises  what is held below a fixed pool never passes its reservation · releasing restores everything bit for bit,
///           in whatever order · who is in decides, not when they came · nobody is ever stopped: when capacity shrinks,
///           what is promised stays and only new promises are refused.
/// Rounding  none.
/// Cost      O(depth of the tree) per VM; `problems` O(pools); `record` O(VMs · depth).
/// Source    vSphere resource management guide, expandable reservations; docs/ADMISSION.md#pools.
public struct AdmissionControl: Sendable, Equatable {
  /// What is kept per VM that is admitted.
  struct Entry: Sendable, Equatable {
    var pool: Int
    var charge: Charge
    /// Rises with every admission.
    var sequence: Int
  }

  /// Paths of the pools in order of the tree; the root's is empty.
  let paths: [String]
  private(set) var cpu: PoolLedger
  private(set) var memory: PoolLedger
  /// By VM index; VMs that are not in are nil.
  private(set) var entries: [Entry?] = []
  private var admittedCount = 0
  private var nextSequence = 0
  private let everyPoolMayBorrow: Bool

  /// The pools' own reservations are charged at once; what they lack is in `problems`.
  ///
  /// - Parameters:
  ///   - capacity: what the hosts offer to VMs, less what failover keeps away.
  ///   - everyPoolMayBorrow: where nobody is asked, `expandable` does not count, and only limits and the root can be short.
  public init(tree: PoolTree, capacity: Charge, everyPoolMayBorrow: Bool = false) {
    paths = tree.pools.map(\.path)
    self.everyPoolMayBorrow = everyPoolMayBorrow
    let capacity = capacity.atLeastZero
    cpu = PoolLedger(
      pools: tree.pools.map {
        $0.parent < 0
          ? Self.root(capacity.cpu)
          : Self.pool($0.cpu, parent: $0.parent, mayBorrow: everyPoolMayBorrow)
      })
    memory = PoolLedger(
      pools: tree.pools.map {
        $0.parent < 0
          ? Self.root(capacity.memory)
          : Self.pool($0.memory, parent: $0.parent, mayBorrow: everyPoolMayBorrow)
      })
  }

  private static func root(_ capacity: Int64) -> PoolLedger.Pool {
    PoolLedger.Pool(parent: -1, reservation: capacity, limit: .max, isExpandable: false)
  }

  private static func pool<Amount>(
    _ settings: ResourceSettings<Amount>, parent: Int, mayBorrow: Bool
  ) -> PoolLedger.Pool {
    PoolLedger.Pool(
      parent: parent, reservation: max(0, settings.reservation.value),
      limit: settings.limit?.value ?? .max, isExpandable: mayBorrow || settings.expandable)
  }

  /// What the hosts offer now: they fail and recover. Nobody is stopped; see `state`.
  public mutating func setCapacity(_ capacity: Charge) {
    let capacity = capacity.atLeastZero
    cpu.configure(0, to: Self.root(capacity.cpu))
    memory.configure(0, to: Self.root(capacity.memory))
  }

  public var capacity: Charge {
    Charge(cpu: cpu.pools[0].reservation, memory: memory.pools[0].reservation)
  }

  /// Admits a VM to a pool. A VM that is in already is moved there with its new charge.
  ///
  /// - Parameter isNew: false takes up a promise again, after the VM's host has failed: what its pool has of its own it
  ///   may have also while more is promised elsewhere than there is.
  /// - Returns: nil when it is admitted; else why not, and everything is as before.
  public mutating func admit(
    _ vm: VMIndex, pool: Int, charge: Charge, isNew: Bool = true
  ) -> Refusal? {
    precondition(paths.indices.contains(pool), "a VM is admitted to a pool of the tree")
    let charge = charge.atLeastZero
    let old = entry(of: vm)
    take(old, sign: -1)
    if let refusal = refusal(of: charge, in: pool, replacing: old, isNew: isNew) {
      take(old, sign: 1)
      return refusal
    }
    var new = Entry(pool: pool, charge: charge, sequence: nextSequence)
    if let old, old.pool == pool { new.sequence = old.sequence } else { nextSequence += 1 }
    take(new, sign: 1)
    if old == nil { admittedCount += 1 }
    while entries.count <= vm.int { entries.append(nil) }
    entries[vm.int] = new
    return nil
  }

  /// Gives back all a VM holds; nothing where it is not in.
  public mutating func release(_ vm: VMIndex) {
    guard let old = entry(of: vm) else { return }
    take(old, sign: -1)
    entries[vm.int] = nil
    while let last = entries.last, last == nil { entries.removeLast() }
    admittedCount -= 1
    if admittedCount == 0 { nextSequence = 0 }
  }

  /// Changes what a VM holds where it is. A VM that is not in holds nothing, and there is nothing to change.
  ///
  /// - Returns: nil when the new charge holds; else why not, and the old one stands.
  public mutating func reconfigure(_ vm: VMIndex, charge: Charge) -> Refusal? {
    guard let old = entry(of: vm) else { return nil }
    return admit(vm, pool: old.pool, charge: charge)
  }

  /// Changes a pool's own settings. Its reservation is charged to its parent, which borrows in turn if it may. Holding
  /// more than a smaller reservation covers becomes borrowing if the pool is expandable.
  ///
  /// - Returns: nil when the new settings hold; else why not, and the old ones stand. A pool that is short already may
  ///   always be made less so.
  public mutating func configure(
    pool: Int, cpu newCPU: ResourceSettings<Kilohertz>, memory newMemory: ResourceSettings<Bytes>
  ) -> Refusal? {
    let new = ledgers(of: pool, newCPU, newMemory)
    if let refusal = refusal(of: new.cpu, for: pool, of: .cpu)
      ?? refusal(of: new.memory, for: pool, of: .memory)
    {
      return refusal
    }
    cpu.configure(pool, to: new.cpu)
    memory.configure(pool, to: new.memory)
    return nil
  }

  /// Takes a pool's settings as they are, where nobody is asked; what they lack is in `problems`.
  public mutating func accept(
    pool: Int, cpu newCPU: ResourceSettings<Kilohertz>, memory newMemory: ResourceSettings<Bytes>
  ) {
    let new = ledgers(of: pool, newCPU, newMemory)
    cpu.configure(pool, to: new.cpu)
    memory.configure(pool, to: new.memory)
  }

  private func ledgers(
    of pool: Int, _ newCPU: ResourceSettings<Kilohertz>, _ newMemory: ResourceSettings<Bytes>
  ) -> (cpu: PoolLedger.Pool, memory: PoolLedger.Pool) {
    precondition(pool > 0 && pool < paths.count, "the root has no settings of its own")
    let parent = cpu.pools[pool].parent
    return (
      cpu: Self.pool(newCPU, parent: parent, mayBorrow: everyPoolMayBorrow),
      memory: Self.pool(newMemory, parent: parent, mayBorrow: everyPoolMayBorrow)
    )
  }

  private func refusal(
    of new: PoolLedger.Pool, for pool: Int, of resource: AdmissionResource
  ) -> Refusal? {
    if new.limit < new.reservation {
      return .limitBelowReservation(
        resource: resource, limit: new.limit, reservation: new.reservation)
    }
    let old = self[resource].pools[pool]
    if old.held > new.ceiling, new.ceiling < old.ceiling || !old.isShort {
      return .poolReservation(
        Refusal.PoolShortage(
          resource: resource, bound: new.isExpandable ? .limit : .fixed,
          asks: [ask(pool, old.held, unreserved: max(0, Int128(new.reservation)))],
          room: Int64(clamping: new.ceiling)))
    }
    var after = new
    after.held = old.held
    let more = after.taken - old.taken
    guard more > 0 else { return nil }
    return shortage(of: resource, adding: more, to: old.parent)
  }

  public func isAdmitted(_ vm: VMIndex) -> Bool { entry(of: vm) != nil }

  /// What a VM that is in holds, and where.
  public func holding(of vm: VMIndex) -> (pool: Int, charge: Charge)? {
    entry(of: vm).map { ($0.pool, $0.charge) }
  }

  /// Whether `admit` would say yes; changes nothing.
  public func refusal(of charge: Charge, in pool: Int, isNew: Bool = true) -> Refusal? {
    refusal(of: charge.atLeastZero, in: pool, replacing: nil, isNew: isNew)
  }

  func entry(of vm: VMIndex) -> Entry? {
    entries.indices.contains(vm.int) ? entries[vm.int] : nil
  }

  subscript(resource: AdmissionResource) -> PoolLedger { resource == .cpu ? cpu : memory }

  private mutating func take(_ entry: Entry?, sign: Int128) {
    guard let entry else { return }
    cpu.add(sign * Int128(entry.charge.cpu), to: entry.pool)
    memory.add(sign * Int128(entry.charge.memory), to: entry.pool)
  }

  /// - Parameter old: what the VM held, already given back. Who stays in its pool and asks for no more of a resource
  ///   keeps what it has, even while that resource is overcommitted.
  private func refusal(
    of charge: Charge, in pool: Int, replacing old: Entry?, isNew: Bool
  ) -> Refusal? {
    let kept = old?.pool == pool ? old?.charge ?? .zero : .zero
    for resource in AdmissionResource.allCases where charge[resource] > kept[resource] {
      if isNew, self[resource].shortCount > 0 {
        return .overcommitted(overcommitment(of: resource, needed: charge[resource]))
      }
      if let refusal = shortage(of: resource, adding: Int128(charge[resource]), to: pool) {
        return refusal
      }
    }
    return nil
  }
}
