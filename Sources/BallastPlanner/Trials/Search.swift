/// Where a claim about a whole number stops holding, found without trying every number.
///
/// Method    galloping from the low end in doubling steps, then division of what is left into as many parts as there
///           are threads. That is right where the claim holds up to some number and not beyond. Whether it is so is
///           looked at: a few numbers on both sides that the search passed over are tried as well.
/// Cost      about log₂ of the answer, times two.
struct ThresholdSearch {
  enum Outcome: Equatable {
    /// Not even for the smallest number.
    case never
    /// Up to this number, and not for the next.
    case upTo(Int)
    /// For the largest number that is tried, too.
    case always
  }
  var outcome: Outcome
  /// Tried numbers at which the claim is not as the outcome says, ascending.
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
      while let top = high, top - low > 1 {
        let count = min(max(parts, 1), top - low - 1)
        let cuts = (1...count).map { low + (top - low) * $0 / (count + 1) }
        ask(cuts.map { max($0, low + 1) })
        for cut in cuts.map({ max($0, low + 1) }) {
          if known[cut] == true {
            low = cut
          } else {
            high = cut
            break
          }
        }
      }
    }
    outcome = known[range.lowerBound] == false ? .never : high == nil ? .always : .upTo(low)
    let edge = outcome == .never ? range.lowerBound - 1 : low
    // A look at both sides: half and three quarters of the way up, and a little, half again and twice beyond.
    let span = edge - range.lowerBound
    var probes = [range.lowerBound + span / 2, range.lowerBound + span * 3 / 4]
    if high != nil || outcome == .never {
      probes += [edge + 2, edge + 2 + max(span, 2) / 2, edge + 2 + max(span, 2)]
    }
    ask(probes)
    tried = known.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    exceptions = tried.filter { $0.holds != ($0.number <= edge) }.map(\.number)
  }
}

extension Int {
  fileprivate func addingClamped(_ other: Int) -> Int {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
