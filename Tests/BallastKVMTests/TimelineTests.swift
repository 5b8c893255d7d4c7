import BallastTestSupport
import Testing

@testable import BallastKVM

private let second: Int64 = 1_000_000_000

/// Snapshots become intervals.
struct TimelineTests {
  /// 10 s apart: 3 s run and 7 s ready more → one sample of 10 s that wanted all of it.
  @Test func countersAreDifferenced() throws {
    let vm = try #require(try timeline([one(0, 5, 20), one(10, 8, 27)]).vms.first)
    #expect(vm.samples.map(\.run) == [3 * second])
    #expect(vm.samples.map(\.ready) == [7 * second])
    #expect(vm.samples.map(\.wanted) == [10 * second])
    #expect(vm.samples.map(\.length) == [10 * second])
  }

  /// 10 s: 1 s run, 1 s ready, 8 s idle. 2 % of 10 s and two ticks count as not idle: idle 8 − 0.22 = 7.78 s, and
  /// 1 / (1 + 7.78) of 10 s is 1.138952164 s: hardly more than it ran, and not the 2 s of run + ready.
  @Test func momentsOfQueueingAreNoDemand() throws {
    let vm = try #require(try timeline([one(0, 0, 0), one(10, 1, 1)]).vms.first)
    #expect(vm.samples.map(\.wanted) == [1_138_952_164])
  }

  /// Two vCPUs, one busy and waiting half of the time, one idle: 10 s of demand, not the 6.7 s of a mean vCPU.
  @Test func vCPUsAreToldApart() throws {
    var before = one(0, 0, 0)
    before.domains[0].vcpus = 2
    before.domains[0].vcpuTimes = [0, 0]
    before.domains[0].vcpuDelays = [0, 0]
    var after = one(10, 5, 5)
    after.domains[0].vcpus = 2
    after.domains[0].vcpuTimes = [5 * second, 0]
    after.domains[0].vcpuDelays = [5 * second, 0]
    let vm = try #require(try timeline([before, after]).vms.first)
    #expect(vm.samples.map(\.wanted) == [10 * second])
  }

  /// Seen at 0 s and 30 s and missing in between, with the same running id: one sample of 30 s, and no zero.
  @Test func aGapIsOneLongerSample() throws {
    let recorded = try timeline([one(0, 0, 0), none(10), none(20), one(30, 6, 0), one(40, 8, 0)])
    let vm = try #require(recorded.vms.first)
    #expect(vm.samples.map(\.length) == [30 * second, 10 * second])
    #expect(vm.samples.map(\.run) == [6 * second, 2 * second])
    #expect(vm.stays == [.init(start: 0, end: nil)])
    #expect(recorded.notes.absentSamples == 2)
  }

  /// A domain that did not answer has no counters: the same.
  @Test func aDomainWithoutCountersIsAGap() throws {
    var hung = one(10, 0, 0)
    hung.domains[0].answered = false
    hung.domains[0].vcpuTime = nil
    hung.domains[0].cpuTime = nil
    let recorded = try timeline([one(0, 0, 0), hung, one(20, 6, 0)])
    #expect(recorded.vms[0].samples.map(\.run) == [6 * second])
    #expect(recorded.notes.absentSamples == 1)
  }

  /// Last seen at 10 s, back at 30 s under another running id: off from 10 s to 30 s, counted anew from then on.
  @Test func aRestartIsOffInBetween() throws {
    let recorded = try timeline([
      one(0, 0, 0), one(10, 5, 0), none(20), one(30, 1, 0, run: 2), one(40, 3, 0, run: 2),
    ])
    let vm = try #require(recorded.vms.first)
    #expect(vm.stays == [.init(start: 0, end: 10 * second), .init(start: 30 * second, end: nil)])
    #expect(vm.samples.map(\.start) == [0, 30 * second])
    #expect(vm.samples.map(\.run) == [5 * second, 2 * second])
    #expect(recorded.notes.restarts == 1)
    #expect(recorded.notes.departures == 1)
    let text = ReplayFiles(recorded).scenario
    #expect(text.contains("at: \(10 * second)ns, power: {vm: \"web\", state: off}"))
    #expect(text.contains("at: \(30 * second)ns, power: {vm: \"web\", state: on}"))
  }

  /// A counter that falls in the same run is nonsense: nothing is known of that interval.
  @Test func aFallingCounterIsUnknown() throws {
    let recorded = try timeline([one(0, 9, 0), one(10, 4, 0), one(20, 6, 0)])
    #expect(recorded.vms[0].samples.map(\.start) == [10 * second])
    #expect(recorded.notes.countersBack == 1)
  }

  @Test func aDomainThatComesLaterStartsLater() throws {
    let recorded = try timeline([none(0), one(10, 0, 0), one(20, 1, 0)])
    #expect(recorded.vms[0].stays == [.init(start: 10 * second, end: nil)])
    #expect(recorded.notes.lateDomains == 1)
    #expect(ReplayFiles(recorded).scenario.contains("start: \(10 * second)ns"))
  }

  /// Pinned to pCPU 1 of 2: that was idle for 2 of 10 s, so busy for 8; the VM ran 3, others 5.
  @Test func otherUseIsOfTheVMsPCPUs() throws {
    let recorded = try timeline([
      one(0, 0, 0, pins: "1", idle: [0, 0]), one(10, 3, 0, pins: "1", idle: [9, 2]),
    ])
    #expect(recorded.cores == 1)
    #expect(recorded.other == [.init(start: 0, end: 10 * second, run: 5 * second)])
  }

  /// Not pinned: both pCPUs, idle for 11 of 20 s; the VM ran 3, others 6.
  @Test func otherUseIsOfAllPCPUs() throws {
    let recorded = try timeline([one(0, 0, 0, idle: [0, 0]), one(10, 3, 0, idle: [9, 2])])
    #expect(recorded.cores == 2)
    #expect(recorded.other.map(\.run) == [6 * second])
  }

  /// 50 ms of 100 ms per vCPU, and 80 ms for the domain of two vCPUs: 100 ms against 80 ms, the domain's binds.
  @Test func theTighterQuotaCounts() throws {
    var first = one(0, 0, 0)
    first.domains[0].vcpus = 2
    first.domains[0].settings.vcpuQuota = 50_000
    first.domains[0].settings.vcpuPeriod = 100_000
    first.domains[0].settings.globalQuota = 80_000
    first.domains[0].settings.globalPeriod = 100_000
    let recorded = try timeline([first, one(10, 1, 0)])
    let quota = recorded.vms[0].settings[0].quota
    #expect(quota == .init(quota: 80_000, period: 100_000, isPerVCPU: false))
  }

  /// A weight that changes at 10 s is an event at 10 s.
  @Test func changedWeightsAreEvents() throws {
    var first = one(0, 0, 0)
    first.domains[0].settings.cpuWeight = 300
    var second = one(10, 1, 0)
    second.domains[0].settings.cpuWeight = 600
    let text = ReplayFiles(try timeline([first, second, second])).scenario
    #expect(text.contains("cpu: {shares: 300}"))
    #expect(text.contains("{at: 10000000000ns, set: {vm: \"web\", cpu: {shares: 600}}}"))
  }

  @Test func oneSnapshotTellsNothing() {
    var builder = TimelineBuilder(header: header)
    builder.add(one(0, 0, 0))
    #expect(builder.finish() == nil)
  }

  /// 2 GHz, 3 s run and 7 s ready of 10 s: all of it is wanted, 2000 MHz; 100 of 256 MiB are usable.
  @Test func theTraceHasDemandAndActiveMemory() throws {
    let files = ReplayFiles(try timeline([one(0, 0, 0), one(10, 3, 7)]))
    let rows = files.traces[1].text.split(separator: "\n")
    #expect(files.traces.map(\.name) == ["other-use.csv", "web.csv"])
    #expect(rows.count == 2)
    #expect(
      rows[1]
        == "0.000000000;\t1;\t2000.000;\t2000.000;\t100.0000;\t262144;\t159744;\t0;\t0;\t0;\t0")
  }

  /// Names that a scenario refuses are changed, and stay different.
  @Test func namesAreMadeFit() throws {
    var first = one(0, 0, 0)
    first.domains = ["a/b", "a:b", "other-use"].map { name in
      var domain = first.domains[0]
      domain.name = name
      return domain
    }
    var second = first
    second.monotonicTime = 10 * 1_000_000_000
    let files = ReplayFiles(try timeline([first, second]))
    #expect(files.names == ["a_b", "a_b-2", "other-use"])
    #expect(files.otherName == "other-use-2")
  }

  @Test func cpuListsAreRead() {
    #expect(CPUList("0-3,8")?.numbers == [0, 1, 2, 3, 8])
    #expect(CPUList("8,1,1-2")?.numbers == [1, 2, 8])
    #expect(CPUList("")?.numbers == [])
    for text in ["3-1", "x", "-1", "1,", "9999999", "1-2-3"] { #expect(CPUList(text) == nil) }
  }
}

/// Whatever a host says, the promises hold and nothing traps.
struct TimelinePropertyTests {
  static let seeds = testSeeds(usual: 1_000)

  @Test(arguments: seeds) func promisesHoldOnNonsense(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var builder = TimelineBuilder(header: header)
    for step in 0..<random.integer(2...8) {
      var snapshot = one(step * 10, step, step)
      snapshot.monotonicTime = random.isHit(oneIn: 5) ? wild(&random) : step * 10 * second
      snapshot.host.cpu.idle = wild(&random)
      snapshot.host.memoryTotal = wild(&random)
      snapshot.host.pcpus = random.isHit(oneIn: 4) ? wild(&random) : 2
      let domain = snapshot.domains[0]
      snapshot.domains = (0..<random.integer(0...3)).map { number in
        var domain = domain
        domain.name = "vm-\(number)"
        domain.runID = random.isHit(oneIn: 6) ? step : 1
        domain.vcpus = random.isHit(oneIn: 4) ? wild(&random) : 1
        if random.isHit(oneIn: 3) { domain.vcpuTime = wild(&random) }
        if random.isHit(oneIn: 3) { domain.vcpuDelay = wild(&random) }
        if random.isHit(oneIn: 3) { domain.vcpuTimes = [wild(&random)] }
        if random.isHit(oneIn: 3) { domain.vcpuDelays = [wild(&random)] }
        if random.isHit(oneIn: 3) { domain.memoryMax = wild(&random) }
        if random.isHit(oneIn: 3) { domain.guestUsable = wild(&random) }
        if random.isHit(oneIn: 3) { domain.settings.vcpuQuota = wild(&random) }
        if random.isHit(oneIn: 3) { domain.settings.cpuWeight = wild(&random) }
        if random.isHit(oneIn: 3) { domain.settings.pins = ["0-\(random.integer(0...9))"] }
        return domain
      }
      builder.add(snapshot)
    }
    guard let recorded = builder.finish() else { return }
    for vm in recorded.vms {
      #expect(
        vm.samples.allSatisfy {
          $0.length > 0 && $0.run >= 0 && $0.ready >= 0 && $0.run <= $0.wanted
            && $0.wanted - $0.run <= $0.ready
            && Int128($0.run) + Int128($0.ready) <= Int128(vm.vcpus) * Int128($0.length)
        }, "\(replay(seed))")
      #expect(
        zip(vm.samples, vm.samples.dropFirst()).allSatisfy { $0.end <= $1.start }, "\(replay(seed))"
      )
    }
    #expect(
      recorded.other.allSatisfy {
        $0.run >= 0 && Int128($0.run) <= Int128(recorded.cores) * Int128($0.end - $0.start)
      }, "\(replay(seed))")
    let files = ReplayFiles(recorded)
    #expect(files == ReplayFiles(recorded), "\(replay(seed))")
  }

  private func wild(_ random: inout SeededGenerator) -> Int64 {
    [.min, -1, 0, 1, 1 << 40, .max, random.integer(.min ... .max)][Int(random.integer(0...6))]
  }
}

private let header = RecordingHeader(ballastVersion: "0", interval: 10 * second)

private func timeline(_ snapshots: [HostSnapshot]) throws -> RecordedTimeline {
  var builder = TimelineBuilder(header: header)
  for snapshot in snapshots { builder.add(snapshot) }
  return try #require(builder.finish())
}

/// A host of two pCPUs of 2 GHz with the domain "web"; times in seconds.
private func one(
  _ time: Int64, _ run: Int64, _ ready: Int64, run id: Int64 = 1, pins: String? = nil,
  idle: [Int64] = []
) -> HostSnapshot {
  var domain = DomainSnapshot()
  domain.uuid = "u"
  domain.name = "web"
  domain.state = .running
  domain.runID = id
  domain.vcpus = 1
  domain.vcpuTime = run * second
  domain.vcpuDelay = ready * second
  domain.memoryMax = 256 << 20
  domain.memoryCurrent = 256 << 20
  domain.guestUsable = 100 << 20
  domain.lastUpdate = 1
  domain.settings.pins = pins.map { [$0] } ?? []
  var snapshot = none(time)
  snapshot.domains = [domain]
  snapshot.host.cpu.idle = idle.reduce(0, +) * second
  snapshot.host.perCPU = idle.map { idle in
    var times = NodeCPUTime()
    times.idle = idle * second
    return times
  }
  return snapshot
}

private func none(_ time: Int64) -> HostSnapshot {
  var snapshot = HostSnapshot()
  snapshot.monotonicTime = time * second
  snapshot.host.name = "host"
  snapshot.host.pcpus = 2
  snapshot.host.coreRate = 2_000_000
  snapshot.host.memoryTotal = 8 << 30
  return snapshot
}
