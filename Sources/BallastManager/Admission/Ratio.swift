/// A fraction of 0 or more, compared exactly. 0 / 0 is 0; more than 0 of 0 is larger than any other.
struct Ratio: Comparable {
  let part: Int64
  let whole: Int64

  init(part: Int64, whole: Int64) {
    self.part = max(part, 0)
    self.whole = whole <= 0 && part <= 0 ? 1 : max(whole, 0)
  }

  static func < (a: Ratio, b: Ratio) -> Bool {
    if a.whole == 0 || b.whole == 0 { return b.whole == 0 && a.whole > 0 }
    return Int128(a.part) * Int128(b.whole) < Int128(b.part) * Int128(a.whole)
  }
  static func == (a: Ratio, b: Ratio) -> Bool { !(a < b) && !(b < a) }
}
