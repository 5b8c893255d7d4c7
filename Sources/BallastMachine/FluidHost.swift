import BallastModel
import BallastUnits

/// One simulated host at fluid fidelity: CPU is a divisible rate, and every runnable vCPU gets its part of it at every
/// instant.
///
/// Rates are constant between changes, so a host is advanced from change to change and an unchanged host costs nothing.
struct FluidHost: ~Copyable {
  let spec: HostSpec
  /// What there is to divide now, kHz: 0 while the host is not on.
  var cpuCapacity: Int64
  /// Capacity × time of the present sample up to `capacitySince`, kHz·ns.
  private var capacityWork: Int128 = 0
  private var capacitySince: Int64 = 0
  var table = VMTable(capacity: 8)

  /// The instant the host has been advanced to, ns.
  var now: Int64 = 0
  /// The present rates hold since this instant.
  var segmentStart: Int64 = 0
  /// Start of the present sample, and whether earlier segments of it are in the guests' counters.
  var sampleStart: Int64 = 0
  var sampleHasParts = false
  /// The same for the present observation.
  var observationStart: Int64 = 0
  var observationHasParts = false
  /// Somebody will ask for the counters of observations.
  var isObserved = true
  /// When a demand, a setting or the membership last changed.
  var lastChange: Int64 = 0
  /// Everybody gets all that no limit holds back: `used` need not be written, `unlimited` is what is delivered.
  private var deliversAll = true
  /// Some VM waits for memory, so that less is asked for than its guest would use.
  var slows: Bool { reclaim?.slows ?? false }
  /// Asked for by each VM now, kHz: demand less what is lost to waiting for memory.
  var asked: VMTable.Column { slows ? table.asked : table.demand }
  /// Delivered to each VM now, kHz.
  var delivered: VMTable.Column { deliversAll ? table.unlimited : table.used }
  /// The rates answer to the present demands and settings.
  var isSettled = true

  /// All VMs replay series on one time grid: `index` samples of it have been shown, of `count` that all VMs have. A
  /// step of 0 is no grid.
  private struct Grid {
    var step: Int64 = 0
    var index: Int64 = 0
    var count: Int64 = 0
  }
  private var grid = Grid()

  /// Earliest change of a CPU demand, and of a memory curve.
  private var nextDemandChange: Int64 = .max
  var nextMemoryChange: Int64 = .max
  /// VMs whose memory curves are not constant.
  var memoryVMs: [VMIndex] = []

  var vcpus: Int64 = 0
  var memoryConfigured: Int64 = 0
  var memoryConsumed: Int64 = 0
  private var overcommitChanges: [OvercommitChange] = []
  /// The model of its memory; nil where memory is only counted.
  let reclaim: HostReclaim?
  /// CPU that the host itself uses to look for equal pages, kHz.
  var cpuOverhead: Int64 = 0
  /// What is left for VMs, kHz.
  var dividedCPU: Int64 { max(0, cpuCapacity - cpuOverhead) }

  /// VMs that were on during the present sample and are not any more, with what they did in it.
  var departed: [(vm: VMIndex, work: WorkCounter)] = []
  /// What was done here in the present sample by VMs that have their row on another host now, and what was done
  /// elsewhere by VMs that have their row here.
  var handedOver: [WorkCounter] = []
  var brought: [WorkCounter] = []
  /// The pools of the last plan; nil while all VMs are siblings.
  var pools: HostPools?
  private var scratch = WaterFillScratch()
  var means = MeanColumns()

  init(_ spec: HostSpec, reclaim: HostReclaim? = nil) {
    self.spec = spec
    self.reclaim = reclaim
    cpuCapacity = spec.cpuCapacity.value
  }

  deinit { table.deallocate() }

  // MARK: Advancing

  /// Plays all changes before `end` and delivers CPU up to it. Changes at `end` itself are left for the next call, so
  /// that who decides or samples at `end` sees the state just before it.
  ///
  /// - Parameter stopsOnTrouble: return where memory begins to need a manager; else `end` is reached.
  /// - Returns: the instant that was reached.
  @discardableResult
  mutating func advance(to end: Int64, guests: Guests, stopsOnTrouble: Bool = false) -> Int64 {
    while true {
      if nextDemandChange <= now { takeDemandChanges(guests: guests) }
      if nextMemoryChange <= now { takeMemoryChanges(guests: guests) }
      if let reclaim, reclaim.nextTick <= now { tickMemory(reclaim, guests: guests) }
      if !isSettled { settle(guests: guests) }
      if stopsOnTrouble && now < end && isMemoryTroubled { return now }
      let next = min(nextDemandChange, nextMemoryChange, reclaim?.nextTick ?? .max, end)
      now = next
      if next == end { return end }
    }
  }

  /// A manager of memory has something to decide: something moves or is held back, or free memory is low.
  var isMemoryTroubled: Bool {
    guard let reclaim else { return false }
    if reclaim.isMoving || reclaim.alarm == .max { return true }
    guard memoryFree < reclaim.alarm || reclaim.holdsBalloons else { return false }
    // A manager that has looked and found nothing to do looks again when free memory is another.
    guard let seen = reclaim.freeWhenQuiet else { return true }
    return abs(memoryFree - seen) > max(reclaim.alarm / 64, 0)
  }

  /// Somebody will, or will not any more, ask for the counters of observations.
  ///
  /// The observation under way begins where it would have begun if somebody had asked all the time.
  mutating func setObserved(_ isObserved: Bool, interval: Int64?) {
    guard isObserved != self.isObserved else { return }
    self.isObserved = isObserved
    observationStart = max(observationStart, interval.map { now / $0 * $0 } ?? now)
    observationHasParts = false
  }

  /// Books what the present rates delivered since the segment began, before any of them changes at `time`.
  mutating func closeSegment(at time: Int64, guests: Guests) {
    let span = time - max(segmentStart, sampleStart)
    if span > 0 {
      if slows { bookLosses(for: span, guests: guests) }
      for slot in 0..<table.count {
        guests.sampleWork.base[Int(table.vm[slot])].add(
          demand: asked[slot], unlimited: table.unlimited[slot], used: delivered[slot],
          for: span)
      }
      sampleHasParts = true
    }
    if let observedWork = guests.observedWork, isObserved {
      skipObservations(upTo: time, guests: guests)
      let observed = time - max(segmentStart, observationStart)
      for slot in 0..<table.count where observed > 0 {
        observedWork.base[Int(table.vm[slot])].add(
          demand: asked[slot], unlimited: table.unlimited[slot], used: delivered[slot],
          for: observed)
      }
      if observed > 0 { observationHasParts = true }
    }
    segmentStart = time
  }

  /// Counters are differenced every observation interval. While nothing changes nobody asks for them, and the
  /// intervals that have passed meanwhile count as observed: the present one began at the last multiple.
  mutating func skipObservations(upTo time: Int64, guests: Guests) {
    if let interval = guests.observationInterval, !observationHasParts {
      observationStart = max(observationStart, time / interval * interval)
    }
  }

  /// Settings changed at the present instant; call after `closeSegment`.
  mutating func settingsChanged(at time: Int64) {
    isSettled = false
    lastChange = time
  }

  // MARK: Power of the host

  /// The host goes down or comes up; its VMs have been taken off before.
  mutating func setPower(isOn: Bool, at time: Int64) {
    let capacity = isOn ? spec.cpuCapacity.value : 0
    guard capacity != cpuCapacity else { return }
    capacityWork += Int128(cpuCapacity) * Int128(time - max(capacitySince, sampleStart))
    capacitySince = time
    cpuCapacity = capacity
    if !isOn {
      bookOverhead(at: time)
      cpuOverhead = 0
    }
    settingsChanged(at: time)
  }

  /// Mean capacity over the sample that ends at `time`, kHz, rounded to nearest.
  mutating func takeMeanCapacity(at time: Int64) -> Int64 {
    defer { capacityWork = 0 }
    guard capacitySince > sampleStart else { return cpuCapacity }
    let work = capacityWork + Int128(cpuCapacity) * Int128(time - capacitySince)
    let interval = Int128(time - sampleStart)
    return Int64((work + interval / 2) / interval)
  }

  // MARK: CPU demand

  /// Stops a VM for the switch-over of its migration: it asks for nothing until it leaves.
  mutating func stun(slot: Int, at time: Int64) {
    table.size[slot] = 0
    table.demand[slot] = 0
    table.cap[slot] = 0
    settingsChanged(at: time)
  }

  /// Starts playing a VM's CPU demand at `time`.
  mutating func loadDemand(slot: Int, guests: Guests, at time: Int64) {
    let guest = guests.base + Int(table.vm[slot])
    table.cursorStep[slot] = 0
    guest.pointee.cpu.advance(to: SimTime(time))
    showDemand(slot: slot, of: guest)
    nextDemandChange = min(nextDemandChange, table.nextChange[slot])
  }

  /// Hands the playing of a VM's demand back to its source, outside of a grid.
  func unloadDemand(slot: Int, guests: Guests) {
    guard table.cursorStep[slot] != 0 else { return }
    guests.base[Int(table.vm[slot])].cpu.resume(
      next: UnsafePointer<UInt32>(bitPattern: Int(table.cursor[slot]))!)
    table.cursorStep[slot] = 0
  }

  private mutating func takeDemandChanges(guests: Guests) {
    let time = now
    closeSegment(at: time, guests: guests)
    if grid.step != 0 { takeGridChange() } else { takeSingleChanges(guests: guests, at: time) }
    lastChange = time
    isSettled = false
  }

  /// All VMs replay on one time grid: one load and one product each.
  private mutating func takeGridChange() {
    let table = table
    let offset = grid.index * Int64(MemoryLayout<UInt32>.stride)
    for slot in 0..<table.count {
      let sample = UnsafePointer<UInt32>(bitPattern: Int(table.cursor[slot] &+ offset))!
      table.demand[slot] = replayedDemand(
        sample.pointee, scale: table.cursorScale[slot], size: table.size[slot])
    }
    grid.index += 1
    nextDemandChange += grid.step
    if grid.index == grid.count { leaveGrid() }
  }

  private mutating func takeSingleChanges(guests: Guests, at time: Int64) {
    var next = Int64.max
    var taken = 0
    let table = table
    let nextChange = table.nextChange
    for slot in 0..<table.count {
      if nextChange[slot] <= time {
        let step = table.cursorStep[slot]
        if step != 0 && table.cursor[slot] != table.cursorEnd[slot] {
          let sample = UnsafePointer<UInt32>(bitPattern: Int(table.cursor[slot]))!
          table.demand[slot] = replayedDemand(
            sample.pointee, scale: table.cursorScale[slot], size: table.size[slot])
          table.cursor[slot] += Int64(MemoryLayout<UInt32>.stride)
          nextChange[slot] = time + step
        } else {
          takeSlowDemandChange(slot: slot, guests: guests, at: time)
        }
        taken += 1
      }
      next = min(next, nextChange[slot])
    }
    nextDemandChange = next
    if taken == table.count { enterGrid() }
  }

  /// From here on the VMs change together, if all replay samples of one step that are due at one time.
  private mutating func enterGrid() {
    guard table.count > 0 else { return }
    let step = table.cursorStep[0]
    var count = Int64.max
    for slot in 0..<table.count {
      guard step != 0, table.cursorStep[slot] == step, table.nextChange[slot] == nextDemandChange
      else { return }
      let left = (table.cursorEnd[slot] - table.cursor[slot]) / Int64(MemoryLayout<UInt32>.stride)
      count = min(count, left)
    }
    if count > 0 { grid = Grid(step: step, index: 0, count: count) }
  }

  /// Back to VMs that change each at its own time; call before slots or cursors are touched.
  mutating func leaveGrid() {
    guard grid.step != 0 else { return }
    for slot in 0..<table.count {
      table.cursor[slot] += grid.index * Int64(MemoryLayout<UInt32>.stride)
      table.nextChange[slot] = nextDemandChange
    }
    grid = Grid()
  }

  private func takeSlowDemandChange(slot: Int, guests: Guests, at time: Int64) {
    let guest = guests.base + Int(table.vm[slot])
    unloadDemand(slot: slot, guests: guests)
    guest.pointee.cpu.advance(to: SimTime(time))
    showDemand(slot: slot, of: guest)
  }

  /// Copies what the source plays into the table, as a cursor where the series allows it.
  private func showDemand(slot: Int, of guest: UnsafeMutablePointer<Guest>) {
    let source = guest.pointee.cpu
    let size = table.size[slot]
    let scale: Int64 =
      switch source.unit {
      case .partsPerMillion: size
      case .kilohertz: 1_000_000
      case .kibibytes: preconditionFailure("CPU is not measured in KiB")
      }
    table.demand[slot] = replayedDemand(UInt32(source.value), scale: scale, size: size)
    table.nextChange[slot] = source.nextChange
    if let grid = source.evenGrid {
      table.cursor[slot] = Int64(Int(bitPattern: grid.next))
      table.cursorEnd[slot] = Int64(Int(bitPattern: grid.end))
      table.cursorStep[slot] = grid.step
      table.cursorScale[slot] = scale
    }
  }

  // MARK: Membership and memory

  mutating func membershipChanged(at time: Int64) {
    pools = nil
    settingsChanged(at: time)
  }

  /// Keeps what a VM did in the present sample, before its slot goes.
  mutating func depart(_ vm: VMIndex, onSince: Int64, at time: Int64, guests: Guests) {
    guests.observedWork?.base[vm.int] = WorkCounter()
    let work = guests.sampleWork.base[vm.int]
    guests.sampleWork.base[vm.int] = WorkCounter()
    // On for no time of this sample: no row.
    if time > max(sampleStart, onSince) || work.demand > 0 { departed.append((vm, work)) }
  }

  /// What a VM that has left did here in the present sample; nil if it was not on.
  mutating func takeDeparted(_ vm: VMIndex) -> WorkCounter? {
    departed.firstIndex { $0.vm == vm }.map { departed.remove(at: $0).work }
  }

  mutating func noteHandedOver(_ work: WorkCounter) { handedOver.append(work) }

  mutating func noteBrought(_ work: WorkCounter) {
    brought.append(work)
    sampleHasParts = true
  }

  /// Books a VM's memory on this host and follows its curves.
  mutating func addMemory(
    of guest: UnsafeMutablePointer<Guest>, vm: VMIndex, at time: Int64, guests: Guests
  ) {
    if let reclaim {
      let next = followMemory(of: vm, reclaim, at: time, guests: guests)
      if next != .max {
        memoryVMs.append(vm)
        nextMemoryChange = min(nextMemoryChange, next)
      }
      checkAccounts(guests: guests)
      return
    }
    let (growth, next) = guest.pointee.advanceMemory(to: time)
    consume(growth, at: time)
    if next != .max {
      memoryVMs.append(vm)
      nextMemoryChange = min(nextMemoryChange, next)
    }
  }

  /// Takes over memory that a VM brings along, or room for the copy of one on its way here; gives it back where
  /// negative.
  mutating func hold(_ bytes: Int64, at time: Int64) {
    if bytes != 0 { consume(bytes, at: time) }
  }

  /// Gives a VM's memory back.
  mutating func removeMemory(of guest: UnsafeMutablePointer<Guest>, vm: VMIndex, at time: Int64) {
    consume(-guest.pointee.memory.mapped, at: time)
    stopFollowingMemory(of: vm)
  }

  mutating func stopFollowingMemory(of vm: VMIndex) { memoryVMs.removeAll { $0 == vm } }

  private mutating func takeMemoryChanges(guests: Guests) {
    var next = Int64.max
    var total: Int64 = 0
    if let reclaim {
      for vm in memoryVMs {
        next = min(next, followMemory(of: vm, reclaim, at: now, guests: guests))
      }
      nextMemoryChange = next
      checkAccounts(guests: guests)
      return
    }
    for vm in memoryVMs {
      let (growth, change) = guests.base[vm.int].advanceMemory(to: now)
      total += growth
      next = min(next, change)
    }
    nextMemoryChange = next
    if total > 0 { consume(total, at: now) }
  }

  /// Host memory that guests take (or, negative, give back).
  mutating func consume(_ bytes: Int64, at time: Int64) {
    let wasOver = memoryConsumed > spec.memory.value
    memoryConsumed += bytes
    lastChange = time
    if (memoryConsumed > spec.memory.value) != wasOver {
      // There and back within one instant is no change.
      if overcommitChanges.last?.time == SimTime(time) {
        overcommitChanges.removeLast()
        return
      }
      overcommitChanges.append(
        OvercommitChange(
          time: SimTime(time), isOvercommitted: !wasOver, consumed: Bytes(memoryConsumed)))
    }
  }

  mutating func takeOvercommitChanges() -> [OvercommitChange] {
    if overcommitChanges.isEmpty { return [] }
    defer { overcommitChanges.removeAll() }
    return overcommitChanges
  }

  var hasMovingMemory: Bool { !memoryVMs.isEmpty }
  var nextChange: Int64 {
    // What the scanner for equal pages finds is no change that anybody waits for.
    let tick = reclaim.map { $0.isMoving ? $0.nextTick : .max } ?? .max
    return min(nextDemandChange, nextMemoryChange, tick)
  }

  // MARK: Delivering

  /// Divides the host's CPU anew.
  private mutating func settle(guests: Guests) {
    if slows { loseToMemory(guests: guests) }
    let (table, asked) = (table, asked)
    var wanted: Int64 = 0
    for slot in 0..<table.count {
      let unlimited = min(asked[slot], table.cap[slot])
      table.unlimited[slot] = unlimited
      wanted += unlimited
    }
    deliver(wanted: wanted)
  }

  /// - Parameter wanted: Σ unlimited.
  private mutating func deliver(wanted: Int64) {
    let table = table
    if let pools {
      settleFloors()
      pools.settle(table, capacity: dividedCPU)
    } else if wanted > dividedCPU {
      settleFloors()
      waterFill(
        capacity: dividedCPU, lower: table.floor, upper: table.unlimited, weights: table.weight,
        count: table.count, into: table.used, scratch: &scratch)
    }
    deliversAll = pools == nil && wanted <= dividedCPU
    isSettled = true
    #if DEBUG || BALLAST_CHECKS
      checkConservation()
    #endif
  }

  private func settleFloors() {
    for slot in 0..<table.count {
      table.floor[slot] = min(table.reservation[slot], table.unlimited[slot])
    }
  }
}

/// Parts per million of a size, or kHz as recorded; rounded down, never above the size.
@inline(__always)
private func replayedDemand(_ sample: UInt32, scale: Int64, size: Int64) -> Int64 {
  min(Int64(bitPattern: UInt64(sample) &* UInt64(bitPattern: scale) / 1_000_000), size)
}
