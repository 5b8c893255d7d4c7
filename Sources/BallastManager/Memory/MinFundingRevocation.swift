import BallastUnits

/// Moves memory towards the equilibrium, a bounded amount per step: from who pays least to who pays most.
///
/// Rule      victims hold more than their target and are taken from in order of price, lowest first; what that frees,
///           and what was free, goes to those below their target, highest price first.
/// Promises  nobody is moved beyond the target: with constant targets every VM approaches its own monotonically and
///           reaches it · at most `stepBytesMax` are taken per step · no more is handed out than there is.
/// Rounding  none: whole bytes; equal prices go by row.
/// Cost      O(n log n) per step.
/// Source    min-funding revocation, Waldspurger, OSDI 2002, §5.1. That targets bound the moves is ours: an auction
///           that looks only at prices swings around the equilibrium by one step.
public struct MinFundingRevocation: Sendable, Equatable {
  public let tax: IdleMemoryTax
  /// Bytes, 1 or more.
  public let stepBytesMax: Int64

  public init(tax: IdleMemoryTax, stepBytesMax: Int64 = .max) {
    self.tax = tax
    self.stepBytesMax = max(1, stepBytesMax)
  }

  /// Bytes to take from each claim in this step: 0 … held − target, `most` in all.
  public func taken(
    from claims: [IdleMemoryTax.Claim], targets: [Int64], atMost most: Int64 = .max
  ) -> [Int64] {
    var taken = claims.map { _ in Int64(0) }
    var left = min(stepBytesMax, most)
    for row in byPrice(claims) where left > 0 && claims[row].held > targets[row] {
      taken[row] = min(left, claims[row].held - targets[row])
      left -= taken[row]
    }
    return taken
  }

  /// What each claim holds after one step.
  public func step(
    _ claims: [IdleMemoryTax.Claim], targets: [Int64], capacity: Int64
  ) -> [Int64] {
    var held = zip(claims, taken(from: claims, targets: targets)).map { $0.held - $1 }
    var free = capacity - held.reduce(0, +)
    for row in givingOrder(claims) where free > 0 && held[row] < targets[row] {
      let given = min(free, targets[row] - held[row])
      held[row] += given
      free -= given
    }
    return held
  }

  /// Rows by price, the highest first.
  func givingOrder(_ claims: [IdleMemoryTax.Claim]) -> [Int] { byPrice(claims).reversed() }

  /// Rows by price, the lowest first; ties by row.
  private func byPrice(_ claims: [IdleMemoryTax.Claim]) -> [Int] {
    let prices = claims.map { tax.price(of: $0) }
    return claims.indices.sorted {
      prices[$0] == prices[$1] ? $0 < $1 : prices[$0] < prices[$1]
    }
  }
}
