import BallastModel
import BallastUnits

/// 64 bits that every row of a run is folded into. Equal runs have equal digests; two runs that differ almost surely
/// have not.
public struct RunDigest: Sendable, Equatable {
  public private(set) var value: UInt64 = 0x6261_6c6c_6173_7401

  public init() {}

  /// A round of the SplitMix64 finaliser over the running value and one word.
  @inline(__always)
  public mutating func fold(_ word: UInt64) {
    var mixed = (value ^ word) &+ 0x9e37_79b9_7f4a_7c15
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    value = mixed ^ (mixed >> 31)
  }

  @inline(__always)
  public mutating func fold(_ number: Int64) { fold(UInt64(bitPattern: number)) }

  /// Three numbers in one round.
  @inline(__always)
  mutating func fold(_ a: Int64, _ b: Int64, _ c: Int64) {
    fold(
      UInt64(bitPattern: a) &* 0xd6e8_feb8_6659_fd93
        ^ UInt64(bitPattern: b) &* 0xa076_1d64_78bd_642f
        ^ UInt64(bitPattern: c) &* 0xe703_7ed1_a0b4_28db)
  }

  public mutating func fold(_ text: String) {
    var word: UInt64 = 0
    var length: UInt64 = 0
    for byte in text.utf8 {
      word = word << 8 | UInt64(byte)
      length += 1
      if length % 8 == 0 {
        fold(word)
        word = 0
      }
    }
    fold(word)
    fold(length)
  }

  mutating func fold(_ row: EventRow) {
    fold(row.time.value)
    for text in [row.event, row.subject, row.from, row.to, row.detail] { fold(text) }
  }
}
