/// Shares one capacity among siblings by floor, cap and weight.
///
/// Rule      allocation = min(cap, max(floor, λ · weight)), with the one level λ ≥ 0 that hands out
///           all of min(capacity, Σ cap). Weight 0 gets its floor; only when everyone with a weight
///           is at the cap do the weightless share the rest, as if their weights were equal.
///           When even the floors exceed the capacity, allocation = floor · capacity / Σ floor.
/// Promises  Σ allocation = min(capacity, Σ cap) · floors (when feasible) and caps hold · a row
///           strictly between its bounds has its exact value rounded down or up.
/// Rounding  down to 1 unit; the remainder goes by largest fraction, ties to the lower row.
/// Cost      O(n) per Newton pass, about three passes; O(n²) at worst. Allocates nothing once
///           `scratch` has seen the largest count. Exact through 128 bits.
/// Source    max-min fairness by water-filling; the level by Newton's method on a fraction, as in
///           the continuous knapsack problem (Bitran and Hax 1981); docs/MODEL.md#cpu-shares.
///
/// `lower` is at most `upper` in every row, nothing is negative, and Σ lower, Σ weights and
/// Σ min(upper, capacity) fit in 63 bits. `allocation` must not overlap the other columns.
@discardableResult
public func waterFill(
  capacity: Int64, lower: UnsafePointer<Int64>, upper: UnsafePointer<Int64>,
  weights: UnsafePointer<Int64>, count: Int, into allocation: UnsafeMutablePointer<Int64>,
  scratch: inout WaterFillScratch
) -> WaterFillOutcome {
  let rows = WaterFillRows(
    capacity: capacity, lower: lower, upper: upper, weights: weights, count: count)
  assert(rows.areInOrder, "waterFill needs 0 ≤ lower ≤ upper, weights ≥ 0 and capacity ≥ 0")
  scratch.level = nil

  let wanted = rows.sumOfUpper()
  if wanted.sum <= capacity && !wanted.someAboveCapacity {
    allocation.update(from: upper, count: count)
    return .satisfied
  }
  let promised = rows.sums()
  if promised.lower > capacity {
    apportion(capacity, by: lower, count: count, into: allocation, scratch: &scratch.rounding)
    return .shortfall
  }
  if promised.lower == capacity {
    allocation.update(from: lower, count: count)
    scratch.level = WaterLevel(numerator: 0, denominator: 1)
    return .contended
  }
  if promised.someWeightless && rows.weightedLeaveRest() {
    rows.fillWeightless(into: allocation, scratch: &scratch)
  } else {
    rows.fill(
      weightSum: promised.weights, upperSum: wanted.sum, into: allocation, scratch: &scratch)
  }
  return .contended
}

/// `waterFill` on arrays, for tests and explanations. A floor above its cap counts as the cap.
public func waterFill(
  capacity: Int64, lower: [Int64], upper: [Int64], weights: [Int64]
) -> [Int64] {
  var scratch = WaterFillScratch()
  return waterFill(
    capacity: capacity, lower: lower, upper: upper, weights: weights, scratch: &scratch
  ).allocation
}

/// `waterFill` on arrays, with the outcome; the level is in `scratch`.
public func waterFill(
  capacity: Int64, lower: [Int64], upper: [Int64], weights: [Int64],
  scratch: inout WaterFillScratch
) -> (outcome: WaterFillOutcome, allocation: [Int64]) {
  precondition(
    lower.count == upper.count && lower.count == weights.count,
    "waterFill needs columns of the same length")
  let lower = zip(lower, upper).map { min($0, $1) }
  var outcome = WaterFillOutcome.satisfied
  // One more element than rows: an empty array has no address.
  let allocation = [Int64](unsafeUninitializedCapacity: lower.count + 1) { buffer, count in
    count = lower.count
    outcome = waterFill(
      capacity: capacity, lower: lower, upper: upper, weights: weights, count: count,
      into: buffer.baseAddress!, scratch: &scratch)
  }
  return (outcome, allocation)
}

public enum WaterFillOutcome: Sendable, Equatable {
  /// Everyone is at the cap; capacity may be left over.
  case satisfied
  /// All capacity is handed out and someone wants more.
  case contended
  /// The floors alone exceed the capacity; everyone got the same fraction of the floor.
  case shortfall
}

/// The level λ of one contended division: what a row between its bounds gets per unit of weight.
public struct WaterLevel: Sendable, Equatable, Codable {
  public let numerator: Int64
  public let denominator: Int64
  /// Everyone with a weight is at the cap, and λ is what each row of weight 0 gets of the rest.
  public let isOfWeightless: Bool

  init(numerator: Int64, denominator: Int64, isOfWeightless: Bool = false) {
    self.numerator = numerator
    self.denominator = denominator
    self.isOfWeightless = isOfWeightless
  }
}

/// Memory that `waterFill` needs besides its result, and the level of the last division.
public struct WaterFillScratch: ~Copyable {
  /// λ of the last division. Nil unless that was contended. Where a range of levels gives the
  /// same allocation (nobody is between the bounds), this is one of the range.
  public internal(set) var level: WaterLevel?
  var rounding = ApportionScratch()
  /// Columns of the rare paths; stays empty until one is taken.
  var spare = IntegerBlock(count: 0)

  public init() {}
}

/// The siblings of one division, as borrowed columns.
private struct WaterFillRows {
  let capacity: Int64
  let lower: UnsafePointer<Int64>
  let upper: UnsafePointer<Int64>
  let weights: UnsafePointer<Int64>
  let count: Int

  /// Newton's method needs about three passes; hard inputs can make it cycle or leave nothing free.
  private static let newtonPassesMax = 8

  /// An upper bound above the capacity can never be reached; cut, it also keeps products small.
  @inline(__always)
  func cap(_ row: Int) -> Int64 { min(upper[row], capacity) }

  var areInOrder: Bool {
    capacity >= 0
      && (0..<count).allSatisfy {
        0 <= lower[$0] && lower[$0] <= upper[$0] && weights[$0] >= 0
      }
  }

  @inline(__always)
  func sumOfUpper() -> (sum: Int64, someAboveCapacity: Bool) {
    var sum: Int64 = 0
    var largest: Int64 = 0
    for row in 0..<count {
      sum += cap(row)
      largest = max(largest, upper[row])
    }
    return (sum, largest > capacity)
  }

  @inline(__always)
  func sums() -> (lower: Int64, weights: Int64, someWeightless: Bool) {
    var lowerSum: Int64 = 0
    var weightSum: Int64 = 0
    var smallestWeight = Int64.max
    for row in 0..<count {
      lowerSum += lower[row]
      weightSum += weights[row]
      smallestWeight = min(smallestWeight, weights[row])
    }
    return (lowerSum, weightSum, smallestWeight == 0)
  }

  /// Finds the level and rounds, in 64-bit products when none of them can overflow.
  @inline(__always)
  func fill(
    weightSum: Int64, upperSum: Int64, into allocation: UnsafeMutablePointer<Int64>,
    scratch: inout WaterFillScratch
  ) {
    // Every product is one of a weight sum and an amount, and no amount exceeds these two.
    let (product, overflow) = max(upperSum, capacity).multipliedReportingOverflow(by: weightSum)
    let start = WaterLevel(numerator: capacity, denominator: weightSum)
    if !overflow && product < 1 << 62 {
      fill(from: start, into: allocation, scratch: &scratch, multiplyingIn: Int64.self)
    } else {
      fill(from: start, into: allocation, scratch: &scratch, multiplyingIn: Int128.self)
    }
  }

  @inline(never)
  private func fill<Wide: FixedWidthInteger & SignedInteger>(
    from start: WaterLevel, into allocation: UnsafeMutablePointer<Int64>,
    scratch: inout WaterFillScratch, multiplyingIn: Wide.Type
  ) {
    let level = findLevel(from: start, scratch: &scratch, multiplyingIn: Wide.self)
    settle(at: level, into: allocation, scratch: &scratch, multiplyingIn: Wide.self)
  }

  /// Newton's method on a fraction: the rows that `level` leaves between their bounds share what
  /// the others leave over, which is the next level. Ends when a level reproduces itself.
  @inline(__always)
  private func findLevel<Wide: FixedWidthInteger & SignedInteger>(
    from start: WaterLevel, scratch: inout WaterFillScratch, multiplyingIn: Wide.Type
  ) -> WaterLevel {
    var level = start
    for _ in 0..<Self.newtonPassesMax {
      let next = freeShare(at: level, multiplyingIn: Wide.self)
      if Wide(next.amount) * Wide(level.denominator) == Wide(level.numerator) * Wide(next.weight) {
        return level
      }
      if next.weight == 0 || next.amount < 0 { break }
      level = WaterLevel(numerator: next.amount, denominator: next.weight)
    }
    return findLevelByFixing(from: start, scratch: &scratch, multiplyingIn: Wide.self)
  }

  /// What rows at a bound leave over at this level, and the weight of the rows between bounds.
  @inline(__always)
  private func freeShare<Wide: FixedWidthInteger & SignedInteger>(
    at level: WaterLevel, multiplyingIn: Wide.Type
  ) -> (amount: Int64, weight: Int64) {
    var amount = capacity
    var weight: Int64 = 0
    for row in 0..<count {
      let place = place(of: row, at: level, multiplyingIn: Wide.self)
      amount -= place.isFree ? 0 : place.bound
      weight += place.isFree ? weights[row] : 0
    }
    return (amount, weight)
  }

  /// Where a level puts one row. Values are selected rather than branched to: which of three cases
  /// holds is as good as random, and the processor would mispredict it.
  private struct Place<Wide: FixedWidthInteger & SignedInteger> {
    /// λ · weight, times the level's denominator.
    let target: Wide
    let isAboveLow: Bool
    let isBelowHigh: Bool
    /// The bound that holds the row, unless it is free.
    let bound: Int64

    @inline(__always) var isFree: Bool { isAboveLow && isBelowHigh }
  }

  /// Wrapping products are safe, since `fill` has chosen a type in which none can overflow, and
  /// ten rows take a quarter longer with trapping ones. Sums cost nothing and do trap.
  @inline(__always)
  private func place<Wide: FixedWidthInteger & SignedInteger>(
    of row: Int, at level: WaterLevel, multiplyingIn: Wide.Type
  ) -> Place<Wide> {
    let denominator = Wide(truncatingIfNeeded: level.denominator)
    let (low, high) = (lower[row], cap(row))
    let target =
      Wide(truncatingIfNeeded: level.numerator) &* Wide(truncatingIfNeeded: weights[row])
    let isAboveLow = target > Wide(truncatingIfNeeded: low) &* denominator
    let isBelowHigh = target < Wide(truncatingIfNeeded: high) &* denominator
    return Place(
      target: target, isAboveLow: isAboveLow, isBelowHigh: isBelowHigh,
      bound: isAboveLow ? high : low)
  }

  /// Writes every row's amount at the final level, rounded by largest remainder.
  @inline(__always)
  private func settle<Wide: FixedWidthInteger & SignedInteger>(
    at level: WaterLevel, into allocation: UnsafeMutablePointer<Int64>,
    scratch: inout WaterFillScratch, multiplyingIn: Wide.Type
  ) {
    scratch.level = level
    scratch.rounding.reserve(count)
    let candidates = scratch.rounding.candidates
    let denominator = Wide(truncatingIfNeeded: level.denominator)
    var candidateCount = 0
    var left = capacity
    for row in 0..<count {
      let place = place(of: row, at: level, multiplyingIn: Wide.self)
      // Dividing for every row costs less than guessing wrong which rows need it.
      let (quotient, remainder) = place.target.quotientAndRemainder(dividingBy: denominator)
      let amount = place.isFree ? Int64(truncatingIfNeeded: quotient) : place.bound
      let fraction = place.isFree ? Int64(truncatingIfNeeded: remainder) : 0
      allocation[row] = amount
      candidates.note(row, fraction: fraction, count: &candidateCount)
      left -= amount
    }
    candidates.handOut(left, among: candidateCount, into: allocation)
  }

  // MARK: When Newton's method does not settle

  /// Variable fixing: each pass proves for at least one row which bound it ends at, so it always
  /// ends. If a level hands out too much, the true one is lower, and rows already at their lower
  /// bound stay there; if too little, the same holds for upper bounds.
  @inline(never)
  private func findLevelByFixing<Wide: FixedWidthInteger & SignedInteger>(
    from start: WaterLevel, scratch: inout WaterFillScratch, multiplyingIn: Wide.Type
  ) -> WaterLevel {
    scratch.spare.reserve(count)
    var open = UnsafeMutableBufferPointer(start: scratch.spare.base, count: count)
    for row in 0..<count { open[row] = Int64(row) }
    var level = start
    while true {
      let (low, high) = held(open, at: level, multiplyingIn: Wide.self)
      let left = level.numerator - low.amount - high.amount
      let free = level.denominator - low.weight - high.weight
      let offered = Wide(left) * Wide(level.denominator)
      let taken = Wide(level.numerator) * Wide(free)
      if offered == taken { return level }
      let fixesLow = offered < taken
      open = remaining(open, fixingLow: fixesLow, at: level, multiplyingIn: Wide.self)
      let fixed = fixesLow ? low : high
      level = WaterLevel(
        numerator: level.numerator - fixed.amount, denominator: level.denominator - fixed.weight)
      precondition(level.denominator > 0, "waterFill lost its last weighted row")
    }
  }

  private typealias Held = (amount: Int64, weight: Int64)

  /// What the open rows at their lower and at their upper bounds take, and their weights.
  private func held<Wide: FixedWidthInteger & SignedInteger>(
    _ open: UnsafeMutableBufferPointer<Int64>, at level: WaterLevel, multiplyingIn: Wide.Type
  ) -> (low: Held, high: Held) {
    var low: Held = (0, 0)
    var high: Held = (0, 0)
    for index in open.indices {
      let row = Int(open[index])
      let place = place(of: row, at: level, multiplyingIn: Wide.self)
      if !place.isAboveLow {
        low = (low.amount + place.bound, low.weight + weights[row])
      } else if !place.isBelowHigh {
        high = (high.amount + place.bound, high.weight + weights[row])
      }
    }
    return (low, high)
  }

  /// Drops the rows at their lower (or at their upper) bound, keeping the order of the others.
  private func remaining<Wide: FixedWidthInteger & SignedInteger>(
    _ open: UnsafeMutableBufferPointer<Int64>, fixingLow: Bool, at level: WaterLevel,
    multiplyingIn: Wide.Type
  ) -> UnsafeMutableBufferPointer<Int64> {
    var kept = 0
    for index in open.indices {
      let place = place(of: Int(open[index]), at: level, multiplyingIn: Wide.self)
      let isFixed = fixingLow ? !place.isAboveLow : place.isAboveLow && !place.isBelowHigh
      if isFixed { continue }
      open[kept] = open[index]
      kept += 1
    }
    return UnsafeMutableBufferPointer(rebasing: open[..<kept])
  }

  // MARK: When only the weightless are left

  /// True when everyone with a weight can be at the cap and there is still more than the floors
  /// of the weightless.
  @inline(never)
  func weightedLeaveRest() -> Bool {
    var left = capacity
    for row in 0..<count { left -= weights[row] > 0 ? cap(row) : lower[row] }
    return left > 0
  }

  /// Solves the same problem with everyone who has a weight held at the cap and equal weights for
  /// the rest.
  @inline(never)
  func fillWeightless(
    into allocation: UnsafeMutablePointer<Int64>, scratch: inout WaterFillScratch
  ) {
    // The first `count` integers are left to `findLevelByFixing`.
    scratch.spare.reserve(3 * count)
    let bounds = scratch.spare.base + count
    let equalWeights = bounds + count
    for row in 0..<count {
      bounds[row] = weights[row] > 0 ? cap(row) : lower[row]
      equalWeights[row] = 1
    }
    let weightless = WaterFillRows(
      capacity: capacity, lower: bounds, upper: upper, weights: equalWeights, count: count)
    weightless.fill(
      weightSum: Int64(count), upperSum: sumOfUpper().sum, into: allocation, scratch: &scratch)
    scratch.level = scratch.level.map {
      WaterLevel(numerator: $0.numerator, denominator: $0.denominator, isOfWeightless: true)
    }
  }
}
