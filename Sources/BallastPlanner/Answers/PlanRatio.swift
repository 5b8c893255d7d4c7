import BallastMath
import BallastModel
import BallastScenario
import BallastUnits

/// `plan ratio`: how far hosts can be filled before each expectation breaks.
///
/// Rule      the ratio is raised in even steps; at each, every replicate is run. A replicate's breaking point is the last
///           step before the first at which the expectation is not met; the answer is their mean or, where some lie
///           outside the axis, their median (`BreakingPoints`). All steps are run, so monotony is seen, not assumed.
/// Left out  a step whose values make no scenario, such as one host where one must be kept for failures; it is named.
/// Limits    a breaking point is known to one step.
public struct PlanRatio: Sendable {
  /// What gets scarcer as the ratio rises.
  public enum Axis: String, Sendable, CaseIterable {
    /// VMs per host: fewer hosts of one entry.
    case hosts
    /// vCPUs per core: fewer cores per host, in all entries.
    case cpu
    /// Configured memory by the hosts' memory: less memory per host, in all entries.
    case memory
  }
  public var axis: Axis
  public var from: Double?
  public var to: Double?
  public var steps: Int
  public var repetitions: Int
  public var confidence: Double
  public var hosts: String?
  public var allocation: AllocationModel
  public init(
    axis: Axis, from: Double?, to: Double?, steps: Int, repetitions: Int, confidence: Double,
    hosts: String?, allocation: AllocationModel
  ) {
    self.axis = axis
    self.from = from
    self.to = to
    self.steps = steps
    self.repetitions = repetitions
    self.confidence = confidence
    self.hosts = hosts
    self.allocation = allocation
  }

  /// One point of the axis: the ratio as it comes out, and what makes it.
  struct Step {
    var ratio: Double
    var overrides: [String]
    /// How many of the hosts that are varied, where they are.
    var hosts: Int?
    var words: String {
      hosts.map { "\($0) host\($0 == 1 ? "" : "s")" } ?? overrides.joined(separator: " ")
    }
  }

  /// A step whose values make no scenario.
  private struct LeftOut {
    var step: Step
    var reason: String
    var words: String { "\(short(step.ratio)) (\(step.words))" }
  }

  public func answer(_ bench: TrialBench) throws -> PlanAnswer {
    let estate = try bench.estate()
    let fleet = axis == .hosts ? try bench.fleet(hosts, of: estate) : nil
    let planned = try plannedSteps(estate, fleet)
    let isChancy = repetitions > 1 && bench.dependsOnChance()
    let count = isChancy ? repetitions : 1
    let trials = planned.map { step in (0..<count).map { Trial(step.overrides, replicate: $0) } }
    bench.expect(trials.flatMap(\.self))
    let results = bench.run(trials.flatMap(\.self))
    if bench.wasStopped { return PlanAnswer(question: "ratio", sentence: "", isAnswered: false) }
    var steps: [Step] = []
    var grid: [[TrialResult]] = []
    var leftOut: [LeftOut] = []
    for (index, step) in planned.enumerated() {
      let row = results[(index * count)..<((index + 1) * count)]
      do throws(TrialError) {
        grid.append(try row.map { result throws(TrialError) in try result.get() })
        steps.append(step)
      } catch {
        leftOut.append(LeftOut(step: step, reason: error.words))
      }
    }
    guard !steps.isEmpty else {
      throw PlanError(
        "no step makes a scenario: \(leftOut[0].words): \(leftOut[0].reason)",
        remedy: "choose another range with --from and --to")
    }
    let seed = bench.scenario.seed
    var claims: [Claim] = [claim("everything", steps, grid, seed, \.holds)]
    if grid.joined().contains(where: { !$0.expectsRefusals && !$0.refused.isEmpty }) {
      claims.append(claim("every VM is admitted", steps, grid, seed) { $0.refused.isEmpty })
    }
    for index in grid[0][0].verdicts.indices {
      claims.append(
        claim(grid[0][0].verdicts[index].text, steps, grid, seed) { $0.verdicts[index].isMet })
    }
    return try report(claims, steps, leftOut, grid, bench, estate, fleet, isChancy)
  }

  // MARK: Steps

  private func plannedSteps(_ estate: Estate, _ fleet: Fleet?) throws -> [Step] {
    let now = currentRatio(estate, fleet)
    let low = from ?? (axis == .memory ? 1 : now)
    let high = to ?? (axis == .memory ? 2 : now * 3)
    guard low > 0, high > low, high.isFinite, steps >= 2 else {
      throw PlanError(
        "a range from \(short(low)) to \(short(high)) in \(steps) steps is none",
        remedy: "let --from be above 0 and below --to, and --steps at least 2")
    }
    var made: [Step] = []
    for index in 0..<steps {
      let wanted = low + (high - low) * Double(index) / Double(steps - 1)
      let step = step(wanted, now, estate, fleet)
      // Whole cores and hosts: several wishes may come out as one.
      if made.last?.overrides != step.overrides { made.append(step) }
    }
    guard made.count >= 2 else {
      throw PlanError(
        "the whole range comes out as one number of \(axis.rawValue)",
        remedy: "widen --from and --to")
    }
    return made
  }

  /// Of hosts, those of the cluster count.
  private func currentRatio(_ estate: Estate, _ fleet: Fleet?) -> Double {
    switch axis {
    case .hosts:
      Double(estate.totals(of: fleet!.cluster).vmCount)
        / Double(estate.totals(of: fleet!.cluster).hostCount)
    case .cpu: Double(estate.whole.vcpus) / Double(estate.whole.cores)
    case .memory: Double(estate.whole.memory.value) / Double(estate.whole.hostMemory.value)
    }
  }

  private func step(
    _ wanted: Double, _ now: Double, _ estate: Estate, _ fleet: Fleet?
  ) -> Step {
    switch axis {
    case .hosts:
      let totals = estate.totals(of: fleet!.cluster)
      let others = totals.hostCount - fleet!.count
      let count = max(whole((Double(totals.vmCount) / wanted).rounded()) - others, 1)
      return Step(
        ratio: Double(totals.vmCount) / Double(count + others),
        overrides: fleet!.overrides(count: count), hosts: count)
    case .cpu:
      var cores = 0.0
      let overrides = estate.groups.map { group in
        let count = whole((Double(group.entry.coresPerSocket) * now / wanted).rounded())
        cores += Double(count) * Double(group.entry.sockets) * Double(group.entry.count)
        return "\(group.path).cpu.cores=\(count)"
      }
      return Step(ratio: Double(estate.whole.vcpus) / cores, overrides: overrides)
    case .memory:
      var memory = 0.0
      let overrides = estate.groups.map { group in
        let size = whole(Double(group.entry.memory.value >> 20) * now / wanted)
        memory += Double(size) * Double(group.entry.count) * 0x1p20
        return "\(group.path).memory=\(size)MiB"
      }
      return Step(ratio: Double(estate.whole.memory.value) / memory, overrides: overrides)
    }
  }

  /// Rounded down, at least 1; at most 2⁴⁰, of which no scenario can be made.
  private func whole(_ value: Double) -> Int { Int(min(max(value, 1), 0x1p40)) }

  // MARK: Claims

  /// One claim along the axis.
  struct Claim {
    var text: String
    /// Per step, of all replicates.
    var metShare: [Double]
    /// The last step before the first failure per replicate.
    var breaks: BreakingPoints
    /// Steps at which a replicate holds after it had failed.
    var returns: [Int]
    var neverBreaks: Bool { breaks.neverBreaks }
    var neverHolds: Bool { breaks.neverHolds }
  }

  private func claim(
    _ text: String, _ steps: [Step], _ grid: [[TrialResult]], _ seed: UInt64,
    _ holds: (TrialResult) -> Bool
  ) -> Claim {
    let met = grid.map { $0.map(holds) }
    let replicates = grid[0].indices
    let last = replicates.map { replicate -> Int? in
      let first = met.firstIndex { !$0[replicate] } ?? met.count
      return first == 0 ? nil : first - 1
    }
    let returns = met.indices.filter { step in
      replicates.contains { met[step][$0] && step > (last[$0] ?? -1) }
    }
    return Claim(
      text: text,
      metShare: met.map { Double($0.count { $0 }) / Double($0.count) },
      breaks: BreakingPoints(
        ratios: steps.map(\.ratio), lastHeld: last, confidence: confidence, seed: seed),
      returns: returns)
  }

  private var what: String {
    switch axis {
    case .hosts: "VMs per host"
    case .cpu: "vCPUs per core"
    case .memory: "× memory overcommit"
    }
  }

  private func report(
    _ claims: [Claim], _ steps: [Step], _ leftOut: [LeftOut], _ grid: [[TrialResult]],
    _ bench: TrialBench, _ estate: Estate, _ fleet: Fleet?, _ isChancy: Bool
  ) throws -> PlanAnswer {
    let all = claims[0]
    let first = claims.dropFirst().min { $0.breaks.order < $1.breaks.order }
    var sentence: String
    if all.neverHolds {
      let reason = grid[0][0].obstacle ?? "an expectation is not met"
      sentence = "not even \(short(steps[0].ratio)) \(what) holds: \(reason)"
    } else if all.neverBreaks {
      sentence = "at least \(short(steps.last!.ratio)) \(what): nothing breaks up to there"
      if let beyond = leftOut.first(where: { $0.step.ratio > steps.last!.ratio }) {
        sentence += ", and \(beyond.words) makes no scenario"
      }
    } else {
      sentence = "\(all.breaks.words) \(what); then \(first?.text ?? "an expectation") breaks first"
    }
    var details = claims.dropFirst().map { claim in
      claim.neverBreaks
        ? "\(claim.text): holds throughout"
        : claim.neverHolds
          ? "\(claim.text): holds nowhere" : "\(claim.text): holds up to \(claim.breaks.words)"
    }
    details.append(
      "steps: "
        + steps.indices.map {
          "\(short(steps[$0].ratio)) \(short(all.metShare[$0] * 100)) %"
        }.joined(separator: ", ") + " of replicates hold")
    details += leftOut.map { "left out: \($0.words) makes no scenario: \($0.reason)" }
    if all.breaks.below > 0, !all.neverHolds {
      details.append(
        "\(all.breaks.below) of \(grid[0].count) replicates do not hold at \(short(steps[0].ratio)):"
          + " look lower with --from")
    }
    for claim in claims where !claim.returns.isEmpty {
      details.append(
        "not monotone: \(claim.text) holds again at "
          + claim.returns.map { short(steps[$0].ratio) }.joined(separator: ", "))
    }
    if !isChancy, repetitions > 1 { details.append(TrialBench.noChance) }
    let allowed: Double
    switch axis {
    case .hosts:
      let totals = estate.totals(of: fleet!.cluster)
      let model = fleet!.needed(for: totals, by: allocation, tolerate: 0)
      allowed =
        Double(totals.vmCount) / Double(Int(model.count) + totals.hostCount - fleet!.count)
    case .cpu: allowed = Double(allocation.cpuRatio.value) / 1e6
    case .memory: allowed = Double(allocation.memoryRatio.value) / 1e6
    }
    details.append("allocation model (\(allocation.words)): \(short(allowed)) \(what)")
    let held = all.breaks.lastHeld.compactMap { $0 }.min()
    return PlanAnswer(
      question: "ratio", sentence: sentence, details: details,
      json: [
        ("axis", .text(axis.rawValue)), ("unit", .text(what)),
        ("steps", .array(steps.map { .number($0.ratio) })),
        (
          "left_out",
          .array(
            leftOut.map {
              .object([("ratio", .number($0.step.ratio)), ("reason", .text($0.reason))])
            })
        ),
        ("repetitions", .count(grid[0].count)),
        (
          "claims",
          .array(
            claims.map { claim in
              .object([
                ("text", .text(claim.text)),
                ("met_share", .array(claim.metShare.map { .number($0) })),
                ("breaks_after", claim.breaks.json),
                ("never_breaks", .boolean(claim.neverBreaks)),
                ("never_holds", .boolean(claim.neverHolds)),
                ("monotone", .boolean(claim.returns.isEmpty)),
              ])
            })
        ), ("allocation_model", .number(allowed)),
      ],
      proof: try held.map {
        try bench.document(of: Trial(steps[$0].overrides), named: bench.scenario.name + "-ratio")
      }, isAnswered: !all.neverHolds)
  }
}
