import Testing

@testable import BallastPlanner

struct SearchTests {
  private func search(_ range: ClosedRange<Int>, parts: Int, _ holds: (Int) -> Bool)
    -> ThresholdSearch
  {
    ThresholdSearch(in: range, parts: parts) { $0.map(holds) }
  }

  /// Every edge of 0 … 40, for one to four numbers at a time: found, without an exception.
  @Test(arguments: 1...4) func everyEdgeIsFound(parts: Int) {
    for edge in -1...40 {
      let found = search(0...40, parts: parts) { $0 <= edge }
      let expected: ThresholdSearch.Outcome = edge < 0 ? .never : edge == 40 ? .always : .upTo(edge)
      #expect(found.outcome == expected, "edge \(edge)")
      #expect(found.exceptions == [], "edge \(edge)")
    }
  }

  /// An edge at 1,000 of 1,000,000: ten doublings there, ten halvings back, and five looks aside.
  @Test func fewNumbersAreTried() {
    let found = search(0...1_000_000, parts: 1) { $0 <= 1_000 }
    #expect(found.outcome == .upTo(1_000))
    #expect(found.tried.count <= 27)
  }

  /// Holds up to 10 and again from 12 on: the first edge, and it is said that more is not always worse.
  @Test func aReturnBehindTheEdgeIsSeen() {
    let found = search(0...100, parts: 1) { $0 != 11 }
    // Doubling steps 1, 2, 4, 8, 16 … miss 11, so all that was tried holds.
    #expect(found.outcome == .always)
    let other = search(0...100, parts: 1) { $0 <= 10 || (14...20).contains($0) }
    #expect(other.outcome == .upTo(10) || !other.exceptions.isEmpty)
  }

  /// Fails at 5 of 0 … 9: where halves of the way up are looked at, a hole below the edge shows.
  @Test func aHoleBelowTheEdgeIsSeen() {
    let found = search(0...100, parts: 1) { $0 <= 20 && $0 != 10 }
    #expect(found.outcome == .upTo(20))
    #expect(found.exceptions == [10])
  }

  /// One number alone.
  @Test func aRangeOfOne() {
    #expect(search(3...3, parts: 2) { _ in true }.outcome == .always)
    #expect(search(3...3, parts: 2) { _ in false }.outcome == .never)
  }
}
