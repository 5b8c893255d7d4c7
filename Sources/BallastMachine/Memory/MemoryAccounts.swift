import BallastModel
import BallastUnits

/// Where one VM's memory is, bytes.
///
/// Promises  configured = untouched + mapped + balloon + compressed + swapped · consumed = mapped − saved + compressedSize.
public struct VMMemory: Equatable, Sendable {
  public var configured: Int64 = 0
  /// Never touched by the guest, or given back for good.
  public var untouched: Int64 = 0
  /// Backed by the host's memory, equal pages by one page together.
  public var mapped: Int64 = 0
  /// In the guest, in active use, wherever the host keeps it.
  public var active: Int64 = 0
  public var balloon: Int64 = 0
  /// What the balloon has been asked to hold.
  public var balloonTarget: Int64 = 0
  public var compressed: Int64 = 0
  /// Room that the compressed pages take.
  public var compressedSize: Int64 = 0
  public var swapped: Int64 = 0
  /// The part of mapped that is backed by shared pages, and its part of what sharing saves.
  public var shared: Int64 = 0
  public var saved: Int64 = 0
  /// Touched by the guest and not backed yet, as the host has none left: the guest waits for it.
  public var waiting: Int64 = 0
  /// In the guest's own swap.
  public var guestPaged: Int64 = 0
  /// Host memory beside the guest's; never reclaimed.
  public var overhead: Int64 = 0

  /// Host memory that backs the guest, without overhead.
  public var consumed: Int64 { mapped - saved + compressedSize }

  public init() {}
}

/// Where a host's memory is, bytes.
///
/// Promises  capacity = free + consumed + overhead + reserved.
public struct HostMemory: Equatable, Sendable {
  public var capacity: Int64 = 0
  /// What the host keeps for itself: hypervisor, management domain.
  public var reserved: Int64 = 0
  /// Σ of the VMs' overhead.
  public var overhead: Int64 = 0
  /// Σ of what backs the VMs, copies of VMs on their way here included.
  public var consumed: Int64 = 0
  public var shared: Int64 = 0
  /// What page sharing saves, and by which pages: zeros, one image, twice in one VM.
  public var saved: Int64 = 0
  public var savedZero: Int64 = 0
  public var savedCommon: Int64 = 0
  public var savedDuplicate: Int64 = 0
  public var balloon: Int64 = 0
  public var compressed: Int64 = 0
  public var compressedSize: Int64 = 0
  public var swapped: Int64 = 0
  public var waiting: Int64 = 0

  public var free: Int64 { capacity - reserved - overhead - consumed }

  public init() {}
}

/// What a VM did with its memory in one sample.
public struct MemoryActivity: Equatable, Sendable, BitwiseCopyable {
  /// Bytes.
  public var swapIn: Int64 = 0
  public var swapOut: Int64 = 0
  /// CPU work the guest would have asked for, and the part of it that it could not, for its vCPUs waited for memory;
  /// kHz·ns.
  public var wished: Int128 = 0
  public var lost: Int128 = 0

  public init() {}

  public static func += (sum: inout MemoryActivity, more: MemoryActivity) {
    sum.swapIn += more.swapIn
    sum.swapOut += more.swapOut
    sum.wished += more.wished
    sum.lost += more.lost
  }
}
