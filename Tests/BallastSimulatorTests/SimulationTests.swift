import BallastMachine
import BallastModel
import BallastSimulator
import BallastTestSupport
import BallastUnits
import Testing

/// Whole runs into memory, with sums by hand. Cells are thousandths: kHz of MHz, µs of ms.
struct SimulationTests {
  /// Hosts of 2 cores at 1 GHz and 4 GiB; a run of 25 s with samples of 10 s and control steps every 5 s.
  private func world(
    hosts: [String], _ vms: [World.VM], pools: [PoolSpec] = [], events: [World.Event] = [],
    duration: Int64 = 25, isRecorded: Bool = true
  ) -> World {
    World(
      name: "test", seed: 1, duration: .seconds(duration), controlInterval: .seconds(5),
      recordInterval: .seconds(10), profile: .esxi,
      clusters: [
        World.Cluster(name: "c", pools: pools, hosts: hosts.indices.map { HostIndex($0) })
      ],
      hosts: hosts.map {
        HostSpec(
          name: $0, sockets: 1, coresPerSocket: 2, threadsPerCore: 1,
          coreRate: .megahertz(1_000), memory: .gibibytes(4))
      },
      vms: vms, events: events,
      recordedVMs: isRecorded ? vms.indices.map { VMIndex($0) } : [])
  }

  private func vm(
    _ name: String, host: Int? = 0, pool: String = "", vcpus: Int = 2, percent: Int64 = 100,
    start: Int64 = 0, stop: Int64? = nil, workload: GuestWorkload? = nil
  ) -> World.VM {
    World.VM(
      name: name, cluster: 0, pool: pool, host: host.map { HostIndex($0) }, vcpus: vcpus,
      memory: .gibibytes(1), start: .seconds(start), stop: stop.map { .seconds($0) },
      workload: workload ?? GuestWorkload(cpu: .constant(.percent(percent))))
  }

  private func run(_ world: World, threads: Int = 1) throws -> (CollectingSink, RunRecord) {
    let sink = CollectingSink()
    return (sink, try Simulation(world, sink: sink, threads: threads).run())
  }

  /// On ha, a and b want 2 GHz each of 2; on hb, c wants 0.5 of its 1 GHz.
  ///
  /// a and b have 1 GHz each until 12 s, when a is limited to 0.5; from then on a has 0.5, b 1.5. At 22 s b ends.
  /// - a: [0, 10) 1; [10, 20) (2 × 1 + 8 × 0.5) / 10 = 0.6; [20, 25) 0.5
  /// - b: 1; (2 × 1 + 8 × 1.5) / 10 = 1.4; 2 of 5 s at 1.5 = 0.6
  @Test func rowsAreTheSumsOfWhatHappened() throws {
    let limit = World.Event(
      at: .seconds(12),
      action: .setVMs(
        [VMIndex(0)], cpu: SettingsChange(limit: .amount(.megahertz(500))), memory: .init()))
    let (sink, record) = try run(
      world(
        hosts: ["ha", "hb"],
        [vm("a"), vm("b", stop: 22), vm("c", host: 1, vcpus: 1, percent: 50)], events: [limit]))

    #expect(sink.samples.map(\.time) == [10, 20, 25].map { .seconds($0) })
    #expect(sink.samples.map(\.interval) == [10, 10, 5].map { .seconds($0) })

    #expect(sink.vm("a", .cpuDemand) == [2_000_000, 2_000_000, 2_000_000])
    #expect(sink.vm("a", .cpuUsed) == [1_000_000, 600_000, 500_000])
    // Missing 1 of 2 vCPUs, 1.4, 1.5, over the interval.
    #expect(sink.vm("a", .cpuReady) == [10_000_000, 14_000_000, 7_500_000])
    #expect(sink.vm("a", .cpuReadyPercent) == [50_000, 70_000, 75_000])
    // The limit keeps back 1.5 of 2 GHz for 8 of 10 s, then always.
    #expect(sink.vm("a", .cpuLimitedPercent) == [0, 60_000, 75_000])
    #expect(sink.vm("a", .cpuCoStopPercent) == [emptyCell, emptyCell, emptyCell])
    #expect(sink.vm("a", .memConfigured) == [1_024_000, 1_024_000, 1_024_000])
    #expect(sink.vm("a", .memConsumed) == [1_024_000, 1_024_000, 1_024_000])

    #expect(sink.vm("b", .cpuDemand) == [2_000_000, 2_000_000, 800_000])
    #expect(sink.vm("b", .cpuUsed) == [1_000_000, 1_400_000, 600_000])
    #expect(sink.vm("b", .memConsumed) == [1_024_000, 1_024_000, 0])
    #expect(sink.state(ofVM: "b") == [.on, .on, .off])

    #expect(sink.vm("c", .cpuUsed) == [500_000, 500_000, 500_000])
    #expect(sink.host(ofVM: "c") == ["hb", "hb", "hb"])
    #expect(sink.vm("c", .cpuReady) == [0, 0, 0])

    #expect(sink.host("ha", .cpuCapacity) == [2_000_000, 2_000_000, 2_000_000])
    #expect(sink.host("ha", .cpuDemand) == [4_000_000, 4_000_000, 2_800_000])
    #expect(sink.host("ha", .cpuUsed) == [2_000_000, 2_000_000, 1_100_000])
    #expect(sink.host("ha", .cpuUsedPercent) == [100_000, 100_000, 55_000])
    #expect(sink.host("ha", .cpuReady) == [20_000_000, 20_000_000, 8_500_000])
    #expect(sink.host("ha", .vms) == [2_000, 2_000, 1_000])
    #expect(sink.host("ha", .vcpus) == [4_000, 4_000, 2_000])
    #expect(sink.host("ha", .memConsumed) == [2_048_000, 2_048_000, 1_024_000])
    #expect(sink.host("ha", .memFree) == [2_048_000, 2_048_000, 3_072_000])
    #expect(sink.host("hb", .cpuUsed) == [500_000, 500_000, 500_000])

    // Σ over all VMs, in the root's row.
    #expect(sink.pool("", .cpuUsed) == [2_500_000, 2_500_000, 1_600_000])
    #expect(sink.pool("", .memUsed) == [3_072_000, 3_072_000, 2_048_000])
    #expect(sink.pool("", .cpuReservation) == [emptyCell, emptyCell, emptyCell])

    #expect(
      sink.events == [
        "0.000 power_on a → ha placement=host", "0.000 power_on b → ha placement=host",
        "0.000 power_on c → hb placement=host",
        "12.000 set a unlimited → 500.000 MHz key=cpu.limit", "22.000 power_off b ha",
      ])

    // (10 × 1 + 10 × 0.6 + 5 × 0.5) / 25
    #expect(sink.summary(ofVM: "a", .cpuUsed).mean == 740_000)
    #expect(sink.summary(ofVM: "a", .cpuUsed).max == 1_000_000)
    #expect(sink.summary(ofVM: "a", .memConsumed).p99 == 1_024_000)
    #expect(sink.summary(ofVM: "a", .memBalloon) == .empty)

    #expect(record.isComplete && record.simulated == .seconds(25))
    let figures = Dictionary(uniqueKeysWithValues: record.summary.map { ($0.name, $0.value) })
    #expect(figures["vms"] == 3_000 && figures["hosts"] == 2_000)
    // 5 vCPUs on 4 cores; 3 of 8 GiB.
    #expect(figures["vcpus_per_core"] == 1_250 && figures["mem_configured_pct"] == 37_500)
    // 3 VMs on 2 hosts for 20 s, 2 for the last 5 (as the rows have it): (20 × 1.5 + 5 × 1) / 25.
    #expect(figures["consolidation_ratio"] == 1_400)
    // (25 + 25 + 1.6 × 5) of 4 GHz × 25 s.
    #expect(figures["cpu_used_pct"] == 58_000)
    #expect(figures["mem_consumed_pct_max"] == 50_000)
  }

  /// a and b share 2 GHz, so 1 GHz each is granted at every step. c is granted what was observed, 0.5. b, off from 22 s,
  /// is in no step of [20, 25] but that at 25 s, which finds it gone: 0.
  @Test func entitlementIsTheMeanOverControlSteps() throws {
    let (sink, _) = try run(
      world(
        hosts: ["ha", "hb"],
        [vm("a"), vm("b", stop: 22), vm("c", host: 1, vcpus: 1, percent: 50)]))
    #expect(sink.vm("a", .cpuEntitled) == [1_000_000, 1_000_000, 2_000_000])
    #expect(sink.vm("b", .cpuEntitled) == [1_000_000, 1_000_000, 0])
    #expect(sink.vm("c", .cpuEntitled) == [500_000, 500_000, 500_000])
    #expect(sink.vm("a", .memEntitled) == [1_024_000, 1_024_000, 1_024_000])
  }

  /// Off at 12 s: of the steps at 15 and 20 s none had it, so 0; off at 17 s: the one at 15 s, half.
  @Test(arguments: [(12, 0), (17, 250_000)] as [(Int64, Int64)])
  func entitlementWhileOffIsZero(stop: Int64, entitled: Int64) throws {
    let (sink, _) = try run(world(hosts: ["h"], [vm("a", percent: 25, stop: stop)]))
    #expect(sink.vm("a", .cpuEntitled) == [500_000, entitled, nil])
  }

  /// Off at 5 s, after the step at 5 s: that step had it, the one at 10 s not, so half.
  @Test func stepAtTheInstantOfAStopCounts() throws {
    let (sink, _) = try run(world(hosts: ["h"], [vm("a", percent: 25, stop: 5)]))
    #expect(sink.vm("a", .cpuEntitled) == [250_000, nil, nil])
  }

  /// On at 5 s, after the step at 5 s: only the step at 10 s had it.
  @Test func stepAtTheInstantOfAStartDoesNotCount() throws {
    let (sink, _) = try run(world(hosts: ["h"], [vm("a", percent: 25, start: 5)]))
    #expect(sink.vm("a", .cpuEntitled) == [250_000, 500_000, 500_000])
  }

  /// A guest changes from 0.5 to 2 GHz at 4 s, by an event. No host reports that: the step at 5 s sees 4 s of 0.5 and 1 s
  /// of 2 GHz, 0.8 GHz; the one at 10 s sees 2 GHz.
  @Test func managerIsNotToldOfWorkloadEvents() throws {
    let change = World.Event(
      at: .seconds(4), action: .setWorkload([VMIndex(0)], [.constant(100)], what: "key=cpu"))
    let (sink, _) = try run(world(hosts: ["h"], [vm("a", percent: 25)], events: [change]))
    #expect(sink.vm("a", .cpuEntitled) == [1_400_000, 2_000_000, 2_000_000])
  }

  /// Off at 12 s and on again at 17 s: one row, on, with 5 of 10 s at 1 GHz; and a new beginning for the manager, which
  /// sees nothing of before.
  @Test func restartWithinASampleHasOneRow() throws {
    let power = { (at: Int64, on: Bool) in
      World.Event(at: .seconds(at), action: .power([VMIndex(0)], on: on))
    }
    let (sink, _) = try run(
      world(hosts: ["h"], [vm("a", percent: 50)], events: [power(12, false), power(17, true)]))
    #expect(sink.vm("a", .cpuUsed) == [1_000_000, 500_000, 1_000_000])
    #expect(sink.state(ofVM: "a") == [.on, .on, .on])
    #expect(sink.host("h", .cpuUsed) == [1_000_000, 500_000, 1_000_000])
    // None at 15 s; at 20 s, 3 s of observation tell 1 GHz: the mean of 0 and 1.
    #expect(sink.vm("a", .cpuEntitled) == [1_000_000, 500_000, 1_000_000])
  }

  /// New curves at 4 s and at 14 s: 1 GHz, then 0.5 GHz, then 2 GHz. What the second event leaves out goes on.
  @Test func workloadEventsTakeEffectAtOnce() throws {
    let set = { (at: Int64, workload: GuestWorkload) in
      World.Event(
        at: .seconds(at), action: .setWorkload([VMIndex(0)], [workload], what: "key=cpu"))
    }
    let (sink, _) = try run(
      world(
        hosts: ["h"], [vm("a", percent: 50)],
        events: [set(4, .constant(25)), set(14, .constant(100))]))
    #expect(sink.vm("a", .cpuUsed) == [700_000, 1_400_000, 2_000_000])
    #expect(sink.events.dropFirst() == ["4.000 workload a key=cpu", "14.000 workload a key=cpu"])
  }

  /// Pool gold (limit 1 GHz) with a and b on ha, c on hb, each wanting 1 GHz. Entitled alike, so ha has 2/3 of the
  /// limit, hb 1/3: 333 MHz each. At 10 s the limit is lifted: 1 GHz each.
  @Test func poolLimitHoldsOverHosts() throws {
    let gold = PoolSpec(
      name: "gold", cpu: .init(reservation: .megahertz(300), limit: .megahertz(1_000)),
      memory: .init(), pools: [], place: SourcePlace(file: "t", line: 1, column: 1))
    let lift = World.Event(
      at: .seconds(10),
      action: .setPool(
        cluster: 0, pool: "gold", PoolChange(cpu: SettingsChange(limit: .unlimited))))
    let (sink, _) = try run(
      world(
        hosts: ["ha", "hb"],
        [
          vm("a", pool: "gold", percent: 50), vm("b", pool: "gold", percent: 50),
          vm("c", host: 1, pool: "gold", percent: 50),
        ], pools: [gold], events: [lift], duration: 20))
    let used = ["a", "b", "c"].map { sink.vm($0, .cpuUsed) }
    #expect(used.allSatisfy { $0[0]! >= 333_333 && $0[0]! <= 333_334 })
    #expect(used.map { $0[1] } == [1_000_000, 1_000_000, 1_000_000])
    #expect(sink.vm("c", .cpuLimitedPercent)[1] == 0)
    #expect(sink.pool("gold", .cpuUsed) == [1_000_000, 3_000_000])
    #expect(sink.pool("gold", .cpuReservation) == [300_000, 300_000])
    // Settings are shown as they stood just before the end of the sample.
    #expect(sink.pool("gold", .cpuLimit) == [1_000_000, emptyCell])
    #expect(sink.pool("", .cpuUsed) == [1_000_000, 3_000_000])
    #expect(sink.pool("", .cpuReservedByChildren) == [300_000, 300_000])
  }

  /// Pool gold (limit 1 GHz), divided over its hosts every 40 s: by sizes at the start, half and half. a on ha wants 1 GHz
  /// until 12 s, b on hb from then on. A control step sees that at 20 s, and nothing changes after it: at 40 s the limit
  /// moves all the same.
  @Test func whatWasSeenWaitsForTheRefreshOnly() throws {
    let gold = PoolSpec(
      name: "gold", cpu: .init(limit: .megahertz(1_000)), memory: .init(), pools: [],
      place: SourcePlace(file: "t", line: 1, column: 1))
    func workload(_ first: Int64, _ then: Int64) -> GuestWorkload {
      GuestWorkload(
        cpu: .steps([
          .init(time: .zero, value: .percent(first)),
          .init(time: .seconds(12), value: .percent(then)),
        ]))
    }
    var scene = world(
      hosts: ["ha", "hb"],
      [
        vm("a", pool: "gold", workload: workload(50, 0)),
        vm("b", host: 1, pool: "gold", workload: workload(0, 50)),
      ], pools: [gold], duration: 120)
    scene.policies.entitlement.refresh = .seconds(40)
    let (sink, _) = try run(scene)
    #expect(sink.vm("b", .cpuUsed)[2] == 500_000 && sink.vm("b", .cpuUsed)[3] == 500_000)
    #expect(sink.vm("b", .cpuUsed).dropFirst(4) == Array(repeating: 1_000_000, count: 8)[...])
  }

  /// Without a host of their own, VMs go where the fuller resource is least full: a to ha, b to hb, c to ha again.
  @Test func placementChoosesAtPowerOn() throws {
    let (sink, _) = try run(
      world(hosts: ["ha", "hb"], ["a", "b", "c"].map { vm($0, host: nil, percent: 10) }))
    #expect(["a", "b", "c"].map { sink.host(ofVM: $0)[0] } == ["ha", "hb", "ha"])
    #expect(sink.events[0] == "0.000 power_on a → ha placement=load-balance")
  }

  /// 5 GiB on a host of 4, from 3 s on, until one VM ends at 23 s.
  @Test func overcommitmentIsReported() throws {
    let growing = GuestWorkload(memoryTouched: steps([(3, 100)]))
    var vms = (0..<5).map { vm("v\($0)", percent: 0, stop: $0 == 4 ? 23 : nil) }
    vms[0].workload = growing
    let (sink, _) = try run(world(hosts: ["h"], vms))
    let tail = " reclaim=off"
    #expect(
      sink.events.filter { $0.contains("overcommitted") } == [
        "3.000 overcommitted h false → true consumed_mib=5120.000 capacity_mib=4096.000"
          + " short_mib=1024.000" + tail,
        "23.000 overcommitted h true → false consumed_mib=4096.000 capacity_mib=4096.000"
          + " short_mib=0.000" + tail,
      ])
    #expect(sink.host("h", .memFree) == [-1_024_000, -1_024_000, 0])
  }

  /// At 10 s one VM stops and another starts: memory is short before and after, and was never there in between.
  @Test func thereAndBackInOneInstantIsNoEvent() throws {
    let vms = (0..<5).map { vm("v\($0)", percent: 0, stop: $0 == 4 ? 10 : nil) }
    let (sink, _) = try run(world(hosts: ["h"], vms + [vm("w", percent: 0, start: 10)]))
    #expect(sink.events.filter { $0.contains("overcommitted") }.count == 1)
  }

  // MARK: Who watches does not matter

  /// A run without rows of VMs delivers the same, and its summaries have the same means and maxima; a VM that ends has
  /// its memory counted for the two samples it was on at the end of (of three rows).
  @Test func recordingDoesNotChangeTheRun() throws {
    let vms = [
      vm("a"), vm("b", stop: 22),
      vm(
        "c",
        workload: GuestWorkload(
          cpu: .square(
            period: .seconds(4), duty: .percent(25), high: .percent(90), low: .percent(10)))),
    ]
    let (recorded, _) = try run(world(hosts: ["ha"], vms))
    let (plain, _) = try run(world(hosts: ["ha"], vms, isRecorded: false))
    for column in [HostColumn.cpuDemand, .cpuUsed, .memConsumed] {
      #expect(plain.host("ha", column) == recorded.host("ha", column))
    }
    for name in ["a", "b", "c"] {
      for column in [VMColumn.cpuUsed, .cpuReadyPercent, .memConsumed] {
        let (exact, sketched) = (
          recorded.summary(ofVM: name, column), plain.summary(ofVM: name, column)
        )
        #expect(exact.mean == sketched.mean && exact.max == sketched.max, "\(name) \(column)")
      }
    }
    // 1 GiB over 20 of 25 s.
    #expect(plain.summary(ofVM: "b", .memConsumed).mean == 819_200)
  }

  /// 12 hosts and 60 VMs that come, go, are placed and change: same rows, events and digest on 1, 2 and 7 threads, with
  /// pools over hosts and without.
  @Test(arguments: [true, false])
  func threadsDoNotMatter(hasPools: Bool) throws {
    var generator = SeededGenerator(seed: 4)
    let place = SourcePlace(file: "t", line: 1, column: 1)
    let gold = PoolSpec(
      name: "gold", cpu: .init(limit: .megahertz(9_000), shares: .high), memory: .init(), pools: [],
      place: place)
    let vms = (10..<70).map { index -> World.VM in
      let square = DemandSource.square(
        period: .seconds(generator.integer(3...9)), duty: .percent(generator.integer(1...99)),
        high: .percent(generator.integer(50...100)), low: .percent(generator.integer(0...40)))
      let start = generator.integer(0...30)
      return vm(
        "v\(index)", host: nil, pool: hasPools && index % 3 == 0 ? "gold" : "", start: start,
        stop: generator.isHit(oneIn: 3) ? start + generator.integer(1...60) : nil,
        workload: GuestWorkload(cpu: square))
    }
    let events = (0..<20).map { step -> World.Event in
      let vm = VMIndex(Int(generator.integer(0...59)))
      let at = SimTime.seconds(Int64(step) * 4 + 3)
      return generator.isHit(oneIn: 2)
        ? World.Event(at: at, action: .power([vm], on: generator.isHit(oneIn: 2)))
        : World.Event(
          at: at,
          action: .setVMs(
            [vm], cpu: SettingsChange(limit: .amount(.megahertz(generator.integer(100...900)))),
            memory: .init()))
    }
    let world = world(
      hosts: (10..<22).map { "h\($0)" }, vms, pools: hasPools ? [gold] : [], events: events,
      duration: 95)
    let (one, record) = try run(world)
    #expect(one.samples.count == 10)
    for threads in [1, 2, 7] {
      let (other, again) = try run(world, threads: threads)
      #expect(again.digest == record.digest)
      #expect(other.samples == one.samples)
      #expect(other.events == one.events)
      #expect(other.summaries.map(\.metrics) == one.summaries.map(\.metrics))
    }
  }

  /// Two VMs of equal claims and 1 kHz that cannot be halved: it goes to the earlier name. Names decide, and rows stand
  /// in their order.
  @Test func earlierNamesWinTies() throws {
    var uneven = world(hosts: ["h"], [vm("a"), vm("b")])
    uneven.hosts[0].coresPerSocket = 1
    uneven.hosts[0].coreRate = Kilohertz(1_000_001)
    let (sink, _) = try run(uneven)
    #expect(sink.manifest.vms == ["a", "b"])
    #expect(sink.vm("a", .cpuUsed)[0] == 500_001)
    #expect(sink.vm("b", .cpuUsed)[0] == 500_000)
  }

  /// Asked to stop at 10 s: what was recorded until then is there, and the run says it is incomplete.
  @Test func interruptedRunIsMarked() throws {
    let sink = CollectingSink()
    let simulation = try Simulation(
      world(hosts: ["h"], [vm("a", stop: 10)]), sink: sink)
    var meetings = 0
    let record = try simulation.run(shouldStop: {
      meetings += 1
      return meetings == 2
    })
    #expect(!record.isComplete && record.simulated == .seconds(10))
    #expect(sink.vm("a", .cpuUsed) == [2_000_000])
  }
}
