/// Reads a decimal number at `cursor`, sign and exponent included, as a whole number of 10^−places.
///
/// Rounding  once, half up, from the decimal text itself: 5.1209999999999996 with 4 places is 51210.
/// Digits    19 significant ones count; a 20th is too small to move a result that fits the limits here.
/// Returns   nil and `value`, or what is wrong; `cursor` then stands behind what was understood.
@inline(__always)
func parseDecimal(
  _ cursor: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, places: Int,
  into value: inout UInt64
) -> Cells.Fault? {
  /// One more digit keeps the mantissa below 10^19, which fits 64 bits.
  let roomForADigit: UInt64 = 1_000_000_000_000_000_000
  var isNegative = false
  var p = cursor
  defer { cursor = p }
  if p < end && (p.pointee == UInt8(ascii: "-") || p.pointee == UInt8(ascii: "+")) {
    isNegative = p.pointee == UInt8(ascii: "-")
    p += 1
  }
  var mantissa: UInt64 = 0
  var exponent = 0
  var hasDigits = false
  while p < end {
    let digit = p.pointee &- 48
    if digit > 9 { break }
    hasDigits = true
    if mantissa < roomForADigit {
      mantissa = mantissa &* 10 &+ UInt64(digit)
    } else {
      exponent &+= 1
    }
    p += 1
  }
  if p < end && p.pointee == UInt8(ascii: ".") {
    p += 1
    while p < end {
      let digit = p.pointee &- 48
      if digit > 9 { break }
      hasDigits = true
      if mantissa < roomForADigit {
        mantissa = mantissa &* 10 &+ UInt64(digit)
        exponent &-= 1
      }
      p += 1
    }
  }
  guard hasDigits else { return .notANumber }
  if p < end && p.pointee | 0x20 == UInt8(ascii: "e") {
    p += 1
    guard let power = parseExponent(&p, end) else { return .notANumber }
    exponent += power
  }
  if mantissa == 0 {
    value = 0
    return nil
  }
  if isNegative { return .negative }
  let shift = exponent + places
  if shift >= 0 {
    guard shift < powersOfTen.count else { return .tooLarge }
    let (product, overflow) = mantissa.multipliedReportingOverflow(by: powersOfTen[shift])
    if overflow { return .tooLarge }
    value = product
  } else if -shift < powersOfTen.count {
    let divisor = powersOfTen[-shift]
    let quotient = mantissa / divisor
    let rest = mantissa &- quotient &* divisor
    value = rest >= divisor &- rest ? quotient + 1 : quotient
  } else {
    value = 0
  }
  return nil
}

/// The digits after an `e`; 9999 stands for anything larger.
private func parseExponent(
  _ cursor: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>
) -> Int? {
  var isNegative = false
  if cursor < end && (cursor.pointee == UInt8(ascii: "-") || cursor.pointee == UInt8(ascii: "+")) {
    isNegative = cursor.pointee == UInt8(ascii: "-")
    cursor += 1
  }
  var power = 0
  var hasDigits = false
  while cursor < end, cursor.pointee &- 48 <= 9 {
    power = min(power * 10 + Int(cursor.pointee &- 48), 9999)
    hasDigits = true
    cursor += 1
  }
  return hasDigits ? (isNegative ? -power : power) : nil
}

/// 10^0 … 10^19: all that fit 64 bits.
private let powersOfTen: [UInt64] = [
  1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000,
  10_000_000_000, 100_000_000_000, 1_000_000_000_000, 10_000_000_000_000, 100_000_000_000_000,
  1_000_000_000_000_000, 10_000_000_000_000_000, 100_000_000_000_000_000,
  1_000_000_000_000_000_000, 10_000_000_000_000_000_000,
]
