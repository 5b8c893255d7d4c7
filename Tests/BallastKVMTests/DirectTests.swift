import BallastKVM
import BallastModel
import BallastUnits
import Foundation
import Testing

/// QEMU's sockets and the kernel's files, both made by the test.
struct DirectTests {
  /// A guest of 2 vCPUs and 1 GiB with its balloon at 768 MiB, as process 4711.
  private static let answers = [
    "query-status": #"{"status":"running","running":true,"singlestep":false}"#,
    "query-balloon": #"{"actual":805306368}"#,
    "qom-get guest-stats": #"""
    {"stats":{"stat-free-memory":104857600,"stat-available-memory":209715200,
    "stat-total-memory":780000000,"stat-swap-in":0,"stat-swap-out":4096,"stat-major-faults":7,
    "stat-disk-caches":18446744073709551615},"last-update":1780000000}
    """#.replacingOccurrences(of: "\n", with: ""),
    "qom-get guest-stats-polling-interval": "5",
    "qom-get deflate-on-oom": "true", "qom-get free-page-reporting": "false",
    "query-cpus-fast": #"[{"thread-id":4712,"cpu-index":0},{"thread-id":4713,"cpu-index":1}]"#,
    "query-memory-size-summary": #"{"base-memory":1073741824,"plugged-memory":0}"#,
  ]

  private static let process: [String: String] = [
    "/proc/4711/stat":
      "4711 (qemu (x) 1) S 1 1 1 0 -1 0 0 0 0 0 300 100 0 0 20 0 4 0 123456 1 1 1\n",
    "/proc/4711/status": "Name: qemu\nVmLck: 0 kB\nVmRSS: 700000 kB\nVmSwap: 1024 kB\n",
    "/proc/4711/task/4712/schedstat": "1000000000 200000000 5\n",
    "/proc/4711/task/4713/schedstat": "500000000 50000000 5\n",
  ]

  private static let legacyGroup: [String: String] = [
    "/sys/fs/cgroup/cpu,cpuacct/vm/a/cpu.shares": "1024\n",
    "/sys/fs/cgroup/cpu,cpuacct/vm/a/cpu.cfs_quota_us": "-1\n",
    "/sys/fs/cgroup/cpu,cpuacct/vm/a/cpu.cfs_period_us": "100000\n",
    "/sys/fs/cgroup/cpu,cpuacct/vm/a/cpuacct.usage": "4000000000\n",
  ]

  private static let unifiedGroup: [String: String] = [
    "/sys/fs/cgroup/vm/memory.min": "1073741824\n",
    "/sys/fs/cgroup/vm/memory.low": "max\n",
    "/sys/fs/cgroup/vm/a/cpu.weight": "100\n",
    "/sys/fs/cgroup/vm/a/cpu.max": "max 100000\n",
    "/sys/fs/cgroup/vm/a/cpu.stat": "usage_usec 4000000\nuser_usec 1\n",
    "/sys/fs/cgroup/vm/a/memory.min": "0\n",
    "/sys/fs/cgroup/vm/a/memory.low": "0\n",
    "/sys/fs/cgroup/vm/a/memory.max": "2147483648\n",
  ]

  private static func domain(_ path: String, _ group: String) -> DirectDomain {
    var domain = DirectDomain(name: "a", socket: path)
    domain.process = 4711
    domain.cpuGroup = group
    domain.memoryGroup = group
    domain.memoryMinimum = 256 << 20
    return domain
  }

  private static func system(
    _ monitor: FakeMonitor, _ tree: FileTree, group: String,
    deadline: SimDuration = .seconds(5)
  ) -> DirectSystem {
    DirectSystem(
      [domain(monitor.path, group)], deadline: deadline, files: HostFiles(root: tree.root))
  }

  private static func write(_ field: HostWrite.Field, _ wanted: Int64) -> HostWrite {
    HostWrite(
      target: .domain(uuid: "a", name: "a"), field: field, before: nil, wanted: wanted,
      reason: "test")
  }

  /// Threads ran 1.0 + 0.5 s and waited 0.2 + 0.05 s; the group used 4 s, the guest told at second 1,780,000,000.
  @Test func snapshotTellsWhatMonitorAndKernelSay() throws {
    let monitor = try FakeMonitor(.init(answers: Self.answers))
    defer { monitor.stop() }
    let files = FileTree.host.merging(Self.process) { $1 }.merging(Self.legacyGroup) { $1 }
    let tree = try FileTree(files)
    defer { tree.remove() }
    let system = Self.system(monitor, tree, group: "/sys/fs/cgroup/cpu,cpuacct/vm/a")
    let domain = try #require(try system.snapshot()[name: "a"])
    #expect(domain.answered && domain.state == .running && !domain.isInTransition)
    #expect(domain.runID == 123_456 && domain.vcpus == 2)
    #expect(domain.cpuTime == 4_000_000_000)
    #expect(domain.vcpuTime == 1_500_000_000 && domain.vcpuDelay == 250_000_000)
    #expect(domain.memoryMax == 1 << 30 && domain.memoryCurrent == 768 << 20)
    #expect(domain.rss == 700_000 << 10 && domain.swapped == 1 << 20)
    #expect(domain.guestUnused == 100 << 20 && domain.guestUsable == 200 << 20)
    #expect(domain.guestSwapOut == 4_096 && domain.guestMajorFaults == 7)
    #expect(domain.lastUpdate == 1_780_000_000 && domain.statisticsPeriod == 5)
    #expect(domain.traits.deflatesOnOOM && !domain.traits.reportsFreePages)
    #expect(domain.traits.isMarked && domain.traits.memoryMinimum == 256 << 20)
    #expect(domain.settings.cpuWeight == 1_024 && domain.settings.globalQuota == -1)
    #expect(domain.settings.memoryMin == nil)
    #expect(system.problems.isEmpty)
  }

  /// Of the CPUs 0-7 that are online the first vCPU may use two and the second all: what the kernel could run besides does not
  /// count.
  @Test func pinsAreWhatTheKernelAllows() throws {
    let monitor = try FakeMonitor(.init(answers: Self.answers))
    defer { monitor.stop() }
    var files = FileTree.host.merging(Self.process) { $1 }.merging(Self.legacyGroup) { $1 }
    func status(_ allowed: String) -> String {
      "Name: CPU 0/KVM\nCpus_allowed: ff\nCpus_allowed_list:\t\(allowed)\nMems_allowed: 1\n"
    }
    files["/proc/4711/task/4712/status"] = status("2-3,9-63")
    files["/proc/4711/task/4713/status"] = status("0-63")
    let tree = try FileTree(files)
    defer { tree.remove() }
    let system = Self.system(monitor, tree, group: "/sys/fs/cgroup/cpu,cpuacct/vm/a")
    #expect(try system.snapshot()[name: "a"]?.settings.pins == ["2-3", ""])
  }

  /// The monitor gets the balloon's target and the period; v1 files get weight, period and quota.
  @Test func knobsOfAnOldHierarchyAreTurned() throws {
    let monitor = try FakeMonitor(.init(answers: Self.answers))
    defer { monitor.stop() }
    let files = FileTree.host.merging(Self.process) { $1 }.merging(Self.legacyGroup) { $1 }
    let tree = try FileTree(files)
    defer { tree.remove() }
    let folder = "/sys/fs/cgroup/cpu,cpuacct/vm/a"
    let system = Self.system(monitor, tree, group: folder)
    try system.perform(Self.write(.balloonTarget, 512 << 20))
    try system.perform(Self.write(.statisticsPeriod, 10))
    #expect(
      monitor.script.withLock { $0.received } == ["balloon 536870912", "qom-set 10"])
    try system.perform(Self.write(.cpuWeight, 2_048))
    try system.perform(Self.write(.globalPeriod, 50_000))
    try system.perform(Self.write(.globalQuota, 25_000))
    #expect(tree.text(folder + "/cpu.shares") == "2048")
    #expect(tree.text(folder + "/cpu.cfs_quota_us") == "25000")
    let target = HostWrite.Target.domain(uuid: "a", name: "a")
    #expect(try system.read(.globalPeriod, of: target) == 50_000)
    #expect(try system.read(.balloonTarget, of: target) == 768 << 20)
    for field in [HostWrite.Field.vcpuQuota, .memoryMin, .ksmRun] {
      #expect {
        try system.perform(Self.write(field, 1))
      } throws: {
        if case .unsupported = $0 as? HostSystemError { true } else { false }
      }
    }
  }

  /// v2: quota and period share a file, "max" is unlimited; memory.min counts at most what the group above protects.
  @Test func knobsOfTheUnifiedHierarchyAreTurned() throws {
    let monitor = try FakeMonitor(.init(answers: Self.answers))
    defer { monitor.stop() }
    let files = FileTree.unifiedHost.merging(Self.process) { $1 }.merging(Self.unifiedGroup) { $1 }
    let tree = try FileTree(files)
    defer { tree.remove() }
    let folder = "/sys/fs/cgroup/vm/a"
    let system = Self.system(monitor, tree, group: folder)
    let settings = try #require(try system.snapshot()[name: "a"]).settings
    #expect(settings.cpuWeight == 100 && settings.globalQuota == -1 && settings.memoryMin == 0)
    #expect(settings.memoryHardLimit == 2 << 30)
    try system.perform(Self.write(.globalQuota, 25_000))
    #expect(tree.text(folder + "/cpu.max") == "25000 100000")
    try system.perform(Self.write(.globalPeriod, 50_000))
    #expect(tree.text(folder + "/cpu.max") == "25000 50000")
    try system.perform(Self.write(.globalQuota, -1))
    #expect(tree.text(folder + "/cpu.max") == "max 50000")
    try system.perform(Self.write(.memoryMin, 1 << 30))
    try system.perform(Self.write(.memoryLow, 1 << 40))
    #expect(tree.text(folder + "/memory.min") == "1073741824")
    #expect {
      try system.perform(Self.write(.memoryMin, 2 << 30))
    } throws: {
      guard case .refused(let text) = $0 as? HostSystemError else { return false }
      return text.contains("/sys/fs/cgroup/vm has memory.min 1073741824")
    }
  }

  /// One of three monitors never answers: after the deadline the others are there, and it is told. The next snapshot does
  /// not ask it, so there is nothing to wait for.
  @Test func hungMonitorDelaysNobody() throws {
    let hung = try FakeMonitor(.init(answers: Self.answers, isHung: true))
    let others = try (0..<2).map { _ in try FakeMonitor(.init(answers: Self.answers)) }
    defer { for monitor in others + [hung] { monitor.stop() } }
    let tree = try FileTree(FileTree.host.merging(Self.process) { $1 })
    defer { tree.remove() }
    var domains = [DirectDomain(name: "m", socket: hung.path)]
    domains += zip(["a", "z"], others).map { DirectDomain(name: $0, socket: $1.path) }
    for index in domains.indices { domains[index].process = 4711 }
    let system = DirectSystem(domains, deadline: .seconds(2), files: HostFiles(root: tree.root))
    for _ in 0..<2 {
      let snapshot = try system.snapshot()
      #expect(snapshot.domains.map(\.name) == ["a", "m", "z"])
      #expect(snapshot.domains.map(\.answered) == [true, false, true])
      #expect(system.problems == ["m: QEMU does not answer on \(hung.path)"])
    }
    // The first round has eight questions.
    #expect(hung.script.withLock(\.received.count) <= 8)
    #expect(others[0].script.withLock(\.received.count) > 8)
    hung.script.withLock { $0.isHung = false }
  }

  /// Somebody else holds the socket: there is no greeting, and that is explained.
  @Test func heldSocketIsExplained() throws {
    let monitor = try FakeMonitor(.init(answers: Self.answers))
    defer { monitor.stop() }
    let tree = try FileTree(FileTree.host.merging(Self.process) { $1 })
    defer { tree.remove() }
    let first = Self.system(monitor, tree, group: "/none")
    #expect(try first.snapshot().domains.map(\.answered) == [true])
    let second = Self.system(monitor, tree, group: "/none", deadline: .seconds(1))
    #expect(try second.snapshot().domains.map(\.answered) == [false])
    #expect(second.problems.count == 1 && second.problems[0].contains("one client at a time"))
    #expect(try first.snapshot().domains.map(\.answered) == [true])
  }

  /// No socket, or nobody behind it: the domain is off, and a write finds none.
  @Test func domainWithoutASocketIsOff() throws {
    let monitor = try FakeMonitor(.init(answers: Self.answers))
    monitor.stop()
    let tree = try FileTree(FileTree.host)
    defer { tree.remove() }
    let system = Self.system(monitor, tree, group: "/none")
    #expect(try system.snapshot().domains.isEmpty && system.problems.isEmpty)
    #expect(throws: HostSystemError.noSuchDomain("a")) {
      try system.perform(Self.write(.balloonTarget, 1 << 20))
    }
  }

  /// What QEMU refuses is told in its words; what it has not is unsupported.
  @Test func refusalsOfTheMonitorAreTold() throws {
    let monitor = try FakeMonitor(
      .init(
        answers: Self.answers,
        errors: [
          "balloon": #"{"class":"DeviceNotActive","desc":"No balloon device"}"#,
          "qom-set": #"{"class":"GenericError","desc":"no such value"}"#,
        ]))
    defer { monitor.stop() }
    let tree = try FileTree(FileTree.host)
    defer { tree.remove() }
    let system = Self.system(monitor, tree, group: "/none")
    #expect(throws: HostSystemError.unsupported("a: No balloon device")) {
      try system.perform(Self.write(.balloonTarget, 1 << 20))
    }
    #expect(throws: HostSystemError.refused("a: no such value")) {
      try system.perform(Self.write(.statisticsPeriod, 1))
    }
  }
}
