import BallastUnits

/// The equilibrium where active bytes stay: each claim's memory is a line with one bend in u = 1/ρ, bytes per share.
///
/// P(u) = S u up to the active bytes a, and a + (S u − a)(1 − τ) beyond, between floor and cap. Σ P(u) only grows, so
/// the largest u that is affordable is found by halving an interval of 54-bit fractions: exact to a byte per claim.
struct TaxedByBytes {
  private let kept: Int128
  private let claims: [IdleMemoryTax.Claim]

  private static let fractionBits = 54

  init(_ rate: PartsPerMillion, _ claims: [IdleMemoryTax.Claim]) {
    kept = Int128(1_000_000 - rate.value)
    self.claims = claims
  }

  func divide(_ capacity: Int64) -> [Int64] {
    let caps = claims.reduce(0) { $0 + min($1.cap, capacity) }
    let floors = claims.reduce(0) { $0 + $1.floor }
    if caps <= capacity && claims.allSatisfy({ $0.cap <= capacity }) { return claims.map(\.cap) }
    if floors >= capacity { return apportion(max(0, capacity), by: claims.map(\.floor)) }
    var solved = claims
    let weighted = claims.reduce(0) { $0 + ($1.shares > 0 ? min($1.cap, capacity) : $1.floor) }
    if weighted < capacity {
      // Everyone with shares is at the cap; those without share the rest as equals.
      for row in solved.indices {
        if solved[row].shares > 0 { solved[row].floor = solved[row].cap }
        solved[row].shares = 1
      }
    }
    return fill(solved, capacity)
  }

  private func fill(_ claims: [IdleMemoryTax.Claim], _ capacity: Int64) -> [Int64] {
    let untaxed = claims.map { untaxedCap($0) }
    var low: Int128 = 0
    // Here everyone with shares is at the cap.
    var high: Int128 = 1
    for (claim, cap) in zip(claims, untaxed) where claim.shares > 0 {
      high = max(high, (cap << Self.fractionBits) / Int128(claim.shares) + 1)
    }
    while high - low > 1 {
      let middle = low + (high - low) / 2
      var sum: Int128 = 0
      for (claim, cap) in zip(claims, untaxed) { sum += Int128(amount(claim, at: middle, cap)) }
      if sum <= Int128(capacity) { low = middle } else { high = middle }
    }
    var parts = zip(claims, untaxed).map { amount($0, at: low, $1) }
    handOut(capacity - parts.reduce(0, +), claims, &parts)
    return parts
  }

  /// S u at which a claim reaches its cap, rounded up.
  private func untaxedCap(_ claim: IdleMemoryTax.Claim) -> Int128 {
    let (cap, active) = (Int128(claim.cap), Int128(claim.activeBytes))
    guard cap > active else { return cap }
    return active + ((cap - active) * 1_000_000 + kept - 1) / kept
  }

  private func amount(
    _ claim: IdleMemoryTax.Claim, at level: Int128, _ untaxedCap: Int128
  ) -> Int64 {
    guard claim.shares > 0 else { return claim.floor }
    let shares = Int128(claim.shares)
    // Compared before it is multiplied, which might not fit.
    if level >= (untaxedCap << Self.fractionBits) / shares + 1 { return claim.cap }
    let untaxed = (shares * level) >> Self.fractionBits
    let active = Int128(claim.activeBytes)
    let taxed = untaxed <= active ? untaxed : active + (untaxed - active) * kept / 1_000_000
    return min(claim.cap, max(claim.floor, Int64(taxed)))
  }

  /// The bytes that rounding down has left, one at a time from the first row on, to rows between their bounds; where
  /// there is none, to rows below their caps.
  private func handOut(
    _ bytes: Int64, _ claims: [IdleMemoryTax.Claim], _ parts: inout [Int64]
  ) {
    var left = bytes
    for needsToBeFree in [true, false] {
      var gave = true
      while left > 0 && gave {
        gave = false
        for row in claims.indices where left > 0 && claims[row].shares > 0 {
          guard parts[row] < claims[row].cap else { continue }
          if needsToBeFree && parts[row] <= claims[row].floor { continue }
          parts[row] += 1
          left -= 1
          gave = true
        }
      }
    }
  }
}
