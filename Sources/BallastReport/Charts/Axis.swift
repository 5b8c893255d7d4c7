/// Round numbers for axes.
struct Axis {
  var top: Double
  var ticks: [Double]
  var places: Int

  /// From 0 to a round number at or above `largest`, in about four steps.
  init(upTo largest: Double, steps: Double = 4) {
    let target = largest.isFinite && largest > 0 ? largest : 1
    var unit = 1.0
    while unit * 10 <= target / steps { unit *= 10 }
    while unit > target / steps { unit /= 10 }
    let step = [1, 2, 2.5, 5, 10].map { $0 * unit }.first { $0 * steps >= target * 0.999 } ?? unit
    let count = Int((target / step - 1e-9).rounded(.up))
    top = Double(max(1, count)) * step
    let all = (0...max(1, count)).map { Double($0) * step }
    ticks = all
    let shown = (0...3).first { places in
      all.allSatisfy { abs($0 - roundTo($0, places)) < step / 1_000 }
    }
    places = shown ?? 3
  }

  /// A tick in words: 2.5, 100, 2,000.
  func label(_ tick: Double) -> String {
    places == 0 ? count(Int(tick.rounded())) : fixed(tick, places)
  }
}

private func roundTo(_ value: Double, _ places: Int) -> Double {
  var scale = 1.0
  for _ in 0..<places { scale *= 10 }
  return (value * scale).rounded() / scale
}

/// Ticks of a time axis that starts at 00:00, at most eight.
func timeTicks(to end: Double) -> [(time: Double, label: String)] {
  let steps: [Double] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 14_400, 21_600,
    43_200, 86_400, 172_800, 604_800, 1_209_600, 2_592_000,
  ]
  guard end > 0 else { return [] }
  let step = steps.first { end / $0 <= 8.001 } ?? (end / 8).rounded(.up)
  return stride(from: 0, through: end + step / 1_000, by: step).map { time in
    let whole = Int(time.rounded())
    let rest = whole % 86_400
    if end > 86_400, rest == 0 { return (time, "day \(whole / 86_400 + 1)") }
    if whole == 86_400 { return (time, "24:00") }
    let minutes = "\(twoDigits(rest / 3_600)):\(twoDigits(rest % 3_600 / 60))"
    return (time, step < 60 ? minutes + ":\(twoDigits(rest % 60))" : minutes)
  }
}
