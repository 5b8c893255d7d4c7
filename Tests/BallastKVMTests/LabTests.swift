import BallastKVM
import BallastModel
import BallastUnits
import Foundation
import Testing

private let labDomain = getenv("BALLAST_LAB_DOMAIN").map { String(cString: $0) }

/// Every knob of one running guest of qemu:///system, named by BALLAST_LAB_DOMAIN, and what happens when it hangs. All is
/// put back.
@Suite(
  .serialized, .enabled(if: labDomain != nil, "BALLAST_LAB_DOMAIN names no running guest"))
struct LabTests {
  private let name = labDomain ?? ""

  private func target(_ snapshot: HostSnapshot) throws -> HostWrite.Target {
    .domain(uuid: try #require(snapshot[name: name]).uuid, name: name)
  }

  @Test func everyKnobIsTurnedAndReadBack() throws {
    let system = try LibvirtSystem(uri: "qemu:///system", readOnly: false)
    let snapshot = try system.snapshot()
    let target = try target(snapshot)
    for (field, value) in [
      (.cpuWeight, 2_048), (.vcpuPeriod, 50_000), (.vcpuQuota, 25_000), (.globalPeriod, 50_000),
      (.globalQuota, 50_000), (.statisticsPeriod, 3),
    ] as [(HostWrite.Field, Int64)] {
      let before = try #require(try system.read(field, of: target))
      for wanted in [value, before] {
        try system.perform(
          HostWrite(target: target, field: field, before: before, wanted: wanted, reason: "test"))
        #expect(try system.read(field, of: target) == wanted, "\(field)")
      }
    }
  }

  /// Down by 32 MiB within 10 s, and back.
  @Test func balloonMoves() throws {
    let system = try LibvirtSystem(uri: "qemu:///system", readOnly: false)
    let before = try #require(try system.snapshot()[name: name])
    let target = HostWrite.Target.domain(uuid: before.uuid, name: name)
    for wanted in [before.memoryMax - 32 << 20, before.memoryMax] {
      try system.perform(
        HostWrite(
          target: target, field: .balloonTarget, before: before.memoryCurrent, wanted: wanted,
          reason: "test"))
      var seen: Int64 = 0
      for _ in 0..<100 where seen != wanted {
        usleep(100_000)
        seen = try #require(try system.snapshot()[name: name]).memoryCurrent
      }
      #expect(seen == wanted)
    }
  }

  /// Stopped by a signal: it is shown as not answering while the others are, a write fails by its deadline, the next one at
  /// once; and when it goes on, it answers.
  @Test func hungGuestDelaysNobody() throws {
    let system = try LibvirtSystem(
      uri: "qemu:///system", readOnly: false, deadline: .milliseconds(500))
    let snapshot = try system.snapshot()
    let target = try target(snapshot)
    let text = try String(contentsOfFile: "/run/libvirt/qemu/\(name).pid", encoding: .utf8)
    let process = try #require(Int32(text.prefix { $0.isNumber }))
    try #require(process > 1)
    kill(process, SIGSTOP)
    defer { kill(process, SIGCONT) }
    let clock = ContinuousClock()
    let write = HostWrite(
      target: target, field: .balloonTarget, before: nil, wanted: 200 << 20, reason: "test")
    for most in [Duration.milliseconds(1_500), .milliseconds(100)] {
      let taken = clock.measure {
        #expect(throws: HostSystemError.self) { try system.perform(write) }
      }
      #expect(taken < most)
    }
    let taken = try clock.measure {
      let seen = try system.snapshot()
      let silent = seen.domains.filter { !$0.answered }.map(\.name)
      #expect(silent == [name])
    }
    #expect(taken < .milliseconds(1_500))
    kill(process, SIGCONT)
    var answered = false
    for _ in 0..<100 where !answered {
      usleep(100_000)
      answered = try #require(try system.snapshot()[name: name]).answered
    }
    #expect(answered)
    let domain = try #require(snapshot[name: name])
    usleep(2_000_000)
    try system.perform(
      HostWrite(
        target: target, field: .balloonTarget, before: nil, wanted: domain.memoryMax,
        reason: "test"))
  }

  /// A service that goes away is unavailable, not a trap and not an empty host; when it is back, the same guests are
  /// found. The service is a way through to the real one, which never notices.
  @Test func serviceThatGoesAndComesBackIsFoundAgain() throws {
    let way = try SocketWay(to: "/run/libvirt/libvirt-sock")
    let system = try LibvirtSystem(
      uri: "qemu:///system?socket=\(way.path)", readOnly: false, deadline: .milliseconds(1_000))
    let first = try #require(try system.snapshot()[name: name])
    way.close()
    for _ in 0..<2 {
      #expect { try system.snapshot() } throws: {
        if case .unavailable = $0 as? HostSystemError { true } else { false }
      }
    }
    try way.open()
    var again: DomainSnapshot?
    for _ in 0..<50 where again == nil {
      usleep(200_000)
      again = try? system.snapshot()[name: name]
    }
    #expect(again?.uuid == first.uuid && again?.runID == first.runID)
    #expect(again?.settings == first.settings && again?.answered == true)
    way.close()
  }
}
