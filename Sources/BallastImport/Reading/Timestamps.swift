/// Reads the dates that exports write, in seconds of a calendar without zones.
///
/// Rule      `2025-11-20 10:00:00` and with a T; `20.11.2025 10:00`; `11/20/2025 10:00 AM`, month first unless some
///           first number of the file is above 12 and no second one is; plain digits are seconds since 1970. A
///           fraction of a second is dropped, and so is a zone.
struct DateReader {
  /// Slashes: the day comes first.
  private var dayFirst = false

  /// - Parameter samples: the file's dates, to learn the order of day and month from.
  init(_ samples: some Sequence<String>) {
    var (firstAbove12, secondAbove12) = (false, false)
    for text in samples {
      guard text.utf8.contains(UInt8(ascii: "/")) else { continue }
      let numbers = Self.numbers(text)
      if numbers.count >= 3 {
        if numbers[0] > 12 { firstAbove12 = true }
        if numbers[1] > 12 { secondAbove12 = true }
      }
    }
    dayFirst = firstAbove12 && !secondAbove12
  }

  /// nil where it is no date.
  func seconds(_ text: String) -> Int64? {
    let numbers = Self.numbers(text)
    if numbers.count <= 2, let plain = numbers.first,
      text.utf8.allSatisfy({ (48...57).contains($0) || $0 == UInt8(ascii: ".") })
    {
      return plain <= 100_000_000_000 ? plain : nil
    }
    guard numbers.count >= 5 else { return nil }
    var (year, month, day) = (numbers[0], numbers[1], numbers[2])
    if text.utf8.prefix(5).contains(UInt8(ascii: ".")) {
      (day, month, year) = (numbers[0], numbers[1], numbers[2])
    } else if text.utf8.contains(UInt8(ascii: "/")) && numbers[0] < 1_000 {
      year = numbers[2]
      (month, day) = dayFirst ? (numbers[1], numbers[0]) : (numbers[0], numbers[1])
    }
    if year < 100 { year += 2_000 }
    var hour = numbers[3]
    let upper = text.uppercased()
    if upper.contains("PM") && hour < 12 { hour += 12 }
    if upper.contains("AM") && hour == 12 { hour = 0 }
    guard (1...12).contains(month), (1...31).contains(day), (1970...9999).contains(year),
      hour < 25, numbers[4] < 60
    else { return nil }
    let second = numbers.count > 5 ? min(numbers[5], 60) : 0
    return Self.days(year, month, day) * 86_400 + hour * 3_600 + numbers[4] * 60 + second
  }

  /// Runs of digits, at most six.
  private static func numbers(_ text: String) -> [Int64] {
    var numbers: [Int64] = []
    var isInNumber = false
    for byte in text.utf8 {
      guard (48...57).contains(byte) else {
        isInNumber = false
        continue
      }
      if !isInNumber {
        if numbers.count == 6 { break }
        numbers.append(0)
        isInNumber = true
      }
      let last = numbers.count - 1
      if numbers[last] < 1_000_000_000_000 {
        numbers[last] = numbers[last] * 10 + Int64(byte - 48)
      }
    }
    return numbers
  }

  /// Days since 1970-01-01 in the Gregorian calendar, counting years from March so that a leap day comes last.
  private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let y = month <= 2 ? year - 1 : year
    let shifted = (month + 9) % 12
    let dayOfYear = (153 * shifted + 2) / 5 + day - 1
    return 365 * y + y / 4 - y / 100 + y / 400 + dayOfYear - 719_468
  }
}
