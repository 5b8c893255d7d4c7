import BallastModel
import BallastUnits

/// Linux' scanner: where it is, and how fast it goes.
///
/// Rule      It wakes, visits pages_to_scan pages, and sleeps: VM after VM, in each from the first page to the last. A
///           pass ends the wake in which its end is reached. The first visit notes a page's checksum; a page that has not
///           changed at the next one is known, and shared with its equals.
/// Promises  the position is exact, however often it is asked for: time that makes no page yet is kept.
/// Cost      O(VMs passed)
/// Source    mm/ksm.c; the two visits and the length of a wake as measured on Linux 6.18.
struct KSMScan: Sendable {
  /// Timer tick of the measured kernel (HZ = 250). A sleep takes whole ticks, and the one it begins in beside.
  static let tick: Int64 = 4_000_000
  /// The shortest wake: without a sleep the scanner never rests, and then this bounds how often a pass can begin.
  static let wakeMin: Int64 = 100_000
  /// pages_to_scan beyond this are taken as this many: 4 GiB a wake.
  static let pagesToScanMax: Int64 = 1 << 20

  /// Milliseconds; a longer sleep is not taken: an hour.
  static let sleepMax: Int64 = 3_600_000

  var settings: KSMSettings
  private(set) var fullScans: Int64 = 0
  private(set) var pagesScanned: Int64 = 0
  private(set) var cpuTime: Int64 = 0

  /// The VM being scanned; as many as there are VMs: the rest of the last wake.
  private(set) var row = 0
  private var kind = 0
  /// Pages left to visit here, 0: go on to the next.
  private var left: Int64 = 0
  private var cost: Int64 = 0
  private var wake: Int64 = KSMScan.wakeMin
  private var passPages: Int64 = 0
  /// Time not used yet, ns · pages_to_scan.
  private var credit: Int128 = 0
  private var isAtStart = true
  private var advisor = ScanTimeAdvisor()

  init(_ settings: KSMSettings) { self.settings = settings }

  private var pagesToScan: Int64 { min(max(1, settings.pagesToScan), Self.pagesToScanMax) }

  /// From the begin of one wake to the next, in which a page takes so much CPU time, ns. The scan begins with a tick; as
  /// long as it ends within the same one it delays nothing, and later the sleep begins, on average, amid a tick.
  func wakeTime(cost: Int64) -> Int64 {
    let scan = pagesToScan * cost
    guard settings.sleep.value > 0 else { return max(Self.wakeMin, scan) }
    let sleep = ((settings.sleep.value - 1) / Self.tick + 1) * Self.tick
    return sleep + max(Self.tick, Self.tick / 2 + scan)
  }

  /// CPU time per second, by the last whole pass; in the first one, by what is being scanned, ns.
  var cpuTimePerSecond: Int64 {
    advisor.cpuTimePerSecond ?? scaled(pagesToScan * cost, by: 1_000_000_000, over: wake)
  }

  /// Time passes up to `time`, ns.
  mutating func scan(
    _ rows: inout [ScannedVM], for span: Int64, to time: Int64, accounts: SharingAccounts
  ) {
    guard !rows.isEmpty else { return }
    if isAtStart { start(&rows, accounts, at: time - span) }
    credit += Int128(span) * Int128(pagesToScan)
    while true {
      if left > 0 {
        let pages = Int64(min(Int128(left), credit / Int128(wake)))
        visit(pages, &rows)
        credit -= Int128(pages) * Int128(wake)
        guard left == 0 else { return }
      }
      goOn(&rows, accounts, time)
    }
  }

  /// The first wake scans at once and sleeps then.
  private mutating func start(
    _ rows: inout [ScannedVM], _ accounts: SharingAccounts, at time: Int64
  ) {
    isAtStart = false
    (row, passPages) = (0, 0)
    enter(&rows, accounts)
    credit = Int128(wakeTime(cost: 0)) * Int128(pagesToScan)
    advisor.start(at: time, cpuTime: cpuTime)
  }

  private mutating func goOn(
    _ rows: inout [ScannedVM], _ accounts: SharingAccounts, _ time: Int64
  ) {
    if row == rows.count {
      endPass(at: time - Int64(credit / Int128(pagesToScan)))
      row = 0
      enter(&rows, accounts)
    } else if rows[row].content.layout == .inOrder && kind + 1 < ScannedVM.classCount {
      kind += 1
      measure(&rows, accounts)
    } else {
      row += 1
      if row < rows.count { enter(&rows, accounts) } else { fillWake() }
    }
  }

  /// Begins with a VM.
  private mutating func enter(_ rows: inout [ScannedVM], _ accounts: SharingAccounts) {
    rows[row].beginPass()
    rows[row].decideSkipping(settings.smartScan)
    kind = 0
    measure(&rows, accounts)
  }

  /// The rest of a pass' last wake, which finds no more pages; where the last page ended a wake, the next is empty.
  private mutating func fillWake() {
    left = pagesToScan - passPages % pagesToScan
    cost = 0
    wake = wakeTime(cost: 0)
  }

  private mutating func endPass(at time: Int64) {
    fullScans += 1
    passPages = 0
    guard let target = settings.advisorTarget else {
      advisor.note(at: time, cpuTime: cpuTime)
      return
    }
    let pages = advisor.pagesToScan(
      now: pagesToScan, target: target, at: time, cpuTime: cpuTime)
    setPagesToScan(pages)
  }

  /// Classes that are scanned together from here on.
  private func kinds(_ row: ScannedVM) -> Range<Int> {
    row.content.layout == .inOrder ? kind..<kind + 1 : 0..<ScannedVM.classCount
  }

  /// How many pages there are to visit and what they cost.
  private mutating func measure(_ rows: inout [ScannedVM], _ accounts: SharingAccounts) {
    let trees = TreeCosts(stable: accounts.contents, unstable: accounts.waiting)
    let kinds = kinds(rows[row])
    var (parts, costs) = (Int64(0), Int128(0))
    for kind in kinds {
      let visited = rows[row].classes[kind].ahead.sum - rows[row].skippedAhead(kind)
      guard visited > 0 else { continue }
      parts += visited
      costs +=
        rows[row].skips(kind)
        ? Int128(visited) * Int128(ScanCost.page) : trees.ahead(rows[row], kind)
    }
    left = parts == 0 ? 0 : max(1, (parts + ClassPages.page / 2) / ClassPages.page)
    cost = parts == 0 ? 0 : Int64(costs / Int128(parts))
    wake = wakeTime(cost: cost)
    if left == 0 { for kind in kinds { rows[row].visit(1, of: 1, kind) } }
  }

  private mutating func visit(_ pages: Int64, _ rows: inout [ScannedVM]) {
    if row < rows.count {
      if pages > 0 {
        for kind in kinds(rows[row]) { rows[row].visit(pages, of: left, kind) }
      }
      pagesScanned += pages
      passPages += pages
      cpuTime += pages * cost
    }
    left -= pages
  }
}

/// What happens to it from outside.
extension KSMScan {
  /// A VM came at this place; it has its turn in the next pass if the scanner is past it.
  mutating func inserted(at place: Int) {
    if !isAtStart, place <= row { row += 1 }
  }

  mutating func changed(at place: Int, _ rows: inout [ScannedVM], _ accounts: SharingAccounts) {
    if !isAtStart, place == row { measure(&rows, accounts) }
  }

  mutating func removed(at place: Int, _ rows: inout [ScannedVM], _ accounts: SharingAccounts) {
    if rows.isEmpty {
      reset()
    } else if !isAtStart {
      if place < row {
        row -= 1
      } else if place == row {
        if row < rows.count { enter(&rows, accounts) } else { fillWake() }
      }
    }
  }

  /// Begins anew with the next scan.
  mutating func reset() {
    (isAtStart, left, row, kind) = (true, 0, 0, 0)
  }

  mutating func setSleep(_ sleep: SimDuration) {
    settings.sleep = sleep
    wake = wakeTime(cost: cost)
  }

  mutating func setPagesToScan(_ pages: Int64) {
    let old = pagesToScan
    settings.pagesToScan = pages
    credit = credit * Int128(pagesToScan) / Int128(old)
    wake = wakeTime(cost: cost)
  }
}
