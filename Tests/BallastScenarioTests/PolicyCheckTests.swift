import BallastModel
import BallastScenario
import BallastUnits
import Testing

/// Wrong policies, rules, events and questions about them: one line of a scenario, and what is said about it.
@Suite struct PolicyCheckTests {
  /// Within the VM `web` (web-0 and web-1, on hosts esx-0 and esx-1).
  @Test(arguments: [
    (
      "affinity: {}",
      "this affinity says nothing; add apart, together, hosts or not_hosts, or remove it"
    ),
    (
      "affinity: {apart: []}",
      "this affinity says nothing; add apart, together, hosts or not_hosts, or remove it"
    ),
    ("affinity: {apart: [wbe]}", "no VM is called wbe; did you mean web?"),
    ("affinity: {hosts: [esy]}", "no host is called esy; did you mean esx?"),
    ("affinity: {apart: [web], rule: may}", "rule: unknown value \"may\"; write must or should"),
    (
      "affinity: {pcpus: [0], hosts: [esx-0]}",
      "pcpus is part of the format, but pinning to processors, which needs quantum fidelity, "
        + "is not modelled yet; remove it"
    ),
    ("restart_priority: hgh", "restart_priority: unknown value \"hgh\"; did you mean high?"),
  ])
  func inTheVM(vm: String, message: String) {
    #expect(Reading(small(vm: vm)).messages.first == message)
  }

  /// At the top level: policies.
  @Test(arguments: [
    (
      "policies: {failover: dedicated}",
      "failover dedicated names no hosts; add hosts: [NAME], which are kept empty"
    ),
    (
      "policies: {failover: {policy: dedicated, hosts: [esy]}}",
      "no host is called esy; did you mean esx?"
    ),
    (
      "policies: {failover: {policy: slots, cpu: 10%}}",
      "cpu is a parameter of the policy percentage, and slots is chosen; remove it, or write "
        + "policy: percentage"
    ),
    (
      "policies: {failover: {policy: percentage, slot_cpu: 1GHz}}",
      "slot_cpu is a parameter of the policy slots, and percentage is chosen; remove it, or "
        + "write policy: slots"
    ),
    (
      "policies: {failover: {policy: slots, slot_memory: 0GiB}}",
      "slot_memory is 0; write a size above zero"
    ),
    (
      "policies: {failover: {policy: percentage, tolerate: 0}}",
      "tolerate: 0 is below 1; write 1 to 1,000"
    ),
    ("policies: {failover: {tolerate: 1}}", "failover lacks the key policy; add policy: none"),
    ("policies: {balancing: {policy: drs, threshold: 6}}", "threshold: 6 is above 5; write 1 to 5"),
    (
      "policies: {balancing: {policy: drs, interval: 0s}}",
      "balancing.interval is 0; write a time above zero"
    ),
    (
      "policies: {balancing: {policy: ads, threshold: 3}}",
      "threshold is a parameter of the policy drs, and ads is chosen; remove it, or write "
        + "policy: drs"
    ),
    (
      "policies: {balancing: {policy: drs, detector: mad}}",
      "detector is a parameter of the policy consolidation, and drs is chosen; remove it, or "
        + "write policy: consolidation"
    ),
    (
      "policies: {balancing: {policy: consolidation, parameter: 0}}",
      "a ratio of 0 makes no sense; write 0.1 to 1000"
    ),
    (
      "policies: {balancing: {policy: consolidation, detector: iqrr}}",
      "detector: unknown value \"iqrr\"; did you mean iqr?"
    ),
    ("policies: {balancing: dsr}", "balancing: unknown value \"dsr\"; did you mean drs?"),
    (
      "policies: {admission: {policy: strict, cpu_ratio: 4}}",
      "cpu_ratio is a parameter of the policy nova-ratios, and strict is chosen; remove it, "
        + "or write policy: nova-ratios"
    ),
    (
      "policies: {admission: {policy: nova-ratios, cpu_ratio: -1}}",
      "a ratio of -1 makes no sense; write 0.1 to 1000"
    ),
    (
      "policies: {admission: {policy: nova-ratios, reserved_memory: 5}}",
      "reserved_memory: 5 has no unit; write 5GiB; units are B KB KiB MB MiB GB GiB TB TiB"
    ),
    ("policies: {admission: strit}", "admission: unknown value \"strit\"; did you mean strict?"),
    (
      "policies: {reclamation: {idle_tax: 100%}}",
      "idle_tax 100% would leave an idle VM nothing, however many shares it has; write less "
        + "than 100%, such as 75%"
    ),
    ("policies: {reclamation: {idle_tax: 0.75}}", "idle_tax: 0.75 has no unit; write 0.75%"),
    ("policies: {entitlement: {refresh: 0s}}", "entitlement.refresh is 0; write a time above zero"),
    (
      "policies: {entitlement: {two_pass: 1}}",
      "two_pass: \"1\" is neither true nor false; write true or false"
    ),
  ])
  func policies(line: String, message: String) {
    #expect(Reading(small(more: line)).messages.first == message)
  }

  /// At the top level: events and expectations.
  @Test(arguments: [
    (
      "events: [{at: 1m, migrate: {vm: web, to: esx-*}}]",
      "esx-* means several hosts, and a VM moves to one; write the name of one host"
    ),
    (
      "events: [{at: 1m, migrate: {vm: web, to: esx}}]",
      "esx means several hosts, and a VM moves to one; write the name of one host"
    ),
    ("events: [{at: 1m, migrate: {vm: web, to: esy}}]", "no host is called esy; did you mean esx?"),
    ("events: [{at: 1m, migrate: {vm: wbe, to: esx-1}}]", "no VM is called wbe; did you mean web?"),
    ("events: [{at: 1m, fail: {host: esx-9}}]", "no host is called esx-9; did you mean esx-0?"),
    (
      "events: [{at: 1m, maintenance: {host: esx-0, state: maybe}}]",
      "state: unknown value \"maybe\"; write on or off"
    ),
    (
      "events: [{at: 1m, fail: esx-0}]",
      "fail needs a group of keys, and this is a single value; its keys are host"
    ),
    (
      "events: [{at: 1m, fail: {host: esx-0}, recover: {host: esx-0}}]",
      "event has both fail and recover, but only one of them can hold; remove one"
    ),
    (
      "expect: [{event: refused}]",
      "expectation needs one of the keys at_most, at_least or equals; add one of them"
    ),
    (
      "expect: [{event: refsed, equals: 1}]",
      "event: unknown value \"refsed\"; did you mean refused?"
    ),
    (
      "expect: [{event: refused, equals: true}]",
      "the count of refused is a number, not true or false; write a number"
    ),
    (
      "expect: [{event: refused, statistic: max, equals: 1}]",
      "a count of events takes no statistic; remove statistic"
    ),
    (
      "expect: [{event: refused, metric: admitted, of: {vms: web}, equals: 1}]",
      "expectation has both event and metric, but only one of them can hold; remove one"
    ),
    (
      "expect: [{refusal: host_fit, of: {vms: web}, equals: 1}]",
      "equals has a meaning only beside metric or event; remove it"
    ),
    ("expect: [{refusal: host_fit}]", "refusal is about VMs; write of: {vms: …}"),
    ("expect: [{refusal: host_fit, of: {hosts: esx}}]", "refusal is about VMs; write of: {vms: …}"),
    (
      "expect: [{refusal: host_fitt, of: {vms: web}}]",
      "refusal: unknown value \"host_fitt\"; did you mean host_fit?"
    ),
    (
      "expect: [{explanation: {bound_by: shares, at: 2h}, of: {vms: web}}]",
      "2h is after the run's end at 1h; write an earlier time or lengthen the run"
    ),
    (
      "expect: [{explanation: {at: 1h}, of: {vms: web}}]",
      "explanation lacks the key bound_by; add bound_by: nothing"
    ),
    (
      "expect: [{explanation: {bound_by: share}, of: {vms: web}}]",
      "bound_by: unknown value \"share\"; did you mean shares?"
    ),
    (
      "expect: [{explanation: {bound_by: shares}, of: {pools: gold}}]",
      "explanation is about VMs; write of: {vms: …}"
    ),
    (
      "expect: [{explanation: {bound_by: shares}, of: {vms: web}, over: pooled}]",
      "an explanation takes no over; remove over"
    ),
    (
      "expect: [{metric: restarts, of: {vms: web}, statistic: max, equals: 0}]",
      "restarts is one value, so it takes no statistic; remove statistic"
    ),
    (
      "expect: [{of: {vms: web}, equals: 1}]",
      "expectation needs one of the keys metric, event, refusal or explanation; add one of them"
    ),
    (
      "expect: [{metric: migrations, of: {hosts: esx}, equals: 1}]",
      "migrations is a metric of vms; write of: {vms: …}"
    ),
  ])
  func eventsAndExpectations(line: String, message: String) {
    #expect(Reading(small(more: line)).messages.first == message)
  }

  /// A VM moves within its cluster, and rules name hosts of it.
  @Test func clustersAreKeptApart() {
    func text(vm: String = "", more: String = "") -> String {
      small(vm: vm, more: more)
        .replacing("count: 2\n    vcpus", with: "count: 2\n    cluster: prod\n    vcpus")
        .replacing(
          "vms:\n  - name",
          with:
            "  - {name: b, hosts: [{name: h, cpu: {cores: 1, mhz: 1000}, memory: 4GiB}]}\nvms:\n  - name"
        )
    }
    #expect(
      Reading(text(more: "events: [{at: 1m, migrate: {vm: web-1, to: h}}]")).messages == [
        "host h belongs to cluster b, and web-1 to prod; name a host of its cluster"
      ])
    #expect(
      Reading(text(vm: "affinity: {hosts: [h]}")).messages == [
        "no host of cluster prod is called h; name hosts of prod"
      ])
  }

  /// Every policy by its name alone, and with all its parameters.
  @Test(arguments: [
    "admission: strict", "admission: nova-ratios",
    "admission: {policy: nova-ratios, cpu_ratio: 1.5, memory_ratio: 1, reserved_memory: 0GiB, reserved_cores: 1}",
    "balancing: ads", "balancing: dpm",
    "balancing: {policy: drs, threshold: 5, form: score, interval: 1m}",
    "balancing: {policy: consolidation, detector: lr, selection: rs, parameter: 1.2, interval: 5m}",
    "failover: slots", "failover: {policy: slots, slot_cpu: 500MHz, slot_memory: 1GiB}",
    "failover: {policy: percentage, cpu: 25%, memory: 30%, detection: 1s, restart: 0s}",
    "failover: {policy: dedicated, hosts: [esx-1]}", "reclamation: {idle_tax: 75%}",
    "entitlement: {two_pass: true, scalable_shares: true, drs_memory_demand: true, refresh: 5m}",
  ])
  func everyPolicyReads(policy: String) {
    #expect(Reading(small(more: "policies: {\(policy)}")).messages == [])
  }

  /// A policy is named alone, or in a map beside its parameters: both mean the same.
  @Test(arguments: ["none", "proportional-share", "mom", "proxmox", "squeezed"])
  func reclamationIsNamedAlone(policy: String) throws {
    let alone = try #require(
      Reading(small(more: "hypervisor: kvm\npolicies: {reclamation: \(policy)}")).scenario)
    let map = try #require(
      Reading(small(more: "hypervisor: kvm\npolicies: {reclamation: {policy: \(policy)}}")).scenario
    )
    #expect(alone.policies.reclamation == map.policies.reclamation)
    #expect(alone.policies.reclamation.policy == policy && alone.policies.reclamation.isModelled)
    // Who runs KSM is known either way.
    #expect(alone.profile == map.profile)
    let off = try #require(Reading(small(more: "policies: {reclamation: off}")).scenario)
    #expect(!off.policies.reclamation.isModelled && off.policies.reclamation.policy == nil)
  }

  /// Events and questions that are new with them.
  @Test(arguments: [
    "events: [{at: 1m, fail: {host: esx}}, {at: 2m, recover: {host: esx-0}}]",
    "events: [{at: 1m, maintenance: {host: esx-0}}, {at: 2m, maintenance: {host: esx-0, state: off}}]",
    "events: [{at: 1m, migrate: {vm: web, to: esx-1}}]",
    "expect: [{event: restart, at_most: 2}, {event: refused, of: {pools: gold}, equals: 0}]",
    "expect: [{refusal: host_fit, of: {vms: web-1}}]",
    "expect: [{explanation: {at: 10m, resource: memory, bound_by: demand}, of: {vms: web}}]",
    "expect: [{metric: migrations, at_most: 0}, {metric: downtime_ms, of: {vms: web}, at_most: 0.5}]",
  ])
  func newKeysRead(line: String) {
    #expect(Reading(small(more: line)).messages == [])
  }

  /// What is written arrives, each value at its place.
  @Test func parametersArrive() throws {
    let policies = """
      hypervisor: {profile: kvm, host_reserve: 3GiB, vm_overhead: 10MiB, migration_rate: 10Gbit/s, migrations_per_host: 4}
      policies:
        admission: {policy: nova-ratios, cpu_ratio: 1.5, reserved_cores: 2}
        placement: worst-fit
        balancing: {policy: consolidation, detector: mad, selection: rs, parameter: 2.25, interval: 7m}
        failover: {policy: slots, tolerate: 2, slot_cpu: 500MHz, slot_memory: 1GiB, detection: 1s, restart: 2s}
        reclamation: {idle_tax: 40%}
        entitlement: {scalable_shares: true, refresh: 5m}
      events:
        - {at: 1m, maintenance: {host: esx-0}}
        - {at: 2m, maintenance: {host: esx-0, state: off}}
        - {at: 3m, fail: {host: esx}}
        - {at: 4m, migrate: {vm: web-1, to: esx-1}}
      expect: [{event: restart, at_most: 2}, {refusal: host_fit, of: {vms: web}}]
      """
    let vm = "affinity: [{apart: [web]}, {hosts: [esx-1], rule: should}]\nrestart_priority: highest"
    let scenario = try #require(Reading(small(vm: vm, more: policies)).scenario)
    #expect(
      scenario.policies
        == PolicyChoice(
          admission: AdmissionChoice(
            policy: "nova-ratios", cpuRatio: .percent(150), reservedCores: 2),
          placement: "worst-fit",
          balancing: BalancingChoice(
            policy: "consolidation", interval: .seconds(420), detector: "mad", selection: "rs",
            parameter: .percent(225)),
          failover: FailoverChoice(
            policy: "slots", tolerate: 2, slotCPU: .megahertz(500), slotMemory: .gibibytes(1),
            detection: .seconds(1), restart: .seconds(2)),
          reclamation: ReclamationChoice(idleTax: .percent(40)),
          entitlement: EntitlementRules(scalableShares: true, refresh: .seconds(300))))
    #expect(scenario.profile.hostMemoryReserve == HostMemoryReserve(base: .gibibytes(3)))
    #expect(scenario.profile.migration.bandwidth == Bytes(1_250_000_000))
    #expect(scenario.profile.migration.concurrentPerHost == 4)
    #expect(
      scenario.vms[0].affinity == [
        AffinitySpec(apart: ["web"]), AffinitySpec(hosts: ["esx-1"], isMust: false),
      ])
    #expect(scenario.vms[0].restartPriority == .highest)
    guard case .maintenance(hosts: "esx-0", on: true) = scenario.events[0].action,
      case .maintenance(hosts: "esx-0", on: false) = scenario.events[1].action,
      case .fail(hosts: "esx") = scenario.events[2].action,
      case .migrate(pattern: "web-1", to: "esx-1") = scenario.events[3].action
    else { return #expect(Bool(false), "events are read in order") }
    #expect(scenario.expectations[0].question == .events(.restart))
    #expect(scenario.expectations[1].question == .refusal(.hostFit))
  }

  /// Parameters of a profile.
  @Test(arguments: [
    (
      "migration_rate: 1KiB/s",
      "migration_rate is below 1MiB/s; write a rate such as 1.25GB/s"
    ),
    ("migrations_per_host: 0", "migrations_per_host: 0 is below 1; write 1 to 1,000"),
    ("weight_scope: core", "weight_scope: unknown value \"core\"; write vm or vcpu"),
    (
      "host_reserve: 2",
      "host_reserve: 2 has no unit; write 2GiB; units are B KB KiB MB MiB GB GiB TB TiB"
    ),
  ])
  func ofTheProfile(parameter: String, message: String) {
    let text = small(more: "hypervisor: {profile: esxi, \(parameter)}")
    #expect(Reading(text).messages == [message])
  }
}
