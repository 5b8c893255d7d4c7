import BallastModel
import BallastUnits

/// The memory half of the seam: what a host reports of its memory, and what it does with what is asked.
extension FluidHost {
  /// What is asked of each VM's memory and of the host's.
  mutating func applyMemory(_ plan: HostPlan, guests: Guests) {
    guard let reclaim else { return }
    var isAsked = false
    reclaim.blocks = false
    for row in plan.vms.indices {
      let vm = plan.vms[row]
      guard table.slot(of: vm) != nil else { continue }
      let record = guests.reclaim! + vm.int
      if record.pointee.isDead { continue }
      record.pointee.reservation = plan.memoryReservation[row]
      if record.pointee.limit != plan.memoryLimit[row] {
        record.pointee.limit = plan.memoryLimit[row]
        isAsked = true
      }
      let request = plan.memory(row: row)
      if request.balloon >= 0 && request.balloon != record.pointee.balloonTarget {
        record.pointee.balloonTarget = request.balloon
        record.pointee.isStuckTold = false
        record.pointee.stuckFor = 0
        isAsked = true
      }
      record.pointee.blockedAbove =
        request.blocksAboveTarget && request.target >= 0 ? request.target : .max
      if consumed(vm, guests: guests) > record.pointee.blockedAbove { reclaim.blocks = true }
      // Amounts belong to one observation, however often its plan comes.
      guard plan.observation != reclaim.takenFrom else { continue }
      record.pointee.toCompress = request.compress
      record.pointee.toSwap = request.swap
      if request.compress > 0 || request.swap > 0 || request.blocksAboveTarget { isAsked = true }
    }
    if plan.observation != reclaim.takenFrom && plan.hostMemory.breakLargePages > 0 {
      breakLargePages(plan.hostMemory.breakLargePages, reclaim, at: now, guests: guests)
    }
    reclaim.takenFrom = plan.observation
    if plan.hostMemory != reclaim.asked {
      reclaim.asked = plan.hostMemory
      if reclaim.sharing != nil {
        reclaim.sharing!.request(plan.hostMemory, at: now)
        isAsked = true
      }
    }
    if isAsked { wakeMemory(reclaim, at: now) }
    checkAccounts(guests: guests)
  }

  func hostReadings(guests: Guests) -> HostMemoryReadings {
    var readings = HostMemoryReadings()
    guard let reclaim else { return readings }
    readings.total = spec.memory.value
    readings.heldByHost = reclaim.reserved
    readings.cached = 0
    readings.swapIn = reclaim.readObserved
    readings.swapOut = reclaim.writtenObserved
    if reclaim.facts.usesLargePages {
      var large: Int64 = 0
      for slot in 0..<table.count {
        let vm = Int(table.vm[slot])
        large += guests.base[vm].memory.mapped - guests.reclaim![vm].small
      }
      readings.largePages = large
    }
    guard let sharing = reclaim.sharing else { return readings }
    readings.shared = sharing.total.saved * MemoryCosts.pageSize
    readings.shareable = memoryConfigured
    if let ksm = sharing.ksm {
      readings.ksmRun = ksm.run ? 1 : 0
      readings.ksmPagesToScan = ksm.pagesToScan
      readings.ksmSleepMilliseconds = ksm.sleep.value / 1_000_000
      readings.ksmFullScans = sharing.counters.fullScans
    }
    return readings
  }

  /// What the host and the guest's driver tell of one VM.
  func fill(_ readings: inout VMMemoryReadings, _ vm: Int, guests: Guests) {
    let record = guests.reclaim! + vm
    let traits = guests.traits![vm]
    let guest = guests.base[vm]
    readings.driver = traits.isDriverPresent ? .present : .absent
    readings.balloon = record.pointee.balloon
    readings.swapped = record.pointee.swapped
    readings.compressed = record.pointee.compressed
    readings.compressedSize = record.pointee.compressedSize
    readings.shared = record.pointee.saved
    readings.overhead = traits.overhead
    guard traits.isDriverPresent else { return }
    // What the balloon leaves holds what is used less the cache that had to be dropped and what was paged out.
    let size = guest.configured - record.pointee.balloon
    let used = record.pointee.used
    let cache = scaled(used - record.pointee.active, by: traits.pageCache, over: 1_000_000)
    let dropped = min(cache, max(0, used - size))
    let unused = max(0, size - (used - dropped - record.pointee.guestPaged))
    readings.guestUnused = unused
    readings.guestAvailable = min(size, unused + cache - dropped)
    readings.guestCommitted = record.pointee.used
    readings.guestSwapOut = record.pointee.guestSwapOut
    readings.statisticsAge = 0
    record.pointee.guestSwapOut = 0
  }

  /// After every change; nothing in a release build.
  @inline(__always)
  func checkAccounts(guests: Guests) {
    #if DEBUG || BALLAST_CHECKS
      if let reclaim { checkMemory(reclaim, guests: guests) }
    #endif
  }

  /// The accounts add up.
  func checkMemory(_ reclaim: HostReclaim, guests: Guests) {
    var consumedSum = reclaim.copies
    var overhead: Int64 = 0
    var onDevice: Int64 = 0
    for slot in 0..<table.count {
      let vm = VMIndex(Int(table.vm[slot]))
      let record = guests.reclaim![vm.int]
      let mapped = guests.base[vm.int].memory.mapped
      let configured = guests.base[vm.int].configured
      precondition(mapped >= 0 && record.balloon >= 0 && record.compressed >= 0)
      precondition(record.swapped >= 0 && record.waiting >= 0)
      precondition(
        record.untouched(mapped, of: configured) >= 0, "a VM holds more than its memory")
      precondition(record.saved >= 0 && record.saved <= record.shared && record.shared <= mapped)
      precondition(record.compressedSize >= 0 && record.compressedSize <= record.compressed)
      precondition((0...record.swapped).contains(record.swappedHot))
      precondition((0...record.compressed).contains(record.compressedHot))
      precondition((0...mapped).contains(record.small))
      consumedSum += consumed(vm, guests: guests)
      overhead += guests.traits![vm.int].overhead - record.overheadWaiting
      onDevice += record.swapped
    }
    precondition(consumedSum == memoryConsumed, "host memory has two owners")
    precondition(overhead == reclaim.overhead, "overhead of nobody")
    precondition(onDevice == reclaim.onDevice, "the swap device holds pages of nobody")
    precondition(memoryFree >= 0, "\(spec.name) hands out more memory than it has")
  }
}
