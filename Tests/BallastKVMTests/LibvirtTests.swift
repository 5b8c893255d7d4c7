import BallastKVM
import BallastModel
import BallastUnits
import Glibc
import Testing

private let isLibvirtInstalled = dlopen("libvirt.so.0", RTLD_NOW) != nil

/// The binding against libvirt's built-in test driver, which needs no service; only the client library must be there. Its
/// host is one for the whole process, so tests take turns and put back what they change.
@Suite(.serialized, .enabled(if: isLibvirtInstalled, "libvirt.so.0 is not installed"))
struct LibvirtTests {
  /// The driver has one domain, "test", of 2 vCPUs, 8 GiB at most and 2 GiB now, and knows no counters.
  @Test func domainsAndDefinitionsAreRead() throws {
    let system = try LibvirtSystem(uri: "test:///default", readOnly: true)
    let snapshot = try system.snapshot()
    let domain = try #require(snapshot[name: "test"])
    #expect(domain.state == .running && domain.answered && domain.runID == 1)
    #expect(domain.uuid == "6695eb01-f6a4-8304-79aa-97f2502e193f")
    #expect(domain.vcpus == 2 && domain.memoryMax == 8 << 30 && domain.memoryCurrent == 2 << 30)
    #expect(domain.traits.hasBalloon && !domain.traits.isMarked)
    #expect(snapshot.host.pcpus > 0 && snapshot.host.memoryTotal > 0)
  }

  /// A connection for reading takes no write, and says so before anything is asked.
  @Test func readOnlyConnectionsDenyWrites() throws {
    let system = try LibvirtSystem(uri: "test:///default", readOnly: true)
    let domain = try #require(try system.snapshot()[name: "test"])
    let write = HostWrite(
      target: .domain(uuid: domain.uuid, name: domain.name), field: .balloonTarget,
      before: 2 << 30, wanted: 1 << 30, reason: "test")
    #expect(throws: HostSystemError.denied("test:///default is open for reading only")) {
      try system.perform(write)
    }
  }

  /// The driver keeps a balloon and knows no quotas: the balloon moves to 1 GiB and is read back so, a quota is unsupported.
  @Test func knobsAreTurnedAndReadBack() throws {
    let system = try LibvirtSystem(uri: "test:///default", readOnly: false)
    let domain = try #require(try system.snapshot()[name: "test"])
    let target = HostWrite.Target.domain(uuid: domain.uuid, name: domain.name)
    func write(_ field: HostWrite.Field, _ wanted: Int64) throws {
      try system.perform(
        HostWrite(target: target, field: field, before: nil, wanted: wanted, reason: "test"))
    }
    try write(.balloonTarget, 1 << 30)
    #expect(try system.read(.balloonTarget, of: target) == 1 << 30)
    try write(.statisticsPeriod, 5)
    #expect(try system.read(.statisticsPeriod, of: target) == 5)
    #expect(try system.snapshot()[name: "test"]?.statisticsPeriod == 5)
    #expect { try write(.globalQuota, 50_000) } throws: { error in
      if case .unsupported = error as? HostSystemError { true } else { false }
    }
    #expect { try write(.balloonTarget, 16 << 30) } throws: { error in
      if case .refused = error as? HostSystemError { true } else { false }
    }
    try write(.balloonTarget, 2 << 30)
    try write(.statisticsPeriod, 0)
  }

  @Test func domainsThatAreGoneAreSaidToBe() throws {
    let system = try LibvirtSystem(uri: "test:///default", readOnly: false)
    let target = HostWrite.Target.domain(
      uuid: "00000000-0000-0000-0000-000000000001", name: "gone")
    #expect(throws: HostSystemError.noSuchDomain("gone")) {
      try system.read(.statisticsPeriod, of: target)
    }
  }

  /// What cannot be opened is unavailable, and not tried again at once.
  @Test func unknownHostsAreUnavailable() throws {
    let system = try LibvirtSystem(uri: "nonsense:///default", readOnly: true)
    for _ in 0..<2 {
      #expect { try system.snapshot() } throws: { error in
        guard case .unavailable(let text) = error as? HostSystemError else { return false }
        return text.contains("nonsense:///default")
      }
    }
  }
}

/// What is said before any connection.
struct LibvirtAddressTests {
  @Test func missingLibraryIsExplained() {
    #expect { try LibvirtSystem(uri: nil, readOnly: true, library: "libvirt-none.so.0") } throws: {
      guard case .unavailable(let text) = $0 as? HostSystemError else { return false }
      return text.contains("libvirt-none.so.0") && text.contains("libvirt0")
    }
  }

  /// The C library is there, and is not libvirt.
  @Test func wrongLibraryIsExplained() {
    #expect { try LibvirtSystem(uri: nil, readOnly: true, library: "libc.so.6") } throws: {
      guard case .unavailable(let text) = $0 as? HostSystemError else { return false }
      return text.contains("virInitialize")
    }
  }

  /// Counters would be those of the wrong machine.
  @Test(arguments: [
    "qemu+ssh://root@other:22/system", "qemu://other/system", "qemu+tls://[::1]/system",
  ])
  func otherMachinesAreRefused(_ uri: String) {
    #expect { try LibvirtSystem(uri: uri, readOnly: true) } throws: {
      guard case .unsupported(let text) = $0 as? HostSystemError else { return false }
      return text.contains("run Ballast there")
    }
  }
}
