import BallastManager
import BallastModel
import BallastTestSupport
import BallastUnits
import Testing

/// Proportional share on a host of 10,000 MiB with minFree 1000: high again from 1090 free.
struct ReclamationTests {
  private func policy(
    _ change: (inout ProportionalShareMemory.Parameters) -> Void = { _ in }
  ) -> ProportionalShareMemory {
    var parameters = ProportionalShareMemory.Parameters()
    parameters.minFree = 1_000 * mib
    change(&parameters)
    return ProportionalShareMemory(parameters)
  }

  /// Two equal VMs hold 4800 each, 400 are free: 40 %, soft. What they may hold: 9600 + 400 − 1090 = 8910, 4455 each.
  /// Each balloon is to take 345, together the 690 that are missing.
  @Test func softStateBalloons() {
    var policy = policy()
    let rows = [0, 1].map { memoryRow($0, configured: 6_000, held: 4_800) }
    let answer = policy.answer(memoryTable(total: 10_000, free: 400, rows))
    #expect(answer.decision.state == .soft && answer.decision.shortage == 0)
    #expect(answer.requests.map(\.target) == [4_455 * mib, 4_455 * mib])
    #expect(answer.requests.map(\.balloon) == [345 * mib, 345 * mib])
    #expect(answer.requests.allSatisfy { $0.compress == 0 && $0.swap == 0 })
    #expect(answer.host.scansForSharing)
    let after = policy.answer(
      memoryTable(
        total: 10_000, free: 1_090,
        rows.map {
          memoryRow($0.vm.int, configured: 6_000, current: 5_655, held: 4_455)
        }))
    #expect(after.decision.state == .high)
    #expect(after.current == [-1, -1])
  }

  /// 200 free: hard. 8710 may be held, 4355 each, 445 too many. Compressed to a half, 890 give that, and their 445 fit
  /// the cache of 600. Ballooning has stopped.
  @Test func hardStateCompresses() {
    var policy = policy()
    let rows = [0, 1].map { memoryRow($0, configured: 6_000, held: 4_800) }
    let answer = policy.answer(memoryTable(total: 10_000, free: 200, rows))
    #expect(answer.decision.state == .hard)
    #expect(answer.requests.map(\.compress) == [890 * mib, 890 * mib])
    #expect(answer.requests.allSatisfy { $0.balloon < 0 && $0.swap == 0 })
  }

  /// The cache of the first is full but for 100: 200 compressed free 100, and the other 345 are swapped.
  @Test func whatCompressionCannotIsSwapped() {
    var policy = policy()
    let rows = [0, 1].map {
      memoryRow($0, configured: 6_000, held: 4_800) { $0.compressedSize = 500 * mib }
    }
    let answer = policy.answer(memoryTable(total: 10_000, free: 200, rows))
    #expect(answer.requests.map(\.compress) == [200 * mib, 200 * mib])
    #expect(answer.requests.map(\.swap) == [345 * mib, 345 * mib])
    #expect(
      answer.decision.vms[0].amounts == [
        .init(technique: .compress, bytes: 200 * mib), .init(technique: .swap, bytes: 345 * mib),
      ])
  }

  /// The order is a parameter: swapping first, compression has nothing left to do.
  @Test func orderOfTechniques() {
    var policy = policy { $0.planner = .esxi.ordered([.swap, .compress]) }
    let rows = [0, 1].map { memoryRow($0, configured: 6_000, held: 4_800) }
    let answer = policy.answer(memoryTable(total: 10_000, free: 200, rows))
    #expect(answer.requests.map(\.swap) == [445 * mib, 445 * mib])
    #expect(answer.requests.allSatisfy { $0.compress == 0 } && !answer.host.scansForSharing)
  }

  /// 100 free: low. VMs are stopped above their targets.
  @Test func lowStateBlocks() {
    var policy = policy()
    let rows = [0, 1].map { memoryRow($0, configured: 6_000, held: 4_800) }
    let answer = policy.answer(memoryTable(total: 10_000, free: 100, rows))
    #expect(answer.decision.state == .low)
    #expect(answer.requests.allSatisfy { $0.blocksAboveTarget })
  }

  /// The first reserves 4700: it gives 100, the other 590 of the 690.
  @Test func reservationIsKept() {
    var policy = policy()
    let rows = [
      memoryRow(0, configured: 6_000, held: 4_800, reservation: 4_700),
      memoryRow(1, configured: 6_000, held: 4_800),
    ]
    let answer = policy.answer(memoryTable(total: 10_000, free: 400, rows))
    #expect(answer.requests.map(\.balloon) == [100 * mib, 590 * mib])
    #expect(answer.decision.vms.map(\.bound) == [.reservation, .price])
  }

  /// Both reserve 4800 and hold it, 100 are free: what is reserved is not given up for what is to be kept free, and who holds
  /// no more than is reserved for it runs.
  @Test func whoIsAtItsReservationIsNotStopped() {
    var policy = policy()
    let rows = [0, 1].map { memoryRow($0, configured: 6_000, held: 4_800, reservation: 4_800) }
    let answer = policy.answer(memoryTable(total: 10_000, free: 100, rows))
    #expect(answer.decision.state == .low)
    #expect(answer.requests.map(\.target) == [4_800 * mib, 4_800 * mib])
    #expect(answer.requests.allSatisfy { !$0.blocksAboveTarget && $0.swap == 0 })
  }

  /// A pool reserves 6000 for a VM that reserves nothing itself; the other reserves its 4800. 100 are free of 9700, 1090 are to
  /// be: the other keeps 4800 and runs, the pool's VM gives down to 9700 − 1090 − 4800 = 3810 and is stopped until then.
  @Test func whatAPoolLendsGoesFirst() {
    var policy = policy()
    let rows = [
      memoryRow(0, configured: 6_000, held: 4_800) { $0.pool = 1 },
      memoryRow(1, configured: 4_800, held: 4_800, reservation: 4_800),
    ]
    var table = memoryTable(total: 10_000, free: 100, rows)
    table.pools = [
      MemoryPool(parent: -1, weight: 1), MemoryPool(parent: 0, reservation: 6_000 * mib, weight: 1),
    ]
    let answer = policy.answer(table)
    #expect(answer.requests.map(\.target) == [3_810 * mib, 4_800 * mib])
    #expect(answer.requests.map(\.blocksAboveTarget) == [true, false])
    #expect(answer.requests[0].compress + answer.requests[0].swap > 0)
  }

  /// Nobody at or below its reservation is stopped or taken from, in whatever tree and however little is free.
  @Test(arguments: testSeeds(usual: 300)) func nobodyIsStoppedAtItsReservation(_ seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var table = memoryTable(total: 10_000, free: generator.integer(-50...400), [])
    table.pools = [MemoryPool(parent: -1, weight: 1)]
    for _ in 0..<generator.integer(0...3) {
      table.pools.append(
        MemoryPool(
          parent: Int(generator.integer(0...Int64(table.pools.count - 1))),
          reservation: generator.integer(0...8_000) * mib,
          limit: generator.isHit(oneIn: 4) ? generator.integer(0...8_000) * mib : .max,
          weight: generator.integer(1...4_000)))
    }
    for vm in 0..<Int(generator.integer(1...6)) {
      let held = generator.integer(0...3_000)
      table.rows.append(
        memoryRow(
          vm, configured: 3_000, held: held, shares: generator.integer(0...4_000),
          reservation: generator.isHit(oneIn: 2) ? generator.integer(0...3_000) : 0
        ) {
          $0.pool = Int(generator.integer(0...Int64(table.pools.count - 1)))
          $0.touched = min($0.configured, $0.held + generator.integer(0...500) * mib)
        })
    }
    var policy = policy()
    let answer = policy.answer(table)
    for (row, request) in zip(table.rows, answer.requests) {
      if request.blocksAboveTarget {
        #expect(row.held > row.floor && request.target >= row.floor, "\(replay(seed))")
      }
      if row.held <= row.floor {
        #expect(request.swap == 0 && request.compress == 0, "\(replay(seed))")
        #expect(request.balloon <= row.balloon, "\(replay(seed))")
      }
    }
  }

  /// The idle one pays a quarter per page: of 8910 the busy one may have all its 4800, and the idle one gives 690.
  @Test func idleVMGives() {
    var policy = policy()
    let rows = [
      memoryRow(0, configured: 6_000, held: 4_800) { $0.activeFraction = .zero },
      memoryRow(1, configured: 6_000, held: 4_800),
    ]
    let answer = policy.answer(memoryTable(total: 10_000, free: 400, rows))
    #expect(answer.requests.map(\.balloon) == [690 * mib, -1])
    #expect(answer.decision.vms[0].price * 4 == answer.decision.vms[1].price)
    #expect(answer.decision.vms[0].idleCost == 4)
  }

  /// Without driver no balloon; the 345 are reported as missing. A balloon at 65 % of 6000 takes no more either.
  @Test func whatDoesNotFitIsShortage() {
    var policy = policy()
    let rows = [
      memoryRow(0, configured: 6_000, held: 4_800) { $0.heldBackBy = .driverMissing },
      memoryRow(1, configured: 6_000, held: 4_800) {
        $0.balloon = 3_900 * mib
        $0.touched = 6_000 * mib
      },
    ]
    let answer = policy.answer(memoryTable(total: 10_000, free: 400, rows))
    #expect(answer.decision.vms.map(\.shortage) == [345 * mib, 345 * mib])
    #expect(answer.decision.shortage == 690 * mib)
    #expect(answer.current == [-1, -1])
  }

  /// An empty host: a VM that holds 3000 of its limit of 2000 gives 1000 all the same, and that is all.
  @Test func limitActsInEveryState() {
    var policy = policy()
    let rows = [
      memoryRow(0, configured: 4_000, held: 3_000) { $0.limit = 2_000 * mib },
      memoryRow(1, configured: 4_000, held: 3_000),
    ]
    let answer = policy.answer(memoryTable(total: 10_000, free: 4_000, rows))
    #expect(answer.decision.state == .high)
    #expect(answer.requests.map(\.balloon) == [1_000 * mib, -1])
    #expect(answer.decision.vms.map(\.bound) == [.limit, .size])
  }

  /// 1590 free are 500 more than wanted: of two balloons of 400 the dearer VM's is let out, and 100 of the other's.
  @Test func balloonsAreLetOut() {
    var policy = policy()
    let rows = [
      memoryRow(0, configured: 6_000, current: 5_600, held: 4_000),
      memoryRow(1, configured: 6_000, current: 5_600, held: 4_000, shares: 2_000),
    ]
    let answer = policy.answer(memoryTable(total: 10_000, free: 1_590, rows))
    #expect(answer.requests.map(\.balloon) == [300 * mib, 0])
  }

  /// MoM's states on KVM: 1500 of 10,000 are less than 20 %, so that 500 are missing, 250 of each balloon.
  @Test func statesOfAllMemory() {
    var policy = policy {
      $0.states = .mom
      $0.planner = .kvm
    }
    let rows = [0, 1].map { memoryRow($0, configured: 6_000, held: 4_250) }
    let answer = policy.answer(memoryTable(total: 10_000, free: 1_500, rows))
    #expect(answer.decision.state == .soft && answer.decision.wanted == 2_000 * mib)
    #expect(answer.requests.map(\.balloon) == [250 * mib, 250 * mib])
  }

  /// Below 400 % of minFree large pages are broken up; sharing waits for its usual pass until the state is clear.
  @Test func largePagesAreBrokenUp() {
    var policy = policy()
    for (free, bytes, scans) in [(4_000, 0, false), (3_999, 64, false), (900, 64, true)]
      as [(Int64, Int64, Bool)]
    {
      var table = memoryTable(
        total: 10_000, free: free, [memoryRow(0, configured: 6_000, held: 1_000)])
      table.readings.largePages = 64 * mib
      let answer = policy.answer(table)
      #expect(answer.host.breakLargePages == bytes * mib)
      #expect(answer.host.scansForSharing == scans)
    }
  }

  /// A step takes 100 at most: from the first of two equals.
  @Test func stepIsBounded() {
    var policy = policy { $0.stepBytesMax = 100 * mib }
    let rows = [0, 1].map { memoryRow($0, configured: 6_000, held: 4_800) }
    let answer = policy.answer(memoryTable(total: 10_000, free: 400, rows))
    #expect(answer.requests.map(\.balloon) == [100 * mib, -1])
  }

  /// Once soft or worse, with guests that can be ballooned, free memory returns above high, and nobody is below the
  /// floor.
  @Test(arguments: testSeeds(usual: 300))
  func freeMemoryReturnsAboveHigh(_ seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var policy = policy { $0.planner = .kvm }
    var rows = (0..<generator.integer(2...6)).map { vm in
      memoryRow(
        Int(vm), configured: 4_000, held: generator.integer(1_000...4_000),
        shares: generator.integer(1...4_000), reservation: generator.integer(0...500)
      ) { $0.activeFraction = .percent(generator.integer(0...100)) }
    }
    let free = generator.integer(-300...639)
    let total = rows.reduce(free) { $0 + $1.held / mib }
    for _ in 0..<3 {
      let left = total - rows.reduce(0) { $0 + $1.held } / mib
      let answer = policy.answer(memoryTable(total: total, free: left, rows))
      for (index, request) in answer.requests.enumerated() where request.balloon >= 0 {
        rows[index].held -= request.balloon - rows[index].balloon
        rows[index].balloon = request.balloon
        #expect(rows[index].held >= rows[index].floor, "\(replay(seed))")
        #expect(rows[index].balloon <= rows[index].balloonMax, "\(replay(seed))")
      }
    }
    let left = total - rows.reduce(0) { $0 + $1.held } / mib
    #expect(
      policy.answer(memoryTable(total: total, free: left, rows)).decision.state == .high,
      "\(replay(seed))")
  }
}

/// Settings beyond their ranges.
struct MemorySettingsTests {
  /// The largest and smallest settings trap nowhere, and no balloon is asked beyond configured memory.
  @Test(arguments: memoryCatalog.map(\.name))
  func settingsNeverTrap(_ name: String) {
    var parameters = MemoryPolicyParameters()
    parameters.proportionalShare.minFree = 1_000 * mib
    parameters.momOVirt.isBallooning = true
    for value in [.min, -1, 0, 1, .max] as [Int64] {
      for field in 0..<5 {
        let row = memoryRow(0, configured: 4_000, unused: 2_000, committed: 1_000) {
          switch field {
          case 0: $0.settings.minimum = value
          case 1: $0.settings.balloonMax = PartsPerMillion(value)
          case 2: $0.settings.buffer = PartsPerMillion(value)
          case 3: $0.settings.priority = value
          default: $0.settings.isBallooned = false
          }
        }
        for free in [-500, 100, 400, 9_000] as [Int64] {
          var policy = memoryCatalog.first { $0.name == name }!.make(parameters)
          let answer = policy.answer(memoryTable(total: 10_000, free: free, [row]))
          #expect(answer.current[0] >= -1 && answer.current[0] <= 4_000)
          if field == 4 { #expect(answer.requests[0].balloon <= 0) }
        }
      }
    }
  }
}
