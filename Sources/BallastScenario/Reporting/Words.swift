import BallastUnits

/// A number with commas between groups of three digits: 1,000,000.
func grouped(_ number: some BinaryInteger) -> String {
  let digits = Array(String(number))
  var text = ""
  for (index, digit) in digits.enumerated() {
    let left = digits.count - index
    if index > 0, left % 3 == 0, digits[index - 1] != "-" { text.append(",") }
    text.append(digit)
  }
  return text
}

/// Text from a file as a message may show it: short and on one line.
func shown(_ text: String) -> String {
  var result = ""
  for scalar in text.unicodeScalars.prefix(61) {
    result.unicodeScalars.append(
      scalar.properties.generalCategory == .control ? "\u{FFFD}" : scalar)
  }
  return text.unicodeScalars.count > 60 ? String(result.prefix(60)) + "…" : result
}

extension String {
  var trimmingSpaces: String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}

/// "a, b or c".
func listed(_ words: [String], _ conjunction: String = "or") -> String {
  guard words.count > 1 else { return words.first ?? "" }
  return words.dropLast().joined(separator: ", ") + " \(conjunction) " + words[words.count - 1]
}

/// The candidate fewest edits away, when it is near enough to be a slip of the finger.
func nearest(_ word: String, in candidates: [String]) -> String? {
  guard word.utf8.count <= 100 else { return nil }
  let lowercased = Array(word.lowercased())
  var best: (distance: Int, name: String)?
  for candidate in candidates {
    // A third of the letters may differ, so a third longer or shorter is the most that can be near.
    guard abs(candidate.utf8.count - word.utf8.count) <= max(4, word.utf8.count / 2) else {
      continue
    }
    let distance = editDistance(lowercased, Array(candidate.lowercased()))
    if distance < best?.distance ?? .max { best = (distance, candidate) }
  }
  guard let best, best.distance <= max(1, min(word.count, best.name.count) / 3) else { return nil }
  return best.name
}

/// Levenshtein's distance, a swap of neighbours counting as one.
private func editDistance(_ a: [Character], _ b: [Character]) -> Int {
  var beforeLast: [Int] = []
  var last = Array(0...b.count)
  for i in 0..<a.count {
    var row = [i + 1]
    for j in 0..<b.count {
      var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
        cost = min(cost, beforeLast[j - 1] + 1)
      }
      row.append(cost)
    }
    (beforeLast, last) = (last, row)
  }
  return last[b.count]
}

/// Decimal text without needless zeros: 2500 thousandths are "2.5".
func trimmed(_ value: Int64, places: Int) -> String {
  var text = decimal(value, places: places)
  while text.contains("."), text.hasSuffix("0") { text.removeLast() }
  if text.hasSuffix(".") { text.removeLast() }
  return text
}

extension Kilohertz {
  /// For messages: "2600 MHz".
  var words: String { trimmed(value, places: 3) + " MHz" }
}

extension Bytes {
  /// For messages: "8 GiB", "1536 MiB", "1000 bytes".
  var words: String {
    if value >= 1 << 30, value % (1 << 30) == 0 { return "\(value >> 30) GiB" }
    if value % (1 << 20) == 0 { return "\(value >> 20) MiB" }
    if value < 1 << 20 { return "\(value) bytes" }
    return trimmed(milliMebibytes, places: 3) + " MiB"
  }
}

/// For messages: "1h30m", "20s", "0s".
func words(nanoseconds: Int64) -> String {
  var left = nanoseconds
  var text = ""
  for unit in Dimension.duration.units.reversed() where left >= unit.factor && unit.symbol != "µs" {
    text += "\(left / unit.factor)\(unit.symbol)"
    left %= unit.factor
  }
  return text.isEmpty ? "0s" : text
}

extension SimDuration { var words: String { BallastScenario.words(nanoseconds: value) } }
extension SimTime { var words: String { BallastScenario.words(nanoseconds: value) } }
extension PartsPerMillion {
  /// For messages: "35%".
  var words: String { trimmed(value, places: 4) + "%" }
}

/// Where a time at or after a run's end lies: the run ends before anything happens at its end.
func outside(_ time: SimTime, of duration: SimDuration) -> String {
  time.value > duration.value
    ? "after the run's end at \(duration.words)"
    : "at the run's end, when nothing happens any more"
}
