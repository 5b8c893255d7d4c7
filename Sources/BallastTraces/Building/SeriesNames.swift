import Glibc

/// Names by number, and numbers by name, for millions of names without an object for each.
///
/// The bytes lie end to end; a table of open addressing finds them. The hash decides only where to look,
/// never an order.
struct SeriesNames {
  private var bytes: [UInt8] = []
  private var ends: [Int] = []
  /// Number + 1, or 0 for an empty slot; a power of two in size, at most half full.
  private var slots = [UInt32](repeating: 0, count: 1 << 10)

  var count: Int { ends.count }

  /// The number of a name, given out in order of first appearance.
  mutating func number(of name: UnsafeRawBufferPointer) -> (number: Int, isNew: Bool) {
    let slot = slot(of: name)
    if slots[slot] != 0 { return (Int(slots[slot]) - 1, false) }
    bytes.append(contentsOf: name)
    ends.append(bytes.count)
    slots[slot] = UInt32(ends.count)
    if ends.count * 2 > slots.count { grow() }
    return (ends.count - 1, true)
  }

  func existing(_ name: UnsafeRawBufferPointer) -> Int? {
    let number = slots[slot(of: name)]
    return number == 0 ? nil : Int(number) - 1
  }

  func withName<Result>(_ number: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    let start = number == 0 ? 0 : ends[number - 1]
    return bytes.withUnsafeBytes { all in
      body(UnsafeRawBufferPointer(rebasing: all[start..<ends[number]]))
    }
  }

  /// All numbers, byte-wise by name.
  func sorted() -> [Int] {
    bytes.withUnsafeBytes { all in
      (0..<count).sorted { a, b in
        let aStart = a == 0 ? 0 : ends[a - 1]
        let bStart = b == 0 ? 0 : ends[b - 1]
        let aCount = ends[a] - aStart
        let bCount = ends[b] - bStart
        let shared = min(aCount, bCount)
        let order =
          shared == 0
          ? 0 : memcmp(all.baseAddress! + aStart, all.baseAddress! + bStart, shared)
        return order != 0 ? order < 0 : aCount < bCount
      }
    }
  }

  /// Where a name is, or where it would go.
  private func slot(of name: UnsafeRawBufferPointer) -> Int {
    // FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in name { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: hash ^ hash >> 32) & mask
    while slots[slot] != 0 {
      let isSame = withName(Int(slots[slot]) - 1) { known -> Bool in
        known.count == name.count
          && (name.isEmpty || memcmp(known.baseAddress!, name.baseAddress!, name.count) == 0)
      }
      if isSame { break }
      slot = (slot + 1) & mask
    }
    return slot
  }

  private mutating func grow() {
    slots = [UInt32](repeating: 0, count: slots.count * 2)
    for number in 0..<count {
      let free = withName(number) { name -> Int in slot(of: name) }
      slots[free] = UInt32(number + 1)
    }
  }
}
