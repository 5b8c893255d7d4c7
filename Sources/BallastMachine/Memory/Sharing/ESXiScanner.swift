import BallastModel
import BallastUnits

/// ESXi's scanner: all VMs at once, each wholly within a time.
///
/// Rule      a VM of n pages is scanned at n / ShareScanTime, at most 1,024 pages a second; asked to scan now, at 1,024.
///           All together take no more than ShareScanGHz × GHz of the host; beyond it each takes its part of that. One
///           visit makes a page known: a hash that was seen before leads to a full comparison.
/// Rounding  down to 2⁻²⁰ page a step.
/// Cost      O(VMs) a step
/// Source    vSphere Resource Management, advanced attributes; the 1,024 from memory, taken as each VM's (older releases
///           had limits per VM and per host; per host it would undercut 4 MB/s per GHz on every machine).
struct ESXiScanner: Sendable {
  static let pagesPerSecondMax: Int64 = 1_024

  let settings: ESXiScan
  /// 2⁻²⁰ pages per second of the whole host.
  let partsPerSecondMax: Int64
  var isUrgent = false
  private(set) var cpuTime: Int64 = 0

  init(_ settings: ESXiScan, capacity: Kilohertz) {
    self.settings = settings
    let bytesPerSecond = scaled(
      max(0, settings.bytesPerSecondPerGHz.value), by: max(0, capacity.value), over: 1_000_000)
    partsPerSecondMax = scaled(min(bytesPerSecond, 1 << 42), by: ClassPages.page, over: 4_096)
  }

  /// 2⁻²⁰ pages per second that a VM is to be scanned at.
  private func wanted(_ row: ScannedVM) -> Int64 {
    let most = Self.pagesPerSecondMax * ClassPages.page
    if isUrgent { return most }
    let rate = scaled(
      row.content.pages * ClassPages.page, by: 1_000_000_000,
      over: max(1_000_000_000, settings.wholeVMWithin.value))
    return min(most, rate)
  }

  private func wanted(_ rows: [ScannedVM]) -> Int64 {
    var sum: Int64 = 0
    for row in rows where row.content.pages > 0 { sum += wanted(row) }
    return sum
  }

  /// CPU time per second, without that of merging, ns.
  func cpuTimePerSecond(_ rows: [ScannedVM]) -> Int64 {
    scaled(min(wanted(rows), partsPerSecondMax), by: ScanCost.page, over: ClassPages.page)
  }

  /// One step of `span` ns. Where all is known, the scan goes on and finds nothing: it need not be followed.
  mutating func scan(_ rows: inout [ScannedVM], for span: Int64) {
    let sum = wanted(rows)
    for row in rows.indices where rows[row].hasUnknown {
      var rate = wanted(rows[row])
      if sum > partsPerSecondMax { rate = scaled(rate, by: partsPerSecondMax, over: sum) }
      visit(scaled(rate, by: span, over: 1_000_000_000), &rows[row])
    }
    rest(rows, for: span, steps: 1)
  }

  /// Steps of `span` ns in which there is nothing to be found.
  mutating func rest(_ rows: [ScannedVM], for span: Int64, steps: Int64) {
    cpuTime += steps * scaled(cpuTimePerSecond(rows), by: span, over: 1_000_000_000)
  }

  /// At most one end of a pass in a step: more than the whole VM finds no more.
  private mutating func visit(_ parts: Int64, _ row: inout ScannedVM) {
    let before = row.knownOfShareable
    let left = row.ahead
    if parts < left {
      row.visitAll(parts, of: left)
    } else {
      row.visitAll(1, of: 1)
      row.beginPass()
      let more = min(parts - left, row.ahead)
      if more > 0 { row.visitAll(more, of: row.ahead) }
    }
    let merged = row.knownOfShareable - before
    cpuTime += scaled(merged, by: ScanCost.merge, over: ClassPages.page)
  }
}

extension ScannedVM {
  /// Pages not yet visited in this pass, 2⁻²⁰.
  fileprivate var ahead: Int64 {
    var sum: Int64 = 0
    for kind in 0..<Self.classCount { sum += classes[kind].ahead.sum }
    return sum
  }

  fileprivate var knownOfShareable: Int64 {
    var sum: Int64 = 0
    for kind in 0..<Self.shareableCount { sum += classes[kind].known }
    return sum
  }

  fileprivate mutating func visitAll(_ count: Int64, of left: Int64) {
    for kind in 0..<Self.classCount {
      classes[kind].visit(count, of: left, kind == Self.changing ? .changing : .hash)
    }
  }
}
