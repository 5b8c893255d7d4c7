import BallastModel
import BallastUnits

/// Who shares what with whom, of the pages that the scanner knows.
///
/// Rule      zero pages: all of a host (or of a VM) are one content. duplicates: a page and its equal are both known with
///           probability (k / n)²; pairs = k² / 2n. common pages: see `CommonPages`. A content that more than
///           `sharersMax` pages have takes another copy for each further `sharersMax`.
/// Promises  Σ VMs = total, for shared and each kind of saved · saved ≤ shared ≤ known ≤ offered.
/// Rounding  known pages down; copies over VMs by running sums, so that parts add up and each is within a page of exact.
/// Cost      O(VMs)
struct SharingAccounts: Sendable {
  /// Pages that one copy may back.
  var sharersMax = Int64.max
  /// Zero pages of all VMs are one content.
  var areZerosOfAll = false
  /// Zero pages are backed by a page of the system, and cost none.
  var areZerosFree = false

  private(set) var total = SharedPages()
  /// Pages in use that are shared.
  private(set) var copies: Int64 = 0
  /// Different ones among them, to about the copies of common pages beyond `sharersMax`.
  private(set) var contents: Int64 = 0
  /// Known pages that found no equal.
  private(set) var lone: Int64 = 0
  /// Pages that wait for an equal when a pass ends: those, and all that are found nowhere else.
  private(set) var waiting: Int64 = 0
  var common = CommonPages()

  mutating func settle(_ rows: inout [ScannedVM]) {
    total = SharedPages()
    copies = 0
    waiting = 0
    var known: Int64 = 0
    for row in rows.indices {
      waiting += rows[row].content.own
      rows[row].result = SharedPages()
      for kind in 0..<ScannedVM.shareableCount { known += rows[row].known(kind) }
      settleDuplicates(&rows[row])
    }
    contents = copies
    settleZeros(&rows)
    let commonCopies = common.settle(&rows, sharersMax: sharersMax)
    copies += commonCopies
    contents += commonCopies
    for row in rows.indices { total += rows[row].result }
    lone = known - total.shared
    waiting += lone
  }

  private mutating func settleDuplicates(_ row: inout ScannedVM) {
    let known = row.known(ScannedVM.duplicate)
    guard known > 1 else { return }
    let pairs = scaled(known, by: known, over: 2 * row.content.duplicate)
    row.result.shared += 2 * pairs
    row.result.savedDuplicate = pairs
    copies += pairs
  }

  private mutating func settleZeros(_ rows: inout [ScannedVM]) {
    guard areZerosOfAll else {
      for row in rows.indices { settleZeros(&rows, row..<row + 1) }
      return
    }
    settleZeros(&rows, rows.indices)
  }

  /// Zero pages that are one content.
  private mutating func settleZeros(_ rows: inout [ScannedVM], _ range: Range<Int>) {
    var sum: Int64 = 0
    for row in range { sum += rows[row].known(ScannedVM.zero) }
    guard sum > 1 || areZerosFree else { return }
    let kept = areZerosFree ? 0 : sharedCopies(of: sum, sharersMax: sharersMax)
    var parts = RunningParts(kept, of: sum)
    for row in range {
      let known = rows[row].known(ScannedVM.zero)
      rows[row].result.shared += known
      rows[row].result.savedZero = known - parts.next(known)
    }
    copies += kept
    contents += min(kept, 1)
  }
}

/// Copies that back `pages` pages of one content.
func sharedCopies(of pages: Int64, sharersMax: Int64) -> Int64 {
  pages == 0 ? 0 : (pages - 1) / sharersMax + 1
}

/// Parts of a total by weight, one after the other, by rounding the running sum down: they add up to the total, and each
/// is its exact value rounded down or up.
struct RunningParts {
  let total: Int64
  let weightSum: Int64
  private var sum: Int64 = 0
  private var given: Int64 = 0

  init(_ total: Int64, of weightSum: Int64) {
    self.total = total
    self.weightSum = weightSum
  }

  mutating func next(_ weight: Int64) -> Int64 {
    guard weight > 0 else { return 0 }
    sum += weight
    let upTo = scaled(total, by: sum, over: weightSum)
    defer { given = upTo }
    return upTo - given
  }
}
