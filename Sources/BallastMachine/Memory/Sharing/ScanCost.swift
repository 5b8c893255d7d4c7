/// CPU time of visiting one page, nanoseconds.
///
/// Source  fitted to the CPU time of ksmd in four measured runs of Linux 6.18 (ground truth of page sharing): a first pass
///         0.55 µs a page, pages shared already the same, zero pages joining 2 µs, unique pages 3 µs beside an empty
///         stable tree and 5 µs beside one of 20,000, pairs 7 to 8 µs. ESXi's page is taken to cost what Linux' does.
/// Limits  one machine; trees are binary, so a search costs its depth.
enum ScanCost {
  /// Find, map and hash a page, or see that it is shared already.
  static let page: Int64 = 550
  /// Compare a page with one node of a tree.
  static let level: Int64 = 160
  /// Point a guest's page at a shared one.
  static let merge: Int64 = 1_000

  /// A search in a tree of so many pages.
  static func search(_ nodes: Int64) -> Int64 {
    level * Int64(Int64.bitWidth - max(0, nodes).leadingZeroBitCount)
  }
}

/// What one visit costs with Linux' two trees as full as they are.
struct TreeCosts: Sendable {
  /// Equals a shared page; equals a page that waits; equals none.
  let joining: Int64
  let pairing: Int64
  let waiting: Int64

  /// `stable`: shared pages. `unstable`: pages that wait for an equal at the end of a pass; on average half are there.
  init(stable: Int64, unstable: Int64) {
    joining = ScanCost.page + ScanCost.search(stable) + ScanCost.merge
    waiting = ScanCost.page + ScanCost.search(stable) + ScanCost.search(unstable / 2)
    pairing = waiting + 2 * ScanCost.merge
  }

  /// Cost of the pages ahead of the scanner in one class, ns · 2⁻²⁰ pages.
  func ahead(_ row: ScannedVM, _ kind: Int) -> Int128 {
    let pages = row.classes[kind].ahead
    let (seen, known) = (Int128(pages.seen), Int128(pages.known))
    var cost = Int128(pages.new + pages.changed) * Int128(ScanCost.page)
    switch kind {
    case ScannedVM.zero: cost += seen * Int128(joining) + known * Int128(ScanCost.page)
    case ScannedVM.duplicate:
      cost += seen * Int128(pairing + waiting) / 2 + known * Int128(ScanCost.page)
    case ScannedVM.common:
      let one = Int128(ClassPages.page)
      let (joins, pairs) = (Int128(row.partners.stable), Int128(row.partners.waiting))
      cost +=
        seen
        * (joins * Int128(joining) + pairs * Int128(pairing)
          + (one - joins - pairs) * Int128(waiting)) / one
      let all = Int128(max(1, row.known(kind)))
      let shared = min(all, Int128(row.partners.shared))
      cost += known * (shared * Int128(ScanCost.page) + (all - shared) * Int128(waiting)) / all
    case ScannedVM.own: cost += (seen + known) * Int128(waiting)
    default: cost += (seen + known) * Int128(ScanCost.page)
    }
    return cost
  }
}
