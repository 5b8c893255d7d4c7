import BallastModel
import BallastScenario
import BallastSimulator
import Testing

@testable import BallastPlanner

struct BenchTests {
  private let random = estate.replacingOccurrences(
    of: "workload: {cpu: 40%}",
    with: "workload: {cpu: {random: {distribution: uniform, mean: 40%, sd: 10%}}}")

  /// Eight replicates on one thread and on four: the same digests, and all of them different.
  @Test func threadsDoNotChangeResults() throws {
    let trials = (0..<8).map { Trial(replicate: $0) }
    func digests(_ workers: Int) throws -> [UInt64] {
      try bench(random, workers: workers).run(trials).map { try $0.get().digest }
    }
    let one = try digests(1)
    #expect(try digests(4) == one)
    #expect(Set(one).count == 8)
  }

  /// A trial that is asked for twice runs once.
  @Test func trialsAreRemembered() throws {
    let bench = try bench(estate)
    _ = bench.run([Trial(), Trial(), Trial(["vms.web.count=3"])])
    _ = bench.run(Trial())
    #expect(bench.runCount == 2)
  }

  /// Stopped after the second of fifty: two have been run, whatever was skipped, and those who wait were told of how many.
  @Test func whatIsSkippedIsNotCounted() throws {
    let told = Told()
    let bench = try TrialBench(
      draft(estate), workers: 1, progress: { told.hear($0, of: $1) },
      shouldStop: { told.done.count == 2 })
    let trials = (1...50).map { Trial(["vms.web.count=\($0)"]) }
    bench.expect(trials)
    let results = bench.run(trials)
    #expect(bench.wasStopped)
    #expect(bench.runCount == 2)
    #expect(told.done == [1, 2] && told.totals == [50, 50])
    #expect(results.count { (try? $0.get()) != nil } == 2)
  }

  /// What a second scenario runs counts as the question's, and so does that it was stopped.
  @Test func aSecondScenarioCountsAsWell() throws {
    let told = Told()
    let one = try TrialBench(
      draft(estate), workers: 1, progress: { told.hear($0, of: $1) },
      shouldStop: { told.done.count == 3 })
    let other = try one.another(draft(estate))
    let trials = (1...4).map { Trial(["vms.web.count=\($0)"]) }
    for bench in [one, other] { bench.expect(Array(trials.prefix(2))) }
    _ = one.run(Array(trials.prefix(2)))
    #expect(!one.wasStopped)
    _ = other.run(Array(trials.prefix(2)))
    #expect(one.wasStopped && one.runCount == 3)
    #expect(told.totals == [4, 4, 4])
  }

  /// 40 % times 1.5 on 2 vCPUs of 1000 MHz: 20 · 1200 of 32000 MHz are 75 %.
  @Test func assumedDemandMultiplies() throws {
    let result = try bench(estate).run(Trial(["assume.cpu_demand=150%"])).get()
    #expect(result.figure("cpu_used_pct") == 75_000)
  }

  /// A VM cannot want more than all of itself: 40 % times 20 is 100 %, 20 · 2000 MHz on 32000: all of it.
  @Test func assumedDemandStopsAtTheVM() throws {
    let result = try bench(estate).run(Trial(["assume.cpu_demand=2000%"])).get()
    #expect(result.figure("cpu_used_pct") == 100_000)
    #expect(result.figure("cpu_unmet_pct") == 20_000)
  }

  /// `vms.+=` is one more entry.
  @Test func listsGetMore() throws {
    let more = "vms.+={name: db, count: 2, vcpus: 1, memory: 1GiB}"
    #expect(try bench(estate).run(Trial([more])).get().vms.count == 22)
  }

  /// A scenario that expects nothing is judged by ready time and slowdown, and that is said.
  @Test func withoutExpectationsWaitingCounts() throws {
    let text = estate.components(separatedBy: "expect:")[0]
    let bench = try bench(text)
    #expect(bench.notes.count == 1)
    #expect(try bench.run(Trial()).get().verdicts.count == 2)
  }

  /// A wrong value is a failed trial with a reason, not an end.
  @Test func aWrongValueIsToldInWords() throws {
    guard case .failure(let error) = try bench(estate).run(Trial(["vms.web.count=many"])) else {
      Issue.record("it ran")
      return
    }
    #expect(error.words.contains("count"))
  }
}

/// Hears how far a bench is.
private final class Told: @unchecked Sendable {
  var done: [Int] = []
  var totals: [Int?] = []
  func hear(_ done: Int, of total: Int?) {
    self.done.append(done)
    totals.append(total)
  }
}
