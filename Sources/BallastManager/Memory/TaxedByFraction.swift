import BallastUnits

/// The equilibrium where active fractions stay: a water-fill with weights S / (f + k (1 − f)).
///
/// Those weights are fractions. They are scaled so that their sum has 60 bits; a VM that is at its cap then leaves the
/// sum, and the rest is divided again with what precision that frees: otherwise one VM with a million times the shares
/// of the others, held by its limit, would take the digits of theirs.
struct TaxedByFraction {
  private let claims: [IdleMemoryTax.Claim]
  /// f + k (1 − f), times (1 − τ), in units of 10⁻¹²: 10¹² − f τ.
  private let costs: [Int128]

  private static let weightSumBits = 60
  /// S ≤ 2⁴⁵, so that S · 2⁷⁵ fits 128 bits with room for a sum.
  private static let scaleBits = 75

  init(_ rate: PartsPerMillion, _ claims: [IdleMemoryTax.Claim]) {
    self.claims = claims
    costs = claims.map { claim in
      let fraction = min(max(claim.activeFraction.value, 0), 1_000_000)
      return 1_000_000_000_000 - Int128(fraction) * Int128(rate.value)
    }
  }

  func divide(_ capacity: Int64) -> [Int64] {
    var open = Array(claims.indices)
    var result = fill(capacity, open)
    var left = capacity
    while true {
      let isAtCap = open.map { claims[$0].shares > 0 && result[$0] == claims[$0].cap }
      let rest = zip(open, isAtCap).filter { !$0.1 }.map(\.0)
      let someWeighted = rest.contains { claims[$0].shares > 0 }
      guard rest.count < open.count, someWeighted, !haveEqualCosts(open) else { return result }
      for (row, isAtCap) in zip(open, isAtCap) where isAtCap { left -= claims[row].cap }
      open = rest
      let again = fill(left, open)
      for row in open { result[row] = again[row] }
    }
  }

  /// The same tax for all changes nothing.
  private func haveEqualCosts(_ rows: [Int]) -> Bool {
    rows.allSatisfy { costs[$0] == costs[rows[0]] }
  }

  /// Divides among some of the claims; the others get 0 here.
  private func fill(_ capacity: Int64, _ rows: [Int]) -> [Int64] {
    let parts = waterFill(
      capacity: max(0, capacity), lower: rows.map { claims[$0].floor },
      upper: rows.map { claims[$0].cap }, weights: weights(rows))
    var result = [Int64](repeating: 0, count: claims.count)
    for (row, part) in zip(rows, parts) { result[row] = part }
    return result
  }

  private func weights(_ rows: [Int]) -> [Int64] {
    if haveEqualCosts(rows) { return rows.map { claims[$0].shares } }
    let exact = rows.map { (Int128(claims[$0].shares) << Self.scaleBits) / costs[$0] }
    let sum = exact.reduce(0, +)
    let shift = max(0, 128 - sum.leadingZeroBitCount - Self.weightSumBits)
    return zip(rows, exact).map { row, weight in
      claims[row].shares > 0 ? max(1, Int64(weight >> shift)) : 0
    }
  }
}
