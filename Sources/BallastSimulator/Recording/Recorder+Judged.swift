import BallastMachine
import BallastModel
import BallastUnits

/// VMs that only a verdict asks about: their rows go into the history as soon as the sample of their host is done, from the
/// thread that works on it, and never through the window.
extension Recorder {
  /// Keeps the rows of a host's sample.
  func judge(_ columns: SampleColumns, _ cells: UnsafeMutablePointer<Int64>, at time: SimTime) {
    let history = history
    for row in 0..<columns.count {
      let entity = Int(rowOfVM[Int(columns.vm[row])])
      if entity < 0 || !isOnlyJudged(row: entity) { continue }
      history.append(entity: entity, row: cells + row * VMColumn.count, end: time)
    }
  }

  /// The same where only CPU is judged and memory is at rest, so that nothing waited for it.
  func judgeCPU(
    _ columns: SampleColumns, host: HostIndex, at time: SimTime, interval: SimDuration, tile: Int
  ) {
    let history = history
    let cells = judgedRows[tile].rows(1)
    for row in 0..<columns.count {
      let entity = Int(rowOfVM[Int(columns.vm[row])])
      if entity < 0 || !isOnlyJudged(row: entity) { continue }
      writeCPU(columns, row, to: cells, host: host, interval: interval)
      history.append(entity: entity, row: cells, end: time)
    }
  }
}

/// Room for the rows of one host's VMs in one sample. Cells that nobody writes are empty.
struct RowScratch: ~Copyable {
  private var cells: UnsafeMutablePointer<Int64>?
  private var capacity = 0

  deinit { cells?.deallocate() }

  /// Room for so many rows; what was there is gone where it has to grow.
  mutating func rows(_ count: Int) -> UnsafeMutablePointer<Int64> {
    if let cells, count <= capacity { return cells }
    cells?.deallocate()
    capacity = max(count, 2 * capacity, 1)
    let room = UnsafeMutablePointer<Int64>.allocate(capacity: capacity * VMColumn.count)
    room.initialize(repeating: emptyCell, count: capacity * VMColumn.count)
    cells = room
    return room
  }
}
