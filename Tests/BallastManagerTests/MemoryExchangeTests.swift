import BallastManager
import BallastModel
import BallastTestSupport
import BallastUnits
import Testing

/// Memory that passes from one guest to another while enough is free, and pools that hold more than they may.
struct MemoryExchangeTests {
  /// MoM's states on a host of 10,000 MiB: high from 2000 free, without hysteresis.
  private func kvm() -> ProportionalShareMemory {
    var parameters = ProportionalShareMemory.Parameters()
    parameters.states = .mom
    parameters.planner = .kvm
    return ProportionalShareMemory(parameters)
  }

  /// The first holds 4000 and uses none of it; of the second, which uses all it has, the balloon holds 2000.
  private let rows = [
    memoryRow(0, configured: 6_000, held: 4_000) { $0.activeFraction = .zero },
    memoryRow(1, configured: 6_000, current: 4_000),
  ]

  /// 8000 may be held, by prices of 1/4 : 1 → 1600 and 6400, of which the second has touched 6000: targets 2000 and 6000.
  /// It lacks the 2000 of its balloon, and nothing is free beyond the 20 %: the first's balloon takes them. With 1000
  /// more free those are let out, and the first gives the other 1000.
  @Test func theIdleOnePaysWithEnoughFree() {
    var policy = kvm()
    let first = policy.answer(memoryTable(total: 10_000, free: 2_000, rows))
    #expect(first.decision.state == .high && first.decision.shortage == 0)
    #expect(first.requests.map(\.target) == [2_000 * mib, 6_000 * mib])
    #expect(first.requests.map(\.balloon) == [2_000 * mib, -1])
    #expect(!first.host.scansForSharing && !first.decision.isQuiet)
    var later = rows
    later[0].balloon = 1_000 * mib
    later[0].held = 3_000 * mib
    let second = policy.answer(memoryTable(total: 10_000, free: 3_000, later))
    #expect(second.requests.map(\.balloon) == [2_000 * mib, 1_000 * mib])
  }

  /// Where both hold their targets nothing is asked, but activity may change while nothing else does.
  @Test func heldBalloonsAreWatched() {
    var policy = kvm()
    let balanced = [
      memoryRow(0, configured: 6_000, current: 2_000) { $0.activeFraction = .zero },
      memoryRow(1, configured: 6_000, held: 6_000),
    ]
    let answer = policy.answer(memoryTable(total: 10_000, free: 2_000, balanced))
    #expect(answer.requests.map(\.balloon) == [-1, -1])
    #expect(answer.decision.mayExchange && !answer.decision.isQuiet)
    let whole = [memoryRow(0, configured: 4_000), memoryRow(1, configured: 4_000)]
    #expect(policy.answer(memoryTable(total: 10_000, free: 2_000, whole)).decision.isQuiet)
  }

  /// Whose balloon is stuck gives nothing, and nothing is missed: nobody is short of what the host has promised.
  @Test func onlyWhoCanGives() {
    var policy = kvm()
    var stuck = rows
    stuck[0].heldBackBy = .balloonStuck
    let answer = policy.answer(memoryTable(total: 10_000, free: 2_000, stuck))
    #expect(answer.requests.map(\.balloon) == [-1, -1] && answer.decision.shortage == 0)
  }

  /// ESXi takes nothing in state high: it lets balloons out below its threshold, until soft begins.
  @Test func esxiTakesNothingInHigh() {
    var parameters = ProportionalShareMemory.Parameters()
    parameters.minFree = 1_000 * mib
    var policy = ProportionalShareMemory(parameters)
    // Down to 73 % of minFree: 1270 are let out of 2000.
    let answer = policy.answer(memoryTable(total: 10_000, free: 2_000, rows))
    #expect(answer.decision.state == .high && answer.requests.map(\.balloon) == [-1, 730 * mib])
  }

  /// Two guests change roles again and again while 20 % stay free: after enough steps the active one holds all it has
  /// touched, and the idle one what is left.
  @Test func memoryFollowsActivity() {
    var policy = kvm()
    var rows = [0, 1].map { memoryRow($0, configured: 4_000, held: 4_000) }
    let total: Int64 = 7_500
    for round in 0..<4 {
      let active = round % 2
      for step in 0..<12 {
        rows[active].activeFraction = .one
        rows[1 - active].activeFraction = .zero
        let free = total - rows.reduce(0) { $0 + $1.held } / mib
        let answer = policy.answer(memoryTable(total: total, free: free, rows))
        for (index, request) in answer.requests.enumerated() where request.balloon >= 0 {
          // A balloon takes and gives pages that the guest uses.
          rows[index].held += rows[index].balloon - request.balloon
          rows[index].balloon = request.balloon
        }
        if step == 11 { #expect(answer.decision.state == .high) }
      }
      // 80 % of 7500 are 6000: 4000 and 2000.
      #expect(rows[active].held == 4_000 * mib && rows[1 - active].held == 2_000 * mib)
    }
  }

  // MARK: Pools

  private func esxi() -> ProportionalShareMemory {
    var parameters = ProportionalShareMemory.Parameters()
    parameters.minFree = 1_000 * mib
    return ProportionalShareMemory(parameters)
  }

  private func row(_ vm: Int, pool: Int, held: Int64, active: Int64 = 100) -> MemoryRow {
    memoryRow(vm, configured: 4_000, held: held) {
      $0.pool = pool
      $0.activeFraction = .percent(active)
    }
  }

  /// On a host with half of its memory free a pool limited to 2000 holds 3000: its VMs' targets are 1000 each, and each
  /// gives 500. The one outside keeps all it has.
  @Test func aPoolAboveItsLimitGives() {
    var policy = esxi()
    var table = memoryTable(
      total: 10_000, free: 5_000,
      [row(0, pool: 1, held: 1_500), row(1, pool: 1, held: 1_500), row(2, pool: 0, held: 2_000)])
    table.pools = [
      MemoryPool(parent: -1, weight: 1), MemoryPool(parent: 0, limit: 2_000 * mib, weight: 4_000),
    ]
    let answer = policy.answer(table)
    #expect(answer.decision.state == .high && answer.decision.shortage == 0)
    #expect(answer.requests.map(\.target) == [1_000 * mib, 1_000 * mib, 2_000 * mib])
    #expect(answer.requests.map(\.balloon) == [500 * mib, 500 * mib, -1])
    #expect(answer.decision.vms.map(\.bound) == [.poolLimit, .poolLimit, .size])
    table.pools[1].limit = 3_000 * mib
    #expect(policy.answer(table).requests.allSatisfy { $0.balloon < 0 })
  }

  /// An outer pool of 2500 around one of 1000, which holds 1400, and a VM that holds 2000. The inner one gives its 400,
  /// and 1000 + 2000 − 2500 = 500 are still too much: of 1500 for the idle VM in the outer pool.
  @Test func innerPoolsCountForOuterOnes() {
    var policy = esxi()
    var table = memoryTable(
      total: 10_000, free: 5_000,
      [row(0, pool: 2, held: 1_400), row(1, pool: 1, held: 2_000, active: 0)])
    table.pools = [
      MemoryPool(parent: -1, weight: 1), MemoryPool(parent: 0, limit: 2_500 * mib, weight: 4_000),
      MemoryPool(parent: 1, limit: 1_000 * mib, weight: 4_000),
    ]
    let answer = policy.answer(table)
    #expect(answer.requests.map(\.balloon) == [400 * mib, 500 * mib])
  }

  /// Whatever the tree: balloons that can take all leave no pool above its limit, and take no more than that asks for.
  @Test(arguments: testSeeds(usual: 300))
  func limitsOfPoolsAreMet(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var policy = esxi()
    let count = Int(random.integer(1...4))
    var pools = [MemoryPool(parent: -1, weight: 1)]
    while pools.count < count {
      let parent = Int(random.integer(0...Int64(pools.count - 1)))
      let limit: Int64 = random.integer(0...2) > 0 ? random.integer(0...6_000) * mib : .max
      pools.append(
        MemoryPool(parent: parent, limit: limit, weight: random.integer(1...8_000)))
    }
    let rows = (0..<Int(random.integer(1...6))).map { vm in
      memoryRow(
        vm, configured: 4_000, held: random.integer(0...4_000), shares: random.integer(1...4_000)
      ) {
        $0.pool = Int(random.integer(0...Int64(count - 1)))
        $0.activeFraction = .percent(random.integer(0...100))
        $0.settings.balloonMax = .percent(100)
      }
    }
    var table = memoryTable(total: 50_000, free: 20_000, rows)
    table.pools = pools
    let answer = policy.answer(table)
    let taken = answer.requests.map { max(0, $0.balloon) }
    var asked = pools.map { _ in false }
    for pool in pools.indices {
      let inside = rows.indices.filter {
        var at = rows[$0].pool
        while at > pool { at = pools[at].parent }
        return at == pool
      }
      let held = inside.reduce(0) { $0 + rows[$1].held }
      let left = held - inside.reduce(0) { $0 + taken[$1] }
      #expect(left <= pools[pool].limit, "\(replay(seed))")
      for row in inside where held > pools[pool].limit { asked[rows[row].pool] = true }
    }
    for (index, row) in rows.enumerated() where taken[index] > 0 {
      #expect(asked[row.pool], "\(replay(seed))")
      #expect(row.held - taken[index] >= answer.requests[index].target, "\(replay(seed))")
    }
  }
}
