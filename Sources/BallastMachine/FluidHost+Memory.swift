import BallastModel
import BallastUnits

/// Guests touch memory, and the host backs it as long as it has some: the part of the memory model that works all the
/// time, also while nothing is scarce.
///
/// Promises  free memory never falls below 0: what cannot be backed waits, and so does the guest.
extension FluidHost {
  /// Memory that nobody has, bytes. Negative only where memory is merely counted.
  var memoryFree: Int64 {
    guard let reclaim else { return spec.memory.value - memoryConsumed }
    return spec.memory.value - reclaim.reserved - reclaim.overhead - memoryConsumed
  }

  /// Takes a VM's curves to `time`, and gives it what it touches. Returns when they change next.
  mutating func followMemory(
    of vm: VMIndex, _ reclaim: HostReclaim, at time: Int64, guests: Guests
  ) -> Int64 {
    let guest = guests.base + vm.int
    let (touched, next) = guest.pointee.advanceMemoryCurves(to: time)
    let record = guests.reclaim! + vm.int
    guard !record.pointee.isDead else { return .max }
    record.pointee.touchedCurve = touched
    fit(vm, reclaim, at: time, guests: guests)
    // Who is alone in waiting takes what is free at once; else all wait for the next tick.
    if record.pointee.waiting > 0 && reclaim.overheadWaiting == 0 && !reclaim.isShort {
      back(vm, min(record.pointee.waiting, max(0, memoryFree)), at: time, guests: guests)
    }
    if record.pointee.waiting > 0 { reclaim.isShort = true }
    lastChange = time
    if record.pointee.isRestless(guest.pointee, guests.traits![vm.int], at: time)
      || memoryFree < lowWatermark(reclaim)
    {
      wakeMemory(reclaim, at: time)
    } else if reclaim.sharing?.isScanning ?? false, isOfferStale(vm, guests: guests) {
      reclaim.nextTick = min(reclaim.nextTick, (time / reclaim.tick + 1) * reclaim.tick)
    }
    return next
  }

  /// Ticks begin.
  func wakeMemory(_ reclaim: HostReclaim, at time: Int64) {
    guard !reclaim.isMoving else { return }
    reclaim.isMoving = true
    reclaim.freeWhenQuiet = nil
    reclaim.lastTick = time
    reclaim.nextTick = (time / reclaim.tick + 1) * reclaim.tick
  }

  /// What the guest holds by itself: which of its pages it uses, drops, or pages out to its own swap, at the present size of
  /// its balloon; what it has touched and the host has not backed waits.
  mutating func fit(_ vm: VMIndex, _ reclaim: HostReclaim, at time: Int64, guests: Guests) {
    let guest = guests.base + vm.int
    let record = guests.reclaim! + vm.int
    let traits = guests.traits! + vm.int
    let mapped = guest.pointee.memory.mapped
    let configured = guest.pointee.configured
    var used = max(record.pointee.touchedCurve, guest.pointee.memory.active)
    var active = guest.pointee.memory.active
    let age = time - guest.pointee.onSince
    if age < traits.pointee.bootRamp {
      used = scaled(used, by: age, over: traits.pointee.bootRamp)
      active = min(active, used)
    }
    if active != record.pointee.active || used != record.pointee.used {
      record.pointee.setActive(active, used: used, mapped: mapped)
    }
    let cache = scaled(used - active, by: traits.pointee.pageCache, over: 1_000_000)
    var lack = max(0, used - (configured - record.pointee.balloon))
    let dropped = min(cache, lack)
    lack -= dropped
    var paged: Int64 = 0
    if lack > 0 && traits.pointee.hasSwap {
      paged = min(lack, traits.pointee.swapSize)
      lack -= paged
    }
    if lack > 0 && traits.pointee.deflatesOnOOM {
      let given = min(lack, record.pointee.balloon)
      record.pointee.balloon -= given
      record.pointee.balloonTarget = min(record.pointee.balloonTarget, record.pointee.balloon)
      lack -= given
      if given > 0 {
        reclaim.note(
          .balloonDeflatedOnOOM, at: time, vm: table(vm: vm), amount: record.pointee.balloon)
      }
    }
    if lack > 0 {
      kill(vm, reclaim, .guestOOM, at: time, guests: guests)
      return
    }
    record.pointee.guestSwapOut += max(0, paged - record.pointee.guestPaged)
    record.pointee.guestPaged = paged
    record.pointee.guestPagedHot = min(active, max(0, paged - (used - cache - active)))
    record.pointee.resident =
      reclaim.facts.onExhaustion == .refuse
      ? configured - record.pointee.balloon : used - dropped - paged
    record.pointee.waiting = max(0, record.pointee.resident - record.pointee.held(mapped))
  }

  private func table(vm: VMIndex) -> Int64 { Int64(vm.value) }

  /// Backs memory that a guest has touched; there is room for it. Beyond the VM's limit it gets nothing.
  mutating func back(_ vm: VMIndex, _ bytes: Int64, at time: Int64, guests: Guests) {
    let record = guests.reclaim! + vm.int
    let amount = min(bytes, limitRoom(vm, guests: guests))
    guard amount > 0 else { return }
    record.pointee.waiting -= amount
    map(vm, amount, at: time, guests: guests)
  }

  /// What a VM may still get below its limit.
  func limitRoom(_ vm: VMIndex, guests: Guests) -> Int64 {
    let record = guests.reclaim![vm.int]
    if record.limit == .max { return .max }
    return max(0, record.limit - consumed(vm, guests: guests))
  }

  /// Host memory that backs a VM.
  func consumed(_ vm: VMIndex, guests: Guests) -> Int64 {
    let record = guests.reclaim![vm.int]
    return guests.base[vm.int].memory.mapped - record.saved + record.compressedSize
  }

  mutating func map(_ vm: VMIndex, _ bytes: Int64, at time: Int64, guests: Guests) {
    guests.base[vm.int].memory.mapped += bytes
    if !(reclaim?.facts.usesLargePages ?? false) { guests.reclaim![vm.int].small += bytes }
    consume(bytes, at: time)
  }

  /// Takes mapped pages from a VM, whoever shares them alike.
  mutating func unmap(_ vm: VMIndex, _ bytes: Int64, at time: Int64, guests: Guests) {
    guard bytes > 0 else { return }
    let guest = guests.base + vm.int
    let record = guests.reclaim! + vm.int
    let mapped = guest.pointee.memory.mapped
    let saved = scaled(record.pointee.saved, by: bytes, over: mapped)
    let shared = scaled(record.pointee.shared, by: bytes, over: mapped)
    let small = scaled(record.pointee.small, by: bytes, over: mapped)
    guest.pointee.memory.mapped = mapped - bytes
    record.pointee.saved -= saved
    record.pointee.shared -= shared
    record.pointee.small -= small
    consume(saved - bytes, at: time)
  }

  /// A VM comes to this host, with the memory it has or none.
  mutating func arriveMemory(
    of vm: VMIndex, _ reclaim: HostReclaim, at time: Int64, guests: Guests
  ) {
    let guest = guests.base + vm.int
    let record = guests.reclaim! + vm.int
    let traits = guests.traits! + vm.int
    let overhead = min(traits.pointee.overhead, max(0, memoryFree))
    reclaim.overhead += overhead
    reclaim.overheadWaiting += traits.pointee.overhead - overhead
    record.pointee.overheadWaiting = traits.pointee.overhead - overhead
    let brought = guest.pointee.memory.mapped
    guest.pointee.memory.mapped = 0
    record.pointee.small = 0
    if brought > 0 {
      // What there is no room for waits like memory that is touched for the first time.
      let kept = min(brought, max(0, memoryFree), limitRoom(vm, guests: guests))
      map(vm, kept, at: time, guests: guests)
    } else {
      var startup = traits.pointee.startup
      // A guest that holds all it has from the start is built no larger than its limit.
      if reclaim.facts.onExhaustion == .refuse { startup = min(startup, record.pointee.limit) }
      record.pointee.balloon = guest.pointee.configured - startup
      record.pointee.balloonTarget = record.pointee.balloon
    }
    if record.pointee.swapped > 0 {
      let (swapped, hot) = (record.pointee.swapped, record.pointee.swappedHot)
      let kept = min(swapped, reclaim.deviceRoom)
      reclaim.onDevice += kept
      record.pointee.takeSwapped(
        swapped - kept, hot: GuestReclaim.hotPart(of: swapped - kept, hot: hot, whole: swapped))
    }
    // Compressed pages travel as they are; what does not fit is backed again as it is touched.
    if record.pointee.compressedSize > max(0, memoryFree) {
      record.pointee.takeCompressed(record.pointee.compressed, hot: record.pointee.compressedHot)
    }
    consume(record.pointee.compressedSize, at: time)
    if record.pointee.hasReclaimed { reclaim.holdsReclaimed = true }
  }

  /// A VM leaves: all that it has here is free again.
  mutating func leaveMemory(
    of vm: VMIndex, _ reclaim: HostReclaim, at time: Int64, guests: Guests
  ) {
    let record = guests.reclaim! + vm.int
    reclaim.sharing?.remove(vm, at: time)
    consume(-consumed(vm, guests: guests), at: time)
    record.pointee.saved = 0
    record.pointee.shared = 0
    reclaim.onDevice -= record.pointee.swapped
    let overhead = guests.traits![vm.int].overhead
    reclaim.overhead -= overhead - record.pointee.overheadWaiting
    reclaim.overheadWaiting -= record.pointee.overheadWaiting
    record.pointee.overheadWaiting = 0
    wakeMemory(reclaim, at: time)
  }

  /// The guest ran out of memory, or the host's kernel chose it: it stops, and all it had is free.
  mutating func kill(
    _ vm: VMIndex, _ reclaim: HostReclaim, _ why: MemoryHappening.Kind, at time: Int64,
    guests: Guests
  ) {
    let record = guests.reclaim! + vm.int
    let guest = guests.base + vm.int
    reclaim.note(why, at: time, vm: Int64(vm.value), amount: guest.pointee.memory.mapped)
    unmap(vm, guest.pointee.memory.mapped, at: time, guests: guests)
    consume(-record.pointee.compressedSize, at: time)
    reclaim.onDevice -= record.pointee.swapped
    reclaim.sharing?.remove(vm, at: time)
    let overheadWaiting = record.pointee.overheadWaiting
    let activity = record.pointee.activity
    record.pointee = GuestReclaim()
    record.pointee.overheadWaiting = overheadWaiting
    record.pointee.activity = activity
    record.pointee.isDead = true
    guest.pointee.memory.active = 0
    if let slot = table.slot(of: vm) {
      closeSegment(at: time, guests: guests)
      leaveGrid()
      stun(slot: slot, at: time)
    }
  }

  /// Room for the copy of a VM on its way here, or given back where negative. What there is no room for is not kept.
  mutating func holdCopy(_ bytes: Int64, _ reclaim: HostReclaim, at time: Int64) {
    if bytes > 0 {
      let kept = min(bytes, max(0, memoryFree))
      reclaim.copiesShort += bytes - kept
      reclaim.copies += kept
      consume(kept, at: time)
    } else {
      let short = min(-bytes, reclaim.copiesShort)
      reclaim.copiesShort -= short
      reclaim.copies -= -bytes - short
      consume(-(-bytes - short), at: time)
    }
  }

  // MARK: Time lost

  /// CPU that each guest would use and cannot, as it waits for memory.
  mutating func loseToMemory(guests: Guests) {
    for slot in 0..<table.count {
      let lost = scaled(
        table.demand[slot], by: guests.reclaim![Int(table.vm[slot])].slowdown, over: 1_000_000)
      table.asked[slot] = table.demand[slot] - lost
    }
  }

  /// Books the work that was lost over a span.
  func bookLosses(for span: Int64, guests: Guests) {
    for slot in 0..<table.count {
      let lost = table.demand[slot] - table.asked[slot]
      if lost > 0 {
        guests.reclaim![Int(table.vm[slot])].activity.lost += Int128(lost) * Int128(span)
      }
    }
    reclaim?.lostInSample = true
  }
}
