import BallastModel
import BallastScenario
import BallastUnits

/// `plan hosts`: the fewest hosts with which every expectation is met, also while `tolerate` of them are down.
///
/// Rule      n is enough when the scenario holds with n hosts as it is, and with k of them down and nothing kept for
///           failures (they have happened). The answer is the smallest n, found by search; hosts of one kind are varied.
/// Never     tried first: one host per VM of the cluster and k more, and the number that is written. Where neither is
///           enough, no number is.
public struct PlanHosts: Sendable {
  public var hosts: String?
  public var tolerate: Int?
  public var allocation: AllocationModel
  public init(hosts: String?, tolerate: Int?, allocation: AllocationModel) {
    self.hosts = hosts
    self.tolerate = tolerate
    self.allocation = allocation
  }

  public func answer(_ bench: TrialBench) throws -> PlanAnswer {
    let estate = try bench.estate()
    let fleet = try bench.fleet(hosts, of: estate)
    let totals = estate.totals(of: fleet.cluster)
    let k = bench.tolerance(tolerate)
    func trials(_ n: Int) -> [Trial] {
      [Trial(fleet.overrides(count: n))]
        + (k > 0
          ? [Trial(fleet.overrides(count: n, down: k) + ["policies.failover={policy: none}"])]
          : [])
    }
    let least = k + 1
    var most = max(totals.vmCount + k, fleet.count, least)
    var details: [String] = []
    if let never = bench.obstacle(trials(most)) {
      let written = max(fleet.count, least)
      guard written < most, bench.obstacle(trials(written)) == nil else {
        return PlanAnswer(
          question: "hosts",
          sentence: "no number of hosts is enough: even with \(most), one per VM"
            + (k > 0 ? " and \(k) to spare" : "") + ", \(never.words)",
          json: [("hosts", .null), ("tolerate", .count(k))], isAnswered: false)
      }
      details.append("more hosts are not always better here: with \(most), \(never.words)")
      most = written
    }
    // Counted down from `most`: the claim "still enough" holds up to some number of hosts taken away.
    let search = ThresholdSearch(in: 0...(most - least), parts: ThresholdSearch.parts) { removed in
      bench.hold(removed.map { trials(most - $0) })
    }
    let count: Int
    switch search.outcome {
    case .never: count = most
    case .always: count = least
    case .upTo(let removed): count = most - removed
    }
    let fewer = count > least ? bench.obstacle(trials(count - 1)) : nil
    let reason =
      fewer.map {
        "with \(count - 1), \($0.isDegraded ? "\(k) of them down, " : "")\($0.words)"
      } ?? (k > 0 ? "fewer cannot lose \(k)" : "there is no fewer")
    let others = totals.hostCount - fleet.count
    let model = fleet.needed(for: totals, by: allocation, tolerate: k)
    let vmsPerHost = Double(totals.vmCount) / Double(count + others)
    details = ["\(short(vmsPerHost)) VMs per host" + besides(others, of: fleet.cluster)] + details
    details.append(
      "allocation model (\(allocation.words)): \(model.count) hosts, bound by \(model.binding)")
    if !search.exceptions.isEmpty {
      details.append(
        "not monotone: more hosts are not always better here; it holds again with "
          + search.exceptions.map { String(most - $0) }.reversed().joined(separator: ", "))
    }
    if count < fleet.count {
      details.append("hosts that are not needed stand in the proof as down (assume.hosts_down)")
    }
    return PlanAnswer(
      question: "hosts",
      sentence: "\(count) host\(count == 1 ? " of \(fleet.name) is" : "s of \(fleet.name) are")"
        + " enough at N+\(k) for \(totals.vmCount) VMs; \(reason)",
      details: details,
      json: [
        ("hosts", .count(count)), ("tolerate", .count(k)), ("host_entry", .text(fleet.name)),
        ("vms", .count(totals.vmCount)),
        ("fewer_fails_on", fewer.map { .text($0.words) } ?? .null),
        (
          "allocation_model",
          .object([("hosts", .integer(model.count)), ("binding", .text(model.binding))])
        ),
        ("monotone", .boolean(search.exceptions.isEmpty)),
        ("tried", .array(search.tried.reversed().map { .count(most - $0.number) })),
      ],
      proof: try bench.document(
        of: trials(count)[k > 0 ? 1 : 0], named: "\(bench.scenario.name)-\(count)-hosts"))
  }

  private func besides(_ others: Int, of cluster: String) -> String {
    others == 0
      ? "" : ", \(others) other host\(others == 1 ? "" : "s") of cluster \(cluster) counted in"
  }
}
