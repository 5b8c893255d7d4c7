import BallastModel
import BallastScenario
import BallastSimulator
import BallastUnits

/// Hosts of one cluster that are alike: one entry, or entries of one host each, as imports write them. Planners count
/// them.
///
/// Promises  hosts that are left out stay in the inventory, down, so that whatever names them still does: VMs that start
///           there start elsewhere. Those left out are the last ones, in the order of the file.
struct Fleet {
  fileprivate let groups: [Estate.HostGroup]
  /// As written.
  let hostNames: [String]
  private let draft: ScenarioDraft
  private let alreadyDown: [String]
  private let taken: Set<String>

  var cluster: String { groups[0].cluster }
  var entry: HostEntry { groups[0].entry }
  var coresPerHost: Int { groups[0].coresPerHost }
  var count: Int { hostNames.count }
  /// "prod.esx", or "prod.esx-1 and 7 alike".
  var name: String {
    groups[0].name + (groups.count > 1 ? " and \(groups.count - 1) alike" : "")
  }

  fileprivate init(
    _ groups: [Estate.HostGroup], _ draft: ScenarioDraft, down: [String], taken: Set<String>
  ) {
    self.groups = groups
    hostNames = groups.flatMap(\.hostNames)
    self.draft = draft
    alreadyDown = down
    self.taken = taken
  }

  func has(_ name: String) -> Bool {
    groups.contains { $0.entry.name == name || $0.name == name }
  }

  /// What makes it `count` hosts, the last `down` of them down.
  func overrides(count: Int, down: Int = 0) -> [String] {
    var names = hostNames
    var overrides: [String] = []
    if count > names.count, groups.count == 1, names.count > 1 {
      if down > 0 { names = expandedNames(entry.name, count: count) }
      overrides.append("\(groups[0].path).count=\(count)")
    } else if count > names.count {
      // One host has its entry's name: more of them are an entry of their own, so that it keeps it.
      var name = entry.name + "-more"
      while taken.contains(name) || taken.contains(name + "-0") { name += "-more" }
      let more = count - names.count
      if down > 0 { names += expandedNames(name, count: more) }
      let keys = draft.entries(at: groups[0].path).filter { $0.key != "name" && $0.key != "count" }
      overrides.append(
        "\(groups[0].listPath).+={name: \(jsonString(name)), count: \(more)"
          + keys.map { ", \(jsonString($0.key)): \($0.text)" }.joined() + "}")
    }
    // Names of hosts that are not written are wanted only where some of them are down.
    let left = alreadyDown + names[min(max(count - down, 0), names.count)...]
    return left.isEmpty ? overrides : overrides + [Self.overrideForHostsDown(left)]
  }

  /// How many of them a ratio asks for, beside the other hosts of the cluster.
  func needed(
    for totals: Estate.Totals, by model: AllocationModel, tolerate: Int
  ) -> (count: Int64, binding: String) {
    model.hosts(
      vcpus: totals.vcpus, memory: totals.memory, cores: Int64(coresPerHost),
      hostMemory: entry.memory, tolerate: tolerate,
      beside: (
        totals.cores - Int64(count * coresPerHost),
        totals.hostMemory - entry.memory * Int64(count)
      ))
  }

  static func overrideForHostsDown(_ names: [String]) -> String {
    "assume.hosts_down=[\(names.map(jsonString).joined(separator: ", "))]"
  }
}

extension TrialBench {
  /// The hosts a user named, or the only ones.
  func fleet(_ name: String?, of estate: Estate) throws(PlanError) -> Fleet {
    let fleets = fleets(of: estate)
    let found = name.map { name in fleets.filter { $0.has(name) } } ?? fleets
    if found.count == 1 { return found[0] }
    let names = fleets.map(\.groups[0].name).joined(separator: ", ")
    guard let name else {
      throw PlanError(
        "there are \(fleets.count) kinds of hosts, and only one can be varied",
        remedy: "add --hosts with one of \(names)")
    }
    throw PlanError(
      found.isEmpty ? "there is no host entry \(name)" : "\(name) is in several clusters",
      remedy: "write one of \(names)")
  }

  private func fleets(of estate: Estate) -> [Fleet] {
    var kinds: [[Estate.HostGroup]] = []
    for group in estate.groups {
      if let alike = kinds.firstIndex(where: { $0[0].isAlike(group) }) {
        kinds[alike].append(group)
      } else {
        kinds.append([group])
      }
    }
    let taken = Set(estate.groups.flatMap(\.hostNames))
    return kinds.map { Fleet($0, draft, down: estate.hostsDown, taken: taken) }
  }

  /// Takes away the `count` largest hosts of a cluster, or hosts of the kind that is named: memory counts first, then
  /// cores; of equal ones the last in the file.
  func losing(
    _ count: Int, of estate: Estate, in cluster: String, named name: String?
  ) throws(PlanError) -> (overrides: [String], cores: Int64, memory: Bytes) {
    if count == 0 { return ([], 0, .zero) }
    let fleets =
      name == nil
      ? fleets(of: estate).filter { $0.cluster == cluster } : [try fleet(name, of: estate)]
    let hosts = fleets.flatMap { fleet in
      fleet.hostNames.reversed().map { (name: $0, kind: fleet) }
    }.filter { !estate.hostsDown.contains($0.name) }
    guard hosts.count >= count, estate.totals(of: cluster).hostCount > count else {
      throw PlanError(
        "\(name ?? "cluster \(cluster)") has \(hosts.count) hosts and cannot lose \(count)",
        remedy: "use --tolerate 0, or add hosts")
    }
    let order = hosts.indices.sorted {
      let (a, b) = (hosts[$0].kind, hosts[$1].kind)
      if a.entry.memory != b.entry.memory { return a.entry.memory > b.entry.memory }
      if a.coresPerHost != b.coresPerHost { return a.coresPerHost > b.coresPerHost }
      return $0 < $1
    }
    let lost = order.prefix(count).map { hosts[$0] }
    return (
      [
        Fleet.overrideForHostsDown(estate.hostsDown + lost.map(\.name)),
        "policies.failover={policy: none}",
      ],
      lost.reduce(0) { $0 + Int64($1.kind.coresPerHost) },
      lost.reduce(.zero) { $0 + $1.kind.entry.memory }
    )
  }
}

extension Estate.HostGroup {
  fileprivate var hostNames: [String] { expandedNames(entry.name, count: entry.count) }

  /// Single hosts of one cluster with the same processors, memory and swap.
  fileprivate func isAlike(_ other: Self) -> Bool {
    cluster == other.cluster && entry.count == 1 && other.entry.count == 1
      && entry.sockets == other.entry.sockets
      && entry.coresPerSocket == other.entry.coresPerSocket
      && entry.threadsPerCore == other.entry.threadsPerCore
      && entry.coreRate == other.entry.coreRate && entry.memory == other.entry.memory
      && entry.swap == other.entry.swap
  }
}
