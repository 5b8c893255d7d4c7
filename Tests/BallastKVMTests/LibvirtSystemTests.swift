import BallastModel
import BallastUnits
import Dispatch
import Testing

@testable import BallastKVM

/// How a host is asked, against a libvirt in this process.
struct LibvirtSystemTests {
  private func host(_ count: Int) -> FakeLibvirt {
    let fake = FakeLibvirt()
    for index in 0..<count {
      fake.domains.append(.init(fake, "vm-\(count - index)", id: UInt32(index + 1)))
    }
    return fake
  }

  private func system(
    _ fake: FakeLibvirt, _ tree: FileTree, deadline: SimDuration = .seconds(5)
  ) -> LibvirtSystem {
    LibvirtSystem(
      fake.library, uri: fake.uri, readOnly: false, deadline: deadline,
      files: HostFiles(root: tree.root))
  }

  /// Three snapshots are three bulk calls. Definitions are read at the start, after `refresh`, and for a new run.
  @Test func definitionsAreReadOncePerRun() throws {
    let fake = host(3)
    defer { withExtendedLifetime(fake) {} }
    let tree = try FileTree(FileTree.host)
    defer { tree.remove() }
    let system = system(fake, tree)
    for _ in 0..<3 {
      let snapshot = try system.snapshot()
      #expect(snapshot.domains.map(\.name) == ["vm-1", "vm-2", "vm-3"])
      #expect(snapshot.domains.allSatisfy { $0.answered && $0.settings.cpuWeight == 512 })
      #expect(snapshot.domains.allSatisfy { $0.settings.memoryHardLimit == nil })
    }
    #expect(fake.bulkCalls == 3 && fake.definitionCalls == 3)
    system.refresh()
    _ = try system.snapshot()
    #expect(fake.definitionCalls == 6)
    fake.domains[0].id = 77
    fake.domains[0].uuid[15] = 77
    #expect(try system.snapshot()[name: "vm-3"]?.runID == 77)
    #expect(fake.definitionCalls == 7)
  }

  /// What only QEMU can tell is missing: the domain is shown as not answering, with what libvirt knows itself.
  @Test func domainThatQEMUDoesNotAnswerForIsShownSo() throws {
    let fake = host(2)
    defer { withExtendedLifetime(fake) {} }
    let tree = try FileTree(FileTree.host)
    defer { tree.remove() }
    let system = system(fake, tree)
    _ = try system.snapshot()
    fake.domains[1].fields.removeAll {
      $0.0.hasPrefix("balloon.") && $0.0 != "balloon.current" && $0.0 != "balloon.maximum"
    }
    let domain = try #require(try system.snapshot()[name: "vm-1"])
    #expect(!domain.answered && domain.vcpuTime == 4_220_000_000 && domain.memoryMax == 512 << 20)
    #expect(try system.snapshot()[name: "vm-2"]?.answered == true)
  }

  /// One definition does not come: after the deadline its domain is shown as not answering, the other as usual, and it is
  /// not asked again in the next snapshot.
  @Test func hangingDefinitionIsLeftBehind() throws {
    let fake = host(2)
    fake.keep()
    let gate = DispatchSemaphore(value: 0)
    defer { gate.signal() }
    fake.domains[0].gate = gate
    let tree = try FileTree(FileTree.host)
    defer { tree.remove() }
    let system = system(fake, tree, deadline: .seconds(2))
    for _ in 0..<2 { #expect(try system.snapshot().domains.map(\.answered) == [true, false]) }
    #expect(fake.definitionCalls == 2)
  }

  /// A bulk call that does not come back: unavailable after the deadline, five times the one of a single call.
  @Test func serviceThatHangsIsUnavailable() throws {
    let fake = host(1)
    fake.keep()
    let gate = DispatchSemaphore(value: 0)
    defer { gate.signal() }
    fake.gate = gate
    let tree = try FileTree(FileTree.host)
    defer { tree.remove() }
    let system = system(fake, tree, deadline: .milliseconds(50))
    #expect {
      try system.snapshot()
    } throws: {
      if case .unavailable = $0 as? HostSystemError { true } else { false }
    }
  }

  /// 100 domains are one call each time.
  @Test func hundredDomainsAreOneCall() throws {
    let fake = host(100)
    defer { withExtendedLifetime(fake) {} }
    let tree = try FileTree(FileTree.host)
    defer { tree.remove() }
    let system = system(fake, tree, deadline: .seconds(30))
    var maker = ObservationMaker(ManagedNames(fake.domains.map { String(cString: $0.name) }))
    var seen = HostObservation()
    for _ in 0..<5 { _ = try maker.make(of: system.snapshot(), into: &seen) }
    #expect(seen.count == 100 && fake.bulkCalls == 5 && fake.definitionCalls == 100)
  }
}
