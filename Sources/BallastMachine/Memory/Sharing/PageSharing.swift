import BallastModel
import BallastUnits

/// Equal pages of one host's VMs, and the scanner that finds them.
///
/// Rule      pages are counted by class, never one by one: the scanner gets to know them pass by pass (`KSMScan`,
///           `ESXiScanner`), guests write to them and so make them unknown, and `SharingAccounts` tells what the known
///           ones share.
/// Promises  Σ VMs = total · shared ≤ offered · nothing is lost: pages known, seen, changed and new add up to what a VM
///           holds · results do not depend on how often `advance` is called (counters of pages not shared: to a page).
/// Rounding  expectations are kept in 2⁻²⁰ page, and rounded down to pages once, when counted.
/// Cost      O(VMs) a step while there is something to find or to lose; else O(VMs passed) for Linux' scanner, O(VMs)
///           for ESXi's. Memory is reused.
/// Limits    what is set between two steps counts from the earlier one on.
public struct PageSharing: Sendable {
  private enum Scanner {
    case none
    case ksm(KSMScan)
    case esxi(ESXiScanner)
  }

  private let scope: SharingFacts.Scope
  private let step: Int64
  /// By VM.
  private var rows: [ScannedVM] = []
  private var scanner: Scanner
  private var accounts = SharingAccounts()
  /// Steps done.
  private var stepCount: Int64 = 0
  /// Content has changed since pages were last counted.
  private var isStale = false
  /// Nothing will change by itself.
  private var isSettled = true

  /// The longest time taken at once while nothing changes, ns: time times pages has to fit.
  private static let restMax: Int64 = 3_600_000_000_000

  /// capacity: CPU of the whole host (ESXi's scanner is bound by it). step: results change at multiples of it.
  public init(_ facts: SharingFacts, capacity: Kilohertz, step: SimDuration = .seconds(1)) {
    scope = facts.scope
    self.step = max(1, step.value)
    switch (facts.scope, facts.scanner) {
    case (.off, _): scanner = .none
    case (_, .ksm(let settings)):
      scanner = .ksm(KSMScan(settings))
      accounts.sharersMax = max(2, settings.maxPageSharing)
      accounts.areZerosFree = settings.useZeroPages
    case (_, .esxi(let settings)):
      scanner = .esxi(ESXiScanner(settings, capacity: capacity))
    }
    accounts.areZerosOfAll = facts.scope == .betweenVMs
  }

  /// What all VMs together share, as of the last advance.
  public var total: SharedPages { accounts.total }

  /// Inserts a VM or says what it holds now; scans up to `time` (ns) first. Results follow with the next advance.
  public mutating func set(_ vm: VMIndex, _ content: ScannedContent, at time: Int64) {
    scan(to: time)
    let content = shareable(content)
    let place = place(of: vm)
    if place == rows.count || rows[place].vm != vm {
      rows.insert(ScannedVM(vm), at: place)
      if case .ksm(var scan) = scanner {
        scan.inserted(at: place)
        scanner = .ksm(scan)
      }
    } else if rows[place].content == content {
      return
    }
    rows[place].update(content)
    if case .ksm(var scan) = scanner {
      scan.changed(at: place, &rows, accounts)
      scanner = .ksm(scan)
    }
    markChanged()
  }

  /// Takes a VM out, with all that it shared; scans up to `time` (ns) first. Nothing happens where it is not known.
  public mutating func remove(_ vm: VMIndex, at time: Int64) {
    scan(to: time)
    let place = place(of: vm)
    guard place < rows.count, rows[place].vm == vm else { return }
    rows.remove(at: place)
    if case .ksm(var scan) = scanner {
      scan.removed(at: place, &rows, accounts)
      scanner = .ksm(scan)
    }
    markChanged()
  }

  /// Changes settings, which stay until asked otherwise; scans up to `time` (ns) first.
  ///
  /// ESXi scans at its highest rate as long as the last request said `scansForSharing`. Linux' scanner takes run (2: all
  /// that is shared is taken apart, and it stops), pages_to_scan and sleep_millisecs; other values change nothing.
  public mutating func request(_ request: HostMemoryRequest, at time: Int64) {
    scan(to: time)
    switch scanner {
    case .none: return
    case .esxi(var scan):
      scan.isUrgent = request.scansForSharing
      scanner = .esxi(scan)
    case .ksm(var scan):
      apply(request, to: &scan)
      scanner = .ksm(scan)
    }
  }

  private mutating func apply(_ request: HostMemoryRequest, to scan: inout KSMScan) {
    let pages = request.ksmPagesToScan
    if pages > 0, pages != scan.settings.pagesToScan { scan.setPagesToScan(pages) }
    let sleep = request.ksmSleepMilliseconds
    if (0...KSMScan.sleepMax).contains(sleep) { scan.setSleep(.milliseconds(sleep)) }
    guard (0...2).contains(request.ksmRun) else { return }
    let runs = request.ksmRun == 1
    if runs != scan.settings.run { markChanged() }
    scan.settings.run = runs
    if request.ksmRun == 2 {
      for row in rows.indices { rows[row].forget() }
      scan.reset()
      markChanged()
    }
  }

  /// Scans up to `time`, ns, and counts what is shared; an earlier time changes nothing.
  public mutating func advance(to time: Int64) {
    scan(to: time)
    count()
  }
}

/// Results.
extension PageSharing {
  /// What one VM shares, as of the last advance; nothing where it is not known.
  public func shared(_ vm: VMIndex) -> SharedPages { row(vm)?.result ?? SharedPages() }

  /// Shared pages of this VM that were written to, and copied, so far.
  public func copied(_ vm: VMIndex) -> Int64 { (row(vm)?.copied ?? 0) / ClassPages.page }

  /// When something changes next if nothing is set or asked, ns; `Int64.max`: never.
  public var nextChange: Int64 { isSettled ? .max : (stepCount + 1) * step }

  /// It looks for equal pages, so that it matters what VMs hold.
  public var isScanning: Bool {
    switch scanner {
    case .none: false
    case .ksm(let scan): scan.settings.run
    case .esxi: true
    }
  }

  /// CPU time of the scanner so far, ns.
  public var cpuTime: Int64 {
    switch scanner {
    case .none: 0
    case .ksm(let scan): scan.cpuTime
    case .esxi(let scan): scan.cpuTime
    }
  }

  /// CPU time that scanning takes per second just now, ns: what `cpuTime` grows by while nothing changes, averaged over
  /// a pass.
  public var cpuTimePerSecond: Int64 {
    switch scanner {
    case .none: 0
    case .ksm(let scan): rows.isEmpty || !scan.settings.run ? 0 : scan.cpuTimePerSecond
    case .esxi(let scan): scan.cpuTimePerSecond(rows)
    }
  }

  /// Settings in force, as they read back; nil with ESXi's scanner.
  public var ksm: KSMSettings? {
    if case .ksm(let scan) = scanner { scan.settings } else { nil }
  }

  /// What Linux' scanner tells; all zero with ESXi's.
  public var counters: KSMCounters {
    var counters = KSMCounters()
    guard case .ksm(let scan) = scanner else { return counters }
    counters.pagesShared = accounts.copies
    counters.zeroPages = accounts.areZerosFree ? accounts.total.savedZero : 0
    counters.pagesSharing = accounts.total.saved - counters.zeroPages
    var (own, unsettled) = (Int64(0), Int64(0))
    for row in rows {
      own += row.classes[ScannedVM.own].known
      for kind in 0..<ScannedVM.classCount { unsettled += row.classes[kind].unsettled }
    }
    counters.pagesUnshared = accounts.lone + own / ClassPages.page
    counters.pagesVolatile = unsettled / ClassPages.page
    counters.fullScans = scan.fullScans
    counters.pagesScanned = scan.pagesScanned
    return counters
  }
}

/// Time.
extension PageSharing {
  /// Does the steps that are due. Pages are counted after each, as later ones are scanned and written to accordingly.
  private mutating func scan(to time: Int64) {
    var due = time / step - stepCount
    guard due > 0 else { return }
    while due > 0 {
      if isStale { count() }
      let steps = isSettled ? min(due, max(1, Self.restMax / step)) : 1
      due -= steps
      stepCount += steps
      if isSettled { rest(steps) } else { doStep() }
    }
  }

  private mutating func doStep() {
    for row in rows.indices where rows[row].content.rewrittenPerSecond > 0 {
      let rate = rows[row].content.rewrittenPerSecond * ClassPages.page
      rows[row].write(scaled(rate, by: step, over: 1_000_000_000))
    }
    switch scanner {
    case .none: break
    case .ksm(var scan):
      if scan.settings.run {
        scan.scan(&rows, for: step, to: stepCount * step, accounts: accounts)
        scanner = .ksm(scan)
      }
    case .esxi(var scan):
      scan.scan(&rows, for: step)
      scanner = .esxi(scan)
    }
    isStale = true
    count()
  }

  /// Time in which nothing is found and nothing lost; Linux' scanner goes round all the same.
  private mutating func rest(_ steps: Int64) {
    switch scanner {
    case .none: break
    case .ksm(var scan):
      guard scan.settings.run else { return }
      scan.scan(&rows, for: steps * step, to: stepCount * step, accounts: accounts)
      scanner = .ksm(scan)
    case .esxi(var scan):
      scan.rest(rows, for: step, steps: steps)
      scanner = .esxi(scan)
    }
  }

  /// Counts what is shared.
  private mutating func count() {
    guard isStale else { return }
    isStale = false
    accounts.settle(&rows)
    isSettled = !canChange
  }

  private var canChange: Bool {
    switch scanner {
    case .none: return false
    case .ksm(let scan) where !scan.settings.run:
      for row in rows where row.content.rewrittenPerSecond > 0 {
        if row.hasKnown { return true }
      }
      return false
    default:
      for row in rows {
        if row.hasUnknown || row.content.rewrittenPerSecond > 0 && row.shareable > 0 { return true }
      }
      return false
    }
  }
}

/// Rows.
extension PageSharing {
  private mutating func markChanged() {
    isStale = true
    isSettled = false
    accounts.common.isStale = true
  }

  /// Pages that nobody may share with count as the VM's own.
  private func shareable(_ content: ScannedContent) -> ScannedContent {
    precondition(
      min(
        min(content.zero, content.common, content.duplicate), min(content.own, content.changing),
        content.rewrittenPerSecond) >= 0,
      "numbers of pages are not negative")
    var content = content
    if content.image < 0 || scope != .betweenVMs {
      content.own += content.common
      content.common = 0
      content.image = -1
    }
    return content
  }

  /// Where the VM is, or belongs.
  private func place(of vm: VMIndex) -> Int {
    var (low, high) = (0, rows.count)
    while low < high {
      let middle = (low + high) / 2
      if rows[middle].vm < vm { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private func row(_ vm: VMIndex) -> ScannedVM? {
    let place = place(of: vm)
    return place < rows.count && rows[place].vm == vm ? rows[place] : nil
  }
}
