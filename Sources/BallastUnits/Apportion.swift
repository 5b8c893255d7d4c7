/// Divides a whole number into parts proportional to `weights` that add up to it exactly.
///
/// Rule      part = total · weight / Σ weights. All weights zero count as equal weights.
/// Promises  Σ parts = total · every part is its exact value rounded down or up · weight 0 gets 0.
/// Rounding  down; the remainder goes by largest fraction, ties to the lower index.
/// Cost      O(n log total) at worst; exact through 128 bits.
/// Source    largest-remainder method (Hamilton apportionment).
///
/// Total and weights are not negative and Σ weights fits in 63 bits. No weights can only share zero.
public func apportion(_ total: Int64, by weights: [Int64]) -> [Int64] {
  var scratch = ApportionScratch()
  return [Int64](unsafeUninitializedCapacity: weights.count) { parts, count in
    count = weights.count
    weights.withUnsafeBufferPointer { weights in
      guard let first = weights.baseAddress, let part = parts.baseAddress, count > 0 else {
        precondition(total == 0, "apportion(_:by:) has no one to give the total to")
        return
      }
      apportion(total, by: first, count: count, into: part, scratch: &scratch)
    }
  }
}

/// `apportion(_:by:)` for hot paths: allocates nothing once `scratch` has seen the largest count.
///
/// `parts` must not overlap `weights`.
public func apportion(
  _ total: Int64, by weights: UnsafePointer<Int64>, count: Int,
  into parts: UnsafeMutablePointer<Int64>, scratch: inout ApportionScratch
) {
  precondition(total >= 0, "apportion needs a total of zero or more")
  precondition(count > 0 || total == 0, "apportion has no one to give the total to")
  var weightSum: Int64 = 0
  for row in 0..<count {
    assert(weights[row] >= 0, "a weight is negative")
    weightSum += weights[row]
  }
  if weightSum == 0 {
    apportionEqually(total, count: count, into: parts)
  } else if total.multipliedReportingOverflow(by: weightSum).overflow {
    apportion(
      total, by: weights, sum: weightSum, count: count, into: parts, scratch: &scratch,
      multiplyingIn: Int128.self)
  } else {
    apportion(
      total, by: weights, sum: weightSum, count: count, into: parts, scratch: &scratch,
      multiplyingIn: Int64.self)
  }
}

private func apportionEqually(
  _ total: Int64, count: Int, into parts: UnsafeMutablePointer<Int64>
) {
  guard count > 0 else { return }
  let (each, left) = total.quotientAndRemainder(dividingBy: Int64(count))
  for row in 0..<count { parts[row] = row < left ? each + 1 : each }
}

private func apportion<Wide: FixedWidthInteger & SignedInteger>(
  _ total: Int64, by weights: UnsafePointer<Int64>, sum: Int64, count: Int,
  into parts: UnsafeMutablePointer<Int64>, scratch: inout ApportionScratch,
  multiplyingIn: Wide.Type
) {
  scratch.reserve(count)
  let candidates = scratch.candidates
  var candidateCount = 0
  var left = total
  for row in 0..<count {
    let (part, fraction) = (Wide(total) * Wide(weights[row]))
      .quotientAndRemainder(dividingBy: Wide(sum))
    parts[row] = Int64(truncatingIfNeeded: part)
    left -= parts[row]
    candidates.note(row, fraction: Int64(truncatingIfNeeded: fraction), count: &candidateCount)
  }
  candidates.handOut(left, among: candidateCount, into: parts)
}

/// Memory that `apportion` needs besides its result. Grows with the largest count seen.
public struct ApportionScratch: ~Copyable {
  private var block: IntegerBlock

  public init() { block = IntegerBlock(count: 2 * 16) }

  @inline(__always)
  mutating func reserve(_ count: Int) { block.reserve(2 * count) }

  var candidates: RoundingCandidates {
    @inline(__always) get {
      RoundingCandidates(fractions: block.base, rows: block.base + block.count / 2)
    }
  }
}

/// The rows of a division that lost a fraction when rounded down, in row order.
///
/// All fractions of one division have the same denominator, so their numerators compare directly.
struct RoundingCandidates {
  /// What row `rows[k]` lost; zero marks a row that has got its unit.
  let fractions: UnsafeMutablePointer<Int64>
  let rows: UnsafeMutablePointer<Int64>

  /// Up to here it is cheaper to search the largest fraction once per unit than to bisect for the
  /// smallest one that still wins, which takes as many passes as a fraction has bits.
  private static let unitsSearchedOneByOneMax: Int64 = 8

  /// Appends a row; one that lost nothing is overwritten by the next.
  @inline(__always)
  func note(_ row: Int, fraction: Int64, count: inout Int) {
    fractions[count] = fraction
    rows[count] = Int64(truncatingIfNeeded: row)
    count += fraction > 0 ? 1 : 0
  }

  /// Gives one unit each to the `units` rows with the largest fractions, ties to the lower row.
  ///
  /// `units` is the sum of `count` fractions below one, so there are always more rows than units.
  @inline(__always)
  func handOut(_ units: Int64, among count: Int, into parts: UnsafeMutablePointer<Int64>) {
    if units <= Self.unitsSearchedOneByOneMax {
      for _ in 0..<units { giveToLargest(among: count, into: parts) }
    } else {
      giveAboveThreshold(units, among: count, into: parts)
    }
  }

  @inline(__always)
  private func giveToLargest(among count: Int, into parts: UnsafeMutablePointer<Int64>) {
    var best = 0
    for candidate in 1..<count where fractions[candidate] > fractions[best] { best = candidate }
    parts[Int(rows[best])] += 1
    fractions[best] = 0
  }

  @inline(never)
  private func giveAboveThreshold(
    _ units: Int64, among count: Int, into parts: UnsafeMutablePointer<Int64>
  ) {
    let threshold = smallestWinningFraction(units, among: count)
    var forTies = units
    for candidate in 0..<count where fractions[candidate] > threshold {
      parts[Int(rows[candidate])] += 1
      forTies -= 1
    }
    for candidate in 0..<count where fractions[candidate] == threshold && forTies > 0 {
      parts[Int(rows[candidate])] += 1
      forTies -= 1
    }
  }

  /// The largest fraction that at least `units` rows reach.
  private func smallestWinningFraction(_ units: Int64, among count: Int) -> Int64 {
    var reached: Int64 = 1
    var missed: Int64 = 1
    for candidate in 0..<count { missed = max(missed, fractions[candidate] + 1) }
    while missed - reached > 1 {
      let middle = reached + (missed - reached) / 2
      var winners: Int64 = 0
      for candidate in 0..<count { winners += fractions[candidate] >= middle ? 1 : 0 }
      if winners >= units { reached = middle } else { missed = middle }
    }
    return reached
  }
}
