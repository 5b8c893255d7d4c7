import BallastScenario
import Testing

/// What values mean together: one line of a scenario, and what is said about it.
@Suite struct CheckTests {
  /// Within the VM `web` (2 × 2 vCPUs, 8 GiB, hosts esx-0 and esx-1 of 4 × 2000 MHz).
  @Test(arguments: [
    (
      "cpu: {reservation: 5GHz}",
      "reservation 5000 MHz is more than the VM can use: 2 vCPUs × 2000 MHz = 4000 MHz; "
        + "lower the reservation or add vCPUs"
    ),
    (
      "memory_policy: {reservation: 9GiB}",
      "reservation 9 GiB is more than the VM's memory of 8 GiB; lower the reservation or add memory"
    ),
    (
      "cpu: {limit: 0GHz}",
      "limit: a limit of 0GHz would let nothing run; write a limit above zero, or unlimited"
    ),
    ("cpu: {limit: unlimitd}", "limit: \"unlimitd\" is not a clock rate; did you mean unlimited?"),
    ("cpu: {shares: -5}", "shares: -5 shares are out of range; write 1 to 1,000,000,000"),
    (
      "cpu: {shares: 1000000001}",
      "shares: 1000000001 shares are out of range; write 1 to 1,000,000,000"
    ),
    (
      "cpu: {quota: 50ms}",
      "quota needs cgroups, and the profile esxi has none; write cpu: {limit: …}, or hypervisor: kvm"
    ),
    (
      "cpu: {expandable: true}",
      "unknown key \"expandable\" in cpu; its keys are reservation, limit, shares, quota, quota_period and quota_scope"
    ),
    ("pool: gld", "cluster prod has no pool gld; did you mean gold?"),
    ("pool: web", "cluster prod has no pool web; did you mean gold/web?"),
    ("host: esx", "cluster prod has no host esx; write one of its hosts, esx-0 to esx-1"),
    ("host: esx-7", "cluster prod has no host esx-7; did you mean esx-0?"),
    ("cluster: prd", "no cluster is called prd; did you mean prod?"),
    ("start: 2h", "start 2h is after the run's end at 1h; start it earlier or lengthen the run"),
    (
      "start: 1h",
      "start 1h is at the run's end, when nothing happens any more; start it earlier or lengthen the run"
    ),
    ("stop: 0s", "stop 0s is not after start 0s; stop it later"),
    ("workload: {cpu: 101%}", "cpu: 101% is above 100%; write 100% at most"),
    (
      "workload: {cpu: {}}",
      "cpu needs one of the keys constant, steps, square, diurnal, random, trace or cycle; add one of them"
    ),
    (
      "workload: {cpu: {constant: 1%, series: a}}",
      "series has a meaning only beside trace; remove it"
    ),
    (
      "workload: {cpu: {cycle: {run: 1ms, period: 2ms}}}",
      "cycle is part of the format, but quantum fidelity is not modelled yet; remove it"
    ),
    ("workload: {cpu: {trace: pl}}", "no trace is called pl; add it under traces:"),
    (
      "workload: {memory: {active: 50%, touched: 20%}}",
      "active 50% is more than touched 20%; lower active or raise touched"
    ),
    (
      "workload: {cpu: {diurnal: {mean: 1%, amplitude: 1%, peak: 24h}}}",
      "peak 1d is not a time of day; write 0h to 23h59m"
    ),
    (
      "workload: {cpu: {square: {period: 0s, duty: 1%, high: 2%}}}",
      "period is 0; write a time above zero"
    ),
    (
      "workload: {cpu: {random: {distribution: normal, mean: 5%}}}",
      "normal needs its standard deviation; add sd: 20%"
    ),
    (
      "workload: {cpu: {random: {distribution: nrmal, mean: 5%, sd: 1%}}}",
      "distribution: \"nrmal\" is not the name of a distribution; did you mean normal?"
    ),
    ("workload:", "workload has no value; write a group of keys, or remove the key"),
  ])
  func inTheVM(vm: String, message: String) {
    #expect(Reading(small(vm: vm)).messages.first == message)
  }

  /// At the top level.
  @Test(arguments: [
    ("interval: 2h", "interval 2h is longer than the duration 1h; shorten it or lengthen the run"),
    ("interval: 0s", "interval is 0; write a time above zero"),
    (
      "interval: 1us",
      "interval 1us in 1h makes 3,600,000,000 steps; more than 10,000,000 are not run; lengthen the "
        + "interval or shorten the duration"
    ),
    (
      "record: {interval: 2h}",
      "record.interval 2h is longer than the duration 1h; shorten it or lengthen the run"
    ),
    ("record: {vms: some}", "vms: unknown value \"some\"; write all or summary"),
    ("record: {vms: [wbe]}", "no VM is called wbe; did you mean web?"),
    (
      "cpu: {fidelity: quantum}",
      "fidelity: quantum is part of the format, but quantum fidelity is not modelled yet; write fluid"
    ),
    (
      "hypervisor: hyper-v",
      "hypervisor: \"hyper-v\" is not the name of a hypervisor profile; did you mean hyperv?"
    ),
    (
      "hypervisor: {profile: kvm, ksm: on}",
      "ksm is part of the format, but profile parameters are not modelled yet; remove it"
    ),
    (
      "hypervisor: vmware",
      "hypervisor: \"vmware\" is not the name of a hypervisor profile; write esxi, kvm, xen or hyperv"
    ),
    (
      "policies: {placement: frist-fit}",
      "placement: \"frist-fit\" is not the name of a placement policy; did you mean first-fit?"
    ),
    ("name: a/b", "name: the name a/b contains \"/\"; use letters, digits, - _ and ."),
    (
      "seed: 1.5",
      "seed: \"1.5\" is not a whole number from 0 to 18446744073709551615; write for example 1"
    ),
    ("events: {at: 1h}", "events needs a list; put - before each item"),
    (
      "events: [{at: 2h, power: {vm: web, state: on}}]",
      "the event at 2h is after the run's end at 1h; move it or lengthen the run"
    ),
    (
      "events: [{at: 60m, fail: {host: esx-0}}]",
      "the event at 1h is at the run's end, when nothing happens any more; move it or lengthen the run"
    ),
    (
      "events: [{at: 1m, set: {pool: gold, cpu: {expandable: true}}}]",
      "unknown key \"expandable\" in cpu; its keys are reservation, limit and shares"
    ),
    (
      "policies: {reclamation: sqeezed}",
      "reclamation: \"sqeezed\" is not the name of a memory policy; did you mean squeezed?"
    ),
    ("policies: {reclamation: of}", "reclamation: unknown value \"of\"; did you mean off?"),
    (
      "policies: {reclamation: {policy: off}}",
      "policy: \"off\" is not the name of a memory policy; write none, proportional-share, mom, mom-ovirt, proxmox, hyperv-dynamic-memory or squeezed"
    ),
    (
      "events: [{at: 1m}]",
      "event needs one of the keys set, power, fail, recover, maintenance, migrate, snapshot or rollback; add one of them"
    ),
    (
      "events: [{at: 1m, set: {vm: web}}]",
      "this event changes nothing; add cpu, memory_policy or workload (of a pool: cpu or memory)"
    ),
    (
      "events: [{at: 1m, set: {pool: gold, workload: {cpu: 1%}}}]",
      "workload has a meaning only beside vm; remove it"
    ),
    (
      "events: [{at: 1m, set: {pool: gol, cpu: {shares: 1}}}]",
      "no pool is called gol; did you mean gold?"
    ),
    (
      "events: [{at: 1m, set: {pool: g*, cpu: {shares: 1}}}]",
      "an event sets one pool, and g* is a pattern; write an event per pool"
    ),
    (
      "events: [{at: 1m, set: {vm: web-1, cpu: {quota: 1ms}}}]",
      "quota is part of the format, but changing a quota during the run is not modelled yet; remove it"
    ),
    (
      "events: [{at: 2m, set: {vm: web-1, cpu: {limit: 1GHz}}}, {at: 1m, set: {vm: web, cpu: {reservation: 2GHz}}}]",
      "limit 1000 MHz is below reservation 2000 MHz of web-1 here; raise the limit or lower the "
        + "reservation, which may be set elsewhere"
    ),
    (
      "events: [{at: 2m, set: {vm: web-1, cpu: {reservation: 9GHz}}}]",
      "reservation 9000 MHz is more than web-1 can use, 4000 MHz; lower the reservation"
    ),
    (
      "expect: [{metric: cpu_redy_ms, of: {vms: web}, statistic: max, at_most: 1}]",
      "unknown metric cpu_redy_ms; did you mean cpu_ready_ms?"
    ),
    (
      "expect: [{metric: cpu_ready_ms, of: {vms: web}, at_most: 1}]",
      "cpu_ready_ms has a value per sample, and no statistic is named; add statistic: mean, min, max, sum, last or a percentile such as p95"
    ),
    (
      "expect: [{metric: cpu_ready_ms, of: {vms: wob}, statistic: p95, at_most: 1}]",
      "no VM is called wob; did you mean web?"
    ),
    (
      "expect: [{metric: cpu_ready_ms, of: {hosts: esy}, statistic: p95, at_most: 1}]",
      "no host is called esy; did you mean esx?"
    ),
    (
      "expect: [{metric: cpu_ready_ms, of: {vms: web}, statistic: p95}]",
      "expectation needs one of the keys at_most, at_least or equals; add one of them"
    ),
    (
      "expect: [{metric: cpu_ready_ms, of: {vms: web}, statistic: p100, at_most: 1}]",
      "statistic: unknown statistic \"p100\"; write mean, min, max, sum, last or a percentile such as p95 or p99.9"
    ),
    (
      "expect: [{metric: cpu_ready_ms, of: {vms: web}, statistic: p95, at_most: 5%}]",
      "at_most: 5% has a unit, and a bare number is needed; write 5"
    ),
    (
      "expect: [{metric: cpu_ready_ms, statistic: p95, at_most: 5}]",
      "cpu_ready_ms needs to know whom it is about; add of: {vms: …}"
    ),
    (
      "expect: [{metric: cpu_shares, of: {vms: web}, statistic: max, at_most: 5}]",
      "cpu_shares is a metric of pools; write of: {pools: …}"
    ),
    (
      "expect: [{metric: vcpus, of: {vms: web}, statistic: max, at_most: 5}]",
      "vcpus is a metric of hosts; write of: {hosts: …}"
    ),
    (
      "expect: [{metric: cpu_ready_ms, of: {pools: gold}, statistic: max, at_most: 5}]",
      "cpu_ready_ms is judged per VM, and the pool gold has none; put VMs into it, or name another pool"
    ),
    (
      "expect: [{metric: admitted, of: {vms: web}, statistic: max, equals: true}]",
      "admitted is one value, so it takes no statistic; remove statistic"
    ),
    (
      "expect: [{metric: admitted, of: {vms: web}, at_least: 1}]",
      "admitted is true or false; write equals: true"
    ),
    (
      "expect: [{metric: cpu_ready_ms, of: {vms: web}, statistic: max, equals: true}]",
      "cpu_ready_ms is a number of ms, not true or false; write a number"
    ),
    (
      "expect: [{metric: admitted, of: {vms: []}, equals: true}]",
      "vms names nobody; write a name or a pattern"
    ),
    (
      "expect: [{metric: cpu_costop_pct_per_vcpu, of: {vms: web}, statistic: max, equals: 0}]",
      "the metric cpu_costop_pct_per_vcpu is part of the format, but it is not modelled yet; remove the expectation"
    ),
    (
      "expect: [{metric: mem_swapped_mib, of: {vms: web}, statistic: max, equals: 0}]\npolicies: {reclamation: off}",
      "there is no mem_swapped_mib while reclamation is off; remove the expectation, or reclamation: off"
    ),
    ("sweep: {vms.wbe.count: [1]}", "the list has no item \"wbe\"; did you mean web?"),
    (
      "sweep: {vms.web.cuont: [1]}",
      "the path leads to an unknown key \"cuont\"; did you mean count?"
    ),
    ("sweep: {vms.web.count: [x]}", "vms.web.count: x is not a whole number; write 1 to 1,000,000"),
    ("sweep: {vms.web.count: []}", "the axis vms.web.count has no values; write at least one"),
    ("sweep: {vms.web.count: 3}", "vms.web.count needs a list; write vms.web.count: [3]"),
    (
      "traces: {a: {format: plan, path: x}}",
      "format: \"plan\" is not the name of a trace format; write ballast, bitbrains, azure-v2, azure-v1, csv or planetlab"
    ),
    (
      "traces: {a: {path: $HOME/x}}",
      "the path $HOME/x contains the variable $HOME; only $BALLAST_TRACES is expanded; write the folder itself"
    ),
    ("traces: {a: {}}", "a lacks the key path; add path: PATH"),
  ])
  func atTheTop(line: String, message: String) {
    #expect(Reading(small(more: line)).messages.first == message)
  }

  @Test func tracesFolderThatIsNotSetIsAMissingFile() {
    let reading = Reading(small(more: "traces: {a: {path: $BALLAST_TRACES/x}}"))
    #expect(reading.error?.problems.map(\.isMissingFile) == [true])
    #expect(
      reading.messages == [
        "the path $BALLAST_TRACES/x needs $BALLAST_TRACES, which is not set; set it to the folder "
          + "of the traces: export BALLAST_TRACES=/path/to/traces"
      ])
  }

  @Test func quotaUnderKVM() {
    func messages(_ cpu: String) -> [String] {
      Reading(small(vm: "cpu: {\(cpu)}", more: "hypervisor: kvm")).messages
    }
    #expect(messages("quota: 50ms, quota_scope: vcpu, quota_period: 10ms") == [])
    #expect(
      messages("quota_period: 10ms") == [
        "quota_period has a meaning only beside quota; add quota: 50ms"
      ])
    #expect(
      messages("quota: 0ms") == [
        "quota 0s is below 1ms, the least that cgroups take; write 1ms or more"
      ])
    #expect(
      messages("quota: 5ms, quota_period: 2s") == [
        "quota_period 2s is outside what cgroups take; write 1ms to 1s"
      ])
  }

  /// Names of VMs from a trace are known later, so a pattern may match nobody yet.
  @Test func patternsWaitForTraces() {
    let text = small(
      vm: "workload: {cpu: 1%}\n", more: "traces: {pl: {path: /x}}\nrecord: {vms: [nobody]}"
    ).replacing("vms:\n", with: "vms:\n  - {from: pl, vcpus: 1, memory: 1GiB}\n")
    #expect(Reading(text).messages == [])
  }

  @Test func entriesFromATrace() {
    func messages(_ entry: String) -> [String] {
      Reading(
        small(more: "traces: {pl: {path: /x}}")
          .replacing("vms:\n", with: "vms:\n  - {\(entry)}\n")
      ).messages
    }
    #expect(messages("from: pl") == [])
    #expect(messages("from: pl, vcpus: 2, cpu: {shares: high}") == [])
    #expect(messages("from: lp") == ["no trace is called lp; did you mean pl?"])
    #expect(
      messages("from: pl, count: 2") == [
        "an entry with from has one VM per series, so count has no meaning; remove count, or remove "
          + "from and use a trace in the workload"
      ])
    #expect(messages("vcpus: 2, memory: 1GiB") == ["VM lacks the key name; add name: NAME"])
    #expect(
      messages("name: x") == [
        "VM x lacks the key vcpus; add vcpus: 1", "VM x lacks the key memory; add memory: 16GiB",
      ])
  }

  @Test(arguments: [
    "a/b", "a:b", "a,b", "a*", "a?", "a\\\\b", " a", "a ", ".a", "", "a\\u0007", "a\\u200Bb",
    String(repeating: "x", count: 201),
  ])
  func badNames(name: String) {
    let text = small().replacing("- name: web\n    count", with: "- name: \"\(name)\"\n    count")
    #expect(Reading(text).error?.problems.count == 1, "\(name)")
  }

  @Test(arguments: ["web-1.example", "Büro", "数据库", "a b", "101", "x_y", "Bob's", "on"])
  func goodNames(name: String) {
    let text = small().replacing("- name: web\n    count", with: "- name: \(name)\n    count")
    #expect(Reading(text).messages == [], "\(name)")
  }

  @Test func namesCollideAfterExpansion() {
    let text = small().replacing(
      "vms:\n", with: "vms:\n  - {name: web-1, vcpus: 1, memory: 1GiB}\n")
    #expect(
      Reading(text).lines == [
        "12:11: the VM name web-1 is taken by the entry on line 11; choose another name"
      ])
  }

  @Test func oneClusterIsTheDefaultAndTwoAreAChoice() {
    let text = small().replacing(
      "vms:\n",
      with:
        "  - {name: b, hosts: [{name: h, cpu: {cores: 1, mhz: 1000}, memory: 1GiB}], pools: [{name: gold}]}\nvms:\n"
    )
    #expect(
      Reading(text).messages == [
        "there are 2 clusters, and this entry names none; add cluster: prod"
      ])
    let named = text.replacing(
      "count: 2\n    vcpus", with: "count: 2\n    cluster: b\n    host: esx-0\n    vcpus")
    #expect(
      Reading(named).messages == ["host esx-0 belongs to cluster prod, not b; name a host of b"])
    let shared =
      text.replacing("count: 2\n    vcpus", with: "count: 2\n    cluster: b\n    vcpus")
      + "\nevents: [{at: 1m, set: {pool: gold, cpu: {shares: 1}}}]"
    #expect(
      Reading(shared).messages == [
        "clusters prod and b share the pool path gold; write prod:gold or b:gold"
      ])
  }

  @Test func memoryOfVMsAndOfPools() {
    let set = "events: [{at: 1m, set: {vm: web, memory: {shares: low}}}]"
    #expect(
      Reading(small(more: set)).messages == [
        "memory has a meaning only beside pool; write memory_policy instead"
      ])
  }

  @Test func tooMuchMemoryToAdd() {
    let text = small(more: "")
      .replacing(
        "count: 2\n    vcpus: 2\n    memory: 8GiB",
        with: "count: 5000\n    vcpus: 2\n    memory: 900TiB")
    #expect(
      Reading(text).messages == [
        "the VMs have more than 1048576 TiB of memory together; lower a count or a memory"
      ])
  }

  @Test func tooManyMachines() {
    let text = small().replacing("count: 2\n    vcpus", with: "count: 1000000\n    vcpus")
      .replacing("vms:\n", with: "vms:\n  - {name: x, vcpus: 1, memory: 1GiB}\n")
    #expect(Reading(text).messages == ["1,000,001 VMs are more than 1,000,000; lower a count"])
  }
}
