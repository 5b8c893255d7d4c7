import BallastModel
import BallastUnits

/// Where the memory of one VM is beyond what is mapped, and what it does to the VM: the cold state of the memory model, one
/// record per VM. All amounts are bytes of guest memory.
///
/// Promises  configured = untouched + mapped + balloon + compressed + swapped · none is negative · hot parts are within
///           their wholes · what waits and what is untouched are different names of the same pages until they are backed.
struct GuestReclaim: BitwiseCopyable {
  /// What its curve says it uses.
  var touchedCurve: Int64 = 0

  // What is asked of it.
  var balloonTarget: Int64 = 0
  /// Never taken below, once touched.
  var reservation: Int64 = 0
  /// Backed at most.
  var limit: Int64 = .max
  var toCompress: Int64 = 0
  var toSwap: Int64 = 0
  /// Stopped while more is mapped than this; `Int64.max`: never.
  var blockedAbove: Int64 = .max

  // Where its pages are.
  var balloon: Int64 = 0
  var compressed: Int64 = 0
  var compressedHot: Int64 = 0
  /// Room that the compressed pages take.
  var compressedSize: Int64 = 0
  var swapped: Int64 = 0
  var swappedHot: Int64 = 0
  /// Touched and not backed yet.
  var waiting: Int64 = 0
  /// In the guest's own swap, and the part of it that is in use.
  var guestPaged: Int64 = 0
  var guestPagedHot: Int64 = 0
  /// Guest memory that is backed by small pages: all of it, or what of the large pages was broken up.
  var small: Int64 = 0
  /// The part of mapped that shared pages back, and what of that is saved.
  var saved: Int64 = 0
  var shared: Int64 = 0
  /// What the scanner was told last.
  var offered: Int64 = -1
  var offeredActive: Int64 = -1
  /// What the guest keeps in its memory now; the rest it has dropped or paged out.
  var resident: Int64 = 0
  /// Overhead that is not backed yet.
  var overheadWaiting: Int64 = 0

  /// What the guest uses now, and the part of it that it uses actively.
  var used: Int64 = 0
  var active: Int64 = 0

  /// Parts of the time that its vCPUs want to run and wait for memory, ppm.
  var slowdown: Int64 = 0
  /// From the next tick on; scratch.
  var nextSlowdown: Int64 = 0
  /// CPU work lost to that in the present sample, kHz·ns, and what the guest would have asked for.
  var activity = MemoryActivity()
  /// Written by the guest to its own swap since the last observation, bytes.
  var guestSwapOut: Int64 = 0
  /// Copies on write that were charged so far, pages.
  var copied: Int64 = 0

  /// The balloon has not moved towards a larger target for so long, ns.
  var stuckFor: Int64 = 0
  var isWaitingTold = false
  var isStuckTold = false
  /// What the balloon held when it was last told to be stuck; −1: it has moved since.
  var stuckAt: Int64 = -1
  var isBallooningTold = false
  var isDead = false
  /// More is mapped than it may hold while the host is short.
  var isBlocked = false
  /// More is consumed than its limit, and less from tick to tick.
  var isShrinking = false

  /// Bytes that moved between the host and its swap device in the present tick.
  var readNow: Int64 = 0
  var writtenNow: Int64 = 0
  /// Time its vCPUs waited in the present tick, ns, over all of them.
  var stall: Int64 = 0

  /// All pages the guest has touched and not given back.
  func held(_ mapped: Int64) -> Int64 { mapped + compressed + swapped }
  func untouched(_ mapped: Int64, of configured: Int64) -> Int64 {
    configured - balloon - held(mapped)
  }

  /// Something of it is not where it would be on an empty host.
  var hasReclaimed: Bool {
    balloon > 0 || compressed > 0 || swapped > 0 || shared > 0 || waiting > 0 || guestPaged > 0
  }

  mutating func beginTick() {
    readNow = 0
    writtenNow = 0
    stall = 0
  }

  /// Something of this VM moves by itself, or costs it time: there must be another tick.
  func isRestless(_ guest: Guest, _ traits: GuestTraits, at time: Int64) -> Bool {
    if isDead { return false }
    if waiting > 0 || overheadWaiting > 0 || slowdown > 0 || toCompress > 0 || toSwap > 0 {
      return true
    }
    if isShrinking { return true }
    if swappedHot > 0 || compressedHot > 0 || guestPagedHot > 0 { return true }
    if time - guest.onSince < traits.bootRamp { return true }
    let target = min(max(0, balloonTarget), traits.balloonMax)
    if target != balloon && traits.isDriverPresent && !isStuckTold { return true }
    return traits.reportsFreePages && held(guest.memory.mapped) > resident
  }

  // MARK: Moving pages

  /// Part of an amount that is in active use, if victims are drawn at random from `whole` of which `hot` is.
  @inline(__always)
  static func hotPart(of amount: Int64, hot: Int64, whole: Int64) -> Int64 {
    whole <= 0 ? 0 : min(amount, scaled(amount, by: min(hot, whole), over: whole))
  }

  /// The active part of what is mapped.
  func mappedHot(_ mapped: Int64) -> Int64 {
    max(0, min(mapped, active - compressedHot - swappedHot - guestPagedHot))
  }

  /// Gives back pages that were compressed; they go where the caller books them.
  mutating func takeCompressed(_ amount: Int64, hot: Int64) {
    let room = compressed == 0 ? 0 : scaled(compressedSize, by: amount, over: compressed)
    compressedSize = amount == compressed ? 0 : compressedSize - room
    compressed -= amount
    compressedHot = min(max(0, compressedHot - hot), compressed)
  }

  mutating func takeSwapped(_ amount: Int64, hot: Int64) {
    swapped -= amount
    swappedHot = min(max(0, swappedHot - hot), swapped)
  }

  /// Another active set: what lies compressed or swapped out becomes active, or stops to be, in proportion.
  mutating func setActive(_ bytes: Int64, used newUsed: Int64, mapped: Int64) {
    let old = active
    active = bytes
    used = newUsed
    guard swapped > 0 || compressed > 0 else { return }
    if bytes < old {
      swappedHot = old == 0 ? 0 : scaled(swappedHot, by: bytes, over: old)
      compressedHot = old == 0 ? 0 : scaled(compressedHot, by: bytes, over: old)
    } else {
      // The new part comes from what was touched and idle.
      let idle = max(1, held(mapped) - old)
      let more = min(bytes - old, idle)
      swappedHot += scaled(swapped - swappedHot, by: more, over: idle)
      compressedHot += scaled(compressed - compressedHot, by: more, over: idle)
    }
  }
}
