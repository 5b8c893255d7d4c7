import BallastModel
import BallastUnits
import Foundation
import Testing

@testable import BallastTraces

/// Files, folders, packed files and archives: the same trace however it is packed.
@Suite struct SourceTests {
  @Test func packingMakesNoDifference() throws {
    let folder = Scratch()
    try folder.run("cp -r '\(fixture("bitbrains"))' plain && cp -r plain packed && gzip packed/*")
    try folder.run("tar cf a.tar plain && tar czf a.tar.gz plain")
    try folder.run("tar --format=pax -czf p.tgz plain")
    try folder.run("cp -r packed both && cp plain/1.csv both && tar cf packed.tar packed")
    let expected = contents(try open(folder.path + "/plain"))
    for name in ["packed", "a.tar", "a.tar.gz", "p.tgz", "both", "packed.tar"] {
      #expect(contents(try open(folder.path + "/" + name)) == expected, "\(name)")
    }
    #expect(try open(folder.path + "/both").count(of: .skippedFiles) == 1)
  }

  /// gzip members in a row, as `cat a.gz b.gz` makes them, and zeros after the last.
  @Test func membersOfGzipAreJoined() throws {
    let folder = Scratch()
    folder.write("a", "1\n2\n")
    folder.write("b", "3\n")
    try folder.run("gzip a b && cat a.gz b.gz > vm.gz && head -c 600 /dev/zero >> vm.gz")
    let trace = try open(folder.path + "/vm.gz")
    #expect(trace.cpuText(0) == "0=10000 300=20000 600=30000")
    #expect(trace.name(0) == "vm")
  }

  /// Paths of 200 bytes, in both ways tar writes them.
  @Test(arguments: ["gnu", "pax", "ustar"])
  func longNamesInArchives(format: String) throws {
    let folder = Scratch()
    let directory = String(repeating: "d", count: 90)
    let name = String(repeating: "n", count: format == "ustar" ? 95 : 150)
    folder.write("\(directory)/\(name)", "5\n")
    folder.write("\(directory)/z", "6\n")
    try folder.run("tar --format=\(format) -czf t.tar.gz \(directory)")
    let trace = try open(folder.path + "/t.tar.gz")
    #expect((0..<2).map(trace.name) == [name, "z"])
    #expect(trace.cpuText(0) == "0=50000")
  }

  /// Files created in three different orders give the same bytes.
  @Test func orderOfCreationMakesNoDifference() throws {
    let names = (0..<40).map { "vm-\($0)" }
    var first: [UInt8]?
    for seed in 0..<3 {
      let folder = Scratch()
      var generator = SeededOrder(state: UInt64(seed) + 1)
      for name in names.shuffled(using: &generator) {
        folder.write("t/" + name, "\(name.utf8.last! - 40)\n7\n")
      }
      let trace = try open(folder.path + "/t")
      try trace.write(to: folder.path + "/t.btrace")
      let bytes = folder.read("t.btrace")
      #expect(bytes == first ?? bytes)
      first = bytes
      let sorted = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
      #expect((0..<40).map(trace.name) == sorted)
    }
  }

  /// As `sha256sum` and `LC_ALL=C sha256sum * | sha256sum` print them.
  @Test func hashesAreThoseOfTheCommandLine() throws {
    let folder = Scratch()
    folder.write("t/b", "1\n")
    folder.write("t/a", "2\n")
    folder.write("t/.hidden", "x")
    try folder.run("cd t && LC_ALL=C sha256sum * | sha256sum | cut -c-64 > ../sum")
    try folder.run("cd t && sha256sum a | cut -c-64 > ../one")
    func text(_ name: String) -> String {
      String(decoding: folder.read(name), as: UTF8.self).trimmingCharacters(in: .newlines)
    }
    #expect(try open(folder.path + "/t").sha256 == text("sum"))
    #expect(try open(folder.path + "/t/a").sha256 == text("one"))
    #expect(try open(folder.path + "/t").count(of: .skippedFiles) == 1)
  }

  private struct SeededOrder: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state
    }
  }
}

/// What is wrong is said with file, line, column and remedy.
@Suite struct ErrorTests {
  private func wrong(_ text: String, _ format: String, name: String = "t.csv") -> [String] {
    let folder = Scratch()
    return problems(folder.write(name, text), format)
  }

  @Test func cells() {
    #expect(
      wrong("1\nx\n-3\n5 6\n", "planetlab", name: "vm") == [
        "vm:2:1: 'x' is not a number; write a decimal number or remove the row",
        "vm:3:1: -3 is negative; use 0 or more, or remove the row",
        "vm:4:3: the row has more cells than it should; remove what begins here",
      ])
    #expect(
      wrong("time,vm,cpu_pct\n0,a,\n300,,1\n600,a\n", "csv") == [
        "t.csv:2:5: the cell is empty; write a number or remove the row",
        "t.csv:3:5: a cell is missing here; write all cells of the row or remove it",
        "t.csv:4:6: a cell is missing here; write all cells of the row or remove it",
      ])
    #expect(
      wrong("time,vm,cpu_pct\n2014-02-30 00:00:00,a,1\n0,\"a,1\n0,a,1e9\n", "csv") == [
        "t.csv:2:1: '2014-02-30 00:00:00' is not a time; write seconds or YYYY-MM-DD HH:MM:SS",
        "t.csv:3:3: the quoted cell has no proper end; close it with a double quote",
        "t.csv:4:5: 1e9 is too large to be true; check the unit of this column",
      ])
    // The year 2099 in seconds: no trace of any use, and too near the end of 64 bits.
    #expect(wrong("time,vm,cpu_pct\n4070908800,a,1\n", "csv")[0].contains("too large to be true"))
    #expect(
      wrong(bitbrainsHeader + bitbrainsRow("0", cpu: "nan"), "bitbrains") == [
        "t.csv:2:22: 'nan' is not a number; write a decimal number or remove the row"
      ])
  }

  @Test func headers() {
    let other = wrong("Timestamp [ms];\tCPU\n", "bitbrains")
    #expect(other[0].contains("not the header of GWA-T-12"))
    let unknown = wrong("time,vm,load\n0,a,1\n", "csv")
    #expect(unknown[0].hasPrefix("t.csv:1:1: 'load' is not a column"))
    let missing = wrong("time,vm\n0,a\n", "csv")
    #expect(missing[0].hasPrefix("t.csv:1:1: the column 'cpu_pct' is missing"))
    #expect(wrong(bitbrainsHeader, "bitbrains")[0].contains("no samples after the header"))
  }

  /// Only an unfinished last line that also makes no sense is taken as cut.
  @Test func cutFiles() {
    let row = bitbrainsRow("0")
    #expect(wrong(bitbrainsHeader + String(row.dropLast()), "bitbrains") == [])
    let cut = wrong(bitbrainsHeader + row + String(bitbrainsRow("300").dropLast(20)), "bitbrains")
    #expect(cut.count == 1)
    #expect(cut[0].contains("the last line breaks off") && cut[0].contains("the file looks cut"))
  }

  @Test func junkAndNothing() throws {
    let empty = "vm:1:1: the file is empty; get the file again or remove it"
    #expect(wrong("", "planetlab", name: "vm") == [empty])
    #expect(wrong("1\n\n2\n", "planetlab", name: "vm")[0].hasPrefix("vm:2:1: the line is empty"))
    #expect(wrong("1\n2\n\n\n", "planetlab", name: "vm") == [])
    let folder = Scratch()
    let junk = folder.write("junk", [0, 1, 2, 255, 10, 0])
    #expect(problems(junk)[0].hasPrefix("junk:1:1: this does not look like any trace format"))
    let bytes = "junk:1:1: '\\x00\\x01\\x02\\xff' is not a number"
    #expect(problems(junk, "planetlab")[0].hasPrefix(bytes))
    let zeros = folder.write("zeros", [UInt8](repeating: 0, count: 3 << 20))
    #expect(problems(zeros, "planetlab")[0].hasPrefix("zeros:1:1: the line is longer than 1 MiB"))
    try folder.run("mkdir empty")
    #expect(problems(folder.path + "/empty")[0].hasPrefix("empty:1:1: there are no files in here"))
    #expect(problems(folder.path + "/empty", "csv")[0].contains("no file of the format csv"))
    #expect(problems(folder.write("nothing", ""))[0].hasPrefix("nothing:1:1: the file is empty"))
  }

  @Test func damagedPacking() throws {
    let folder = Scratch()
    folder.write("vm", (0..<5_000).map { "\($0 % 97)\n" }.joined())
    try folder.run("gzip -k vm && tar cf t.tar vm")
    let packed = folder.read("vm.gz")
    let archive = folder.read("t.tar")
    let short = folder.write("short/vm.gz", Array(packed.dropLast(30)))
    #expect(problems(short, "planetlab").contains { $0.contains("packed data end too early") })
    var damaged = packed
    damaged[packed.count - 6] ^= 0xff
    #expect(problems(folder.write("d/vm.gz", damaged), "planetlab")[0].contains("damaged"))
    let cut = folder.write("cut.tar", Array(archive.prefix(2_048)))
    #expect(problems(cut, "planetlab").contains { $0.contains("archive ends too early") })
  }

  /// Twenty are enough.
  @Test func problemsAreBounded() {
    let lines = String(repeating: "x\n", count: 100)
    #expect(wrong(lines, "planetlab", name: "vm").count == 20)
  }

  /// What is wrong with the path is wrong where the scenario says it, and a missing file is marked.
  @Test func pathsAndNames() throws {
    #expect(throws: ScenarioError.self) { try open("/nowhere/at/all") }
    do {
      _ = try open("/nowhere/at/all")
    } catch let error as ScenarioError {
      #expect(error.problems.count == 1)
      #expect(error.problems[0].isMissingFile && error.problems[0].place == testPlace)
    }
    let unknown = problems(fixture("csv"), "planet")
    #expect(
      unknown[0].hasPrefix("scenario.yaml:7:3: there is no trace format 'planet'; use one of"))
    let folder = Scratch()
    folder.write("a/vm.csv", bitbrainsHeader + bitbrainsRow("0"))
    folder.write("b/vm.csv", bitbrainsHeader + bitbrainsRow("0"))
    try folder.run("tar cf t.tar a b")
    #expect(problems(folder.path + "/t.tar")[0].contains("a second file for the series 'vm'"))
    #expect(throws: ScenarioError.self) { try open(fixture("csv"), interval: .zero) }
  }

  /// Whatever bytes change, opening gives a trace or problems with places, and never stops the program.
  @Test(arguments: [
    "planetlab-memory/vm_1_1", "bitbrains/1.csv", "azure-v1/vm_cpu_readings-file-1-of-2.csv",
    "azure-v2/vmtable.csv", "csv/table.csv",
  ])
  func changedBytesNeverCrash(name: String) throws {
    let original = Array(try Data(contentsOf: URL(fileURLWithPath: fixture(name))))
    let format = String(name.prefix { $0 != "/" }).replacing("-memory", with: "")
    let replacements = Array("0123456789eE.-+,;\t\r\n\" >x\0".utf8) + [0xff]
    let folder = Scratch()
    if format == "azure-v2" { folder.write("vm_cpu_readings-file-1-of-195.csv", "0,a,1,1,1\n") }
    let file = (name as NSString).lastPathComponent
    for seed in 0..<40 {
      var state = UInt64(seed) &* 0x9e37_79b9_7f4a_7c15
      var bytes = original
      for _ in 0..<(1 + seed % 8) {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let at = Int(state >> 33) % bytes.count
        switch state >> 30 & 7 {
        case 0: bytes.remove(at: at)
        case 1: bytes.insert(replacements[Int(state >> 20 & 1023) % replacements.count], at: at)
        case 2: bytes.insert(contentsOf: [UInt8](repeating: 57, count: 12), at: at)
        default: bytes[at] = replacements[Int(state >> 20 & 1023) % replacements.count]
        }
      }
      folder.write(file, bytes)
      do {
        _ = TraceInspection(try open(folder.path, format)).lines
      } catch let error as ScenarioError {
        #expect(!error.problems.isEmpty && error.problems.allSatisfy { $0.place.line >= 1 })
      }
    }
  }
}
