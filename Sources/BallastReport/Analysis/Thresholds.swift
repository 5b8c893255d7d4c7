/// Where the report draws its lines. They are the planners' rules of thumb for CPU ready per vCPU and round numbers
/// elsewhere; the method section prints them.
enum Thresholds {
  /// Ready time per vCPU, in percent: below the first is fine, then watch, significant, bad.
  static let ready = [2.5, 5.0, 10.0]
  /// Work lost to waiting for memory, in percent: from the first on watch, then significant, then bad.
  static let slowdown = [1.0, 5.0, 10.0]
  /// Less time than this in state hard or low is to be watched only: balloons were too slow for once, in seconds.
  static let briefShortage = 60.0
  /// A host is out of CPU when it delivers at least this part of its capacity, in percent, over a whole sample.
  static let saturated = 98.0
  /// A host has CPU to spare below this part of its capacity, in percent.
  static let spare = 90.0
  /// Limited time per vCPU that counts as held back, in percent.
  static let limited = 1.0
  /// A shortfall against min(entitled, demand) that counts, as a fraction: less is rounding and control lag.
  static let unmet = 0.02
  /// A host that never passes these is idle, in percent of CPU and of memory.
  static let idleCPU = 20.0
  static let idleMemory = 50.0
  /// A VM is over-sized in memory when it never had more than this part of it in active use, in percent.
  static let oversizedMemory = 40.0

  /// Class of a ready percentage for heat maps: 0 fine … 3 bad, 4 far beyond.
  static func readyClass(_ value: Double) -> UInt8 {
    value < ready[0] ? 0 : value < ready[1] ? 1 : value < ready[2] ? 2 : value < 25 ? 3 : 4
  }

  /// Class of a host's CPU use for heat maps.
  static func useClass(_ value: Double) -> UInt8 {
    value < 50 ? 0 : value < 75 ? 1 : value < 90 ? 2 : value < saturated ? 3 : 4
  }
}

/// How much a finding hurts.
enum Severity: Int, Comparable, CaseIterable {
  case note, watch, significant, bad
  static func < (a: Severity, b: Severity) -> Bool { a.rawValue < b.rawValue }

  var name: String { ["Note", "Watch", "Significant", "Bad"][rawValue] }
  /// CSS class.
  var style: String { ["note", "watch", "significant", "bad"][rawValue] }

  /// Severity of lost work: by its 95th percentile; a VM that lost much, but seldom, is to be watched.
  static func slowdown(_ lost: Statistics) -> Severity? {
    let limits = Thresholds.slowdown
    if lost.p95 >= limits[2] { return .bad }
    if lost.p95 >= limits[1] { return .significant }
    return lost.p95 >= limits[0] || lost.max >= limits[1] ? .watch : nil
  }

  /// Severity of ready or limited time per vCPU; nil is fine.
  static func ready(_ percent: Double) -> Severity? {
    guard percent >= Thresholds.ready[0] else { return nil }
    return percent < Thresholds.ready[1]
      ? .watch : percent < Thresholds.ready[2] ? .significant : .bad
  }
}
