import BallastKernel
import BallastMachine
import BallastMath
import BallastModel
import BallastTraces
import BallastUnits

extension World {
  /// Opens the traces of a scenario, expands its entries and finds every name.
  ///
  /// - Throws: all problems that only show with the traces at hand, each with its place in the scenario or trace.
  ///
  /// - Parameter shelf: traces that are open already; they are not read again.
  public init(_ scenario: Scenario, traces shelf: TraceShelf = .init()) throws(ScenarioError) {
    var builder = WorldBuilder(scenario, shelf: shelf)
    self = try builder.build()
  }
}

/// Collects problems instead of stopping at the first.
struct WorldBuilder {
  var scenario: Scenario
  var problems: [ScenarioProblem] = []
  let shelf: TraceShelf
  var traces: [String: UtilisationTrace] = [:]
  /// Columns that an assumption made; the world keeps them.
  let changedDemand: ChangedDemand
  var hosts: [HostSpec] = []
  var hostsDown: Set<HostIndex> = []
  var hostEntries: [String] = []
  var clusterOfHost: [Int] = []
  var vms: [World.VM] = []
  /// Name of the entry each VM comes from; empty where the entry has none.
  var entryOfVM: [String] = []
  /// In its entry: which series of a trace it takes.
  var positionOfVM: [Int] = []
  /// Rules of each VM, and where its entry fixes its host.
  var affinityOfVM: [[AffinitySpec]] = []
  var placeOfVM: [SourcePlace] = []
  /// What VMs play after the events resolved so far; only those that an event gave other curves.
  var laterWorkloads: [VMIndex: GuestWorkload] = [:]

  /// Clusters stand by name, whatever order they were written in: what they do at one instant they do in that order.
  init(_ scenario: Scenario, shelf: TraceShelf) {
    self.scenario = scenario
    self.shelf = shelf
    changedDemand = ChangedDemand(scenario.assumption, seed: scenario.seed)
    self.scenario.clusters.sort { bytesPrecede($0.name, $1.name) }
  }

  mutating func build() throws(ScenarioError) -> World {
    openTraces()
    addHosts()
    addVMs()
    let events = scenario.events.flatMap { resolve($0) }
    let rules = scenario.clusters.indices.map { placementRules(cluster: $0) }
    let dedicated = dedicatedHosts()
    checkPromises()
    if !problems.isEmpty { throw ScenarioError(problems) }

    var world = World(
      name: scenario.name, seed: scenario.seed, duration: scenario.duration,
      controlInterval: scenario.controlInterval, recordInterval: scenario.record.interval,
      profile: scenario.profile, policies: scenario.policies, memory: memory,
      clusters: scenario.clusters.enumerated().map { index, cluster in
        World.Cluster(
          name: cluster.name, pools: cluster.pools, hosts: hostsOf(cluster: index),
          rules: rules[index], dedicatedHosts: dedicated[index])
      }, hosts: hosts, vms: vms, events: events, recordedVMs: recordedVMs(),
      traces: scenario.traces.compactMap { traces[$0.name] }, traceReads: traceReads(),
      assumptions: assumptions())
    world.judgements = judgements(manifest: world.manifest)
    world.changedDemand = changedDemand
    world.hostsDown = hostsDown.sorted()
    if !problems.isEmpty { throw ScenarioError(problems) }
    return world
  }

  mutating func complain(
    _ place: SourcePlace, _ message: String, remedy: String? = nil
  ) {
    problems.append(ScenarioProblem(place, message, remedy: remedy))
  }

  // MARK: Traces

  private mutating func openTraces() {
    for spec in scenario.traces {
      do throws(ScenarioError) {
        traces[spec.name] = try shelf.open(spec)
      } catch {
        problems += error.problems
      }
    }
  }

  private func traceReads() -> [RunRecord.TraceRead] {
    scenario.traces.compactMap { spec in
      traces[spec.name].map {
        RunRecord.TraceRead(
          name: spec.name, path: spec.writtenPath, sha256: $0.sha256, format: $0.formatName,
          series: $0.seriesCount, quirks: $0.quirks)
      }
    }
  }

  // MARK: Hosts

  private mutating func addHosts() {
    var all: [(name: String, entry: String, cluster: Int, spec: HostSpec)] = []
    for (index, cluster) in scenario.clusters.enumerated() {
      for entry in cluster.hosts {
        for name in expandedNames(entry.name, count: entry.count) {
          all.append(
            (
              name, entry.name, index,
              HostSpec(
                name: name, sockets: entry.sockets, coresPerSocket: entry.coresPerSocket,
                threadsPerCore: entry.threadsPerCore, coreRate: entry.coreRate,
                memory: entry.memory, swap: swap(of: entry),
                memoryReserve: scenario.profile.hostReserve(memory: entry.memory))
            ))
        }
      }
    }
    all.sort { bytesPrecede($0.name, $1.name) }
    hosts = all.map(\.spec)
    hostEntries = all.map(\.entry)
    clusterOfHost = all.map(\.cluster)
    for (pattern, place) in scenario.hostsDown { hostsDown.formUnion(hosts(pattern, place)) }
  }

  func host(named name: String, cluster: Int) -> HostIndex? {
    hosts.indices.first { hosts[$0].name == name && clusterOfHost[$0] == cluster }
      .map { HostIndex($0) }
  }

  // MARK: What is recorded

  private mutating func recordedVMs() -> [VMIndex] {
    switch scenario.record.vms {
    case .all: return vms.indices.map { VMIndex($0) }
    case .summary: return []
    case .automatic:
      return vms.count <= Self.rowsByDefaultMax ? vms.indices.map { VMIndex($0) } : []
    case .named(let patterns):
      var isChosen = [Bool](repeating: false, count: vms.count)
      for pattern in patterns {
        let found = matching(pattern)
        if found.isEmpty {
          complain(scenario.record.place, "record: no VM matches \(pattern)")
        }
        for vm in found { isChosen[vm.int] = true }
      }
      return isChosen.indices.filter { isChosen[$0] }.map { VMIndex($0) }
    }
  }

  /// Above this many VMs only summaries are recorded unless the scenario says otherwise.
  private static let rowsByDefaultMax = 1_000

  private func assumptions() -> [String] {
    var sentences = scenario.profile.assumptions
    sentences.append(
      "CPU at fluid fidelity: a divisible rate per host; hardware threads add nothing; no co-stop")
    switch scenario.policies.admission.policy {
    case "none":
      sentences.append(
        "admission none: every VM is powered on; reservations are floors of the division, not promises"
      )
    case "strict":
      sentences.append(
        "admission strict: charges are CPU reservation, and memory reservation with the profile's overhead, against capacity less the profile's host reserve"
      )
    default:
      break
    }
    if movesVMs {
      let facts = scenario.profile.migration
      sentences.append(
        "migration: pre-copy at \(facts.bandwidth) per second, \(facts.concurrentPerHost) at a time per host; a guest rewrites \(facts.dirtiedPerSecond) of its active memory per second; no CPU cost at either end"
      )
    }
    if !scenario.profile.memory.techniques.contains(.swap),
      scenario.clusters.contains(where: { $0.hosts.contains { $0.swap != nil } })
    {
      sentences.append("host swap: not used by profile \(scenario.profile.name)")
    }
    sentences += unusedMemorySettings
    sentences.append(
      memory.map {
        "memory: taken back by policy \($0.policy)"
          + ($0.techniques.isEmpty
            ? "" : " with " + $0.techniques.map(\.rawValue).joined(separator: ", "))
          + "; contents of pages, compressibility and costs are assumed (docs/MODEL.md)"
      } ?? "memory: only counted, nothing is taken back; consumed memory may exceed the host's")
    sentences += scenario.assumption.sentences
    if !hostsDown.isEmpty {
      let names = hostsDown.sorted().prefix(20).map { hosts[$0.int].name }
      sentences.append(
        "assumed: \(hostsDown.count) hosts are down from beginning to end: "
          + names.joined(separator: ", ") + (hostsDown.count > names.count ? ", …" : ""))
    }
    if scenario.hasSweep { sentences.append("sweep: ignored by run; the plain values were used") }
    return sentences
  }

  private var movesVMs: Bool {
    scenario.policies.balancing.policy != "off"
      || scenario.events.contains {
        switch $0.action {
        case .migrate, .maintenance: true
        default: false
        }
      }
  }

  func hostsOf(cluster: Int) -> [HostIndex] {
    hosts.indices.filter { clusterOfHost[$0] == cluster }.map { HostIndex($0) }
  }

  // MARK: Names

  /// The VMs that a name, an entry or a glob means, in order.
  func matching(_ text: String) -> [VMIndex] {
    let pattern = NamePattern(text)
    return vms.indices.filter { pattern.matches(vms[$0].name, entry: entryOfVM[$0]) }
      .map { VMIndex($0) }
  }
}

/// NAME for one, NAME-0 … NAME-(count−1) for more.
public func expandedNames(_ name: String, count: Int) -> [String] {
  count == 1 ? [name] : (0..<count).map { "\(name)-\($0)" }
}

/// Byte-wise order of UTF-8: the same in every locale and Unicode version, unlike `String.<`.
func bytesPrecede(_ a: String, _ b: String) -> Bool {
  a.utf8.lexicographicallyPrecedes(b.utf8)
}
