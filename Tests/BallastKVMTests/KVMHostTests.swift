import BallastModel
import BallastTestSupport
import BallastUnits
import Foundation
import Testing

@testable import BallastKVM

/// A KVM host behind the seam, over a scripted system: what is written, what is not, and what is put back.
struct KVMHostTests {
  private final class Bench {
    let system = FakeSystem()
    let folder = NSTemporaryDirectory() + "ballast-host-" + UUID().uuidString
    var host: KVMHost

    init(_ mode: KVMHost.Mode = .apply, names: [String] = ["a", "b"]) throws {
      for name in names { system.start(name, vcpus: 1, memory: 1 << 30, demand: 1_000_000) }
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      host = try Self.host(system, folder, mode, names)
    }

    static func host(
      _ system: FakeSystem, _ folder: String, _ mode: KVMHost.Mode, _ names: [String]
    ) throws -> KVMHost {
      KVMHost(
        system, membership: .named(ManagedNames(names), DomainTerms()), mode: mode,
        state: try StateFile(directory: folder, connection: "fake"),
        audit: try AuditLog(directory: folder))
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func see() throws -> HostObservation {
      system.advance(by: .seconds(10))
      var seen = HostObservation()
      try host.observe(into: &seen)
      return seen
    }

    var originals: TouchedHost? {
      (try? bytesOfFile(folder + "/originals.json")).flatMap { $0 }
        .flatMap { try? JSONDecoder().decode(TouchedHost.self, from: Data($0)) }
    }
  }

  /// Weights 1 : 3, and VM 1 limited to half a CPU.
  private func plan(_ seen: HostObservation, weights: [Int64] = [1_000, 3_000]) -> HostPlan {
    var plan = HostPlan()
    plan.observation = seen.sequence
    for (index, weight) in weights.enumerated() {
      plan.vms.append(VMIndex(index))
      plan.pool.append(0)
      plan.cpuReservation.append(0)
      plan.cpuLimit.append(index == 1 ? 500_000 : .max)
      plan.cpuWeight.append(weight)
      plan.memoryReservation.append(0)
      plan.memoryLimit.append(.max)
      plan.cpuEntitlement.append(0)
      plan.memoryEntitlement.append(0)
    }
    return plan
  }

  @Test func aDryRunWritesNothing() throws {
    let bench = try Bench(.dryRun)
    let seen = try bench.see()
    #expect(try bench.host.apply(plan(seen)).isEmpty)
    #expect(!bench.host.report.writes.isEmpty)
    #expect(bench.system.performed.isEmpty)
    #expect(bench.originals == nil)
  }

  /// Each write is read back, is in the audit log, and had its original on disk before it was made.
  @Test func originalsAreSavedBeforeTheFirstChange() throws {
    let bench = try Bench()
    let folder = bench.folder
    bench.system.beforeWrite = { _, write in
      let bytes = (try? bytesOfFile(folder + "/originals.json")).flatMap { $0 } ?? []
      let text = String(decoding: bytes, as: UTF8.self)
      #expect(text.contains("\"\(write.field.rawValue)\""))
    }
    let seen = try bench.see()
    #expect(try bench.host.apply(plan(seen)).isEmpty)
    #expect(!bench.system.performed.isEmpty)
    #expect(
      bench.host.report.performed.allSatisfy { $0.result == "done" && $0.readBack == $0.wanted })
    let kept = try #require(bench.originals?.domains.first { $0.name == "b" })
    #expect(kept.knobs.first { $0.field == .globalQuota }?.original == -1)
    let lines = try #require(try bytesOfFile(folder + "/audit.jsonl")).split(separator: 10).count
    #expect(lines == bench.system.performed.count)
  }

  @Test func thePlanTwiceIsThePlanOnce() throws {
    let bench = try Bench()
    let seen = try bench.see()
    _ = try bench.host.apply(plan(seen))
    let count = bench.system.performed.count
    _ = try bench.host.apply(plan(seen))
    #expect(bench.system.performed.count == count)
    let later = try bench.see()
    _ = try bench.host.apply(plan(later))
    #expect(bench.system.performed.count == count)
  }

  @Test func everythingIsPutBack() throws {
    let bench = try Bench()
    let before = ["a", "b"].map { bench.system[$0]?.settings }
    let seen = try bench.see()
    _ = try bench.host.apply(plan(seen))
    #expect(bench.system["b"]?.settings.globalQuota == 50_000)
    let report = try bench.host.restore()
    #expect(!report.isIncomplete)
    #expect(["a", "b"].map { bench.system[$0]?.settings } == before)
    #expect(bench.originals == nil)
  }

  /// The controller is killed and another begins: it finds the originals, goes on managing, and puts back what was there
  /// before the first.
  @Test func anotherControllerFinishesWhatAKilledOneBegan() throws {
    let bench = try Bench()
    let before = ["a", "b"].map { bench.system[$0]?.settings }
    let seen = try bench.see()
    _ = try bench.host.apply(plan(seen))
    bench.host = try Bench.host(bench.system, bench.folder, .apply, ["a", "b"])
    let again = try bench.see()
    _ = try bench.host.apply(plan(again, weights: [3_000, 1_000]))
    #expect(bench.host.report.heldBack.isEmpty)
    _ = try bench.host.restore()
    #expect(["a", "b"].map { bench.system[$0]?.settings } == before)
  }

  /// Killed after saving and before writing: what still says the original is nobody else's change.
  @Test func aControllerKilledBeforeItsWriteHasChangedNothing() throws {
    let bench = try Bench()
    bench.system.isReadOnly = true
    let seen = try bench.see()
    _ = try bench.host.apply(plan(seen))
    #expect(bench.originals != nil && bench.system.performed.isEmpty)
    bench.system.isReadOnly = false
    bench.host = try Bench.host(bench.system, bench.folder, .apply, ["a", "b"])
    let again = try bench.see()
    #expect(try bench.host.apply(plan(again)).isEmpty)
    #expect(bench.host.report.heldBack.isEmpty)
    #expect(bench.system["b"]?.settings.globalQuota == 50_000)
  }

  // MARK: Things that go wrong

  /// No answer, no writes; a plan from before the interruption is not applied after it; then all goes on.
  @Test func failsStaticWhenTheServiceIsGone() throws {
    let bench = try Bench()
    let seen = try bench.see()
    bench.system.isReachable = false
    #expect(throws: BackendError.self) { try bench.host.apply(plan(seen)) }
    #expect(throws: BackendError.self) { try bench.see() }
    bench.system.isReachable = true
    #expect(throws: BackendError.self) { try bench.host.apply(plan(seen)) }
    #expect(bench.system.performed.isEmpty)
    let refreshes = bench.system.refreshCount
    let fresh = try bench.see()
    #expect(bench.system.refreshCount == refreshes + 1)
    #expect(fresh.interval == .zero)
    #expect(bench.host.report.events.map(\.kind) == [.reconnected])
    #expect(throws: BackendError.self) { try bench.host.apply(plan(seen)) }
    _ = try bench.host.apply(plan(fresh))
    #expect(!bench.system.performed.isEmpty)
  }

  /// The service goes after the first write: the rest is not tried, and everything written can be put back.
  @Test func aServiceThatGoesInTheMiddleStopsTheStep() throws {
    let bench = try Bench()
    let before = ["a", "b"].map { bench.system[$0]?.settings }
    bench.system.beforeWrite = { system, _ in
      if system.performed.count == 1 { system.isReachable = false }
    }
    let seen = try bench.see()
    #expect(throws: BackendError.self) { try bench.host.apply(plan(seen)) }
    #expect(bench.system.performed.count == 1)
    bench.system.beforeWrite = nil
    bench.system.isReachable = true
    _ = try bench.host.restore()
    #expect(["a", "b"].map { bench.system[$0]?.settings } == before)
  }

  /// a hangs: its row is left out, and b is managed as ever.
  @Test func aHungGuestDoesNotDelayTheOthers() throws {
    let bench = try Bench()
    bench.system.edit("a") { $0.isHung = true }
    let seen = try bench.see()
    #expect(seen.vms == [VMIndex(1)])
    #expect(try bench.host.apply(plan(seen)).isEmpty)
    #expect(bench.system["b"]?.settings.globalQuota == 50_000)
  }

  /// b ends between observation and plan: its row is refused once, the rest is taken.
  @Test func aDomainThatVanishesFailsItsRow() throws {
    let bench = try Bench()
    let seen = try bench.see()
    bench.system.stop("b")
    let failures = try bench.host.apply(plan(seen))
    #expect(failures == [ActuationFailure(vm: VMIndex(1), setting: "cpu", reason: .noSuchVM)])
    #expect(bench.host.report.events.map(\.kind) == [.vanished])
  }

  @Test func aKnobThatIsNotThereIsTriedOnce() throws {
    let bench = try Bench()
    bench.system.unsupported = [.globalQuota]
    let seen = try bench.see()
    #expect(try bench.host.apply(plan(seen)).count == 1)
    let later = try bench.see()
    #expect(try bench.host.apply(plan(later)).isEmpty)
    #expect(bench.host.report.heldBack.map(\.rule) == [.unsupported])
  }

  @Test func aReadOnlyConnectionChangesNothing() throws {
    let bench = try Bench()
    bench.system.isReadOnly = true
    let seen = try bench.see()
    #expect(!(try bench.host.apply(plan(seen))).isEmpty)
    #expect(bench.system.performed.isEmpty)
  }

  /// Between snapshot and write somebody sets another weight: it stays, and the domain is left alone.
  @Test func someoneElsesChangeStaysAlsoAtTheLastMoment() throws {
    let bench = try Bench()
    var seen = try bench.see()
    _ = try bench.host.apply(plan(seen))
    seen = try bench.see()
    bench.system.edit("b") { $0.shown.settings.cpuWeight = 7 }
    _ = try bench.host.apply(plan(seen, weights: [3_000, 1_000]))
    #expect(bench.system["b"]?.settings.cpuWeight == 7)
    #expect(bench.host.report.events.map(\.kind) == [.changedByOthers])
  }

  /// Settings are read anew every six observations: a change that no write of ours meets is found out all the same.
  @Test func settingsAreReadAnewNowAndThen() throws {
    let bench = try Bench()
    for _ in 0..<13 { _ = try bench.see() }
    #expect(bench.system.refreshCount == 3)
  }

  /// Originals cannot be saved: nothing is changed.
  @Test func withoutAPlaceForOriginalsNothingIsChanged() throws {
    let bench = try Bench()
    let seen = try bench.see()
    try FileManager.default.removeItem(atPath: bench.folder)
    #expect(throws: BackendError.self) { try bench.host.apply(plan(seen)) }
    #expect(bench.system.performed.isEmpty)
  }

  /// A counter that falls or a capacity of zero: an event or an error, never a plan from it.
  @Test func nonsenseIsToldAndChangesNothing() throws {
    let bench = try Bench()
    _ = try bench.see()
    // 20 s, then 10 s and 1 ns.
    _ = try bench.see()
    bench.system.edit("a") { $0.shown.vcpuTime = 1 }
    #expect(try bench.see().vms == [VMIndex(1)])
    #expect(bench.host.report.events.map(\.kind) == [.nonsense])
    bench.system.host.coreRate = 0
    #expect(throws: BackendError.self) { try bench.see() }
  }

  /// Who is marked or listed and runs is managed; indices follow the names.
  @Test func membershipFollowsTheHost() throws {
    let system = FakeSystem()
    system.start("b", vcpus: 1, memory: 1 << 30, demand: 0)
    system.start("x", vcpus: 1, memory: 1 << 30, demand: 0)
    var host = KVMHost(
      system, membership: .consenting { $0.name == "x" ? nil : DomainTerms() }, mode: .dryRun)
    var seen = HostObservation()
    try host.observe(into: &seen)
    #expect(host.names.names == ["b"])
    system.start("a", vcpus: 1, memory: 1 << 30, demand: 0)
    system.advance(by: .seconds(1))
    try host.observe(into: &seen)
    #expect(host.names.names == ["a", "b"])
    #expect(host.revision == 2)
    #expect(seen.vms == [VMIndex(0), VMIndex(1)])
  }
}
