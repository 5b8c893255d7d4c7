import BallastModel
import BallastUnits

extension FluidHost {
  /// Ends the present sample at `time`, to which the host has been advanced, and starts the next one.
  ///
  /// The columns have a row for every VM that was on during the sample, those that have left last; they are valid until
  /// the host changes. Where nothing changed during the sample they are the host's own columns, uncopied.
  mutating func takeSample(at time: Int64, guests: Guests) -> SampleColumns {
    let interval = time - sampleStart
    defer { sampleStart = time }
    let capacity = takeMeanCapacity(at: time)
    let overhead = takeMeanOverhead(at: time)
    if let reclaim {
      reclaim.hadActivity = reclaim.hasActivity
      reclaim.hasActivity = reclaim.slows
    }
    guard sampleHasParts else {
      if !departed.isEmpty { forgetParts() }
      if slows { endLosses(interval: interval, guests: guests) }
      var columns = SampleColumns(
        capacity: capacity, count: table.count, present: table.count, vm: table.vm,
        demand: asked, unlimited: table.unlimited, used: delivered)
      columns.overhead = overhead
      return columns
    }
    defer { forgetParts() }
    let span = time - max(segmentStart, sampleStart)
    means.reserve(rows: table.count + departed.count)
    if slows && span > 0 { bookLosses(for: span, guests: guests) }
    for slot in 0..<table.count {
      let work = guests.sampleWork.base + Int(table.vm[slot])
      work.pointee.add(
        demand: asked[slot], unlimited: table.unlimited[slot], used: delivered[slot],
        for: span)
      means.set(row: slot, vm: table.vm[slot], work.pointee, interval: interval)
      if let reclaim, reclaim.lostInSample {
        let record = guests.reclaim! + Int(table.vm[slot])
        record.pointee.activity.wished = work.pointee.demand + record.pointee.activity.lost
      }
      work.pointee = WorkCounter()
    }
    for (index, gone) in departed.enumerated() {
      means.set(
        row: table.count + index, vm: Int64(gone.vm.value), gone.work, interval: interval)
    }
    reclaim?.lostInSample = false
    var columns = means.columns(
      hostCapacity: capacity, count: table.count + departed.count, present: table.count)
    for work in handedOver { columns.add(elsewhere: work, interval, sign: 1) }
    for work in brought { columns.add(elsewhere: work, interval, sign: -1) }
    columns.overhead = overhead
    return columns
  }

  /// The losses of a sample in which no rate changed.
  private func endLosses(interval: Int64, guests: Guests) {
    bookLosses(for: interval, guests: guests)
    for slot in 0..<table.count {
      let record = guests.reclaim! + Int(table.vm[slot])
      record.pointee.activity.wished = Int128(table.demand[slot]) * Int128(interval)
    }
    reclaim?.lostInSample = false
  }

  private mutating func forgetParts() {
    sampleHasParts = false
    departed.removeAll(keepingCapacity: true)
    handedOver.removeAll(keepingCapacity: true)
    brought.removeAll(keepingCapacity: true)
  }

  /// What the host can report of [observationStart, now), and starts the next observation.
  mutating func observe(into seen: inout HostObservation, guests: Guests) {
    skipObservations(upTo: now - 1, guests: guests)
    seen.time = SimTime(now)
    seen.interval = SimDuration(now - observationStart)
    seen.coreRate = spec.coreRate
    seen.cpuCapacity = Kilohertz(dividedCPU)
    seen.memoryCapacity = memoryForVMs
    seen.memoryFree = Bytes(memoryFree)
    seen.hostMemory = hostReadings(guests: guests)
    reclaim?.readObserved = 0
    reclaim?.writtenObserved = 0
    seen.removeRows()
    let span = now - max(segmentStart, observationStart)
    for slot in 0..<table.count {
      let vm = Int(table.vm[slot])
      let guest = guests.base + vm
      var work = WorkCounter()
      if let observedWork = guests.observedWork, observationHasParts {
        work = observedWork.base[vm]
        observedWork.base[vm] = WorkCounter()
      }
      work.add(
        demand: asked[slot], unlimited: table.unlimited[slot], used: delivered[slot],
        for: span)
      seen.append(
        HostObservation.VMRow(
          vm: VMIndex(vm), vcpus: Int64(guest.pointee.vcpus),
          runTime: nanoseconds(of: work.used),
          readyTime: nanoseconds(of: work.demand - work.used),
          memoryConfigured: guest.pointee.configured,
          memoryConsumed: reclaim == nil
            ? guest.pointee.memory.mapped : consumed(VMIndex(vm), guests: guests),
          memoryActive: guest.pointee.memory.active,
          memory: memoryReadings(vm, guest.pointee, over: seen.interval, guests)))
    }
    observationStart = now
    observationHasParts = false
  }

  /// What VMs can have, without what the host keeps and their overhead.
  private var memoryForVMs: Bytes {
    guard let reclaim else { return spec.memory }
    return Bytes(max(0, spec.memory.value - reclaim.reserved - reclaim.overhead))
  }

  private func memoryReadings(
    _ vm: Int, _ guest: Guest, over interval: SimDuration, _ guests: Guests
  ) -> VMMemoryReadings {
    var readings = VMMemoryReadings()
    if guests.reclaim != nil { fill(&readings, vm, guests: guests) }
    // Where nothing is scarce nobody asks which memory is in use.
    guard let samplers = guests.samplers, isMemoryTroubled || reclaim == nil else {
      return readings
    }
    let since = min(interval.value, now - guest.onSince)
    let sample = samplers[vm].sample(
      active: guest.memory.active, mapped: guest.memory.mapped, over: since)
    readings.sampledPages = sample.drawn
    readings.touchedPages = sample.touched
    return readings
  }

  /// What the host knows without measuring: sizes, and no counters. Does not touch the present observation.
  func inspect(into seen: inout HostObservation, guests: Guests) {
    seen.time = SimTime(now)
    seen.interval = .zero
    seen.coreRate = spec.coreRate
    seen.cpuCapacity = Kilohertz(dividedCPU)
    seen.memoryCapacity = memoryForVMs
    seen.memoryFree = Bytes(memoryFree)
    seen.removeRows()
    for slot in 0..<table.count {
      let vm = Int(table.vm[slot])
      let guest = guests.base + vm
      seen.append(
        HostObservation.VMRow(
          vm: VMIndex(vm), vcpus: Int64(guest.pointee.vcpus),
          memoryConfigured: guest.pointee.configured,
          memoryConsumed: guest.pointee.memory.mapped, memoryActive: guest.pointee.memory.active))
    }
  }

  /// Work in kHz·ns as vCPU time at this host's clock, rounded to nearest.
  private func nanoseconds(of work: Int128) -> Int64 {
    Int64((work + Int128(spec.coreRate.value / 2)) / Int128(spec.coreRate.value))
  }
}

/// The mean rates of a host's VMs over one sample, kHz.
public struct SampleColumns {
  /// Of the host, mean.
  public var capacity: Int64
  public var count: Int
  /// The first `present` rows are still on; the others have left during the sample.
  public var present: Int
  public var vm: UnsafePointer<Int64>
  public var demand: UnsafePointer<Int64>
  /// demand − unlimited was kept back by a limit.
  public var unlimited: UnsafePointer<Int64>
  public var used: UnsafePointer<Int64>
  /// What the host did for VMs whose row is on another host now, less what its rows' VMs did on others: the host's own
  /// demand and use are the sums of the columns and these.
  public var demandElsewhere: Int64 = 0
  public var usedElsewhere: Int64 = 0
  /// CPU of the host itself, mean, kHz.
  public var overhead: Int64 = 0

  init(
    capacity: Int64, count: Int, present: Int, vm: UnsafePointer<Int64>,
    demand: UnsafePointer<Int64>,
    unlimited: UnsafePointer<Int64>, used: UnsafePointer<Int64>
  ) {
    self.capacity = capacity
    self.count = count
    self.present = present
    self.vm = vm
    self.demand = demand
    self.unlimited = unlimited
    self.used = used
  }

  /// Counts what a VM did on a host in a sample that another host's row shows.
  ///
  /// Rule      used is rounded to nearest, as the row is, and what was missing down to 1 kHz.
  /// Promises  both hosts of a move reckon alike, so what they show adds up to the row · since the row holds this part,
  ///           its rounded used is no less, nor is what it misses: on each host 0 ≤ used ≤ demand for what is left.
  mutating func add(elsewhere work: WorkCounter, _ interval: Int64, sign: Int64) {
    let used = mean(work.used, interval)
    let missing = Int64((work.demand - work.used) / Int128(interval))
    usedElsewhere += sign * used
    demandElsewhere += sign * (used + missing)
  }
}

/// Room for means of samples in which something changed.
struct MeanColumns: ~Copyable {
  private var base: UnsafeMutablePointer<Int64>?
  private var capacity = 0

  deinit { base?.deallocate() }

  mutating func reserve(rows: Int) {
    // Also for no rows: the pointers of an empty sample must be some.
    guard rows > capacity || base == nil else { return }
    base?.deallocate()
    capacity = max(rows, 2 * capacity, 4)
    base = .allocate(capacity: 4 * capacity)
  }

  /// Work over an interval as mean rates, rounded to nearest; used ≤ unlimited ≤ demand is kept.
  func set(row: Int, vm: Int64, _ work: WorkCounter, interval: Int64) {
    base![row] = vm
    base![capacity + row] = mean(work.demand, interval)
    base![2 * capacity + row] = mean(work.unlimited, interval)
    base![3 * capacity + row] = mean(work.used, interval)
  }

  func columns(hostCapacity: Int64, count: Int, present: Int) -> SampleColumns {
    SampleColumns(
      capacity: hostCapacity, count: count, present: present, vm: UnsafePointer(base!),
      demand: UnsafePointer(base! + capacity), unlimited: UnsafePointer(base! + 2 * capacity),
      used: UnsafePointer(base! + 3 * capacity))
  }
}

/// Work over an interval as a rate, rounded to nearest.
private func mean(_ work: Int128, _ interval: Int64) -> Int64 {
  Int64((work + Int128(interval / 2)) / Int128(interval))
}
