import BallastMachine
import BallastModel
import BallastUnits
import Testing

/// Who shares what once the scanner has been everywhere.
@Suite struct SharedContentTests {
  /// 1,000 zero pages each. Within VMs one copy per VM: 999 + 999; between VMs one of all: 1,999.
  @Test func zeroPagesKeepOneCopy() {
    let vms = [ScannedContent](repeating: ScannedContent(zero: 1_000, own: 500), count: 2)
    let within = PageSharing.esxi(.withinVM).after(4_000, vms)
    #expect(within.saved(2) == [999, 999] && within.total.savedZero == 1_998)
    let between = PageSharing.esxi(.betweenVMs).after(4_000, vms)
    #expect(between.total.saved == 1_999 && between.total.shared == 2_000)
  }

  /// max_page_sharing 4: ⌈10 / 4⌉ = 3 copies of 10 zero pages. use_zero_pages: none, and they are counted apart.
  @Test func copiesOfZeroPages() {
    let vms = [ScannedContent(zero: 10)]
    let few = PageSharing.ksm { $0.maxPageSharing = 4 }.after(10, vms)
    #expect(few.counters.pagesShared == 3 && few.counters.pagesSharing == 7)
    let free = PageSharing.ksm { $0.useZeroPages = true }.after(10, vms)
    #expect(free.total.saved == 10 && free.counters.zeroPages == 10)
    #expect(free.counters.pagesShared == 0 && free.counters.pagesSharing == 0)
  }

  /// 100 pages in 50 pairs save 50.
  @Test func duplicatesArePairs() {
    let sharing = PageSharing.esxi().after(4_000, [ScannedContent(duplicate: 100, own: 10)])
    #expect(sharing.total.savedDuplicate == 50 && sharing.total.shared == 100)
  }

  /// Contents 1…300, 1…200 and 1…100 of one image: 200 are held twice at least, so 500 pages are backed by 200, and 100
  /// pages of the first VM find no equal. Another image, and salting, share nothing.
  @Test func commonPagesNeedASecondHolder() {
    let vms = [300, 200, 100].map { ScannedContent(common: $0, image: 3) }
    let sharing = PageSharing.ksm().after(10, vms)
    #expect(sharing.total.shared == 500 && sharing.total.savedCommon == 300)
    #expect(sharing.counters.pagesShared == 200 && sharing.counters.pagesUnshared == 100)
    #expect(sharing.shared(VMIndex(0)).shared == 200)

    let others = [ScannedContent(common: 300, image: 1), ScannedContent(common: 300, image: 2)]
    #expect(PageSharing.ksm().after(10, others).total == SharedPages())
    #expect(PageSharing.esxi(.withinVM).after(4_000, vms).total == SharedPages())
  }

  /// 300 VMs with one page each, and at most 256 on a copy: 2 copies.
  @Test func moreSharersThanACopyMayHave() {
    let vms = [ScannedContent](repeating: ScannedContent(common: 10, image: 0), count: 300)
    let sharing = PageSharing.ksm().after(10, vms)
    #expect(sharing.counters.pagesShared == 20 && sharing.total.saved == 2_980)
  }

  /// Nobody looks: nothing is shared, and nothing ever changes.
  @Test func offSharesNothing() {
    var sharing = PageSharing(SharingFacts(scope: .off), capacity: .megahertz(1_000))
    sharing.set(VMIndex(0), ScannedContent(zero: 100, rewrittenPerSecond: 1), at: 0)
    sharing.advance(to: 1_000 * second)
    #expect(sharing.total == SharedPages() && sharing.cpuTime == 0)
    #expect(sharing.nextChange == .max && sharing.ksm == nil)
  }

  /// A VM that goes leaves the other without its equals.
  @Test func removedVMsShareNoMore() {
    let vms = [ScannedContent](repeating: ScannedContent(common: 100, image: 0), count: 2)
    var sharing = PageSharing.ksm().after(10, vms)
    #expect(sharing.total.saved == 100)
    sharing.remove(VMIndex(1), at: 10 * second)
    sharing.remove(VMIndex(7), at: 10 * second)
    sharing.advance(to: 10 * second)
    #expect(sharing.total == SharedPages() && sharing.shared(VMIndex(1)) == SharedPages())
  }
}

/// How much of a host's memory it is.
@Suite struct PublishedRangeTests {
  private let size: Int64 = 262_144

  /// A VM of 1 GiB whose pages hold this.
  private func vm(_ content: PageContent, image: Int32) -> ScannedContent {
    let part = { (part: PartsPerMillion) in scaled(self.size, by: part.value, over: 1_000_000) }
    let (zero, common, duplicate) = (
      part(content.zero), part(content.common), part(content.duplicate)
    )
    return ScannedContent(
      zero: zero, common: common, image: image, duplicate: duplicate,
      own: size - zero - common - duplicate)
  }

  private func percent(_ pages: Int64) -> Double { Double(pages) / Double(10 * size) * 100 }

  /// Ten clones, 40 % of each the same as in the others: 0.4 · 9/10 + zeros and duplicates, more than the 30 % that the
  /// vSphere guide names for near-identical VMs.
  @Test func identicalGuests() {
    let clone = vm(PageContent(common: .percent(40)), image: 0)
    let sharing = PageSharing.ksm().after(200, [ScannedContent](repeating: clone, count: 10))
    #expect(percent(sharing.total.saved) > 30)
    #expect((35.9...36.0).contains(percent(sharing.total.savedCommon)))
  }

  /// Ten guests of ten images with the usual content: less than 5 % without zero pages.
  @Test func diverseGuests() {
    let vms = (0..<10).map { vm(PageContent(), image: $0) }
    let sharing = PageSharing.ksm().after(200, vms)
    #expect(percent(sharing.total.saved - sharing.total.savedZero) < 5)
    #expect((4.9...5.0).contains(percent(sharing.total.savedZero)))
  }

  /// Ten guests of one image with the usual content: less than 15 % without zero pages (a study of 2012).
  @Test func usualGuests() {
    let usual = vm(PageContent(), image: 0)
    let sharing = PageSharing.ksm().after(200, [ScannedContent](repeating: usual, count: 10))
    #expect((5...15).contains(percent(sharing.total.saved - sharing.total.savedZero)))
  }

  /// Two small real guests, about 227 MiB each of mostly random content, 2,000 pages a wake: 5 full scans in 8 s and 1.3 s
  /// of CPU were seen, under load.
  @Test func twoRealGuests() {
    let guest = ScannedContent(zero: 1_000, common: 7_000, image: 0, own: 50_000)
    let sharing = PageSharing.ksm { $0.pagesToScan = 2_000 }.after(8, [guest, guest])
    #expect((4...6).contains(sharing.counters.fullScans))
    #expect((second..<2 * second).contains(sharing.cpuTime))
  }
}
