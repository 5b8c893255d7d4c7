import BallastUnits

/// How unequal the loads of some hosts are, exactly.
///
/// Rule      loads are whole ppm of capacity, rounded down; then N² × variance = N Σ l² − (Σ l)² is a whole number, and
///           comparing it compares standard deviations without a square root.
/// Cost      O(1) per change.
struct Spread {
  private(set) var count: Int128 = 0
  private(set) var sum: Int128 = 0
  private(set) var squares: Int128 = 0

  mutating func add(_ load: Int64) {
    count += 1
    sum += Int128(load)
    squares += Int128(load) * Int128(load)
  }

  mutating func replace(_ old: Int64, by new: Int64) {
    sum += Int128(new) - Int128(old)
    squares += Int128(new) * Int128(new) - Int128(old) * Int128(old)
  }

  /// N² × variance in ppm².
  var scaledVariance: Int128 { count * squares - sum * sum }

  /// Rounded down to 1 ppm.
  var deviation: PartsPerMillion {
    count == 0 ? .zero : PartsPerMillion(Int64(squareRoot(scaledVariance) / count))
  }

  /// ⌈deviation / 0.1 × √N⌉: the smallest k with k² ≥ (deviation / 0.1)² × N.
  var steps: Int {
    guard count > 0 else { return 0 }
    let (square, unit) = (scaledVariance, count * 10_000_000_000)
    var steps = squareRoot(square / unit)
    while steps * steps * unit < square { steps += 1 }
    return Int(min(steps, 1_000))
  }
}

/// The largest whole number whose square is at most `value`, by Newton's method from above.
func squareRoot(_ value: Int128) -> Int128 {
  guard value > 0 else { return 0 }
  var root = Int128(1) << ((128 - value.leadingZeroBitCount + 1) / 2)
  while true {
    let next = (root + value / root) / 2
    if next >= root { return root }
    root = next
  }
}
