import BallastModel
import BallastUnits
import Testing

@testable import BallastReport

/// Rules on numbers made by hand.
@Suite struct FindingsTests {
  /// One host of 10 GHz and 100 GiB, four samples of an hour, used as given.
  func aRun(used: [Double], free: [Double] = [1_024, 1_024, 1_024, 1_024]) -> RunData {
    var data = RunData(
      run: RunFile(
        record: aRecord(), ballastVersion: "0", scenarioSHA256: "", keptScenarioSHA256: nil,
        wallMilliseconds: 0))
    data.times = TimeGrid(starts: [0, 3_600, 7_200, 10_800], ends: [3_600, 7_200, 10_800, 14_400])
    var host = HostSeries(name: "esx")
    host.isOn = [true, true, true, true]
    host.vms = [1, 1, 1, 1]
    host.capacity = Array(repeating: 10_000, count: 4)
    host.used = used.map { $0 * 100 }
    host.demand = host.used
    host.usedPercent = used
    host.memoryCapacity = Array(repeating: 102_400, count: 4)
    host.memoryFree = free
    host.memoryConsumed = free.map { 102_400 - $0 }
    data.hosts = [host]
    return data
  }

  func aVM(_ name: String, ready p95: Double, limited: Double = 0, pool: String = "") -> VMFacts {
    var vm = VMFacts(name: name, host: "esx", pool: pool)
    vm.ready = Statistics(mean: p95 / 2, p50: 0, p95: p95, p99: p95, max: p95)
    vm.limited = Statistics(mean: limited / 2, p50: 0, p95: limited, p99: limited, max: limited)
    return vm
  }

  /// The planners' thresholds: 2.5, 5 and 10 % per vCPU; a threshold belongs to what is above it.
  @Test(
    arguments: [
      (2.4, nil), (2.5, Severity.watch), (4.9, .watch), (5, .significant), (9.9, .significant),
      (10, .bad), (60, .bad),
    ] as [(Double, Severity?)])
  func readyThresholds(percent: Double, expected: Severity?) {
    var data = aRun(used: [50, 50, 50, 50])
    data.vms = [aVM("web", ready: percent)]
    #expect(waitingVMs(data).map(\.severity) == (expected.map { [$0] } ?? []))
  }

  /// Of lost work, 1, 5 and 10 % at the 95th percentile; 5 % once in a while is to be watched.
  @Test(
    arguments: [
      (0.9, 4.9, nil), (0.9, 5, Severity.watch), (1, 1, .watch), (5, 5, .significant),
      (10, 10, .bad),
    ] as [(Double, Double, Severity?)])
  func slowdownThresholds(p95: Double, most: Double, expected: Severity?) {
    var data = aRun(used: [50, 50, 50, 50])
    data.hosts[0].memory[HostMemoryColumn.balloon.rawValue] = [0, 0, 0, 0]
    var vm = aVM("web", ready: 0)
    vm.slowdown = Statistics(mean: p95 / 2, p50: 0, p95: p95, p99: p95, max: most)
    data.vms = [vm]
    #expect(slowedVMs(data).map(\.severity) == (expected.map { [$0] } ?? []))
  }

  /// Soft is what reclaim is for; hard for two of four hours is a finding, with the time and the ratio of that host.
  @Test func hostsOutOfMemoryAreFound() {
    var data = aRun(used: [50, 50, 50, 50])
    data.hosts[0].memory[HostMemoryColumn.configured.rawValue] = [102_400, 153_600, 153_600, 0]
    data.hosts[0].memory[HostMemoryColumn.swapped.rawValue] = [0, 2_048, 1_024, 0]
    data.hosts[0].memoryStates.change(to: "soft", at: 3_600)
    data.hosts[0].memoryStates.change(to: "clear", at: 10_800)
    #expect(hostsOutOfMemory(data).isEmpty)
    data.hosts[0].memoryStates = MemoryStateSeries()
    data.hosts[0].memoryStates.change(to: "hard", at: 3_600)
    data.hosts[0].memoryStates.change(to: "clear", at: 10_800)
    let found = hostsOutOfMemory(data)
    #expect(found.map(\.severity) == [.significant])
    #expect(found[0].subjects.map(\.number) == ["2\u{00A0}h"])
    #expect(found[0].text.contains("1.50 ×") && found[0].text.contains("first at 01:00"))
    // What it did is said, not what another hypervisor would have done.
    #expect(found[0].text.contains("It took back at most 2.0\u{00A0}GiB swapped."))
  }

  /// Low from 601 s to 605 s lies between two samples: it is told, and to be watched.
  @Test func shortageBetweenSamplesIsFound() {
    var data = aRun(used: [50, 50, 50, 50])
    data.vms = [aVM("web", ready: 0), aVM("db", ready: 0)]
    data.vms[0].memoryWaitSeconds = 3
    data.vms[1].memoryWaitSeconds = 4
    data.hosts[0].memoryStates.change(to: "low", at: 601)
    data.hosts[0].memoryStates.change(to: "clear", at: 605)
    data.hosts[0].memoryStates.change(to: "high", at: 680)
    let found = hostsOutOfMemory(data)
    #expect(found.map(\.severity) == [.watch])
    #expect(found[0].title.hasSuffix("fell to memory state low"))
    #expect(found[0].text.contains("hard or low for 4.0\u{00A0}s, first at 00:10:01"))
    #expect(
      found[0].text.hasSuffix(
        "In the whole run 2\u{00A0}VMs waited for host memory, db for 4.0\u{00A0}s."))
  }

  /// A chip says which figure it shows: the 95th percentile, or the worst sample where only that is a finding.
  @Test func chipsOfSlowdownSayWhatTheyAre() {
    var data = aRun(used: [50, 50, 50, 50])
    data.hosts[0].memory[HostMemoryColumn.balloon.rawValue] = [0, 0, 0, 0]
    data.vms = [aVM("often", ready: 0), aVM("once", ready: 0)]
    data.vms[0].slowdown = Statistics(mean: 37, p50: 40, p95: 52, p99: 53, max: 54)
    data.vms[1].slowdown = Statistics(mean: 0.1, p50: 0, p95: 0, p99: 0, max: 54)
    let found = slowedVMs(data)
    #expect(found.map { $0.subjects[0].number } == ["p95 52\u{00A0}%", "max 54\u{00A0}%"])
    #expect(found[0].text.contains("52\u{00A0}% at its 95th percentile"))
  }

  /// Who waits most for CPU comes first among those who wait for CPU, whoever pages.
  @Test func pagingDoesNotReorderWaiting() {
    var data = aRun(used: [100, 100, 100, 100])
    data.vms = [aVM("a", ready: 12), aVM("b", ready: 40)]
    data.vms[0].slowdown = Statistics(mean: 60, p50: 60, p95: 60, p99: 60, max: 60)
    #expect(waitingVMs(data)[0].subjects.map(\.number) == ["40\u{00A0}%", "12\u{00A0}%"])
    #expect(data.vmsByHarm() == [0, 1])
  }

  /// Worst first; one finding per severity and pool, not one per VM.
  @Test func waitingVMsAreGrouped() {
    var data = aRun(used: [100, 100, 100, 50])
    data.vms = [
      aVM("a", ready: 3, pool: "gold"), aVM("b", ready: 40, pool: "bronze"),
      aVM("c", ready: 12, pool: "bronze"), aVM("d", ready: 30, pool: "silver"),
    ]
    let found = waitingVMs(data)
    #expect(found.map(\.subjectCount) == [2, 1, 1])
    #expect(found[0].subjects.map(\.number) == ["40\u{00A0}%", "12\u{00A0}%"])
    #expect(findings(data).map(\.severity) == [.bad, .bad, .significant, .watch])
  }

  /// Mostly its own limit: the lever is the limit, and the VM is not said to wait for a host.
  @Test func limitedVMIsNotCalledWaiting() {
    var data = aRun(used: [50, 50, 50, 50])
    data.vms = [aVM("web", ready: 12, limited: 11)]
    data.vms[0].samples = VMTotals(
      onSeconds: 14_400, demand: 14_400 * 3_000, used: 14_400 * 2_000, demandMax: 3_000,
      limitedSeconds: 14_400, limitedBesideIdleSeconds: 14_400)
    #expect(waitingVMs(data).isEmpty)
    let found = limitedVMs(data)
    #expect(found.map(\.severity) == [.bad])
    #expect(
      found[0].title
        == "1\u{00A0}VM is held back by a CPU limit while its host has CPU to spare")
    #expect(found[0].text.contains("100\u{00A0}% of that time"))
    #expect(found[0].lever.contains("3.0\u{00A0}GHz"))
  }

  /// A pool is named as a lever only where it, or one above it, had a limit.
  @Test func onlyPoolsWithALimitAreLevers() {
    var data = aRun(used: [50, 50, 50, 50])
    data.vms = [aVM("web", ready: 12, limited: 11, pool: "gold/web")]
    data.pools = [
      PoolSeries(cluster: "c", path: ""), PoolSeries(cluster: "c", path: "gold"),
      PoolSeries(cluster: "c", path: "gold/web"), PoolSeries(cluster: "c", path: "gold/we"),
    ]
    #expect(!limitedVMs(data)[0].lever.contains("pool"))
    data.pools[1].cpuLimit = [.nan, 5_000]
    data.pools[3].cpuLimit = [5_000, 5_000]
    #expect(limitedVMs(data)[0].lever.hasSuffix("or of pool gold."))
  }

  /// Two of four hours at 98 % or more is half of the time.
  @Test func saturatedHost() {
    let found = saturatedHosts(aRun(used: [98, 97.9, 100, 10]))
    #expect(found.map(\.severity) == [.significant])
    #expect(found[0].subjects.map(\.number) == ["50\u{00A0}%"])
    #expect(saturatedHosts(aRun(used: [97, 97, 97, 97])).isEmpty)
  }

  /// 6 GiB too much of 100 GiB, for one hour.
  @Test func memoryOvercommit() {
    let found = memoryOvercommitted(aRun(used: [1, 1, 1, 1], free: [10, -6_144, 0, 10]))
    #expect(found.map(\.severity) == [.bad])
    #expect(found[0].title == "1\u{00A0}host ran out of memory, by up to 6.0\u{00A0}GiB")
    #expect(found[0].text.contains("at 02:00"))
    #expect(found[0].text.contains("for 1\u{00A0}h"))
  }

  /// Less than min(entitled, demand) for a tenth of the time is worth a look.
  @Test func unmetEntitlement() {
    var data = aRun(used: [1, 1, 1, 1])
    data.vms = [aVM("web", ready: 0)]
    data.vms[0].samples = VMTotals(onSeconds: 1_000, unmetSeconds: 100, unmet: 100 * 500)
    #expect(unmetEntitlements(data).map(\.severity) == [.watch])
    #expect(unmetEntitlements(data)[0].text.contains("500\u{00A0}MHz"))
    data.vms[0].samples?.unmetSeconds = 10
    #expect(unmetEntitlements(data).isEmpty)
  }

  @Test func refusedAndIdleAndOversized() {
    var data = aRun(used: [5, 10, 5, 5], free: [90_000, 90_000, 90_000, 90_000])
    data.vms = [aVM("big", ready: 0), aVM("late", ready: .nan)]
    data.vms[0].samples = VMTotals(onSeconds: 1, memoryConfigured: 10_240, memoryActiveMax: 1_024)
    data.vms[1].isAdmitted = false
    data.vms[1].refusal = "short of 512 MiB"
    #expect(findings(data).map(\.severity) == [.significant, .note, .note])
    #expect(refusedVMs(data)[0].text == "late: short of 512 MiB.")
    #expect(idleHosts(data)[0].subjects.map(\.number) == ["10\u{00A0}%"])
    // 10 GiB − 1.2 × 1 GiB
    #expect(oversizedVMs(data)[0].subjects.map(\.number) == ["8.8\u{00A0}GiB"])
    // Nothing active at all: the scenario says nothing of memory.
    data.vms[0].samples?.memoryActiveMax = 0
    #expect(oversizedVMs(data).isEmpty)
  }

  /// esx fails at 300 s under two VMs: a is back after 45 s, b never.
  @Test func outagesAreAddedUp() {
    var data = aRun(used: [1, 1, 1, 1])
    data.vms = [aVM("a", ready: 0), aVM("b", ready: 0)]
    func event(_ time: Double, _ kind: String, _ subject: String, _ detail: String = "")
      -> EventFacts
    {
      EventFacts(time: time, kind: kind, subject: subject, from: "", to: "", detail: detail)
    }
    data.events = [
      event(300, "host_failed", "esx"), event(300, "power_off", "a", "reason=host_failed"),
      event(300, "power_off", "b", "reason=host_failed"), event(345, "restart", "a"),
    ]
    #expect(outages(data).map(\.severity) == [.bad])
    #expect(outages(data)[0].title == "1\u{00A0}VM did not come back after a host failure")
    #expect(outages(data)[0].subjects.map(\.subject) == [.vm(1), .vm(0)])
    data.events.append(event(360, "restart", "b"))
    #expect(outages(data).map(\.severity) == [.watch])
    #expect(outages(data)[0].harm == 45 + 60)
    data.events.removeLast(4)
    #expect(outages(data).map(\.severity) == [.note])
  }

  @Test func hollowReservationsAreNamed() {
    var data = aRun(used: [1, 1, 1, 1])
    data.vms = [aVM("a", ready: 0)]
    data.events = [
      EventFacts(
        time: 0, kind: "shortfall", subject: "a", from: "kept", to: "short",
        detail: "host=esx cpu_backed_mhz=3000.000")
    ]
    #expect(hollowReservations(data)[0].text == "a: host esx, cpu_backed_mhz 3000.000.")
    #expect(hollowReservations(data)[0].subjects.map(\.subject) == [.vm(0)])
  }

  @Test func storyNamesWhoWaitedAndWhoDidNot() {
    var data = aRun(used: [100, 50, 50, 50])
    data.vms = [aVM("a", ready: 0, pool: "gold"), aVM("b", ready: 20, pool: "bronze/web")]
    #expect(
      story(data)
        == "1 of 1\u{00A0}host ran out of CPU, for 25\u{00A0}% of the time. 1 of 2\u{00A0}VMs waited for CPU "
        + "(over 5\u{00A0}% of the time per vCPU, p95): 1 of 1 in bronze; none in gold.")
  }

  /// Below what makes a finding the story still says what memory cost; and that it cost nothing.
  @Test func storyTellsOfMemory() {
    var data = aRun(used: [50, 50, 50, 50])
    data.vms = [aVM("web", ready: 0)]
    #expect(!story(data).contains("memory"))
    data.hosts[0].memory[HostMemoryColumn.balloon.rawValue] = [0, 0, 0, 0]
    #expect(story(data).hasSuffix("No host took memory back."))
    data.hosts[0].memory[HostMemoryColumn.balloon.rawValue] = [0, 512, 0, 0]
    #expect(
      story(data).hasSuffix(
        "Up to 512\u{00A0}MiB was taken back from the VMs of a host, and no VM was slowed by it."))
    data.vms[0].slowdown = Statistics(mean: 0.2, p50: 0, p95: 0.5, p99: 1, max: 4)
    #expect(
      story(data).hasSuffix(
        "Waiting for memory cost web most: 4.0\u{00A0}% of its work in its worst sample, "
          + "0.2\u{00A0}% on average."))
    #expect(slowedVMs(data).isEmpty)
    data.vms[0].slowdown = Statistics(mean: 2, p50: 0, p95: 7, p99: 9, max: 50)
    #expect(
      story(data).hasSuffix(
        "1\u{00A0}VM slowed down by paging, web most (p95 7.0\u{00A0}% of its work)."))
  }

  /// The greater trouble comes first on the page.
  @Test func memoryLeadsWhereItIsTheTrouble() {
    var data = aRun(used: [50, 50, 50, 50])
    data.hosts[0].memory[HostMemoryColumn.balloon.rawValue] = [0, 0, 0, 0]
    data.vms = [aVM("web", ready: 0)]
    #expect(!memoryLeads(data))
    // No finding, and nothing else that VMs waited for.
    data.vms[0].slowdown = Statistics(mean: 0.1, p50: 0, p95: 0.1, p99: 1, max: 2)
    #expect(memoryLeads(data))
    data.vms[0].ready.max = 0.5
    #expect(!memoryLeads(data))
    data.vms[0].slowdown = Statistics(mean: 6, p50: 6, p95: 6, p99: 6, max: 6)
    #expect(memoryLeads(data))
    data.vms.append(aVM("db", ready: 12))
    #expect(!memoryLeads(data))
  }

  @Test(arguments: [
    ("x p95 of vms a at most 5.000", "7.312 (a)", false, "2.3 over (46\u{00A0}%)"),
    ("x p95 of vms a at most 5.000", "2.000 (a)", true, "3.0 to spare (60\u{00A0}%)"),
    ("x mean of hosts h at least 40.000", "30.000 (h)", false, "10 under (25\u{00A0}%)"),
    ("x max of pools p equals 0.000", "0.000 (p)", true, "exact"),
    ("admitted of vms a equals true", "false (a)", false, ""),
  ])
  func margins(text: String, measured: String, isMet: Bool, expected: String) {
    #expect(margin(.init(text: text, measured: measured, isMet: isMet)) == expected)
  }
}
