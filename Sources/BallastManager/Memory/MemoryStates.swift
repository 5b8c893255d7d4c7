import BallastModel
import BallastUnits

/// How short of memory a host is, with hysteresis: down at once, up only when well above.
///
/// Rule      a state is entered when free memory falls below its threshold, several at once if need be; it is left
///           upwards when free memory reaches that threshold plus a part of the gap to the one above it. Above the
///           first there is what is wanted; where that is no more, the first takes the gap to the one below.
/// Promises  no change of state without a crossing · the order of states is kept.
/// Rounding  thresholds down to 1 byte.
/// Cost      O(states).
/// Source    states and 100/64/32/16 % of minFree, large pages below 400 %: VMware on ESXi 6.0; the same logic with high,
///           soft, hard, low: Waldspurger, OSDI 2002, §6.3, where the upper threshold must be "significantly" exceeded.
///           How much is not published: a quarter of the gap is ours.
public struct MemoryStates: Sendable, Equatable {
  /// A state and the free memory below which it begins, as a part of the reference (minFree, or the host's memory).
  public struct Threshold: Sendable, Equatable {
    public var state: MemoryState
    public var below: PartsPerMillion
    public init(_ state: MemoryState, below: PartsPerMillion) {
      self.state = state
      self.below = below
    }
  }

  /// What thresholds are parts of.
  public enum Reference: Sendable, Equatable {
    case minFree
    /// All the host's memory.
    case memory
  }

  public struct Parameters: Sendable, Equatable {
    public var reference: Reference
    /// In order, the mildest first, falling.
    public var thresholds: [Threshold]
    /// What free memory is to be brought back to, as a part of the reference.
    public var wanted: PartsPerMillion
    /// Part of the gap to the next threshold.
    public var hysteresis: PartsPerMillion
    /// Below this, large pages are broken up though the state is still high; 0: never.
    public var breaksLargePagesBelow: PartsPerMillion

    public init(
      of reference: Reference = .minFree, thresholds: [Threshold], wanted: PartsPerMillion,
      hysteresis: PartsPerMillion = .percent(25), breaksLargePagesBelow: PartsPerMillion = .zero
    ) {
      self.reference = reference
      self.thresholds = thresholds
      self.wanted = wanted
      self.hysteresis = hysteresis
      self.breaksLargePagesBelow = breaksLargePagesBelow
    }

    /// ESXi 6.0 and later.
    public static let esxi = Parameters(
      thresholds: [
        Threshold(.clear, below: .percent(100)), Threshold(.soft, below: .percent(64)),
        Threshold(.hard, below: .percent(32)), Threshold(.low, below: .percent(16)),
      ], wanted: .percent(100), breaksLargePagesBelow: .percent(400))

    /// Before 6.0 there is no clear state: 100 % is what is aimed at, soft begins at 64 %.
    public static let esxiBefore6 = Parameters(
      thresholds: [
        Threshold(.soft, below: .percent(64)), Threshold(.hard, below: .percent(32)),
        Threshold(.low, below: .percent(16)),
      ], wanted: .percent(100))

    /// MoM on KVM: pressure below 20 % of the host's memory, critical below 5 %; no hysteresis.
    public static let mom = Parameters(
      of: .memory,
      thresholds: [
        Threshold(.soft, below: .percent(20)), Threshold(.hard, below: .percent(5)),
      ], wanted: .percent(20), hysteresis: .zero)
  }

  public let parameters: Parameters
  public private(set) var state = MemoryState.high

  public init(_ parameters: Parameters = .esxi) { self.parameters = parameters }

  /// Takes over what is free, bytes (negative where more is handed out than there is).
  ///
  /// - Parameter reference: minFree, or the host's memory; 0 or less: nothing is known, nothing changes.
  @discardableResult
  public mutating func update(free: Int64, reference: Int64) -> MemoryState {
    guard reference > 0 else { return state }
    let limits = parameters.thresholds
    // The state that free memory alone would say, and how far up the present one may be left.
    var entered = MemoryState.high
    for limit in limits where free < Self.part(limit.below, of: reference) {
      entered = limit.state
    }
    if entered > state {
      state = entered
      return state
    }
    while let index = limits.firstIndex(where: { $0.state == state }),
      free >= leaving(index, reference: reference)
    {
      state = index > 0 ? limits[index - 1].state : .high
    }
    return state
  }

  /// What free memory must reach for the state to be high again, and at least what is aimed at, bytes.
  public func wanted(reference: Int64) -> Int64 {
    guard reference > 0 else { return 0 }
    let aim = Self.part(parameters.wanted, of: reference)
    return parameters.thresholds.isEmpty ? aim : max(aim, leaving(0, reference: reference))
  }

  /// What free memory must reach to leave state soft upwards, bytes; what is wanted where there is no such state.
  public func leavingSoft(reference: Int64) -> Int64 {
    guard reference > 0,
      let index = parameters.thresholds.firstIndex(where: { $0.state == .soft })
    else { return wanted(reference: reference) }
    return leaving(index, reference: reference)
  }

  /// Free memory is so low that large pages are to be broken up.
  public func breaksLargePages(free: Int64, reference: Int64) -> Bool {
    reference > 0 && free < Self.part(parameters.breaksLargePagesBelow, of: reference)
  }

  private func leaving(_ index: Int, reference: Int64) -> Int64 {
    let limits = parameters.thresholds
    let here = limits[index].below.value
    var gap = (index > 0 ? limits[index - 1].below : parameters.wanted).value - here
    if gap <= 0 && limits.count > 1 { gap = here - limits[1].below.value }
    let rise = scaled(max(0, gap), by: parameters.hysteresis.value, over: 1_000_000)
    return Self.part(PartsPerMillion(here + rise), of: reference)
  }

  private static func part(_ part: PartsPerMillion, of reference: Int64) -> Int64 {
    scaled(min(reference, MemoryTable.bytesMax), by: part.value, over: 1_000_000)
  }
}
