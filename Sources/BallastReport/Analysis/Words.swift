import BallastUnits

/// Numbers for people: a unit behind each, and never more digits than are useful. The CSV files have the rest.

/// A no-break space between number and unit.
private let gap = "\u{00A0}"

/// A fixed count of decimals, half away from zero.
func fixed(_ value: Double, _ places: Int) -> String {
  guard value.isFinite, abs(value) < 1e15 else { return "–" }
  var scale = 1.0
  for _ in 0..<places { scale *= 10 }
  return decimal(Int64((value * scale).rounded()), places: places)
}

/// A count with separators: 12,345.
func count(_ value: Int) -> String {
  var digits = Array(String(abs(value)))
  var index = digits.count - 3
  while index > 0 {
    digits.insert(",", at: index)
    index -= 3
  }
  return (value < 0 ? "−" : "") + String(digits)
}

/// "1 VM", "3 VMs".
func count(_ value: Int, _ one: String, _ many: String) -> String {
  "\(count(value))\(gap)\(value == 1 ? one : many)"
}

/// Three significant digits at most: 0.46, 7.3, 31.
func short(_ value: Double) -> String {
  guard value.isFinite else { return "–" }
  if value != 0, abs(value) < 0.005 { return "≈0" }
  if abs(value) >= 1_000 { return count(Int(value.rounded())) }
  let places = abs(value) >= 9.95 || value == 0 ? 0 : (abs(value) >= 0.995 ? 1 : 2)
  return fixed(value, places)
}

/// 31 %, 7.3 %, under 0.1 %.
func percent(_ value: Double) -> String {
  guard value.isFinite else { return "–" }
  if value > 0, value < 0.1 { return "under 0.1\(gap)%" }
  return fixed(value, value >= 9.95 || value == 0 ? 0 : 1) + gap + "%"
}

/// 640 MHz, 3.4 GHz, 112 GHz.
func cpu(_ megahertz: Double) -> String {
  guard megahertz.isFinite else { return "–" }
  if abs(megahertz) < 999.5 { return fixed(megahertz, 0) + gap + "MHz" }
  let gigahertz = megahertz / 1_000
  if abs(gigahertz) >= 999.5 { return count(Int(gigahertz.rounded())) + gap + "GHz" }
  return fixed(gigahertz, abs(gigahertz) < 99.95 ? 1 : 0) + gap + "GHz"
}

/// 640 MiB, 12.3 GiB, 1.5 TiB.
func memory(_ mebibytes: Double) -> String {
  guard mebibytes.isFinite else { return "–" }
  if abs(mebibytes) < 1_023.5 { return fixed(mebibytes, 0) + gap + "MiB" }
  let gibibytes = mebibytes / 1_024
  if abs(gibibytes) >= 999.5, abs(gibibytes) < 4_096 {
    return count(Int(gibibytes.rounded())) + gap + "GiB"
  }
  if abs(gibibytes) < 4_096 {
    return fixed(gibibytes, abs(gibibytes) < 99.95 ? 1 : 0) + gap + "GiB"
  }
  return fixed(gibibytes / 1_024, 1) + gap + "TiB"
}

/// 20 s, 1 min 19 s, 35 min, 6 h 25 min, 3 d 4 h: seconds count below ten minutes.
func span(_ seconds: Double) -> String {
  guard seconds.isFinite else { return "–" }
  if seconds < 59.5 { return short(seconds) + gap + "s" }
  if seconds < 599.5 {
    let whole = Int(seconds.rounded())
    let rest = whole % 60 > 0 ? "\(gap)\(whole % 60)\(gap)s" : ""
    return "\(whole / 60)\(gap)min" + rest
  }
  let minutes = Int((seconds / 60).rounded())
  let (days, hours, rest) = (minutes / 1_440, minutes % 1_440 / 60, minutes % 60)
  var parts: [String] = []
  if days > 0 { parts.append("\(days)\(gap)d") }
  if hours > 0 { parts.append("\(hours)\(gap)h") }
  if rest > 0, days == 0 { parts.append("\(rest)\(gap)min") }
  return parts.prefix(2).joined(separator: gap)
}

/// Time of day since the start, which is 00:00: "14:05"; "day 2, 14:05" after the first day; seconds where there are any.
func clock(_ seconds: Double) -> String {
  guard seconds.isFinite else { return "–" }
  let whole = Int(seconds.rounded())
  let day = whole / 86_400
  // The end of the first day reads better as 24:00 than as the next day's midnight.
  if whole == 86_400 { return "24:00" }
  let rest = whole % 86_400
  var text = "\(twoDigits(rest / 3_600)):\(twoDigits(rest % 3_600 / 60))"
  if rest % 60 != 0 { text += ":\(twoDigits(rest % 60))" }
  return day > 0 ? "day \(day + 1), \(text)" : text
}

func twoDigits(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }

/// "a", "a and b", "a, b and c".
func list(_ words: [String]) -> String {
  guard words.count > 1 else { return words.first ?? "" }
  return words.dropLast().joined(separator: ", ") + " and " + words[words.count - 1]
}

/// Text for HTML content and attributes.
func escaped(_ text: String) -> String {
  var out = ""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "&": out += "&amp;"
    case "<": out += "&lt;"
    case ">": out += "&gt;"
    case "\"": out += "&quot;"
    case "'": out += "&#39;"
    // Control characters are not allowed in a page at all.
    case _ where scalar.value < 0x20 && scalar != "\n" && scalar != "\t": out += "\u{FFFD}"
    default: out.unicodeScalars.append(scalar)
    }
  }
  return out
}
