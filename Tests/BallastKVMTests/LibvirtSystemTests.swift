import BallastModel
import BallastUnits
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

  /// One definition takes 3 s and the deadline is 0.3 s: that domain is shown as not answering, the other as usual, and it
  /// is not asked again in the next snapshot.
  @Test func slowDefinitionIsLeftBehind() throws {
    let fake = host(2)
    defer { withExtendedLifetime(fake) {} }
    fake.domains[0].delay = 3_000_000
    let tree = try FileTree(FileTree.host)
    defer { tree.remove() }
    let system = system(fake, tree, deadline: .milliseconds(300))
    for _ in 0..<2 {
      var answered: [Bool] = []
      let taken = try ContinuousClock().measure {
        answered = try system.snapshot().domains.map(\.answered)
      }
      #expect(answered == [true, false] && taken < .milliseconds(2_500))
    }
    #expect(fake.definitionCalls == 2)
  }

  /// A bulk call that does not come back: unavailable by the deadline, five times the one of a single call.
  @Test func serviceThatHangsIsUnavailable() throws {
    let fake = host(1)
    defer { withExtendedLifetime(fake) {} }
    fake.delay = 2_000_000
    let tree = try FileTree(FileTree.host)
    defer { tree.remove() }
    let system = system(fake, tree, deadline: .milliseconds(50))
    let taken = ContinuousClock().measure {
      #expect {
        _ = try system.snapshot()
      } throws: {
        if case .unavailable = $0 as? HostSystemError { true } else { false }
      }
    }
    #expect(taken < .milliseconds(1_800))
  }

  /// Observing 100 domains costs less than 2 ms beside libvirt's own time; without optimisation ten times that is let go.
  @Test func hundredDomainsCostLittle() throws {
    let fake = host(100)
    defer { withExtendedLifetime(fake) {} }
    fake.keepRecords()
    let system = LibvirtSystem(
      fake.library, uri: fake.uri, readOnly: true, deadline: .seconds(5), files: HostFiles())
    var maker = ObservationMaker(ManagedNames(fake.domains.map { String(cString: $0.name) }))
    var seen = HostObservation()
    var best = Duration.seconds(100)
    for _ in 0..<50 {
      let taken = try ContinuousClock().measure {
        _ = try maker.make(of: system.snapshot(), into: &seen)
      }
      best = min(best, taken)
    }
    #expect(seen.count == 100)
    #if DEBUG
      #expect(best < .milliseconds(40))
    #else
      #expect(best < .milliseconds(2))
    #endif
    print("observing 100 domains: \(best)")
  }
}
