import BallastModel

extension Assembler {
  /// One group of rules, or a list of them.
  ///
  /// Names of VMs are looked up after all entries have been read: a rule may name a later one.
  mutating func readAffinity(_ value: Value?, _ cluster: ReadCluster?) -> [AffinitySpec] {
    guard let value else { return [] }
    var rules: [AffinitySpec] = []
    for group in value.itemsOrSelf where group.isMap {
      func names(_ key: String) -> [String] { group[key]?.items.compactMap(\.text) ?? [] }
      let rule = AffinitySpec(
        apart: names("apart"), together: names("together"), hosts: names("hosts"),
        notHosts: names("not_hosts"), isMust: group["rule"]?.text != "should")
      if rule.isEmpty {
        problems.add(
          group.place, "this affinity says nothing",
          "add apart, together, hosts or not_hosts, or remove it")
      }
      for key in ["hosts", "not_hosts"] {
        for item in group[key]?.items ?? [] { checkHosts(item, of: cluster) }
      }
      rules.append(rule)
    }
    return rules
  }

  /// A rule on hosts of another cluster can never be kept.
  private mutating func checkHosts(_ value: Value, of cluster: ReadCluster?) {
    checkHosts(value)
    guard let text = value.text, let cluster, roster.hasHost(matching: text) else { return }
    let pattern = NamePattern(text)
    let isOurs = roster.hosts.contains {
      $0.cluster == cluster.name && pattern.matches($0.name, entry: $0.entryName)
    }
    if !isOurs {
      problems.add(
        value.place, "no host of cluster \(cluster.name) is called \(shown(text))",
        "name hosts of \(cluster.name)")
    }
  }

  /// The VMs that rules name; call when all VMs are known.
  mutating func checkAffinityNames() {
    for entry in root["vms"]?.items ?? [] {
      for group in entry["affinity"]?.itemsOrSelf ?? [] where group.isMap {
        for key in ["apart", "together"] {
          for item in group[key]?.items ?? [] { _ = matchedVMs(item) }
        }
      }
    }
  }
}
