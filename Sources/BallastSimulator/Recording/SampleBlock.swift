import BallastMachine

/// The rates of one host's VMs over some samples, VM by VM, so that each VM's figures are brought up to date in one go
/// instead of being fetched at every sample.
struct SampleBlock: ~Copyable {
  /// 32 KiB: it stays in the nearest cache.
  private static let cells = 4_096

  private let rates: UnsafeMutablePointer<Int64>
  private var vms: [Int64] = []
  /// Samples a VM has room for.
  private var stride = 0
  private var count = 0

  init() { rates = .allocate(capacity: Self.cells) }
  deinit { rates.deallocate() }

  /// Whether a host of so many VMs fits with at least a few samples.
  static func fits(vms: Int) -> Bool { vms > 0 && 3 * vms * 8 <= cells }

  /// Takes the next sample of the host it was begun with; returns the host's demand and use.
  mutating func take(
    _ columns: SampleColumns, into summaries: borrowing VMSummaries
  ) -> (demand: Int64, used: Int64) {
    if count == 0 {
      vms.removeAll(keepingCapacity: true)
      for row in 0..<columns.count { vms.append(columns.vm[row]) }
      stride = Self.cells / (3 * columns.count)
    }
    var demand: Int64 = 0
    var used: Int64 = 0
    var place = rates + count
    for row in 0..<columns.count {
      demand &+= columns.demand[row]
      used &+= columns.used[row]
      place[0] = columns.demand[row]
      place[stride] = columns.unlimited[row]
      place[2 &* stride] = columns.used[row]
      place += 3 &* stride
    }
    count += 1
    if count == stride { drain(into: summaries) }
    return (demand, used)
  }

  /// Adds what was taken; call before another host's samples, or before anything about the host changes.
  mutating func drain(into summaries: borrowing VMSummaries) {
    guard count > 0 else { return }
    var place = rates
    for vm in vms {
      summaries.add(
        vm: Int(vm), demand: place, unlimited: place + stride, used: place + 2 * stride,
        count: count)
      place += 3 * stride
    }
    count = 0
  }
}
