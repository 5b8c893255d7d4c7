import BallastModel
import BallastUnits

/// What comes back when it is touched, what the host's kernel takes by itself, and what waiting for all that costs.
extension FluidHost {
  // MARK: The kernel's own reclaim

  /// Free memory below which Linux begins to reclaim by itself; 0 for others.
  ///
  /// Source    mm/page_alloc.c: min = 4 √KiB KiB, at most 64 MiB; low = min + the larger of min/4 and 0.1 % of memory.
  func lowWatermark(_ reclaim: HostReclaim) -> Int64 { watermark(reclaim, steps: 1) }
  private func highWatermark(_ reclaim: HostReclaim) -> Int64 { watermark(reclaim, steps: 2) }

  private func watermark(_ reclaim: HostReclaim, steps: Int64) -> Int64 {
    guard reclaim.facts.onExhaustion == .kernelReclaim else { return 0 }
    let kibibytes = spec.memory.value >> 10
    let least = min(Int64((Double(kibibytes) * 16).squareRoot()), 65_536) << 10
    return least + steps * max(least / 4, spec.memory.value / 1_000)
  }

  /// Linux swaps the coldest pages out when free memory is low, and kills when nothing is left to swap to.
  mutating func reclaimByKernel(_ reclaim: HostReclaim, at time: Int64, guests: Guests) {
    guard reclaim.facts.onExhaustion == .kernelReclaim else { return }
    var waiting: Int64 = 0
    for slot in 0..<table.count {
      let record = guests.reclaim![Int(table.vm[slot])]
      waiting +=
        min(record.waiting, limitRoom(VMIndex(Int(table.vm[slot])), guests: guests))
        + record.overheadWaiting
    }
    guard memoryFree - waiting < lowWatermark(reclaim) else { return }
    let need = highWatermark(reclaim) + waiting - memoryFree
    var freed: Int64 = 0
    for hot in [false, true] where need > freed {
      freed += push(need - freed, hot: hot, reclaim, at: time, guests: guests)
    }
    if reclaim.isFull != reclaim.isFullTold {
      reclaim.isFullTold = reclaim.isFull
      if reclaim.isFull && reclaim.swap.kind != .none {
        reclaim.note(.swapFull, at: time, amount: reclaim.onDevice)
      }
    }
    // A device that is merely slow frees something in every tick.
    if waiting > max(0, memoryFree) && freed == 0 && !reclaim.isDeviceBusy {
      killLargest(reclaim, at: time, guests: guests)
    }
  }

  /// Takes so much from all VMs, in proportion to what of them is cold, or hot. Returns what went.
  private mutating func push(
    _ need: Int64, hot: Bool, _ reclaim: HostReclaim, at time: Int64, guests: Guests
  ) -> Int64 {
    reclaim.weights.reserve(2 * table.count)
    var sum: Int64 = 0
    for slot in 0..<table.count {
      let vm = VMIndex(Int(table.vm[slot]))
      let mapped = guests.base[vm.int].memory.mapped
      let all = takeable(vm, guests: guests)
      let cold = max(0, mapped - guests.reclaim![vm.int].mappedHot(mapped))
      reclaim.weights.base[slot] = hot ? all : min(all, cold)
      sum += reclaim.weights.base[slot]
    }
    // No more than the device carries in this tick: who comes first would fill it alone.
    let pool = reclaim.compressedRoom(spec.memory.value)
    let total = min(need, sum, pool > 0 ? pool : reclaim.writable)
    guard total > 0 else { return 0 }
    let parts = reclaim.weights.base + table.count
    apportion(
      total, by: reclaim.weights.base, count: table.count, into: parts, scratch: &reclaim.shares)
    let before = memoryFree
    for slot in 0..<table.count where parts[slot] > 0 {
      _ = evict(
        VMIndex(Int(table.vm[slot])), parts[slot], reclaim, at: time, guests: guests)
    }
    return memoryFree - before
  }

  private mutating func killLargest(_ reclaim: HostReclaim, at time: Int64, guests: Guests) {
    var worst: VMIndex?
    var most: Int64 = 0
    for slot in 0..<table.count {
      let vm = VMIndex(Int(table.vm[slot]))
      let record = guests.reclaim![vm.int]
      let held = record.held(guests.base[vm.int].memory.mapped)
      if held > most && !record.isDead { (worst, most) = (vm, held) }
    }
    if let worst { kill(worst, reclaim, .oomKill, at: time, guests: guests) }
  }

  // MARK: Coming back

  /// Pages in use that lie compressed or swapped out come back as the guest touches them; what the guest has paged out
  /// itself it reads from its own disk, over and over while the balloon stays.
  ///
  /// Rule      a page in use is touched again at the rate 1/τ. A vCPU waits for each; work goes on in between, so that of
  ///           the time run + wait a part wait / (run + wait) is lost, and as many touches fewer happen. What the device
  ///           still carries after this tick's writes goes to all in proportion to what they would read.
  mutating func bringBack(
    _ reclaim: HostReclaim, for span: Int64, at time: Int64, guests: Guests
  ) {
    // Reads of all VMs at full speed, and what was written: that is how long the queue of the device is.
    var reads: Int64 = 0
    for slot in 0..<table.count {
      reads += touched(guests.reclaim![Int(table.vm[slot])].swappedHot, for: span)
    }
    reclaim.keptForReads = 0
    let bandwidth = max(1, reclaim.bandwidth(for: span))
    let latency =
      reads + reclaim.written > bandwidth
      ? scaled(reclaim.swap.latency.value, by: reads + reclaim.written, over: bandwidth)
      : reclaim.swap.latency.value
    reclaim.weights.reserve(2 * table.count)
    var wanted: Int64 = 0
    for slot in 0..<table.count {
      let record = guests.reclaim! + Int(table.vm[slot])
      reclaim.weights.base[slot] = 0
      guard !record.pointee.isDead else { continue }
      wait(slot, reclaim, latency: latency, for: span, guests: guests)
      guard record.pointee.swappedHot > 0 else { continue }
      let amount = done(
        touched(record.pointee.swappedHot, for: span), slot, record.pointee, for: span)
      reclaim.weights.base[slot] = min(amount, record.pointee.swapped)
      wanted += reclaim.weights.base[slot]
    }
    // Where no memory is free to read to, writing goes first.
    reclaim.readsWanted = min(wanted, max(0, memoryFree))
    let parts = reclaim.weights.base + table.count
    let given = min(wanted, reclaim.budget)
    apportion(
      given, by: reclaim.weights.base, count: table.count, into: parts, scratch: &reclaim.shares)
    reclaim.budget -= given
    for slot in 0..<table.count where !guests.reclaim![Int(table.vm[slot])].isDead {
      bringBack(slot, reading: parts[slot], reclaim, for: span, at: time, guests: guests)
    }
  }

  /// Books the time that a VM's vCPUs wait for pages in this tick.
  private func wait(
    _ slot: Int, _ reclaim: HostReclaim, latency: Int64, for span: Int64, guests: Guests
  ) {
    let vm = Int(table.vm[slot])
    let record = guests.reclaim! + vm
    let fromGuest = touched(record.pointee.guestPagedHot, for: span)
    var wait = pages(touched(record.pointee.swappedHot, for: span)) * latency
    wait += pages(touched(record.pointee.compressedHot, for: span)) * MemoryCosts.decompressedPage
    wait += pages(fromGuest) * guests.traits![vm].swapLatency
    if reclaim.doublePaging && fromGuest > 0 {
      // The page that has to go is one the host has swapped out, as often as there are such.
      let held = max(1, record.pointee.held(guests.base[vm].memory.mapped))
      wait += pages(scaled(fromGuest, by: record.pointee.swapped, over: held)) * latency
    }
    record.pointee.stall += wait
  }

  /// What of an amount is touched in the time that is not lost. Up, so that the last byte comes back too.
  private func done(
    _ amount: Int64, _ slot: Int, _ record: GuestReclaim, for span: Int64
  ) -> Int64 {
    amount - scaled(amount, by: lostPart(slot, record, for: span), over: 1_000_000)
  }

  /// - Parameter part: bytes that may cross for this VM beside what the budget has.
  private mutating func bringBack(
    _ slot: Int, reading part: Int64, _ reclaim: HostReclaim, for span: Int64, at time: Int64,
    guests: Guests
  ) {
    let vm = VMIndex(Int(table.vm[slot]))
    let record = guests.reclaim! + vm.int
    let fromCache = done(
      touched(record.pointee.compressedHot, for: span), slot, record.pointee, for: span)
    guard part > 0 || fromCache > 0 else { return }
    let excess = fromCache + part - limitRoom(vm, guests: guests)
    let spare = reclaim.budget
    reclaim.budget += part
    var fromSwap = part
    if excess > 0 {
      // At its limit a VM makes room for itself, and each page it writes there is one less that it reads.
      let most = excess <= spare ? excess : min(reclaim.budget, (excess + spare + 1) / 2)
      fromSwap = min(part, reclaim.budget - most)
      _ = swapOut(
        vm, min(most, takeable(vm, guests: guests)),
        coldFirst: reclaim.facts.onExhaustion == .kernelReclaim, reclaim, at: time, guests: guests)
    }
    let room = min(max(0, memoryFree), limitRoom(vm, guests: guests))
    let cached = min(fromCache, record.pointee.compressed)
    if cached > 0 && cached <= room {
      let size = record.pointee.compressedSize
      record.pointee.takeCompressed(cached, hot: cached)
      consume(record.pointee.compressedSize - size, at: time)
      map(vm, cached, at: time, guests: guests)
    }
    let swapped = min(
      fromSwap, record.pointee.swapped, max(0, memoryFree), limitRoom(vm, guests: guests))
    if swapped > 0 {
      record.pointee.takeSwapped(swapped, hot: swapped)
      record.pointee.readNow += swapped
      reclaim.onDevice -= swapped
      reclaim.budget -= swapped
      map(vm, swapped, at: time, guests: guests)
    }
  }

  /// Of `hot` bytes, how many are touched in a span: all within some seconds.
  private func touched(_ hot: Int64, for span: Int64) -> Int64 {
    if hot <= 0 { return 0 }
    let part = scaled(
      hot, by: min(span, MemoryCosts.touchedAgainWithin), over: MemoryCosts.touchedAgainWithin)
    return max(min(hot, MemoryCosts.pageSize), part)
  }

  /// Part of its time that a VM loses, ppm: all of it while it waits for memory that the host does not have.
  private func lostPart(_ slot: Int, _ record: GuestReclaim, for span: Int64) -> Int64 {
    if record.waiting > 0 || record.overheadWaiting > 0
      || record.isBlocked
    {
      return 1_000_000
    }
    if record.stall == 0 { return 0 }
    let run = scaled(table.demand[slot], by: span, over: spec.coreRate.value)
    return run == 0 ? 0 : scaled(record.stall, by: 1_000_000, over: record.stall + run)
  }

  // MARK: Slowdown

  /// What was lost in this tick is lost until the next.
  mutating func settleSlowdowns(
    _ reclaim: HostReclaim, for span: Int64, at time: Int64, guests: Guests
  ) {
    var isChanged = false
    var slows = false
    var blocks = false
    for slot in 0..<table.count {
      let vm = Int(table.vm[slot])
      let record = guests.reclaim! + vm
      record.pointee.isBlocked =
        consumed(VMIndex(vm), guests: guests) > record.pointee.blockedAbove
      if record.pointee.isBlocked { blocks = true }
      // Whole tenths of a percent: less is noise, and would change the rates at every tick.
      let lost = (lostPart(slot, record.pointee, for: span) + 500) / 1_000 * 1_000
      record.pointee.nextSlowdown = lost
      if lost != record.pointee.slowdown { isChanged = true }
      if lost > 0 { slows = true }
      record.pointee.activity.swapIn += record.pointee.readNow
      record.pointee.activity.swapOut += record.pointee.writtenNow
      reclaim.readObserved += record.pointee.readNow
      reclaim.writtenObserved += record.pointee.writtenNow
    }
    reclaim.blocks = blocks
    if !isChanged { return }
    closeSegment(at: time, guests: guests)
    for slot in 0..<table.count {
      let record = guests.reclaim! + Int(table.vm[slot])
      record.pointee.slowdown = record.pointee.nextSlowdown
    }
    reclaim.slows = slows
    settingsChanged(at: time)
  }
}
