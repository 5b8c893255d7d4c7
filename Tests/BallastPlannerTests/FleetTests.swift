import BallastModel
import BallastUnits
import Foundation
import Testing

@testable import BallastPlanner

/// Which hosts are counted, and which go.
struct FleetTests {
  /// Entries of one host each, as imports write them; VMs start on the host they were found on.
  private let imported = """
    ballast: 1
    name: imported
    duration: 1h
    control: {interval: 5m}
    hypervisor: {profile: esxi, host_reserve: 0MiB, vm_overhead: 0MiB}
    clusters:
      - name: prod
        hosts:
          - {name: a, cpu: {cores: 8, mhz: 1000}, memory: 64GiB}
          - {name: b, cpu: {cores: 8, mhz: 1000}, memory: 64GiB}
          - {name: big, cpu: {cores: 8, mhz: 1000}, memory: 128GiB}
          - {name: c, cpu: {cores: 8, mhz: 1000}, memory: 64GiB}
      - name: test
        hosts: [{name: t, cpu: {cores: 8, mhz: 1000}, memory: 64GiB}]
    vms:
      - {name: web, count: 10, cluster: prod, host: c, vcpus: 2, memory: 4GiB, workload: {cpu: 40%}}
      - {name: db, count: 6, cluster: prod, host: big, vcpus: 2, memory: 4GiB, workload: {cpu: 40%}}
      - {name: other, count: 30, cluster: test, vcpus: 1, memory: 1GiB, workload: {cpu: 5%}}
    expect:
      - {metric: cpu_ready_pct_per_vcpu, of: {vms: "*"}, statistic: p95, at_most: 5}
      - {metric: cpu_used_pct, of: {hosts: c}, statistic: mean, at_most: 100}
    """

  private func whole(_ answer: PlanAnswer, _ key: String) -> Int64? {
    guard case .integer(let value)? = answer.json.first(where: { $0.key == key })?.value else {
      return nil
    }
    return value
  }

  private func model(_ answer: PlanAnswer, _ key: String) -> Int64? {
    guard
      case .object(let members)? = answer.json.first(where: { $0.key == "allocation_model" })?
        .value, case .integer(let value)? = members.first(where: { $0.key == key })?.value
    else { return nil }
    return value
  }

  /// web on c is 10 · 800 = 8000 of 8000 MHz, db on big 4800. Without c web starts elsewhere, and its expectation on c asks
  /// nothing: a, b and big have 24000 MHz for 12800. One host more than big is enough, two with one down.
  @Test func singleHostsThatAreAlikeAreCountedTogether() throws {
    let one = try PlanHosts(hosts: "b", tolerate: 0, allocation: standardModel).answer(
      bench(imported))
    #expect(one.sentence.hasPrefix("1 host of prod.a and 2 alike is enough at N+0 for 16 VMs"))
    let two = try PlanHosts(hosts: "prod.c", tolerate: 1, allocation: standardModel).answer(
      bench(imported))
    #expect(whole(two, "hosts") == 2)
    // 32 vCPUs at 4 per core: the 8 cores of big are enough; and one that may fail.
    #expect(model(two, "hosts") == 2)
    #expect(try bench(#require(two.proof).json).run(Trial()).get().holds)
  }

  /// More hosts than are written: a single host keeps its name, and the VMs that start there stay.
  @Test func moreHostsLeaveNamesAlone() throws {
    let bench = try bench(
      imported.replacingOccurrences(of: "workload: {cpu: 5%}", with: "workload: {cpu: 60%}"))
    let fleet = try bench.fleet("t", of: bench.estate())
    #expect(
      fleet.overrides(count: 3) == [
        #"clusters.test.hosts.+={name: "t-more", count: 2, "cpu": {"cores": 8, "mhz": 1000}, "memory": 64GiB}"#
      ])
    // 30 VMs want 600 of 1000 MHz each: 18000 MHz on hosts of 8000 are three, 10 VMs and 6000 MHz each; on two hosts 15 VMs
    // share 8000 of 9000: 6.7 % ready.
    let answer = try PlanHosts(hosts: "t", tolerate: 0, allocation: standardModel).answer(bench)
    #expect(whole(answer, "hosts") == 3)
  }

  /// The largest goes first, then the last of the file; what is left of the cluster counts.
  @Test func theLargestHostsFail() throws {
    let bench = try bench(imported)
    let estate = try bench.estate()
    let lost = try bench.losing(2, of: estate, in: "prod", named: nil)
    #expect(lost.overrides[0] == #"assume.hosts_down=["big", "c"]"#)
    #expect(lost.cores == 16 && lost.memory == .gibibytes(192))
    #expect(throws: PlanError.self) { try bench.losing(1, of: estate, in: "test", named: nil) }
    // Of 3 hosts of 64 GiB: (192 − 64) / 4 = 32 more by memory, by CPU (3 · 8 · 4 − 32) / 2 = 32.
    let fit = try PlanFit(shape: "web", hosts: nil, tolerate: 1, allocation: standardModel).answer(
      bench)
    #expect(model(fit, "more") == 32)
  }

  /// Where more hosts break an expectation that fewer meet, the number that is written is tried.
  @Test func moreHostsMayBeWorse() throws {
    let busy = estate.replacingOccurrences(
      of: "- {metric: cpu_ready_pct_per_vcpu, of: {vms: \"*\"}, statistic: p95, at_most: 5}",
      with: "- {metric: consolidation_ratio, at_least: 5}")
    let answer = try PlanHosts(hosts: nil, tolerate: 0, allocation: standardModel).answer(
      bench(busy))
    #expect(answer.isAnswered && whole(answer, "hosts") == 1)
    #expect(
      answer.details.contains { $0.hasPrefix("more hosts are not always better here: with 20") })
  }

  /// Without expectations waiting for memory counts as well: 9 VMs that use 4 GiB each on 32 GiB.
  @Test func memoryIsJudgedWhereNothingIsExpected() throws {
    let plain = """
      ballast: 1
      name: plain
      duration: 1h
      hypervisor: {profile: esxi, host_reserve: 0MiB, vm_overhead: 0MiB}
      clusters: [{name: c, hosts: [{name: h, cpu: {cores: 32, mhz: 1000}, memory: 32GiB}]}]
      vms:
        - {name: v, vcpus: 1, memory: 4GiB, workload: {cpu: 40%, memory: {active: 100%, touched: 100%}}}
      """
    let answer = try PlanFit(shape: "v", hosts: nil, tolerate: 0, allocation: standardModel).answer(
      bench(plain))
    let more = try #require(whole(answer, "more"))
    #expect((5...8).contains(more) && answer.sentence.contains("slowdown_pct"))
  }
}
