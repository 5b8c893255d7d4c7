import BallastModel
import BallastUnits

/// The VMs that lacked most at some decision, each at its worst: demand beyond the entitlement, in parts of the VM's size.
///
/// Rule      of one VM the largest part counts, of equal ones the first; of VMs the largest five.
/// Promises  merging those of all tiles gives the same as one list for all: who is pushed out of a tile's list has five
///           VMs before it, and they only rise.
/// Rounding  down to 1 ppm.
/// Cost      O(1) per VM and decision: two products, and no more unless it enters the list.
struct WorstMoments {
  struct Moment: Equatable {
    var vm: VMIndex
    var time: SimTime
    /// ppm of the size.
    var unmet: Int64

    func precedes(_ other: Moment) -> Bool {
      (-unmet, time, vm) < (-other.unmet, other.time, other.vm)
    }
  }

  static let countMax = 5
  /// Worst first, one per VM.
  private(set) var moments: [Moment] = []
  /// What has to be passed to enter.
  private var least: Int64 = 0

  /// - Parameters: kHz.
  @inline(__always)
  mutating func note(_ vm: VMIndex, unmet: Int64, size: Int64, at time: SimTime) {
    // A part below 1 ppm is none.
    guard unmet > 0, unmet * 1_000_000 > least * size else { return }
    add(Moment(vm: vm, time: time, unmet: unmet * 1_000_000 / max(size, 1)))
  }

  mutating func add(_ moment: Moment) {
    guard moment.unmet > 0 else { return }
    if let known = moments.firstIndex(where: { $0.vm == moment.vm }) {
      guard moment.precedes(moments[known]) else { return }
      moments.remove(at: known)
    }
    let place = moments.firstIndex { moment.precedes($0) } ?? moments.count
    moments.insert(moment, at: place)
    if moments.count > Self.countMax { moments.removeLast() }
    // Hosts of a tile are played one after the other, so a later note may be of an earlier time.
    if moments.count == Self.countMax { least = max(0, moments[Self.countMax - 1].unmet - 1) }
  }
}
