import BallastUnits

/// What a host draws at a CPU load: a table at equal steps from idle to full load, linear between.
///
/// Rounding  down to 1 µW.
/// Source    the form of published server measurements, eleven points from 0 to 100 % (SPECpower_ssj2008); two points
///           are a straight line.
public struct PowerCurve: Sendable, Equatable {
  /// Milliwatts at 0, 1/(n−1), …, 1 of full load; at least two.
  public let milliwatts: [Int64]

  /// Nil for fewer than two points, or a point outside 0 … 1 MW.
  public init?(milliwatts: [Int64]) {
    guard milliwatts.count >= 2, milliwatts.allSatisfy({ (0...1_000_000_000).contains($0) }) else {
      return nil
    }
    self.milliwatts = milliwatts
  }

  /// Microwatts at `load` of `capacity`; above capacity as at capacity, at no load 0: a host without load can be
  /// powered off.
  public func microwatts(load: Int64, capacity: Int64) -> Int64 {
    guard load > 0, capacity > 0 else { return 0 }
    let steps = Int64(milliwatts.count - 1)
    let scaledLoad = Int128(min(load, capacity)) * Int128(steps)
    let step = min(Int(scaledLoad / Int128(capacity)), milliwatts.count - 2)
    let rest = scaledLoad - Int128(step) * Int128(capacity)
    let rise = Int128(milliwatts[step + 1] - milliwatts[step]) * 1_000
    let extra = rise * rest
    let (quotient, remainder) = extra.quotientAndRemainder(dividingBy: Int128(capacity))
    return milliwatts[step] * 1_000 + Int64(remainder < 0 ? quotient - 1 : quotient)
  }
}
