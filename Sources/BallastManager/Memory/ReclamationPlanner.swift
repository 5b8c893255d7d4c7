import BallastModel
import BallastUnits

/// Turns targets into requests: which technique takes how much from whom.
///
/// Rule      a VM above its target gives the excess, by the techniques that the host's state allows, in order; each
///           takes what it can and leaves the rest to the next. A VM above its limit, or in a pool above its, does so
///           whatever the state. With memory to spare, balloons are let out, highest price first.
/// Promises  nobody is taken below min(reservation, touched) · overhead is not touched · a balloon holds at most its
///           part of configured memory · what nobody can be asked for is reported as shortage.
/// Rounding  whole bytes; the amount to compress up, so that what it frees is at least what is needed.
/// Cost      O(n log n).
/// Source    VMware on ESXi 6.0 (soft: share and balloon; hard: share, compress and swap; low: block as well; a cache
///           of compressed pages of at most 10 % of configured memory, pages kept at half their size or less).
public struct ReclamationPlanner: Sendable, Equatable {
  /// A technique and the states in which it works.
  public struct Step: Sendable, Equatable {
    public var technique: ReclaimTechnique
    public var states: [MemoryState]
    public init(_ technique: ReclaimTechnique, in states: [MemoryState]) {
      self.technique = technique
      self.states = states
    }
  }

  /// In the order they are tried; a technique that is not here does not exist on this host.
  public var steps: [Step]
  /// VMs above their target are stopped in this state and below; nil: never.
  public var blocksFrom: MemoryState?
  /// Part of configured memory that compressed pages may occupy.
  public var compressedMax = PartsPerMillion.percent(10)
  /// Part of its size that a compressed page keeps, less than 100 %.
  public var compressedTo = PartsPerMillion.percent(50)

  public init(steps: [Step], blocksFrom: MemoryState? = nil) {
    self.steps = steps
    self.blocksFrom = blocksFrom
  }

  public static let esxi = ReclamationPlanner(
    steps: [
      Step(.share, in: [.clear, .soft, .hard, .low]), Step(.balloon, in: [.soft]),
      Step(.compress, in: [.hard, .low]), Step(.swap, in: [.hard, .low]),
    ], blocksFrom: .low)

  /// KVM with a balloon, KSM, and nothing of its own beyond: what Linux swaps is its own affair. With enough free, a
  /// balloon takes what another guest's balloon is to give back.
  public static let kvm = ReclamationPlanner(
    steps: [
      Step(.share, in: [.soft, .hard, .low]),
      Step(.balloon, in: [.high, .clear, .soft, .hard, .low]),
    ])

  public static let none = ReclamationPlanner(steps: [])

  /// The same techniques and states in another order, or fewer of them.
  public func ordered(_ order: [ReclaimTechnique]) -> ReclamationPlanner {
    var planner = self
    planner.steps = order.compactMap { technique in steps.first { $0.technique == technique } }
    return planner
  }

  // MARK: Planning

  /// Whether the host is to scan for equal pages now.
  public func scansForSharing(in state: MemoryState) -> Bool {
    steps.contains { $0.technique == .share && $0.states.contains(state) }
  }

  /// Whether memory can be taken from VMs now.
  public func reclaims(in state: MemoryState) -> Bool {
    steps.contains { $0.technique != .share && $0.states.contains(state) }
  }

  /// Asks one VM to give up `amount` bytes. Returns what no technique can be asked for.
  ///
  /// - Parameter isOverLimit: a limit asks, its own or a pool's, whatever the state.
  public func take(
    _ amount: Int64, from row: MemoryRow, in state: MemoryState, isOverLimit: Bool = false,
    request: inout VMMemoryRequest, amounts: inout [MemoryExplanation.Amount]
  ) -> Int64 {
    var left = min(amount, max(0, row.held - row.floor))
    let untaken = amount - left
    if row.isUntouchable { return amount }
    for step in steps where left > 0 && (isOverLimit || step.states.contains(state)) {
      let (asked, freed) = part(of: left, by: step.technique, row)
      guard asked > 0 else { continue }
      switch step.technique {
      case .share: continue
      case .balloon: request.balloon = row.balloon + asked
      case .compress: request.compress = asked
      case .swap: request.swap = asked
      }
      amounts.append(MemoryExplanation.Amount(technique: step.technique, bytes: asked))
      left -= freed
    }
    return left + untaken
  }

  /// How much of a need one technique can be asked for, and what that frees.
  private func part(
    of need: Int64, by technique: ReclaimTechnique, _ row: MemoryRow
  ) -> (asked: Int64, freed: Int64) {
    switch technique {
    case .share:
      // A scan frees what it finds, and nobody knows that before.
      return (0, 0)
    case .balloon:
      let asked = min(need, max(0, row.balloonMax - row.balloon))
      return (asked, asked)
    case .compress:
      let kept = min(max(compressedTo.value, 0), 1_000_000)
      guard kept < 1_000_000 else { return (0, 0) }
      let cache = scaled(row.configured, by: compressedMax.value, over: 1_000_000)
      let room = max(0, cache - row.compressedSize)
      let fitting = kept == 0 ? need : scaled(room, by: 1_000_000, over: kept)
      let saved = 1_000_000 - kept
      let wanted = -scaled(-need, by: 1_000_000, over: saved)
      let asked = min(wanted, fitting, max(0, row.held - row.floor))
      return (asked, min(need, asked + scaled(-asked, by: kept, over: 1_000_000)))
    case .swap:
      return (need, need)
    }
  }
}
