import BallastMachine
import BallastManager
import BallastModel
import BallastTraces
import BallastUnits

/// A scenario ready to run: entries expanded to VMs, names resolved to indices, traces opened. Hosts and VMs are in
/// byte-wise order of names, whatever order they were written in.
public struct World: Sendable {
  public struct Cluster: Sendable {
    public var name: String
    public var pools: [PoolSpec]
    /// In order of names.
    public var hosts: [HostIndex]
    /// Between VMs and hosts by their positions in the cluster.
    public var rules: [PlacementRules.Rule]
    /// Positions of the hosts that failover keeps empty.
    public var dedicatedHosts: [Int]
    public init(
      name: String, pools: [PoolSpec], hosts: [HostIndex], rules: [PlacementRules.Rule] = [],
      dedicatedHosts: [Int] = []
    ) {
      self.name = name
      self.pools = pools
      self.hosts = hosts
      self.rules = rules
      self.dedicatedHosts = dedicatedHosts
    }
  }

  public struct VM: Sendable {
    public var name: String
    public var cluster: Int
    /// "gold/web"; empty for the root.
    public var pool: String
    /// Where it starts; nil: the placement policy chooses.
    public var host: HostIndex?
    public var vcpus: Int
    public var memory: Bytes
    public var cpuSettings: ResourceSettings<Kilohertz>
    public var memorySettings: ResourceSettings<Bytes>
    /// What its memory is like; the profile's values are filled in.
    public var memorySpec: GuestMemorySpec
    /// What memory policies are told of it.
    public var memoryPolicy: VMMemorySettings
    public var quota: CPUQuota?
    public var restartPriority: RestartPriority
    public var start: SimTime
    public var stop: SimTime?
    public var workload: GuestWorkload
    public init(
      name: String, cluster: Int, pool: String = "", host: HostIndex? = nil, vcpus: Int,
      memory: Bytes, cpuSettings: ResourceSettings<Kilohertz> = .init(),
      memorySettings: ResourceSettings<Bytes> = .init(),
      memorySpec: GuestMemorySpec = .init(), memoryPolicy: VMMemorySettings = .init(),
      quota: CPUQuota? = nil,
      restartPriority: RestartPriority = .medium, start: SimTime = .zero, stop: SimTime? = nil,
      workload: GuestWorkload
    ) {
      self.name = name
      self.cluster = cluster
      self.pool = pool
      self.host = host
      self.vcpus = vcpus
      self.memory = memory
      self.cpuSettings = cpuSettings
      self.memorySettings = memorySettings
      self.memorySpec = memorySpec
      self.memoryPolicy = memoryPolicy
      self.quota = quota
      self.restartPriority = restartPriority
      self.start = start
      self.stop = stop
      self.workload = workload
    }
  }

  /// A scheduled change with its VMs or pool found.
  public struct Event: Sendable {
    public enum Action: Sendable {
      case setVMs([VMIndex], cpu: SettingsChange<Kilohertz>, memory: SettingsChange<Bytes>)
      /// One new workload per VM, in the same order; `what` names the curves for `events.csv`.
      case setWorkload([VMIndex], [GuestWorkload], what: String)
      case setPool(cluster: Int, pool: String, PoolChange)
      case power([VMIndex], on: Bool)
      case fail([HostIndex])
      case recover([HostIndex])
      case migrate([VMIndex], to: HostIndex)
      case maintenance([HostIndex], on: Bool)
    }
    public var at: SimTime
    public var action: Action
    public init(at: SimTime, action: Action) {
      self.at = at
      self.action = action
    }
  }

  /// What is counted per VM over a run.
  public enum VMCount: String, Sendable {
    case migrations
    case downtime = "downtime_ms"
    case restarts
  }

  /// A VM, host or pool, and the subjects of the rows that count for it: of a pool also those below it.
  public struct EventGroup: Sendable {
    public var name: String
    public var subjects: [String]
    public init(name: String, subjects: [String]) {
      self.name = name
      self.subjects = subjects
    }
  }

  /// An expectation with its subjects found.
  public struct Judgement: Sendable {
    public enum Target: Sendable {
      case vms(VMColumn, [VMIndex])
      case hosts(HostColumn, [HostIndex])
      /// Indices into `RunManifest.pools`.
      case pools(PoolColumn, [Int])
      case admitted([VMIndex])
      /// Of VMs, or (nil) of the whole run.
      case count(VMCount, [VMIndex]?)
      /// Rows of `events.csv` about these, each counted over its subjects, or (nil) all of them.
      case events(EventKind, [EventGroup]?)
      case refusal(RefusalKind, [VMIndex])
      case explanation(
        [VMIndex], at: SimTime, EntitlementExplanation.Resource, EntitlementLevel.Bound)
      case consolidationRatio
    }
    public var expectation: Expectation
    public var target: Target
    public init(expectation: Expectation, target: Target) {
      self.expectation = expectation
      self.target = target
    }
  }

  public var name: String
  public var seed: UInt64
  public var duration: SimDuration
  public var controlInterval: SimDuration
  public var recordInterval: SimDuration
  public var profile: HypervisorProfile
  public var policies: PolicyChoice
  /// How memory is taken back, the scenario's parameters applied; nil: it is only counted.
  public var memory: MemoryFacts?
  public var clusters: [Cluster]
  public var hosts: [HostSpec]
  /// Failed from the beginning, ascending.
  public var hostsDown: [HostIndex] = []
  public var vms: [VM]
  /// In order of time, then of appearance.
  public var events: [Event]
  public var judgements: [Judgement]
  /// VMs with rows in `vms.csv`, ascending.
  public var recordedVMs: [VMIndex]
  /// Kept open while the workloads replay them.
  public var traces: [UtilisationTrace]
  /// What an assumption made of them, for as long.
  var changedDemand: ChangedDemand?
  public var traceReads: [RunRecord.TraceRead]
  public var assumptions: [String]

  public init(
    name: String, seed: UInt64, duration: SimDuration, controlInterval: SimDuration,
    recordInterval: SimDuration, profile: HypervisorProfile, policies: PolicyChoice = .init(),
    memory: MemoryFacts? = nil, clusters: [Cluster], hosts: [HostSpec], vms: [VM],
    events: [Event] = [],
    judgements: [Judgement] = [], recordedVMs: [VMIndex] = [], traces: [UtilisationTrace] = [],
    traceReads: [RunRecord.TraceRead] = [], assumptions: [String] = []
  ) {
    self.name = name
    self.seed = seed
    self.duration = duration
    self.controlInterval = controlInterval
    self.recordInterval = recordInterval
    self.profile = profile
    self.policies = policies
    self.memory = memory
    self.clusters = clusters
    self.hosts = hosts
    self.vms = vms
    self.events = events
    self.judgements = judgements
    self.recordedVMs = recordedVMs
    self.traces = traces
    self.traceReads = traceReads
    self.assumptions = assumptions
  }

  /// All clusters' pools in the order of the rows of `pools.csv`: by cluster name, then by path, the root first.
  public var manifest: RunManifest {
    var pools: [RunManifest.Pool] = []
    for cluster in clusters {
      let paths = PoolPaths(cluster.pools).paths
      pools += ([""] + paths).map { RunManifest.Pool(cluster: cluster.name, path: $0) }
    }
    pools.sort { a, b in
      a.cluster == b.cluster ? bytesPrecede(a.path, b.path) : bytesPrecede(a.cluster, b.cluster)
    }
    return RunManifest(
      hosts: hosts.map(\.name), vms: vms.map(\.name), vmPools: vms.map(\.pool), pools: pools,
      recordedVMs: recordedVMs.map(\.int))
  }
}

/// The paths of a list of nested pools.
struct PoolPaths {
  private(set) var paths: [String] = []
  init(_ specs: [PoolSpec]) { add(specs, under: "") }

  private mutating func add(_ specs: [PoolSpec], under parent: String) {
    for spec in specs {
      let path = parent.isEmpty ? spec.name : parent + "/" + spec.name
      paths.append(path)
      add(spec.pools, under: path)
    }
  }
}

extension World {
  /// Idle memory is taxed, so hosts sample which memory is in use, at every control step.
  var samplesMemory: Bool { (policies.reclamation.idleTax ?? .zero) > .zero }

  /// A policy decides about memory; without one hosts do what they do by themselves.
  var managesMemory: Bool { memory.map { $0.policy != "none" } ?? false }

  /// The policy tells how short of memory a host is by states that its technique follows. Those of Proxmox, Hyper-V and
  /// squeezed have none: they balloon towards one goal, whatever is free.
  var knowsMemoryStates: Bool {
    memory.map { ["proportional-share", "mom", "mom-ovirt"].contains($0.policy) } ?? false
  }

  /// Hosts draw pages to see which memory is in use.
  var hasSamplers: Bool { samplesMemory || managesMemory && (memory?.idleTax ?? .zero) > .zero }

  /// A guest or the host's kernel may run out of memory and have nowhere to put it.
  var canKill: Bool {
    guard let memory else { return false }
    func isBounded(_ device: SwapDeviceSpec) -> Bool {
      device.kind == .none || device.kind == .zram || device.size != nil
    }
    return memory.onExhaustion == .kernelReclaim && hosts.contains { isBounded($0.swap) }
      || vms.contains { isBounded($0.memorySpec.swap) }
  }

  /// Samples of the run, the last one shorter where the duration is no multiple of the interval.
  var sampleCount: Int {
    Int((duration.value + recordInterval.value - 1) / recordInterval.value)
  }

  /// Length of the last, shorter sample; zero where all are full.
  var tail: SimDuration { SimDuration(duration.value % recordInterval.value) }

  /// The first end of a sample after `time`.
  func sampleEnd(after time: SimTime) -> SimTime {
    SimTime(min((time.value / recordInterval.value + 1) * recordInterval.value, duration.value))
  }

  /// The last end of a sample (or the start of the run) before `time`.
  func sampleEnd(before time: SimTime) -> SimTime {
    SimTime((time.value - 1) / recordInterval.value * recordInterval.value)
  }
}
