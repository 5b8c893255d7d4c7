import BallastModel
import BallastUnits

/// Something about a host's memory or a guest's that users want to see in `events.csv`.
public struct MemoryHappening: Sendable, Equatable {
  public enum Kind: Sendable, Equatable {
    /// The guest touched memory that the host has none left for; the guest waits. And: it has all again.
    case waits, waitsNoMore
    /// The balloon began to hold something; holds nothing any more; has not moved towards its target for some time.
    case balloons, balloonsNoMore, balloonStuck
    /// The balloon gave pages back, for the guest would have run out of memory.
    case balloonDeflatedOnOOM
    /// The guest ran out of memory and died.
    case guestOOM
    /// The host's kernel killed the VM, for nothing else was left.
    case oomKill
    /// The host's swap device is full.
    case swapFull
  }
  public var time: SimTime
  public var kind: Kind
  /// Nil: the host itself.
  public var vm: VMIndex?
  public var amount: Bytes

  /// The VM does not run any more.
  public var isDeath: Bool { kind == .guestOOM || kind == .oomKill }
}

/// What the model of memory costs and how fast it moves, where nothing better is known.
///
/// Source  reference values of ours from public measurements: a balloon page 1 to 2 µs, decompression 20 to 50 µs, a
///         copy-on-write break 2 to 5 µs; active memory is what is touched in a minute (the sampling period of ESXi), so
///         a page of it is touched again within 20 s on average.
enum MemoryCosts {
  static let pageSize: Int64 = 4_096
  /// Mean time until a page in active use is touched again, ns.
  static let touchedAgainWithin: Int64 = 20_000_000_000
  /// ns per page.
  static let balloonPage: Int64 = 1_500
  static let decompressedPage: Int64 = 30_000
  static let copiedPage: Int64 = 3_000
  /// Mean time until a guest reports a page it has freed, ns. Measured with a Linux guest that freed 300 MiB: 54 MiB were
  /// left after 2 s, 13 after 4.
  static let freePagesToldWithin: Int64 = 1_200_000_000
  /// Seconds within which a page that is rewritten at all is rewritten, and the part (one in so many) of all writes that
  /// fall on any other page. Assumed.
  static let rewrittenWithin: Int64 = 10
  static let writesElsewherePart: Int64 = 20
  /// A guest keeps this part of its memory free for itself, as Linux does (1/128, 4 MiB of 512 MiB measured).
  static let guestReservePart: Int64 = 128
  /// Part of what it uses that a guest cannot page out: its kernel.
  static let guestPinned = PartsPerMillion.percent(10)
  /// So often in a tick a VM above its limit tries to make room: what compresses to half of its size frees all but a
  /// thousandth part in ten.
  static let limitRounds = 16
  /// A balloon that has not moved for so long is said to be stuck.
  static let stuckAfter: Int64 = 5_000_000_000
}
