import BallastMachine
import BallastModel
import BallastUnits

/// One VM's memory as cells of result files, thousandths of a MiB, so that the cells of a row add up as the bytes do.
///
/// Rule      the parts of configured are rounded one after the other: each is the rounded sum up to it less the rounded sum
///           before it. Untouched is what is left; consumed is computed from the rounded ones.
/// Promises  untouched + mapped + balloon + compressed + swapped = configured and mapped − saved + compressed size = consumed,
///           exactly · no cell is negative, and what is 0 stays 0.
/// Rounding  each part is off by less than 0.001 MiB.
struct VMMemoryCells: BitwiseCopyable, Equatable {
  var configured: Int64 = 0
  var untouched: Int64 = 0
  var mapped: Int64 = 0
  var active: Int64 = 0
  var balloon: Int64 = 0
  var balloonTarget: Int64 = 0
  var compressed: Int64 = 0
  var compressedSize: Int64 = 0
  var swapped: Int64 = 0
  var shared: Int64 = 0
  var saved: Int64 = 0
  var waiting: Int64 = 0
  var guestPaged: Int64 = 0
  var overhead: Int64 = 0
  var consumed: Int64 = 0
  /// Thousandths of a MiB/s.
  var swapIn: Int64 = 0
  var swapOut: Int64 = 0
  /// Thousandths of a percent.
  var slowdown: Int64 = 0
  /// CPU work that the guest would have done and could not, kHz, mean.
  var lost: Int64 = 0
  /// Bytes, for sums that are rounded later.
  var consumedBytes: Int64 = 0
  var overheadBytes: Int64 = 0

  /// In the order of the metrics of `vms-summary.csv`.
  var pressure: [Int64] { [balloon, swapped, slowdown] }

  init() {}

  init(_ memory: VMMemory) {
    configured = cell(memory.configured)
    var (bytes, cells): (Int64, Int64) = (0, 0)
    func part(_ size: Int64) -> Int64 {
      if size == 0 { return 0 }
      bytes += size
      let before = cells
      cells = cell(bytes)
      return cells - before
    }
    swapped = part(memory.swapped)
    compressed = part(memory.compressed)
    balloon = part(memory.balloon)
    mapped = part(memory.mapped)
    untouched = configured - cells
    active = cell(memory.active)
    balloonTarget = cell(memory.balloonTarget)
    compressedSize = cell(memory.compressedSize)
    shared = min(cell(memory.shared), mapped)
    saved = min(cell(memory.saved), shared)
    waiting = cell(memory.waiting)
    guestPaged = cell(memory.guestPaged)
    overhead = cell(memory.overhead)
    consumed = mapped - saved + compressedSize
    consumedBytes = memory.consumed
    overheadBytes = memory.overhead
  }

  func write(to cells: UnsafeMutablePointer<Int64>, withReclamation reclamation: Bool) {
    func set(_ column: VMColumn, _ value: Int64) { cells[column.rawValue] = value }
    set(.memConfigured, configured)
    set(.memActive, active)
    set(.memConsumed, consumed)
    guard reclamation else { return }
    set(.memShared, shared)
    set(.memBalloonTarget, balloonTarget)
    set(.memBalloon, balloon)
    set(.memCompressed, compressed)
    set(.memSwapped, swapped)
    set(.swapIn, swapIn)
    set(.swapOut, swapOut)
    set(.slowdown, slowdown)
    set(.memUntouched, untouched)
    set(.memMapped, mapped)
    set(.memSharedSaved, saved)
    set(.memCompressedSize, compressedSize)
    set(.memWaiting, waiting)
    set(.memGuestPaged, guestPaged)
    set(.memOverhead, overhead)
  }

  /// Takes over what the VM did in a sample of `interval`.
  mutating func add(_ activity: MemoryActivity, over interval: SimDuration) {
    swapIn = rate(activity.swapIn, interval)
    swapOut = rate(activity.swapOut, interval)
    if activity.lost > 0 && activity.wished > 0 {
      let work = min(activity.lost, activity.wished)
      slowdown = Int64((work * 100_000 + activity.wished / 2) / activity.wished)
      let time = Int128(interval.value)
      lost = Int64((work + time / 2) / time)
    }
  }
}

@inline(__always)
private func cell(_ bytes: Int64) -> Int64 { bytes == 0 ? 0 : Bytes(bytes).milliMebibytes }

/// Bytes over an interval in thousandths of a MiB/s, rounded to nearest.
private func rate(_ bytes: Int64, _ interval: SimDuration) -> Int64 {
  if bytes == 0 { return 0 }
  let time = Int128(interval.value) << 20
  return Int64((Int128(bytes) * 1_000_000_000_000 + time / 2) / time)
}

/// A host's memory as cells of `hosts.csv`: sums of its VMs' cells, and what only the host has.
///
/// Promises  capacity = free + consumed + overhead + reserved and consumed = mapped − saved + compressed size, exactly · what
///           VMs have is the sum of their cells · the three parts of saved are all of it.
/// Rounding  free takes the rest.
struct HostMemoryCells: BitwiseCopyable, Equatable {
  var capacity: Int64 = 0
  var free: Int64 = 0
  var consumed: Int64 = 0
  var reserved = emptyCell
  var overhead = emptyCell
  var mapped = emptyCell
  var shared = emptyCell
  var saved = emptyCell
  var savedZero = emptyCell
  var savedCommon = emptyCell
  var savedDuplicate = emptyCell
  var balloon = emptyCell
  var compressed = emptyCell
  var compressedSize = emptyCell
  var swapped = emptyCell
  var waiting = emptyCell
  var swapIn = emptyCell
  var swapOut = emptyCell
  /// kHz
  var cpuOverhead = emptyCell

  init() {}

  /// A host on which no memory is taken back: consumed and free are all there is to say.
  init(capacity: Bytes, consumed: Bytes) {
    self.capacity = capacity.milliMebibytes
    self.consumed = consumed.milliMebibytes
    free = (capacity - consumed).milliMebibytes
  }

  /// - Parameters:
  ///   - sums: of the cells of the VMs on it.
  ///   - cpuOverhead: kHz, mean.
  init(_ memory: HostMemory, vms sums: VMMemorySums, cpuOverhead: Int64) {
    capacity = cell(memory.capacity)
    reserved = cell(memory.reserved)
    // Beyond its VMs' a host backs copies of VMs on their way here.
    consumed = sums.consumed + cell(memory.consumed - sums.consumedBytes)
    overhead = sums.overhead + cell(memory.overhead - sums.overheadBytes)
    free = capacity - reserved - overhead - consumed
    shared = sums.shared
    saved = sums.saved
    compressed = sums.compressed
    compressedSize = sums.compressedSize
    mapped = consumed + saved - compressedSize
    balloon = sums.balloon
    swapped = sums.swapped
    waiting = sums.waiting
    swapIn = sums.swapIn
    swapOut = sums.swapOut
    self.cpuOverhead = cpuOverhead
    (savedZero, savedCommon, savedDuplicate) = (0, 0, 0)
    if saved > 0 {
      let parts = apportion(
        saved, by: [memory.savedZero, memory.savedCommon, memory.savedDuplicate])
      (savedZero, savedCommon, savedDuplicate) = (parts[0], parts[1], parts[2])
    }
  }

  /// Free below 0 that only rounding has made is taken back from what is mapped; returns how much.
  mutating func giveUpExcess() -> Int64 {
    let excess = -free
    free = 0
    consumed -= excess
    mapped -= excess
    return excess
  }

  func write(to cells: UnsafeMutablePointer<Int64>) {
    func set(_ column: HostColumn, _ value: Int64) { cells[column.rawValue] = value }
    set(.memCapacity, capacity)
    set(.memFree, free)
    set(.memConsumed, consumed)
    set(.memHostReserved, reserved)
    set(.memOverhead, overhead)
    set(.memMapped, mapped)
    set(.memShared, shared)
    set(.memSharedSaved, saved)
    set(.memSavedZero, savedZero)
    set(.memSavedCommon, savedCommon)
    set(.memSavedDuplicate, savedDuplicate)
    set(.memBalloon, balloon)
    set(.memCompressed, compressed)
    set(.memCompressedSize, compressedSize)
    set(.memSwapped, swapped)
    set(.memWaiting, waiting)
    set(.swapIn, swapIn)
    set(.swapOut, swapOut)
    set(.cpuOverhead, cpuOverhead)
  }
}

/// What the cells of a host's VMs add up to.
struct VMMemorySums {
  var consumed: Int64 = 0
  var overhead: Int64 = 0
  var shared: Int64 = 0
  var saved: Int64 = 0
  var balloon: Int64 = 0
  var compressed: Int64 = 0
  var compressedSize: Int64 = 0
  var swapped: Int64 = 0
  var waiting: Int64 = 0
  var swapIn: Int64 = 0
  var swapOut: Int64 = 0
  var consumedBytes: Int64 = 0
  var overheadBytes: Int64 = 0

  static func += (sums: inout VMMemorySums, vm: VMMemoryCells) {
    sums.consumed += vm.consumed
    sums.overhead += vm.overhead
    sums.shared += vm.shared
    sums.saved += vm.saved
    sums.balloon += vm.balloon
    sums.compressed += vm.compressed
    sums.compressedSize += vm.compressedSize
    sums.swapped += vm.swapped
    sums.waiting += vm.waiting
    sums.swapIn += vm.swapIn
    sums.swapOut += vm.swapOut
    sums.consumedBytes += vm.consumedBytes
    sums.overheadBytes += vm.overheadBytes
  }
}
