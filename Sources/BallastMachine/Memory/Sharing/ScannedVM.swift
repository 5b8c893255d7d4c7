import BallastModel
import BallastUnits

/// One VM in the eyes of the scanner.
struct ScannedVM: Sendable {
  /// Classes in the order in which `ScannedContent.Layout.inOrder` lays them out.
  static let (zero, common, duplicate, own, changing) = (0, 1, 2, 3, 4)
  static let classCount = 5
  /// The classes of which pages can be shared come first.
  static let shareableCount = 3

  let vm: VMIndex
  var content: ScannedContent
  var classes = InlineArray<5, ClassPages>(repeating: ClassPages())
  /// Visits of the pages that found no equal, as smart scan counts them, and passes in which they are still skipped.
  var age: Int64 = 0
  var skipsLeft: Int64 = 0
  var isSkipping = false
  /// Shared pages copied on write, 2⁻²⁰ pages.
  var copied: Int64 = 0
  var result = SharedPages()
  /// Equals of its common pages, as last counted: the part of them that a shared page has, the part that waits in some
  /// VM, 2⁻²⁰; and how many of its own are shared, pages.
  var partners: (stable: Int64, waiting: Int64, shared: Int64) = (0, 0, 0)

  init(_ vm: VMIndex) {
    self.vm = vm
    content = ScannedContent()
  }

  /// Takes over what the VM holds now.
  mutating func update(_ content: ScannedContent) {
    if content.image != self.content.image { classes[Self.common].forget() }
    self.content = content
    classes[Self.zero].resize(to: content.zero)
    classes[Self.common].resize(to: content.common)
    classes[Self.duplicate].resize(to: content.duplicate)
    classes[Self.own].resize(to: content.own)
    classes[Self.changing].resize(to: content.changing)
  }

  /// Pages of a class that are known, rounded down.
  func known(_ kind: Int) -> Int64 { classes[kind].known / ClassPages.page }

  var shareable: Int64 { content.zero + content.common + content.duplicate }

  /// Visits pages of a class with Linux' scanner, `count` of the `left` ahead in all that is scanned together.
  mutating func visit(_ count: Int64, of left: Int64, _ kind: Int) {
    let visit: ClassPages.Visit =
      kind == Self.changing ? .changing : skips(kind) ? .skip : .checksum
    classes[kind].visit(count, of: left, visit)
  }

  /// Smart scan passes over the pages of this class that it has visited before.
  func skips(_ kind: Int) -> Bool { isSkipping && kind >= Self.own }

  /// How many they are of those ahead, 2⁻²⁰ pages.
  func skippedAhead(_ kind: Int) -> Int64 {
    guard skips(kind) else { return 0 }
    return classes[kind].ahead.sum - classes[kind].ahead.new
  }

  /// Whether this pass skips what has found no equal so far.
  ///
  /// Rule    after 3 visits: 1 pass is skipped, at the ages 4 and 5: 2, from 6 to 8: 4, then 8; a pass that is skipped
  ///         makes pages older, too. So passes 5, 7, 8, 10…13, 15…22, … are skipped.
  /// Source  mm/ksm.c; the first skips agree with the measured run.
  /// Limits  a VM's pages have one age. Pages of an image with no equal so far are not skipped.
  mutating func decideSkipping(_ isSmart: Bool) {
    isSkipping = false
    guard isSmart else { return }
    let age = age
    self.age += 1
    guard age >= 3 else { return }
    if skipsLeft > 0 {
      skipsLeft -= 1
      isSkipping = true
    } else {
      skipsLeft = age <= 3 ? 1 : age <= 5 ? 2 : age <= 8 ? 4 : 8
    }
  }

  mutating func beginPass() {
    for kind in 0..<Self.classCount { classes[kind].beginPass() }
  }

  mutating func forget() {
    for kind in 0..<Self.classCount { classes[kind].forget() }
    (age, skipsLeft, isSkipping) = (0, 0, false)
  }

  /// The guest writes to `count` (2⁻²⁰ pages) of the pages that could be shared.
  mutating func write(_ count: Int64) {
    let all = shareable * ClassPages.page
    guard all > 0, count > 0 else { return }
    var known: Int64 = 0
    for kind in 0..<Self.shareableCount { known += classes[kind].known }
    var hit: Int64 = 0
    for kind in 0..<Self.shareableCount { hit += classes[kind].write(min(count, all), of: all) }
    guard known > 0 else { return }
    copied += scaled(hit, by: min(result.shared * ClassPages.page, known), over: known)
  }

  var hasKnown: Bool {
    for kind in 0..<Self.shareableCount where classes[kind].known > 0 { return true }
    return false
  }

  /// There are pages that scanning would get to know.
  var hasUnknown: Bool {
    for kind in 0..<Self.shareableCount
    where classes[kind].known < classes[kind].sum { return true }
    return false
  }
}
