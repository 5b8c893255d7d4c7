import BallastMachine
import BallastManager
import BallastModel
import BallastSimulator
import BallastTestSupport
import BallastUnits

/// A small world that a seed decides, in which much goes wrong: hosts fail and recover, VMs come, go, move and change,
/// under any policy there is.
///
/// Sizes are small and alike, so that events coincide: times are whole seconds, often multiples of ten, and hosts are
/// often full.
struct RandomOperations {
  private var random: SeededGenerator
  private var profile = HypervisorProfile.esxi
  private var duration: Int64 = 0

  init(seed: UInt64) { random = SeededGenerator(seed: seed) }

  // MARK: Chance

  mutating func between(_ low: Int64, _ high: Int64) -> Int64 {
    random.integer(low...max(low, high))
  }
  mutating func chance(_ percent: Int64) -> Bool { between(1, 100) <= percent }
  mutating func pick<Value>(_ values: Value...) -> Value {
    values[Int(between(0, Int64(values.count) - 1))]
  }
  mutating func pick<Value>(of values: [Value]) -> Value {
    values[Int(between(0, Int64(values.count) - 1))]
  }

  /// A whole second of the run.
  mutating func time() -> SimTime {
    let step = pick(Int64(1), 10, 10, 60, 100)
    return .seconds(between(0, duration - 1) / step * step)
  }

  // MARK: World

  mutating func world(durations: [Int64] = [60, 300, 600, 1_200, 6_000]) -> World {
    profile = pick(.esxi, .esxi, .kvm, .xen)
    duration = pick(of: durations)
    let clusterCount = chance(25) ? 2 : 1
    var hosts: [HostSpec] = []
    var clusters: [World.Cluster] = []
    for cluster in 0..<clusterCount {
      let first = hosts.count
      for host in 0..<Int(between(1, 4)) { hosts.append(self.host("h\(cluster)\(host)")) }
      clusters.append(
        World.Cluster(
          name: "c\(cluster)", pools: chance(60) ? pools("", depth: 1) : [],
          hosts: (first..<hosts.count).map { HostIndex($0) },
          dedicatedHosts: hosts.count - first > 1 ? [Int(between(0, 1))] : []))
    }
    var vms: [World.VM] = []
    for index in 0..<Int(between(1, 12)) {
      vms.append(vm(named: String(index + 10), clusters, hosts))
    }
    for cluster in clusters.indices {
      let members = vms.indices.filter { vms[$0].cluster == cluster }
      clusters[cluster].rules = chance(50) ? rules(members.count, clusters[cluster]) : []
      // A contradiction is refused when a scenario is read: those who are bound to a host have no rules here.
      if !clusters[cluster].rules.isEmpty { for vm in members { vms[vm].host = nil } }
    }
    var events: [World.Event] = []
    for _ in 0..<between(0, 16) { events.append(event(clusters, hosts, vms)) }
    // Two things at one instant.
    for index in events.indices where index > 0 && chance(30) {
      events[index].at = events[index - 1].at
    }
    events = events.enumerated().sorted {
      ($0.element.at, $0.offset) < ($1.element.at, $1.offset)
    }.map(\.element)
    return World(
      name: "operations", seed: UInt64(between(1, 9)), duration: .seconds(duration),
      controlInterval: .seconds(pick(7, 20, 60)), recordInterval: .seconds(pick(20, 60, 97, 300)),
      profile: profile, policies: policies(), clusters: clusters, hosts: hosts, vms: vms,
      events: events, recordedVMs: vms.indices.map { VMIndex($0) })
  }

  private mutating func host(_ name: String) -> HostSpec {
    HostSpec(
      name: name, sockets: 1, coresPerSocket: Int(pick(2, 4, 4)), threadsPerCore: 1,
      coreRate: .megahertz(pick(1_000, 1_000, 2_000)), memory: .gibibytes(pick(6, 8, 8)))
  }

  private mutating func pools(_ path: String, depth: Int) -> [PoolSpec] {
    (0..<Int(between(1, 2))).map { index in
      PoolSpec(
        name: "p\(index)", cpu: settings(.megahertz(1), upTo: 4_000, isPool: true),
        memory: settings(.mebibytes(1), upTo: 4_096, isPool: true),
        pools: depth < 3 && chance(40) ? pools(path, depth: depth + 1) : [],
        place: SourcePlace(file: "", line: 1, column: 1))
    }
  }

  private mutating func settings<Amount: Quantity>(
    _ unit: Amount, upTo most: Int64, isPool: Bool = false
  ) -> ResourceSettings<Amount> {
    let reservation = chance(50) ? between(0, most / 2) : 0
    return ResourceSettings(
      reservation: Amount(unit.value * reservation),
      limit: chance(25) ? Amount(unit.value * between(max(1, reservation), most)) : nil,
      shares: chance(50) ? pick(.low, .high, .number(between(1, 5_000))) : nil,
      expandable: !isPool || chance(60))
  }

  private mutating func vm(
    named name: String, _ clusters: [World.Cluster], _ hosts: [HostSpec]
  ) -> World.VM {
    let cluster = Int(between(0, Int64(clusters.count) - 1))
    let paths = PoolTree(clusters[cluster].pools, profile: profile).pools.map(\.path)
    let vcpus = Int(pick(1, 1, 2, 4))
    let memory = pick(Int64(512), 1_024, 2_048, 4_096)
    let start = chance(60) ? SimTime.zero : time()
    let stop = time()
    return World.VM(
      name: "v" + name, cluster: cluster, pool: pick(of: paths),
      host: chance(15) ? pick(of: clusters[cluster].hosts) : nil, vcpus: vcpus,
      memory: .mebibytes(memory), cpuSettings: settings(.megahertz(1), upTo: Int64(vcpus) * 1_000),
      memorySettings: settings(.mebibytes(1), upTo: memory),
      restartPriority: pick(of: RestartPriority.allCases), start: start,
      stop: stop > start && chance(25) ? stop : nil, workload: workload())
  }

  private mutating func workload() -> GuestWorkload {
    let active = between(0, 100)
    return GuestWorkload(
      cpu: .constant(.percent(between(0, 100))), memoryActive: .constant(.percent(active)),
      memoryTouched: .constant(.percent(between(active, 100))))
  }

  private mutating func rules(_ count: Int, _ cluster: World.Cluster) -> [PlacementRules.Rule] {
    guard count > 1 else { return [] }
    var rules: [PlacementRules.Rule] = []
    var free = Array(0..<count)
    while free.count > 1, rules.count < 4, chance(70) {
      let members = Array(free.prefix(Int(between(2, 3))))
      free.removeFirst(members.count)
      let strength: PlacementRules.Strength = chance(70) ? .must : .should
      let hosts = cluster.hosts.indices.filter { _ in chance(60) }
      switch between(1, 4) {
      case 1: rules.append(.together(members, strength))
      case 2: rules.append(.apart(members, strength))
      case 3 where !hosts.isEmpty: rules.append(.onHosts(vms: members, hosts: hosts, strength))
      case 4 where hosts.count < cluster.hosts.count:
        rules.append(.notOnHosts(vms: members, hosts: hosts, strength))
      default: break
      }
    }
    return rules
  }

  private mutating func policies() -> PolicyChoice {
    PolicyChoice(
      admission: .init(policy: pick("none", "strict", "strict", "strict", "nova-ratios")),
      placement: pick(of: placementCatalog.map(\.name)),
      balancing: BalancingChoice(
        policy: chance(35) ? "off" : pick(of: balancingCatalog.map(\.name)),
        threshold: Int(between(1, 5)), interval: .seconds(pick(10, 60, 300)),
        form: pick("deviation", "score"), detector: pick("thr", "iqr", "mad", "lr"),
        selection: pick("mmt", "mc", "mu", "rs")),
      failover: FailoverChoice(
        policy: pick("none", "slots", "percentage", "percentage", "dedicated"),
        tolerate: Int(between(0, 1)), detection: .seconds(pick(0, 10, 15)),
        restart: .seconds(pick(0, 30))))
  }

  // MARK: Events

  private mutating func event(
    _ clusters: [World.Cluster], _ hosts: [HostSpec], _ vms: [World.VM]
  ) -> World.Event {
    let vm = VMIndex(Int(between(0, Int64(vms.count) - 1)))
    let cluster = vms[vm.int].cluster
    let own = clusters[cluster].hosts
    let some = chance(70) ? [pick(of: own)] : own
    let paths = PoolTree(clusters[cluster].pools, profile: profile).pools.map(\.path)
    switch between(1, 14) {
    case 1, 2: return World.Event(at: time(), action: .fail(some))
    case 3, 4: return World.Event(at: time(), action: .recover(own))
    case 5, 6, 7:
      let movers = vms.indices.filter { vms[$0].cluster == cluster && chance(50) }
      return World.Event(
        at: time(), action: .migrate(movers.map { VMIndex($0) }, to: pick(of: own)))
    case 8: return World.Event(at: time(), action: .maintenance([pick(of: own)], on: true))
    case 9: return World.Event(at: time(), action: .maintenance(own, on: false))
    case 10: return World.Event(at: time(), action: .power([vm], on: true))
    case 11: return World.Event(at: time(), action: .power([vm], on: false))
    case 12 where paths.count > 1:
      let cpu = settings(Kilohertz.megahertz(1), upTo: 4_000)
      return World.Event(
        at: time(),
        action: .setPool(
          cluster: cluster, pool: paths[Int(between(1, Int64(paths.count) - 1))],
          PoolChange(
            cpu: SettingsChange(reservation: cpu.reservation, limit: Self.limit(cpu.limit)))))
    case 13:
      return World.Event(at: time(), action: .setWorkload([vm], [workload()], what: "workload"))
    default:
      let memory = settings(
        Bytes.mebibytes(1), upTo: vms[vm.int].memory.value / Bytes.mebibytes(1).value)
      let cpu = settings(Kilohertz.megahertz(1), upTo: Int64(vms[vm.int].vcpus) * 1_000)
      return World.Event(
        at: time(),
        action: .setVMs(
          [vm], cpu: SettingsChange(reservation: cpu.reservation, limit: Self.limit(cpu.limit)),
          memory: SettingsChange(
            reservation: memory.reservation, limit: Self.limit(memory.limit))))
    }
  }

  private static func limit<Amount>(_ limit: Amount?) -> SettingsChange<Amount>.NewLimit {
    limit.map { .amount($0) } ?? .unlimited
  }
}
