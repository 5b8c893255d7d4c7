import BallastMath
import BallastModel
import BallastScenario
import BallastUnits

/// `plan sensitivity`: which assumption moves the measured values most? A tornado table.
///
/// Rule      one assumption at a time is set low and high, the rest stays; both sides see the same seeds and orders of
///           traces as the scenario itself (common random numbers), so differences are of the assumption. Rows are in
///           order of the largest change of the first expectation that has a number.
public struct PlanSensitivity: Sendable {
  public var repetitions: Int
  public var confidence: Double
  /// Of demand: 0.2 is ± 20 %.
  public var spread: Double
  public init(repetitions: Int, confidence: Double, spread: Double) {
    self.repetitions = repetitions
    self.confidence = confidence
    self.spread = spread
  }

  struct Assumption {
    var name: String
    var low: (text: String, overrides: [String])
    var high: (text: String, overrides: [String])
  }

  func assumptions(_ bench: TrialBench) -> [Assumption] {
    let less = "\(short((1 - spread) * 100))%"
    let more = "\(short((1 + spread) * 100))%"
    // A profile that is only named becomes a map, so that it can have parameters.
    let profile =
      bench.draft.isCompound("hypervisor")
      ? [] : ["hypervisor={profile: \(bench.scenario.profile.name)}"]
    return [
      Assumption(
        name: "CPU demand", low: (less, ["assume.cpu_demand=\(less)"]),
        high: (more, ["assume.cpu_demand=\(more)"])),
      Assumption(
        name: "memory in use", low: (less, ["assume.memory_demand=\(less)"]),
        high: (more, ["assume.memory_demand=\(more)"])),
      Assumption(
        name: "page sharing", low: ("off", profile + ["hypervisor.page_sharing=off"]),
        high: ("between VMs", profile + ["hypervisor.page_sharing=between_vms"])),
      Assumption(
        name: "overhead per VM", low: ("0MiB", profile + ["hypervisor.vm_overhead=0MiB"]),
        high: ("512MiB", profile + ["hypervisor.vm_overhead=512MiB"])),
      Assumption(
        name: "host's own memory", low: ("0MiB", profile + ["hypervisor.host_reserve=0MiB"]),
        high: ("8GiB", profile + ["hypervisor.host_reserve=8GiB"])),
    ]
  }

  public func answer(_ bench: TrialBench) throws -> PlanAnswer {
    let isChancy = repetitions > 1 && bench.dependsOnChance()
    let count = isChancy ? repetitions : 1
    func replicates(_ overrides: [String]) -> [Trial] {
      (0..<count).map { Trial(overrides, replicate: $0) }
    }
    let assumptions = assumptions(bench)
    let trials =
      replicates([])
      + assumptions.flatMap { replicates($0.low.overrides) + replicates($0.high.overrides) }
    bench.expect(trials)
    let results = bench.run(trials)
    if bench.wasStopped {
      return PlanAnswer(question: "sensitivity", sentence: "", isAnswered: false)
    }
    func values(_ first: Int, _ verdict: Int) -> [Double]? {
      let values = (0..<count).compactMap { replicate -> Double? in
        (try? results[first + replicate].get())?.verdicts[verdict].value.map { Double($0) / 1_000 }
      }
      return values.count == count ? values : nil
    }
    guard case .success(let base) = results[0],
      let verdict = base.verdicts.firstIndex(where: { $0.value != nil })
    else {
      throw PlanError(
        "no expectation of the scenario measures a number",
        remedy:
          "expect one, such as {metric: cpu_ready_pct_per_vcpu, of: {vms: \"*\"}, statistic: p95, at_most: 5}"
      )
    }
    let text = base.verdicts[verdict].text
    let middle = values(0, verdict)!
    var rows: [(assumption: Assumption, low: Repeated, high: Repeated)] = []
    var details: [String] = []
    for (index, assumption) in assumptions.enumerated() {
      let first = count * (1 + 2 * index)
      guard let low = values(first, verdict), let high = values(first + count, verdict) else {
        let failures = results[first..<(first + 2 * count)].compactMap { result in
          if case .failure(let error) = result { return error.words }
          return nil as String?
        }
        details.append(
          "\(assumption.name): not varied: \(failures.first ?? "nothing was measured")")
        continue
      }
      func difference(_ values: [Double], _ side: String) -> Repeated {
        Repeated(
          zip(values, middle).map { $0 - $1 }, confidence: confidence, seed: bench.scenario.seed,
          named: "\(assumption.name)/\(side)")
      }
      rows.append((assumption, difference(low, "low"), difference(high, "high")))
    }
    func swing(_ row: (assumption: Assumption, low: Repeated, high: Repeated)) -> Double {
      max(abs(row.low.mean), abs(row.high.mean))
    }
    rows = rows.enumerated().sorted {
      (swing($1.element), $0.offset) < (swing($0.element), $1.offset)
    }.map(\.element)
    details =
      rows.map { row in
        "\(row.assumption.name): \(row.assumption.low.text) \(signed(row.low)), "
          + "\(row.assumption.high.text) \(signed(row.high))"
      } + details
    if !isChancy, repetitions > 1 { details.append(TrialBench.noChance) }
    let top = rows.first
    let sentence: String
    if let top, swing(top) > 0 {
      sentence =
        "\(top.assumption.name) matters most for \(text): \(short(Statistics.mean(middle)!)) "
        + "becomes \(short(Statistics.mean(middle)! + top.low.mean)) at \(top.assumption.low.text) "
        + "and \(short(Statistics.mean(middle)! + top.high.mean)) at \(top.assumption.high.text)"
    } else {
      sentence = "none of the assumptions changes \(text): \(short(Statistics.mean(middle)!))"
    }
    return PlanAnswer(
      question: "sensitivity", sentence: sentence, details: details,
      json: [
        ("expectation", .text(text)), ("base", .number(Statistics.mean(middle)!)),
        ("repetitions", .count(count)),
        (
          "assumptions",
          .array(
            rows.map { row in
              .object([
                ("name", .text(row.assumption.name)), ("low", .text(row.assumption.low.text)),
                ("low_change", row.low.json), ("high", .text(row.assumption.high.text)),
                ("high_change", row.high.json),
              ])
            })
        ),
      ],
      proof: try top.map {
        try bench.document(
          of: Trial($0.assumption.high.overrides), named: bench.scenario.name + "-sensitivity")
      })
  }

  private func signed(_ value: Repeated) -> String {
    let sign = value.mean > 0 ? "+" : ""
    guard let interval = value.student, !value.isConstant else { return sign + short(value.mean) }
    return sign + words(interval, confidence: confidence)
  }
}
