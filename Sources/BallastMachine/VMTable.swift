import BallastModel

/// The hot state of the VMs of one host: one block of memory, one column per quantity, one slot per VM in order of
/// names. 120 bytes per VM.
///
/// A plain struct of pointers: the owner makes it and frees it. Columns move when it grows, so pointers are taken
/// fresh in each pass and never kept.
struct VMTable {
  typealias Column = UnsafeMutablePointer<Int64>

  static let columnCount = 15

  private(set) var base: Column
  private(set) var capacity: Int
  private(set) var count = 0

  init(capacity: Int) {
    self.capacity = max(capacity, 4)
    base = .allocate(capacity: self.capacity * Self.columnCount)
    base.initialize(repeating: 0, count: self.capacity * Self.columnCount)
  }

  func deallocate() { base.deallocate() }

  private func column(_ index: Int) -> Column { base + index * capacity }

  /// VM index.
  var vm: Column { column(0) }
  /// vCPUs × clock, kHz.
  var size: Column { column(1) }
  /// min(size, limit, quota), kHz.
  var cap: Column { column(2) }
  /// kHz
  var reservation: Column { column(3) }
  var weight: Column { column(4) }
  /// What the guest would use now, kHz, at most `size`.
  var demand: Column { column(5) }
  /// The part of the demand that no limit holds back, kHz; demand − unlimited is limited time.
  var unlimited: Column { column(6) }
  /// Delivered now, kHz.
  var used: Column { column(7) }
  /// min(reservation, unlimited); scratch of a settle.
  var floor: Column { column(8) }
  /// When the CPU demand changes next, ns.
  var nextChange: Column { column(9) }
  /// Replay of a series on an even time grid: address of the next sample (UInt32), …
  var cursor: Column { column(10) }
  /// … one past the last sample, …
  var cursorEnd: Column { column(11) }
  /// … the grid's step in ns (0: the demand comes from the VM's `DemandSource`), …
  var cursorStep: Column { column(12) }
  /// … and kHz per million of a sample.
  var cursorScale: Column { column(13) }
  /// Demand less what is lost to waiting for memory, kHz; only where a VM of the host waits.
  var asked: Column { column(14) }

  /// Opens a zeroed slot, keeping the order of VM indices, and returns it.
  mutating func insert(_ vm: VMIndex) -> Int {
    if count == capacity { grow() }
    var slot = count
    while slot > 0 && self.vm[slot - 1] > Int64(vm.value) { slot -= 1 }
    for index in 0..<Self.columnCount {
      let column = column(index)
      (column + slot + 1).update(from: column + slot, count: count - slot)
      column[slot] = 0
    }
    self.vm[slot] = Int64(vm.value)
    count += 1
    return slot
  }

  mutating func remove(slot: Int) {
    for index in 0..<Self.columnCount {
      let column = column(index)
      (column + slot).update(from: column + slot + 1, count: count - slot - 1)
    }
    count -= 1
  }

  /// The slot of a VM, by binary search; nil if it is not here.
  func slot(of vm: VMIndex) -> Int? {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if self.vm[middle] < Int64(vm.value) { low = middle + 1 } else { high = middle }
    }
    return low < count && self.vm[low] == Int64(vm.value) ? low : nil
  }

  private mutating func grow() {
    let wider = VMTable(capacity: capacity * 2)
    for index in 0..<Self.columnCount {
      wider.column(index).update(from: column(index), count: count)
    }
    base.deallocate()
    base = wider.base
    capacity = wider.capacity
  }
}
