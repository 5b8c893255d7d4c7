import BallastModel
import BallastUnits
import Foundation
import Testing

@testable import BallastTraces

/// The binary form: written, read, damaged, and made through files when memory is short.
@Suite struct BinaryTests {
  @Test(arguments: ["planetlab", "planetlab-memory", "bitbrains", "azure-v1", "azure-v2", "csv"])
  func roundTrip(name: String) throws {
    let folder = Scratch()
    let trace = try open(fixture(name))
    try trace.write(to: folder.path + "/t.btrace")
    let again = try open(folder.path + "/t.btrace")
    #expect(again.formatName == "ballast")
    #expect(contents(again) == contents(trace))
    #expect(again.quirks.map(\.count) == trace.quirks.map(\.count))
    #expect(again.length == trace.length && again.nominalStep == trace.nominalStep)
    #expect(again.sha256 == SHA256.hex(of: folder.read("t.btrace")))
    let before = TraceInspection(trace)
    let after = TraceInspection(again)
    #expect(after.sourceFormat == before.format && after.sourceSHA256 == trace.sha256)
    #expect(after.sourceCPU == before.sourceCPU && after.replayCPU == before.replayCPU)
    #expect(after.sourceMemory == before.sourceMemory)
    try again.write(to: folder.path + "/u.btrace")
    #expect(folder.read("u.btrace") == folder.read("t.btrace"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 2)
  }

  /// A table of 200 VMs by time, through a budget of 4 KiB: dozens of sorted runs, one result.
  @Test func spillingMakesNoDifference() throws {
    let folder = Scratch()
    var text = "time,vm,cpu_pct,mem_pct\n"
    var state: UInt64 = 1
    for time in 0..<40 {
      for vm in 0..<200 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        if state >> 60 == 0 { continue }
        // Some rows come too late, some twice.
        let moved = state >> 59 == 3 ? max(0, time - 2) : time
        text += "\(moved * 300),vm-\(vm),\(state >> 57),\(state >> 58)\n"
      }
    }
    let file = folder.write("t.csv", text)
    let whole = try open(file)
    let spilled = try open(file, memoryBudget: 4 << 10)
    #expect(whole.count(of: .backwardRows) > 50 && whole.count(of: .contradictingRows) > 50)
    try whole.write(to: folder.path + "/a.btrace")
    try spilled.write(to: folder.path + "/b.btrace")
    #expect(folder.read("a.btrace") == folder.read("b.btrace"))
  }

  /// The slow, obvious twin of the sort: the standard library on an array of all rows.
  @Test(arguments: [(0, 1 << 30), (1, 1 << 30), (2, 4 << 10), (3, 4 << 10)])
  func rowsComeOutInOrder(seed: UInt64, budget: Int) throws {
    let store = RowStore(memoryBudget: budget)
    var rows: [Row] = []
    var state = seed
    for index in 0..<3_000 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let row = Row(
        time: Int64(state >> 40 & 15), series: UInt32(state >> 32 & 7),
        file: UInt32(state >> 50 & 1), cpu: UInt32(index))
      rows.append(row)
      try store.append(row)
    }
    var found: [UInt32] = []
    try store.visitInOrder { found.append($0.cpu) }
    let expected = rows.enumerated().sorted { a, b in
      Row.precedes(a.element, b.element)
        || (!Row.precedes(b.element, a.element) && a.offset < b.offset)
    }
    #expect(found == expected.map(\.element.cpu), "seed \(seed)")
    #expect(store.isSpilled == (budget < 1 << 20))
  }

  /// Any single byte that changes, and any length that is cut, is noticed.
  @Test func damageIsNoticed() throws {
    let folder = Scratch()
    try open(fixture("bitbrains")).write(to: folder.path + "/t.btrace")
    let bytes = folder.read("t.btrace")
    for offset in stride(from: 0, to: bytes.count, by: 7) {
      var damaged = bytes
      damaged[offset] ^= 0x10
      #expect(!problems(folder.write("d", damaged), "ballast").isEmpty, "offset \(offset)")
    }
    for count in [0, 1, 511, 600, bytes.count - 33, bytes.count - 1] {
      let found = problems(folder.write("d", Array(bytes.prefix(count))), "ballast")
      #expect(found.count == 1 && found[0].contains("convert the source again"), "\(count) bytes")
    }
    #expect(!problems(folder.write("d", bytes + [0]), "ballast").isEmpty)
    try folder.run("gzip t.btrace")
    #expect(problems(folder.path + "/t.btrace.gz")[0].contains("the binary trace is packed"))
    #expect(problems(folder.path, "ballast")[0].contains("a binary trace is one file"))
  }

  @Test func whatCannotBeWrittenSaysWhy() throws {
    let trace = try open(fixture("planetlab"))
    #expect(throws: TraceWriteError.self) { try trace.write(to: "/nowhere/at/all.btrace") }
    if FileManager.default.fileExists(atPath: "/dev/full") {
      // A link under the temporary name makes the disk look full.
      let folder = Scratch()
      try folder.run("ln -s /dev/full t.btrace.partial")
      do {
        try trace.write(to: folder.path + "/t.btrace")
        Issue.record("a full disk went unnoticed")
      } catch {
        #expect(error.description.hasSuffix("No space left on device"))
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }
  }

  /// Very many different steps are counted coarsely, and all of them are counted.
  @Test func stepsAreBounded() {
    var steps = StepCounter()
    for index in 0..<200_000 { steps.add(Int64(index) * 7 + 1) }
    #expect(steps.granule > 1)
    let sorted = steps.sorted()
    #expect(sorted.count <= 1 << 16)
    #expect(sorted.reduce(0) { $0 + $1.count } == 200_000)
  }
}
