/// What one VM offers to the scanner: pages of 4 KiB that are backed by the host in small pages, by what they hold.
public struct ScannedContent: Equatable, Sendable {
  /// Where the classes lie in a VM's memory.
  public enum Layout: Sendable {
    /// Evenly mixed.
    case mixed
    /// One after the other: zero, common, duplicate, own, changing. So the measured test processes are laid out.
    case inOrder
  }

  /// Pages of zeros.
  public var zero: Int64
  /// Page i equals page i of the other VMs with this image.
  ///
  /// VMs with fewer of them hold the first ones.
  public var common: Int64
  /// Small number of the image; −1: none, and `common` counts as `own`.
  public var image: Int32
  /// Equal to one other page of this VM, in pairs.
  public var duplicate: Int64
  /// Found nowhere else.
  public var own: Int64
  /// Rewritten more often than the scanner comes by: never shared.
  public var changing: Int64
  /// Pages per second of the classes that could be shared (zero, common, duplicate) that the guest writes to, any of
  /// them alike. The scanner finds them again; what a VM holds stays the same on the whole.
  public var rewrittenPerSecond: Int64
  public var layout: Layout

  public init(
    zero: Int64 = 0, common: Int64 = 0, image: Int32 = -1, duplicate: Int64 = 0, own: Int64 = 0,
    changing: Int64 = 0, rewrittenPerSecond: Int64 = 0, layout: Layout = .mixed
  ) {
    self.zero = zero
    self.common = common
    self.image = image
    self.duplicate = duplicate
    self.own = own
    self.changing = changing
    self.rewrittenPerSecond = rewrittenPerSecond
    self.layout = layout
  }

  public var pages: Int64 { zero + common + duplicate + own + changing }
}

/// What sharing does for a VM or a host, pages.
public struct SharedPages: Equatable, Sendable {
  /// Guest pages that are backed by shared pages.
  public var shared: Int64 = 0
  /// Host pages that this spares, by what they hold. A VM saves at most what it shares; a host less, as at least one
  /// copy stays (none of zeros with `use_zero_pages`).
  public var savedZero: Int64 = 0
  public var savedCommon: Int64 = 0
  public var savedDuplicate: Int64 = 0
  public var saved: Int64 { savedZero + savedCommon + savedDuplicate }

  public init() {}

  static func += (sum: inout SharedPages, more: SharedPages) {
    sum.shared += more.shared
    sum.savedZero += more.savedZero
    sum.savedCommon += more.savedCommon
    sum.savedDuplicate += more.savedDuplicate
  }
}

/// What Linux tells under /sys/kernel/mm/ksm, pages.
public struct KSMCounters: Equatable, Sendable {
  /// Shared pages in use.
  public var pagesShared: Int64 = 0
  /// Further mappings of them: what is saved, zero pages of the kernel apart.
  public var pagesSharing: Int64 = 0
  /// Unchanged, and equal to no other so far.
  public var pagesUnshared: Int64 = 0
  /// Changed since the last visit, seen only once, or skipped.
  public var pagesVolatile: Int64 = 0
  /// With `use_zero_pages`: mappings of the kernel's page of zeros.
  public var zeroPages: Int64 = 0
  public var fullScans: Int64 = 0
  public var pagesScanned: Int64 = 0

  public init() {}
}
