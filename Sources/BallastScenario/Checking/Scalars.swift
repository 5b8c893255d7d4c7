import BallastModel
import BallastUnits

let sharesRange: ClosedRange<Int64> = 1...1_000_000_000

/// A whole number in decimal digits, perhaps with a minus.
func wholeNumber(_ text: String) -> Int64? {
  let digits = text.first == "-" ? text.dropFirst() : text[...]
  guard !digits.isEmpty, digits.allSatisfy(\.isASCIIDigit) else { return nil }
  return Int64(text)
}

/// A bare decimal number in thousandths, rounded half up.
func thousandths(_ text: String) -> Int64? {
  let isNegative = text.first == "-"
  let number = isNegative ? text.dropFirst() : text[...]
  let parts = number.split(separator: ".", omittingEmptySubsequences: false)
  guard (1...2).contains(parts.count),
    parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy(\.isASCIIDigit) }),
    let amount = product(number, 1_000)
  else { return nil }
  return isNegative ? -amount : amount
}

/// mean, min, max, sum, last, or pN with at most one decimal.
func statistic(_ text: String) -> Expectation.Statistic? {
  switch text {
  case "mean": return .mean
  case "min": return .min
  case "max": return .max
  case "sum": return .sum
  case "last": return .last
  default: break
  }
  guard text.first == "p" else { return nil }
  let parts = text.dropFirst().split(separator: ".", omittingEmptySubsequences: false)
  guard parts.count <= 2, parts[0].count <= 2, parts.count == 1 || parts[1].count == 1,
    let perMille = thousandths(String(text.dropFirst())).map({ $0 / 100 }),
    (1...999).contains(perMille)
  else { return nil }
  return .percentile(perMille: perMille)
}

/// Typed reading for `Assembly/`. Nil for what is missing or wrong: the checker has said so
/// already.
extension Value {
  func amount(_ dimension: Dimension) -> Int64? {
    guard let text else { return nil }
    return try? dimension.amount(text)
  }
  var frequency: Kilohertz? { amount(.frequency).map { Kilohertz($0) } }
  var bytes: Bytes? { amount(.memory).map { Bytes($0) } }
  var duration: SimDuration? { amount(.duration).map { SimDuration($0) } }
  var time: SimTime? { amount(.duration).map { SimTime($0) } }
  var fraction: PartsPerMillion? { amount(.percentage).map { PartsPerMillion($0) } }

  func whole(_ range: ClosedRange<Int64>) -> Int? {
    guard let number = plain.flatMap(wholeNumber), range.contains(number) else { return nil }
    return Int(number)
  }
  var flag: Bool? { plain.flatMap(Bool.init) }

  var shares: SharesSetting? {
    switch text {
    case "low": .low
    case "normal": .normal
    case "high": .high
    default:
      plain.flatMap(wholeNumber).flatMap { sharesRange.contains($0) ? .number($0) : nil }
    }
  }
}
