import BallastModel

/// The maps a scenario is made of. The raw value names the definition in the JSON Schema.
enum ObjectName: String, CaseIterable {
  case scenario, control, cpuModel, hypervisor, scan
  case cluster, host, hostCPU, hostSwap, pool, poolCPU, poolMemory
  case trace
  case vm, vmCPU, vmMemory, balloon, pages, guestSwap, affinity
  case workload, cpuDemand, memoryWorkload, memoryDemand, square, diurnal, random, cycle, io
  case policies, admission, balancing, failover, reclamation, entitlement
  case event, hostOfEvent, maintenance, migration, change, changeOfCPU, changeOfMemory, power,
    snapshot
  case expectation, subjects, explained
  case record
  case assume, resample
  case hostPolicy, hostPolicies, domains, domain, domainMemory, domainBalloon, safety
  case directHost, directDomain

  /// The maps of a host's policy file, which a scenario does not have.
  static let ofHostPolicies: [ObjectName] = [
    .hostPolicy, .hostPolicies, .domains, .domain, .domainMemory, .domainBalloon, .safety,
    .directHost, .directDomain,
  ]
  /// The maps that a scenario has.
  static let ofScenarios = allCases.filter { !ofHostPolicies.contains($0) }
}

/// The scenario format as data: every key once, with its kind, unit, default, meaning and whether a
/// model for it exists. The strict reader and the JSON Schema follow this table, and a test holds
/// the reference in docs/SCENARIO.md against it. A new key is one line here and its use in
/// `Assembly/`.
extension ObjectName {
  var spec: ObjectSpec { Self.specs[self]! }

  /// Made once: a scenario asks for them by the hundred thousand.
  private static let specs = Dictionary(
    uniqueKeysWithValues: allCases.map { ($0, $0.makeSpec()) })

  private func makeSpec() -> ObjectSpec {
    switch self {
    case .scenario, .control, .cpuModel, .hypervisor, .record: runSpec
    case .assume, .resample: assumptionSpec
    case .cluster, .host, .hostCPU, .pool, .poolCPU, .poolMemory: inventorySpec
    case .trace, .workload, .cpuDemand, .memoryDemand, .square, .diurnal, .random, .cycle, .io:
      workloadSpec
    case .vm, .vmCPU, .affinity: vmSpec
    case .hostSwap, .vmMemory, .balloon, .pages, .guestSwap, .scan, .memoryWorkload, .reclamation:
      memorySpec
    case .policies, .admission, .balancing, .failover, .entitlement: policySpec
    case .event, .hostOfEvent, .maintenance, .migration, .change, .changeOfCPU,
      .changeOfMemory, .power, .snapshot:
      eventSpec
    case .expectation, .subjects, .explained: expectationSpec
    case .hostPolicy, .hostPolicies, .domains, .domain, .domainMemory, .domainBalloon, .safety,
      .directHost, .directDomain:
      hostPolicySpec
    }
  }
}

// MARK: The run

extension ObjectName {
  private var runSpec: ObjectSpec {
    switch self {
    case .control:
      ObjectSpec(
        summary: "The control loop: observe, decide, apply.",
        keys: [
          Key("interval", .quantity(.duration), "Time between control steps.", standard: "20s")
        ])
    case .cpuModel:
      ObjectSpec(
        summary: "How finely CPU is simulated.",
        keys: [
          Key(
            "fidelity",
            .words([
              .init("fluid", "CPU is divided as a continuous flow"),
              .init("quantum", "vCPUs are scheduled slice by slice", notYet: "quantum fidelity"),
            ]),
            "fluid divides CPU as a continuous flow; quantum schedules vCPUs slice by slice.",
            standard: "fluid")
        ])
    case .hypervisor:
      ObjectSpec(
        summary: "A hypervisor profile with parameters of its own.",
        keys: [
          Key("profile", .catalog(.profile), "The profile to start from.", required: true),
          Key(
            "host_reserve", .quantity(.memory),
            "Memory of every host that VMs do not get, for admission and placement.",
            standard: "the profile's"),
          Key(
            "vm_overhead", .quantity(.memory),
            "Host memory that each VM costs beside its own, whatever its size.",
            standard: "the profile's formula"),
          Key(
            "weight_scope",
            .words([.init("vm", "a number of shares is a VM's"), .init("vcpu", "each vCPU's")]),
            "What a number of CPU shares is said about.", standard: "the profile's"),
          Key(
            "migration_rate", .quantity(.rate), "What the link carries for one migration.",
            standard: "the profile's"),
          Key(
            "migration_downtime", .quantity(.duration),
            "A VM is stopped for the rest once it can be sent in this time.",
            standard: "the profile's"),
          Key(
            "migrations_per_host", .whole(1...1_000), "Migrations of one host at once.",
            standard: "the profile's"),
          Key(
            "dirtied_per_second", .quantity(.percentage),
            "Of its active memory, what a guest rewrites per second.",
            standard: "the profile's"),
        ] + Self.memoryParameters,
        othersNotYet: "profile parameters")
    case .record:
      ObjectSpec(
        summary: "What is written to the result files.",
        keys: [
          Key(
            "vms",
            .either([
              .words([
                .init("all", "a row per VM and sample"),
                .init("summary", "one row per VM for the whole run"),
              ]), .list(.pattern),
            ]),
            "Which VMs get rows in vms.csv: all, summary, or a list of names, entries and globs.",
            standard: "all up to 1,000 VMs, else summary"),
          Key(
            "interval", .quantity(.duration), "Time between samples.",
            standard: "the scenario's interval"),
        ])
    default:
      ObjectSpec(
        summary: "A Ballast scenario: hosts, VMs, their demand over time, policies and questions.",
        keys: [
          Key("ballast", .whole(1...1), "Version of the format.", required: true),
          Key(
            "import", .either([.path, .list(.path)]),
            "Scenario files this one builds on: maps merge by key, lists by name, and this file wins."
          ),
          Key("name", .name, "Name of the scenario and its report.", standard: "the file's name"),
          Key("seed", .seed, "Where chance starts from.", standard: "1"),
          Key("duration", .quantity(.duration), "How long the run is.", required: true),
          Key(
            "interval", .quantity(.duration),
            "Step of workloads: continuous and random ones take a new value this often.",
            standard: "5m"),
          Key("control", .object(.control), "The control loop."),
          Key("cpu", .object(.cpuModel), "How CPU is simulated."),
          Key(
            "hypervisor", .either([.catalog(.profile), .object(.hypervisor)]),
            "A profile's name, or a map of the profile and its parameters.", standard: "esxi"),
          Key("clusters", .list(.object(.cluster)), "Hosts and resource pools.", required: true),
          Key(
            "traces", .map(key: .name, value: .object(.trace)),
            "Recorded demand, by names that workloads use."),
          Key("vms", .list(.object(.vm)), "Virtual machines.", required: true),
          Key("policies", .object(.policies), "Who decides what, and how."),
          Key("events", .list(.object(.event)), "What happens at set times."),
          Key("expect", .list(.object(.expectation)), "What must hold for the run to pass."),
          Key("record", .object(.record), "What is written to the result files."),
          Key("assume", .object(.assume), "What if demand were another: changes every workload."),
          Key(
            "sweep", .map(key: .text, value: .list(.anything)),
            "Axes of a sweep: a path as in --set, and the values it takes. `run` uses the plain values."
          ),
        ])
    }
  }
}

// MARK: Hosts and pools

extension ObjectName {
  static let counts: ClosedRange<Int64> = 1...Int64(Limits.machines)
  private static let noSwap = Kind.words([.init("none", "no swap")])

  private var inventorySpec: ObjectSpec {
    switch self {
    case .host:
      ObjectSpec(
        noun: "host",
        summary: "One host, or count alike.",
        keys: [
          Key("name", .name, "NAME for one host, NAME-0 and so on for more.", required: true),
          Key("count", .whole(Self.counts), "How many hosts alike.", standard: "1"),
          Key("cpu", .object(.hostCPU), "Processors.", required: true),
          Key("memory", .quantity(.memory), "Physical memory.", required: true),
          Key(
            "swap", .either([Self.noSwap, .object(.hostSwap)]),
            "Where pages go that find no room; used by hypervisors that swap guests.",
            standard: "an SSD with room for all"),
        ])
    case .hostCPU:
      ObjectSpec(
        summary: "Processors of a host.",
        keys: [
          Key("sockets", .whole(1...64), "Processor sockets.", standard: "1"),
          Key("cores", .whole(1...4_096), "Cores per socket.", required: true),
          Key(
            "threads", .whole(1...8),
            "Hardware threads per core; they add nothing at fluid fidelity.", standard: "1"),
          Key(
            "mhz", .megahertz, "Clock of a core in MHz, a bare number.",
            required: true),
        ])
    case .pool:
      ObjectSpec(
        noun: "pool",
        summary: "A resource pool: VMs that share a reservation, a limit and shares.",
        keys: [
          Key("name", .name, "Name among its siblings.", required: true),
          Key("cpu", .object(.poolCPU), "CPU settings."),
          Key("memory", .object(.poolMemory), "Memory settings."),
          Key("pools", .list(.object(.pool)), "Pools inside this one."),
        ])
    case .poolCPU: settings("Pool CPU settings.", .frequency, isPool: true)
    case .poolMemory: settings("Pool memory settings.", .memory, isPool: true)
    default:
      ObjectSpec(
        noun: "cluster",
        summary: "Hosts that are managed together.",
        keys: [
          Key("name", .name, "Name of the cluster.", required: true),
          Key("hosts", .list(.object(.host)), "Its hosts.", required: true),
          Key("pools", .list(.object(.pool)), "Its resource pools."),
        ])
    }
  }

  /// Reservation, limit and shares, and what else.
  func settings(
    _ summary: String, _ dimension: Dimension, isPool: Bool = false, isChange: Bool = false,
    more: [Key] = []
  ) -> ObjectSpec {
    var keys = [
      Key(
        "reservation", .quantity(dimension), "Guaranteed minimum, a floor whenever it is wanted.",
        standard: isChange ? "unchanged" : "0"),
      Key(
        "limit", .limit(dimension), "Ceiling that holds even when the host is idle.",
        standard: isChange ? "unchanged" : "unlimited"),
      Key(
        "shares", .shares, "Weight among siblings when they compete.",
        standard: isChange ? "unchanged" : "the profile's default"),
    ]
    if isPool {
      keys.append(
        Key(
          "expandable", .boolean,
          "May borrow from its parent at admission: counts where admission is strict.",
          standard: "true"))
    }
    return ObjectSpec(summary: summary, keys: keys + more)
  }
}

// MARK: VMs

extension ObjectName {
  private var vmSpec: ObjectSpec {
    switch self {
    case .vmCPU: settings("CPU settings of a VM.", .frequency, more: Self.quotaKeys(notYet: nil))
    case .affinity:
      ObjectSpec(
        summary: "Where a VM may run, and beside whom.",
        keys: [
          Key(
            "pcpus", .list(.whole(0...65_535)), "Logical processors it may use, counted from 0.",
            notYet: "pinning to processors, which needs quantum fidelity,"),
          Key(
            "apart", .list(.pattern),
            "VMs kept on other hosts than it. An entry that names itself keeps all of these apart."),
          Key("together", .list(.pattern), "VMs kept on the same host."),
          Key("hosts", .list(.pattern), "Hosts it may run on.", standard: "all of its cluster"),
          Key("not_hosts", .list(.pattern), "Hosts it may not run on.", standard: "none"),
          Key(
            "rule",
            .words([
              .init("must", "a VM that cannot keep it is refused"),
              .init("should", "broken where there is no other way"),
            ]), "How strict the keys beside it are.", standard: "must"),
        ])
    default:
      ObjectSpec(
        noun: "VM",
        summary: "One VM, count alike, or one per series of a trace.",
        keys: [
          Key("name", .name, "NAME for one VM, NAME-0 and so on for more."),
          Key("count", .whole(Self.counts), "How many VMs alike.", standard: "1"),
          Key("from", .text, "A trace: one VM per series, named NAME-SERIES."),
          Key("cluster", .text, "Cluster it belongs to.", standard: "the only one"),
          Key("pool", .text, "Path of pool names, such as gold/web.", standard: "no pool"),
          Key(
            "host", .text, "Host it starts on; with count, all of them.",
            standard: "the placement policy chooses"),
          Key("vcpus", .whole(1...4_096), "Virtual processors."),
          Key("memory", .quantity(.memory), "Memory size."),
          Key("cpu", .object(.vmCPU), "CPU settings."),
          Key("memory_policy", .object(.vmMemory), "Memory settings."),
          Key(
            "image", .text, "Disk image; VMs with one image can share pages.",
            standard: "one of its own"),
          Key("pages", .object(.pages), "What its memory holds."),
          Key(
            "guest_swap", .either([Self.noSwap, .object(.guestSwap)]), "The guest's own swap.",
            standard: "an SSD with room for all"),
          Key(
            "affinity", .either([.object(.affinity), .list(.object(.affinity))]),
            "Where it may run, and beside whom: one group of rules, or a list of them."),
          Key(
            "restart_priority",
            .words(
              RestartPriority.allCases.map {
                .init(
                  $0.name,
                  $0 == .disabled ? "not started again" : "rank")
              }), "Rank among the VMs that start again after their host has failed.",
            standard: "medium"),
          Key("start", .quantity(.duration), "Power-on.", standard: "0s"),
          Key("stop", .quantity(.duration), "Power-off.", standard: "never"),
          Key(
            "workload", .object(.workload), "What the guest asks for.",
            standard: "0% CPU, no memory active, all touched"),
        ],
        rules: [
          .required(["name", "vcpus", "memory"], unless: "from")
        ])
    }
  }

  /// Bandwidth control of cgroups.
  fileprivate static func quotaKeys(notYet: String?) -> [Key] {
    [
      Key(
        "quota", .quantity(.duration),
        "CPU time per quota_period, for the whole VM. Only with profiles on cgroups, such as kvm.",
        standard: "none", notYet: notYet),
      Key(
        "quota_period", .quantity(.duration), "Period of the quota, 1ms to 1s.",
        standard: "100ms", notYet: notYet),
      Key(
        "quota_scope",
        .words([.init("vm", "for all vCPUs together"), .init("vcpu", "for each vCPU")]),
        "Whom the quota is for; vcpu is libvirt's vcpu_quota.", standard: "vm", notYet: notYet),
    ]
  }
}

// MARK: Workloads

extension ObjectName {
  private var workloadSpec: ObjectSpec {
    switch self {
    case .trace:
      ObjectSpec(
        summary: "Recorded demand: a file, a folder, .gz or .tar.gz.",
        keys: [
          Key(
            "format", .catalog(.traceFormat), "Format of the files.",
            standard: "found by looking at them"),
          Key(
            "path", .path, "Where it is; $BALLAST_TRACES is expanded.", required: true),
          Key("interval", .quantity(.duration), "Step of formats that carry no times."),
        ] + Self.traceUseKeys)
    case .cpuDemand:
      demand(
        more: [
          Key(
            "cycle", .object(.cycle), "Fixed work per vCPU and period.",
            notYet: "quantum fidelity")
        ])
    case .memoryDemand: demand()
    case .square:
      ObjectSpec(
        summary: "High for the first part of every period, then low.",
        keys: [
          Key("period", .quantity(.duration), "Length of one turn.", required: true),
          Key("duty", .quantity(.percentage), "Part of the period that is high.", required: true),
          Key("high", .quantity(.percentage), "Demand while high.", required: true),
          Key("low", .quantity(.percentage), "Demand while low.", standard: "0%"),
        ])
    case .diurnal:
      ObjectSpec(
        summary: "A daily wave: mean + amplitude · cos(2π (t − peak) / 24h), clipped to 0 … 100%.",
        keys: [
          Key("mean", .quantity(.percentage), "Mean over the day.", required: true),
          Key("amplitude", .quantity(.percentage), "From the mean to the peak.", required: true),
          Key(
            "peak", .quantity(.duration), "Time of day of the peak; t = 0 is 00:00.",
            required: true),
        ])
    case .random:
      ObjectSpec(
        summary: "A draw per interval, clipped to 0 … 100%.",
        keys: [
          Key(
            "distribution", .catalog(.distribution), "Which distribution.", required: true),
          Key("mean", .quantity(.percentage), "Its mean.", required: true),
          Key(
            "sd", .quantity(.percentage), "Its standard deviation; only exponential needs none."),
          Key(
            "correlation", .quantity(.duration), "How long a value tends to stay near.",
            standard: "0s: every draw is independent"),
        ])
    case .cycle:
      ObjectSpec(
        summary: "Run that much CPU every period; unfinished work queues.",
        keys: [
          Key("run", .quantity(.duration), "CPU time per period and vCPU.", required: true),
          Key("period", .quantity(.duration), "Length of one turn.", required: true),
          Key("phase", .quantity(.duration), "When the first turn begins.", standard: "0s"),
        ])
    case .io:
      ObjectSpec(
        summary: "I/O demand.",
        keys: [
          Key("disk", .quantity(.rate), "Disk traffic."),
          Key("network", .quantity(.rate), "Network traffic."),
        ])
    default:
      ObjectSpec(
        summary: "What a guest asks for over time.",
        keys: [
          Key(
            "cpu", .either([.quantity(.percentage), .object(.cpuDemand)]),
            "Percent of the VM's vCPUs at the host's clock.", standard: "0%"),
          Key("memory", .object(.memoryWorkload), "Percent of the VM's memory."),
          Key("io", .object(.io), "Disk and network traffic.", notYet: "I/O"),
        ])
    }
  }

  private func demand(more: [Key] = []) -> ObjectSpec {
    let forms = [
      Key("constant", .quantity(.percentage), "The same all the time."),
      Key(
        "steps", .map(key: .quantity(.duration), value: .quantity(.percentage)),
        "Each value holds from its time on; 0% before the first."),
      Key("square", .object(.square), "High and low in turns."),
      Key("diurnal", .object(.diurnal), "A daily wave."),
      Key("random", .object(.random), "A draw per interval."),
      Key("trace", .text, "Replay of a trace of `traces:`; VM k takes series k."),
    ]
    let series = Key("series", .text, "One series of the trace, by name.")
    return ObjectSpec(
      summary: "A demand curve: exactly one form.",
      keys: forms + more + [series] + Self.traceUseKeys,
      rules: [.exactlyOne((forms + more).map(\.name))]
        + ["series", "unit", "at_end"].map { .needs($0, anyOf: ["trace"]) })
  }

  private static let traceUseKeys = [
    Key(
      "unit",
      .words([
        .init("percent", "of the VM's size at the host's clock"), .init("mhz", "as recorded"),
      ]),
      "percent is of the VM's size at the host's clock, mhz as recorded.", standard: "percent"),
    Key(
      "at_end",
      .words([
        .init("stop", "demand is 0"), .init("hold", "the last value stays"),
        .init("repeat", "from the start again"),
      ]),
      "What follows the last sample.", standard: "a duration beyond the trace is an error"),
  ]
}

// MARK: Policies

extension ObjectName {
  private var policySpec: ObjectSpec {
    let admissions = Kind.words([
      .init("none", "every VM starts"),
      .init("strict", "reservations must be met"),
      .init("nova-ratios", "sizes against capacity times a ratio"),
    ])
    let balancers = Kind.words([
      .init("off", "VMs stay where they are"),
      .init("drs", "moves VMs until loads are alike"),
      .init("ads", "moves VMs only from hosts that are short"),
      .init("consolidation", "empties idle hosts and switches them off"),
      .init("dpm", "switches hosts off and on by the use of the cluster"),
    ])
    let failovers = Kind.words([
      .init("none", "no room is kept for failures"),
      .init("slots", "slots of the largest VM"),
      .init("percentage", "a part of the cluster"),
      .init("dedicated", "hosts kept empty"),
    ])
    return switch self {
    case .admission:
      ObjectSpec(
        summary: "Whether a VM may start.",
        keys: [
          Key("policy", admissions, "Which policy.", required: true),
          Key(
            "cpu_ratio", .number, "nova-ratios: vCPUs per core.", standard: "4"),
          Key(
            "memory_ratio", .number, "nova-ratios: configured memory per host memory.",
            standard: "1"),
          Key(
            "reserved_memory", .quantity(.memory), "nova-ratios: kept from it on every host.",
            standard: "512MiB"),
          Key(
            "reserved_cores", .whole(0...4_096), "nova-ratios: cores kept from it on every host.",
            standard: "0"),
        ])
    case .balancing:
      ObjectSpec(
        summary: "Moving VMs while they run.",
        keys: [
          Key("policy", balancers, "Which policy.", required: true),
          Key("threshold", .whole(1...5), "drs: 1 moves least, 5 most.", standard: "3"),
          Key(
            "form",
            .words([
              .init("deviation", "by the spread of host loads, as until vSphere 6.7"),
              .init("score", "by what each VM lacks, as from vSphere 7.0"),
            ]), "drs: what is made better.", standard: "deviation"),
          Key(
            "interval", .quantity(.duration), "Time between looks.",
            standard: "5m; drs by score 60s, ads 15m"),
          Key(
            "detector",
            .words([
              .init("thr", "a fixed threshold"),
              .init("iqr", "interquartile range of the host's past"),
              .init("mad", "median absolute deviation of the host's past"),
              .init("lr", "local regression over the host's past"),
            ]), "consolidation: when a host is overloaded.", standard: "thr"),
          Key(
            "selection",
            .words([
              .init("mmt", "least time to migrate"), .init("mc", "most correlated"),
              .init("mu", "least utilised"), .init("rs", "at random"),
            ]), "consolidation: which VM leaves an overloaded host.", standard: "mmt"),
          Key(
            "parameter", .number, "consolidation: the detector's safety parameter.",
            standard: "thr 0.8, iqr 1.5, mad 2.5, lr 1.2"),
        ])
    case .failover:
      ObjectSpec(
        summary: "Room kept for failures, and what happens after one.",
        keys: [
          Key("policy", failovers, "Which policy.", required: true),
          Key("tolerate", .whole(1...1_000), "Host failures to survive.", standard: "1"),
          Key("hosts", .list(.pattern), "dedicated: hosts kept empty."),
          Key(
            "cpu", .quantity(.percentage), "percentage: CPU kept free.",
            standard: "tolerate / hosts"),
          Key(
            "memory", .quantity(.percentage), "percentage: memory kept free.",
            standard: "tolerate / hosts"),
          Key(
            "slot_cpu", .quantity(.frequency), "slots: CPU of a slot.",
            standard: "the largest reservation, at least 32MHz"),
          Key(
            "slot_memory", .quantity(.memory), "slots: memory of a slot.",
            standard: "the largest reservation with overhead"),
          Key(
            "detection", .quantity(.duration), "From a failure until it is noticed.",
            standard: "15s"),
          Key(
            "restart", .quantity(.duration), "From then until VMs are powered on elsewhere.",
            standard: "30s"),
        ])
    case .entitlement:
      ObjectSpec(
        summary: "Where hypervisors differ from the plain division.",
        keys: [
          Key(
            "two_pass", .boolean,
            "A pool's memory reservation goes by demand first, and what is left by shares up to the configured size.",
            standard: "false"),
          Key(
            "scalable_shares", .boolean, "A pool weighs by the shares of the VMs inside.",
            standard: "false"),
          Key(
            "drs_memory_demand", .boolean,
            "Memory demand is active memory and a quarter of what is consumed and idle.",
            standard: "false, all consumed memory"),
          Key(
            "refresh", .quantity(.duration), "How often pools are divided over hosts.",
            standard: "every control step"),
        ])
    default:
      ObjectSpec(
        summary: "Policies of the clusters.",
        keys: [
          Key(
            "admission", .either([admissions, .object(.admission)]), "Whether a VM may start.",
            standard: "none"),
          Key("placement", .catalog(.placement), "Where a VM starts.", standard: "load-balance"),
          Key(
            "balancing", .either([balancers, .object(.balancing)]), "Moving VMs later.",
            standard: "off"),
          Key(
            "failover", .either([failovers, .object(.failover)]), "Room kept for failures.",
            standard: "none"),
          Key(
            "reclamation",
            .either([
              .catalog(.memory),
              .words([.init("off", "memory is counted, and nothing is taken back")]),
              .object(.reclamation),
            ]), "Taking memory back.", standard: "as the profile does it"),
          Key("entitlement", .object(.entitlement), "What VMs are entitled to."),
        ])
    }
  }
}

// MARK: Events

extension ObjectName {
  private var eventSpec: ObjectSpec {
    switch self {
    case .hostOfEvent:
      ObjectSpec(
        summary: "Which host.",
        keys: [Key("host", .pattern, "A host, an entry or a glob.", required: true)])
    case .maintenance:
      ObjectSpec(
        summary: "Maintenance of a host: its VMs move away, and none comes.",
        keys: [
          Key("host", .pattern, "A host, an entry or a glob.", required: true),
          Key(
            "state", .words([.init("on", "begin"), .init("off", "end")]), "on or off.",
            standard: "on"),
        ])
    case .migration:
      ObjectSpec(
        summary: "A live migration.",
        keys: [
          Key("vm", .pattern, "A VM, an entry or a glob.", required: true),
          Key("to", .text, "Host it goes to.", required: true),
        ])
    case .change:
      ObjectSpec(
        summary: "New settings of VMs or of a pool; what is not named stays.",
        keys: [
          Key("vm", .pattern, "A VM, an entry or a glob."),
          Key("pool", .text, "A pool: gold/web, or CLUSTER:gold/web."),
          Key("cpu", .object(.changeOfCPU), "New CPU settings."),
          Key("memory", .object(.changeOfMemory), "New memory settings of a pool."),
          Key("memory_policy", .object(.changeOfMemory), "New memory settings of VMs."),
          Key("workload", .object(.workload), "New demand of VMs, from this event on."),
        ],
        rules: [
          .exactlyOne(["vm", "pool"]),
          .needs("memory", anyOf: ["pool"], instead: "memory_policy"),
          .needs("memory_policy", anyOf: ["vm"], instead: "memory"),
          .needs("workload", anyOf: ["vm"]),
        ])
    case .changeOfCPU:
      settings(
        "New CPU settings.", .frequency, isChange: true,
        more: Self.quotaKeys(notYet: "changing a quota during the run"))
    case .changeOfMemory: settings("New memory settings.", .memory, isChange: true)
    case .power:
      ObjectSpec(
        summary: "Power on or off.",
        keys: [
          Key("vm", .pattern, "A VM, an entry or a glob.", required: true),
          Key(
            "state", .words([.init("on", "power on"), .init("off", "power off")]), "on or off.",
            required: true),
        ])
    case .snapshot:
      ObjectSpec(
        summary: "A snapshot of a VM.",
        keys: [
          Key("vm", .pattern, "A VM, an entry or a glob.", required: true),
          Key("name", .text, "Name of the snapshot.", required: true),
        ])
    default:
      ObjectSpec(
        noun: "event",
        summary: "What happens at one time: exactly one action.",
        keys: [
          Key("at", .quantity(.duration), "When, from the start of the run.", required: true),
          Key("set", .object(.change), "Change settings or workload."),
          Key("power", .object(.power), "Power VMs on or off."),
          Key("fail", .object(.hostOfEvent), "A host fails."),
          Key("recover", .object(.hostOfEvent), "A host comes back."),
          Key("maintenance", .object(.maintenance), "A host is emptied, or taken back."),
          Key("migrate", .object(.migration), "Move a running VM."),
          Key("snapshot", .object(.snapshot), "Take a snapshot.", notYet: "snapshots"),
          Key("rollback", .object(.snapshot), "Go back to a snapshot.", notYet: "snapshots"),
        ],
        rules: [
          .exactlyOne([
            "set", "power", "fail", "recover", "maintenance", "migrate", "snapshot", "rollback",
          ])
        ])
    }
  }
}

// MARK: Expectations

extension ObjectName {
  private var expectationSpec: ObjectSpec {
    let names = Kind.either([.pattern, .list(.pattern)])
    return switch self {
    case .subjects:
      ObjectSpec(
        summary: "Whom an expectation is about.",
        keys: [
          Key("vms", names, "VMs, entries or globs."),
          Key("hosts", names, "Hosts, entries or globs."),
          Key("pools", names, "Pools: their own rows, or the VMs below them for VM metrics."),
        ],
        rules: [.exactlyOne(["vms", "hosts", "pools"])])
    case .explained:
      ObjectSpec(
        summary: "What an explanation must say of each matched VM.",
        keys: [
          Key(
            "at", .quantity(.duration), "Which instant: the last control step at or before it.",
            standard: "the end of the run"),
          Key(
            "resource", .words([.init("cpu", "CPU"), .init("memory", "memory")]), "Which resource.",
            standard: "cpu"),
          Key(
            "bound_by",
            .words(
              EntitlementLevel.Bound.allCases.map { .init($0.keyword, $0.meaning) }),
            "What its entitlement ends at.", required: true),
        ])
    default:
      ObjectSpec(
        noun: "expectation",
        summary: "One thing that must hold; each matched VM, host or pool is judged.",
        keys: [
          Key(
            "metric", .metric, "A column of the result files, or a count such as admitted."),
          Key(
            "event",
            .words(EventKind.allCases.map { .init($0.rawValue, $0.meaning) }),
            "A kind of row of events.csv: how many there are about the matched."),
          Key(
            "refusal",
            .words(RefusalKind.allCases.map { .init($0.rawValue, $0.meaning) }),
            "Why the matched VMs were refused."),
          Key("explanation", .object(.explained), "What bounds the matched VMs."),
          Key("of", .object(.subjects), "Whom it is about."),
          Key(
            "statistic", .statistic,
            "What is taken of the column over the run: mean, min, max, sum, last, p50 … p99.9."),
          Key(
            "over", .words([.init("pooled", "the rows of all matched are judged together")]),
            "pooled judges the rows of all matched together.", standard: "each for itself"),
          Key("at_most", .number, "Upper bound in the column's unit."),
          Key("at_least", .number, "Lower bound in the column's unit."),
          Key(
            "equals", .either([.number, .boolean]),
            "Exact value in the column's unit."),
        ],
        rules: [
          .exactlyOne(["metric", "event", "refusal", "explanation"]),
          .atMostOne(["at_most", "at_least", "equals"]),
        ]
          + ["metric", "event"].map {
            .needsOne($0, of: ["at_most", "at_least", "equals"])
          }
          + ["at_most", "at_least", "equals"].map { .needs($0, anyOf: ["metric", "event"]) })
    }
  }
}
