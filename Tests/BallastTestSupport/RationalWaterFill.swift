/// The slow, obvious twin of `waterFill` and `ShareTree`: exact fractions and sorted breakpoints.

/// A fraction with a positive denominator, not reduced.
public struct Fraction: Comparable, Sendable, CustomStringConvertible {
  public let numerator: Int128
  public let denominator: Int128

  public init(_ numerator: Int128, over denominator: Int128 = 1) {
    precondition(denominator > 0)
    self.numerator = numerator
    self.denominator = denominator
  }

  public static func == (a: Fraction, b: Fraction) -> Bool {
    a.numerator * b.denominator == b.numerator * a.denominator
  }
  public static func < (a: Fraction, b: Fraction) -> Bool {
    a.numerator * b.denominator < b.numerator * a.denominator
  }
  public static func * (a: Fraction, count: Int64) -> Fraction {
    Fraction(a.numerator * Int128(count), over: a.denominator)
  }

  public var roundedDown: Int64 { Int64(numerator / denominator) }
  /// True when `whole` is this value rounded down or up.
  public func rounds(to whole: Int64) -> Bool {
    let distance = numerator - Int128(whole) * denominator
    return -denominator < distance && distance < denominator
  }
  public var description: String { "\(numerator)/\(denominator)" }
}

/// One division among siblings.
public struct SharingCase: Sendable, CustomStringConvertible {
  public var capacity: Int64
  public var floors: [Int64]
  public var caps: [Int64]
  public var weights: [Int64]

  public init(capacity: Int64, floors: [Int64], caps: [Int64], weights: [Int64]) {
    self.capacity = capacity
    self.floors = floors
    self.caps = caps
    self.weights = weights
  }

  public var description: String {
    "capacity \(capacity), floors \(floors), caps \(caps), weights \(weights)"
  }

  public var capSum: Int128 { caps.reduce(0) { $0 + Int128($1) } }
  public var floorSum: Int128 { floors.reduce(0) { $0 + Int128($1) } }
  public var isFeasible: Bool { floorSum <= Int128(capacity) }
  public var isContended: Bool { capSum > Int128(capacity) }
}

/// E_i = min(cap_i, max(floor_i, λ · w_i)) exactly; proportional floors when those are infeasible.
public func exactAllocation(_ problem: SharingCase) -> [Fraction] {
  if !problem.isContended { return problem.caps.map { Fraction(Int128($0)) } }
  if !problem.isFeasible {
    return problem.floors.map {
      Fraction(Int128($0) * Int128(problem.capacity), over: problem.floorSum)
    }
  }
  // What is left if everyone with a weight is at the cap and the weightless are at their floors.
  var rest = Int128(problem.capacity)
  for row in problem.caps.indices {
    rest -= Int128(problem.weights[row] > 0 ? problem.caps[row] : problem.floors[row])
  }
  return rest > 0 ? exactAmongWeightless(problem) : exactAmongWeighted(problem)
}

/// The exact values rounded down, then one unit each to the largest fractions, ties by row.
public func roundedByLargestRemainder(_ exact: [Fraction], total: Int64) -> [Int64] {
  var whole = exact.map(\.roundedDown)
  let lost = exact.indices.map {
    Fraction(
      exact[$0].numerator - Int128(whole[$0]) * exact[$0].denominator,
      over: exact[$0].denominator)
  }
  let left = Int(total - whole.reduce(0, +))
  let byFraction = exact.indices.sorted { lost[$0] == lost[$1] ? $0 < $1 : lost[$0] > lost[$1] }
  for row in byFraction.prefix(left) { whole[row] += 1 }
  return whole
}

/// What `waterFill` must return.
public func slowWaterFill(_ problem: SharingCase) -> [Int64] {
  let total = Int64(min(Int128(problem.capacity), problem.capSum))
  return roundedByLargestRemainder(exactAllocation(problem), total: total)
}

private func exactAmongWeightless(_ problem: SharingCase) -> [Fraction] {
  var equal = problem
  for row in problem.weights.indices {
    if problem.weights[row] > 0 { equal.floors[row] = problem.caps[row] }
    equal.weights[row] = 1
  }
  return exactAmongWeighted(equal)
}

/// Bisects the sorted breakpoints for the last one whose level is affordable, then interpolates.
private func exactAmongWeighted(_ problem: SharingCase) -> [Fraction] {
  let weighted = problem.weights.indices.filter { problem.weights[$0] > 0 }
  var breakpoints = [Fraction(0)]
  for row in weighted {
    breakpoints.append(Fraction(Int128(problem.floors[row]), over: Int128(problem.weights[row])))
    breakpoints.append(Fraction(Int128(problem.caps[row]), over: Int128(problem.weights[row])))
  }
  breakpoints.sort()
  var affordable = 0
  var beyond = breakpoints.count
  while beyond - affordable > 1 {
    let middle = (affordable + beyond) / 2
    if isAffordable(breakpoints[middle], problem) { affordable = middle } else { beyond = middle }
  }
  let level = levelAbove(breakpoints[affordable], problem)
  return problem.weights.indices.map { allocation(of: $0, at: level, problem) }
}

private func allocation(of row: Int, at level: Fraction, _ problem: SharingCase) -> Fraction {
  let floor = Fraction(Int128(problem.floors[row]))
  let cap = Fraction(Int128(problem.caps[row]))
  return min(cap, max(floor, level * problem.weights[row]))
}

private func isAffordable(_ level: Fraction, _ problem: SharingCase) -> Bool {
  // Over the level's denominator everything is whole.
  var sum: Int128 = 0
  for row in problem.weights.indices {
    let share = allocation(of: row, at: level, problem)
    sum += share.numerator * (level.denominator / share.denominator)
  }
  return sum <= Int128(problem.capacity) * level.denominator
}

/// Between two breakpoints the same rows are free, so the level follows by one division.
private func levelAbove(_ breakpoint: Fraction, _ problem: SharingCase) -> Fraction {
  var left = Int128(problem.capacity)
  var freeWeight: Int128 = 0
  for row in problem.weights.indices {
    let target = breakpoint * problem.weights[row]
    if problem.weights[row] == 0 || target < Fraction(Int128(problem.floors[row])) {
      left -= Int128(problem.floors[row])
    } else if target >= Fraction(Int128(problem.caps[row])) {
      left -= Int128(problem.caps[row])
    } else {
      freeWeight += Int128(problem.weights[row])
    }
  }
  return freeWeight == 0 ? breakpoint : Fraction(left, over: freeWeight)
}

/// A tree of pools as rows, for the slow twin.
public struct SharingTree: Sendable, CustomStringConvertible {
  public struct Pool: Sendable {
    public var parent: Int
    public var reservation: Int64
    public var limit: Int64
    public var weight: Int64

    public init(parent: Int, reservation: Int64 = 0, limit: Int64 = .max, weight: Int64) {
      self.parent = parent
      self.reservation = reservation
      self.limit = limit
      self.weight = weight
    }
  }

  public struct Leaf: Sendable {
    public var pool: Int
    public var floor: Int64
    public var cap: Int64
    public var weight: Int64

    public init(pool: Int, floor: Int64 = 0, cap: Int64, weight: Int64) {
      self.pool = pool
      self.floor = floor
      self.cap = cap
      self.weight = weight
    }
  }

  public var pools: [Pool]
  public var leaves: [Leaf]

  public init(pools: [Pool], leaves: [Leaf]) {
    self.pools = pools
    self.leaves = leaves
  }

  public var description: String { "pools \(pools), leaves \(leaves)" }
}

/// What `ShareTree.divide` must return, by recursion over pools, each rounded to whole units.
public func slowDivision(
  _ tree: SharingTree, capacity: Int64
) -> (leaves: [Int64], pools: [Int64], isShort: Bool) {
  var leaves = [Int64](repeating: 0, count: tree.leaves.count)
  var pools = [Int64](repeating: 0, count: tree.pools.count)
  var isShort = false

  func children(of pool: Int) -> (pools: [Int], leaves: [Int]) {
    (
      tree.pools.indices.filter { $0 > 0 && tree.pools[$0].parent == pool },
      tree.leaves.indices.filter { tree.leaves[$0].pool == pool }
    )
  }
  func cap(_ pool: Int) -> Int64 {
    let (inner, own) = children(of: pool)
    let wanted = inner.map(cap).reduce(0, +) + own.map { tree.leaves[$0].cap }.reduce(0, +)
    return min(tree.pools[pool].limit, wanted)
  }
  func floor(_ pool: Int) -> Int64 {
    let (inner, own) = children(of: pool)
    let promised = inner.map(floor).reduce(0, +) + own.map { tree.leaves[$0].floor }.reduce(0, +)
    return min(max(tree.pools[pool].reservation, promised), cap(pool))
  }
  func divide(_ pool: Int, _ amount: Int64) {
    pools[pool] = amount
    let (inner, own) = children(of: pool)
    let problem = SharingCase(
      capacity: amount,
      floors: inner.map(floor) + own.map { tree.leaves[$0].floor },
      caps: inner.map(cap) + own.map { tree.leaves[$0].cap },
      weights: inner.map { tree.pools[$0].weight } + own.map { tree.leaves[$0].weight })
    if !problem.isFeasible { isShort = true }
    let shares = slowWaterFill(problem)
    for (child, share) in zip(inner, shares) { divide(child, share) }
    for (leaf, share) in zip(own, shares.dropFirst(inner.count)) { leaves[leaf] = share }
  }
  divide(0, min(capacity, cap(0)))
  return (leaves, pools, isShort)
}
