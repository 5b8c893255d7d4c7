import BallastUnits

/// A resource that admission control counts. CPU and memory are checked apart.
public enum AdmissionResource: String, Sendable, Equatable, Codable, CaseIterable {
  /// Amounts in kHz.
  case cpu
  /// Amounts in bytes.
  case memory
}

extension AdmissionResource {
  /// "CPU" or "memory", for sentences.
  public var noun: String { self == .cpu ? "CPU" : "memory" }

  /// An amount of this resource for people, without zeros at the end: "2000 MHz", "512.5 MiB".
  ///
  /// Rounding  half away from zero to three decimals.
  public func words(_ amount: Int64) -> String {
    var text = milli(amount)
    while text.hasSuffix("0") { text.removeLast() }
    if text.hasSuffix(".") { text.removeLast() }
    return text + (self == .cpu ? " MHz" : " MiB")
  }

  /// `key_mhz=2000.000` or `key_mib=512.000`, for `events.csv`.
  public func pair(_ key: String, _ amount: Int64) -> String {
    "\(key)_\(unit)=\(milli(amount))"
  }

  /// The end of a key: "mhz", "mib".
  var unit: String { self == .cpu ? "mhz" : "mib" }

  /// MHz or MiB with three decimals.
  func milli(_ amount: Int64) -> String {
    decimal(self == .cpu ? amount : Bytes(amount).milliMebibytes, places: 3)
  }
}

extension Refusal {
  /// Millionths as a factor, without zeros at the end: 4,000,000 is "4", 1,500,000 is "1.5".
  static func factor(_ ratio: PartsPerMillion) -> String {
    var text = decimal(ratio.value, places: 6)
    while text.hasSuffix("0") { text.removeLast() }
    if text.hasSuffix(".") { text.removeLast() }
    return text
  }
}
