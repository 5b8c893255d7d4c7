import ArgumentParser
import BallastKVM
import BallastModel
import BallastReport
import BallastUnits
import Foundation

struct HostCompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compare what a KVM host did with a run that replays it.",
    discussion: """
      Prints how far delivered CPU, ready time and balloons are apart, VM by VM, and writes compare.html into the run's
      directory: ballast host record --out rec …; ballast run rec/scenario.yaml --out replay; ballast host compare rec replay
      """)

  @Argument(help: "Folder of the recording.")
  var recording: String

  @Argument(help: ArgumentHelp("Directory of the run.", valueName: "run"))
  var directory: String

  @Option(
    help: ArgumentHelp("File for the page (default: compare.html of the run).", valueName: "file"))
  var html: String?

  @Flag(help: "Replace the file of --html; compare.html of the run is always written anew.")
  var force = false

  @Flag(help: "Print one JSON object.")
  var json = false

  func run() throws {
    if let html { try refuseExisting(html, force: force) }
    let timeline = try readRecording()
    let comparison = try compare(timeline)
    guard comparison.vms.contains(where: { $0.samples > 0 }) else {
      note("ballast: \(nothingInCommon(comparison))")
      throw Exit.scenarioWrong.code
    }
    let page = html ?? directory + "/compare.html"
    if json {
      output(
        jsonText(
          Answer(
            comparison, recording: recording, run: directory, page: page,
            version: ballastVersion)))
    } else {
      output(table(comparison).joined(separator: "\n"))
      for name in comparison.onlyMeasured { note("measured only: \(name)") }
      for name in comparison.onlySimulated { note("simulated only: \(name)") }
    }
    do throws(RunSinkError) {
      try writeFile(comparison.html(dygraphs: findDygraphs()), path: page)
    } catch {
      note("ballast: cannot write \(error.path): \(error.reason)")
      throw Exit.cannotWrite.code
    }
    if !json { output("page: \(page)") }
  }

  private func readRecording() throws -> RecordedTimeline {
    do throws(RecordingError) {
      return try readTimeline(path: recording)
    } catch {
      note("ballast: \(error)")
      throw error.exit.code
    }
  }

  private func compare(_ timeline: RecordedTimeline) throws -> HostComparison {
    let files = ReplayFiles(timeline)
    let measured = zip(timeline.vms, files.names).map { vm, name in
      MeasuredVM(name: name, samples: vm.samples.map(\.measured))
    }
    do throws(RunReadError) {
      return try HostComparison(
        measured: measured, runDirectory: directory,
        coreMHz: Double(timeline.coreRateOfReplay) / 1_000, leavingOut: [files.otherName])
    } catch {
      note("ballast: \(error)")
      throw (error.isMissing ? Exit.fileMissing : Exit.scenarioWrong).code
    }
  }

  /// Another run's directory, or a run that ended before the recording begins.
  private func nothingInCommon(_ comparison: HostComparison) -> String {
    func few(_ names: [String]) -> String {
      names.isEmpty
        ? "none"
        : names.prefix(3).joined(separator: ", ") + (names.count > 3 ? ", …" : "")
    }
    if !comparison.vms.isEmpty {
      return "\(recording) and \(directory) have no instant in common; "
        + "run \(recording)/scenario.yaml again and compare with that"
    }
    return "\(directory) has no VM of \(recording): recorded are \(few(comparison.onlyMeasured)), "
      + "and the run has \(few(comparison.onlySimulated)); "
      + "run \(recording)/scenario.yaml and compare with that"
  }

  private func table(_ comparison: HostComparison) -> [String] {
    var rows = [["VM", "quantity", "measured", "simulated", "mean error", "p95", "largest"]]
    func add(_ name: String, _ quantity: String, _ errors: HostComparison.Errors?) {
      guard let errors, errors.measured != 0 || errors.simulated != 0 || quantity.hasPrefix("CPU")
      else { return }
      rows.append(
        [name, quantity]
          + [errors.measured, errors.simulated, errors.mean, errors.p95, errors.max]
          .map { String(format: "%.2f", $0) })
    }
    for vm in comparison.vms {
      add(vm.name, "CPU %", vm.cpu)
      add(vm.name, "ready %", vm.ready)
      add(vm.name, "balloon MiB", vm.balloon)
    }
    if comparison.vms.count > 1 {
      add("all VMs", "CPU %", comparison.cpu)
      add("all VMs", "ready %", comparison.ready)
      add("all VMs", "balloon MiB", comparison.balloon)
    }
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      row.indices.map { column in
        let padding = String(repeating: " ", count: widths[column] - row[column].count)
        return column < 2 ? row[column] + padding : padding + row[column]
      }.joined(separator: "  ")
    }
  }

  private struct Answer: Encodable {
    struct VM: Encodable {
      var vm: String
      var samples: Int
      var cpu: HostComparison.Errors?
      var ready: HostComparison.Errors?
      var balloon: HostComparison.Errors?
    }
    struct All: Encodable {
      var cpu: HostComparison.Errors?
      var ready: HostComparison.Errors?
      var balloon: HostComparison.Errors?
    }
    let schemaVersion = 1
    let ballastVersion: String
    let units = ["cpu": "% of a pCPU", "ready": "% of a pCPU", "balloon": "MiB"]
    var recording: String
    var run: String
    var page: String
    var scenario: String
    var vms: [VM]
    var all: All
    var onlyMeasured: [String]
    var onlySimulated: [String]

    init(
      _ comparison: HostComparison, recording: String, run: String, page: String, version: String
    ) {
      ballastVersion = version
      self.recording = recording
      self.run = run
      self.page = page
      scenario = comparison.scenario
      vms = comparison.vms.map {
        VM(vm: $0.name, samples: $0.samples, cpu: $0.cpu, ready: $0.ready, balloon: $0.balloon)
      }
      all = All(cpu: comparison.cpu, ready: comparison.ready, balloon: comparison.balloon)
      onlyMeasured = comparison.onlyMeasured
      onlySimulated = comparison.onlySimulated
    }
  }
}

extension RecordedTimeline.Sample {
  /// Seconds, points of a pCPU and MiB.
  fileprivate var measured: MeasuredVM.Sample {
    let percent = { (time: Int64) in Double(time) / Double(length) * 100 }
    return .init(
      start: Double(start) / 1e9, end: Double(end) / 1e9, cpu: percent(run), ready: percent(ready),
      balloonMiB: Double(balloon) / 1_048_576)
  }
}
