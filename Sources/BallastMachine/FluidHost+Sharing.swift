import BallastModel
import BallastUnits

/// Page sharing on this host: what VMs offer to the scanner, and what it finds.
extension FluidHost {
  /// The scanner's turn: what it has found since the last tick is saved, and its CPU time is the host's.
  mutating func share(_ reclaim: HostReclaim, at time: Int64, guests: Guests) {
    guard reclaim.sharing != nil else { return }
    let lastChange = lastChange
    defer { self.lastChange = max(lastChange, isSettled ? 0 : time) }
    for slot in 0..<table.count {
      let vm = VMIndex(Int(table.vm[slot]))
      offer(vm, reclaim, at: time, guests: guests)
    }
    reclaim.sharing!.advance(to: time)
    for slot in 0..<table.count {
      takeShared(VMIndex(Int(table.vm[slot])), reclaim, at: time, guests: guests)
    }
    let overhead = min(
      scaled(spec.coreRate.value, by: reclaim.sharing!.cpuTimePerSecond, over: 1_000_000_000),
      cpuCapacity)
    if overhead != cpuOverhead {
      closeSegment(at: time, guests: guests)
      bookOverhead(at: time)
      cpuOverhead = overhead
      settingsChanged(at: time)
    }
  }

  /// The scanner has been told of other small pages than a VM has now.
  func isOfferStale(_ vm: VMIndex, guests: Guests) -> Bool {
    let record = guests.reclaim! + vm.int
    let small = min(record.pointee.small, guests.base[vm.int].memory.mapped)
    if small == 0 && record.pointee.offered <= 0 { return false }
    return small != record.pointee.offered || record.pointee.active != record.pointee.offeredActive
  }

  /// Tells the scanner what a VM holds now in small pages, where that has changed.
  private func offer(
    _ vm: VMIndex, _ reclaim: HostReclaim, at time: Int64, guests: Guests
  ) {
    let record = guests.reclaim! + vm.int
    guard !record.pointee.isDead else { return }
    let traits = guests.traits![vm.int]
    let mapped = guests.base[vm.int].memory.mapped
    let small = min(record.pointee.small, mapped)
    if record.pointee.offered == small && record.pointee.offeredActive == record.pointee.active {
      return
    }
    record.pointee.offered = small
    record.pointee.offeredActive = record.pointee.active
    let all = small / MemoryCosts.pageSize
    let pages = max(1, mapped / MemoryCosts.pageSize)
    let rewritten = scaled(
      record.pointee.mappedHot(mapped) / MemoryCosts.pageSize, by: traits.rewrittenPerSecond,
      over: 1_000_000)
    var content = ScannedContent()
    // Most writes fall again and again on the same pages, which the scanner never finds at rest …
    content.changing = min(
      all, scaled(rewritten * MemoryCosts.rewrittenWithin, by: all, over: pages))
    let still = all - content.changing
    content.zero = scaled(still, by: traits.zero, over: 1_000_000)
    content.common = scaled(still, by: traits.common, over: 1_000_000)
    content.duplicate = scaled(still, by: traits.duplicate, over: 1_000_000)
    content.image = traits.image
    content.own = still - content.zero - content.common - content.duplicate
    // … the others on any page, shared ones in proportion.
    content.rewrittenPerSecond = scaled(
      rewritten / MemoryCosts.writesElsewherePart,
      by: content.zero + content.common + content.duplicate, over: pages)
    reclaim.sharing!.set(vm, content, at: time)
  }

  private mutating func takeShared(
    _ vm: VMIndex, _ reclaim: HostReclaim, at time: Int64, guests: Guests
  ) {
    let record = guests.reclaim! + vm.int
    let pages = reclaim.sharing!.shared(vm)
    let saved = min(pages.saved * MemoryCosts.pageSize, guests.base[vm.int].memory.mapped)
    // Pages copied on write need room; what there is none for stays shared until there is.
    let grown = record.pointee.saved - saved
    let taken =
      grown > 0 ? min(grown, max(0, memoryFree), limitRoom(vm, guests: guests)) : grown
    record.pointee.saved -= taken
    record.pointee.shared = max(
      record.pointee.saved,
      min(pages.shared * MemoryCosts.pageSize, guests.base[vm.int].memory.mapped))
    consume(taken, at: time)
    let copied = reclaim.sharing!.copied(vm)
    record.pointee.stall += max(0, copied - record.pointee.copied) * MemoryCosts.copiedPage
    record.pointee.copied = copied
  }

  /// Large pages are broken up, from all VMs in proportion.
  mutating func breakLargePages(
    _ bytes: Int64, _ reclaim: HostReclaim, at time: Int64, guests: Guests
  ) {
    var large: Int64 = 0
    for slot in 0..<table.count {
      let vm = Int(table.vm[slot])
      large += guests.base[vm].memory.mapped - guests.reclaim![vm].small
    }
    let broken = min(bytes, large)
    guard broken > 0 else { return }
    for slot in 0..<table.count {
      let vm = Int(table.vm[slot])
      let own = guests.base[vm].memory.mapped - guests.reclaim![vm].small
      guests.reclaim![vm].small += scaled(own, by: broken, over: large)
    }
    wakeMemory(reclaim, at: time)
  }

  // MARK: CPU of the host itself

  /// Books the host's own CPU up to `time`, before its rate changes.
  mutating func bookOverhead(at time: Int64) {
    guard let reclaim else { return }
    reclaim.overheadWork +=
      Int128(cpuOverhead) * Int128(time - max(reclaim.overheadSince, sampleStart))
    reclaim.overheadSince = time
  }

  /// Mean over the sample that ends at `time`, kHz.
  mutating func takeMeanOverhead(at time: Int64) -> Int64 {
    guard let reclaim, cpuOverhead > 0 || reclaim.overheadWork > 0 else { return 0 }
    bookOverhead(at: time)
    let span = Int128(max(1, time - sampleStart))
    defer { reclaim.overheadWork = 0 }
    return Int64((reclaim.overheadWork + span / 2) / span)
  }
}
