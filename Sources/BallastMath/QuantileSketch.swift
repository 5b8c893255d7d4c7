/// Percentiles from 80 counters instead of every sample, for runs that record summaries.
///
/// Domain    values 0…65,535, fractions of a full scale the caller chooses.
/// Bins      eight of width 16 up to 128, then eight equal bins for each doubling.
/// Accuracy  a sample is known to less than max(16, value / 8); so an answer q is off by less than
///           16 + q/8, and exact for a value of 0 or the largest. Percentiles of a smooth load are
///           usually ten times closer, since positions inside a bin are interpolated.
/// Storage   rows of `binCount` counters, owned by the caller: one flat allocation serves all VMs.
///           A `UInt16` row (160 bytes) is good for 65,535 samples, a `UInt32` row for 4 billion;
///           a counter that overflows traps.
///
/// Everything is integer arithmetic, so the answers can go into result files.
public enum QuantileSketch {
  public static let binCount = 80

  /// Doublings begin at 2^7, sub-bins are 2^3 to a doubling: the four lowest bits are dropped.
  @usableFromInline static var droppedBits: UInt32 { @inlinable get { 4 } }

  /// The bin that holds `value`, 0…65,535; free of branches.
  @inlinable
  public static func bin(of value: UInt32) -> Int {
    let kept = value >> droppedBits
    let doubling = 28 - (kept | 8).leadingZeroBitCount
    return doubling &* 8 &+ Int(kept >> UInt32(truncatingIfNeeded: doubling))
  }

  /// The values of a bin: `low`, and how many follow it.
  static func range(ofBin bin: Int) -> (low: Int64, span: Int64) {
    let doubling = max(bin / 8 - 1, 0)
    let width = Int64(1) << (Int64(droppedBits) + Int64(doubling))
    return (Int64(bin - 8 * doubling) * width, width - 1)
  }

  /// Counts one sample in its row.
  @inlinable
  public static func add<Count: UnsignedInteger & FixedWidthInteger>(
    _ value: UInt16, to counts: UnsafeMutablePointer<Count>
  ) {
    counts[bin(of: UInt32(value))] += 1
  }

  /// The quantile at rank p · (n − 1) of the samples in a row, linear between ranks, rounded to
  /// nearest; nil without samples.
  ///
  /// Samples of one bin are taken as spread evenly over it, each in the middle of its share.
  /// - Parameters:
  ///   - counts: a row of `binCount` counters.
  ///   - zeroCount: how many samples of the lowest bin were exactly 0.
  ///   - maximum: the largest sample; no answer exceeds it.
  @inlinable
  public static func quantile<Count: UnsignedInteger & FixedWidthInteger>(
    counts: UnsafePointer<Count>, zeroCount: Int64, maximum: UInt16, at level: QuantileLevel
  ) -> UInt16? {
    // Widened here, where the counter's type is known; generic code elsewhere is far slower.
    let row = InlineArray<80, Int64> { Int64(counts[$0]) }
    return quantile(row: row.span, zeroCount: zeroCount, maximum: Int64(maximum), at: level)
  }

  @usableFromInline
  static func quantile(
    row: Span<Int64>, zeroCount: Int64, maximum: Int64, at level: QuantileLevel
  ) -> UInt16? {
    precondition(zeroCount >= 0 && zeroCount <= row[0], "more zeros than samples in the lowest bin")
    var total: Int64 = 0
    for bin in row.indices { total += row[bin] }
    guard total > 0 else { return nil }

    let (whole, rest) = level.rank(among: Int128(total))
    let rank = Int64(whole)
    let low = sample(rank, of: total, in: row, zeroCount: zeroCount, maximum: maximum)
    let high = sample(
      min(rank + 1, total - 1), of: total, in: row, zeroCount: zeroCount, maximum: maximum)
    return UInt16((level.between(low, high, rest: rest) + 0x8000) >> 16)
  }

  /// The sample of a rank, counted from 0, in units of 2^-16.
  private static func sample(
    _ rank: Int64, of total: Int64, in row: Span<Int64>, zeroCount: Int64, maximum: Int64
  ) -> Int64 {
    if rank < zeroCount { return 0 }
    if rank == total - 1 { return maximum << 16 }
    var place = rank
    var bin = 0
    while place >= row[bin] {
      place -= row[bin]
      bin += 1
    }
    var (low, span) = range(ofBin: bin)
    var count = row[bin]
    if bin == 0 && zeroCount > 0 {  // the zeros are known; the others lie at 1…15
      (low, span) = (1, span - 1)
      (place, count) = (place - zeroCount, count - zeroCount)
    }
    return min((low << 16) + (span << 16) * (2 * place + 1) / (2 * count), maximum << 16)
  }
}
