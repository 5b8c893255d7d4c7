import BallastModel
import BallastUnits

/// The memory half of a host's manager: a policy, the tax of entitlements, and what is remembered of each guest.
///
/// A value, like the manager it is part of. Without a policy and without a tax it asks for nothing and changes nothing.
public struct MemoryControl: Sendable, Equatable {
  public struct Parameters: Sendable, Equatable {
    /// Tax that memory entitlements are computed with; nil: the policy's own.
    public var tax: IdleMemoryTax?
    public var workingSet = WorkingSetEstimator.Parameters()
    /// What a guest has told counts for so long.
    public var statisticsAgeMax = SimDuration.seconds(30)
    /// A balloon that has been asked to grow and has not moved for so many observations is stuck …
    public var stuckAfter = 3
    /// … and is not asked again for so many.
    public var stuckFor = 10
    /// What a guest that runs for so long has told is counted on for others, …
    public var countedAfter = SimDuration.seconds(60)
    /// … except a part of its configured memory that it keeps free for itself.
    public var keptFree = PartsPerMillion.percent(1)
    public init() {}
  }

  /// What is remembered of one guest.
  struct Guest: Sendable, Equatable {
    var vm: VMIndex
    /// When it came under management: one that comes back is another.
    var since: SimTime
    var workingSet = WorkingSetEstimator()
    /// What was asked last.
    var request = VMMemoryRequest()
    /// What its balloon held when last seen.
    var balloon: Int64 = 0
    var observationsUnmoved = 0
    var observationsStuck = 0
    /// What its balloon held when it was last found stuck; −1: it has held more since.
    var stuckBalloon: Int64 = -1
  }

  public let parameters: Parameters
  /// There is a policy or a tax: somebody must look at memory.
  let isOn: Bool
  public private(set) var policy: any MemoryPolicy
  /// In order of VMs.
  private(set) var guests: [Guest] = []
  /// What the last decision rests on.
  public private(set) var decision = MemoryDecision()
  /// Pools that are promised more than the host has for them.
  var unbackedPools: [UnbackedPool] = []
  private var host = HostMemoryRequest()
  /// Of the last observation that was decided on.
  private var sequence: UInt64?
  private var time = SimTime.zero

  public init(
    policy: any MemoryPolicy = NoReclaim(), _ parameters: Parameters = Parameters()
  ) {
    self.policy = policy
    self.parameters = parameters
    isOn = (parameters.tax ?? policy.tax).rate > .zero || !(policy is NoReclaim)
  }

  public static func == (a: MemoryControl, b: MemoryControl) -> Bool {
    a.parameters == b.parameters && a.policy.isEqual(to: b.policy) && a.guests == b.guests
      && a.decision == b.decision && a.unbackedPools == b.unbackedPools && a.host == b.host
      && a.sequence == b.sequence
      && a.time == b.time
  }

  /// The tax that entitlements are computed with.
  public var tax: IdleMemoryTax { parameters.tax ?? policy.tax }

  // MARK: One decision

  /// An observation that was decided on already teaches nothing, nor does one of a host that shows no memory and not where
  /// it is.
  func isNews(_ seen: HostObservation) -> Bool {
    (seen.memoryCapacity > .zero || seen.hasAllMemoryHeld) && !isDecidedOn(seen)
  }

  func isDecidedOn(_ seen: HostObservation) -> Bool {
    sequence == seen.sequence && time == seen.time
  }

  /// Keeps one record per managed VM, in order.
  mutating func follow(_ vms: [(vm: VMIndex, since: SimTime)]) {
    if guests.elementsEqual(vms, by: { $0.vm == $1.vm && $0.since == $1.since }) { return }
    var old = 0
    guests = vms.map { vm, since in
      while old < guests.count && guests[old].vm < vm { old += 1 }
      if old < guests.count, guests[old].vm == vm, guests[old].since == since {
        return guests[old]
      }
      return Guest(vm: vm, since: since)
    }
  }

  /// Takes over what an observation tells about one guest: its sample, and whether its balloon moves.
  mutating func note(
    _ readings: VMMemoryReadings, balloon: Int64, at index: Int, _ span: SimDuration
  ) {
    guests[index].workingSet.note(
      sampled: readings.sampledPages, touched: readings.touchedPages, elapsed: span,
      parameters.workingSet)
    var guest = guests[index]
    guest.observationsStuck = max(0, guest.observationsStuck - 1)
    let wantsMore = guest.request.balloon > balloon
    guest.observationsUnmoved =
      wantsMore && balloon <= guest.balloon ? guest.observationsUnmoved + 1 : 0
    if guest.observationsUnmoved >= parameters.stuckAfter {
      guest.observationsUnmoved = 0
      guest.observationsStuck = parameters.stuckFor
      guest.stuckBalloon = balloon
    } else if balloon > guest.stuckBalloon {
      guest.stuckBalloon = -1
    }
    guest.balloon = balloon
    guests[index] = guest
  }

  /// Asks the policy, and holds back what would shrink a guest that must not be shrunk now.
  mutating func decide(_ table: MemoryTable, answering seen: HostObservation) {
    sequence = seen.sequence
    time = seen.time
    host = HostMemoryRequest()
    decision = MemoryDecision()
    decision.observation = seen.sequence
    decision.policy = policy.name
    var requests = table.rows.map { _ in VMMemoryRequest() }
    policy.decide(table, requests: &requests, host: &host, decision: &decision)
    for (index, row) in table.rows.enumerated() {
      holdBack(row, &requests[index], at: index)
      guests[index].request = requests[index]
    }
  }

  /// A balloon that was asked for is still to be held; amounts were taken once.
  var hasAsked: Bool { guests.contains { $0.request.balloon > 0 } }

  /// There was nothing to decide, and nothing to remember.
  mutating func rest(answering seen: HostObservation) {
    sequence = seen.sequence
    time = seen.time
    guests.removeAll(keepingCapacity: true)
    unbackedPools.removeAll()
    host = HostMemoryRequest()
    decision = MemoryDecision()
    decision.observation = seen.sequence
    decision.policy = policy.name
    decision.free = seen.memoryFree.value
  }

  /// A guest that is held back and whose balloon is still on the way up is asked to stop where it is.
  private mutating func holdBack(
    _ row: MemoryRow, _ request: inout VMMemoryRequest, at index: Int
  ) {
    guard row.heldBackBy != nil else { return }
    let wasAsked = guests[index].request.balloon > row.balloon && row.isSeen
    if request.balloon > row.balloon {
      let short = request.balloon - row.balloon
      request.balloon = VMMemoryRequest.none
      decision.shortage += short
      if decision.vms.indices.contains(index) {
        decision.vms[index].shortage += short
        decision.vms[index].amounts.removeAll { $0.technique == .balloon }
      }
    }
    if request.balloon < 0 && wasAsked { request.balloon = row.balloon }
  }

  /// What is asked stays asked, but amounts were asked once: a host that shows nothing may have taken them.
  mutating func keepTargetsOnly() {
    for index in guests.indices {
      guests[index].request.compress = 0
      guests[index].request.swap = 0
    }
  }

  /// Writes what was asked last into a plan.
  func write(_ plan: inout HostPlan) {
    plan.memory.removeAll(keepingCapacity: true)
    plan.memory.append(contentsOf: guests.lazy.map(\.request))
    plan.hostMemory = host
  }
}

/// A pool whose VMs on a host have touched memory that the pool reserves and the host does not have.
public struct UnbackedPool: Sendable, Equatable {
  /// Index in the cluster's tree.
  public var pool: Int
  /// Bytes of its reservation that its VMs on the host can use, and what the host has for that.
  public var promised: Int64
  public var backed: Int64
}
