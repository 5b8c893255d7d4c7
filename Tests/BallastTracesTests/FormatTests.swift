import BallastModel
import BallastUnits
import Foundation
import Testing

@testable import BallastTraces

/// Each format as the invented fixtures have it, found without being named.
@Suite struct FormatTests {
  @Test func everyFormatIsRecognised() throws {
    for name in ["planetlab", "bitbrains", "azure-v1", "azure-v2", "csv"] {
      #expect(try open(fixture(name)).formatName == name)
    }
    let names = TraceFormat.catalog.map(\.name)
    #expect(Set(names).count == names.count)
  }

  /// 10 %, 11 %, … every 300 s, or every 60 s when told so.
  @Test func planetLabCountsLines() throws {
    let trace = try open(fixture("planetlab"))
    #expect((0..<3).map(trace.name) == ["node-a_invented", "node-b_invented", "node-c_invented"])
    #expect(trace.cpuText(0).hasPrefix("0=100000 300=110000 600=120000 "))
    #expect(trace.cpu(0, unit: .percent)!.times == nil)
    #expect(trace.cpu(0, unit: .mhz) == nil && trace.memory(0) as SampledSeries? == nil)
    #expect(trace.length == .seconds(12 * 300))
    let faster = try open(fixture("planetlab"), interval: .seconds(60))
    #expect(faster.length == .seconds(12 * 60))
    #expect(faster.index(ofSeriesNamed: "node-b_invented") == 1)
    #expect(faster.index(ofSeriesNamed: "node-d") == nil)
  }

  @Test func planetLabMayHaveMemory() throws {
    let trace = try open(fixture("planetlab-memory"))
    #expect(trace.cpuText(1).hasPrefix("0=205000 "))
    #expect(trace.memoryText(1).hasPrefix("0=402500 300=412500 "))
    #expect(trace.memory(1)!.unit == .partsPerMillion)
  }

  /// Names are byte-wise: 1, 10, 2. The VMs start 0, 600 and 300 s after the first timestamp of all.
  @Test func bitbrainsHasBothUnitsAndMemory() throws {
    let trace = try open(fixture("bitbrains"))
    #expect((0..<3).map(trace.name) == ["1", "10", "2"])
    #expect((0..<3).map { trace.vcpus($0)! } == [2, 6, 4])
    #expect((0..<3).map { trace.memory($0)! } == [.gibibytes(1), .gibibytes(3), .gibibytes(2)])
    #expect(trace.cpuText(0).hasPrefix("0=100000 300=100500 "))
    #expect(trace.cpuText(1, .mhz).hasPrefix("600=600000 900=601000 "))
    #expect(trace.memoryText(2).hasPrefix("300=1024 600=2048 "))
    #expect(trace.memory(2)!.unit == .kibibytes)
    #expect(trace.count(of: .lateSeries) == 2)
    #expect(trace.length == .seconds(14 * 300))
  }

  /// A timestamp that is really in ms is taken as ms.
  @Test func bitbrainsTakesTrueMilliseconds() throws {
    let folder = Scratch()
    let seconds = folder.write(
      "a.csv", bitbrainsHeader + bitbrainsRow("1372629804") + bitbrainsRow("1372630104"))
    let milliseconds = folder.write(
      "b.csv", bitbrainsHeader + bitbrainsRow("1372629804000") + bitbrainsRow("1372630104000"))
    let first = try open(seconds)
    let second = try open(milliseconds)
    #expect(TraceInspection(first).firstTimestamp == TraceInspection(second).firstTimestamp)
    #expect(first.cpuText(0) == "0=100000 300=100000")
    #expect(second.cpuText(0) == "0=100000 300=100000")
  }

  /// VM A runs throughout; B is deleted at 1,800 s and C created at 600 s: 0 outside.
  @Test func azureTakesTheAverageWhileTheVMIsOn() throws {
    let trace = try open(fixture("azure-v1"))
    #expect((0..<3).map { trace.vcpus($0)! } == [1, 2, 4])
    #expect(trace.memory(0) == Bytes(1_879_048_192))  // 1.75 GiB
    #expect(
      trace.cpuText(0)
        == "0=51250 300=61250 600=71250 900=81250 1200=91250 1500=101250 1800=111250 2100=121250")
    #expect(trace.cpuText(1).hasSuffix("1500=151250 1800=0 2100=0"))
    #expect(trace.cpuText(2).hasPrefix("600=171250 "))
    #expect(trace.count(of: .offSamples) == 2)
    #expect(trace.count(of: .seriesWithoutVM) == 0)
    // One file stands for itself, but the table beside it is used.
    let file = try open(fixture("azure-v1/vm_cpu_readings-file-1-of-2.csv"))
    #expect(file.vcpus(2) == 4)
    #expect(file.length == .seconds(4 * 300))
  }

  /// Deleted between two readings: the value before does not hold on. Deleted after the last: the end.
  @Test func azureVMsEndWhenTheyAreDeleted() throws {
    let folder = Scratch()
    folder.write("vmtable.csv", "a,s,d,0,500,9,9,9,Interactive,1,2\nb,s,d,0,1300,9,9,9,x,1,2\n")
    folder.write(
      "vm_cpu_readings-file-1-of-1.csv",
      "0,a,1,1,10\n0,b,1,1,20\n300,a,1,1,11\n900,a,1,1,12\n1200,b,1,1,21\n")
    let trace = try open(folder.path)
    #expect(trace.cpuText(0) == "0=100000 300=110000 500=0 900=0")
    #expect(trace.cpu(1, unit: .percent)!.end == .seconds(1_300))
  }

  @Test func azureOrphansAreCountedBothWays() throws {
    let folder = Scratch()
    folder.write("vmtable.csv", "a,s,d,0,2591700,9,9,9,x,1,2\r\nz,s,d,0,2591700,9,9,9,x,1,2\r\n")
    folder.write("vm_cpu_readings-file-1-of-1.csv", "0,a,1,1,10\r\n0,b,1,1,20\r\n")
    let trace = try open(folder.path)
    #expect((0..<trace.seriesCount).map(trace.name) == ["a", "b"])
    #expect(trace.vcpus(0) == 1 && trace.vcpus(1) == nil)
    #expect(trace.count(of: .vmsWithoutReadings) == 1)
    #expect(trace.count(of: .seriesWithoutVM) == 1)
  }

  /// File 2 before file 10: the row of file 10 is the later one.
  @Test func azureFilesFollowTheirNumbers() throws {
    let folder = Scratch()
    folder.write("vm_cpu_readings-file-10-of-125.csv", "0,a,1,1,10\n")
    folder.write("vm_cpu_readings-file-2-of-125.csv", "0,a,1,1,2\n")
    #expect(try open(folder.path).cpuText(0) == "0=100000")
    try folder.run("tar cf t.tar vm_cpu_readings-file-10* vm_cpu_readings-file-2*")
    #expect(try open(folder.path + "/t.tar").cpuText(0) == "0=100000")
  }

  @Test func azureBucketsGiveTheirBounds() throws {
    let trace = try open(fixture("azure-v2"))
    #expect((0..<3).map { trace.vcpus($0)! } == [2, 24, 24])
    #expect((0..<3).map { trace.memory($0)! } == [.gibibytes(4), .gibibytes(64), .gibibytes(64)])
    let remedy = "this is the table of V2: say format: azure-v2"
    #expect(
      problems(fixture("azure-v2"), "azure-v1")
        == ["vmtable.csv:3:70: '>24' is not a number; \(remedy)"])
  }

  @Test func csvTakesRowsInAnyOrder() throws {
    let trace = try open(fixture("csv"))
    #expect((0..<3).map(trace.name) == ["invented, 0", "invented, 1", "invented, 2"])
    #expect(trace.cpuText(1).hasPrefix("0=205000 60=215000 "))
    #expect(trace.memoryText(2).hasPrefix("0=320000 60=320000 "))
    let folder = Scratch()
    let file = folder.write(
      "t.csv",
      "vm,time,cpu_pct\nb,2014-03-01 17:44:00,3\na,2014-03-01 17:34:00.5,\"1\"\n"
        + "b,2014-03-01 17:34:00,2\n\"a\",2014-03-01 17:39:00.5,4.25\n")
    let mixed = try open(file)
    #expect(mixed.cpuText(0) == "0=10000 300=42500")
    #expect(mixed.cpuText(1) == "0=20000 600=30000")
    #expect(mixed.count(of: .backwardRows) == 1)
    #expect(mixed.memory(0) as SampledSeries? == nil)
  }
}

/// What real traces do, one at a time.
@Suite struct QuirkTests {
  private func bitbrains(_ rows: String...) throws -> UtilisationTrace {
    let folder = Scratch()
    return try open(folder.write("7.csv", bitbrainsHeader + rows.joined()))
  }

  /// 300 is there three times: twice the same, then with another disk cell.
  @Test func ofEqualTimestampsTheLastRowWins() throws {
    let trace = try bitbrains(
      bitbrainsRow("0", cpu: "1"), bitbrainsRow("300", cpu: "2"), bitbrainsRow("300", cpu: "2"),
      bitbrainsRow("300", cpu: "2", disk: "5.0"), bitbrainsRow("600", cpu: "3"),
      bitbrainsRow("600", cpu: "4"))
    #expect(trace.cpuText(0) == "0=10000 300=20000 600=40000")
    #expect(trace.count(of: .repeatedRows) == 1)
    #expect(trace.count(of: .contradictingRows) == 2)
    let found = TraceInspection(trace)
    #expect(found.rowCount == 6 && found.sampleCount == 3)
    #expect(abs(found.sourceCPU.mean - 14.0 / 6) < 1e-12)
  }

  @Test func offMeansZeroWhateverTheCellsSay() throws {
    let trace = try bitbrains(
      bitbrainsRow("0"), bitbrainsRow("300", cores: 0, cpu: "50.0"), bitbrainsRow("600", cores: 4))
    #expect(trace.cpuText(0) == "0=100000 300=0 600=100000")
    #expect(trace.memoryText(0) == "0=1024 300=0 600=1024")
    #expect(trace.vcpus(0) == 4)
    #expect(trace.count(of: .offSamples) == 1 && trace.count(of: .offSeries) == 1)
    #expect(trace.count(of: .vcpuChanges) == 1)
  }

  /// 450 s is no gap, 451 s is one; the value holds, so nothing is added.
  @Test func gapsAreCountedAndHold() throws {
    let trace = try bitbrains(
      bitbrainsRow("0"), bitbrainsRow("300"), bitbrainsRow("600"), bitbrainsRow("1050"),
      bitbrainsRow("1501"))
    #expect(trace.count(of: .gaps) == 1)
    #expect(trace.sampleCount == 5)
    #expect(trace.cpu(0, unit: .percent)!.times != nil)
    #expect(trace.length == .seconds(1_501 + 300))
  }

  @Test func aboveFullIsClippedInReplayOnly() throws {
    let trace = try bitbrains(
      bitbrainsRow("0", cpu: "126.5", mhz: "2530.25"), bitbrainsRow("300", cpu: "100.0"),
      bitbrainsRow("600", memory: "1024", used: "2048"))
    #expect(trace.cpuText(0) == "0=1000000 300=1000000 600=100000")
    #expect(trace.cpuText(0, .mhz).hasPrefix("0=2530250 "))
    #expect(trace.count(of: .cpuAboveFull) == 1)
    #expect(trace.count(of: .memoryAboveProvisioned) == 1)
    #expect(TraceInspection(trace).sourceCPU.max == 126.5)
    #expect(trace.count(of: .memoryChanges) == 1)
    #expect(trace.memory(0) == .gibibytes(1))
  }

  @Test func backwardRowsAreSorted() throws {
    let trace = try bitbrains(
      bitbrainsRow("600", cpu: "3"), bitbrainsRow("0", cpu: "1"), bitbrainsRow("300", cpu: "2"))
    #expect(trace.cpuText(0) == "0=10000 300=20000 600=30000")
    #expect(trace.count(of: .backwardRows) == 1)
  }

  @Test func everyKindIsListed() throws {
    let quirks = try open(fixture("planetlab")).quirks
    #expect(quirks.map(\.name) == Quirk.allCases.map(\.name))
  }

  /// Exact quantiles of two implementations, on values that straddle every boundary of both.
  @Test(arguments: 0..<10)
  func quantilesMatchASort(seed: UInt64) {
    var state = seed &+ 88_172_645_463_325_252
    let values = (0..<Int(1 + seed * 37)).map { _ -> UInt32 in
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return UInt32(truncatingIfNeeded: state >> 32) >> UInt32(state % 24)
    }
    let sorted = values.sorted()
    func quantile(_ part: Double) -> Double {
      let position = part * Double(sorted.count - 1)
      let low = Int(position)
      let high = min(low + 1, sorted.count - 1)
      let fraction = position - Double(low)
      return Double(sorted[low]) + (Double(sorted[high]) - Double(sorted[low])) * fraction
    }
    var counter = RawCounter(hasQuantiles: true)
    for value in values { counter.add(value) }
    let column = values.withUnsafeBufferPointer { ColumnStatistics.distribution([$0]) }
    #expect(column == counter.distribution(), "seed \(seed)")
    for (found, part) in [(column.p25, 0.25), (column.p50, 0.5), (column.p99, 0.99)] {
      #expect(abs(found - quantile(part)) <= 1e-6 * max(1, found), "seed \(seed)")
    }
    #expect(column.max == Double(sorted.last!))
  }
}
