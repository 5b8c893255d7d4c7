/// Exact statistics of a column that may be larger than memory.
///
/// Cost      a walk over the column counts by the upper 16 bits, which tells in which 65,536 values each
///           quantile lies; one more walk for each of those stretches, five or fewer, counts the lower
///           16 bits there. A few MiB whatever the length.
struct ColumnStatistics {
  /// `parts` are the stretches that belong to the column.
  static func distribution(_ parts: [UnsafeBufferPointer<UInt32>]) -> Distribution {
    var upper = [Int64](repeating: 0, count: 1 << 16)
    var count: Int64 = 0
    var sum: UInt64 = 0
    var squares: UInt128 = 0
    var largest: UInt32 = 0
    upper.withUnsafeMutableBufferPointer { upper in
      for part in parts {
        count += Int64(part.count)
        for value in part {
          sum &+= UInt64(value)
          squares &+= UInt128(UInt64(value) &* UInt64(value))
          if value > largest { largest = value }
          upper[Int(value >> 16)] &+= 1
        }
      }
    }
    var result = Distribution(count: count, sum: sum, squares: squares, max: largest)
    if count == 0 { return result }

    /// The stretch of 65,536 values that holds a rank, and how many values lie before it.
    func stretch(of rank: Int64) -> (index: Int, before: Int64) {
      var before: Int64 = 0
      for index in upper.indices {
        if before + upper[index] > rank { return (index, before) }
        before += upper[index]
      }
      preconditionFailure("a rank beyond the count of values")
    }
    // The first walk of the quantiles only notes which stretches they need.
    var wanted: Set<Int> = []
    result.setQuantiles { rank in
      wanted.insert(stretch(of: rank).index)
      return 0
    }
    var lower: [Int: [Int64]] = [:]
    for index in wanted { lower[index] = countLower(parts, stretch: UInt32(index)) }
    result.setQuantiles { rank in
      let (index, before) = stretch(of: rank)
      var passed = before
      for (offset, count) in lower[index]!.enumerated() {
        passed += count
        if passed > rank { return UInt32(index << 16 | offset) }
      }
      preconditionFailure("a rank beyond the count of values")
    }
    return result
  }

  private static func countLower(
    _ parts: [UnsafeBufferPointer<UInt32>], stretch: UInt32
  ) -> [Int64] {
    var counts = [Int64](repeating: 0, count: 1 << 16)
    counts.withUnsafeMutableBufferPointer { counts in
      for part in parts {
        for value in part where value >> 16 == stretch { counts[Int(value & 0xffff)] &+= 1 }
      }
    }
    return counts
  }
}
