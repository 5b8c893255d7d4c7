import BallastMachine

/// The rates of one host's VMs over some samples, so that each VM's figures are brought up to date in one go instead of
/// being fetched at every sample. Per sample: demands, unlimited and used, one after the other.
struct SampleBlock: ~Copyable {
  /// 32 KiB: it stays in the nearest cache.
  private static let cells = 4_096

  private let rates: UnsafeMutablePointer<Int64>
  private var vms: [Int64] = []
  private var count = 0
  private var room = 0
  /// Blocks of tiles stand side by side, and each is written at every sample: without a cache line between them two
  /// threads would pass the line to and fro.
  private let apart = InlineArray<16, Int64>(repeating: 0)

  init() { rates = .allocate(capacity: Self.cells) }
  deinit { rates.deallocate() }

  /// Whether a host of so many VMs fits with at least a few samples.
  static func fits(vms: Int) -> Bool { vms > 0 && 3 * vms * 8 <= cells }

  /// Takes the next sample of the host it was begun with; returns the host's demand and use.
  mutating func take(
    _ columns: SampleColumns, into summaries: borrowing VMSummaries
  ) -> (demand: Int64, used: Int64) {
    let rows = columns.count
    if count == 0 {
      vms.removeAll(keepingCapacity: true)
      for row in 0..<rows { vms.append(columns.vm[row]) }
      room = Self.cells / (3 * rows)
    }
    let place = rates + count &* 3 &* rows
    var demand: Int64 = 0
    var used: Int64 = 0
    for row in 0..<rows {
      let rate = columns.demand[row]
      place[row] = rate
      demand &+= rate
    }
    for row in 0..<rows { place[rows &+ row] = columns.unlimited[row] }
    for row in 0..<rows {
      let rate = columns.used[row]
      place[2 &* rows &+ row] = rate
      used &+= rate
    }
    count += 1
    if count == room { drain(into: summaries) }
    return (demand, used)
  }

  /// Adds what was taken; call before another host's samples, or before anything about the host changes.
  mutating func drain(into summaries: borrowing VMSummaries) {
    guard count > 0 else { return }
    let rows = vms.count
    for (row, vm) in vms.enumerated() {
      summaries.add(
        vm: Int(vm), demand: rates + row, unlimited: rates + rows + row,
        used: rates + 2 * rows + row, count: count, stride: 3 * rows)
    }
    count = 0
  }
}
