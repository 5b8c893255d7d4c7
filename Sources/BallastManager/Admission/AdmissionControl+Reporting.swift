import BallastModel
import BallastUnits

/// What a VM or a pool takes, pool by pool on the way up.
public struct BorrowRecord: Sendable, Equatable {
  public struct Step: Sendable, Equatable {
    /// Index in the tree.
    public var pool: Int
    /// Covered by this pool's own reservation; at the root, by capacity.
    public var own: Charge
    /// Passed on to its parent.
    public var borrowed: Charge
    public init(pool: Int, own: Charge, borrowed: Charge) {
      self.pool = pool
      self.own = own
      self.borrowed = borrowed
    }
  }
  /// The pool asked first, then its ancestors as far as anything was asked of them.
  public var steps: [Step]
  public init(steps: [Step]) { self.steps = steps }
}

/// A promise that cannot be kept: a pool's or the root's children hold more than it has.
public struct AdmissionProblem: Sendable, Equatable {
  /// Index in the tree; 0 is the root.
  public var pool: Int
  public var resource: AdmissionResource
  /// kHz or bytes, more than 0.
  public var short: Int64
  public init(pool: Int, resource: AdmissionResource, short: Int64) {
    self.pool = pool
    self.resource = resource
    self.short = short
  }
}

/// Health of a cluster's promises. Running VMs stay in every state.
public enum AdmissionState: String, Sendable, Equatable, Codable {
  /// Everything promised is backed.
  case green
  /// The pools add up, but the hosts that are up have less than is promised.
  case yellow
  /// The tree itself does not add up: below a pool more is promised than it may hold.
  case red
}

extension AdmissionControl {
  /// Every pool whose children hold more than it has, in order of the tree, CPU before memory.
  public var problems: [AdmissionProblem] {
    guard cpu.shortCount + memory.shortCount > 0 else { return [] }
    return paths.indices.flatMap { pool in
      AdmissionResource.allCases.compactMap { resource in
        let here = self[resource].pools[pool]
        guard here.isShort else { return nil }
        return AdmissionProblem(
          pool: pool, resource: resource, short: Int64(clamping: here.held - here.ceiling))
      }
    }
  }

  /// `problems` in one word: while it is not green, nothing more is admitted of the resource that is short.
  public var state: AdmissionState {
    let shortPools = cpu.shortCount + memory.shortCount
    let shortRoots = (cpu.pools[0].isShort ? 1 : 0) + (memory.pools[0].isShort ? 1 : 0)
    return shortPools == 0 ? .green : shortPools == shortRoots ? .yellow : .red
  }

  /// What the children of a pool hold: charges of its VMs, reservations and borrowings of its pools.
  public func reserved(_ pool: Int) -> Charge {
    Charge { Int64(clamping: self[$0].pools[pool].held) }
  }

  /// What is left of a pool's own reservation, or of the capacity at the root. Negative only where more is promised
  /// than there is.
  public func unreserved(_ pool: Int) -> Charge {
    Charge { resource in
      let here = self[resource].pools[pool]
      return Int64(clamping: here.isExpandable ? max(0, here.own) : here.own)
    }
  }

  /// What a pool has borrowed from its parent beyond its own reservation.
  public func borrowed(_ pool: Int) -> Charge {
    Charge { resource in
      let here = self[resource].pools[pool]
      return Int64(clamping: here.taken - Int128(here.reservation))
    }
  }

  /// The largest charge that a VM in this pool could have of each resource, borrowing included; never negative, and 0
  /// while the resource is overcommitted.
  public func available(_ pool: Int) -> Charge {
    Charge { resource in
      let ledger = self[resource]
      return ledger.shortCount > 0 ? 0 : Int64(clamping: max(0, ledger.room(pool)))
    }
  }

  /// What a VM takes from which pool. VMs are served in the order in which they were admitted, pools before VMs: who
  /// came early has a pool's own reservation, who came late borrows. When an early one leaves, the next moves up.
  public func record(of vm: VMIndex) -> BorrowRecord? {
    guard entry(of: vm) != nil else { return nil }
    return records { $0 == vm }.first?.record
  }

  /// The records of all VMs that are in, by VM.
  public var records: [(vm: VMIndex, record: BorrowRecord)] { records { _ in true } }

  private func records(
    of isWanted: (VMIndex) -> Bool
  ) -> [(vm: VMIndex, record: BorrowRecord)] {
    var tallies = self.tallies
    var found: [(vm: VMIndex, record: BorrowRecord)] = []
    let admitted = entries.indices
      .compactMap { vm in entries[vm].map { (vm: VMIndex(vm), entry: $0) } }
      .sorted { $0.entry.sequence < $1.entry.sequence }
    for (vm, entry) in admitted {
      let record = BorrowRecord(steps: serve(entry, from: &tallies))
      if isWanted(vm) { found.append((vm, record)) }
    }
    return found.sorted { $0.vm < $1.vm }
  }

  /// Both ledgers without VMs.
  private var tallies: (cpu: PoolLedger, memory: PoolLedger) {
    (cpu.withPoolsOnly, memory.withPoolsOnly)
  }

  private func serve(
    _ entry: Entry, from tallies: inout (cpu: PoolLedger, memory: PoolLedger)
  ) -> [BorrowRecord.Step] {
    var steps: [BorrowRecord.Step] = []
    var asked = entry.charge
    var pool = entry.pool
    while pool >= 0, asked != .zero || steps.isEmpty {
      let borrowed = Charge {
        let ledger = $0 == .cpu ? tallies.cpu : tallies.memory
        return Int64(ledger.passedOn(Int128(asked[$0]), by: pool))
      }
      let own = Charge(cpu: asked.cpu - borrowed.cpu, memory: asked.memory - borrowed.memory)
      steps.append(BorrowRecord.Step(pool: pool, own: own, borrowed: borrowed))
      asked = borrowed
      pool = cpu.pools[pool].parent
    }
    tallies.cpu.add(Int128(entry.charge.cpu), to: entry.pool)
    tallies.memory.add(Int128(entry.charge.memory), to: entry.pool)
    return steps
  }

  // MARK: Refusals in numbers

  func shortage(
    of resource: AdmissionResource, adding amount: Int128, to pool: Int
  ) -> Refusal? {
    let ledger = self[resource]
    guard let obstacle = ledger.obstacle(adding: amount, to: pool) else { return nil }
    var asks: [Refusal.PoolShortage.Ask] = []
    var asked = amount
    var here = pool
    while true {
      let own = ledger.pools[here].own
      asks.append(ask(here, asked, unreserved: ledger.pools[here].isExpandable ? max(0, own) : own))
      if here == obstacle { break }
      asked = ledger.passedOn(asked, by: here)
      here = ledger.pools[here].parent
    }
    let stop = ledger.pools[obstacle]
    return .poolReservation(
      Refusal.PoolShortage(
        resource: resource,
        bound: stop.parent < 0 ? .capacity : stop.isExpandable ? .limit : .fixed, asks: asks,
        room: Int64(clamping: stop.ceiling - stop.held)))
  }

  func ask(_ pool: Int, _ asked: Int128, unreserved: Int128) -> Refusal.PoolShortage.Ask {
    Refusal.PoolShortage.Ask(
      pool: paths[pool], asked: Int64(clamping: asked), unreserved: Int64(clamping: unreserved))
  }

  /// The first pool in order of the tree that holds too much. There must be one.
  func overcommitment(
    of resource: AdmissionResource, needed: Int64
  ) -> Refusal.Overcommitment {
    let pools = self[resource].pools
    guard let pool = pools.indices.first(where: { pools[$0].isShort }) else {
      preconditionFailure("an overcommitted resource has a pool that is short")
    }
    return Refusal.Overcommitment(
      resource: resource, pool: paths[pool], reserved: Int64(clamping: pools[pool].held),
      available: Int64(clamping: pools[pool].ceiling), needed: needed)
  }
}
