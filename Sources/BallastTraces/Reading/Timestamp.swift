/// The latest time a trace may hold, in nanoseconds: 4 · 10^9 s, which is in the year 2096. Twice that still
/// fits 64 bits, so a last sample has room to end.
let latestTime: UInt64 = 4_000_000_000_000_000_000

/// A time written as `YYYY-MM-DD HH:MM:SS`, with `T` for the space, a fraction or a `Z` if you like, in
/// nanoseconds since 1970-01-01; nil for anything else.
///
/// No time zone is applied: a trace counts from its own first timestamp. Days follow the proleptic
/// Gregorian calendar and every one has 86,400 s.
func parseDateTime(_ text: UnsafeRawBufferPointer) -> Int64? {
  guard text.count >= 19,
    let year = digits(text, 0..<4), text[4] == UInt8(ascii: "-"),
    let month = digits(text, 5..<7), text[7] == UInt8(ascii: "-"),
    let day = digits(text, 8..<10),
    text[10] == UInt8(ascii: " ") || text[10] == UInt8(ascii: "T"),
    let hour = digits(text, 11..<13), text[13] == UInt8(ascii: ":"),
    let minute = digits(text, 14..<16), text[16] == UInt8(ascii: ":"),
    let second = digits(text, 17..<19),
    // `latestTime` is in 2096.
    (1970...2095).contains(year), (1...12).contains(month), day >= 1,
    day <= daysInMonth(month, of: year), hour < 24, minute < 60, second <= 60
  else { return nil }
  var rest = text[19...]
  var fraction: Int64 = 0
  if rest.first == UInt8(ascii: ".") {
    rest = rest.dropFirst()
    var unit: Int64 = 100_000_000
    while let digit = rest.first, digit &- 48 <= 9 {
      fraction += Int64(digit - 48) * unit
      unit /= 10
      rest = rest.dropFirst()
    }
  }
  if rest.first == UInt8(ascii: "Z") { rest = rest.dropFirst() }
  guard rest.isEmpty else { return nil }
  let seconds = daysSince1970(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second
  return Int64(seconds) * 1_000_000_000 + fraction
}

private func digits(_ text: UnsafeRawBufferPointer, _ range: Range<Int>) -> Int? {
  var value = 0
  for index in range {
    let digit = text[index] &- 48
    if digit > 9 { return nil }
    value = value * 10 + Int(digit)
  }
  return value
}

private func isLeap(_ year: Int) -> Bool {
  year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

private func daysInMonth(_ month: Int, of year: Int) -> Int {
  if month == 2 { return isLeap(year) ? 29 : 28 }
  return [4, 6, 9, 11].contains(month) ? 30 : 31
}

private func daysSince1970(_ year: Int, _ month: Int, _ day: Int) -> Int {
  let before = year - 1
  var days = before * 365 + before / 4 - before / 100 + before / 400 - 719_162
  for earlier in 1..<month { days += daysInMonth(earlier, of: year) }
  return days + day - 1
}
