import BallastMachine
import BallastModel
import BallastUnits
import Glibc
import Testing

/// How fast equal pages are found.
@Suite struct ESXiScanTests {
  /// 360,000 pages in an hour are 100 a second: after half an hour, half of 36,000 zero pages are known.
  @Test func wholeVMWithinTheScanTime() {
    var sharing = PageSharing.esxi()
    sharing.set(VMIndex(0), ScannedContent(zero: 36_000, own: 324_000), at: 0)
    sharing.advance(to: 1_800 * second)
    #expect(sharing.total.saved == 17_999)
    sharing.advance(to: 3_600 * second)
    #expect(sharing.total.saved == 35_999)
    #expect(sharing.nextChange == .max)
  }

  /// A VM of 7,372,800 pages would need 2,048 a second; at 1,024 it takes two hours.
  @Test func noVMFasterThanTheLimit() {
    let vm = ScannedContent(zero: 72_000, own: 7_300_800)
    #expect(PageSharing.esxi().after(3_600, [vm]).total.saved == 35_999)
    #expect(PageSharing.esxi().after(7_200, [vm]).total.saved == 71_999)
  }

  /// 4 MiB/s and GHz are 1,024 pages a second on 1 GHz: asked to scan now, four VMs get 256 each.
  @Test func hostLimitIsDivided() {
    var sharing = PageSharing.esxi(gigahertz: 1)
    var request = HostMemoryRequest()
    request.scansForSharing = true
    sharing.request(request, at: 0)
    let vm = ScannedContent(zero: 25_600)
    #expect(sharing.after(50, [vm, vm, vm, vm]).saved(4) == [12_799, 12_799, 12_799, 12_799])
  }

  /// 100 pages a second, and 1,024 once asked: 10 s and 10 s find 1,000 + 10,240.
  @Test func urgentScanStartsAtOnce() {
    var sharing = PageSharing.esxi().after(10, [ScannedContent(zero: 360_000)])
    #expect(sharing.total.shared == 1_000)
    var request = HostMemoryRequest()
    request.scansForSharing = true
    sharing.request(request, at: 10 * second)
    sharing.advance(to: 20 * second)
    #expect(sharing.total.shared == 11_240)
  }

  /// A page that is written to λ times a second and visited every T seconds is known 1 − e^(−λT) / λT of the time:
  /// λT = 0.2 leaves 90.6 %, here within 2 points (the order of pages within a pass is not kept). What is written to is
  /// copied.
  @Test func writtenPagesAreFoundAgain() {
    var sharing = PageSharing.esxi()
    let vm = ScannedContent(zero: 36_000, own: 324_000, rewrittenPerSecond: 2)
    sharing.set(VMIndex(0), vm, at: 0)
    var sum: Int64 = 0
    for round in 1...100 {
      sharing.advance(to: (36_000 + Int64(round) * 360) * second)
      sum += sharing.total.shared
    }
    let expected = (1 - exp(-0.2)) / 0.2
    #expect(abs(Double(sum) / 100 / 36_000 - expected) < 0.02)
    #expect(sharing.copied(VMIndex(0)) > 100_000 && sharing.nextChange != .max)
  }
}

@Suite struct KSMScanTests {
  /// 50,000 pages take 1.2 s: the first pass only notes checksums, in the second pages are shared.
  @Test func sharingNeedsTwoVisits() {
    let vms = [ScannedContent](
      repeating: ScannedContent(common: 25_000, image: 0), count: 2)
    let first = PageSharing.ksm().after(1, vms)
    #expect(first.total.saved == 0 && first.counters.pagesVolatile > 40_000)
    #expect(PageSharing.ksm().after(5, vms).total.saved == 25_000)
  }

  /// A third VM joins after a pass that notes and one that finds.
  @Test func newcomersJoin() {
    let vm = ScannedContent(common: 10_000, image: 0)
    var sharing = PageSharing.ksm().after(10, [vm, vm])
    sharing.set(VMIndex(2), vm, at: 10 * second)
    sharing.advance(to: 20 * second)
    #expect(sharing.saved(3).reduce(0, +) == 20_000 && sharing.counters.pagesShared == 10_000)
  }

  /// What changes all the time is volatile for ever; the rest is found.
  @Test func changingPagesAreVolatile() {
    let vm = ScannedContent(common: 1_000, image: 0, changing: 500)
    let sharing = PageSharing.ksm().after(10, [vm, vm])
    #expect(sharing.total.saved == 1_000 && sharing.counters.pagesVolatile == 1_000)
  }

  /// run 0 keeps what is shared and finds nothing new; run 2 takes it apart; run 1 finds it again.
  @Test func runSwitches() {
    let vm = ScannedContent(zero: 1_000)
    var sharing = PageSharing.ksm().after(10, [vm])
    var request = HostMemoryRequest()
    request.ksmRun = 0
    sharing.request(request, at: 10 * second)
    sharing.set(VMIndex(1), vm, at: 10 * second)
    sharing.advance(to: 20 * second)
    #expect(sharing.saved(2) == [996, 0] && sharing.cpuTimePerSecond == 0)
    request.ksmRun = 2
    sharing.request(request, at: 20 * second)
    sharing.advance(to: 20 * second)
    #expect(sharing.total == SharedPages() && sharing.ksm?.run == false)
    request.ksmRun = 1
    sharing.request(request, at: 20 * second)
    sharing.advance(to: 30 * second)
    #expect(sharing.total.saved == 1_992)
  }

  /// Ten times the pages a wake go ten times as far in the first pass: 100 and 1,000 each 24 ms.
  @Test func pagesToScanSetsThePace() {
    let vm = ScannedContent(own: 10_000_000)
    var sharing = PageSharing.ksm { $0.pagesToScan = 100 }.after(24, [vm])
    #expect((100_000...100_200).contains(sharing.counters.pagesScanned))
    var request = HostMemoryRequest()
    request.ksmPagesToScan = 1_000
    request.ksmSleepMilliseconds = 20
    sharing.request(request, at: 24 * second)
    sharing.advance(to: 48 * second)
    #expect((1_100_000...1_102_000).contains(sharing.counters.pagesScanned))
    #expect(sharing.ksm?.pagesToScan == 1_000)
  }

  /// Own pages are skipped in passes 5, 7, 8, 10…13 and 15…22: 23 passes over 1,000 zero and 9,000 own pages visit
  /// 23 · 1,000 + (23 − 15) · 9,000 = 95,000 pages.
  @Test func smartScanSkips() {
    let vm = ScannedContent(zero: 1_000, own: 9_000, layout: .inOrder)
    var settings = KSMSettings(pagesToScan: 1_000, smartScan: true)
    settings.maxPageSharing = 256
    var sharing = PageSharing(
      SharingFacts(scope: .betweenVMs, scanner: .ksm(settings)), capacity: .megahertz(1_000),
      step: .milliseconds(1))
    sharing.set(VMIndex(0), vm, at: 0)
    var time: Int64 = 0
    while sharing.counters.fullScans < 23 {
      time += second / 1_000
      sharing.advance(to: time)
    }
    #expect((95_000...95_050).contains(sharing.counters.pagesScanned))
    #expect(sharing.total.shared == 1_000)
  }

  /// 1,000,000 pages in 20 s: the advisor comes to some 1,200 pages each 24 ms, and passes of about 20 s.
  @Test func advisorMeetsItsTarget() {
    var sharing = PageSharing.ksm {
      $0.advisorTarget = .seconds(20)
      $0.pagesToScan = 5_000
    }.after(1_000, [ScannedContent(zero: 1_000_000)])
    let before = sharing.counters.fullScans
    sharing.advance(to: 2_000 * second)
    #expect((45...55).contains(sharing.counters.fullScans - before))
  }

  /// At rest the scanner still goes round, and takes CPU at the rate it says.
  @Test func restCostsWhatItSays() {
    let vm = ScannedContent(common: 20_000, image: 0, own: 20_000)
    var sharing = PageSharing.ksm().after(60, [vm, vm])
    #expect(sharing.nextChange == .max)
    let (before, rate) = (sharing.cpuTime, sharing.cpuTimePerSecond)
    sharing.advance(to: 660 * second)
    let spent = Double(sharing.cpuTime - before)
    #expect(abs(spent / Double(600 * rate) - 1) < 0.02)
  }
}
