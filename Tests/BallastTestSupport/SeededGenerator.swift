import Glibc

/// SplitMix64: small, seedable, the same on every machine. For tests only.
public struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  public init(seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// A whole number of the range, near enough uniform for tests.
  public mutating func integer(_ range: ClosedRange<Int64>) -> Int64 {
    let width = UInt64(bitPattern: range.upperBound &- range.lowerBound) &+ 1
    guard width != 0 else { return Int64(bitPattern: next()) }
    return range.lowerBound &+ Int64(bitPattern: next() % width)
  }

  public mutating func isHit(oneIn count: Int64) -> Bool { integer(1...count) == 1 }
}

/// The seeds of property tests: `BALLAST_SEEDS` of them, or `usual` when that is not set. Properties of whole runs, less
/// than 100 of which are played every day, take a quarter. They begin with `BALLAST_FIRST_SEED`, usually 0.
/// `BALLAST_SEED=n` replays seed n alone.
public func testSeeds(usual: Int) -> [UInt64] {
  if let one = environment("BALLAST_SEED").flatMap({ UInt64($0) }) { return [one] }
  let wanted = environment("BALLAST_SEEDS").flatMap { Int($0) } ?? usual
  let count = usual < 100 ? max(min(usual, wanted), wanted / 4) : wanted
  let first = environment("BALLAST_FIRST_SEED").flatMap { Int($0) } ?? 0
  return (first..<first + count).map { UInt64($0) }
}

/// What a failing property prints, so that it can be run again alone.
public func replay(_ seed: UInt64) -> String {
  "seed \(seed); replay with BALLAST_SEED=\(seed) swift test"
}

private func environment(_ name: String) -> String? {
  getenv(name).map { String(cString: $0) }
}
