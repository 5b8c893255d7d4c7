import BallastModel
import BallastUnits

/// What a machine needs to know to model memory.
public struct MemorySetup: Sendable {
  public var facts: MemoryFacts
  /// Time between two looks at memory on the move, ns.
  public var tick: Int64
  /// Time between two looks at what the scanner for equal pages has found, ns.
  public var scan: Int64
  /// Free memory of each host below which a manager has something to decide; `Int64.max`: always.
  public var alarms: [Int64]
  /// What the guest pages out and the host has swapped out is read back first.
  public var doublePaging: Bool
  /// Of each VM: part of its pages that compress, and the part of its size that such a page keeps.
  public var compressible: [(pages: PartsPerMillion, kept: PartsPerMillion)]

  public init(
    facts: MemoryFacts, tick: SimDuration, scan: SimDuration, alarms: [Bytes],
    doublePaging: Bool = false,
    compressible: [(pages: PartsPerMillion, kept: PartsPerMillion)]
  ) {
    self.facts = facts
    self.tick = max(1, tick.value)
    self.scan = max(1, scan.value)
    self.alarms = alarms.map(\.value)
    self.doublePaging = doublePaging
    self.compressible = compressible
  }
}

/// What one guest's memory is like, ready for arithmetic.
struct GuestTraits: BitwiseCopyable {
  var overhead: Int64
  var isDriverPresent: Bool
  /// Bytes per second.
  var balloonRate: Int64
  /// The most its balloon may hold: by setting, and by what the guest gives up.
  var balloonMax: Int64
  var deflatesOnOOM: Bool
  var reportsFreePages: Bool
  var hasSwap: Bool
  var swapSize: Int64
  /// ns per page
  var swapLatency: Int64
  var pageCache: Int64
  var rewrittenPerSecond: Int64
  var bootRamp: Int64
  var startup: Int64
  var compressible: Int64
  var compressedTo: Int64
  var zero: Int64
  var common: Int64
  var duplicate: Int64
  /// −1: none.
  var image: Int32

  init(
    _ spec: GuestSpec, _ setup: MemorySetup, image: Int32,
    compressible: (pages: PartsPerMillion, kept: PartsPerMillion)
  ) {
    let memory = spec.memorySpec
    let configured = spec.memory
    overhead = spec.memoryOverhead.value
    isDriverPresent = memory.balloon.isPresent
    balloonRate = max(1, (memory.balloon.rate ?? setup.facts.balloon.rate).value)
    let most = (memory.balloon.max ?? setup.facts.balloon.max).of(configured).value
    balloonMax = min(most, memory.balloon.resistsBeyond?.of(configured).value ?? most)
    deflatesOnOOM = memory.balloon.deflatesOnOOM
    reportsFreePages = memory.balloon.reportsFreePages
    hasSwap = memory.swap.kind != .none
    swapSize = memory.swap.size?.value ?? .max
    swapLatency = memory.swap.latency.value
    pageCache = memory.pageCache.value
    rewrittenPerSecond = memory.rewrittenPerSecond.value
    bootRamp = memory.bootRamp.value
    startup = min(memory.startup?.value ?? configured.value, configured.value)
    self.compressible = compressible.pages.value
    compressedTo = min(compressible.kept.value, 1_000_000)
    zero = memory.content.zero.value
    common = memory.content.common.value
    duplicate = memory.content.duplicate.value
    self.image = image
  }
}
