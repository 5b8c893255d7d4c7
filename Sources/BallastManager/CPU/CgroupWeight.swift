/// How cgroup v1 `cpu.shares` (2 … 262144, default 1024) become a v2 `cpu.weight` (1 … 10000, default 100). Three
/// answers are in use; only ratios between siblings matter, and the three do not keep the same ratios.
///
/// Promises  more shares never give less weight · shares outside 2 … 262144 count as the nearest bound.
/// Source    each case names its own; Tests/Fixtures/validation/cpu_shares_to_weight.csv.
public enum CgroupWeight: String, Sendable, Equatable, CaseIterable {
  /// Maps the range linearly: 1 + (shares − 2) · 9999 / 262142, rounded down. The default 1024 becomes 39, not 100.
  /// runc before 1.3.2; also the Kubernetes conversion of cgroup v2's first years.
  case linear
  /// Fits minimum, default and maximum: 10^((l − 1)(l + 126) / 612), l = log₂ shares, rounded up. 1024 becomes 100.
  /// runc from 1.3.2, crun from 1.23; they write the exponent as (l² + 125·l)/612 − 7/34.
  case logarithmic
  /// Keeps ratios: shares · 100 / 1024, rounded down and held in 1 … 10000. From 102,400 shares on all weigh alike.
  /// systemd.
  case systemd

  public static let sharesMin: Int64 = 2
  public static let sharesMax: Int64 = 262_144
  public static let weightMax: Int64 = 10_000

  public func weight(shares: Int64) -> Int64 {
    let shares = min(max(shares, Self.sharesMin), Self.sharesMax)
    switch self {
    case .linear: return 1 + (shares - 2) * 9_999 / 262_142
    case .logarithmic: return Self.smallestWeight(of: shares)
    case .systemd: return min(max(shares * 100 / 1_024, 1), Self.weightMax)
    }
  }

  /// The smallest weight w with 612 · log₂ w ≥ (l − 1)(l + 126) · log₂ 10: the rounding up of the power of ten, without
  /// computing it.
  ///
  /// Rounding  exact for all shares of the range. Both sides are computed to better than 2^−30. They are equal for
  ///           shares 2, 1024 and 262144, where the exponent is 0, 2 and 4, and at least 3.5 · 10⁻⁷ apart for every
  ///           other pair: so a difference below 2^−30 means equality. A test goes through all of them.
  private static func smallestWeight(of shares: Int64) -> Int64 {
    let goal = logarithmicExponent(of: shares) - tolerance
    var lower: Int64 = 0
    var upper = weightMax
    while upper - lower > 1 {
      let middle = (lower + upper) / 2
      if logarithmOfWeight(middle) >= goal { upper = middle } else { lower = middle }
    }
    return upper
  }

  /// 2^−30 in the scale of the two sides.
  static let tolerance = Int128(1) << (2 * fractionBits - 30)

  /// (l − 1)(l + 126) · log₂ 10 in units of 2^−96.
  static func logarithmicExponent(of shares: Int64) -> Int128 {
    let l = Int128(binaryLogarithm(shares))
    let one = Int128(1) << fractionBits
    return (((l - one) * (l + 126 * one)) >> fractionBits) * Int128(binaryLogarithm(10))
  }

  /// 612 · log₂ weight in units of 2^−96.
  static func logarithmOfWeight(_ weight: Int64) -> Int128 {
    (612 * Int128(binaryLogarithm(weight))) << fractionBits
  }

  private static let fractionBits = 48

  /// log₂ of a whole number of 1 or more in units of 2^−48, rounded down, at most one unit too small. Digit by digit:
  /// squaring the mantissa doubles its logarithm, and passing 2 is the next binary digit.
  private static func binaryLogarithm(_ number: Int64) -> Int64 {
    let whole = 63 - number.leadingZeroBitCount
    var mantissa = UInt64(number) << UInt64(63 - whole)
    var digits = Int64(whole)
    for _ in 0..<fractionBits {
      let square = mantissa.multipliedFullWidth(by: mantissa)
      digits <<= 1
      if square.high >> 63 == 1 {
        digits |= 1
        mantissa = square.high
      } else {
        mantissa = square.high << 1 | square.low >> 63
      }
    }
    return digits
  }
}
