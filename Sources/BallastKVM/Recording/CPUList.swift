/// A list of CPU numbers as Linux and libvirt write it: "0-3,8".
public struct CPUList: Sendable, Equatable {
  /// Ascending, each once.
  public private(set) var numbers: [Int] = []

  /// Beyond this a number is a mistake: Linux is built for at most 8,192 CPUs.
  private static let numberMax = 8_191

  /// nil where the text is something else. The empty text is the empty list.
  public init?(_ text: String) {
    var found: [Int] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) where !text.isEmpty {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false)
      guard ends.count <= 2, let first = Int(ends[0]), let last = Int(ends[ends.count - 1]),
        0 <= first, first <= last, last <= Self.numberMax
      else { return nil }
      found += first...last
    }
    found.sort()
    for number in found where numbers.last != number { numbers.append(number) }
  }

  public init(_ numbers: [Int]) {
    for number in numbers.sorted() where self.numbers.last != number { self.numbers.append(number) }
  }

  /// As it is written: "0-3,8".
  public var text: String {
    var ranges: [ClosedRange<Int>] = []
    for number in numbers {
      if let last = ranges.last, last.upperBound + 1 == number {
        ranges[ranges.count - 1] = last.lowerBound...number
      } else {
        ranges.append(number...number)
      }
    }
    return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
      .joined(separator: ",")
  }

  /// All of 0 ..< count.
  public init(count: Int) { numbers = Array(0..<max(0, min(count, Self.numberMax + 1))) }
}
