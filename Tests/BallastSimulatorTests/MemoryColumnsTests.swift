import BallastKernel
import BallastMachine
import BallastModel
import BallastTestSupport
import BallastUnits
import Testing

@testable import BallastSimulator

/// Memory in result files: rows that add up to the last thousandth of a MiB, and summaries without rows.
struct MemoryColumnsTests {
  static let seeds = testSeeds(usual: 1_000)

  /// 1 MiB of three parts of a third each, in thousandths: 333 + 334 + 333 = 1,000.
  @Test func partsAreRoundedTogether() {
    var memory = VMMemory()
    memory.configured = 1 << 20
    (memory.swapped, memory.balloon, memory.mapped) = (349_525, 349_525, 349_526)
    let cells = VMMemoryCells(memory)
    #expect([cells.swapped, cells.balloon, cells.mapped] == [333, 334, 333])
    #expect(cells.untouched == 0)
  }

  /// configured = untouched + mapped + balloon + compressed + swapped, consumed = mapped − saved + compressed size; nothing
  /// below zero, what is none stays none, and no cell is off by a thousandth.
  @Test(arguments: seeds) func rowsOfVMsAddUp(seed: UInt64) {
    var stream = RandomStream(seed: seed, named: "cells")
    func part(_ left: Int64) -> Int64 {
      let kind = stream.next(below: 4)
      return kind == 0 ? 0 : kind == 1 ? left : Int64(stream.next(below: UInt64(left + 1)))
    }
    var memory = VMMemory()
    memory.configured = 1 + Int64(stream.next(below: 1 << 40))
    var left = memory.configured
    for place in [\VMMemory.mapped, \.balloon, \.compressed, \.swapped] {
      memory[keyPath: place] = part(left)
      left -= memory[keyPath: place]
    }
    memory.untouched = left
    memory.shared = part(memory.mapped)
    memory.saved = part(memory.shared)
    memory.compressedSize = part(memory.compressed)
    let cells = VMMemoryCells(memory)
    let parts = [cells.untouched, cells.mapped, cells.balloon, cells.compressed, cells.swapped]
    #expect(parts.reduce(0, +) == cells.configured)
    #expect(cells.consumed == cells.mapped - cells.saved + cells.compressedSize)
    #expect((parts + [cells.saved, cells.consumed]).allSatisfy { $0 >= 0 })
    #expect(cells.saved <= cells.shared && cells.shared <= cells.mapped)
    let exact = [
      memory.untouched, memory.mapped, memory.balloon, memory.compressed, memory.swapped,
    ]
    for (cell, bytes) in zip(parts, exact) {
      #expect(bytes > 0 || cell == 0 || cells.untouched == cell)
      #expect(abs(Int128(cell) << 20 - Int128(bytes) * 1_000) <= 1 << 20)
    }
  }

  /// Of 600 kHz·s wished, 150 lost: 25 %. 3 MiB in 2 s: 1.5 MiB/s.
  @Test func activityBecomesRates() {
    var cells = VMMemoryCells()
    var activity = MemoryActivity()
    (activity.swapIn, activity.wished, activity.lost) = (3 << 20, 600, 150)
    cells.add(activity, over: .seconds(2))
    #expect(cells.swapIn == 1_500 && cells.swapOut == 0 && cells.slowdown == 25_000)
  }

  // MARK: Runs

  /// Two ESXi hosts of 4 GiB: on the first, six VMs of 1 GiB that want ever more of it; on the second, two at rest.
  private func world(seed: UInt64, isRecorded: Bool, events: [World.Event] = []) -> World {
    var stream = RandomStream(seed: seed, named: "world")
    func percent(_ range: ClosedRange<UInt64>) -> PartsPerMillion {
      .percent(Int64(range.lowerBound + stream.next(below: range.upperBound - range.lowerBound)))
    }
    let vms = (0..<8).map { index in
      World.VM(
        name: "vm-\(index)", cluster: 0, host: HostIndex(index < 6 ? 0 : 1), vcpus: 1,
        memory: .gibibytes(1),
        workload: GuestWorkload(
          cpu: .constant(percent(10...60)),
          memoryActive: .steps([
            .init(time: .zero, value: percent(5...20)),
            .init(time: .seconds(300), value: percent(20...90)),
          ]), memoryTouched: .constant(percent(index < 6 ? 60...100 : 30...60))))
    }
    var world = World(
      name: "pressure", seed: seed, duration: .seconds(930), controlInterval: .seconds(20),
      recordInterval: .seconds(60), profile: .esxi,
      clusters: [World.Cluster(name: "c", pools: [], hosts: [HostIndex(0), HostIndex(1)])],
      hosts: ["ha", "hb"].map {
        HostSpec(
          name: $0, sockets: 1, coresPerSocket: 4, threadsPerCore: 1,
          coreRate: .megahertz(1_000), memory: .gibibytes(4), swap: .usual(.ssd),
          memoryReserve: .mebibytes(256))
      },
      vms: vms, events: events, recordedVMs: isRecorded ? vms.indices.map { VMIndex($0) } : [])
    world.memory = HypervisorProfile.esxi.memory
    world.policies.admission.policy = "none"
    return world
  }

  private func run(_ world: World) throws -> (CollectingSink, RunRecord) {
    let sink = CollectingSink()
    return (sink, try Simulation(world, sink: sink, threads: 1).run())
  }

  /// capacity = free + consumed + overhead + reserved; what the host's VMs have is the sum of their cells.
  @Test(arguments: testSeeds(usual: 10)) func filesAddUp(seed: UInt64) throws {
    let migrate = World.Event(
      at: .seconds(500), action: .migrate([VMIndex(0)], to: HostIndex(1)))
    let (sink, _) = try run(world(seed: seed, isRecorded: true, events: [migrate]))
    for sample in sink.samples {
      for (host, cells) in sample.hostRows.enumerated() {
        func of(_ column: HostColumn) -> Int64 { cells[column.rawValue] }
        #expect(
          of(.memCapacity) == of(.memFree) + of(.memConsumed) + of(.memOverhead)
            + of(.memHostReserved))
        #expect(
          of(.memConsumed) == of(.memMapped) - of(.memSharedSaved) + of(.memCompressedSize))
        #expect(
          of(.memSharedSaved) == of(.memSavedZero) + of(.memSavedCommon) + of(.memSavedDuplicate))
        #expect(of(.memFree) >= 0)
        let here = sample.vmRows.filter { $0.host == host }.map(\.cells)
        let pairs: [(HostColumn, VMColumn)] = [
          (.memBalloon, .memBalloon), (.memSwapped, .memSwapped),
          (.memCompressed, .memCompressed), (.memShared, .memShared),
          (.memSharedSaved, .memSharedSaved), (.memWaiting, .memWaiting), (.swapIn, .swapIn),
          (.swapOut, .swapOut), (.memConfigured, .memConfigured),
        ]
        for (ofHost, ofVM) in pairs {
          #expect(
            of(ofHost) == here.reduce(0) { $0 + $1[ofVM.rawValue] },
            "\(ofHost) at \(sample.time)")
        }
        // Copies of VMs on their way here stand in no VM's row.
        #expect(
          of(.memConsumed) >= here.reduce(0) { $0 + $1[VMColumn.memConsumed.rawValue] })
      }
      for (_, cells) in sample.vmRows {
        func of(_ column: VMColumn) -> Int64 { cells[column.rawValue] }
        #expect(
          of(.memConfigured) == of(.memUntouched) + of(.memMapped) + of(.memBalloon)
            + of(.memCompressed) + of(.memSwapped))
        #expect(
          of(.memConsumed) == of(.memMapped) - of(.memSharedSaved) + of(.memCompressedSize))
      }
    }
  }

  /// The worlds above are short of memory, else their sums would show little.
  @Test func worldsAreShortOfMemory() throws {
    for seed in UInt64(1)...10 {
      let (sink, _) = try run(world(seed: seed, isRecorded: true))
      let states = Set(sink.samples.flatMap { $0.memoryStates.compactMap(\.self) })
      #expect(states.contains(.high) && states.count > 1, "seed \(seed)")
    }
  }

  /// Without rows the hosts' rows are the same but for thousandths that a full host takes back, and the summaries of VMs are
  /// those of the rows: exact means, maxima and, up to a thousand changes, percentiles.
  @Test func summariesAreThoseOfTheRows() throws {
    let (rows, full) = try run(world(seed: 5, isRecorded: true))
    let (none, short) = try run(world(seed: 5, isRecorded: false))
    #expect(rows.summaries.count == 8 && none.summaries.count == 8)
    for (a, b) in zip(rows.summaries, none.summaries) {
      for column in [VMColumn.memConsumed, .memBalloon, .memSwapped, .slowdown] {
        let metric = summaryMetrics.firstIndex(of: column)!
        let (a, b) = (a.metrics[metric], b.metrics[metric])
        for (x, y) in [(a.mean, b.mean), (a.p50, b.p50), (a.p95, b.p95), (a.max, b.max)] {
          #expect(abs(x - y) <= 2, "\(column)")
        }
      }
    }
    for (a, b) in zip(rows.samples, none.samples) { #expect(a.hostRows == b.hostRows) }
    func figure(_ name: String, _ record: RunRecord) -> Int64? {
      record.summary.first { $0.name == name }?.value
    }
    // Six of 1 GiB and two of 1 GiB on 8 GiB.
    #expect(figure("memory_overcommit", full) == 1_000)
    for name in ["mem_swapped_mib_max", "slowdown_pct_max", "mem_below_high_s"] {
      #expect((figure(name, full) ?? 0) > 0, "\(name)")
      #expect(figure(name, full) == figure(name, short))
    }
  }

  /// `mem_below_high_s` counts from one change of state to the next, not whole samples: until the run's end, or until the
  /// host fails.
  @Test(arguments: [false, true]) func timeBelowHighIsThatBetweenEvents(fails: Bool) throws {
    let fails = fails ? [World.Event(at: .seconds(700), action: .fail([HostIndex(0)]))] : []
    for seed in UInt64(1)...5 {
      let (sink, record) = try run(world(seed: seed, isRecorded: false, events: fails))
      var since: [Substring: Double] = [:]
      var (below, rows) = (0.0, 0)
      for words in sink.events.map({ $0.split(separator: " ") })
      where ["mem_state", "host_failed"].contains(words[1]) {
        // 601.000 mem_state ha high → low …
        let (time, host, to) = (Double(String(words[0])) ?? .nan, words[2], words[5])
        rows += 1
        if to == "high" || to == "failed" {
          below += since.removeValue(forKey: host).map { time - $0 } ?? 0
        } else if since[host] == nil {
          since[host] = time
        }
      }
      for start in since.values { below += 930 - start }
      let figure =
        Double(record.summary.first { $0.name == "mem_below_high_s" }?.value ?? 0) / 1_000
      // Events have their times in whole milliseconds.
      #expect(abs(figure - below) <= 0.001 * Double(rows + 1) && below > 0, "seed \(seed)")
    }
  }

  /// Proxmox balloons towards one goal and has no states: no events of them, empty cells, and no time in them.
  @Test func policiesWithoutStatesShowNone() throws {
    var world = world(seed: 5, isRecorded: true)
    world.memory!.policy = "proxmox"
    let (sink, record) = try run(world)
    #expect(!sink.events.contains { $0.contains(" mem_state ") })
    #expect(sink.samples.allSatisfy { $0.memoryStates.allSatisfy { $0 == nil } })
    #expect(record.summary.first { $0.name == "mem_below_high_s" }?.value == emptyCell)
  }

  /// Where nothing is taken back, columns about that are empty and what was counted before still is.
  @Test func withoutReclamationItsColumnsAreEmpty() throws {
    var world = world(seed: 5, isRecorded: true)
    world.memory = nil
    let (sink, record) = try run(world)
    #expect(!record.takesMemoryBack && record.summary.allSatisfy { $0.name != "slowdown_pct_max" })
    for sample in sink.samples {
      for column in HostColumn.allCases {
        let isEmpty = sample.hostRows.allSatisfy { $0[column.rawValue] == emptyCell }
        #expect(isEmpty != column.spec.isModelled(withReclamation: false), "\(column)")
      }
      for column in VMColumn.allCases {
        let isEmpty = sample.vmRows.allSatisfy { $0.cells[column.rawValue] == emptyCell }
        #expect(isEmpty != column.spec.isModelled(withReclamation: false), "\(column)")
      }
      #expect(sample.memoryStates.allSatisfy { $0 == nil })
    }
  }

  // MARK: Summaries in constant memory

  /// Up to 1,024 steps a list is exact; beyond, mean, maximum and time at zero are, and a percentile lies between those one
  /// percent of the time below and above it.
  @Test(arguments: testSeeds(usual: 30)) func stepSummariesAreClose(seed: UInt64) {
    var stream = RandomStream(seed: seed, named: "steps")
    var summary = StepSummary()
    var values: [Int64] = []
    var value: Int64 = 500_000
    for sample in 0..<9_000 {
      let isZero = stream.next(below: 10) < 3
      value = max(1, value + Int64(stream.next(below: 20_001)) - 10_000)
      let shown = isZero ? 0 : value
      summary.become(shown, after: Int64(sample), interval: .seconds(60))
      values.append(shown)
      guard sample == 999 || sample == 8_999 else { continue }
      var copy = summary
      copy.count(to: Int64(sample + 1), interval: .seconds(60))
      let all = History.Series(
        cells: values, intervals: [Int64](repeating: 60_000_000_000, count: values.count))
      #expect(copy.summary.mean == all.mean && copy.summary.max == values.max())
      if sample == 999 {
        #expect(copy.summary == all.summary)
      } else {
        let sorted = values.sorted()
        func rank(_ perMille: Int) -> Int64 { sorted[(sorted.count - 1) * perMille / 1_000] }
        #expect((rank(490)...rank(510)).contains(copy.summary.p50))
        #expect((rank(940)...rank(960)).contains(copy.summary.p95))
        #expect((rank(980)...rank(1_000)).contains(copy.summary.p99))
      }
    }
  }
}
