import BallastUnits

/// What a host can report about its memory beside capacity and free memory. A reading of −1 was not reported.
public struct HostMemoryReadings: Sendable, Equatable, Codable {
  /// Physical memory, bytes (/proc/meminfo: MemTotal). Not reported: the capacity counts as all there is.
  public var total: Int64 = -1
  /// Bytes the host itself holds: kernel, services, management (all that is neither free, cache nor a VM's).
  public var heldByHost: Int64 = -1
  /// Bytes of buffers and page cache the host can drop at once (Buffers + Cached).
  public var cached: Int64 = -1
  /// Bytes written to the host's swap in the interval (/proc/vmstat: pswpout).
  public var swapOut: Int64 = -1
  /// Bytes read back from it (pswpin).
  public var swapIn: Int64 = -1
  /// Bytes of guest memory that is backed by large pages.
  public var largePages: Int64 = -1
  /// Bytes that scanning could merge at best; on Linux the virtual size of the QEMU processes.
  public var shareable: Int64 = -1
  /// Bytes saved by sharing now (ksm: pages_sharing × page size).
  public var shared: Int64 = -1
  /// The scanner's settings as read back (/sys/kernel/mm/ksm).
  public var ksmRun: Int64 = -1
  public var ksmPagesToScan: Int64 = -1
  public var ksmSleepMilliseconds: Int64 = -1
  /// Full scans so far: progress is counted in these, not in seconds.
  public var ksmFullScans: Int64 = -1

  public init() {}
}

/// Whether a guest answers its balloon. A driver is there when `last_update` moves while a statistics period is set.
public enum BalloonDriver: String, Sendable, Equatable, Codable {
  case notReported, absent, present
}

/// What a host can report about the memory of one VM beside its configured size and what backs it. A reading of −1 was
/// not reported; a VM with the initial values is one of which today's columns are all that is known.
///
/// One value per VM and not a column each: decisions about memory read a whole row, and a row that a backend does not
/// fill is neutral as a whole.
public struct VMMemoryReadings: Sendable, Equatable, Codable {
  public var driver = BalloonDriver.notReported
  /// Bytes the balloon holds (libvirt: balloon.maximum − balloon.current).
  public var balloon: Int64 = -1
  /// Bytes of guest memory in the host's swap.
  public var swapped: Int64 = -1
  /// Bytes of guest memory that are held compressed, before compression.
  public var compressed: Int64 = -1
  /// Bytes the compressed pages occupy: what compression has not saved.
  public var compressedSize: Int64 = -1
  /// Bytes of guest memory that others' pages back: what sharing saves here.
  public var shared: Int64 = -1
  /// Bytes the VM costs beside its guest memory; never reclaimed.
  public var overhead: Int64 = -1

  /// Told by the guest, bytes: free (libvirt: balloon.unused).
  public var guestUnused: Int64 = -1
  /// Usable without swapping: free and droppable caches (balloon.usable, the guest's MemAvailable).
  public var guestAvailable: Int64 = -1
  /// Promised to the guest's processes (Hyper-V: committed memory; Committed_AS of a Linux guest).
  public var guestCommitted: Int64 = -1
  /// Bytes the guest wrote to its own swap in the interval (balloon.swap_out).
  public var guestSwapOut: Int64 = -1
  /// Nanoseconds since the guest last told (balloon.last_update). Stale values repeat, so this must be looked at.
  public var statisticsAge: Int64 = -1

  /// Guest pages drawn at random in the interval, and how many of them were touched meanwhile. None drawn: 0.
  public var sampledPages: Int64 = 0
  public var touchedPages: Int64 = 0

  /// Just now migrating, starting or stopping: nobody's memory to take.
  public var isInTransition = false

  public init() {}
}

extension VMMemoryReadings {
  /// Something of its memory is not where it would be on an empty host.
  public var hasReclaimed: Bool { balloon > 0 || swapped > 0 || compressed > 0 }

  /// Standard error of the active fraction t/n, √(f (1 − f) / n): what a difference between two readings must exceed to
  /// mean anything. Nil without a sample that makes sense. It describes; nothing is decided by it.
  public var sampledFractionError: Double? {
    guard sampledPages > 0, (0...sampledPages).contains(touchedPages) else { return nil }
    let fraction = Double(touchedPages) / Double(sampledPages)
    return (fraction * (1 - fraction) / Double(sampledPages)).squareRoot()
  }
}
