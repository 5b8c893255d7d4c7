import BallastScenario
import Foundation
import Testing

@testable import BallastPlanner

struct SweepTests {
  private let swept =
    estate + "\nsweep: {vms.web.count: [10, 20, 50], seed: [1, 2]}\n"

  private func plan(_ text: String) throws -> SweepPlan {
    try SweepPlan(draft(text), version: "test")
  }

  private func temporary() -> SweepDirectory {
    SweepDirectory(
      FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path)
  }

  private func content(_ directory: SweepDirectory, _ name: String) throws -> Data {
    try #require(FileManager.default.contents(atPath: directory.path + "/" + name))
  }

  /// 3 · 2 values; the last axis goes fastest: unit 3 is 20 VMs with seed 2.
  @Test func unitsFollowTheAxes() throws {
    let plan = try plan(swept)
    #expect(plan.count == 6)
    #expect(plan[3].values == ["20", "2"])
    #expect(Set((0..<6).map { plan[$0].id }).count == 6)
    #expect(plan.unit(withID: plan[4].id)?.index == 4)
  }

  /// One more value: the ids of the others stay. Another demand: none does.
  @Test func idsFollowTheScenario() throws {
    func ids(_ text: String) throws -> Set<String> {
      let plan = try plan(text)
      return Set((0..<plan.count).map { plan[$0].id })
    }
    let before = try ids(swept)
    #expect(try ids(swept.replacingOccurrences(of: "50]", with: "50, 60]")).isSuperset(of: before))
    #expect(
      try ids(swept.replacingOccurrences(of: "cpu: 40%", with: "cpu: 41%")).isDisjoint(with: before)
    )
  }

  /// Three axes of a thousand values are a billion units: refused with the count, at once.
  @Test func aBillionUnitsAreRefused() throws {
    let values = (1...1_000).map(String.init).joined(separator: ", ")
    let text =
      estate
      + "\nsweep: {vms.web.count: [\(values)], clusters.prod.hosts.esx.count: [\(values)], seed: [\(values)]}\n"
    do {
      _ = try plan(text)
      Issue.record("it was planned")
    } catch let error as PlanError {
      #expect(error.message.contains("1000000000 units"))
    }
  }

  /// One thread or three, at once or interrupted after two units: the same bytes.
  @Test func mergedBytesDoNotDependOnWorkers() throws {
    let plan = try plan(swept)
    let (one, three) = (temporary(), temporary())
    defer {
      try? FileManager.default.removeItem(atPath: one.path)
      try? FileManager.default.removeItem(atPath: three.path)
    }
    #expect(try one.run(plan, workers: 1, progress: { _, _ in }, shouldStop: { false }))
    for index in [4, 1] { try three.run(plan[index], of: plan) }
    #expect(throws: MissingUnits.self) { try three.merge(plan) }
    // Half a unit of a run that was killed: run again.
    try FileManager.default.createDirectory(
      atPath: three.folder(plan[2].id), withIntermediateDirectories: true)
    try Data("{".utf8).write(to: URL(fileURLWithPath: three.folder(plan[2].id) + "/unit.json"))
    #expect(try three.run(plan, workers: 3, progress: { _, _ in }, shouldStop: { false }))
    let merged = try one.merge(plan)
    _ = try three.merge(plan)
    // 10, 20 VMs hold on four hosts, 50 do not, with either seed.
    #expect((merged.units, merged.held, merged.failed) == (6, 4, 0))
    for name in ["results.csv", "sweep.json"] {
      #expect(try content(one, name) == content(three, name), "\(name)")
    }
  }

  /// Values that make no scenario are a row with a reason.
  @Test func aUnitThatCannotRunSaysWhy() throws {
    let text =
      estate
      + "\nsweep: {vms.web.cpu.reservation: [0MHz, 900MHz], vms.web.cpu.limit: [500MHz, 1GHz]}\n"
    let plan = try plan(text)
    let directory = temporary()
    defer { try? FileManager.default.removeItem(atPath: directory.path) }
    _ = try directory.run(plan, workers: 2, progress: { _, _ in }, shouldStop: { false })
    #expect(try directory.merge(plan).failed == 1)
    let rows = String(decoding: try content(directory, "results.csv"), as: UTF8.self)
    #expect(rows.contains("below reservation"))
  }
}
