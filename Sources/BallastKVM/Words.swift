import BallastUnits

/// "1333.333 MHz" of kHz, or "unlimited".
func megahertz(_ rate: Int64) -> String {
  rate == .max ? "unlimited" : decimal(rate, places: 3).droppingZeros + " MHz"
}

/// "243.2 MiB" of bytes, to the nearest tenth.
func mebibytes(_ bytes: Int64) -> String {
  decimal(roundedRatio(bytes, by: 10, over: 1 << 20), places: 1).droppingZeros + " MiB"
}

/// "12.5" of 12500 parts of 1000, to the nearest hundredth.
func count(_ parts: Int64, _ perUnit: Int64) -> String {
  decimal(roundedRatio(parts, by: 100, over: perUnit), places: 2).droppingZeros
}

/// "a, b and c"
public func enumeration(_ names: [String]) -> String {
  guard let last = names.last, names.count > 1 else { return names.first ?? "" }
  return names.dropLast().joined(separator: ", ") + " and " + last
}

extension String {
  /// "12.500" is "12.5", "12.000" is "12".
  fileprivate var droppingZeros: String {
    guard contains(".") else { return self }
    var text = self[...]
    while text.hasSuffix("0") { text = text.dropLast() }
    if text.hasSuffix(".") { text = text.dropLast() }
    return String(text)
  }
}
