import BallastTestSupport
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

  /// An edge at 1,000 of 1,000,000: ten doublings there, ten halvings back, and looks aside.
  @Test func fewNumbersAreTried() {
    let found = search(0...1_000_000, parts: 1) { $0 <= 1_000 }
    #expect(found.outcome == .upTo(1_000))
    #expect(found.tried.count <= 30)
  }

  /// Holds up to 10 and again from 22 to 24. Beyond the edge 12, 13, 17 and 22 are looked at: 22 shows it.
  @Test func aReturnBehindTheEdgeIsSeen() {
    let found = search(0...100, parts: 1) { $0 <= 10 || (22...24).contains($0) }
    #expect(found.outcome == .upTo(10))
    #expect(found.exceptions == [22])
  }

  /// A single hole at 11 that no step meets is not seen: what the search promises is what it tried.
  @Test func whatIsNotTriedIsNotKnown() {
    let found = search(0...100, parts: 1) { $0 != 11 }
    #expect(found.outcome == .always)
    #expect(!found.tried.map(\.number).contains(11))
  }

  /// Halves of the way up to the edge are looked at: a hole at 10 of 20 shows, and the answer is below it.
  @Test func aHoleBelowTheEdgeIsTheEdge() {
    let found = search(0...100, parts: 1) { $0 <= 20 && $0 != 10 }
    #expect(found.outcome == .upTo(9))
    #expect(found.exceptions.contains(20) && !found.exceptions.contains(10))
  }

  /// Whatever holds and does not: what is answered was tried and holds, the next was tried and does not, and nothing that
  /// was tried below fails.
  @Test(arguments: 0..<200) func theAnswerIsAnEdge(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let holds = (0...60).map { _ in !generator.isHit(oneIn: 4) }
    let found = search(0...60, parts: ThresholdSearch.parts) { holds[$0] }
    let tried = Dictionary(uniqueKeysWithValues: found.tried.map { ($0.number, $0.holds) })
    switch found.outcome {
    case .never: #expect(tried[0] == false)
    case .always: #expect(tried[60] == true && tried.values.allSatisfy { $0 })
    case .upTo(let edge):
      #expect(tried[edge] == true && tried[edge + 1] == false)
      #expect(tried.allSatisfy { $0.key > edge || $0.value })
    }
  }

  /// One number alone.
  @Test func aRangeOfOne() {
    #expect(search(3...3, parts: 2) { _ in true }.outcome == .always)
    #expect(search(3...3, parts: 2) { _ in false }.outcome == .never)
  }
}
