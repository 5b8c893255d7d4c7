import BallastModel
import BallastUnits
import Foundation
import Testing

@testable import BallastTraces

/// A folder of its own for one test, gone with the object.
final class Scratch {
  let path: String

  init() {
    path = NSTemporaryDirectory() + "ballast-traces-\(UUID().uuidString)"
    try! FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  @discardableResult
  func write(_ name: String, _ text: String) -> String { write(name, Array(text.utf8)) }

  @discardableResult
  func write(_ name: String, _ bytes: [UInt8]) -> String {
    let file = path + "/" + name
    let folder = (file as NSString).deletingLastPathComponent
    try! FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try! Data(bytes).write(to: URL(fileURLWithPath: file))
    return file
  }

  func read(_ name: String) -> [UInt8] {
    Array(try! Data(contentsOf: URL(fileURLWithPath: path + "/" + name)))
  }

  /// Runs a command of the base system in the folder.
  func run(_ command: String) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    // Not `currentDirectoryURL`: that moves this whole process for a moment, under the feet of tests beside it.
    process.arguments = ["-c", "cd \"$0\" && \(command)", path]
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "\(command)")
  }
}

let testPlace = SourcePlace(file: "scenario.yaml", line: 7, column: 3)

func open(
  _ path: String, _ format: String? = nil, interval: SimDuration? = nil,
  memoryBudget: Int = 256 << 20
) throws -> UtilisationTrace {
  try UtilisationTrace.open(
    path: path, format: format, interval: interval, place: testPlace, memoryBudget: memoryBudget)
}

/// What opening says is wrong, each as "file:line:column: message; remedy" without the folder.
func problems(_ path: String, _ format: String? = nil) -> [String] {
  do {
    _ = try open(path, format)
    return []
  } catch let error as ScenarioError {
    return error.problems.map {
      let file = ($0.place.file as NSString).lastPathComponent
      return "\(file):\($0.place.line):\($0.place.column): \($0.message); \($0.remedy ?? "")"
    }
  } catch {
    return ["\(error)"]
  }
}

extension UtilisationTrace {
  /// "offset in seconds=value" of each sample. A method, so that the trace outlives its columns.
  func cpuText(_ series: Int, _ unit: TraceUnit = .percent) -> String {
    cpu(series, unit: unit).map(text) ?? "none"
  }

  func memoryText(_ series: Int) -> String {
    (memory(series) as SampledSeries?).map(text) ?? "none"
  }

  private func text(_ series: SampledSeries) -> String {
    (0..<series.count)
      .map { "\(series.time($0).value / 1_000_000_000)=\(series.values[$0])" }
      .joined(separator: " ")
  }
}

/// The samples of invented folders; see Tests/Fixtures/traces/README.md.
func fixture(_ name: String) -> String {
  URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures/traces/" + name).path
}

let bitbrainsHeader =
  "Timestamp [ms];\tCPU cores;\tCPU capacity provisioned [MHZ];\tCPU usage [MHZ];\tCPU usage [%];"
  + "\tMemory capacity provisioned [KB];\tMemory usage [KB];\tDisk read throughput [KB/s];"
  + "\tDisk write throughput [KB/s];\tNetwork received throughput [KB/s];"
  + "\tNetwork transmitted throughput [KB/s]\n"

/// A row of GWA-T-12: `cores` at 1,000 MHz, `cpu` in percent, 1 GiB of which `used` KiB are active.
func bitbrainsRow(
  _ time: String, cores: Int = 2, cpu: String = "10.0", mhz: String = "200.0",
  memory: String = "1048576.0", used: String = "1024.0", disk: String = "0.0"
) -> String {
  [time, "\(cores)", "\(cores * 1_000).0", mhz, cpu, memory, used, disk, "0.0", "0.0", "0.0"]
    .joined(separator: ";\t") + "\n"
}
