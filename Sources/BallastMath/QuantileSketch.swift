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
    let kept = value &>> droppedBits
    let doubling = 28 &- (kept | 8).leadingZeroBitCount
    return doubling &* 8 &+ Int(kept &>> UInt32(truncatingIfNeeded: doubling))
  }

  /// The values of a bin: `low`, and how many follow it.
  @inlinable
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
    Reading(counts: counts, zeroCount: zeroCount, maximum: maximum).quantile(at: level)
  }

  /// A row made ready for several quantiles; the counters are lent.
  public struct Reading<Count: UnsignedInteger & FixedWidthInteger> {
    @usableFromInline let counts: UnsafePointer<Count>
    @usableFromInline let zerosBeside: Int64
    @usableFromInline let zeroCount: Int64
    @usableFromInline let maximum: Int64
    @usableFromInline let total: Int64

    /// - Parameters:
    ///   - zeroCount: how many samples counted in the lowest bin were exactly 0.
    ///   - zerosBeside: samples that were exactly 0 and are not counted in the row.
    @inlinable
    public init(
      counts: UnsafePointer<Count>, zeroCount: Int64 = 0, zerosBeside: Int64 = 0, maximum: UInt16
    ) {
      precondition(
        zeroCount >= 0 && zeroCount <= Int64(counts[0]), "more zeros than samples in the lowest bin"
      )
      self.counts = counts
      self.zerosBeside = zerosBeside
      self.zeroCount = zeroCount + zerosBeside
      self.maximum = Int64(maximum)
      var total = zerosBeside
      for bin in 0..<binCount { total += Int64(counts[bin]) }
      self.total = total
    }

    /// See `QuantileSketch.quantile`.
    @inlinable
    public func quantile(at level: QuantileLevel) -> UInt16? {
      guard total > 0 else { return nil }
      // At most 2^32 samples and a denominator of thousands: 64 bits are enough.
      let (rank, rest) = ((total - 1) * level.numerator)
        .quotientAndRemainder(dividingBy: level.denominator)
      let low = sample(rank)
      let high = rest == 0 ? low : sample(rank + 1)
      let whole = level.denominator
      return UInt16((low * (whole - rest) + high * rest + (whole << 15)) / (whole << 16))
    }

    /// The sample of a rank, counted from 0, in units of 2^-16.
    @inlinable
    func sample(_ rank: Int64) -> Int64 {
      if rank < zeroCount { return 0 }
      if rank == total - 1 { return maximum << 16 }
      // The zeros are known; what else the lowest bin holds lies at 1…15.
      var place = rank - zeroCount
      var bin = 0
      var count = Int64(counts[0]) + zerosBeside - zeroCount
      while place >= count {
        place -= count
        bin += 1
        count = Int64(counts[bin])
      }
      var (low, span) = range(ofBin: bin)
      if bin == 0 && zeroCount > 0 { (low, span) = (1, span - 1) }
      return min((low << 16) + (span << 16) * (2 * place + 1) / (2 * count), maximum << 16)
    }
  }
}
