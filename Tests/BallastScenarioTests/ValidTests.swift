import BallastModel
import BallastScenario
import BallastUnits
import Foundation
import Testing

@Suite struct ValidTests {
  /// What a file leaves out is what the reference says.
  @Test func defaults() throws {
    let scenario = try #require(Reading(small()).scenario)
    #expect(scenario.name == "web")
    #expect(scenario.seed == 1)
    #expect(scenario.duration == .seconds(3_600))
    #expect(scenario.interval == .seconds(300))
    #expect(scenario.controlInterval == .seconds(20))
    #expect(scenario.record.interval == .seconds(300))
    #expect(scenario.record.vms == .automatic)
    #expect(scenario.profile.name == "esxi")
    #expect(scenario.policies == PolicyChoice())
    #expect(!scenario.hasSweep)
    let host = scenario.clusters[0].hosts[0]
    #expect((host.sockets, host.coresPerSocket, host.threadsPerCore) == (1, 4, 1))
    #expect(host.coreRate == .megahertz(2_000))
    let vm = scenario.vms[0]
    #expect(vm.cpu == ResourceSettings<Kilohertz>())
    #expect(vm.memorySettings == ResourceSettings<Bytes>())
    #expect(vm.start == .zero && vm.stop == nil && vm.pool == nil && vm.cluster == nil)
    #expect(vm.workload.cpu == nil && vm.workload.memoryTouched == nil)
  }

  @Test func everythingThatIsModelled() throws {
    let text = """
      ballast: 1
      name: gold-and-bronze
      seed: 18446744073709551615
      duration: 24h
      interval: 1m
      control: {interval: 10s}
      cpu: {fidelity: fluid}
      hypervisor: {profile: kvm}
      clusters:
        - name: prod
          hosts: [{name: h, count: 2, cpu: {sockets: 2, cores: 16, threads: 2, mhz: 2599.5}, memory: 256GiB}]
          pools:
            - name: gold
              cpu: {reservation: 20GHz, limit: unlimited, shares: high, expandable: false}
              memory: {reservation: 64GiB, limit: 100GiB, shares: 4000}
              pools: [{name: web}]
        - {name: test, hosts: [{name: t, cpu: {cores: 4, mhz: 3000}, memory: 16GB}], pools: [{name: gold}]}
      traces:
        pl: {format: planetlab, path: $BALLAST_TRACES/pl, interval: 5m, at_end: repeat}
      vms:
        - name: web
          count: 3
          cluster: prod
          pool: gold/web
          host: h-1
          vcpus: 4
          memory: 8GiB
          cpu: {reservation: 1GHz, limit: 2GHz, shares: low, quota: 50ms}
          memory_policy: {reservation: 2GiB, limit: 8GiB, shares: 7}
          start: 1h
          stop: 20h
          workload:
            cpu: {trace: pl, series: a, unit: mhz}
            memory: {active: {square: {period: 10s, duty: 30%, high: 80%}}, touched: 80%}
        - {name: pl, from: pl, cluster: test, vcpus: 1, memory: 1GiB}
        - {name: dice, cluster: test, vcpus: 1, memory: 1GiB, workload: {cpu: {random: {distribution: lognormal, mean: 45%, sd: 35%, correlation: 15m}}}}
        - {name: wave, cluster: test, vcpus: 1, memory: 1GiB, workload: {cpu: {diurnal: {mean: 30%, amplitude: 20%, peak: 14h}}}}
        - {name: stair, cluster: test, vcpus: 1, memory: 1GiB, workload: {cpu: {steps: {2h: 90%, 0s: 10%}}}}
      policies: {admission: none, placement: first-fit, balancing: off, failover: {policy: none}}
      events:
        - {at: 4h, power: {vm: web-1, state: off}}
        - {at: 1h, set: {vm: web-*, cpu: {limit: unlimited}, workload: {cpu: 10%}}}
        - {at: 1h, set: {pool: "prod:gold", memory: {shares: low}}}
      expect:
        - {metric: cpu_ready_pct_per_vcpu, of: {vms: web-*}, statistic: p99.9, at_most: 5.0004, over: pooled}
        - {metric: cpu_used_mhz, of: {pools: "prod:gold"}, statistic: mean, at_least: 1}
        - {metric: mem_free_mib, of: {hosts: [h, t]}, statistic: min, at_least: -3}
        - {metric: admitted, of: {vms: web}, equals: true}
        - {metric: consolidation_ratio, at_least: 2}
      record: {vms: [web, "pl*"], interval: 30m}
      sweep: {vms.web.count: [1, 2], hypervisor: [esxi, kvm], vms.web.workload: [{cpu: 10%}]}
      """
    let reading = Reading(text, environment: ["BALLAST_TRACES": "/data"])
    #expect(reading.shown == "")
    let scenario = try #require(reading.scenario)
    #expect(scenario.seed == .max)
    #expect(scenario.hasSweep)
    let prod = scenario.clusters[0]
    #expect(prod.hosts[0].coreRate == Kilohertz(2_599_500))
    #expect(prod.pools[0].cpu.expandable == false)
    #expect(prod.pools[0].memory.shares == .number(4_000))
    #expect(scenario.clusters[1].hosts[0].memory == Bytes(16_000_000_000))
    #expect(scenario.traces[0].path == "/data/pl")
    #expect(scenario.traces[0].atEnd == .repeat)
    let web = scenario.vms[0]
    #expect(web.pool == "gold/web" && web.host == "h-1")
    #expect(web.start == .seconds(3_600) && web.stop == .seconds(72_000))
    #expect(
      web.cpuQuota
        == CPUQuota(quota: .milliseconds(50), period: .milliseconds(100), scope: .vm))
    #expect(web.place(of: "cpu.limit") == SourcePlace(file: "web.yaml", line: 28, column: 37))
    guard case .trace(let use)? = web.workload.cpu else { return #expect(Bool(false)) }
    #expect((use.trace, use.series, use.unit, use.atEnd) == ("pl", "a", .mhz, nil))
    guard case .square(let period, let duty, let high, let low)? = web.workload.memoryActive else {
      return #expect(Bool(false))
    }
    #expect((period, duty, high, low) == (.seconds(10), .percent(30), .percent(80), .zero))
    guard case .steps(let steps)? = scenario.vms[4].workload.cpu else {
      return #expect(Bool(false))
    }
    #expect(steps.map(\.time) == [.zero, .seconds(7_200)])
    #expect(scenario.events.map(\.at) == [.seconds(3_600), .seconds(3_600), .seconds(14_400)])
    #expect(scenario.expectations[0].statistic == .percentile(perMille: 999))
    #expect(scenario.expectations[0].bound == .atMost(5_000))
    #expect(scenario.expectations[0].isPooled)
    #expect(scenario.expectations[2].bound == .atLeast(-3_000))
    #expect(scenario.expectations[3].bound == .isTrue)
    #expect(scenario.expectations[4].subjects == .run)
    #expect(scenario.record.vms == .named(["web", "pl*"]))
  }

  @Test func templateReads() {
    #expect(Reading(scenarioTemplate, path: "scenario.yaml").shown == "")
    #expect(scenarioTemplate.hasPrefix("# yaml-language-server: $schema=./scenario.schema.json\n"))
  }

  /// Anchors, aliases and merge keys are plain YAML and work.
  @Test func anchorsAndMergeKeys() throws {
    let text = """
      ballast: 1
      duration: 1h
      clusters:
        - {name: a, hosts: [&h {name: h, cpu: {cores: 4, mhz: 2000}, memory: 64GiB}, {<<: *h, name: i}]}
      vms:
        - &vm {name: x, vcpus: 1, memory: 1GiB}
        - {<<: *vm, name: y, memory: 2GiB}
      """
    let scenario = try #require(Reading(text).scenario)
    #expect(scenario.clusters[0].hosts.map(\.name) == ["h", "i"])
    #expect(scenario.vms.map(\.memory) == [.gibibytes(1), .gibibytes(2)])
  }

  @Test func byteOrderMarkAndWindowsLineEnds() throws {
    let windows = small().split(separator: "\n", omittingEmptySubsequences: false)
      .joined(separator: "\r\n")
    #expect(Reading([0xEF, 0xBB, 0xBF] + Array(windows.utf8)).shown == "")
    // Columns are those the user sees.
    let wrong = Reading([0xEF, 0xBB, 0xBF] + Array("bal: 1\r\nx: 2\r\n".utf8))
    #expect(wrong.shown.contains("web.yaml:2:1: error: unknown key \"x\""))
  }

  @Test func seedOptionWinsOverTheFile() throws {
    #expect(try #require(Reading(small(more: "seed: 3"), seed: 9).scenario).seed == 9)
  }

  /// Ten thousand lines of VMs are read in a blink.
  @Test func manyEntries() throws {
    let lines = (0..<5_000).map { "  - {name: vm\($0), vcpus: 1, memory: 1GiB}" }
    let text = small().replacing("vms:\n", with: "vms:\n" + lines.joined(separator: "\n") + "\n")
    let scenario = try #require(Reading(text).scenario)
    #expect(scenario.vms.count == 5_001)
  }
}
