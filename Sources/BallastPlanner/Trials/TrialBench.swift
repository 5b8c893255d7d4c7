import BallastModel
import BallastScenario
import BallastSimulator
import BallastUnits
import Dispatch
import Foundation

/// Runs trials of one scenario, on as many threads as it is given, and remembers what came of them.
///
/// Promises  results do not depend on the number of threads or the order of trials. Memory: a world per thread while it
///           runs, then one `TrialResult` per different trial.
public final class TrialBench: @unchecked Sendable {
  public let draft: ScenarioDraft
  /// The scenario as written, with the expectations that apply.
  public let scenario: Scenario
  public let workers: Int
  /// Applied to every trial before its own: expectations where the scenario has none, resampling.
  let always: [String]
  let block: SimDuration?
  public let hasTraces: Bool
  public let notes: [String]

  private let shelf: TraceShelf
  var openTraces: TraceShelf { shelf }
  private let lock = NSLock()
  private var known: [Trial: Result<TrialResult, TrialError>] = [:]
  private var stopped = false
  private var total: Int?
  private var others: [TrialBench] = []
  /// Told how many trials have been run, and of how many where that is known; from any thread.
  private let progress: @Sendable (_ done: Int, _ total: Int?) -> Void
  private let shouldStop: @Sendable () -> Bool

  /// - Parameters:
  ///   - block: length of the blocks that traces are cut into for replicates above 0; nil keeps their order.
  ///   - needsExpectations: a scenario without any is judged by waiting: ready time is what every source names first, 5 %
  ///     per vCPU is where they begin to act (docs/PLANNING.md); waiting for memory is held to the same.
  /// - Throws: what is wrong with the scenario or its traces.
  public init(
    _ draft: ScenarioDraft, workers: Int, block: SimDuration? = nil,
    needsExpectations: Bool = true,
    progress: @escaping @Sendable (_ done: Int, _ total: Int?) -> Void = { _, _ in },
    shouldStop: @escaping @Sendable () -> Bool = { false }
  ) throws(ScenarioError) {
    var notes: [String] = []
    var always: [String] = []
    let written = try draft.scenario().scenario
    var shelf = TraceShelf()
    try shelf.add(written)
    if needsExpectations, written.expectations.isEmpty {
      // Slowdown is known where memory is modelled.
      let metrics =
        ["cpu_ready_pct_per_vcpu"]
        + (try World(written, traces: shelf).memory == nil ? [] : ["slowdown_pct"])
      let expectations = metrics.map {
        "{metric: \($0), of: {vms: \"*\"}, statistic: p95, at_most: 5}"
      }
      always.append("expect=[\(expectations.joined(separator: ", "))]")
      notes.append(
        "the scenario expects nothing; judged by: \(metrics.joined(separator: " and ")), p95 at most 5 for every VM"
      )
    }
    let scenario = try draft.scenario(with: always).scenario
    // A pool of names that do not resolve is told before any search starts.
    _ = try World(scenario, traces: shelf)
    self.draft = draft
    self.scenario = scenario
    self.workers = max(workers, 1)
    self.always = always
    self.block = block
    self.shelf = shelf
    self.notes = notes
    self.progress = progress
    self.shouldStop = shouldStop
    hasTraces = !scenario.traces.isEmpty
  }

  /// A bench for another scenario of the same question: what it runs counts here as well.
  public func another(_ draft: ScenarioDraft) throws(ScenarioError) -> TrialBench {
    let other = try TrialBench(
      draft, workers: workers, block: block, progress: { _, _ in self.report() },
      shouldStop: shouldStop)
    lock.withLock { others.append(other) }
    return other
  }

  /// True once somebody asked to stop: results are missing from then on.
  public var wasStopped: Bool {
    lock.withLock { stopped || others.contains { $0.wasStopped } }
  }

  /// Different trials that have been run; one that was stopped is none.
  public var runCount: Int {
    lock.withLock { others.reduce(known.count) { $0 + $1.runCount } }
  }

  /// How many trials a question takes; nil where a search finds out.
  private var expectedCount: Int? {
    lock.withLock {
      others.reduce(total) { sum, other in
        guard let sum, let more = other.expectedCount else { return nil }
        return sum + more
      }
    }
  }

  /// Says that these trials are to come, and no others, for those who wait.
  func expect(_ trials: [Trial]) {
    lock.withLock { total = known.count + Set(trials).count { known[$0] == nil } }
  }

  private func report() {
    let done = runCount
    progress(done, expectedCount.map { max($0, done) })
  }

  /// The overrides a replicate adds.
  func replicateOverrides(_ replicate: Int) -> [String] {
    guard replicate > 0 else { return [] }
    var overrides = ["seed=\(scenario.seed &+ UInt64(replicate))"]
    if hasTraces, let block {
      overrides.append("assume.resample={block: \(block.value)ns, draw: \(replicate)}")
    }
    return overrides
  }

  /// The scenario of a trial, as a file that runs by itself.
  public func document(of trial: Trial, named name: String? = nil) throws(ScenarioError)
    -> ScenarioDocument
  {
    try draft.scenario(
      with: always + trial.overrides + replicateOverrides(trial.replicate), name: name
    ).document
  }

  /// Runs a trial, or remembers it.
  public func run(_ trial: Trial) -> Result<TrialResult, TrialError> {
    if let result = lock.withLock({ known[trial] }) { return result }
    guard let result = attempt(trial) else {
      // Nothing came of it: it is neither remembered nor counted.
      lock.withLock { stopped = true }
      return .failure(TrialError(overrides: trial.overrides, error: ScenarioError([])))
    }
    lock.withLock { known[trial] = result }
    report()
    return result
  }

  /// Runs many, in parallel; results in the order of the trials.
  public func run(_ trials: [Trial]) -> [Result<TrialResult, TrialError>] {
    var seen: Set<Trial> = []
    let distinct = trials.filter { seen.insert($0).inserted }
    _ = map(distinct.count) { self.run(distinct[$0]) }
    return trials.map { run($0) }
  }

  /// Calls `body` for 0 ..< count on the bench's threads; results by index.
  func map<Value: Sendable>(_ count: Int, _ body: @escaping @Sendable (Int) -> Value) -> [Value] {
    let next = Counter()
    let results = Slots<Value>(count: count)
    DispatchQueue.concurrentPerform(iterations: min(workers, max(count, 1))) { _ in
      while let index = next.take(below: count) { results.set(index, body(index)) }
    }
    return results.values
  }

  /// Nil where somebody asked to stop before it ended.
  private func attempt(_ trial: Trial) -> Result<TrialResult, TrialError>? {
    if wasStopped || shouldStop() { return nil }
    let overrides = always + trial.overrides + replicateOverrides(trial.replicate)
    switch runTrial(of: draft, with: overrides, traces: shelf, shouldStop: shouldStop) {
    case .success(let result): return result.map { .success($0) }
    case .failure(let error): return .failure(error)
    }
  }
}

/// Runs a draft with other values into nothing; success without a result means that it was stopped.
func runTrial(
  of draft: ScenarioDraft, with overrides: [String], traces: TraceShelf,
  shouldStop: () -> Bool
) -> Result<TrialResult?, TrialError> {
  do {
    var scenario = try draft.scenario(with: overrides).scenario
    scenario.record.vms = .summary
    let world = try World(scenario, traces: traces)
    let sink = TrialSink()
    let record = try Simulation(world, sink: sink).run(shouldStop: shouldStop)
    guard record.isComplete else { return .success(nil) }
    return .success(
      TrialResult(
        verdicts: record.expectations, figures: record.summary, digest: record.digest,
        vms: sink.vms, hosts: sink.manifest.hosts,
        expectsRefusals: scenario.expectations.contains(where: \.isAboutAdmission)))
  } catch let error as ScenarioError {
    return .failure(TrialError(overrides: overrides, error: error))
  } catch {
    preconditionFailure("a sink that writes nothing failed: \(error)")
  }
}

extension Expectation {
  /// Asks who is admitted: then a refusal is an answer, not a failure.
  fileprivate var isAboutAdmission: Bool {
    switch question {
    case .refusal: true
    case .events(let kind): kind == .refused
    case .metric(let name): name == "admitted" && bound == .isFalse
    case .explanation: false
    }
  }
}

/// Hands out numbers from 0 on, each once.
final class Counter: @unchecked Sendable {
  private let lock = NSLock()
  private var next = 0
  func take(below count: Int) -> Int? {
    lock.withLock {
      guard next < count else { return nil }
      defer { next += 1 }
      return next
    }
  }
}

/// A place per result, filled from many threads.
private final class Slots<Value: Sendable>: @unchecked Sendable {
  private let lock = NSLock()
  private var slots: [Value?]
  init(count: Int) { slots = Array(repeating: nil, count: count) }
  func set(_ index: Int, _ value: Value) { lock.withLock { slots[index] = value } }
  var values: [Value] { slots.map { $0! } }
}
