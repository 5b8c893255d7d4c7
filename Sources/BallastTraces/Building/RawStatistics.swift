/// Counts, sums and quantiles of a column as the source has it: before clipping, repeated rows included.
///
/// A counter for each value below 419.4304 % (2^22 ppm), in pages that exist once a value falls into them,
/// and a dictionary for the few above: exact, and a few MiB for a trace of any length. Values of other
/// units have no quantiles here.
struct RawCounter {
  private static let pageSize = 4096
  private static let pageCount = 1024
  private var pages = [[Int64]](repeating: [], count: pageCount)
  private var above: [UInt32: Int64] = [:]
  private let hasQuantiles: Bool
  private(set) var count: Int64 = 0
  private var sum: UInt64 = 0
  private var squares: UInt128 = 0
  private var max: UInt32 = 0

  init(hasQuantiles: Bool) { self.hasQuantiles = hasQuantiles }

  mutating func add(_ value: UInt32) {
    count &+= 1
    sum &+= UInt64(value)
    squares &+= UInt128(UInt64(value) &* UInt64(value))
    if value > max { max = value }
    guard hasQuantiles else { return }
    let page = Int(value) / RawCounter.pageSize
    guard page < RawCounter.pageCount else {
      above[value, default: 0] += 1
      return
    }
    if pages[page].isEmpty { pages[page] = [Int64](repeating: 0, count: RawCounter.pageSize) }
    pages[page][Int(value) % RawCounter.pageSize] &+= 1
  }

  func distribution() -> Distribution {
    var result = Distribution(count: count, sum: sum, squares: squares, max: max)
    guard hasQuantiles, count > 0 else { return result }
    var values: [(value: UInt32, count: Int64)] = []
    for page in pages.indices where !pages[page].isEmpty {
      for offset in 0..<RawCounter.pageSize where pages[page][offset] > 0 {
        values.append((UInt32(page * RawCounter.pageSize + offset), pages[page][offset]))
      }
    }
    for value in above.keys.sorted() { values.append((value, above[value]!)) }
    result.setQuantiles { rank in
      var passed: Int64 = 0
      for (value, count) in values {
        passed += count
        if passed > rank { return value }
      }
      return max
    }
    return result
  }
}
