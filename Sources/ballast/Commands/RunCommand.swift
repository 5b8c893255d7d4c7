import ArgumentParser
import BallastModel
import BallastReport
import BallastScenario
import BallastSimulator
import BallastUnits
import Foundation

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run a scenario and write CSV files and a report.",
    discussion: """
      Exit codes: 0 every expectation met, 1 one is not, 65 the scenario or a trace is wrong, 66 a file is missing,
      74 the result cannot be written, 130 interrupted (what was recorded is kept in DIR.incomplete).
      """)

  @Argument(help: "The scenario file; - reads standard input.")
  var file: String

  @Option(help: "Directory of the results (default: reports/<scenario name>).")
  var out: String?

  @Option(help: "Seed of all chance, instead of the scenario's.")
  var seed: UInt64?

  @Option(help: "Set one value of the scenario: PATH=VALUE, such as vms.web.count=60.")
  var set: [String] = []

  @Option(help: "Threads to work on hosts with; the result does not depend on it.")
  var threads = 1

  @Flag(help: "Run twice, the second time with another number of threads, and compare digests.")
  var verify = false

  @Option(help: ArgumentHelp("Not built yet.", visibility: .hidden))
  var checkpointEvery: String?

  @Flag(help: "Print the content of run.json.")
  var json = false

  @Flag(help: "No progress and no summary.")
  var quiet = false

  @Flag(help: "Replace a run that is already there.")
  var force = false

  func validate() throws {
    guard (1...1_024).contains(threads) else {
      throw ValidationError("--threads takes a whole number from 1 to 1024")
    }
    if checkpointEvery != nil { throw ValidationError("--checkpoint-every is not built yet") }
  }

  func run() throws {
    let loaded: LoadedScenario
    do throws(UnreadableFile) {
      loaded = try loadScenario(file, overrides: set, seed: seed)
    } catch {
      note("ballast: cannot read \(file): \(error)")
      throw Exit.fileMissing.code
    }
    let scenario: Scenario
    switch loaded.result {
    case .success(let read): scenario = read
    case .failure(let error): throw complain(error, in: loaded.texts)
    }
    if scenario.hasSweep && !quiet {
      note("ballast: sweep: is ignored by run; the plain values are used")
    }
    // From here on there is something to tidy up, so a signal no longer just ends the process.
    Interrupt.watch()
    let directory = try makeDirectory(for: scenario)
    let world: World
    switch buildWorld(scenario) {
    case .success(let built):
      world = built
      if !quiet { tell(built.remarks, of: file) }
    case .failure(let error):
      directory.discard()
      throw complain(error, in: loaded.texts)
    }
    do {
      try write(world, of: loaded, to: directory)
    } catch let error as RunSinkError {
      directory.discard()
      note("ballast: cannot write \(error.path): \(error.reason)")
      throw Exit.cannotWrite.code
    } catch let error as RunDirectoryError {
      directory.discard()
      note("ballast: \(error)")
      throw Exit.cannotWrite.code
    } catch let error as RunReadError {
      directory.discard()
      note("ballast: cannot read back what was written: \(error)")
      throw Exit.cannotWrite.code
    }
  }

  private func makeDirectory(for scenario: Scenario) throws -> RunDirectory {
    do throws(RunDirectoryError) {
      return try RunDirectory(out ?? "reports/\(scenario.name)", force: force)
    } catch {
      note("ballast: \(error)")
      throw Exit.cannotWrite.code
    }
  }

  private func write(_ world: World, of loaded: LoadedScenario, to directory: RunDirectory) throws {
    if let document = loaded.document {
      try writeFile(document.json, path: directory.workingPath + "/" + storedScenarioName)
    }
    let progress = Progress(duration: world.duration, isQuiet: quiet)
    let sink = try CSVRunSink(directory: directory.workingPath)
    let simulation = try Simulation(world, sink: sink, threads: threads)
    var record = try simulation.run(
      progress: progress.show, shouldStop: { Interrupt.isRequested })
    try sink.finish()
    let account = simulation.account(for: &record, shouldStop: { Interrupt.isRequested })
    progress.finish()
    try writeFile(
      ExplanationsFile.json(account) + "\n",
      path: directory.workingPath + "/" + ExplanationsFile.name)
    let result = RunFile(
      record: record, ballastVersion: ballastVersion, scenarioSHA256: loaded.sha256,
      keptScenarioSHA256: loaded.keptSHA256, wallMilliseconds: progress.wallMilliseconds)
    try result.write(directory: directory.workingPath)
    try writeReport(directory: directory.workingPath, dygraphs: findDygraphs())

    guard record.isComplete else {
      let kept = try directory.keepIncomplete()
      note("ballast: interrupted after \(record.simulated) of simulated time; kept \(kept)")
      throw Exit.interrupted.code
    }
    let isVerified = verify ? try verify(world, against: record, in: directory) : true
    try directory.commit()
    guard isVerified else {
      note("ballast: interrupted while verifying; \(directory.path) is whole but not verified")
      throw Exit.interrupted.code
    }
    if json {
      output(String(result.json.dropLast()))
    } else if !quiet {
      summarise(record, directory)
    }
    if record.expectations.contains(where: { !$0.isMet }) { throw Exit.expectationNotMet.code }
  }

  /// The same world once more, on another number of threads, into nothing. False when interrupted.
  private func verify(
    _ world: World, against record: RunRecord, in directory: RunDirectory
  ) throws -> Bool {
    let again = try Simulation(world, sink: NullSink(), threads: threads == 1 ? 2 : 1).run(
      shouldStop: { Interrupt.isRequested })
    guard again.isComplete else { return false }
    guard again.digest == record.digest else {
      note(
        "ballast: a second run differs: digest \(hex(again.digest)) instead of \(hex(record.digest));"
          + " this is a bug, please report it with the scenario")
      directory.discard()
      throw Exit.bug.code
    }
    if !quiet { note("verified: a second run has the same digest \(hex(record.digest))") }
    return true
  }

  private func summarise(_ record: RunRecord, _ directory: RunDirectory) {
    for verdict in record.expectations {
      var line = "\(verdict.isMet ? "met    " : "NOT MET") \(verdict.text): \(verdict.measured)"
      if !verdict.missedBy.isEmpty { line += "; missed by \(verdict.missedBy)" }
      if !verdict.lever.isEmpty { line += "; lever: \(verdict.lever)" }
      output(line)
    }
    for figure in record.summary where figure.value != emptyCell {
      let unit = figure.unit == "1" ? "" : " \(figure.unit)"
      output("\(figure.name): \(decimal(figure.value, places: 3))\(unit)")
    }
    output("digest: \(hex(record.digest))")
    output("report: \(directory.path)/report.html")
  }

  private func hex(_ digest: UInt64) -> String {
    let digits = String(digest, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

/// Rows go nowhere: only the digest is wanted.
private final class NullSink: RunSink {
  func begin(_ manifest: RunManifest) {}
  func write(_ rows: SampleRows) {}
  func write(_ event: EventRow) {}
  func write(_ summary: VMSummaryRow) {}
}
