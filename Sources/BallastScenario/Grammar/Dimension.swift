/// What a quantity measures, and the units it may be written in.
enum Dimension: CaseIterable {
  case frequency, memory, duration, percentage, rate
  /// A percentage that may exceed 100 %.
  case surplus

  struct Unit {
    var symbol: String
    /// In the dimension's own unit: kHz, bytes, ns, millionths, bit/s.
    var factor: Int64
    init(_ symbol: String, _ factor: Int64) {
      self.symbol = symbol
      self.factor = factor
    }
  }

  /// From small to large.
  var units: [Unit] {
    switch self {
    case .frequency: [Unit("kHz", 1), Unit("MHz", 1_000), Unit("GHz", 1_000_000)]
    case .memory: Self.byteUnits
    case .duration:
      [
        Unit("ns", 1), Unit("us", 1_000), Unit("µs", 1_000), Unit("ms", 1_000_000),
        Unit("s", 1_000_000_000), Unit("m", 60_000_000_000), Unit("h", 3_600_000_000_000),
        Unit("d", 86_400_000_000_000),
      ]
    case .percentage, .surplus: [Unit("%", 10_000)]
    case .rate:
      Self.byteUnits.map { Unit($0.symbol + "/s", $0.factor * 8) }
        + [("bit/s", 0), ("kbit/s", 1), ("Mbit/s", 2), ("Gbit/s", 3)].map { symbol, power in
          Unit(symbol, (0..<power).reduce(1) { factor, _ in factor * 1_000 })
        }
    }
  }

  private static let byteUnits: [Unit] =
    [Unit("B", 1)]
    + ["K", "M", "G", "T"].enumerated().flatMap { index, prefix in
      [
        Unit(prefix + "B", (0...index).reduce(1) { factor, _ in factor * 1_000 }),
        Unit(prefix + "iB", 1 << (10 * Int64(index + 1))),
      ]
    }

  var noun: String {
    switch self {
    case .frequency: "a clock rate"
    case .memory: "a size of memory"
    case .duration: "a time"
    case .percentage, .surplus: "a percentage"
    case .rate: "a data rate"
    }
  }

  /// "a unit of …".
  var measure: String {
    switch self {
    case .frequency: "frequency"
    case .memory: "memory"
    case .duration: "time"
    case .percentage, .surplus: "percentage"
    case .rate: "data rate"
    }
  }

  /// How one is written.
  var example: String {
    switch self {
    case .frequency: "2.6GHz"
    case .memory: "16GiB"
    case .duration: "20s"
    case .percentage, .surplus: "35%"
    case .rate: "20MiB/s"
    }
  }

  /// The most that is taken: far beyond any data centre, and small enough that sums fit 64 bits.
  var maximum: (text: String, amount: Int64) {
    switch self {
    case .frequency: ("1000000000GHz", 1_000_000_000_000_000)
    case .memory: ("65536TiB", 1 << 56)
    case .duration: ("36500d", 36_500 * 86_400_000_000_000)
    case .percentage: ("100%", 1_000_000)
    case .surplus: ("2000%", 20_000_000)
    case .rate: ("65536TiB/s", 1 << 59)
    }
  }

  /// The unit a bare number most likely meant.
  func likelyUnit(for number: String) -> String {
    let digits = number.prefix { $0 != "." }.count
    switch self {
    case .frequency: return digits >= 3 ? "MHz" : "GHz"
    case .memory: return digits >= 4 ? "MiB" : "GiB"
    case .duration: return "s"
    case .percentage, .surplus: return "%"
    case .rate: return "MiB/s"
    }
  }

  /// Times may be composed: 1h30m.
  var isCompound: Bool { self == .duration }

  /// A regular expression for all quantities of this dimension, without anchors.
  var pattern: String {
    let symbols = units.map(\.symbol).joined(separator: "|")
    let one = "[0-9]+(\\.[0-9]+)? ?(\(symbols))"
    return isCompound ? "\(one)( ?\(one))*" : one
  }
}
