import BallastKVM
import BallastTestSupport
import Testing

/// What is read from copies of the kernel's files.
struct HostFilesTests {
  /// Ticks of 10 ms: user 1000 + nice 200 are 12 s; guest 900 + 10 are 9.1 s of them.
  @Test func countersOfAHostAreRead() throws {
    let tree = try FileTree(FileTree.host)
    defer { tree.remove() }
    let host = try HostFiles(root: tree.root).counters()
    #expect(host.name == "rack-7")
    #expect(host.cpu.user == 12_000_000_000 && host.cpu.system == 3_000_000_000)
    #expect(host.cpu.idle == 40_000_000_000 && host.cpu.ioWait == 500_000_000)
    #expect(host.cpu.interrupts == 130_000_000 && host.cpu.steal == 800_000_000)
    #expect(host.cpu.guest == 9_100_000_000)
    #expect(host.memoryTotal == 16 << 30 && host.memoryFree == 4 << 30)
    #expect(host.memoryAvailable == 6 << 30 && host.buffers == 128 << 20)
    #expect(host.cached == 1 << 30 && host.largePages == 512 << 20)
    #expect(host.hugePagesTotal == 8 << 20 && host.swapTotal == 2 << 30)
    #expect(host.swapIn == 11 && host.swapOut == 22)
    #expect(host.cgroups == .v1)
  }

  /// 8 CPUs online in 2 packages with 4 cores in all: 2 cores a socket, 2 threads a core; the clock from the name.
  @Test func topologyIsCounted() throws {
    let tree = try FileTree(FileTree.host)
    defer { tree.remove() }
    let host = try HostFiles(root: tree.root).counters()
    #expect(host.pcpus == 8 && host.sockets == 2)
    #expect(host.coresPerSocket == 2 && host.threadsPerCore == 2)
    #expect(host.coreRate == 2_600_000)
  }

  /// base_frequency, then the firmware's nominal MHz, then the name, then the driver's highest, then the one of now.
  @Test func clockIsTheNominalOne() throws {
    let tree = try FileTree(FileTree.host)
    defer { tree.remove() }
    let files = HostFiles(root: tree.root)
    let folder = "/sys/devices/system/cpu/cpu0"
    try tree.write("2500\n", to: folder + "/acpi_cppc/nominal_freq")
    #expect(try files.counters().coreRate == 2_500_000)
    try tree.write("2400000\n", to: folder + "/cpufreq/base_frequency")
    #expect(try files.counters().coreRate == 2_400_000)
    let bare = try FileTree(
      FileTree.host.merging([
        "/proc/cpuinfo": "model name : AMD EPYC\ncpu MHz\t\t: 2596.124\n"
      ]) { $1 })
    defer { bare.remove() }
    #expect(try HostFiles(root: bare.root).counters().coreRate == 2_596_124)
    try bare.write("3100000\n", to: folder + "/cpufreq/cpuinfo_max_freq")
    #expect(try HostFiles(root: bare.root).counters().coreRate == 3_100_000)
  }

  @Test func pressureAndMergingAreRead() throws {
    let tree = try FileTree(FileTree.host)
    defer { tree.remove() }
    let host = try HostFiles(root: tree.root).counters()
    #expect(host.pressure?.cpuSome == 1_001 && host.pressure?.memoryFull == 3_003)
    #expect(host.pressure?.ioSome == 4_004 && host.pressure?.ioFull == 5_005)
    #expect(host.ksm?.run == 1 && host.ksm?.pagesSharing == 90 && host.ksm?.fullScans == 5)
  }

  @Test func unifiedHierarchyIsV2() throws {
    let tree = try FileTree(FileTree.unifiedHost)
    defer { tree.remove() }
    #expect(try HostFiles(root: tree.root).counters().cgroups == .v2)
  }

  /// Without the two files that every Linux has it is no host; without the others, readings are missing.
  @Test func missingFilesAreMissingReadings() throws {
    #expect(throws: HostSystemError.self) { try HostFiles(root: "/nonexistent").counters() }
    let tree = try FileTree([
      "/proc/stat": "cpu 1 2\n", "/proc/meminfo": "MemTotal: 1024 kB\n",
    ])
    defer { tree.remove() }
    let host = try HostFiles(root: tree.root).counters()
    #expect(host.ksm == nil && host.pressure == nil && host.swapIn == nil)
    #expect(host.pcpus == 0 && host.coreRate == 0 && host.memoryTotal == 1 << 20)
    #expect(host.cpu.user == 30_000_000 && host.cpu.idle == 0)
  }

  /// Any text in any file: a reading, or none, but never the end of the process.
  @Test(arguments: testSeeds(usual: 60))
  func nonsenseIsSurvived(_ seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let pieces = [
      "cpu ", "-1", "99999999999999999999", "9223372036854775807", "\n", ":", " kB", "total=",
      "some ", "MemTotal", "max", "0-", "-", "4-1", "0-1048575,", "@ ", "GHz", ".", "\u{0}",
      "é", "model name", "cpu MHz", "cgroup2 ", "cgroup ", ",cpu", "/",
    ]
    var files = FileTree.host
    for path in files.keys.sorted() where generator.isHit(oneIn: 3) {
      let count = generator.integer(0...30)
      files[path] = (0..<count).map { _ in
        pieces[Int(generator.integer(0...Int64(pieces.count - 1)))]
      }.joined()
    }
    let tree = try FileTree(files)
    defer { tree.remove() }
    _ = try HostFiles(root: tree.root).counters()
  }

  /// Only the knobs of the scanner are the host's; the file holds what was asked.
  @Test func scannerIsSet() throws {
    let tree = try FileTree(FileTree.host)
    defer { tree.remove() }
    let files = HostFiles(root: tree.root)
    try files.write(0, to: .ksmRun)
    try files.write(1_250, to: .ksmPagesToScan)
    #expect(tree.text("/sys/kernel/mm/ksm/run") == "0")
    #expect(files.read(.ksmPagesToScan) == 1_250)
    #expect(files.read(.cpuWeight) == nil)
    #expect(throws: HostSystemError.self) { try files.write(1, to: .cpuWeight) }
    let bare = try FileTree(["/proc/stat": ""])
    defer { bare.remove() }
    #expect {
      try HostFiles(root: bare.root).write(1, to: .ksmRun)
    } throws: {
      if case .unsupported = $0 as? HostSystemError { true } else { false }
    }
  }
}
