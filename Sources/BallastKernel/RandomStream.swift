/// A named source of chance: eight bytes that can be copied, compared and saved.
///
/// Key       state = mix(fnv1a(name) xor mix(seed)). `mix` is a bijection of 64 bits, so for one
///           name all 2^64 seeds give different streams; GSL's generators see 32 bits of a seed.
/// Step      SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators",
///           OOPSLA 2014), period 2^64. `CBallastRandom` steps the same bytes for GSL.
/// Overlap   streams are windows of one cycle: among 10,000 streams of 10 million draws each, the
///           chance that any two share a stretch is about 1 in 20,000.
///
/// Each consumer of chance has a stream of its own, so a new consumer never shifts another.
/// Ranges drawn by the standard library's `random(in:using:)` may change with its version; results
/// use `next(below:)` and `uniform()`.
public struct RandomStream: RandomNumberGenerator, Equatable, Sendable, BitwiseCopyable {
  /// All there is to the stream. `CBallastRandom` steps it in place.
  public var state: UInt64

  /// The stream of `name`, a path such as "guest/web-03/arrivals", in the run with this seed.
  public init(seed: UInt64, named name: String) {
    state = Self.mix(Self.fnv1a(name) ^ Self.mix(seed))
  }

  /// The next 64 bits.
  @inlinable
  public mutating func nextUInt64() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15  // 2^64 / golden ratio, odd
    return Self.mix(state)
  }

  @inlinable public mutating func next() -> UInt64 { nextUInt64() }

  /// A whole number in 0..<bound, each equally likely. The bound must be positive.
  ///
  /// Source    Lemire, "Fast random integer generation in an interval", ACM TOMACS 29 (2019): the
  ///           high half of a product, drawing again in the few cases that would favour some values.
  @inlinable
  public mutating func next(below bound: UInt64) -> UInt64 {
    precondition(bound > 0, "next(below:) needs a positive bound")
    var product = nextUInt64().multipliedFullWidth(by: bound)
    if product.low < bound {
      let uneven = (0 &- bound) % bound
      while product.low < uneven { product = nextUInt64().multipliedFullWidth(by: bound) }
    }
    return product.high
  }

  /// A multiple of 2^-53 in [0, 1), each equally likely.
  @inlinable
  public mutating func uniform() -> Double { Double(nextUInt64() >> 11) * 0x1p-53 }

  /// SplitMix64's finaliser: every input bit reaches every output bit (Stafford's variant 13).
  @inlinable
  static func mix(_ bits: UInt64) -> UInt64 {
    var z = bits
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// The 64-bit FNV-1a hash of the name's UTF-8 bytes. Swift's own hashes change with every run.
  package static func fnv1a(_ name: String) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return hash
  }
}
