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
