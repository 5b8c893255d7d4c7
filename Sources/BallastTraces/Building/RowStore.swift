import BallastModel
import Glibc

/// All rows of a source, sorted by series and time, in a bounded amount of memory.
///
/// Rows that arrive in order stay where they are. Others are sorted in runs of half the budget; what exceeds
/// the budget goes to a temporary file, one sorted run after another, and is merged at the end. Rows of
/// equal series, time and file keep their order of arrival.
///
/// Cost      O(n) for a time-major source per run: rows are dealt out to their series, which leaves them in
///           order of time.
final class RowStore {
  private struct Run {
    /// In rows from the beginning of the file.
    var start: Int
    var count: Int
  }

  /// In rows; a run and the room to sort it in share the budget.
  private let runCountMax: Int
  private var rows: UnsafeMutablePointer<Row>
  private var capacity: Int
  private var held = 0
  private var isSorted = true
  private var file: TemporaryFile?
  private var runs: [Run] = []
  private(set) var count = 0

  init(memoryBudget: Int) {
    runCountMax = max(memoryBudget / MemoryLayout<Row>.stride / 2, 64)
    capacity = min(runCountMax, 4096)
    rows = .allocate(capacity: capacity)
  }

  deinit { rows.deallocate() }

  /// Whether a part has gone to a file.
  var isSpilled: Bool { file != nil }

  @inline(__always)
  func append(_ row: Row) throws(ScenarioProblem) {
    if held == capacity { try makeRoom() }
    if held > 0 && isSorted && Row.precedes(row, rows[held - 1]) { isSorted = false }
    rows[held] = row
    held += 1
    count += 1
  }

  /// Hands over all rows in order. Once only.
  func visitInOrder(_ body: (Row) throws(ScenarioProblem) -> Void) throws(ScenarioProblem) {
    sortHeld()
    guard file != nil else {
      for index in 0..<held { try body(rows[index]) }
      return
    }
    try spill()
    try merge(body)
  }

  private func makeRoom() throws(ScenarioProblem) {
    guard capacity == runCountMax else {
      let larger = min(capacity * 2, runCountMax)
      let copy = UnsafeMutablePointer<Row>.allocate(capacity: larger)
      memcpy(copy, rows, held * MemoryLayout<Row>.stride)
      rows.deallocate()
      rows = copy
      capacity = larger
      return
    }
    sortHeld()
    try spill()
  }

  private func spill() throws(ScenarioProblem) {
    if held == 0 { return }
    if file == nil { file = try TemporaryFile() }
    let start = runs.last.map { $0.start + $0.count } ?? 0
    try file!.write(
      UnsafeRawBufferPointer(UnsafeBufferPointer(start: rows, count: held)),
      at: start * MemoryLayout<Row>.stride)
    runs.append(Run(start: start, count: held))
    held = 0
    isSorted = true
  }

  /// Deals the rows out to their series, in order of arrival, then sorts each series by time.
  private func sortHeld() {
    if isSorted { return }
    isSorted = true
    var seriesMax: UInt32 = 0
    for index in 0..<held { seriesMax = max(seriesMax, rows[index].series) }
    var starts = [Int](repeating: 0, count: Int(seriesMax) + 2)
    for index in 0..<held { starts[Int(rows[index].series) + 1] += 1 }
    for series in 1..<starts.count { starts[series] += starts[series - 1] }
    let dealt = UnsafeMutablePointer<Row>.allocate(capacity: capacity)
    var next = starts
    for index in 0..<held {
      let series = Int(rows[index].series)
      dealt[next[series]] = rows[index]
      next[series] += 1
    }
    rows.deallocate()
    rows = dealt
    for series in 0...Int(seriesMax) {
      sort(from: starts[series], to: starts[series + 1])
    }
  }

  private func sort(from start: Int, to end: Int) {
    var index = start + 1
    while index < end && !Row.precedes(rows[index], rows[index - 1]) { index += 1 }
    if index >= end { return }
    // The standard library's sort is stable.
    var part = UnsafeMutableBufferPointer(start: rows + start, count: end - start)
    part.sort(by: Row.precedes)
  }

  /// Merges the runs through a heap of their first rows; among equal rows the earlier run comes first.
  private func merge(
    _ body: (Row) throws(ScenarioProblem) -> Void
  ) throws(ScenarioProblem) {
    let windowCount = max(runCountMax / runs.count, 16)
    var cursors: [RunCursor] = []
    for run in runs {
      cursors.append(
        try RunCursor(file: file!, start: run.start, count: run.count, windowCount: windowCount))
    }
    func precedes(_ a: Int, _ b: Int) -> Bool {
      let x = cursors[a].row
      let y = cursors[b].row
      if Row.precedes(x, y) { return true }
      return !Row.precedes(y, x) && a < b
    }
    var heap = Array(cursors.indices)
    func sink(_ from: Int) {
      var parent = from
      while true {
        var child = parent * 2 + 1
        if child >= heap.count { return }
        if child + 1 < heap.count && precedes(heap[child + 1], heap[child]) { child += 1 }
        if precedes(heap[parent], heap[child]) { return }
        heap.swapAt(parent, child)
        parent = child
      }
    }
    for parent in stride(from: heap.count / 2 - 1, through: 0, by: -1) { sink(parent) }
    while let top = heap.first {
      try body(cursors[top].row)
      if try !cursors[top].advance() {
        heap[0] = heap[heap.count - 1]
        heap.removeLast()
      }
      sink(0)
    }
  }
}

/// Reads a sorted run a window at a time.
private final class RunCursor {
  private let file: TemporaryFile
  private let window: UnsafeMutableBufferPointer<Row>
  private var position = 0
  private var filled = 0
  private var next: Int
  private let end: Int

  /// `count` is at least 1.
  init(file: TemporaryFile, start: Int, count: Int, windowCount: Int) throws(ScenarioProblem) {
    self.file = file
    window = .allocate(capacity: min(windowCount, count))
    next = start
    end = start + count
    try fill()
  }

  deinit { window.deallocate() }

  var row: Row { window[position] }

  func advance() throws(ScenarioProblem) -> Bool {
    position += 1
    if position < filled { return true }
    if next == end { return false }
    try fill()
    return true
  }

  private func fill() throws(ScenarioProblem) {
    filled = min(window.count, end - next)
    try file.read(
      into: UnsafeMutableRawBufferPointer(
        rebasing: UnsafeMutableRawBufferPointer(window)[
          ..<(filled * MemoryLayout<Row>.stride)]),
      at: next * MemoryLayout<Row>.stride)
    next += filled
    position = 0
  }
}
