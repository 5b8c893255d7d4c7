/// Where a claim about a whole number stops holding, found without trying every number.
///
/// Method    galloping from the low end in doubling steps, then division of what is left. That is right where the claim
///           holds up to some number and not beyond. Whether it is so is looked at: a few numbers on both sides that the
///           search passed over are tried as well. Where one below the edge fails, the edge is searched for below it.
/// Promises  what is tried depends on the claim alone, not on how many threads try it · no number that was tried up to
///           the edge fails, and the next one does.
/// Cost      about log₂ of the answer, times two.
struct ThresholdSearch {
  /// Numbers that are tried at once where trials run side by side.
  static let parts = 2

  enum Outcome: Equatable {
    /// Not even for the smallest number.
    case never
    /// Up to this number, and not for the next.
    case upTo(Int)
    /// For the largest number that is tried, too.
    case always
  }
  var outcome: Outcome
  /// Tried numbers beyond the edge at which the claim holds again, ascending.
  var exceptions: [Int]
  /// Everything that was tried, ascending.
  var tried: [(number: Int, holds: Bool)]

  /// - Parameters:
  ///   - range: numbers to try.
  ///   - parts: numbers to try at once.
  ///   - holds: tries numbers; answers in their order.
  init(in range: ClosedRange<Int>, parts: Int, holds: ([Int]) -> [Bool]) {
    var known: [Int: Bool] = [:]
    func ask(_ numbers: [Int]) {
      let new = Array(Set(numbers.filter { known[$0] == nil && range.contains($0) })).sorted()
      for (number, answer) in zip(new, holds(new)) { known[number] = answer }
    }
    var low = range.lowerBound
    var high: Int?
    ask([low])
    if known[low] == true {
      var reach = 1
      while high == nil, low < range.upperBound {
        var steps: [Int] = []
        for _ in 0..<max(parts, 1) {
          steps.append(min(range.lowerBound.addingClamped(reach), range.upperBound))
          reach = reach.addingClamped(reach)
        }
        ask(steps)
        for step in steps where high == nil {
          if known[step] == true { low = step } else { high = step }
        }
      }
      while true {
        while let top = high, top - low > 1 {
          let count = min(max(parts, 1), top - low - 1)
          let cuts = (1...count).map { max(low + (top - low) * $0 / (count + 1), low + 1) }
          ask(cuts)
          for cut in cuts {
            if known[cut] == true {
              low = cut
            } else {
              high = cut
              break
            }
          }
        }
        // A look below: next to the edge, half and three quarters of the way up.
        let span = low - range.lowerBound
        ask([low - 1, low - 2, range.lowerBound + span / 2, range.lowerBound + span * 3 / 4])
        guard let hole = known.filter({ $0.key < low && !$0.value }).keys.min() else { break }
        high = hole
        low = known.filter { $0.key < hole && $0.value }.keys.max()!
      }
    }
    outcome = known[range.lowerBound] == false ? .never : high == nil ? .always : .upTo(low)
    let edge = outcome == .never ? range.lowerBound - 1 : low
    if outcome != .always {
      // And beyond: a little, half again and twice.
      let span = max(edge - range.lowerBound, 2)
      ask([edge + 2, edge + 3, edge + 2 + span / 2, edge + 2 + span])
    }
    tried = known.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    exceptions = tried.filter { $0.holds && $0.number > edge }.map(\.number)
  }
}

extension Int {
  fileprivate func addingClamped(_ other: Int) -> Int {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
