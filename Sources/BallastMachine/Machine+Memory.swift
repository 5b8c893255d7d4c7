import BallastModel
import BallastUnits

/// Reading where memory is.
extension Machine {
  /// Memory is modelled, not merely counted.
  public var modelsMemory: Bool { guests.reclaim != nil }

  /// Where a VM's memory is; zero while it is off.
  public func memory(of vm: VMIndex) -> VMMemory {
    let guest = guests.base + vm.int
    var memory = VMMemory()
    memory.configured = guest.pointee.configured
    memory.mapped = guest.pointee.memory.mapped
    memory.active = guest.pointee.memory.active
    guard guest.pointee.host != nil else { return memory }
    guard let record = guests.reclaim.map({ $0 + vm.int }) else {
      memory.untouched = memory.configured - memory.mapped
      return memory
    }
    memory.untouched = record.pointee.untouched(memory.mapped, of: memory.configured)
    memory.balloon = record.pointee.balloon
    memory.balloonTarget = record.pointee.balloonTarget
    memory.compressed = record.pointee.compressed
    memory.compressedSize = record.pointee.compressedSize
    memory.swapped = record.pointee.swapped
    memory.shared = record.pointee.shared
    memory.saved = record.pointee.saved
    memory.waiting = record.pointee.waiting
    memory.guestPaged = record.pointee.guestPaged
    memory.overhead = guests.traits![vm.int].overhead - record.pointee.overheadWaiting
    return memory
  }

  /// It ran out of memory and does nothing any more, until it is powered off.
  public func hasDied(_ vm: VMIndex) -> Bool { guests.reclaim?[vm.int].isDead ?? false }

  /// Where a host's memory is.
  public func hostMemory(of host: HostIndex) -> HostMemory {
    let state = hosts + host.int
    var memory = HostMemory()
    memory.capacity = state.pointee.spec.memory.value
    memory.consumed = state.pointee.memoryConsumed
    guard let reclaim = state.pointee.reclaim else { return memory }
    memory.reserved = reclaim.reserved
    memory.overhead = reclaim.overhead
    let table = state.pointee.table
    for slot in 0..<table.count {
      let record = guests.reclaim! + Int(table.vm[slot])
      memory.shared += record.pointee.shared
      memory.saved += record.pointee.saved
      memory.balloon += record.pointee.balloon
      memory.compressed += record.pointee.compressed
      memory.compressedSize += record.pointee.compressedSize
      memory.swapped += record.pointee.swapped
      memory.waiting += record.pointee.waiting
    }
    if memory.saved > 0, let total = reclaim.sharing?.total, total.saved > 0 {
      memory.savedCommon = scaled(memory.saved, by: total.savedCommon, over: total.saved)
      memory.savedDuplicate = scaled(memory.saved, by: total.savedDuplicate, over: total.saved)
      memory.savedZero = memory.saved - memory.savedCommon - memory.savedDuplicate
    }
    return memory
  }

  /// Nothing of the host's memory is on its way, and of its VMs none is ballooned, compressed, swapped, shared or waits;
  /// nor has one done anything with its memory that was not taken.
  public func isMemoryAtRest(_ host: HostIndex) -> Bool {
    guard let reclaim = hosts[host.int].reclaim else { return true }
    return reclaim.nextTick == .max && !reclaim.hadActivity && !reclaim.slows
      && !reclaim.holdsReclaimed
  }

  /// Σ configured of the VMs on a host.
  public func memoryConfigured(on host: HostIndex) -> Bytes {
    Bytes(hosts[host.int].memoryConfigured)
  }

  /// A manager of memory has something to decide: something moves or is held back, or free memory is low.
  public func needsMemoryDecision(_ host: HostIndex) -> Bool {
    hosts[host.int].isMemoryTroubled
  }

  /// When, after `time`, guests of a host that makes them wait for memory will next be given some, or be let go on;
  /// `never` where none waits. What is due at `time` itself happens after whoever asks.
  public func nextShortage(of host: HostIndex, after time: SimTime) -> SimTime {
    guard let reclaim = hosts[host.int].reclaim, reclaim.isShort || reclaim.blocks,
      reclaim.facts.onExhaustion == .wait
    else { return .never }
    if reclaim.nextTick > time.value { return SimTime(reclaim.nextTick) }
    return SimTime((time.value / reclaim.tick + 1) * reclaim.tick)
  }

  /// A manager has looked at the host's memory and found nothing to do. While something moves that says nothing of later.
  public func noteQuiet(_ host: HostIndex) {
    let state = hosts + host.int
    guard let reclaim = state.pointee.reclaim, !reclaim.isMoving else { return }
    reclaim.freeWhenQuiet = state.pointee.memoryFree
  }

  /// Advances a host, but not beyond the instant at which a manager of memory is needed. Returns the instant reached.
  public func advanceUntilTroubled(_ host: HostIndex, to time: SimTime) -> SimTime {
    SimTime(hosts[host.int].advance(to: time.value, guests: guests, stopsOnTrouble: true))
  }

  /// Somebody will, or will not any more, ask for the counters of observations of a host.
  public func setObserved(_ host: HostIndex, _ isObserved: Bool) {
    hosts[host.int].setObserved(isObserved, interval: guests.observationInterval)
  }

  /// What a VM did with its memory since the last call: in the last sample, if it is called after each.
  public func takeMemoryActivity(_ vm: VMIndex) -> MemoryActivity {
    guard let record = guests.reclaim.map({ $0 + vm.int }) else { return MemoryActivity() }
    defer { record.pointee.activity = MemoryActivity() }
    return record.pointee.activity
  }

  /// What a VM's host could report of its memory now. Counters of the next observation stay as they are.
  public func memoryReadings(of vm: VMIndex) -> VMMemoryReadings {
    var readings = VMMemoryReadings()
    guard let host = guests.base[vm.int].host, let record = guests.reclaim.map({ $0 + vm.int })
    else { return readings }
    let swapped = record.pointee.guestSwapOut
    hosts[host.int].fill(&readings, vm.int, guests: guests)
    record.pointee.guestSwapOut = swapped
    return readings
  }

  /// What happened to memory on a host since the last call, in order of time.
  public func takeMemoryHappenings(_ host: HostIndex) -> [MemoryHappening] {
    guard let reclaim = hosts[host.int].reclaim, !reclaim.happenings.isEmpty else { return [] }
    defer { reclaim.happenings.removeAll() }
    return reclaim.happenings
  }

  /// Counters of the scanner for equal pages.
  public func sharingCounters(of host: HostIndex) -> KSMCounters {
    hosts[host.int].reclaim?.sharing?.counters ?? KSMCounters()
  }
}
