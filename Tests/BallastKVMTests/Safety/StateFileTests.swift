import BallastModel
import Foundation
import Testing

@testable import BallastKVM

/// Originals, the lock and the audit log on disk.
struct StateFileTests {
  private func folder() throws -> String {
    let path = NSTemporaryDirectory() + "ballast-state-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
  }

  private func write(_ name: String, _ field: HostWrite.Field, _ wanted: Int64) -> HostWrite {
    HostWrite(
      target: .domain(uuid: "u-" + name, name: name), field: field, before: nil, wanted: wanted,
      reason: "test")
  }

  /// 1024 → 2048 → 4096: the original stays 1024, also for who opens the file anew.
  @Test func theFirstOriginalIsKept() throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var file = try StateFile(directory: folder, connection: "qemu:///system")
    var touched = file.touched
    touched.note(write("a", .cpuWeight, 2_048), original: 1_024, runID: 7)
    try file.save(touched)
    touched.note(write("a", .cpuWeight, 4_096), original: 2_048, runID: 7)
    try file.save(touched)
    let again = try StateFile(directory: folder, connection: "qemu:///system")
    #expect(
      again.touched.domains.first?.knobs == [
        TouchedKnob(field: .cpuWeight, original: 1_024, wrote: 4_096)
      ])
    try file.clear()
    #expect(try StateFile(directory: folder, connection: "other").touched.isEmpty)
  }

  /// A domain that has started again has the knobs of its definition: those are the originals now.
  @Test func originalsBelongToOneStart() {
    var touched = TouchedHost(connection: "x")
    touched.note(write("a", .cpuWeight, 2_048), original: 1_024, runID: 1)
    touched.note(write("a", .cpuWeight, 2_048), original: 512, runID: 2)
    #expect(touched.domains.map(\.runID) == [2])
    #expect(touched.domains[0].knobs.map(\.original) == [512])
  }

  /// Nobody knows the originals then, so nothing may be changed.
  @Test func aDamagedFileIsRefused() throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try replaceFile(folder + "/originals.json", with: Array("{\"schema".utf8))
    let fault = #expect(throws: StateFault.self) {
      try StateFile(directory: folder, connection: "x")
    }
    #expect(fault?.kind == .damaged)
  }

  @Test func originalsOfAnotherHostAreNotTaken() throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var file = try StateFile(directory: folder, connection: "qemu:///system")
    var touched = file.touched
    touched.note(write("a", .cpuWeight, 2_048), original: 1_024, runID: nil)
    try file.save(touched)
    let fault = #expect(throws: StateFault.self) {
      try StateFile(directory: folder, connection: "qemu+ssh://b/system")
    }
    #expect(fault?.kind == .damaged)
  }

  /// Whoever is killed while writing leaves the file as it was: a partial one beside it is nobody's.
  @Test func aFileIsReplacedAsAWhole() throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try replaceFile(folder + "/x", with: [1, 2, 3])
    #expect(throws: StateFault.self) { try replaceFile(folder + "/none/x", with: [4]) }
    try replaceFile(folder + "/x", with: [5])
    #expect(try bytesOfFile(folder + "/x") == [5])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["x"])
  }

  /// The second is told the process id of the first; when the first goes, the lock is free.
  @Test func twoControllersExcludeEachOther() throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var first: ControllerLock? = try ControllerLock(directory: folder)
    let fault = #expect(throws: StateFault.self) { try ControllerLock(directory: folder) }
    #expect(fault?.kind == .held)
    #expect(fault?.description.contains("process \(getpid()),") == true)
    withExtendedLifetime(first) {}
    first = nil
    #expect(throws: Never.self) { try ControllerLock(directory: folder) }
  }

  @Test func everyWriteLeavesALine() throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let log = try AuditLog(directory: folder)
    let entry = AuditEntry(write("a", .cpuWeight, 5), time: 9, readBack: 5, result: "done")
    try log.append(entry)
    try log.append(entry)
    let lines = String(decoding: try #require(try bytesOfFile(log.path)), as: UTF8.self)
      .split(separator: "\n")
    #expect(lines.count == 2)
    #expect(
      lines[0]
        == #"{"field":"cpuWeight","name":"a","readBack":5,"reason":"test","result":"done","time":9,"uuid":"u-a","wanted":5}"#
    )
  }
}

/// What undoing comes to.
struct RestorePlanTests {
  private func knob(_ field: HostWrite.Field, _ original: Int64?, _ wrote: Int64) -> TouchedKnob {
    TouchedKnob(field: field, original: original, wrote: wrote)
  }

  private func host(_ names: [String]) -> HostSnapshot { SafetyBench(names: names).snapshot }

  private func touched(_ knobs: [String: [TouchedKnob]]) -> TouchedHost {
    var result = TouchedHost(connection: "x")
    for name in knobs.keys.sorted() {
      var domain = TouchedDomain(uuid: "uuid-" + name, name: name, runID: 1)
      domain.knobs = knobs[name] ?? []
      result.domains.append(domain)
    }
    return result
  }

  /// a grows, b's weight and quota go back, b shrinks: in this order.
  @Test func memoryGoesUpFirstAndDownLast() {
    var now = host(["a", "b"])
    now.domains[0].memoryCurrent = 1 << 30
    now.domains[1].settings.cpuWeight = 77
    now.domains[1].settings.vcpuQuota = 50_000
    let plan = RestorePlan(
      touched([
        "b": [
          knob(.balloonTarget, 2 << 30, 4 << 30), knob(.cpuWeight, 1_024, 77),
          knob(.vcpuQuota, nil, 50_000),
        ], "a": [knob(.balloonTarget, 4 << 30, 1 << 30)],
      ]), on: now)
    #expect(plan.writes.map(\.field) == [.balloonTarget, .cpuWeight, .vcpuQuota, .balloonTarget])
    #expect(plan.writes.map(\.wanted) == [4 << 30, 1_024, -1, 2 << 30])
    #expect(plan.heldBack.isEmpty)
  }

  /// We wrote 77 and it says 500: somebody else's, unless one insists.
  @Test func whatOthersChangedIsLeft() {
    var now = host(["a"])
    now.domains[0].settings.cpuWeight = 500
    let originals = touched(["a": [knob(.cpuWeight, 1_024, 77)]])
    let plan = RestorePlan(originals, on: now)
    #expect(plan.writes.isEmpty)
    #expect(plan.heldBack.map(\.rule) == [.changedByOthers])
    #expect(RestorePlan(originals, on: now, insists: true).writes.map(\.wanted) == [1_024])
  }

  /// A domain that has ended, or has started again, has nothing of ours.
  @Test func domainsThatAreGoneAreTold() {
    var now = host(["a"])
    now.domains[0].runID = 2
    let plan = RestorePlan(
      touched(["a": [knob(.cpuWeight, 1, 2)], "z": [knob(.cpuWeight, 1, 2)]]), on: now)
    #expect(plan.gone == ["a", "z"])
    #expect(plan.writes.isEmpty)
  }

  /// Back down to 1 GiB would cut into a working set of 2 GiB.
  @Test func memoryIsNotTakenFromAWorkingSet() {
    var now = host(["a"])
    now.domains[0].guestUsable = 2 << 30
    let originals = touched(["a": [knob(.balloonTarget, 1 << 30, 4 << 30)]])
    #expect(RestorePlan(originals, on: now).heldBack.map(\.rule) == [.atFloor])
  }
}
