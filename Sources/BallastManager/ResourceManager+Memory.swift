import BallastModel
import BallastUnits

/// The memory half of a decision: readings are checked here, once, and nothing traps; the policy sees only the result.
extension ResourceManager {
  /// What the last decision about memory rests on.
  public var memoryDecision: MemoryDecision { memory.decision }
  /// Pools that were promised more at the last decision than the host has for them.
  public var unbackedPools: [UnbackedPool] { memory.unbackedPools }

  /// Entitlements where a tax divides, and the policy's requests. An observation that is decided on twice repeats the requests
  /// made last; one of a host that shows no memory repeats the targets among them.
  mutating func decideMemory(_ seen: HostObservation, _ plan: inout HostPlan) {
    plan.memory.removeAll(keepingCapacity: true)
    plan.hostMemory = HostMemoryRequest()
    guard memory.isOn else { return }
    if isMemoryIdle(seen) {
      if decidesMemory { memory.rest(answering: seen) }
      return
    }
    memory.follow(vms.indices.map { (vms[$0], row($0).since) })
    let isNews = decidesMemory && memory.isNews(seen)
    let table = memoryTable(seen, isNews: isNews)
    if isTaxed { plan.memoryEntitlement = taxedEntitlements(table) }
    for (index, row) in table.rows.enumerated() where row.isSeen {
      plan.memoryReservation[index] = min(plan.memoryReservation[index], row.reservation)
    }
    if isNews {
      memory.decide(table, answering: seen)
      memory.unbackedPools = unbackedPools(table)
    } else if !memory.isDecidedOn(seen) {
      memory.keepTargetsOnly()
    }
    memory.write(&plan)
  }

  /// Bytes that a guest can be brought down to without paging, as far as its host knows: what it says is available goes, and
  /// no more than where its balloon was stuck. Nil: nobody knows yet, or the guest does not tell.
  public func memoryLeast(
    of vm: VMIndex, _ readings: VMMemoryReadings, configured: Bytes, at time: SimTime
  ) -> Bytes? {
    let parameters = memory.parameters
    guard let position = position(of: vm),
      time - row(position).since >= parameters.countedAfter, readings.driver == .present,
      (0...parameters.statisticsAgeMax.value).contains(readings.statisticsAge),
      readings.guestAvailable >= 0
    else { return nil }
    let current = configured.value - min(max(0, readings.balloon), configured.value)
    let kept = parameters.keptFree.of(configured).value
    var least = current - min(current, max(0, readings.guestAvailable - kept))
    if let guest = memory.guests.first(where: { $0.vm == vm }), guest.stuckBalloon >= 0 {
      least = max(least, configured.value - guest.stuckBalloon)
    }
    return Bytes(least)
  }

  var isTaxed: Bool { memory.tax.rate > .zero }

  /// The division of memory by the tax: as the one without, between floors and caps that are the same.
  private func taxedEntitlements(_ table: MemoryTable) -> [Int64] {
    memory.tax.divide(
      capacity: table.capacity, among: table.rows.indices.map { entitlementClaim($0, table) },
      pools: table.pools, poolOfClaim: table.rows.map(\.pool))
  }

  /// What a VM claims as its entitlement: no more than counts as its demand.
  func entitlementClaim(_ index: Int, _ table: MemoryTable) -> IdleMemoryTax.Claim {
    let row = table.rows[index]
    return IdleMemoryTax.Claim(
      shares: row.weight, floor: row.floor, cap: min(row.cap, max(0, self.row(index).memoryDemand)),
      held: row.held, activeFraction: row.activeFraction)
  }

  /// The policy would ask for nothing, and every VM is entitled to all it holds: nobody has anything reclaimed or holds more
  /// than its limit, and no pool is limited.
  func isMemoryIdle(_ seen: HostObservation) -> Bool {
    guard memory.policy.isIdle(free: seen.memoryFree.value), !memory.hasAsked,
      pools.allSatisfy({ $0.memoryLimit == .max })
    else { return false }
    for row in seen.memory.indices where seen.memory[row].hasReclaimed { return false }
    for index in vms.indices where row(index).settings.memoryLimit != .max { return false }
    return true
  }

  /// The table without learning from it: what is remembered stays as it is.
  func memoryTable(lookingAt seen: HostObservation) -> MemoryTable {
    // What is remembered of guests that are not decided about may be gone.
    var copy = self
    copy.memory.follow(vms.indices.map { (vms[$0], row($0).since) })
    return copy.memoryTable(seen, isNews: false)
  }

  mutating func memoryTable(_ seen: HostObservation, isNews: Bool) -> MemoryTable {
    var table = MemoryTable()
    table.time = seen.time
    table.readings = seen.hostMemory
    table.capacity = Self.bytes(seen.memoryCapacity.value)
    table.total = seen.hostMemory.total > 0 ? Self.bytes(seen.hostMemory.total) : table.capacity
    table.free = min(
      max(seen.memoryFree.value, -MemoryTable.bytesMax), MemoryTable.bytesMax)
    table.cached = Self.bytes(seen.hostMemory.cached)
    table.pools = pools.map {
      MemoryPool(
        parent: $0.parent, reservation: Self.bytes($0.memoryReservation),
        limit: $0.memoryLimit == .max ? .max : Self.bytes($0.memoryLimit),
        weight: min(max(0, $0.memoryWeight), MemoryTable.weightMax))
    }
    var shown = 0
    for index in vms.indices {
      while shown < seen.count && seen.vms[shown] < vms[index] { shown += 1 }
      let isSeen = shown < seen.count && seen.vms[shown] == vms[index]
      table.rows.append(
        isSeen ? shownRow(index, seen, shown, isNews: isNews) : hiddenRow(index))
    }
    backReservations(&table)
    return table
  }

  /// Pools whose VMs have touched memory that the pool reserves and the host does not have. Policies that know no pools keep
  /// nothing for them.
  private func unbackedPools(_ table: MemoryTable) -> [UnbackedPool] {
    guard memory.policy is ProportionalShareMemory,
      table.pools.contains(where: { $0.reservation > 0 })
    else { return [] }
    let now = poolFloors(table) { $0.touched }
    let short = table.pools.indices.dropFirst().filter { now[$0].backed < now[$0].promised }
    if short.isEmpty { return [] }
    // How much is short is said of all that VMs may touch.
    let whole = poolFloors(table) { $0.configured }
    return short.map {
      UnbackedPool(pool: pools[$0].pool, promised: whole[$0].promised, backed: whole[$0].backed)
    }
  }

  /// What each pool is promised of `used`, and what of that the host has.
  private func poolFloors(
    _ table: MemoryTable, of used: (MemoryRow) -> Int64
  ) -> [(promised: Int64, backed: Int64)] {
    memory.tax.floors(
      capacity: table.capacity,
      among: table.rows.map { row in
        let used = min(used(row), row.limit)
        return IdleMemoryTax.Claim(shares: 0, floor: min(row.reservation, used), cap: used)
      }, pools: table.pools, poolOfClaim: table.rows.map(\.pool))
  }

  /// Where VMs have reserved more than the host has, each keeps the same part of that: of what the policy does not keep free,
  /// so that what was taken can come back when it is touched.
  private func backReservations(_ table: inout MemoryTable) {
    let reserved = table.rows.reduce(0) { $0 + $1.reservation }
    guard table.capacity > 0, reserved > table.capacity else { return }
    let kept = max(0, table.capacity - memory.policy.keptFree(of: table.total))
    for index in table.rows.indices {
      table.rows[index].reservation = scaled(
        table.rows[index].reservation, by: kept, over: reserved)
    }
  }

  private func hiddenRow(_ index: Int) -> MemoryRow {
    var result = MemoryRow(vm: vms[index])
    result.pool = poolPositions[index]
    result.heldBackBy = .notShown
    return result
  }

  private mutating func shownRow(
    _ index: Int, _ seen: HostObservation, _ shown: Int, isNews: Bool
  ) -> MemoryRow {
    let readings = seen.memory(row: shown)
    let settings = row(index).settings
    var result = hiddenRow(index)
    result.isSeen = true
    result.settings = settings.memory
    result.reservation = Self.bytes(settings.memoryReservation)
    result.limit = settings.memoryLimit == .max ? .max : Self.bytes(settings.memoryLimit)
    let (weight, isTooLarge) = settings.memoryWeight.multipliedReportingOverflow(by: weightPerShare)
    result.weight = isTooLarge ? MemoryTable.weightMax : min(max(0, weight), MemoryTable.weightMax)
    result.configured = Self.bytes(seen.memorySize(row: shown))
    // Nonsense has taught nothing: what was observed before stays.
    result.held = Self.bytes(row(index).memoryHeld)
    result.balloon = min(Self.bytes(readings.balloon), result.configured)
    result.compressed = Self.bytes(readings.compressed)
    result.compressedSize = Self.bytes(readings.compressedSize)
    result.overhead = Self.bytes(readings.overhead)
    result.touched = min(
      result.configured,
      result.held + result.balloon + Self.bytes(readings.swapped) + result.compressed)
    if isNews { memory.note(readings, balloon: result.balloon, at: index, seen.interval) }
    result.heldBackBy = heldBack(readings, result, consumed: seen.memoryConsumed[shown], at: index)
    readGuest(readings, &result)
    readActivity(seen, shown, index, &result)
    return result
  }

  private func heldBack(
    _ readings: VMMemoryReadings, _ row: MemoryRow, consumed: Int64, at index: Int
  ) -> MemoryExplanation.Guard? {
    if consumed < 0 || row.configured == 0 { return .statisticsStale }
    if readings.isInTransition { return .inTransition }
    if readings.driver != .present { return .driverMissing }
    if readings.statisticsAge > memory.parameters.statisticsAgeMax.value {
      return .statisticsStale
    }
    return memory.guests[index].observationsStuck > 0 ? .balloonStuck : nil
  }

  /// What the guest has told, if that is fresh. Without an age nobody knows.
  private func readGuest(_ readings: VMMemoryReadings, _ row: inout MemoryRow) {
    let isFresh =
      readings.driver == .present
      && (0...memory.parameters.statisticsAgeMax.value).contains(readings.statisticsAge)
    guard isFresh else { return }
    func told(_ value: Int64) -> Int64? { value < 0 ? nil : Self.bytes(value) }
    row.guestUnused = told(readings.guestUnused)
    row.guestAvailable = told(readings.guestAvailable)
    row.guestCommitted = told(readings.guestCommitted)
  }

  /// The active part of what the VM holds: by sampling where the host samples, else what the guest has less what it
  /// could spare, else the host's own estimate; all of it where none says anything.
  private func readActivity(
    _ seen: HostObservation, _ shown: Int, _ index: Int, _ row: inout MemoryRow
  ) {
    let estimator = memory.guests[index].workingSet
    if let fraction = estimator.activeFraction(memory.parameters.workingSet) {
      row.activeFraction = fraction
      row.activeFractionError = estimator.standardError(memory.parameters.workingSet)
      return
    }
    var active = seen.memoryActive[shown]
    if let available = row.guestAvailable { active = max(0, row.current - available) }
    guard active >= 0, row.held > 0 else { return }
    row.activeFraction = PartsPerMillion(
      scaled(min(active, row.held), by: 1_000_000, over: row.held))
  }

  /// A reading or a setting as bytes that can be reckoned with.
  private static func bytes(_ value: Int64) -> Int64 { min(max(0, value), MemoryTable.bytesMax) }
}
