import BallastModel
import BallastTraces
import BallastUnits
import Foundation
import Testing

/// The published traces, where they are: $BALLAST_TRACES, or `../shared/traces` beside the package.
enum PublishedTraces {
  static let folder: String? = {
    let package = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let candidates: [String?] = [
      ProcessInfo.processInfo.environment["BALLAST_TRACES"],
      package.deletingLastPathComponent().appendingPathComponent("shared/traces").path,
    ]
    let found = candidates.compactMap { $0 }.first {
      FileManager.default.fileExists(atPath: $0 + "/planetlab")
    }
    if found == nil { print("skipped: tests on published traces; set BALLAST_TRACES to run them") }
    return found
  }()
  static var areThere: Bool { folder != nil }

  static func open(_ path: String, format: String? = nil) throws -> UtilisationTrace {
    try UtilisationTrace.open(
      path: folder! + "/" + path, format: format, interval: nil,
      place: SourcePlace(file: "test", line: 1, column: 1))
  }
}

/// Whether a figure is the published one, which has been rounded to `places` decimals.
func agrees(_ value: Double, _ published: Double, places: Int) -> Bool {
  let unit = pow(10, Double(-places))
  return abs(value - published) <= unit / 2 + 1e-9
}

/// What `inspect` finds in published traces is what the collection's notes say about them.
@Suite(.enabled(if: PublishedTraces.areThere, "published traces are not here"))
struct PublishedTraceTests {
  /// 1,052 files of 288 samples: mean 12.31, sd 17.09, quartiles 2/6/15, 95 % 50, median of means 6.83.
  @Test func planetLabOf3March() throws {
    let trace = try PublishedTraces.open("planetlab/20110303")
    let found = TraceInspection(trace)
    #expect(found.format == "planetlab")
    #expect(found.seriesCount == 1_052)
    #expect(found.sampleCount == 1_052 * 288)
    #expect(found.length == .seconds(86_400))
    #expect(agrees(found.sourceCPU.mean, 12.31, places: 2))
    #expect(agrees(found.sourceCPU.sd, 17.09, places: 2))
    #expect(found.sourceCPU.p25 == 2 && found.sourceCPU.p50 == 6 && found.sourceCPU.p75 == 15)
    #expect(found.sourceCPU.p95 == 50)
    #expect(found.sourceCPU.max == 99)
    #expect(agrees(found.sourceSeriesMeanMedian, 6.83, places: 2))
    #expect(found.replayCPU == found.sourceCPU)
    #expect(trace.quirks.allSatisfy { $0.count == 0 })
    #expect(trace.vcpus(0) == nil && trace.memory(0) as Bytes? == nil)
  }

  /// The same of an archive: 898 members, mean 11.44, sd 16.83, quartiles 2/5/13, 95 % 48, median 6.30.
  @Test func planetLabOf6MarchFromAnArchive() throws {
    let found = TraceInspection(try PublishedTraces.open("planetlab/20110306.tar.gz"))
    #expect(found.seriesCount == 898)
    #expect(found.sampleCount == 898 * 288)
    #expect(agrees(found.sourceCPU.mean, 11.44, places: 2))
    #expect(agrees(found.sourceCPU.sd, 16.83, places: 2))
    #expect(found.sourceCPU.p25 == 2 && found.sourceCPU.p50 == 5 && found.sourceCPU.p75 == 13)
    #expect(found.sourceCPU.p95 == 48)
    #expect(agrees(found.sourceSeriesMeanMedian, 6.30, places: 2))
  }

  /// 160 VMs, 1,241,175 rows with all the faults of the real world.
  @Test func bitbrainsRnd() throws {
    let trace = try PublishedTraces.open("bitbrains-rnd/2013-7")
    let found = TraceInspection(trace)
    #expect(found.format == "bitbrains")
    #expect(found.seriesCount == 160)
    #expect(found.rowCount == 1_241_175)
    #expect(trace.count(of: .repeatedRows) == 27_453)
    #expect(trace.count(of: .contradictingRows) == 10)
    #expect(trace.sampleCount == 1_241_175 - 27_463)
    #expect(trace.count(of: .backwardRows) == 0)
    #expect(trace.count(of: .gaps) == 624)
    #expect(trace.count(of: .cpuAboveFull) == 27_388)
    #expect(trace.count(of: .memoryAboveProvisioned) == 12_276)
    #expect(trace.count(of: .offSeries) == 28)
    #expect(trace.count(of: .vcpuChanges) == 28)
    #expect(trace.count(of: .memoryChanges) == 85)
    #expect(found.distinctStarts == 25)
    #expect(found.nominalStep == .seconds(300))
    let steps = Dictionary(uniqueKeysWithValues: found.steps.map { ($0.step.value, $0.count) })
    #expect(steps[300_000_000_000] == 1_120_953)
    #expect(steps[301_000_000_000] == 36_773)
    #expect(steps[299_000_000_000] == 4_467)

    #expect(agrees(found.sourceCPU.mean, 6.13, places: 2))
    #expect(agrees(found.sourceCPU.p50, 1.23, places: 2))
    #expect(agrees(found.sourceCPU.p95, 28.7, places: 1))
    #expect(agrees(found.sourceCPU.p99, 103.9, places: 1))
    #expect(agrees(found.sourceCPU.max, 126, places: 0))
    #expect(found.replayCPU.max == 100)
    #expect(found.vcpusTotal == 595)
    #expect(agrees(Double(found.capacityTotal.value) / 1e6, 1_602, places: 0))
    #expect(agrees(Double(found.memoryTotal.value) / 1_073_741_824, 2_169, places: 0))
    #expect(agrees(Double(found.cpuUseTotal!.value) / 1e6, 140.7, places: 1))
    #expect(agrees(Double(found.memoryUseTotal!.value) / 1_073_741_824, 82.4, places: 1))
    let sizes = Dictionary(grouping: 0..<160) { trace.vcpus($0)! }.mapValues(\.count)
    #expect(sizes == [1: 49, 2: 32, 4: 49, 6: 1, 8: 27, 32: 2])
    #expect(found.longest.rows == 23_007)
    #expect(found.shortest.rows == 119)
  }

  /// Three of the same files, unpacked: the plain file gives what the packed one gives.
  @Test func bitbrainsPlainAndPackedAgree() throws {
    for name in ["1.csv", "33.csv", "101.csv"] {
      let plain = try PublishedTraces.open("bitbrains-rnd/sample/" + name)
      let packed = try PublishedTraces.open("bitbrains-rnd/2013-7/\(name).gz")
      #expect(contents(plain) == contents(packed))
      #expect(plain.name(0) + ".csv" == name)
    }
  }

  /// 8,619 rows, 1 vCPU of 2,600 MHz, 2 GiB; CPU mean 0.28 %, 95 % 0.73, max 12.6; 13 gaps; memory 5.9 %.
  @Test func bitbrainsFastStorage() throws {
    let trace = try PublishedTraces.open("bitbrains-faststorage/bitbrains.csv")
    let found = TraceInspection(trace)
    #expect(found.rowCount == 8_619 && found.sampleCount == 8_619)
    #expect(trace.vcpus(0) == 1)
    #expect(trace.memory(0) == .gibibytes(2))
    #expect(agrees(Double(trace.capacity(0)!.value) / 1e3, 2_600, places: 0))
    #expect(agrees(found.sourceCPU.mean, 0.28, places: 2))
    #expect(agrees(found.sourceCPU.p95, 0.73, places: 2))
    #expect(agrees(found.sourceCPU.max, 12.6, places: 1))
    #expect(trace.count(of: .gaps) == 13)
    #expect(trace.count(of: .repeatedRows) == 0)
    let used = found.sourceMemory!.mean / Double(2 << 20) * 100
    #expect(agrees(used, 5.9, places: 1))
    // 2013-08-12 13:40:46 and 2013-09-11 13:39:58.
    #expect(found.firstTimestamp == 1_376_314_846_000_000_000)
    #expect(found.lastTimestamp == 1_378_906_798_000_000_000)
  }

  /// 100 readings at time 0, mean 7.55 %; none of the 10 VMs of the table occurs in them.
  @Test func azureExcerpt() throws {
    let trace = try PublishedTraces.open("azure-v1/original-format")
    let found = TraceInspection(trace)
    #expect(found.format == "azure-v1")
    #expect(found.seriesCount == 100 && found.sampleCount == 100)
    #expect(agrees(found.sourceCPU.mean, 7.55, places: 2))
    #expect(trace.count(of: .vmsWithoutReadings) == 10)
    #expect(trace.count(of: .seriesWithoutVM) == 100)
    // Each file lies there plain and packed; the packed one is passed over.
    #expect(trace.count(of: .skippedFiles) == 2)
    let file = try PublishedTraces.open(
      "azure-v1/original-format/vm_cpu_readings-file-1-of-125.csv.gz")
    #expect(contents(file) == contents(trace))
  }

  /// 800 VMs with CPU mean 21.7 %, 95 % 49.7 and memory mean 19.8 %, 95 % 55.6, to 131 %.
  @Test func googleOf2011() throws {
    let trace = try PublishedTraces.open("google-2011-vms/vms.tar.gz")
    let found = TraceInspection(trace)
    #expect(found.format == "planetlab")
    #expect(found.seriesCount == 800 && found.sampleCount == 800 * 288)
    #expect(agrees(found.sourceCPU.mean, 21.7, places: 1))
    #expect(agrees(found.sourceCPU.p95, 49.7, places: 1))
    #expect(agrees(found.sourceCPU.max, 88.9, places: 1))
    #expect(agrees(found.sourceMemory!.mean, 19.8, places: 1))
    #expect(agrees(found.sourceMemory!.p95, 55.6, places: 1))
    #expect(agrees(found.sourceMemory!.max, 131, places: 0))
    #expect(found.replayMemory!.max == 100)
    #expect(trace.count(of: .memoryAboveFull) > 0)
  }
}

/// Everything a simulation can see of a trace.
func contents(_ trace: UtilisationTrace) -> [String] {
  (0..<trace.seriesCount).map { index in
    var text = "\(trace.name(index)) \(String(describing: trace.vcpus(index)))"
    text += " \(String(describing: trace.memory(index) as Bytes?))"
    let columns = [
      trace.cpu(index, unit: .percent), trace.cpu(index, unit: .mhz), trace.memory(index),
    ]
    for column in columns {
      guard let column else { continue }
      text += " | \(column.unit) to \(column.end):"
      for sample in 0..<column.count {
        text += " \(column.time(sample).value)=\(column.values[sample])"
      }
    }
    return text
  }
}
