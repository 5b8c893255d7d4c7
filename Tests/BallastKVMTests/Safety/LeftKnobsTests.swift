import BallastModel
import BallastTestSupport
import BallastUnits
import Foundation
import Testing

@testable import BallastKVM

/// What somebody else has changed stays on record when the rest is put back.
struct LeftKnobsTests {
  /// A host with guest "a" of weight 1024, and its controllers one after another.
  private final class Bench {
    let system = FakeSystem()
    let folder = NSTemporaryDirectory() + "ballast-left-" + UUID().uuidString
    var host: KVMHost

    init() throws {
      system.start("a", vcpus: 1, memory: 1 << 30, demand: 1_000_000)
      system.start("b", vcpus: 1, memory: 1 << 30, demand: 1_000_000)
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      host = try Self.host(system, folder)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private static func host(_ system: FakeSystem, _ folder: String) throws -> KVMHost {
      KVMHost(
        system, membership: .named(ManagedNames(["a", "b"]), DomainTerms()), mode: .apply,
        state: try StateFile(directory: folder, connection: "fake"))
    }

    /// Another process takes over.
    func startAnew() throws { host = try Self.host(system, folder) }

    /// Weights 1 : n.
    func weigh(_ weight: Int64) throws {
      system.advance(by: .seconds(10))
      var seen = HostObservation()
      try host.observe(into: &seen)
      var plan = HostPlan()
      plan.observation = seen.sequence
      plan.vms = [VMIndex(0), VMIndex(1)]
      plan.cpuWeight = [weight, 1_024]
      _ = try host.apply(plan)
    }

    var weight: Int64? { system["a"]?.settings.cpuWeight }
    func change(_ weight: Int64) { system.edit("a") { $0.shown.settings.cpuWeight = weight } }
    var isOnRecord: Bool { FileManager.default.fileExists(atPath: folder + "/originals.json") }
  }

  /// 1024, then 2048 by us, then 500 by somebody: a restore leaves the 500 and says so; told to insist, it finds the 1024.
  @Test func whoInsistsLaterStillFindsTheOriginal() throws {
    let bench = try Bench()
    try bench.weigh(2_048)
    bench.change(500)
    let left = try bench.host.restore()
    #expect(bench.weight == 500 && left.hasLeft && !left.isIncomplete)
    try bench.startAnew()
    #expect(try bench.host.restore().hasLeft)
    #expect(bench.weight == 500)
    try bench.startAnew()
    let forced = try bench.host.restore(insists: true)
    #expect(bench.weight == 1_024 && forced.heldBack.isEmpty && !bench.isOnRecord)
  }

  /// A controller has set 2048 for 1024, somebody else 500, which was left; the next one sets 3000.
  private func secondOfALeftWeight() throws -> Bench {
    let bench = try Bench()
    try bench.weigh(2_048)
    bench.change(500)
    _ = try bench.host.restore()
    try bench.startAnew()
    try bench.weigh(3_000)
    return bench
  }

  /// The next controller takes the 500 for what it finds, manages the domain, and puts the 500 back; the 1024 is still known.
  @Test func theNextControllerBeginsFromWhatItFinds() throws {
    let bench = try secondOfALeftWeight()
    #expect(bench.weight == 3_000 && bench.host.report.heldBack.isEmpty)
    let report = try bench.host.restore()
    #expect(bench.weight == 500 && report.hasLeft && !report.isIncomplete)
    try bench.startAnew()
    _ = try bench.host.restore(insists: true)
    #expect(bench.weight == 1_024 && !bench.isOnRecord)
  }

  /// The second controller was killed: who insists gets the first original, not what the second found.
  @Test func theFirstOriginalCountsForWhoInsists() throws {
    let bench = try secondOfALeftWeight()
    try bench.startAnew()
    let forced = try bench.host.restore(insists: true)
    #expect(bench.weight == 1_024 && forced.performed.count == 1 && !bench.isOnRecord)
  }

  /// Changed by others in both runs: one record, of the first original.
  @Test func leftTwiceIsOnRecordOnce() throws {
    let bench = try Bench()
    for other in [500, 600] as [Int64] {
      try bench.startAnew()
      try bench.weigh(2_048)
      bench.change(other)
      let report = try bench.host.restore()
      #expect(report.heldBack.count == 1 && bench.weight == other)
    }
    let record = try StateFile(directory: bench.folder, connection: "fake").touched
    #expect(record.domains.isEmpty)
    #expect(record.left?.domains.flatMap { $0.knobs.map(\.original) } == [1_024])
  }

  /// Somebody puts the original back, or the domain ends: there is nothing left to know.
  @Test(arguments: [true, false]) func whatHasComeBackIsForgotten(_ ends: Bool) throws {
    let bench = try Bench()
    try bench.weigh(2_048)
    bench.change(500)
    _ = try bench.host.restore()
    if ends { bench.system.stop("a") } else { bench.change(1_024) }
    try bench.startAnew()
    let report = try bench.host.restore()
    #expect(!report.hasLeft && !bench.isOnRecord)
    #expect(report.gone == (ends ? ["a"] : []))
  }

  /// A guest that hangs keeps its record, and what was put back for the other is not on record any more.
  @Test func whatFailedIsStillOurs() throws {
    let bench = try Bench()
    try bench.weigh(2_048)
    bench.system.edit("a") { $0.isHung = true }
    let report = try bench.host.restore()
    #expect(report.isIncomplete && bench.isOnRecord)
    bench.system.edit("a") { $0.isHung = false }
    try bench.startAnew()
    #expect(try !bench.host.restore().isIncomplete)
    #expect(bench.weight == 1_024 && !bench.isOnRecord)
  }

  /// A file of before there were such records is read.
  @Test func anOlderFileIsRead() throws {
    let bench = try Bench()
    let text = #"{"connection":"fake","domains":[],"hostKnobs":[],"schemaVersion":1,"wallTime":1}"#
    try replaceFile(bench.folder + "/originals.json", with: Array(text.utf8))
    #expect(try StateFile(directory: bench.folder, connection: "fake").touched.isEmpty)
  }
}
