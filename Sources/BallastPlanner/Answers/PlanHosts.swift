import BallastModel
import BallastScenario
import BallastUnits

/// `plan hosts`: the fewest hosts with which every expectation is met, also while `tolerate` of them are down.
///
/// Rule      n is enough when the scenario holds with n hosts as it is, and with n − k hosts and nothing kept for failures
///           (they have happened). The answer is the smallest n, found by search; hosts of one entry are varied.
/// Never     tried first: one host per VM and k more. Where even these are not enough, no number is.
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
    let group = try estate.group(hosts)
    let k = bench.tolerance(tolerate)
    let countPath = "\(group.path).count"
    func trials(_ n: Int) -> [Trial] {
      [Trial(["\(countPath)=\(n)"])]
        + (k > 0 ? [Trial(["\(countPath)=\(n - k)", "policies.failover={policy: none}"])] : [])
    }
    func obstacle(_ n: Int) -> (words: String, isDegraded: Bool)? {
      for (index, result) in bench.run(trials(n)).enumerated() {
        switch result {
        case .failure(let error): return (error.words, index > 0)
        case .success(let result):
          if let words = result.obstacle { return (words, index > 0) }
        }
      }
      return nil
    }
    let least = k + 1
    let most = max(estate.vmCount + k, group.entry.count, least)
    if let never = obstacle(most) {
      return PlanAnswer(
        question: "hosts",
        sentence: "no number of hosts is enough: even with \(most), one per VM"
          + (k > 0 ? " and \(k) to spare" : "") + ", \(never.words)",
        json: [("hosts", .null), ("tolerate", .count(k))], isAnswered: false)
    }
    // Counted down from `most`: the claim "still enough" holds up to some number of hosts taken away.
    let search = ThresholdSearch(in: 0...(most - least), parts: bench.workers) { removed in
      let answers = bench.run(removed.flatMap { trials(most - $0) })
      return removed.indices.map { index in
        answers[(index * (k > 0 ? 2 : 1))..<((index + 1) * (k > 0 ? 2 : 1))].allSatisfy {
          (try? $0.get())?.holds ?? false
        }
      }
    }
    let count: Int
    switch search.outcome {
    case .never: count = most
    case .always: count = least
    case .upTo(let removed): count = most - removed
    }
    let fewer = count > least ? obstacle(count - 1) : nil
    let reason =
      fewer.map {
        "with \(count - 1), \($0.isDegraded ? "\(k) of them down, " : "")\($0.words)"
      } ?? "fewer cannot lose \(k)"
    let model = allocation.hosts(
      vcpus: estate.vcpus, memory: estate.memory, cores: Int64(group.coresPerHost),
      hostMemory: group.entry.memory, tolerate: k)
    var details = [
      "allocation model (\(allocation.words)): \(model.count) hosts, bound by \(model.binding)"
    ]
    if !search.exceptions.isEmpty {
      details.append(
        "not monotone: more hosts are not always better here; the claim turns at "
          + search.exceptions.map { String(most - $0) }.reversed().joined(separator: ", ")
          + " hosts; the answer is one edge of several")
    }
    let vmsPerHost = Double(estate.vmCount) / Double(count)
    return PlanAnswer(
      question: "hosts",
      sentence: "\(count) hosts of \(group.name) are enough at N+\(k) for \(estate.vmCount) VMs; "
        + reason,
      details: ["\(short(vmsPerHost)) VMs per host"] + details,
      json: [
        ("hosts", .count(count)), ("tolerate", .count(k)), ("host_entry", .text(group.name)),
        ("vms", .count(estate.vmCount)), ("fewer_fails_on", fewer.map { .text($0.words) } ?? .null),
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
}
