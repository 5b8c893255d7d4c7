import BallastTestSupport
import BallastUnits
import Testing

struct ShareTreeTests {
  /// Root 12,000 MHz. Pool P (8000 shares, R 5000, L 7000) holds a (1000 sh, wants 4000) and
  /// b (2000 sh, R 1000, wants 6000); pool Q (4000 sh) holds c (wants 9000); VM d (2000 sh) wants
  /// 1500. P wants 10,000 and is held to 7000, d gets what it wants, Q the other 3500: λ = 0.875
  /// per share. In P, 7000 over 3000 shares: a 2333 1/3, b 4666 2/3.
  @Test func workedExample() throws {
    var tree = ShareTree(poolParents: [-1, 0, 0], leafParents: [1, 1, 2, 0])
    tree.setPool(1, reservation: 5000, limit: 7000, weight: 8000)
    tree.setPool(2, reservation: 0, limit: .max, weight: 4000)
    var leaves = [Int64](repeating: -1, count: 4)
    let isShort = tree.divide(
      capacity: 12_000, floors: [0, 1000, 0, 0], caps: [4000, 6000, 9000, 1500],
      weights: [1000, 2000, 1000, 2000], into: &leaves)
    #expect(leaves == [2333, 4667, 3500, 1500])
    #expect(!isShort)
    let (amounts, caps, floors, binding) = tree.explanation
    #expect(amounts == [12_000, 7000, 3500])
    #expect(caps == [12_000, 7000, 9000])
    #expect(floors == [5000, 5000, 0])
    #expect(binding == [true, true, false])
    let level = tree.poolLevel(0)
    #expect(Fraction(try #require(level)) == Fraction(875, over: 1000))
  }

  /// VG11: two pools at High and Normal, 2:1, on 6 GHz and 3 GiB → 4 and 2 GHz, 2 and 1 GiB.
  @Test(arguments: [(6000, 8000, 4000), (3 << 30, 327_680, 163_840)] as [(Int64, Int64, Int64)])
  func poolSharesDivideHost(capacity: Int64, high: Int64, normal: Int64) {
    let tree = SharingTree(
      pools: [
        .init(parent: -1, weight: 1), .init(parent: 0, weight: high),
        .init(parent: 0, weight: normal),
      ],
      leaves: [
        .init(pool: 1, cap: capacity, weight: 10), .init(pool: 2, cap: capacity, weight: 1000),
      ])
    #expect(divide(tree, capacity: capacity).leaves == [capacity / 3 * 2, capacity / 3])
  }

  /// A pool's limit of 3 cuts the floors 2 + 4 inside it: 1 and 2, although the root has room.
  @Test func limitBelowFloorsIsShort() {
    let tree = SharingTree(
      pools: [.init(parent: -1, weight: 1), .init(parent: 0, limit: 3, weight: 1)],
      leaves: [
        .init(pool: 1, floor: 2, cap: 9, weight: 1), .init(pool: 1, floor: 4, cap: 9, weight: 1),
        .init(pool: 0, cap: 2, weight: 1),
      ])
    let division = divide(tree, capacity: 100)
    #expect(division.leaves == [1, 2, 2])
    #expect(division.isShort)
  }

  /// Equal weights and one idle pool with a reservation: all of it goes to the sibling.
  @Test func idlePoolLendsEverything() {
    let tree = SharingTree(
      pools: [.init(parent: -1, weight: 1), .init(parent: 0, reservation: 50, weight: 1)],
      leaves: [.init(pool: 1, cap: 0, weight: 1), .init(pool: 0, cap: 100, weight: 1)])
    #expect(divide(tree, capacity: 100).leaves == [0, 100])
  }

  @Test func poolWithoutLeavesGetsNothing() {
    let tree = SharingTree(
      pools: [
        .init(parent: -1, weight: 1), .init(parent: 0, reservation: 7, weight: 9),
        .init(parent: 1, weight: 9),
      ],
      leaves: [.init(pool: 0, cap: 10, weight: 1)])
    let division = divide(tree, capacity: 8)
    #expect(division.leaves == [8])
    #expect(division.pools == [8, 0, 0])
  }

  /// Siblings of equal weight share 3 as 1 1/2 each: the odd unit goes to the pool, which comes
  /// before the VM whatever their numbers.
  @Test func poolsComeBeforeLeaves() {
    let tree = SharingTree(
      pools: [.init(parent: -1, weight: 1), .init(parent: 0, weight: 1)],
      leaves: [.init(pool: 0, cap: 9, weight: 1), .init(pool: 1, cap: 9, weight: 1)])
    #expect(divide(tree, capacity: 3).leaves == [1, 2])
  }

  @Test func rootAlone() {
    let empty = SharingTree(pools: [.init(parent: -1, weight: 1)], leaves: [])
    #expect(divide(empty, capacity: 8).pools == [0])
    let limited = SharingTree(
      pools: [.init(parent: -1, limit: 6, weight: 1)],
      leaves: [.init(pool: 0, cap: 9, weight: 1), .init(pool: 0, cap: 9, weight: 2)])
    #expect(divide(limited, capacity: 8).leaves == [2, 4])
  }

  /// 80 pools inside each other, one VM in each: same as the slow twin.
  @Test func deepTree() {
    let depth = 80
    let tree = SharingTree(
      pools: (0..<depth).map { .init(parent: $0 - 1, weight: Int64(1 + $0 % 3)) },
      leaves: (0..<depth).map { .init(pool: $0, floor: 1, cap: 1000, weight: Int64($0 % 4)) })
    let division = divide(tree, capacity: 10_000)
    #expect(division.leaves == slowDivision(tree, capacity: 10_000).leaves)
    #expect(division.leaves.reduce(0, +) == 10_000)
  }

  @Test(arguments: testSeeds(usual: 200)) func equalsSlowTwin(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let tree = SharingTree.random(using: &generator)
    let wanted = tree.leaves.map(\.cap).reduce(0, +)
    let capacity = generator.integer(0...(wanted + 1))
    let fast = divide(tree, capacity: capacity)
    let slow = slowDivision(tree, capacity: capacity)
    let note: Comment = "\(replay(seed)): \(capacity) over \(tree)"
    #expect(fast.leaves == slow.leaves, note)
    #expect(fast.pools == slow.pools, note)
    #expect(fast.isShort == slow.isShort, note)
  }

  /// Dividing again, after a division with other settings, changes nothing.
  @Test(arguments: testSeeds(usual: 20)) func reuseLeavesNoTrace(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let rows = SharingTree.random(using: &generator)
    let capacity = generator.integer(0...1000)
    var tree = ShareTree(rows)
    let first = tree.divide(rows, capacity: capacity)
    var other = rows
    for pool in other.pools.indices {
      other.pools[pool].limit = generator.integer(0...50)
      other.pools[pool].weight = generator.integer(0...50)
    }
    tree.set(other)
    _ = tree.divide(other, capacity: capacity / 2)
    tree.set(rows)
    let second = tree.divide(rows, capacity: capacity)
    #expect(first == second, "\(replay(seed))")
  }

  /// Property 10: where nobody is saturated and each pool weighs what its children weigh, the tree
  /// gives what one flat level gives; rounding at two levels is less than two units.
  @Test(arguments: testSeeds(usual: 50)) func unsaturatedTreeEqualsFlat(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let capacity = generator.integer(1...1_000_000)
    var tree = SharingTree(pools: [.init(parent: -1, weight: 1)], leaves: [])
    for pool in 1...3 {
      let weights = (0..<generator.integer(1...5)).map { _ in generator.integer(1...1000) }
      tree.pools.append(.init(parent: 0, weight: weights.reduce(0, +)))
      tree.leaves += weights.map { .init(pool: pool, cap: capacity, weight: $0) }
    }
    let flat = SharingCase(
      capacity: capacity, floors: tree.leaves.map { _ in 0 }, caps: tree.leaves.map(\.cap),
      weights: tree.leaves.map(\.weight))
    let shares = divide(tree, capacity: capacity).leaves
    for (share, exact) in zip(shares, exactAllocation(flat)) {
      #expect(abs(share - exact.roundedDown) <= 2, "\(replay(seed)): \(capacity) over \(tree)")
    }
  }

  /// Property 10 does not hold once someone is saturated: a, b in P (weight 2) and c in Q
  /// (weight 1) share 12; a wants 1. P keeps 8 of which b gets 7, Q gets 4; flat, b and c would
  /// get 5 1/2 each.
  @Test func saturatedTreeDiffersFromFlat() {
    let tree = SharingTree(
      pools: [
        .init(parent: -1, weight: 1), .init(parent: 0, weight: 2), .init(parent: 0, weight: 1),
      ],
      leaves: [
        .init(pool: 1, cap: 1, weight: 1), .init(pool: 1, cap: 12, weight: 1),
        .init(pool: 2, cap: 12, weight: 1),
      ])
    #expect(divide(tree, capacity: 12).leaves == [1, 7, 4])
    #expect(
      waterFill(capacity: 12, lower: [0, 0, 0], upper: [1, 12, 12], weights: [1, 1, 1])
        == [1, 6, 5])
  }
}

private func divide(_ rows: SharingTree, capacity: Int64) -> TreeDivision {
  var tree = ShareTree(rows)
  return tree.divide(rows, capacity: capacity)
}

private struct TreeDivision: Equatable {
  var leaves: [Int64]
  var pools: [Int64]
  var isShort: Bool
}

extension ShareTree {
  fileprivate init(_ rows: SharingTree) {
    self.init(poolParents: rows.pools.map(\.parent), leafParents: rows.leaves.map(\.pool))
    set(rows)
  }

  fileprivate mutating func set(_ rows: SharingTree) {
    for (index, pool) in rows.pools.enumerated() {
      setPool(index, reservation: pool.reservation, limit: pool.limit, weight: pool.weight)
    }
  }

  fileprivate mutating func divide(_ rows: SharingTree, capacity: Int64) -> TreeDivision {
    // One more element than leaves: an empty array has no address.
    var leaves = [Int64](repeating: -1, count: leafCount + 1)
    let isShort = divide(
      capacity: capacity, floors: rows.leaves.map(\.floor), caps: rows.leaves.map(\.cap),
      weights: rows.leaves.map(\.weight), into: &leaves)
    return TreeDivision(
      leaves: Array(leaves.dropLast()), pools: explanation.amounts, isShort: isShort)
  }

  fileprivate var explanation: (amounts: [Int64], caps: [Int64], floors: [Int64], binds: [Bool]) {
    var rows: (amounts: [Int64], caps: [Int64], floors: [Int64], binds: [Bool]) = ([], [], [], [])
    for pool in 0..<poolCount {
      rows.amounts.append(poolAllocation(pool))
      rows.caps.append(poolCap(pool))
      rows.floors.append(poolFloor(pool))
      rows.binds.append(poolLimitBinds(pool))
    }
    return rows
  }
}

extension SharingTree {
  /// Up to seven pools and twelve leaves, some pools empty, some settings zero.
  fileprivate static func random(using generator: inout SeededGenerator) -> SharingTree {
    let amountMax: Int64 = generator.isHit(oneIn: 2) ? 10 : 1_000_000
    var tree = SharingTree(pools: [.init(parent: -1, weight: 1)], leaves: [])
    for pool in 0..<generator.integer(0...6) {
      tree.pools.append(
        .init(
          parent: Int(generator.integer(0...pool)),
          reservation: generator.isHit(oneIn: 3) ? generator.integer(0...amountMax) : 0,
          limit: generator.isHit(oneIn: 3) ? generator.integer(0...(3 * amountMax)) : .max,
          weight: generator.integer(0...(amountMax / 5))))
    }
    for _ in 0..<generator.integer(0...12) {
      let cap = generator.integer(0...amountMax)
      tree.leaves.append(
        .init(
          pool: Int(generator.integer(0...Int64(tree.pools.count - 1))),
          floor: generator.isHit(oneIn: 3) ? generator.integer(0...cap) : 0, cap: cap,
          weight: generator.integer(0...(amountMax / 5))))
    }
    return tree
  }
}
