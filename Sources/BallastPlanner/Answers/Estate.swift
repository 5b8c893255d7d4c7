import BallastModel
import BallastScenario
import BallastSimulator
import BallastUnits

/// Hosts and VMs of a scenario as a planner adds them up, and the paths that change them.
struct Estate {
  struct HostGroup {
    var cluster: String
    var entry: HostEntry
    /// "prod.esx": how a user names it.
    var name: String { "\(cluster).\(entry.name)" }
    /// "clusters.prod.hosts": the path of the entries of its cluster.
    var listPath: String { "clusters.\(pathSegment(cluster)).hosts" }
    /// "clusters.prod.hosts.esx": the path of its keys.
    var path: String { "\(listPath).\(pathSegment(entry.name))" }
    var coresPerHost: Int { entry.sockets * entry.coresPerSocket }
  }
  /// Sums over VMs and hosts.
  struct Totals {
    var vmCount = 0
    var vcpus: Int64 = 0
    var memory = Bytes.zero
    var hostCount = 0
    var cores: Int64 = 0
    var hostMemory = Bytes.zero

    mutating func addHost(cores: Int, memory: Bytes) {
      hostCount += 1
      self.cores += Int64(cores)
      hostMemory = hostMemory + memory
    }

    mutating func add(_ vm: World.VM) {
      vmCount += 1
      vcpus += Int64(vm.vcpus)
      memory = memory + vm.memory
    }
  }
  var groups: [HostGroup]
  /// Of the whole scenario.
  private(set) var whole = Totals()
  /// By name.
  private var clusters: [String: Totals] = [:]
  /// Hosts that the scenario says are down, as it names them.
  let hostsDown: [String]

  init(_ scenario: Scenario, traces: TraceShelf) throws(ScenarioError) {
    let world = try World(scenario, traces: traces)
    groups = scenario.clusters.flatMap { cluster in
      cluster.hosts.map { HostGroup(cluster: cluster.name, entry: $0) }
    }
    hostsDown = scenario.hostsDown.map(\.pattern)
    for cluster in world.clusters {
      var totals = Totals()
      for host in cluster.hosts.map({ world.hosts[$0.int] }) {
        let cores = host.sockets * host.coresPerSocket
        totals.addHost(cores: cores, memory: host.memory)
        whole.addHost(cores: cores, memory: host.memory)
      }
      clusters[cluster.name] = totals
    }
    for vm in world.vms {
      clusters[world.clusters[vm.cluster].name]!.add(vm)
      whole.add(vm)
    }
  }

  func totals(of cluster: String) -> Totals { clusters[cluster] ?? Totals() }
}

extension TrialBench {
  func estate(_ overrides: [String] = []) throws(ScenarioError) -> Estate {
    try Estate(draft.scenario(with: always + overrides).scenario, traces: openTraces)
  }

  /// How many hosts may fail: what is asked for, else what the scenario's failover tolerates, else none.
  public func tolerance(_ asked: Int?) -> Int {
    if let asked { return asked }
    let failover = scenario.policies.failover
    return failover.policy == "none" ? 0 : failover.tolerate
  }
}

/// The spreadsheet's answer, which planners hold the simulated one against: configured sizes by a ratio.
///
/// Rule      hosts = max(⌈Σ vCPUs / (cores · R_cpu)⌉, ⌈Σ memory / (memory · R_mem)⌉) + k, the sums less what other
///           hosts of the cluster take;
///           VMs more = the least of ⌊((n − k) · capacity · R − Σ sizes) / size⌋ of both resources.
/// Source    the allocation model of capacity management (docs/PLANNING.md#allocation-model).
public struct AllocationModel: Sendable {
  /// vCPUs per core and configured memory per memory, ppm.
  public var cpuRatio: PartsPerMillion
  public var memoryRatio: PartsPerMillion
  public init(cpuRatio: PartsPerMillion, memoryRatio: PartsPerMillion) {
    self.cpuRatio = cpuRatio
    self.memoryRatio = memoryRatio
  }

  /// Hosts of `cores` cores and `hostMemory` for these sizes, `tolerate` of which may fail, beside other hosts.
  public func hosts(
    vcpus: Int64, memory: Bytes, cores: Int64, hostMemory: Bytes, tolerate: Int,
    beside others: (cores: Int64, memory: Bytes) = (0, .zero)
  ) -> (count: Int64, binding: String) {
    func unit(_ cores: Int64) -> Int64 { cpuRatio.of(Bytes(cores * 1_000_000)).value }
    let cpu = ceiling(max(vcpus * 1_000_000 - unit(others.cores), 0), over: unit(cores))
    let room = ceiling(
      max(memory.value - memoryRatio.of(others.memory).value, 0),
      over: memoryRatio.of(hostMemory).value)
    return (max(cpu, room, 1) + Int64(tolerate), room > cpu ? "memory" : "CPU")
  }

  /// How many VMs of a size go beside those that are there, at least 0.
  public func fit(
    vcpus: Int64, memory: Bytes, size: (vcpus: Int64, memory: Bytes), cores: Int64,
    hostMemory: Bytes
  ) -> (count: Int64, binding: String) {
    let cpuRoom = cpuRatio.of(Bytes(cores * 1_000_000)).value - vcpus * 1_000_000
    let room = memoryRatio.of(hostMemory).value - memory.value
    let cpu = max(cpuRoom / max(size.vcpus * 1_000_000, 1), 0)
    let byMemory = max(room / max(size.memory.value, 1), 0)
    return (min(cpu, byMemory), byMemory < cpu ? "memory" : "CPU")
  }

  private func ceiling(_ amount: Int64, over unit: Int64) -> Int64 {
    Int64((Int128(amount) + Int128(max(unit, 1)) - 1) / Int128(max(unit, 1)))
  }

  /// "4 vCPUs per core and 100 % of memory"
  public var words: String {
    "\(short(Double(cpuRatio.value) / 1e6)) vCPUs per core and "
      + "\(short(Double(memoryRatio.value) / 1e4)) % of memory"
  }
}
