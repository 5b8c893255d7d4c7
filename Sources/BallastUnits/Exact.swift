/// `a · b / c`, exact through 128 bits, rounded down (towards negative infinity). `c` must be positive.
@inlinable
public func scaled(_ a: Int64, by b: Int64, over c: Int64) -> Int64 {
  precondition(c > 0, "scaled(_:by:over:) needs a positive divisor")
  let (product, overflow) = a.multipliedReportingOverflow(by: b)
  if !overflow {
    let quotient = product / c
    return product % c < 0 ? quotient - 1 : quotient
  }
  let wide = Int128(a) * Int128(b)
  let quotient = wide / Int128(c)
  return Int64(wide % Int128(c) < 0 ? quotient - 1 : quotient)
}

/// `a · b / c`, exact through 128 bits, rounded to nearest, half away from zero. `c` must be positive.
@inlinable
@inline(__always)
public func roundedRatio(_ a: Int64, by b: Int64, over c: Int64) -> Int64 {
  precondition(c > 0, "roundedRatio(_:by:over:) needs a positive divisor")
  let (product, overflow) = a.multipliedReportingOverflow(by: b)
  if overflow { return wideRoundedRatio(a, b, c) }
  let quotient = product / c
  let rest = product - quotient * c
  if rest.magnitude >= (c.magnitude + 1) / 2 { return product < 0 ? quotient - 1 : quotient + 1 }
  return quotient
}

@usableFromInline
func wideRoundedRatio(_ a: Int64, _ b: Int64, _ c: Int64) -> Int64 {
  let wide = Int128(a) * Int128(b)
  let quotient = wide / Int128(c)
  let rest = wide - quotient * Int128(c)
  if rest.magnitude * 2 >= Int128(c).magnitude {
    return Int64(wide < 0 ? quotient - 1 : quotient + 1)
  }
  return Int64(quotient)
}

/// An integer count of 10^−places as decimal text: `decimal(12345, places: 3)` is "12.345".
public func decimal(_ value: Int64, places: Int) -> String {
  guard places > 0 else { return String(value) }
  var digits = String(value.magnitude)
  if digits.utf8.count <= places {
    digits = String(repeating: "0", count: places + 1 - digits.utf8.count) + digits
  }
  let split = digits.index(digits.endIndex, offsetBy: -places)
  return (value < 0 ? "-" : "") + digits[..<split] + "." + digits[split...]
}
