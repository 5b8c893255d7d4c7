import ArgumentParser
import BallastModel
import BallastPlanner
import BallastReport
import BallastScenario
import BallastUnits
import Foundation

struct SweepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep",
    abstract: "Run a scenario for every combination of the values under sweep:.",
    discussion: """
      Units are files of their own: a sweep that was killed goes on where it was, and any engine can run them.
      run does it all on this machine; plan, unit and merge are for others.
      """,
    subcommands: [
      SweepPlanCommand.self, SweepRunCommand.self, SweepUnitCommand.self, SweepMergeCommand.self,
    ])
}

struct SweepOptions: ParsableArguments {
  @Argument(help: "The scenario file.")
  var file: String

  @Option(help: "Directory of the sweep (default: reports/<scenario name>-sweep).")
  var out: String?

  @Option(help: "Set one value of the scenario before: PATH=VALUE.")
  var set: [String] = []

  /// The plan and where its units are.
  func open() throws -> (plan: SweepPlan, directory: SweepDirectory) {
    let (draft, texts, _) = try loadDraft(file, set: set)
    do {
      let plan = try SweepPlan(draft, version: ballastVersion)
      return (plan, SweepDirectory(out ?? "reports/\(plan.name)-sweep"))
    } catch let error as ScenarioError {
      throw complain(error, in: texts)
    } catch let error as PlanError {
      note("ballast: \(error.message); \(error.remedy)")
      throw Exit.scenarioWrong.code
    }
  }
}

/// Makes write errors exit 74.
private func writing<Value>(_ body: () throws -> Value) throws -> Value {
  do {
    return try body()
  } catch let error as SweepWriteError {
    note("ballast: cannot write \(error.path): \(error.reason)")
    throw Exit.cannotWrite.code
  }
}

struct SweepPlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Say how many units a sweep has, and which are missing.")

  @OptionGroup var options: SweepOptions

  @Flag(help: "Print only the ids of units that are missing, one a line.")
  var ids = false

  @Flag(help: "Print the plan as one JSON object.")
  var json = false

  func run() throws {
    let (plan, directory) = try options.open()
    if json { return output(plan.json.pretty) }
    if ids {
      for index in 0..<plan.count where !directory.has(plan[index]) { output(plan[index].id) }
      return
    }
    let missing = (0..<plan.count).count { !directory.has(plan[$0]) }
    output("\(plan.count) units of \(plan.name), \(missing) to run, in \(directory.path)")
    for axis in plan.axes {
      let kind = SweepPlan.isReplicate(axis.path) ? " (repetitions)" : ""
      output("\(axis.path): \(axis.values.joined(separator: ", "))\(kind)")
    }
  }
}

struct SweepUnitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "unit", abstract: "Run one unit of a sweep; running it again changes nothing.")

  @OptionGroup var options: SweepOptions

  @Option(help: "Its number in the plan, from 0.")
  var index: Int?

  @Option(help: "Its id, as sweep plan --ids prints it.")
  var id: String?

  func validate() throws {
    guard (index == nil) != (id == nil) else {
      throw ValidationError("name the unit by --index or by --id")
    }
  }

  func run() throws {
    let (plan, directory) = try options.open()
    let unit: SweepPlan.Unit
    if let index {
      guard (0..<plan.count).contains(index) else {
        throw ValidationError("--index takes a number from 0 to \(plan.count - 1)")
      }
      unit = plan[index]
    } else {
      guard let found = plan.unit(withID: id!) else {
        throw ValidationError(
          "the sweep has no unit \(id!); ids change with the scenario, see sweep plan --ids")
      }
      unit = found
    }
    if directory.has(unit) { return }
    Interrupt.watch()
    let isWhole = try writing {
      try directory.run(unit, of: plan, shouldStop: { Interrupt.isRequested })
    }
    if !isWhole { throw Exit.interrupted.code }
  }
}

struct SweepMergeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge",
    abstract: "Make results.csv, sweep.json and sweep.html of a sweep's units.")

  @OptionGroup var options: SweepOptions

  @Flag(help: "No summary.")
  var quiet = false

  func run() throws {
    let (plan, directory) = try options.open()
    try merge(plan, directory, isQuiet: quiet)
  }
}

/// Merges and says what came of it.
func merge(_ plan: SweepPlan, _ directory: SweepDirectory, isQuiet: Bool) throws {
  let merged: SweepMerge
  do {
    merged = try writing { try directory.merge(plan) }
  } catch let error as MissingUnits {
    note(
      "ballast: \(error.count) of \(plan.count) units are missing, the first is \(error.first); "
        + "ballast sweep run goes on with them")
    throw Exit.expectationNotMet.code
  }
  do {
    let page = try sweepPage(
      directory: directory.path, name: plan.name,
      axes: plan.axes.map { SweepAxis($0.path, isReplicate: SweepPlan.isReplicate($0.path)) })
    try writing { try directory.replace("sweep.html", with: page) }
  } catch let error as RunReadError {
    note("ballast: cannot read back what was written: \(error)")
    throw Exit.cannotWrite.code
  }
  if isQuiet { return }
  let failures =
    merged.failed > 0 ? ", \(merged.failed) make no scenario (see the column error)" : ""
  output("\(merged.held) of \(merged.units) units hold\(failures)")
  output("results: \(directory.path)/results.csv")
  output("report: \(directory.path)/sweep.html")
}

enum SweepEngine: String, ExpressibleByArgument, CaseIterable {
  case local, dask
}

struct SweepRunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run the units of a sweep that are missing, and merge all.",
    discussion: """
      Exit codes: 0 merged, 65 and 66 as for run, 69 the engine is not there, 74 cannot write, 130 interrupted
      (units that are whole stay; the same command goes on).
      """)

  @OptionGroup var options: SweepOptions

  @Option(help: "Units at a time (default: one per processor); results do not depend on it.")
  var workers: Int?

  @Option(help: "local, or dask for the workers of a Dask scheduler.")
  var engine = SweepEngine.local

  @Option(help: "Address of the Dask scheduler, such as tcp://10.0.0.1:8786.")
  var scheduler: String?

  @Flag(help: "No progress and no summary.")
  var quiet = false

  func validate() throws {
    if let workers, !(1...1_024).contains(workers) {
      throw ValidationError("--workers takes a whole number from 1 to 1024")
    }
    if engine == .dask, scheduler == nil {
      throw ValidationError("--engine dask needs --scheduler ADDRESS")
    }
  }

  func run() throws {
    let (plan, directory) = try options.open()
    try writing { try directory.replace("plan.json", with: plan.json.pretty + "\n") }
    if engine == .dask {
      try runOnDask(
        file: options.file, set: options.set, directory: directory.path, scheduler: scheduler!,
        isQuiet: quiet)
      return try merge(plan, directory, isQuiet: quiet)
    }
    Interrupt.watch()
    let counter = UnitCounter(count: plan.count, isQuiet: quiet)
    let isWhole = try writing {
      try directory.run(
        plan, workers: workers ?? ProcessInfo.processInfo.activeProcessorCount,
        progress: counter.show, shouldStop: { Interrupt.isRequested })
    }
    counter.finish()
    guard isWhole else {
      note("ballast: interrupted; the same command goes on with what is missing")
      throw Exit.interrupted.code
    }
    try merge(plan, directory, isQuiet: quiet)
  }
}

/// Hands a sweep to the driver for Dask, `python/ballast_sweep`.
private func runOnDask(
  file: String, set: [String], directory: String, scheduler: String, isQuiet: Bool
) throws {
  let python = ProcessInfo.processInfo.environment["BALLAST_PYTHON"] ?? "python3"
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments =
    [
      python, "-m", "ballast_sweep", file, "--out", directory, "--scheduler", scheduler,
      "--ballast", CommandLine.executablePath,
    ] + set.flatMap { ["--set", $0] } + (isQuiet ? ["--quiet"] : [])
  do {
    try process.run()
  } catch {
    note("ballast: cannot start \(python): \(reason(of: error))")
    throw Exit.unavailable.code
  }
  process.waitUntilExit()
  if process.terminationStatus != 0 {
    // The driver has said why.
    note("ballast: the Dask driver ended with \(process.terminationStatus); pip install ./python")
    throw Exit.unavailable.code
  }
}

extension CommandLine {
  /// Where this command is, for others to start it.
  fileprivate static var executablePath: String {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? arguments[0]
  }
}

/// Says how far a sweep is and how long the rest may take.
final class UnitCounter: @unchecked Sendable {
  private let count: Int
  private let isQuiet: Bool
  private let isTerminal = isatty(STDERR_FILENO) == 1
  private let lock = NSLock()
  private let start = ContinuousClock.now
  private var lastShown = ContinuousClock.now
  private var hasLine = false

  init(count: Int, isQuiet: Bool) {
    self.count = count
    self.isQuiet = isQuiet
  }

  @Sendable func show(_ done: Int, _ present: Int) {
    if isQuiet { return }
    lock.lock()
    defer { lock.unlock() }
    let now = ContinuousClock.now
    guard lastShown.duration(to: now) >= (isTerminal ? .milliseconds(200) : .seconds(10)) else {
      return
    }
    lastShown = now
    // Units that were there before took no time and say nothing about the rest.
    let ran = max(done - present, 0)
    let elapsed = start.duration(to: now) / .seconds(1)
    let left = ran > 0 ? ", \(timeLeft(elapsed, done: ran, of: count - present)) left" : ""
    let text = "\(done) of \(count) units, \(present) were there" + left
    hasLine = isTerminal
    if isTerminal { noteInPlace(text) } else { note(text) }
  }

  func finish() {
    if hasLine { noteInPlace("") }
  }
}
