import ArgumentParser
import BallastKVM
import BallastScenario
import BallastUnits
import Foundation

struct HostRecordCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "record",
    abstract: "Record what a KVM host does, as a scenario and a trace that 'ballast run' replays.",
    discussion: """
      Changes nothing: the connection is read-only. Records for --duration, or until interrupted (Ctrl-C), and then writes
      DIR/scenario.yaml and DIR/trace. A recording that was killed is finished with --finish DIR.
      """)

  @OptionGroup var host: HostOptions

  @Option(help: ArgumentHelp("Time between snapshots, 100ms to 1d.", valueName: "time"))
  var interval = "10s"

  @Option(help: ArgumentHelp("How long to record (default: until interrupted).", valueName: "time"))
  var duration: String?

  @Option(
    help: ArgumentHelp(
      "Time after which weights, quotas and pins are read anew; they cost calls of their own.",
      valueName: "time"))
  var settingsInterval = "1m"

  @Option(help: ArgumentHelp("Folder of the recording.", valueName: "dir"))
  var out: String?

  @Option(
    help: ArgumentHelp("Make scenario and trace of a recording that is there.", valueName: "dir"))
  var finish: String?

  @Flag(help: "No summary.")
  var quiet = false

  func validate() throws {
    guard (out == nil) != (finish == nil) else {
      throw ValidationError("say --out DIR to record, or --finish DIR to finish a recording")
    }
    if finish != nil, host.connect != nil || duration != nil {
      throw ValidationError("--finish reads a recording and takes neither --connect nor --duration")
    }
    let settings = try settings()
    guard (100_000_000...86_400_000_000_000).contains(settings.interval) else {
      throw ValidationError("--interval takes a time from 100ms to 1d")
    }
    guard settings.settingsInterval > 0 else {
      throw ValidationError("--settings-interval takes a time above 0")
    }
    if let duration = settings.duration, duration < settings.interval {
      throw ValidationError(
        "--duration is shorter than --interval: one snapshot alone tells nothing")
    }
  }

  func run() throws {
    if let finish { return try finishRecording(in: finish) }
    guard let out else { return }
    let outcome = try record(to: out)
    if outcome.failures > 0, let failure = outcome.lastFailure {
      note("ballast: the host did not answer \(outcome.failures) times, last: \(failure.text)")
    }
    try finishRecording(in: out)
    if !outcome.isWhole { throw Exit.interrupted.code }
  }

  private func record(to directory: String) throws -> HostRecorder.Outcome {
    let settings = try settings()
    let system = try host.open(readOnly: true)
    Interrupt.watch()
    do throws(RecordingFailure) {
      return try HostRecorder.record(
        system, directory: directory,
        header: RecordingHeader(ballastVersion: ballastVersion, interval: settings.interval),
        settings: settings, shouldStop: { Interrupt.isRequested })
    } catch {
      switch error {
      case .host(let error): throw hostFailure(error)
      case .recording(let error):
        note("ballast: \(error)")
        throw error.exit.code
      }
    }
  }

  private func finishRecording(in directory: String) throws {
    let timeline: RecordedTimeline
    do throws(RecordingError) {
      timeline = try BallastKVM.finishRecording(directory: directory)
    } catch {
      note("ballast: \(error)")
      throw error.exit.code
    }
    if !quiet {
      let vms = timeline.vms.count == 1 ? "1 VM" : "\(timeline.vms.count) VMs"
      let cores = timeline.cores == 1 ? "1 pCPU" : "\(timeline.cores) pCPUs"
      note("recorded \(SimDuration(timeline.duration)) of \(vms) on \(cores)")
      for line in timeline.notes.lines { note("  " + line) }
    }
    output(directory + "/" + ReplayFiles.scenarioName)
  }

  private func settings() throws -> HostRecorder.Settings {
    .init(
      interval: try time(interval, "--interval"),
      duration: try duration.map { try time($0, "--duration") },
      settingsInterval: try time(settingsInterval, "--settings-interval"))
  }

  private func time(_ text: String, _ option: String) throws -> Int64 {
    switch timeOfRun(text) {
    case .success(let time): return time.value
    case .failure(let fault): throw ValidationError("\(option): \(fault)")
    }
  }
}

extension RecordingError {
  var exit: Exit { isMissing ? .fileMissing : isAboutWriting ? .cannotWrite : .scenarioWrong }
}
