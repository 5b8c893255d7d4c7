import BallastModel
import BallastUnits

/// The memory cells of each host over a window of samples. They seldom change, so only changes are kept. A host's row is
/// touched only from its own thread.
final class HostMemoryBook: @unchecked Sendable {
  private struct Row {
    /// As noted last.
    var state: MemoryState?
    var last: (cells: HostMemoryCells, state: MemoryState?)?
    var changes: [(slot: Int, cells: HostMemoryCells, state: MemoryState?)] = []
    /// The first change that is not written yet.
    var next = 0
    /// Host memory that backs VMs, bytes, and CPU of the scanner, kHz, that the last cells stand for; −1: look again.
    var consumed: Int64 = -1
    var overhead: Int64 = 0
  }

  private let rows: UnsafeMutablePointer<Row>
  private let count: Int

  /// - Parameter state: of all hosts until something else is noted; nil: their policy knows none.
  init(hostCount: Int, state: MemoryState?) {
    count = hostCount
    rows = .allocate(capacity: max(hostCount, 1))
    rows.initialize(repeating: Row(state: state), count: max(hostCount, 1))
  }

  deinit {
    rows.deinitialize(count: max(count, 1))
    rows.deallocate()
  }

  func note(_ state: MemoryState, of host: HostIndex) {
    guard rows[host.int].state != state else { return }
    rows[host.int].state = state
    rows[host.int].consumed = -1
  }

  /// Whether the cells taken last still hold for a host whose memory is at rest.
  @inline(__always)
  func holds(_ host: HostIndex, consumed: Bytes, overhead: Int64) -> Bool {
    rows[host.int].consumed == consumed.value && rows[host.int].overhead == overhead
  }

  /// Takes the cells of a sample, the `slot`-th of the window.
  ///
  /// - Parameter mayHold: the next sample's are the same, as long as memory is at rest and the two figures are.
  func take(
    _ cells: HostMemoryCells, of host: HostIndex, slot: Int, mayHold: Bool, consumed: Bytes,
    overhead: Int64
  ) {
    let row = rows + host.int
    row.pointee.consumed = mayHold ? consumed.value : -1
    row.pointee.overhead = overhead
    let state = row.pointee.state
    if let last = row.pointee.last, last.cells == cells, last.state == state { return }
    row.pointee.last = (cells, state)
    row.pointee.changes.append((slot, cells, state))
  }

  /// Writes what changed with a sample; slots come in order.
  @inline(__always)
  func write(
    _ host: HostIndex, slot: Int, to cells: UnsafeMutablePointer<Int64>,
    state: UnsafeMutablePointer<MemoryState?>
  ) {
    let row = rows + host.int
    guard row.pointee.next < row.pointee.changes.count,
      row.pointee.changes[row.pointee.next].slot == slot
    else { return }
    row.pointee.changes[row.pointee.next].cells.write(to: cells)
    state.pointee = row.pointee.changes[row.pointee.next].state
    row.pointee.next += 1
  }

  /// All slots are written. VMs may come and go now, so every host is looked at anew.
  func endWindow() {
    for host in 0..<count {
      rows[host].changes.removeAll(keepingCapacity: true)
      rows[host].next = 0
      rows[host].consumed = -1
    }
  }
}
