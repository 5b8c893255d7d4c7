import BallastKernel
import BallastUnits

/// How a hypervisor learns which part of a guest's memory is in use: it draws pages at random, takes their mappings
/// away, and sees which ones the guest touches again.
///
/// Rule      so many draws per time, each with replacement from the mapped pages; a page is touched if it is active. So
///           the touched of n are binomial with p = active / mapped.
/// Rounding  draws are due in whole ones; the rest of the time waits for the next observation.
/// Source    Waldspurger, OSDI 2002, §5.3: 100 pages per period; the period is 60 s since ESX 4.0.
struct WorkingSetSampler {
  private static let pagesPerPeriod: Int64 = 100
  private static let period = SimDuration.seconds(60)
  private static let pageSize: Int64 = 4_096

  private var stream: RandomStream
  /// Time that has not brought a draw yet, ns.
  private var carried: Int64 = 0

  init(_ stream: RandomStream) { self.stream = stream }

  /// The draws of one observation.
  mutating func sample(
    active: Int64, mapped: Int64, over interval: Int64
  ) -> (drawn: Int64, touched: Int64) {
    let perPage = Self.period.value / Self.pagesPerPeriod
    carried += max(0, interval)
    let drawn = carried / perPage
    carried -= drawn * perPage
    let pages = mapped / Self.pageSize
    guard pages > 0 else { return (0, 0) }
    let activePages = min(active / Self.pageSize, pages)
    var touched: Int64 = 0
    for _ in 0..<drawn where Int64(stream.next(below: UInt64(pages))) < activePages {
      touched += 1
    }
    return (drawn, touched)
  }
}
