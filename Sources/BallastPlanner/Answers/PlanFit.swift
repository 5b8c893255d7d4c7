import BallastModel
import BallastScenario
import BallastSimulator
import BallastUnits

/// `plan fit`: how many more VMs of a shape run without breaking an expectation, and what stops the next.
///
/// Rule      n fit when the scenario with n more holds as it is, and with k hosts down and nothing kept for failures.
///           The answer is the largest n below the first that does not, found by search up to `most`.
public struct PlanFit: Sendable {
  /// The name of a VM entry, of which there will be more, or keys of one: "vcpus=4,memory=16GiB,cpu=35%".
  public var shape: String
  public var hosts: String?
  public var tolerate: Int?
  public var allocation: AllocationModel
  public var most: Int
  public init(
    shape: String, hosts: String?, tolerate: Int?, allocation: AllocationModel, most: Int = 10_000
  ) {
    self.shape = shape
    self.hosts = hosts
    self.tolerate = tolerate
    self.allocation = allocation
    self.most = most
  }

  /// A shape, and how a scenario gets n more of it.
  struct Shape {
    var name: String
    var vcpus: Int64
    var memory: Bytes
    var cluster: String
    /// VMs of the entry that are there already.
    var present: Int
    var isWritten: Bool
    /// The entry's keys as YAML, without its name and count.
    var keys: String

    func overrides(_ n: Int) -> [String] {
      if n == 0 { return [] }
      if isWritten { return ["vms.\(pathSegment(name)).count=\(present + n)"] }
      return ["vms.+={name: \(name), count: \(n), \(keys)}"]
    }
    /// Names of the new VMs begin with this.
    func isNew(_ vm: String, from present: Int) -> Bool {
      guard vm == name || vm.hasPrefix(name + "-") else { return false }
      guard isWritten else { return true }
      return Int(vm.dropFirst(name.count + 1)).map { $0 >= present } ?? false
    }
  }

  public func answer(_ bench: TrialBench) throws -> PlanAnswer {
    let shape = try shape(of: bench)
    let estate = try bench.estate()
    let k = bench.tolerance(tolerate)
    let lost = try bench.losing(k, of: estate, in: shape.cluster, named: hosts)
    func trials(_ n: Int) -> [Trial] {
      [Trial(shape.overrides(n))]
        + (k > 0 ? [Trial(shape.overrides(n) + lost.overrides)] : [])
    }
    let search = ThresholdSearch(in: 0...most, parts: ThresholdSearch.parts) { numbers in
      bench.hold(numbers.map(trials))
    }
    let totals = estate.totals(of: shape.cluster)
    let model = allocation.fit(
      vcpus: totals.vcpus, memory: totals.memory, size: (shape.vcpus, shape.memory),
      cores: totals.cores - lost.cores, hostMemory: totals.hostMemory - lost.memory)
    var details = [
      "allocation model (\(allocation.words)): \(model.count) more, bound by \(model.binding)"
    ]
    if !search.exceptions.isEmpty {
      details.append(
        "not monotone: it holds again with \(search.exceptions.map(String.init).joined(separator: ", "))"
          + " more; the answer is the first edge")
    }
    var json: [JSON.Member] = [
      ("shape", .text(self.shape)), ("tolerate", .count(k)),
      (
        "allocation_model",
        .object([("more", .integer(model.count)), ("binding", .text(model.binding))])
      ),
      ("monotone", .boolean(search.exceptions.isEmpty)),
      ("tried", .array(search.tried.map { .count($0.number) })),
    ]
    let count: Int
    switch search.outcome {
    case .never:
      let words = bench.obstacle(trials(0)).map {
        ($0.isDegraded ? "with \(k) hosts down, " : "") + $0.words
      }
      return PlanAnswer(
        question: "fit",
        sentence: "none fits: the scenario does not hold as it is: \(words ?? "it does not run")",
        details: details, json: [("more", .count(0))] + json, isAnswered: false)
    case .always: count = most
    case .upTo(let n): count = n
    }
    let next = search.outcome == .always ? nil : bench.obstacle(trials(count + 1))
    let per = try perHost(bench.run(trials(count)[0]), shape)
    let takers = per.filter { $0.count > 0 }
    if !takers.isEmpty {
      details.insert(
        "per host: " + takers.map { "\($0.host) \($0.count)" }.joined(separator: ", "), at: 0)
    }
    json.insert(("more", .count(count)), at: 0)
    json.append(("next_fails_on", next.map { .text($0.words) } ?? .null))
    json.append(
      ("per_host", .object(per.map { ($0.host, .count($0.count)) })))
    let sentence =
      next.map {
        "\(count) more fit; the next fails at N+\(k)"
          + ($0.isDegraded ? " with \(k) of the hosts down" : "") + ": \($0.words)"
      } ?? "at least \(count) more fit at N+\(k); --most \(most) ended the search"
    return PlanAnswer(
      question: "fit", sentence: sentence, details: details, json: json,
      proof: try bench.document(
        of: trials(count)[k > 0 ? 1 : 0], named: "\(bench.scenario.name)-\(count)-more"))
  }

  // MARK: Shapes

  private func shape(of bench: TrialBench) throws -> Shape {
    let scenario = bench.scenario
    if let entry = scenario.vms.first(where: { $0.name == shape }) {
      guard entry.from == nil, let vcpus = entry.vcpus, let memory = entry.memory else {
        throw PlanError(
          "the VMs of \(shape) come from a trace, one per series, so there cannot be more of them",
          remedy: "describe one: --vm vcpus=4,memory=16GiB,cpu=35%")
      }
      return Shape(
        name: shape, vcpus: Int64(vcpus), memory: memory,
        cluster: entry.cluster ?? scenario.clusters[0].name, present: entry.count,
        isWritten: true, keys: "")
    }
    guard shape.contains("=") else {
      let names = scenario.vms.compactMap(\.name)
      throw PlanError(
        "no VM entry is called \(shape)",
        remedy:
          "write one of \(names.joined(separator: ", ")), or a shape: vcpus=4,memory=16GiB,cpu=35%")
    }
    var name = "more"
    while scenario.vms.contains(where: { $0.name == name }) { name += "-more" }
    let draft = Shape(
      name: name, vcpus: 0, memory: .zero, cluster: "", present: 0, isWritten: false,
      keys: try keys(scenario))
    let read: Scenario
    do {
      read = try bench.draft.scenario(with: draft.overrides(1)).scenario
    } catch {
      let problem = error.problems[0]
      throw PlanError(
        "--vm \(shape): \(problem.message)", remedy: problem.remedy ?? "mend the shape",
        isWrongValue: true)
    }
    let entry = read.vms.last!
    return Shape(
      name: name, vcpus: Int64(entry.vcpus ?? 0), memory: entry.memory ?? .zero,
      cluster: entry.cluster ?? read.clusters[0].name, present: 0, isWritten: false,
      keys: draft.keys)
  }

  /// "vcpus=4,memory=16GiB,cpu=35%" as keys of a VM entry. `cpu`, `active` and `touched` are its workload.
  private func keys(_ scenario: Scenario) throws(PlanError) -> String {
    var plain: [String] = []
    var workload: [String] = []
    var memory: [String] = []
    var given: Set<String> = []
    for part in shape.split(separator: ",") {
      let sides = part.split(separator: "=", maxSplits: 1).map(String.init)
      guard sides.count == 2 else {
        throw PlanError(
          "\(part) is no part of a shape", remedy: "write NAME=VALUE, as in vcpus=4,memory=16GiB")
      }
      guard given.insert(sides[0]).inserted else {
        throw PlanError("--vm \(shape): \(sides[0]) is there twice", remedy: "say it once")
      }
      switch sides[0] {
      case "cpu": workload.append("cpu: \(sides[1])")
      case "active", "touched": memory.append("\(sides[0]): \(sides[1])")
      case "cpu_reservation": plain.append("cpu: {reservation: \(sides[1])}")
      case "memory_reservation": plain.append("memory_policy: {reservation: \(sides[1])}")
      case "vcpus", "memory", "cluster", "pool", "host", "image":
        plain.append("\(sides[0]): \(sides[1])")
      default:
        throw PlanError(
          "a shape has no \(sides[0])",
          remedy:
            "it has vcpus, memory, cpu, active, touched, cpu_reservation, memory_reservation, "
            + "cluster, pool, host, image")
      }
    }
    let missing =
      ["vcpus", "memory"].filter { !given.contains($0) }
      + (scenario.clusters.count > 1 && !given.contains("cluster") ? ["cluster"] : [])
    guard missing.isEmpty else {
      throw PlanError(
        "--vm \(shape) does not say \(missing.joined(separator: " and "))",
        remedy: "a new VM needs "
          + (scenario.clusters.count > 1
            ? "vcpus, memory and one of the clusters "
              + scenario.clusters.map(\.name).joined(separator: ", ")
            : "vcpus and memory")
          + ": --vm vcpus=4,memory=16GiB,cpu=35%")
    }
    if !memory.isEmpty { workload.append("memory: {\(memory.joined(separator: ", "))}") }
    if !workload.isEmpty { plain.append("workload: {\(workload.joined(separator: ", "))}") }
    return plain.joined(separator: ", ")
  }

  // MARK: Hosts

  private func perHost(
    _ result: Result<TrialResult, TrialError>, _ shape: Shape
  ) throws -> [(host: String, count: Int)] {
    guard case .success(let result) = result else { return [] }
    return result.hosts.map { host in
      (host, result.vms.count { $0.host == host && shape.isNew($0.name, from: shape.present) })
    }
  }
}
