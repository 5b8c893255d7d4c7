import BallastKernel
import BallastModel
import BallastUnits

/// The memory model of one host beside its VMs' records.
final class HostReclaim {
  let facts: MemoryFacts
  let swap: SwapDeviceSpec
  /// Time between ticks while memory is on the move, ns.
  let tick: Int64
  let reserved: Int64

  /// Σ overhead of the VMs here that is backed, and what of it is not yet.
  var overhead: Int64 = 0
  var overheadWaiting: Int64 = 0
  /// Room kept for VMs on their way here, and what of that there was none for.
  var copies: Int64 = 0
  var copiesShort: Int64 = 0
  /// Something of its memory moves by itself; the scanner for equal pages does not count.
  var isMoving = false
  /// What was free when a manager last found nothing to do; nil: it has not looked since something moved.
  var freeWhenQuiet: Int64?
  /// Some VM has a balloon.
  var holdsBalloons = false
  /// Next tick; `Int64.max` while memory is at rest.
  var nextTick = Int64.max
  var lastTick: Int64 = 0
  /// Bytes on the swap device.
  var onDevice: Int64 = 0
  /// Bytes that compressed pages of zram or zswap take, and guest memory that lies in them.
  var pool: Int64 = 0
  var zipped: Int64 = 0
  /// Some VM waits for memory.
  var isShort = false
  /// Some VM is stopped for what it holds above its target.
  var blocks = false
  /// The device had no room for all that was to go there in this tick.
  var isFull = false
  var isFullTold = false
  /// Bytes that may still cross to the device or back in this tick, and what of that is kept for reads.
  var budget: Int64 = 0
  var keptForReads: Int64 = 0
  /// Bytes that were to be read in the last tick, and that have been written in this one.
  var readsWanted: Int64 = 0
  var written: Int64 = 0
  /// Equal pages; nil where nobody looks for them.
  var sharing: PageSharing?
  /// vCPUs of some VM wait for memory: demand is not what is asked for.
  var slows = false
  /// Some VM lost work in the present sample; some VM did anything with its memory in it, and in the one before.
  var lostInSample = false
  var hasActivity = false
  var hadActivity = false
  /// Some VM has memory ballooned, compressed, swapped or shared.
  var holdsReclaimed = false
  /// Read and written since the last observation, bytes.
  var readObserved: Int64 = 0
  var writtenObserved: Int64 = 0
  /// CPU of the host itself in the present sample up to `overheadSince`, kHz·ns.
  var overheadWork: Int128 = 0
  var overheadSince: Int64 = 0
  /// What was asked last, and of which observation amounts were taken.
  var asked = HostMemoryRequest()
  var takenFrom: UInt64 = 0
  var happenings: [MemoryHappening] = []
  var shares = ApportionScratch()
  var weights = IntegerBlock(count: 0)

  /// Free memory below which a manager has something to decide.
  let alarm: Int64

  let doublePaging: Bool

  init(_ spec: HostSpec, _ setup: MemorySetup, alarm: Int64) {
    self.alarm = alarm
    doublePaging = setup.doublePaging
    facts = setup.facts
    swap = spec.swap
    tick = setup.tick
    reserved = min(spec.memoryReserve.value, spec.memory.value)
    if facts.sharing.scope != .off {
      sharing = PageSharing(
        facts.sharing, capacity: spec.cpuCapacity, step: SimDuration(setup.scan))
    }
  }

  /// Room left on the swap device.
  var deviceRoom: Int64 {
    if swap.kind == .none || swap.kind == .zram { return 0 }
    guard let size = swap.size else { return Int64.max / 4 }
    return max(0, size.value - onDevice)
  }

  /// There is room on the swap device, and no time left in this tick to write to it.
  var isDeviceBusy: Bool { deviceRoom > 0 && writable == 0 }

  /// Bytes that may still be written in this tick.
  var writable: Int64 { max(0, budget - keptForReads) }

  /// Bytes that the device carries in a tick, reads and writes together. After a rest no more than in any other.
  func bandwidth(for span: Int64) -> Int64 {
    swap.kind == .none ? 0 : scaled(swap.bandwidth.value, by: min(span, tick), over: 1_000_000_000)
  }

  func beginTick(_ span: Int64) {
    pool = 0
    zipped = 0
    isFull = false
    budget = bandwidth(for: span)
    written = 0
    // Where pages are waited for, writing leaves them half of the device.
    keptForReads = min(readsWanted, budget / 2)
  }

  /// Bytes have gone to the device.
  func write(_ bytes: Int64) {
    onDevice += bytes
    budget -= bytes
    written += bytes
  }

  /// Bytes of guest memory that zram still takes, as a device counts its size; zswap is bounded by what its pool takes.
  func compressedRoom(_ memory: Int64) -> Int64 {
    switch swap.kind {
    case .zram: max(0, (swap.size?.value ?? memory / 2) - zipped)
    case .zswap: pool < zswapMax(memory) ? .max : 0
    case .none, .ssd, .disk: 0
    }
  }

  /// Bytes that compressed pages may take. Source: zswap's max_pool_percent, 20.
  func poolMax(_ memory: Int64) -> Int64 { swap.kind == .zswap ? zswapMax(memory) : memory }
  private func zswapMax(_ memory: Int64) -> Int64 { memory / 5 }

  /// The tick at which the scanner has something new.
  func nextSharing(after time: Int64) -> Int64 {
    guard let sharing, sharing.nextChange != .max else { return .max }
    return max(time / tick + 1, (sharing.nextChange + tick - 1) / tick) * tick
  }

  func note(
    _ kind: MemoryHappening.Kind, at time: Int64, vm: Int64? = nil, amount: Int64 = 0
  ) {
    happenings.append(
      MemoryHappening(
        time: SimTime(time), kind: kind, vm: vm.map { VMIndex(Int($0)) }, amount: Bytes(amount)))
  }
}
