import BallastModel
import BallastUnits
import Foundation
import Testing

@testable import BallastPlanner

/// Each answer against arithmetic by hand.
struct AnswerTests {
  private func whole(_ answer: PlanAnswer, _ key: String) -> Int64? {
    guard case .integer(let value)? = answer.json.first(where: { $0.key == key })?.value else {
      return nil
    }
    return value
  }

  /// 16000 MHz on hosts of 8000 MHz: two are exactly enough, and one of three may be down. One host alone: 8000 for
  /// 16000 MHz, each VM runs 400 of 2000 MHz less than it wants: 20 % ready.
  @Test func hostsByHand() throws {
    let bench = try bench(estate)
    let two = try PlanHosts(hosts: nil, tolerate: 0, allocation: standardModel).answer(bench)
    #expect(whole(two, "hosts") == 2)
    #expect(
      two.sentence.contains("with 1, cpu_ready_pct_per_vcpu p95 of vms * at most 5.000: 20.0"))
    let three = try PlanHosts(hosts: nil, tolerate: 1, allocation: standardModel).answer(bench)
    #expect(whole(three, "hosts") == 3)
  }

  /// VMs that may use 10 % of what they want wait on any number of hosts: told after two trials, the most and those
  /// that are written.
  @Test func aHopelessExpectationIsToldAtOnce() throws {
    let text = estate.replacingOccurrences(
      of: "workload: {cpu: 40%}", with: "cpu: {limit: 100MHz}, workload: {cpu: 40%}")
    let bench = try bench(text)
    let answer = try PlanHosts(hosts: nil, tolerate: 0, allocation: standardModel).answer(bench)
    #expect(!answer.isAnswered)
    #expect(answer.sentence.hasPrefix("no number of hosts is enough: even with 20, one per VM"))
    #expect(bench.runCount == 2)
  }

  /// Four hosts. 44 VMs are 11 per host: 8800 of 8000 MHz wanted, 800 / 11 = 72.7 MHz missing of 2000: 3.6 % ready. 45 VMs
  /// put 12 on one host: 1600 / 12 = 133.3 MHz of 2000: 6.67 %. So 24 more than 20 fit.
  @Test func fitByHand() throws {
    let fit = PlanFit(shape: "web", hosts: nil, tolerate: 0, allocation: standardModel)
    let answer = try fit.answer(bench(estate))
    #expect(whole(answer, "more") == 24)
    #expect(answer.sentence.contains("6.667"))
    // By ratio: 4 hosts · 8 cores · 4 = 128 vCPUs, 40 are there, 88 / 2 = 44; memory 256 GiB − 80 = 176 / 4 = 44.
    #expect(answer.details.contains { $0.contains("100 % of memory): 44 more") })
  }

  /// VMs of 16 GiB that reserve all of it, on four hosts of 64 GiB with 20 VMs of 4 GiB that reserve nothing: four per
  /// host, 16 in all. With one host down 12.
  @Test func fitIsBoundByMemory() throws {
    let shape = "vcpus=1,memory=16GiB,memory_reservation=16GiB"
    let all = PlanFit(shape: shape, hosts: nil, tolerate: 0, allocation: standardModel)
    let answer = try all.answer(bench(estate))
    #expect(whole(answer, "more") == 16)
    #expect(answer.sentence.contains("refused"))
    let one = PlanFit(shape: shape, hosts: nil, tolerate: 1, allocation: standardModel)
    #expect(whole(try one.answer(bench(estate)), "more") == 12)
  }

  /// VMs that want nothing and reserve nothing: nobody stops the next, and the search ends.
  @Test func nothingStopsIdleVMs() throws {
    let fit = PlanFit(
      shape: "vcpus=1,memory=1MiB", hosts: nil, tolerate: 0, allocation: standardModel, most: 200)
    let answer = try fit.answer(bench(estate))
    #expect(answer.sentence == "at least 200 more fit at N+0; --most 200 ended the search")
  }

  @Test func aShapeThatIsNoneIsRefused() throws {
    let bench = try bench(estate)
    for shape in ["wbe", "vcpus=2,size=4", "vcpus"] {
      let fit = PlanFit(shape: shape, hosts: nil, tolerate: 0, allocation: standardModel)
      #expect(throws: PlanError.self, "\(shape)") { try fit.answer(bench) }
    }
  }

  /// 5 VMs per host want 5 · 800 · f; ready is 5 % at 800 f − 8000 / 5 = 100, f = 2.125. 1.2^(d/365) = 2.125 at
  /// d = 365 · ln 2.125 / ln 1.2 = 1509.03.
  @Test func growthByHand() throws {
    let growth = PlanGrowth(
      perYear: 0.2, horizonDays: 3_650, repetitions: 1, confidence: 0.95, growsMemory: true)
    let answer = try growth.answer(bench(estate))
    #expect(whole(answer, "days") == Int64(365 * log(2.125) / log(1.2)))
  }

  /// A day's factor: 20 % a year are 1.2 after 365 days and 1 today.
  @Test func growthCompounds() {
    #expect(PlanGrowth.factor(perYear: 0.2, day: 0).value == 1_000_000)
    #expect(PlanGrowth.factor(perYear: 0.2, day: 365).value == 1_200_000)
    #expect(PlanGrowth.factor(perYear: 0.2, day: 730).value == 1_440_000)
  }

  /// 20 VMs on 4, 3, 2 and 1 hosts; two hosts are enough: 10 VMs per host.
  @Test func ratioByHand() throws {
    let ratio = PlanRatio(
      axis: .hosts, from: 5, to: 20, steps: 10, repetitions: 3, confidence: 0.95, hosts: nil,
      allocation: standardModel)
    let answer = try ratio.answer(bench(estate))
    #expect(answer.sentence.hasPrefix("10 VMs per host; then cpu_ready_pct_per_vcpu"))
    #expect(answer.details.contains { $0.contains("nothing in this scenario is left to chance") })
  }

  /// One host cannot keep one for failures: that step makes no scenario and is left out, with the reason. Two hosts hold,
  /// so "at least" is the answer, and it says that beyond it nothing could be tried.
  @Test func aStepThatMakesNoScenarioIsLeftOut() throws {
    let text = estate.replacingOccurrences(
      of: "admission: strict}",
      with: "admission: strict, failover: {policy: percentage, tolerate: 1}}")
    let ratio = PlanRatio(
      axis: .hosts, from: nil, to: 20, steps: 10, repetitions: 1, confidence: 0.95, hosts: nil,
      allocation: standardModel)
    let answer = try ratio.answer(bench(text))
    let step = "20 (1 host) makes no scenario"
    #expect(
      answer.sentence
        == "at least 10 VMs per host: nothing breaks up to there, and \(step)")
    #expect(answer.details.contains { $0.hasPrefix("left out: \(step): ") })
    #expect(answer.details.contains { $0.hasPrefix("steps: 5 100 %, 6.667 100 %, 10 100 % of") })
  }

  /// Where no step makes a scenario, the question cannot be asked, and the reason is the first step's.
  @Test func withoutAnyStepThereIsNoAnswer() throws {
    let text = estate.replacingOccurrences(
      of: "admission: strict}",
      with: "admission: strict, failover: {policy: percentage, tolerate: 3}}")
    let ratio = PlanRatio(
      axis: .hosts, from: 10, to: 20, steps: 2, repetitions: 1, confidence: 0.95, hosts: nil,
      allocation: standardModel)
    let bench = try bench(text)
    let error = try #require(throws: PlanError.self) { try ratio.answer(bench) }
    #expect(
      error.message.hasPrefix("no step makes a scenario: 10 (2 hosts): "))
  }

  /// Ends of a range that no arithmetic survives are refused or come out as steps of some kind, never as a trap.
  @Test func anyRangeIsSurvived() throws {
    let bench = try bench(estate)
    for axis in PlanRatio.Axis.allCases {
      for (from, to) in [
        (Double.nan, 2), (1, .nan), (1, .infinity), (1e-300, 2), (-1, 1), (0, 1), (5, 1e300),
      ] {
        let ratio = PlanRatio(
          axis: axis, from: from, to: to, steps: 2, repetitions: 1, confidence: 0.95, hosts: nil,
          allocation: standardModel)
        _ = try? ratio.answer(bench)
      }
    }
  }

  /// 40 vCPUs that want 16000 MHz on 4 hosts: 4 cores per host are 16000 MHz, 2.5 vCPUs per core; 3 cores are 3.333.
  /// There 5 VMs share 3000 MHz: 200 of 2000 MHz missing, 10 % ready.
  @Test func coresByHand() throws {
    let ratio = PlanRatio(
      axis: .cpu, from: 1.25, to: 5, steps: 7, repetitions: 1, confidence: 0.95, hosts: nil,
      allocation: standardModel)
    #expect(try ratio.answer(bench(estate)).sentence.hasPrefix("2.5 vCPUs per core"))
  }

  private let tenants = """
    ballast: 1
    duration: 1h
    control: {interval: 5m}
    clusters:
      - name: prod
        hosts: [{name: esx, cpu: {cores: 8, mhz: 1000}, memory: 64GiB}]
    vms:
      - {name: noisy, vcpus: 8, memory: 8GiB, cpu: {shares: 8000}, workload: {cpu: 100%}}
      - {name: quiet, vcpus: 4, memory: 8GiB, cpu: {shares: 1000}, workload: {cpu: 50%}}
    expect:
      - {metric: cpu_ready_pct_per_vcpu, of: {vms: quiet}, statistic: p95, at_most: 5}
    """

  /// By shares 8 : 1 quiet gets 889 of the 2000 MHz it wants: 27.8 % ready. At most 5 % of 4000 MHz may be missing, so it
  /// needs 1800: noisy may use 6200 MHz. In steps of 800 MHz that is 5600. A reservation of 1800 does it as well: in steps
  /// of 400 MHz 2000.
  @Test func limitsOfANoisyTenantByHand() throws {
    let limits = PlanLimits(resource: .cpu, vm: nil, steps: 10)
    let answer = try limits.answer(bench(tenants))
    #expect(answer.sentence.contains("a cpu limit of at most 5600MHz for noisy mends it"))
    #expect(
      answer.details.contains { $0.contains("quiet") && $0.contains("reservation from 2000MHz") })
    #expect(answer.proof != nil)
  }

  /// Where nothing waits: web wants 800 of 2000 MHz, and at most 5 % of 2000 may be missing: 700 do. In steps of 200: 800.
  @Test func lowestLimitByHand() throws {
    let limits = PlanLimits(resource: .cpu, vm: nil, steps: 10)
    let answer = try limits.answer(bench(estate))
    #expect(answer.sentence.hasPrefix("lowest cpu limits that keep the expectations: web 800MHz"))
  }

  /// The proof is a scenario that holds, and one host fewer does not.
  @Test func theProofProves() throws {
    let answer = try PlanHosts(hosts: nil, tolerate: 0, allocation: standardModel).answer(
      bench(estate))
    let proof = try bench(#require(answer.proof).json)
    #expect(try proof.run(Trial()).get().holds)
    #expect(try !proof.run(Trial(["assume.hosts_down=[esx-1, esx-2, esx-3]"])).get().holds)
  }

  /// Twice the demand: 20 VMs on two hosts want 32000 of 16000 MHz. Sensitivity puts CPU demand first.
  @Test func sensitivityNamesWhatMatters() throws {
    let bench = try bench(estate.replacingOccurrences(of: "count: 4,", with: "count: 2,"))
    let answer = try PlanSensitivity(repetitions: 1, confidence: 0.95, spread: 0.2).answer(bench)
    // 960 · 10 = 9600 of 8000 MHz: 160 of 2000 missing, 8 %.
    #expect(answer.sentence.contains("CPU demand matters most"))
    #expect(answer.sentence.contains("8 at 120%"))
  }

  /// 5 hosts for 160 vCPUs at 4 per core and 8 cores; memory 80 GiB of 64 are 2: CPU binds, and one more may fail.
  @Test func allocationModelByHand() {
    let hosts = standardModel.hosts(
      vcpus: 160, memory: .gibibytes(80), cores: 8, hostMemory: .gibibytes(64), tolerate: 1)
    #expect(hosts == (6, "CPU"))
    let memory = standardModel.hosts(
      vcpus: 16, memory: .gibibytes(129), cores: 8, hostMemory: .gibibytes(64), tolerate: 0)
    #expect(memory == (3, "memory"))
  }
}
