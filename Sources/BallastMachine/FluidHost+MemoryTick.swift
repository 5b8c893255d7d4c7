import BallastModel
import BallastUnits

/// One tick of memory on the move: balloons, compression, swap, the kernel's own reclaim, and what all that costs.
///
/// Rule      in this order: guests fit themselves into what their balloons leave; balloons move at their rates; what was
///           asked to be compressed and swapped goes, then what the host's kernel takes by itself; what is free is given to
///           who waits, reservations first; what lies compressed or swapped and is in use comes back; the scanner for equal
///           pages has its turn; the time that vCPUs waited becomes a slowdown until the next tick.
/// Cost      O(VMs); nothing at all while memory is at rest.
/// Source    docs/MODEL.md#memory.
extension FluidHost {
  mutating func tickMemory(_ reclaim: HostReclaim, guests: Guests) {
    let time = now
    let span = time - reclaim.lastTick
    reclaim.lastTick = time
    reclaim.beginTick(span)
    for slot in 0..<table.count {
      let vm = VMIndex(Int(table.vm[slot]))
      let record = guests.reclaim! + vm.int
      record.pointee.beginTick()
      if record.pointee.isDead { continue }
      reclaim.pool += record.pointee.compressedSize
      reclaim.zipped += record.pointee.compressed
      fit(vm, reclaim, at: time, guests: guests)
      if record.pointee.isDead { continue }
      moveBalloon(vm, reclaim, for: span, at: time, guests: guests)
    }
    takeRequested(reclaim, at: time, guests: guests)
    reclaimByKernel(reclaim, at: time, guests: guests)
    backWaiting(reclaim, at: time, guests: guests)
    share(reclaim, at: time, guests: guests)
    bringBack(reclaim, for: span, at: time, guests: guests)
    settleSlowdowns(reclaim, for: span, at: time, guests: guests)
    var isRestless = memoryFree < lowWatermark(reclaim)
    reclaim.holdsReclaimed = (reclaim.sharing?.total.shared ?? 0) > 0
    reclaim.holdsBalloons = false
    reclaim.hasActivity = true
    for slot in 0..<table.count {
      let vm = Int(table.vm[slot])
      let record = guests.reclaim! + vm
      if record.pointee.hasReclaimed { reclaim.holdsReclaimed = true }
      if record.pointee.balloon > 0 { reclaim.holdsBalloons = true }
      if !isRestless {
        isRestless = record.pointee.isRestless(guests.base[vm], guests.traits![vm], at: time)
      }
    }
    let next = (time / reclaim.tick + 1) * reclaim.tick
    reclaim.isMoving = isRestless
    reclaim.nextTick = isRestless ? next : reclaim.nextSharing(after: time)
    checkAccounts(guests: guests)
  }

  // MARK: Balloons

  private mutating func moveBalloon(
    _ vm: VMIndex, _ reclaim: HostReclaim, for span: Int64, at time: Int64, guests: Guests
  ) {
    let guest = guests.base + vm.int
    let record = guests.reclaim! + vm.int
    let traits = guests.traits! + vm.int
    if traits.pointee.reportsFreePages {
      // e^(−t/τ) of what is free is not told yet after t; over a tick, (2τ − t) / (2τ + t).
      let idle = min(
        guest.pointee.memory.mapped,
        max(0, record.pointee.held(guest.pointee.memory.mapped) - record.pointee.resident))
      let told = scaled(idle, by: 2 * span, over: 2 * MemoryCosts.freePagesToldWithin + span)
      unmap(vm, min(idle, max(told, MemoryCosts.pageSize)), at: time, guests: guests)
    }
    let target = min(max(0, record.pointee.balloonTarget), traits.pointee.balloonMax)
    let most = scaled(traits.pointee.balloonRate, by: span, over: 1_000_000_000)
    if target < record.pointee.balloon {
      var amount = min(most, record.pointee.balloon - target)
      if reclaim.facts.onExhaustion == .refuse {
        // What the guest waits for already comes first: more would wait for memory that it may never have.
        let room = min(max(0, memoryFree), limitRoom(vm, guests: guests))
        amount = min(amount, max(0, room - record.pointee.waiting))
      }
      record.pointee.balloon -= amount
      record.pointee.stall += pages(amount) * MemoryCosts.balloonPage
      record.pointee.stuckFor = 0
    } else if target > record.pointee.balloon {
      inflate(
        vm, upTo: target, most: most,
        hasBooted: time - guest.pointee.onSince >= traits.pointee.bootRamp,
        span: span, reclaim, at: time, guests: guests)
    } else {
      record.pointee.stuckFor = 0
    }
    fit(vm, reclaim, at: time, guests: guests)
    tellBalloon(vm, reclaim, at: time, guests: guests)
  }

  private mutating func inflate(
    _ vm: VMIndex, upTo target: Int64, most: Int64, hasBooted: Bool, span: Int64,
    _ reclaim: HostReclaim, at time: Int64, guests: Guests
  ) {
    let guest = guests.base + vm.int
    let record = guests.reclaim! + vm.int
    let traits = guests.traits! + vm.int
    let reach = min(target, guest.pointee.configured - leastSize(vm, guests: guests))
    let amount =
      traits.pointee.isDriverPresent && hasBooted
      ? min(most, max(0, reach - record.pointee.balloon)) : 0
    guard amount > 0 else {
      record.pointee.stuckFor += span
      return
    }
    record.pointee.stuckFor = 0
    record.pointee.balloon += amount
    record.pointee.stall += pages(amount) * MemoryCosts.balloonPage
    // Free pages that the host backs come first, then those never touched, then what the guest drops or pages out.
    let mapped = guest.pointee.memory.mapped
    let idle = min(mapped, max(0, record.pointee.held(mapped) - record.pointee.resident))
    unmap(vm, min(amount, idle, takeable(vm, guests: guests)), at: time, guests: guests)
    let excess =
      record.pointee.held(guest.pointee.memory.mapped) + record.pointee.balloon
      - guest.pointee.configured
    if excess > 0 { release(vm, excess, reclaim, at: time, guests: guests) }
  }

  /// The guest gives up pages it has used. It does not know where the host keeps them: they go from all places in
  /// proportion, and of each the cold ones first; what is reserved for it stays backed while there are others.
  private mutating func release(
    _ vm: VMIndex, _ bytes: Int64, _ reclaim: HostReclaim, at time: Int64, guests: Guests
  ) {
    let record = guests.reclaim! + vm.int
    let mapped = guests.base[vm.int].memory.mapped
    let held = record.pointee.held(mapped)
    var left = min(bytes, held)
    let elsewhere = record.pointee.compressed + record.pointee.swapped
    let even = min(mapped, left - scaled(left, by: elsewhere, over: held))
    let fromMapped = max(left - elsewhere, min(even, takeable(vm, guests: guests)))
    unmap(vm, fromMapped, at: time, guests: guests)
    left -= fromMapped
    guard left > 0 else { return }
    let fromSwap = min(
      record.pointee.swapped,
      left - scaled(left, by: record.pointee.compressed, over: held - mapped))
    let coldSwapped = record.pointee.swapped - record.pointee.swappedHot
    record.pointee.takeSwapped(fromSwap, hot: max(0, fromSwap - coldSwapped))
    reclaim.onDevice -= fromSwap
    left -= fromSwap
    let coldCompressed = record.pointee.compressed - record.pointee.compressedHot
    let size = record.pointee.compressedSize
    record.pointee.takeCompressed(left, hot: max(0, left - coldCompressed))
    consume(record.pointee.compressedSize - size, at: time)
  }

  /// The least a guest can live with: what it cannot page out, and the little it keeps free.
  private func leastSize(_ vm: VMIndex, guests: Guests) -> Int64 {
    let record = guests.reclaim![vm.int]
    let traits = guests.traits![vm.int]
    let reserve = guests.base[vm.int].configured / MemoryCosts.guestReservePart
    if traits.hasSwap {
      let pinned = MemoryCosts.guestPinned.of(Bytes(record.used)).value
      return max(pinned, record.used - min(record.used, traits.swapSize)) + reserve
    }
    let cache = scaled(record.used - record.active, by: traits.pageCache, over: 1_000_000)
    return record.used - cache + reserve
  }

  private func tellBalloon(
    _ vm: VMIndex, _ reclaim: HostReclaim, at time: Int64, guests: Guests
  ) {
    let record = guests.reclaim! + vm.int
    let balloon = record.pointee.balloon
    if (balloon > 0) != record.pointee.isBallooningTold {
      record.pointee.isBallooningTold = balloon > 0
      reclaim.note(
        balloon > 0 ? .balloons : .balloonsNoMore, at: time, vm: Int64(vm.value),
        amount: record.pointee.balloonTarget)
    }
    let isStuck = record.pointee.stuckFor >= MemoryCosts.stuckAfter
    // A manager that gives up and asks again meets the same balloon: that is no news.
    if balloon != record.pointee.stuckAt { record.pointee.stuckAt = -1 }
    if isStuck && !record.pointee.isStuckTold && record.pointee.stuckAt < 0 {
      record.pointee.stuckAt = balloon
      reclaim.note(.balloonStuck, at: time, vm: Int64(vm.value), amount: balloon)
    }
    record.pointee.isStuckTold = isStuck
  }

  // MARK: Compression and swap

  /// What a manager has asked to be compressed and swapped, as far as caches, device and bandwidth go.
  private mutating func takeRequested(_ reclaim: HostReclaim, at time: Int64, guests: Guests) {
    for slot in 0..<table.count {
      let vm = VMIndex(Int(table.vm[slot]))
      let record = guests.reclaim! + vm.int
      if record.pointee.toCompress > 0 {
        let asked = min(record.pointee.toCompress, takeable(vm, guests: guests))
        let done = compress(
          vm, asked,
          cacheMax: reclaim.facts.compressedMax.of(Bytes(guests.base[vm.int].configured))
            .value, at: time, guests: guests)
        // What does not compress is swapped, like what the cache has no room for.
        record.pointee.toSwap += record.pointee.toCompress - done
        record.pointee.toCompress = 0
      }
      if record.pointee.toSwap > 0 {
        let asked = min(record.pointee.toSwap, takeable(vm, guests: guests))
        let done = swapOut(vm, asked, reclaim, at: time, guests: guests)
        // What is reserved stays; the room of its compressed pages can be had.
        let freed = swapCompressed(
          vm, freeing: record.pointee.toSwap - asked, reclaim, at: time, guests: guests)
        let left = asked - done
        let goesOn = done + freed > 0 || reclaim.isDeviceBusy
        record.pointee.toSwap = goesOn ? left : 0
      }
      keepBelowLimit(vm, reclaim, at: time, guests: guests)
    }
  }

  /// Beyond its limit a VM makes room for itself. Linux kills it where it cannot.
  private mutating func keepBelowLimit(
    _ vm: VMIndex, _ reclaim: HostReclaim, at time: Int64, guests: Guests
  ) {
    let record = guests.reclaim! + vm.int
    record.pointee.isShrinking = false
    guard record.pointee.limit != .max, !record.pointee.isDead else { return }
    let excess =
      consumed(vm, guests: guests) - record.pointee.limit + record.pointee.waiting
    guard excess > 0 else { return }
    var freed: Int64 = 0
    var asked: Int64 = 0
    // What is compressed keeps a part of its room, and not all does compress: so it goes on until that is enough.
    for _ in 0..<MemoryCosts.limitRounds where freed < excess {
      asked = min(max(excess - freed, MemoryCosts.pageSize), takeable(vm, guests: guests))
      let more = evict(vm, asked, reclaim, at: time, guests: guests)
      freed += more
      if more == 0 { break }
    }
    record.pointee.isShrinking = freed > 0 || asked > 0 && reclaim.isDeviceBusy
    if freed == 0 && record.pointee.waiting > 0 && !reclaim.isDeviceBusy
      && reclaim.facts.onExhaustion == .kernelReclaim
    {
      kill(vm, reclaim, .oomKill, at: time, guests: guests)
    }
  }

  /// Sends pages of a VM where the host has room for them: compressed in memory first, where it has that, then to its device.
  /// Returns what was freed.
  mutating func evict(
    _ vm: VMIndex, _ bytes: Int64, _ reclaim: HostReclaim, at time: Int64, guests: Guests
  ) -> Int64 {
    let before = memoryFree
    var left = bytes
    let room = reclaim.compressedRoom(spec.memory.value)
    if room > 0 {
      let size = guests.reclaim![vm.int].compressedSize
      let most = size + max(0, reclaim.poolMax(spec.memory.value) - reclaim.pool)
      let done = compress(vm, min(left, room), cacheMax: most, at: time, guests: guests)
      reclaim.pool += guests.reclaim![vm.int].compressedSize - size
      reclaim.zipped += done
      left -= done
    }
    if reclaim.swap.kind != .zram {
      let isLinux = reclaim.facts.onExhaustion == .kernelReclaim
      _ = swapOut(vm, left, coldFirst: isLinux, reclaim, at: time, guests: guests)
    }
    return memoryFree - before
  }

  /// Mapped memory that may be taken: never below min(reservation, touched).
  func takeable(_ vm: VMIndex, guests: Guests) -> Int64 {
    let mapped = guests.base[vm.int].memory.mapped
    return max(0, mapped - min(mapped, guests.reclaim![vm.int].reservation))
  }

  /// Compresses pages drawn at random; returns how much went.
  mutating func compress(
    _ vm: VMIndex, _ asked: Int64, cacheMax: Int64, at time: Int64, guests: Guests
  ) -> Int64 {
    let record = guests.reclaim! + vm.int
    let traits = guests.traits! + vm.int
    let mapped = guests.base[vm.int].memory.mapped
    let room = max(0, cacheMax - record.pointee.compressedSize)
    let kept = max(1, traits.pointee.compressedTo)
    let fits = scaled(min(room, 1 << 50), by: 1_000_000, over: kept)
    let amount = min(scaled(asked, by: traits.pointee.compressible, over: 1_000_000), fits, mapped)
    guard amount > 0 else { return 0 }
    let hot = GuestReclaim.hotPart(
      of: amount, hot: record.pointee.mappedHot(mapped), whole: mapped)
    unmap(vm, amount, at: time, guests: guests)
    let size = min(room, scaled(amount, by: kept, over: 1_000_000))
    record.pointee.compressed += amount
    record.pointee.compressedHot += hot
    record.pointee.compressedSize += size
    consume(size, at: time)
    return amount
  }

  /// Writes pages drawn at random to the swap device, or the coldest first; returns how much went.
  mutating func swapOut(
    _ vm: VMIndex, _ asked: Int64, coldFirst: Bool = false, _ reclaim: HostReclaim, at time: Int64,
    guests: Guests
  ) -> Int64 {
    let record = guests.reclaim! + vm.int
    let mapped = guests.base[vm.int].memory.mapped
    let amount = min(asked, mapped, reclaim.deviceRoom, reclaim.writable)
    if amount < asked && reclaim.deviceRoom < asked { reclaim.isFull = true }
    guard amount > 0 else { return 0 }
    let allHot = record.pointee.mappedHot(mapped)
    let hot =
      coldFirst
      ? max(0, amount - (mapped - allHot))
      : GuestReclaim.hotPart(of: amount, hot: allHot, whole: mapped)
    unmap(vm, amount, at: time, guests: guests)
    record.pointee.swapped += amount
    record.pointee.swappedHot += hot
    record.pointee.writtenNow += amount
    reclaim.write(amount)
    return amount
  }

  /// Writes compressed pages to the swap device, so that their room is free; returns how much that is.
  private mutating func swapCompressed(
    _ vm: VMIndex, freeing bytes: Int64, _ reclaim: HostReclaim, at time: Int64, guests: Guests
  ) -> Int64 {
    let record = guests.reclaim! + vm.int
    let (size, compressed) = (record.pointee.compressedSize, record.pointee.compressed)
    guard bytes > 0 && size > 0 else { return 0 }
    let wanted =
      bytes >= size ? compressed : min(compressed, scaled(compressed, by: bytes, over: size) + 1)
    let amount = min(wanted, reclaim.deviceRoom, reclaim.writable)
    guard amount > 0 else { return 0 }
    let hot = GuestReclaim.hotPart(
      of: amount, hot: record.pointee.compressedHot, whole: compressed)
    record.pointee.takeCompressed(amount, hot: hot)
    let freed = size - record.pointee.compressedSize
    consume(-freed, at: time)
    record.pointee.swapped += amount
    record.pointee.swappedHot += hot
    record.pointee.writtenNow += amount
    reclaim.write(amount)
    return freed
  }

  // MARK: Giving

  /// Gives what is free to who waits: overhead first, then up to reservations, then in proportion.
  private mutating func backWaiting(_ reclaim: HostReclaim, at time: Int64, guests: Guests) {
    if reclaim.overheadWaiting > 0 {
      for slot in 0..<table.count where memoryFree > 0 {
        let record = guests.reclaim! + Int(table.vm[slot])
        let amount = min(record.pointee.overheadWaiting, memoryFree)
        record.pointee.overheadWaiting -= amount
        reclaim.overheadWaiting -= amount
        reclaim.overhead += amount
      }
    }
    for isReserved in [true, false] {
      reclaim.weights.reserve(2 * table.count)
      var wanted: Int64 = 0
      for slot in 0..<table.count {
        let vm = VMIndex(Int(table.vm[slot]))
        let record = guests.reclaim![vm.int]
        var amount = min(record.waiting, limitRoom(vm, guests: guests))
        if isReserved {
          amount = min(
            amount, max(0, record.reservation - guests.base[vm.int].memory.mapped))
        }
        reclaim.weights.base[slot] = amount
        wanted += amount
      }
      let given = min(wanted, max(0, memoryFree))
      if given == 0 { continue }
      let parts = reclaim.weights.base + table.count
      apportion(
        given, by: reclaim.weights.base, count: table.count, into: parts, scratch: &reclaim.shares)
      for slot in 0..<table.count where parts[slot] > 0 {
        back(VMIndex(Int(table.vm[slot])), parts[slot], at: time, guests: guests)
      }
    }
    reclaim.isShort = false
    for slot in 0..<table.count {
      let vm = Int(table.vm[slot])
      let record = guests.reclaim! + vm
      let waits = record.pointee.waiting > 0 || record.pointee.overheadWaiting > 0
      if waits { reclaim.isShort = true }
      if waits != record.pointee.isWaitingTold {
        record.pointee.isWaitingTold = waits
        reclaim.note(
          waits ? .waits : .waitsNoMore, at: time, vm: table.vm[slot],
          amount: record.pointee.waiting)
      }
    }
  }

  func pages(_ bytes: Int64) -> Int64 {
    (bytes + MemoryCosts.pageSize - 1) / MemoryCosts.pageSize
  }
}
