import BallastModel
import BallastTestSupport
import CLibvirtABI
import CLibvirtHeaders
import Testing

@testable import BallastKVM

/// libvirt's binary interface, and what is read through it.
struct StatisticsTests {
  @Test(
    .enabled(
      if: ballast_libvirt_headers_present() != 0,
      "libvirt's headers are not installed (Debian: libvirt-dev)"))
  func declarationsAreThoseOfTheRealHeaders() {
    #expect(ballast_libvirt_compared() > 60)
    #expect(ballast_libvirt_difference().map { String(cString: $0) } == nil)
  }

  static func param(_ name: String, _ value: UInt64) -> ballast_vir_param {
    var param = ballast_vir_param()
    withUnsafeMutableBytes(of: &param.field) { $0.copyBytes(from: name.utf8.prefix(79)) }
    param.type = Int32(BALLAST_VIR_ULLONG.rawValue)
    param.value.ul = value
    return param
  }

  /// What `virsh domstats` shows of a running guest of two vCPUs, as it came from libvirt 9.
  static let usual: [(String, UInt64)] = [
    ("state.state", 1), ("state.reason", 1), ("cpu.time", 4_642_770_000),
    ("cpu.user", 3_838_081_000), ("cpu.system", 804_689_000), ("cpu.cache.monitor.count", 0),
    ("cpu.haltpoll.success.time", 0), ("cpu.haltpoll.fail.time", 0), ("balloon.current", 262_144),
    ("balloon.maximum", 524_288), ("balloon.swap_in", 1), ("balloon.swap_out", 2),
    ("balloon.major_fault", 3), ("balloon.minor_fault", 829), ("balloon.unused", 196_532),
    ("balloon.available", 223_388), ("balloon.usable", 199_804),
    ("balloon.last-update", 1_795_284_293), ("balloon.disk_caches", 2_220),
    ("balloon.hugetlb_pgalloc", 0), ("balloon.hugetlb_pgfail", 0), ("balloon.rss", 202_848),
    ("vcpu.current", 2), ("vcpu.maximum", 4), ("vcpu.0.state", 1), ("vcpu.0.time", 2_810_000_000),
    ("vcpu.0.wait", 0), ("vcpu.0.delay", 1_259_122_715), ("vcpu.1.state", 1),
    ("vcpu.1.time", 1_410_000_000), ("vcpu.1.wait", 0), ("vcpu.1.delay", 1_143_885_272),
  ]

  /// vCPUs: 2.81 + 1.41 = 4.22 s run, 1,259,122,715 + 1,143,885,272 ns ready. Memory in KiB.
  @Test func fieldsAreRead() {
    let params = Self.usual.map { Self.param($0.0, $0.1) }
    let read = DomainStatistics(params, count: Int32(params.count))
    #expect(read.domainState == .running && !read.isInTransition)
    #expect(read.vcpus == 2 && read.vcpusMax == 4 && read.cpuTime == 4_642_770_000)
    #expect(read.vcpuTime == 4_220_000_000 && read.vcpuDelay == 2_403_007_987)
    #expect(read.memoryCurrent == 256 << 20 && read.memoryMax == 512 << 20)
    #expect(read.unused == 196_532 << 10 && read.usable == 199_804 << 10)
    #expect(read.available == 223_388 << 10 && read.rss == 202_848 << 10)
    #expect(read.swapIn == 1_024 && read.swapOut == 2_048 && read.majorFaults == 3)
    #expect(read.lastUpdate == 1_795_284_293)
  }

  /// Paused to be migrated, saved or started, and being shut down: nobody's memory to take.
  @Test func transitionsAreKnown() {
    func read(_ state: Int, _ reason: Int) -> DomainStatistics {
      let params = [
        Self.param("state.state", UInt64(state)), Self.param("state.reason", UInt64(reason)),
      ]
      return DomainStatistics(params, count: 2)
    }
    for reason in [2, 3, 4, 8, 9, 11, 12, 13] { #expect(read(3, reason).isInTransition) }
    for reason in [0, 1, 5, 6, 7, 10] { #expect(!read(3, reason).isInTransition) }
    #expect(read(4, 0).isInTransition && read(1, 10).isInTransition && !read(1, 1).isInTransition)
    #expect(read(99, 0).domainState == .unknown)
  }

  /// Any names, types and values: nothing traps, and sums stay sums.
  @Test(arguments: testSeeds(usual: 300))
  func anyParametersAreSurvived(_ seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let names =
      Self.usual.map(\.0) + ["vcpu.", "vcpu.99999999999999999999.time", "balloon.", "", "state."]
    let count = generator.integer(0...60)
    let params = (0..<count).map { _ in
      var param = Self.param(
        names[Int(generator.integer(0...Int64(names.count - 1)))], generator.next())
      param.type = Int32(generator.integer(-1...9))
      if param.type == 7 { param.value.s = nil }
      return param
    }
    let read = DomainStatistics(params, count: Int32(params.count))
    for value in [
      read.vcpuTime, read.vcpuDelay, read.memoryCurrent, read.rss, read.cpuTime, read.lastUpdate,
    ] { #expect((value ?? 0) >= 0, "\(replay(seed))") }
  }

  // MARK: Definitions

  private static let definition = """
    <?xml version="1.0"?>
    <!-- a comment with <memory>1</memory> -->
    <domain type='kvm' id='7'>
      <name>a &amp; b</name>
      <metadata>
        <other:thing xmlns:other='urn:other'><b:manage xmlns:b='urn:other'/></other:thing>
        <x:manage xmlns:x="urn:ballast:domain:1" memory-minimum="512 MiB"/>
      </metadata>
      <memory unit='KiB'>2097152</memory>
      <currentMemory unit='MiB'>1024</currentMemory>
      <memoryBacking><hugepages/><locked/></memoryBacking>
      <vcpu placement='static' cpuset='0-3' current='2'>4</vcpu>
      <cputune><shares>1024</shares><vcpupin vcpu='1' cpuset='2'/></cputune>
      <devices>
        <hostdev mode='subsystem' type='usb'/>
        <memballoon model='virtio' autodeflate='on' freePageReporting='off'>
          <stats period='10'/>
        </memballoon>
      </devices>
    </domain>
    """

  @Test func definitionsAreRead() {
    let read = DomainDefinition(Self.definition)
    #expect(read.memoryMax == 2 << 30 && read.memoryCurrent == 1 << 30)
    #expect(read.vcpus == 2 && read.vcpusMax == 4 && read.pins == ["0-3", "2", "0-3", "0-3"])
    #expect(read.statisticsPeriod == 10)
    let traits = read.traits
    #expect(traits.hasBalloon && traits.deflatesOnOOM && !traits.reportsFreePages)
    #expect(traits.usesHugePages && traits.locksMemory && !traits.hasPassthrough)
    #expect(traits.isMarked && traits.memoryMinimum == 512 << 20)
  }

  /// A mark of another namespace is not ours; a PCI device pins the guest's memory; no balloon has no period.
  @Test func definitionsWithoutMarkOrBalloonAreRead() {
    let other = Self.definition
      .replacingOccurrences("urn:ballast:domain:1", "urn:ballast:domain:2")
      .replacingOccurrences("type='usb'", "type='pci'")
      .replacingOccurrences("model='virtio'", "model='none'")
    let read = DomainDefinition(other)
    #expect(!read.traits.isMarked && read.traits.hasPassthrough)
    #expect(!read.traits.hasBalloon && read.statisticsPeriod == nil)
    let silent = DomainDefinition(
      "<domain><devices><memballoon model='virtio'/></devices></domain>")
    #expect(silent.traits.hasBalloon && silent.statisticsPeriod == 0)
  }

  /// Cut, doubled and scrambled documents are read as far as they go.
  @Test(arguments: testSeeds(usual: 300))
  func anyTextIsSurvived(_ seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var bytes = Array(Self.definition.utf8)
    for _ in 0..<generator.integer(1...8) {
      let place = Int(generator.integer(0...Int64(bytes.count - 1)))
      switch generator.integer(0...3) {
      case 0: bytes.removeSubrange(place...)
      case 1: bytes[place] = UInt8(truncatingIfNeeded: generator.next())
      case 2: bytes.insert(contentsOf: bytes[place...].prefix(40), at: place)
      default: bytes.remove(at: place)
      }
      if bytes.isEmpty { bytes = [60] }
    }
    let read = DomainDefinition(String(decoding: bytes, as: UTF8.self))
    #expect(read.memoryMax >= 0 && read.pins.count <= 4_096, "\(replay(seed))")
  }
}

extension String {
  fileprivate func replacingOccurrences(_ old: String, _ new: String) -> String {
    split(separator: old, omittingEmptySubsequences: false).joined(separator: new)
  }
}
