import BallastUnits

/// What a guest's memory is like, beside its size and its curves: contents, balloon driver, own swap.
public struct GuestMemorySpec: Sendable, Equatable {
  /// VMs with one image hold equal pages; nil: with nobody.
  public var image: String?
  public var content: PageContent
  public var balloon: BalloonDriverSpec
  /// The guest's own swap; kind `none`: it has none.
  public var swap: SwapDeviceSpec
  /// Part of the memory in use beyond the active part that the guest can drop without writing it (clean page cache).
  public var pageCache: PartsPerMillion
  /// Part of its active memory that the guest rewrites per second.
  public var rewrittenPerSecond: PartsPerMillion
  /// From power-on until the guest has touched all that its curve says; zero: at once.
  public var bootRamp: SimDuration
  /// What the guest has at power-on; its balloon holds the rest. Nil: all it is configured with.
  public var startup: Bytes?

  public init(
    image: String? = nil, content: PageContent = PageContent(),
    balloon: BalloonDriverSpec = BalloonDriverSpec(), swap: SwapDeviceSpec = .usual(.ssd),
    pageCache: PartsPerMillion = .zero, rewrittenPerSecond: PartsPerMillion = .percent(2),
    bootRamp: SimDuration = .zero, startup: Bytes? = nil
  ) {
    self.image = image
    self.content = content
    self.balloon = balloon
    self.swap = swap
    self.pageCache = pageCache
    self.rewrittenPerSecond = rewrittenPerSecond
    self.bootRamp = bootRamp
    self.startup = startup
  }
}

/// What a guest's touched pages hold, as parts of them; the rest is found nowhere else.
///
/// Source  defaults: most sharing is zero pages and inside one VM (a study of 2012: less than 15 % without zero pages, 90 %
///         of it inside one VM); the three numbers are assumptions of ours.
public struct PageContent: Sendable, Equatable {
  /// Pages of zeros.
  public var zero: PartsPerMillion
  /// Equal to pages of other VMs with the same image; without an image they count as the VM's own.
  public var common: PartsPerMillion
  /// Equal to another page of the same VM, in pairs.
  public var duplicate: PartsPerMillion
  public init(
    zero: PartsPerMillion = .percent(5), common: PartsPerMillion = .percent(8),
    duplicate: PartsPerMillion = .percent(3)
  ) {
    self.zero = zero
    self.common = common
    self.duplicate = duplicate
  }
}

/// How a guest answers its balloon.
public struct BalloonDriverSpec: Sendable, Equatable {
  /// False: no driver; targets are accepted and nothing moves.
  public var isPresent: Bool
  /// Bytes per second; nil: the profile's.
  public var rate: Bytes?
  /// Part of configured memory it may take at most; nil: the profile's.
  public var max: PartsPerMillion?
  /// The guest gives up no more than this part of its configured memory, whatever is asked; nil: all it can.
  public var resistsBeyond: PartsPerMillion?
  /// The balloon gives pages back when the guest would run out of memory.
  public var deflatesOnOOM: Bool
  /// The guest tells which pages are free, and the host takes them without a target.
  public var reportsFreePages: Bool
  public init(
    isPresent: Bool = true, rate: Bytes? = nil, max: PartsPerMillion? = nil,
    resistsBeyond: PartsPerMillion? = nil, deflatesOnOOM: Bool = false,
    reportsFreePages: Bool = false
  ) {
    self.isPresent = isPresent
    self.rate = rate
    self.max = max
    self.resistsBeyond = resistsBeyond
    self.deflatesOnOOM = deflatesOnOOM
    self.reportsFreePages = reportsFreePages
  }
}
