import BallastTestSupport
import BallastUnits
import Testing

/// The properties that make a division fair, on random problems. Statements about exact amounts
/// are checked on the slow twin, whose rounding the solver must reproduce; the solver itself may
/// be one unit off wherever rounding can move a unit from one row to another.
struct WaterFillPropertyTests {
  static let seeds = testSeeds(usual: 100)
  static let scales: [SharingWorld.Scale] = [.tiny, .usual, .extreme]

  @Test(arguments: seeds) func equalsSlowTwin(seed: UInt64) {
    for scale in Self.scales {
      let problem = world(seed, scale).problem
      #expect(solve(problem) == slowWaterFill(problem), note(seed, problem))
    }
  }

  /// 1 and 2: what is handed out adds up, nothing idles, floors and caps hold, and every row has
  /// its exact amount rounded down or up.
  @Test(arguments: seeds) func addsUpWithinBounds(seed: UInt64) {
    for scale in Self.scales {
      let problem = world(seed, scale).problem
      let shares = solve(problem)
      let sum = shares.reduce(Int128(0)) { $0 + Int128($1) }
      #expect(sum == min(Int128(problem.capacity), problem.capSum), note(seed, problem))
      let exact = exactAllocation(problem)
      let areSound = shares.indices.allSatisfy { row in
        (0...problem.caps[row]).contains(shares[row]) && exact[row].rounds(to: shares[row])
          && (shares[row] >= problem.floors[row] || !problem.isFeasible)
      }
      #expect(areSound, note(seed, problem))
    }
  }

  /// 3: rows strictly between their bounds get the same per unit of weight.
  @Test(arguments: seeds) func freeRowsShareOneLevel(seed: UInt64) {
    for problem in [world(seed, .tiny).problem, world(seed, .usual).problem]
    where problem.isFeasible {
      let exact = exactAllocation(problem)
      let free = exact.indices.filter {
        problem.weights[$0] > 0 && exact[$0] > Fraction(Int128(problem.floors[$0]))
          && exact[$0] < Fraction(Int128(problem.caps[$0]))
      }
      for (one, other) in zip(free, free.dropFirst()) {
        #expect(
          exact[one] * problem.weights[other] == exact[other] * problem.weights[one],
          note(seed, problem))
      }
    }
  }

  /// 3 and 4 from the solver's side: with its level, the definition gives the twin's amounts. So a
  /// row at its cap gets at most λ per unit of weight, and a row at its floor at least λ.
  @Test(arguments: seeds) func reportedLevelExplainsEveryRow(seed: UInt64) {
    for scale in Self.scales {
      let problem = world(seed, scale).problem
      var scratch = WaterFillScratch()
      let outcome = solve(problem, &scratch).outcome
      let reported = scratch.level
      #expect((reported != nil) == (outcome == .contended), note(seed, problem))
      guard let level = reported else { continue }
      for (row, exact) in exactAllocation(problem).enumerated() {
        let isDone = level.isOfWeightless && problem.weights[row] > 0
        let floor = Fraction(Int128(isDone ? problem.caps[row] : problem.floors[row]))
        let target = Fraction(level) * (level.isOfWeightless ? 1 : problem.weights[row])
        let cap = Fraction(Int128(problem.caps[row]))
        #expect(exact == min(cap, max(floor, target)), note(seed, problem))
      }
    }
  }

  @Test(arguments: seeds) func outcomeTellsWhatHappened(seed: UInt64) {
    for scale in Self.scales {
      let problem = world(seed, scale).problem
      var scratch = WaterFillScratch()
      let outcome = solve(problem, &scratch).outcome
      let expected: WaterFillOutcome =
        !problem.isContended ? .satisfied : problem.isFeasible ? .contended : .shortfall
      #expect(outcome == expected, note(seed, problem))
    }
  }

  /// 5: more capacity never lowers anyone.
  @Test(arguments: seeds) func moreCapacityLowersNobody(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let before = SharingWorld.random(.usual, using: &generator)
    var after = before
    after.capacity += generator.integer(1...(1 + before.capacity))
    expectOrder(before.problem, after.problem, note(seed, before.problem)) { _ in .rises }
  }

  /// 5: raising one's own demand, weight or reservation never lowers one's own amount, and never
  /// raises another's, while floors are feasible.
  @Test(arguments: seeds) func raisingOwnClaimHelpsOnlyOneself(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let before = SharingWorld.random(.usual, using: &generator)
    guard !before.demands.isEmpty else { return }
    let row = Int(generator.integer(0...Int64(before.demands.count - 1)))
    for setting in [\SharingWorld.demands, \.weights, \.reservations] {
      var after = before
      after[keyPath: setting][row] += generator.integer(1...(1 << 14))
      guard before.problem.isFeasible && after.problem.isFeasible else { continue }
      expectOrder(before.problem, after.problem, note(seed, before.problem)) {
        $0 == row ? .rises : .falls
      }
    }
  }

  /// 6: all weights times k changes nothing.
  @Test(arguments: seeds) func weightsAreRelative(seed: UInt64) {
    let problem = world(seed, .usual).problem
    for factor: Int64 in [2, 3, 1_000_003, 1 << 40] {
      var scaled = problem
      scaled.weights = scaled.weights.map { $0 * factor }
      #expect(solve(scaled) == solve(problem), note(seed, problem))
    }
  }

  /// 7: the order of rows decides ties and nothing else.
  @Test(arguments: seeds) func orderMovesOneUnitAtMost(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let problem = SharingWorld.random(.usual, using: &generator).problem
    let order = problem.caps.indices.shuffled(using: &generator)
    let shuffled = SharingCase(
      capacity: problem.capacity, floors: order.map { problem.floors[$0] },
      caps: order.map { problem.caps[$0] }, weights: order.map { problem.weights[$0] })
    let (plain, moved) = (solve(problem), solve(shuffled))
    #expect(
      order.indices.allSatisfy { abs(moved[$0] - plain[order[$0]]) <= 1 }, note(seed, problem))
    let (exact, exactMoved) = (exactAllocation(problem), exactAllocation(shuffled))
    #expect(order.indices.allSatisfy { exactMoved[$0] == exact[order[$0]] }, note(seed, problem))
  }

  /// 8: claiming more than the true demand brings nothing one can use, while floors are feasible.
  @Test(arguments: seeds) func overclaimingDoesNotPay(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let honest = SharingWorld.random(.usual, using: &generator)
    for row in honest.demands.indices {
      var claimed = honest
      claimed.demands[row] += generator.integer(1...(1 << 24))
      guard honest.problem.isFeasible && claimed.problem.isFeasible else { continue }
      let useful = min(
        exactAllocation(claimed.problem)[row], Fraction(Int128(honest.demands[row])))
      #expect(useful <= exactAllocation(honest.problem)[row], note(seed, honest.problem))
    }
  }

  /// 8 needs feasible floors: both reserve 10 of 10. Wanting 4, the first gets 4/14 of 10, that is
  /// 2 6/7; claiming 10, it gets half.
  @Test func overclaimingPaysWhenFloorsAreInfeasible() {
    #expect(
      waterFill(capacity: 10, lower: [4, 10], upper: [4, 10], weights: [1, 1])
        == [3, 7])
    #expect(
      waterFill(capacity: 10, lower: [10, 10], upper: [10, 10], weights: [1, 1])
        == [5, 5])
  }

  /// 9: a sibling that wants nothing changes nothing, whatever its weight.
  @Test(arguments: seeds) func idleSiblingChangesNothing(seed: UInt64) {
    for scale in Self.scales {
      let problem = world(seed, scale).problem
      for weight: Int64 in [0, 1, 1 << 30] {
        var joined = problem
        joined.caps.append(0)
        joined.floors.append(0)
        joined.weights.append(weight)
        #expect(solve(joined) == solve(problem) + [0], note(seed, problem))
      }
    }
  }

  /// Every problem of three consumers with settings from {0, 1, 2} and capacity up to 6.
  @Test(arguments: [0, 1, 2, 3, 4, 5, 6] as [Int64]) func everySmallWorld(capacity: Int64) {
    var consumers: [(floor: Int64, cap: Int64, weight: Int64)] = []
    for cap: Int64 in 0...2 {
      for floor in 0...cap {
        consumers += ([0, 1, 2] as [Int64]).map { (floor, cap, $0) }
      }
    }
    for a in consumers {
      for b in consumers {
        for c in consumers {
          let problem = SharingCase(
            capacity: capacity, floors: [a.floor, b.floor, c.floor], caps: [a.cap, b.cap, c.cap],
            weights: [a.weight, b.weight, c.weight])
          let (fast, slow) = (solve(problem), slowWaterFill(problem))
          if fast != slow { Issue.record("\(problem): \(fast), twin \(slow)") }
        }
      }
    }
  }

  /// 1,000 consumers: the remainder is handed out by threshold instead of one by one.
  @Test(arguments: testSeeds(usual: 4).prefix(50)) func manyConsumers(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var problem = SharingCase(capacity: 0, floors: [], caps: [], weights: [])
    let weightMax: Int64 = generator.isHit(oneIn: 2) ? 3 : 1 << 30
    for _ in 0..<1000 {
      let cap = generator.integer(0...(1 << 48))
      problem.caps.append(cap)
      problem.floors.append(generator.isHit(oneIn: 4) ? generator.integer(0...(cap / 4)) : 0)
      problem.weights.append(generator.integer(1...weightMax))
    }
    problem.capacity = generator.integer(Int64(problem.floorSum)...Int64(problem.capSum))
    #expect(solve(problem) == slowWaterFill(problem), "\(replay(seed))")
  }

  /// One scratch over problems of all sizes gives what a fresh one gives.
  @Test(arguments: testSeeds(usual: 20)) func scratchKeepsNothing(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var scratch = WaterFillScratch()
    for _ in 0..<10 {
      let scale = Self.scales[Int(generator.integer(0...2))]
      let problem = SharingWorld.random(scale, using: &generator).problem
      let reused = solve(problem, &scratch).allocation
      #expect(reused == solve(problem), note(seed, problem))
    }
  }

  // MARK: Helpers

  private enum Change { case rises, falls }

  /// Compares two problems row by row: exactly on the twin, within a unit on the solver.
  private func expectOrder(
    _ before: SharingCase, _ after: SharingCase, _ note: Comment, _ change: (Int) -> Change
  ) {
    let exact = (before: exactAllocation(before), after: exactAllocation(after))
    let whole = (before: solve(before), after: solve(after))
    for row in before.caps.indices {
      switch change(row) {
      case .rises:
        #expect(exact.before[row] <= exact.after[row], note)
        #expect(whole.before[row] <= whole.after[row] + 1, note)
      case .falls:
        #expect(exact.before[row] >= exact.after[row], note)
        #expect(whole.before[row] + 1 >= whole.after[row], note)
      }
    }
  }

  private func world(_ seed: UInt64, _ scale: SharingWorld.Scale) -> SharingWorld {
    var generator = SeededGenerator(seed: seed)
    return .random(scale, using: &generator)
  }

  private func note(_ seed: UInt64, _ problem: SharingCase) -> Comment {
    "\(replay(seed)): \(problem)"
  }

  private func solve(_ problem: SharingCase) -> [Int64] {
    waterFill(
      capacity: problem.capacity, lower: problem.floors, upper: problem.caps,
      weights: problem.weights)
  }

  private func solve(
    _ problem: SharingCase, _ scratch: inout WaterFillScratch
  ) -> (outcome: WaterFillOutcome, allocation: [Int64]) {
    waterFill(
      capacity: problem.capacity, lower: problem.floors, upper: problem.caps,
      weights: problem.weights, scratch: &scratch)
  }
}
