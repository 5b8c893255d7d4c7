import Foundation
import Testing

@testable import BallastReport

@Suite struct RunDirectoryTests {
  let root = TemporaryDirectory()
  var target: String { root.path + "/reports/day" }

  func put(_ text: String, _ path: String) throws {
    try text.write(toFile: path, atomically: false, encoding: .utf8)
  }
  func entries() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: root.path + "/reports").sorted()
  }

  /// Parents are made, work happens beside the target, and the target appears only when whole.
  @Test func wholeRunAppearsAtOnce() throws {
    let directory = try RunDirectory(target, force: false)
    try put("{}", directory.workingPath + "/run.json")
    #expect(try entries() == ["day.partial"])
    try directory.commit()
    #expect(try entries() == ["day"])
  }

  @Test func existingDirectoryIsRefused() throws {
    try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
    #expect(throws: RunDirectoryError.exists(path: target)) {
      try RunDirectory(target, force: false)
    }
    #expect(try entries() == ["day"])
  }

  /// With force the old run stays until the new one is complete.
  @Test func forceSwapsAtTheEnd() throws {
    try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
    try put("old", target + "/run.json")
    let directory = try RunDirectory(target, force: true)
    #expect(root.text("reports/day/run.json") == "old")
    try put("new", directory.workingPath + "/run.json")
    try directory.commit()
    #expect(root.text("reports/day/run.json") == "new")
    #expect(try entries() == ["day"])
  }

  /// The path in messages is the one that was given, also where a run is replaced; only a link is followed.
  @Test func pathStaysAsGivenUnlessItIsALink() throws {
    try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
    try put("old", target + "/run.json")
    let roundabout = root.path + "/reports/../reports/day"
    #expect(try RunDirectory(roundabout, force: true).path == roundabout)
    try FileManager.default.createSymbolicLink(
      atPath: root.path + "/link", withDestinationPath: target)
    #expect(try RunDirectory(root.path + "/link", force: true).path.hasSuffix("/reports/day"))
  }

  /// A mistyped --out must not cost somebody their files.
  @Test func forceReplacesOnlyRuns() throws {
    try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
    try put("dear diary", target + "/notes.txt")
    #expect(throws: RunDirectoryError.notARun(path: target)) {
      try RunDirectory(target, force: true)
    }
    #expect(root.text("reports/day/notes.txt") == "dear diary")
  }

  @Test func stalePartialIsRemoved() throws {
    try FileManager.default.createDirectory(
      atPath: target + ".partial", withIntermediateDirectories: true)
    try put("stale", target + ".partial/vms.csv")
    let directory = try RunDirectory(target, force: false)
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.workingPath).isEmpty)
  }

  @Test func twoRunsDoNotShareADirectory() throws {
    let first = try RunDirectory(target, force: false)
    #expect(throws: RunDirectoryError.inUse(path: target + ".partial")) {
      try RunDirectory(target, force: false)
    }
    try first.commit()
  }

  @Test func interruptedRunIsKeptUnderItsOwnName() throws {
    for text in ["first", "second"] {
      let directory = try RunDirectory(target, force: false)
      try put(text, directory.workingPath + "/run.json")
      #expect(try directory.keepIncomplete() == target + ".incomplete")
    }
    #expect(try entries() == ["day.incomplete"])
    #expect(root.text("reports/day.incomplete/run.json") == "second")
  }

  @Test func failedRunLeavesNothing() throws {
    let directory = try RunDirectory(target, force: false)
    try put("half", directory.workingPath + "/vms.csv")
    directory.discard()
    #expect(try entries().isEmpty)
  }

  @Test func unwritableParentNamesTheReason() throws {
    try put("a file", root.path + "/file")
    let error = #expect(throws: RunDirectoryError.self) {
      try RunDirectory(root.path + "/file/day", force: false)
    }
    guard case .failed(_, let reason) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(!reason.isEmpty)
  }
}
