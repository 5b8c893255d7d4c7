import BallastModel

/// Who is in the scenario, by name, after `count` has been expanded.
struct Roster {
  struct Machine {
    var name: String
    /// Index of its entry in the file, and the entry's name.
    var entry: Int
    var entryName: String
    var cluster: String?
  }
  struct Pool {
    var cluster: String
    var path: String
  }
  var clusters: [String] = []
  var hosts: [Machine] = []
  var vms: [Machine] = []
  private(set) var pools: [Pool] = []
  private var poolKeys: Set<String> = []
  /// CLUSTER:PATH of pools that VMs are directly in.
  var usedPools: Set<String> = []
  /// Some VMs come from the series of a trace and are named later.
  var hasTraceVMs = false
  /// Groups of which some names could not be read, so that "nobody is called so" would be a guess.
  var unreadable: Set<Group> = []
  /// More machines than are expanded; they are unreadable then, too.
  var isTooLarge = false

  enum Group { case clusters, hosts, pools, vms }
  private var vmsOfName: [String: Range<Int>] = [:]
  private var hostOfName: [String: Int] = [:]

  mutating func addVMs(_ names: [String], entry: Int, entryName: String, cluster: String?) {
    let start = vms.count
    for name in names {
      vmsOfName[name] = vms.count..<(vms.count + 1)
      vms.append(Machine(name: name, entry: entry, entryName: entryName, cluster: cluster))
    }
    vmsOfName[entryName] = start..<vms.count
  }

  mutating func addHosts(_ names: [String], entryName: String, cluster: String) {
    for name in names {
      hostOfName[name] = hosts.count
      hosts.append(Machine(name: name, entry: 0, entryName: entryName, cluster: cluster))
    }
  }

  mutating func addPool(cluster: String, path: String) {
    pools.append(Pool(cluster: cluster, path: path))
    poolKeys.insert("\(cluster):\(path)")
  }

  /// - Parameter text: PATH, or CLUSTER:PATH.
  func hasPool(_ text: String, cluster: String) -> Bool {
    poolKeys.contains("\(cluster):\(text)")
      || (text.hasPrefix("\(cluster):") && poolKeys.contains(text))
  }

  func host(_ name: String) -> Machine? { hostOfName[name].map { hosts[$0] } }

  /// Indices of the VMs that a name, an entry or a glob means.
  func vms(matching text: String) -> [Int] {
    let pattern = NamePattern(text)
    guard pattern.isGlob else { return Array(vmsOfName[text] ?? 0..<0) }
    return vms.indices.filter { pattern.matches(vms[$0].name) }
  }

  func hasHost(matching text: String) -> Bool {
    let pattern = NamePattern(text)
    return hosts.contains { pattern.matches($0.name, entry: $0.entryName) }
  }

  func pools(matching text: String) -> [Int] {
    let pattern = NamePattern(text)
    return pools.indices.filter {
      pattern.matchesPool(cluster: pools[$0].cluster, path: pools[$0].path)
    }
  }
}

/// NAME alone, or NAME-0 … NAME-(count−1).
func expanded(_ name: String, count: Int) -> [String] {
  count == 1 ? [name] : (0..<count).map { "\(name)-\($0)" }
}

extension Assembler {
  /// Takes names for an entry, complaining about the first that is taken already.
  ///
  /// An entry of several is called by its own name too, so that name must be free as well.
  mutating func take(
    _ names: [String], of entryName: String, what: String, at place: SourcePlace,
    taken: inout [String: SourcePlace]
  ) -> Bool {
    for name in names + (names == [entryName] ? [] : [entryName]) {
      if let first = taken[name] {
        problems.add(
          place,
          "the \(what) name \(shown(name)) is taken by the entry on line \(first.line)"
            + (first.file == place.file ? "" : " of \(first.file)"),
          "choose another name")
        return false
      }
    }
    for name in names { taken[name] = place }
    taken[entryName] = place
    return true
  }

  /// Indices of the VMs that a pattern means; complains when there can be none.
  mutating func matchedVMs(_ value: Value) -> [Int] {
    guard let text = value.text, !text.isEmpty else { return [] }
    let matched = roster.vms(matching: text)
    if matched.isEmpty, !roster.hasTraceVMs, !roster.unreadable.contains(.vms) {
      problems.add(
        value.place, "no VM is called \(shown(text))",
        suggestion(text, among: roster.vms)
          ?? "write a VM's name, an entry's name, or a pattern with * and ?")
    }
    return matched
  }

  mutating func checkHosts(_ value: Value) {
    guard let text = value.text, !text.isEmpty, !roster.unreadable.contains(.hosts),
      !roster.hasHost(matching: text)
    else { return }
    problems.add(
      value.place, "no host is called \(shown(text))",
      suggestion(text, among: roster.hosts)
        ?? "write a host's name, an entry's name, or a pattern with * and ?")
  }

  /// The nearest name, unless there are so many errors and machines that looking would take long.
  private func suggestion(_ text: String, among machines: [Roster.Machine]) -> String? {
    guard problems.count < Limits.problemsShown else { return nil }
    var names: [String] = []
    for machine in machines.prefix(10_000) {
      names.append(machine.name)
      if machine.entryName != machine.name { names.append(machine.entryName) }
    }
    return nearest(text, in: names).map { "did you mean \($0)?" }
  }

  /// Indices of the pools that a path or pattern means; a plain path must mean one.
  mutating func matchedPools(_ value: Value) -> [Int] {
    guard let text = value.text, !text.isEmpty else { return [] }
    let matched = roster.pools(matching: text)
    if matched.isEmpty, !roster.unreadable.contains(.pools) {
      problems.add(
        value.place, "no pool is called \(shown(text))", poolRemedy(text, among: roster.pools))
    }
    if matched.count > 1, !NamePattern(text).isGlob {
      let choices = matched.map { "\(roster.pools[$0].cluster):\(roster.pools[$0].path)" }
      problems.add(
        value.place,
        "clusters \(listed(matched.map { roster.pools[$0].cluster }, "and")) share "
          + "the pool path \(shown(text))", "write \(listed(choices))")
    }
    return matched
  }

  func poolRemedy(_ text: String, among pools: [Roster.Pool]) -> String {
    let paths = pools.map(\.path)
    if let near = nearest(text, in: paths) { return "did you mean \(near)?" }
    // A nested pool called by its last name alone.
    if let nested = paths.first(where: { $0.hasSuffix("/" + text) }) {
      return "did you mean \(nested)?"
    }
    return paths.isEmpty
      ? "there are no pools; add some under pools: of a cluster"
      : "the pools are \(listed(Array(paths.prefix(10)), "and"))"
  }
}
