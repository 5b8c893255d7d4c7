import ArgumentParser
import BallastModel
import BallastPlanner
import BallastScenario
import BallastUnits
import Foundation

/// What all questions of `ballast plan` have in common.
struct PlanOptions: ParsableArguments {
  @Argument(help: "The scenario file; - reads standard input.")
  var file: String

  @Option(help: "Set one value of the scenario before asking: PATH=VALUE.")
  var set: [String] = []

  @Option(help: "Trials at a time (default: one per processor); the answer does not depend on it.")
  var workers: Int?

  @Flag(help: "Print the answer as one JSON object.")
  var json = false

  @Flag(help: "No progress.")
  var quiet = false

  func validate() throws {
    if let workers, !(1...1_024).contains(workers) {
      throw ValidationError("--workers takes a whole number from 1 to 1024")
    }
  }

  var workerCount: Int { workers ?? ProcessInfo.processInfo.activeProcessorCount }
}

/// Where the scenario that proves an answer goes.
struct ProofOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Write the scenario that proves the answer to a file.", valueName: "file"))
  var out: String?

  @Flag(help: "Replace a file that is already there.")
  var force = false

  /// Writes the proof of an answer that has been printed; a message where there is none.
  func write(_ answer: PlanAnswer, isQuiet: Bool) throws {
    guard let out else { return }
    guard let proof = answer.proof else {
      note("ballast: \(out) is not written: no scenario proves this answer")
      throw Exit.expectationNotMet.code
    }
    do throws(UnwritableFile) {
      try ballast.write(proof.json, to: out)
    } catch {
      note("ballast: cannot write \(error.path): \(error.reason)")
      throw Exit.cannotWrite.code
    }
    if !isQuiet { note("the scenario that proves it: \(out)") }
  }
}

/// How often a question is asked again with other chance.
struct RepetitionOptions: ParsableArguments {
  @Option(help: "How often each trial is repeated, with other seeds and reordered traces.")
  var repetitions = 10

  @Option(help: "Length of the blocks that traces are cut into, such as 6h; 0s keeps their order.")
  var block = "6h"

  @Option(help: "Confidence of intervals in percent.")
  var confidence = 95.0

  func validate() throws {
    guard (1...10_000).contains(repetitions) else {
      throw ValidationError("--repetitions takes a whole number from 1 to 10000")
    }
    try checkConfidence(confidence)
    guard parsedDuration(block) != nil else {
      throw ValidationError("--block takes a time such as 6h")
    }
  }

  var blockLength: SimDuration? {
    parsedDuration(block).flatMap { $0 == .zero ? nil : $0 }
  }
}

/// Beyond these bounds an interval is next to nothing, or everything.
func checkConfidence(_ percent: Double) throws {
  guard (1...99.99).contains(percent) else {
    throw ValidationError("--confidence takes a percentage from 1 to 99.99")
  }
}

/// Ratios of the allocation model.
struct AllocationOptions: ParsableArguments {
  @Option(help: "vCPUs per core that the allocation model allows.")
  var cpuRatio = 4.0

  @Option(help: "Configured memory by the hosts' memory that the allocation model allows.")
  var memoryRatio = 1.0

  func validate() throws {
    guard (0.01...1_000).contains(cpuRatio), (0.01...1_000).contains(memoryRatio) else {
      throw ValidationError("--cpu-ratio and --memory-ratio take numbers from 0.01 to 1000")
    }
  }

  var model: AllocationModel {
    AllocationModel(
      cpuRatio: PartsPerMillion(Int64((cpuRatio * 1e6).rounded())),
      memoryRatio: PartsPerMillion(Int64((memoryRatio * 1e6).rounded())))
  }
}

/// A time as scenarios write it; nil where it is none.
func parsedDuration(_ text: String) -> SimDuration? {
  guard case .success(let time) = timeOfRun(text) else { return nil }
  return SimDuration(time.value)
}

/// Reads a scenario to be tried with other values.
func loadDraft(_ path: String, set overrides: [String]) throws -> (
  ScenarioDraft, SourceTexts, String
) {
  let bytes: [UInt8]
  do throws(UnreadableFile) {
    bytes = try readScenarioBytes(path)
  } catch {
    note("ballast: cannot read \(path): \(error)")
    throw Exit.fileMissing.code
  }
  var texts = SourceTexts()
  do throws(ScenarioError) {
    let draft = try ScenarioDraft(
      path: path == "-" ? "stdin.yaml" : path, bytes: bytes, overrides: overrides,
      catalogs: catalogs, environment: { ProcessInfo.processInfo.environment[$0] },
      readFile: readBytes, workingDirectory: FileManager.default.currentDirectoryPath,
      texts: &texts)
    return (draft, texts, SHA256.hex(of: bytes))
  } catch {
    throw complain(error, in: texts)
  }
}

/// Asks a question of a scenario file, prints the answer and then writes its proof: a file that cannot be written costs no
/// answer.
func ask(
  _ options: PlanOptions, proof: ProofOptions? = nil, block: SimDuration? = nil,
  needsExpectations: Bool = true, _ question: (TrialBench) throws -> PlanAnswer
) throws {
  if let proof, let out = proof.out { try refuseExisting(out, force: proof.force) }
  let (draft, texts, _) = try loadDraft(options.file, set: options.set)
  Interrupt.watch()
  let counter = TrialCounter(isQuiet: options.quiet || options.json)
  let bench: TrialBench
  do throws(ScenarioError) {
    bench = try TrialBench(
      draft, workers: options.workerCount, block: block, needsExpectations: needsExpectations,
      progress: counter.show, shouldStop: { Interrupt.isRequested })
  } catch {
    throw complain(error, in: texts)
  }
  let answer: PlanAnswer
  do {
    answer = try question(bench)
  } catch let error as PlanError {
    counter.finish()
    if bench.wasStopped { throw interrupted(bench) }
    note("ballast: \(error.message); \(error.remedy)")
    throw (error.isWrongValue ? Exit.scenarioWrong : Exit.usage).code
  } catch let error as ScenarioError {
    counter.finish()
    throw complain(error, in: texts)
  }
  counter.finish()
  if bench.wasStopped { throw interrupted(bench) }
  if options.json {
    output(answer.written(notes: bench.notes, trials: bench.runCount))
  } else {
    output(answer.sentence)
    for line in answer.details { output("  " + line) }
    if !options.quiet {
      for line in bench.notes { note("ballast: \(line)") }
    }
  }
  try proof?.write(answer, isQuiet: options.quiet || options.json)
  if !answer.isAnswered { throw Exit.expectationNotMet.code }
}

private func interrupted(_ bench: TrialBench) -> ExitCode {
  note("ballast: interrupted after \(bench.runCount) trials; there is no answer")
  return Exit.interrupted.code
}

/// Says how many trials have been run, of how many and how long the rest may take where that is known: written over on a
/// terminal, every ten seconds elsewhere.
final class TrialCounter: @unchecked Sendable {
  private let isQuiet: Bool
  private let isTerminal = isatty(STDERR_FILENO) == 1
  private let lock = NSLock()
  private let start = ContinuousClock.now
  private var lastShown = ContinuousClock.now
  private var hasLine = false

  init(isQuiet: Bool) { self.isQuiet = isQuiet }

  @Sendable func show(_ done: Int, _ total: Int?) {
    if isQuiet { return }
    lock.lock()
    defer { lock.unlock() }
    let now = ContinuousClock.now
    guard lastShown.duration(to: now) >= (isTerminal ? .milliseconds(200) : .seconds(10)) else {
      return
    }
    lastShown = now
    hasLine = isTerminal
    let elapsed = start.duration(to: now) / .seconds(1)
    let text =
      total.map { total in
        "\(done) of \(total) trials, \(timeLeft(elapsed, done: done, of: total)) left"
      } ?? (done == 1 ? "1 trial" : "\(done) trials")
    if isTerminal { noteInPlace(text) } else { note(text) }
  }

  func finish() {
    if hasLine { noteInPlace("") }
  }
}

/// A file that cannot be written, with the system's reason.
struct UnwritableFile: Error {
  var path: String
  var reason: String
}

/// Writes a file whole or not at all: under a temporary name, then renamed.
func write(_ text: String, to path: String) throws(UnwritableFile) {
  let temporary = "\(path).\(getpid()).partial"
  do {
    try Data(text.utf8).write(to: URL(fileURLWithPath: temporary))
  } catch {
    throw UnwritableFile(path: path, reason: reason(of: error))
  }
  guard rename(temporary, path) == 0 else {
    let failure = errno
    unlink(temporary)
    throw UnwritableFile(path: path, reason: String(cString: strerror(failure)))
  }
}
