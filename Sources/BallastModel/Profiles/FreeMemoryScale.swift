import BallastUnits

/// ESXi's minFree, the free memory below which a host begins to reclaim, and the states derived from it.
///
/// Rule      6 % of the first 4 GiB, 4 % of the next 8, 2 % of the next 16, 1 % of the rest.
/// Rounding  minFree down to a whole byte, once for the sum; a threshold up, so that "free < threshold" is decided as
///           with the exact fraction of minFree.
/// Example   96 GiB: 245.76 + 327.68 + 327.68 + 696.32 = 1597.44 MiB.
/// Source    vSphere 6.0 host memory states as described by VMware staff; 6/4/2/1 % and the four lower states of
///           minFree, and their names, go back to Waldspurger, OSDI 2002, §6.3.
public enum FreeMemoryScale {
  /// Memory of one band, and the part of it that counts.
  private static let bands: [(size: Bytes, percent: Int128)] = [
    (.gibibytes(4), 6), (.gibibytes(8), 4), (.gibibytes(16), 2), (Bytes(.max), 1),
  ]

  public static func minFree(memory: Bytes) -> Bytes {
    var left = max(memory, .zero)
    var hundredfold: Int128 = 0
    for band in bands {
      let part = min(left, band.size)
      hundredfold += Int128(part.value) * band.percent
      left -= part
    }
    return Bytes(Int64(hundredfold / 100))
  }

  /// The levels of free memory at which a host acts, as parts of minFree.
  public enum Threshold: String, Sendable, Equatable, CaseIterable {
    /// 400 %: above, nothing is done; below, large pages are broken up. Reclaim aims at it.
    case target
    /// 100 %: below is state clear.
    case clear
    /// 64 %: below is state soft.
    case soft
    /// 32 %: below is state hard.
    case hard
    /// 16 %: below is state low.
    case low

    public var percent: Int64 {
      switch self {
      case .target: 400
      case .clear: 100
      case .soft: 64
      case .hard: 32
      case .low: 16
      }
    }
  }

  /// Free memory less than this is below the threshold.
  public static func threshold(_ threshold: Threshold, minFree: Bytes) -> Bytes {
    let hundredfold = Int128(max(minFree, .zero).value) * Int128(threshold.percent)
    return Bytes(Int64(clamping: (hundredfold + 99) / 100))
  }
}

extension HypervisorProfile {
  /// Host memory beside a VM's own, in bytes.
  public func overhead(vcpus: Int, configured: Bytes) -> Bytes {
    memoryOverhead.overhead(vcpus: vcpus, configured: configured)
  }

  /// What a host with this much memory keeps for itself: admission and placement offer the rest.
  public func hostReserve(memory: Bytes) -> Bytes { hostMemoryReserve.reserve(memory: memory) }

  /// Free memory that reclaim keeps on a host; 0 where the profile has no such scale.
  public func minFree(memory: Bytes) -> Bytes {
    keepsMinFree ? FreeMemoryScale.minFree(memory: memory) : .zero
  }
}
