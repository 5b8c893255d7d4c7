import BallastModel
import BallastScenario
import BallastUnits

/// `plan limits`: for each VM entry the lowest limit and the lowest reservation that keep every expectation, the highest
/// limit that does, and who is hurt by the lowest.
///
/// Rule      the limit of an entry goes over even steps up to a VM's size, its reservation from 0 up; the rest stays as
///           written. All steps are run: a limit helps neighbours and hurts its own VMs, so neither end is taken for granted.
/// Together  the lowest limits of all entries at once are one more trial: what keeps expectations alone may not together.
public struct PlanLimits: Sendable {
  public enum Resource: String, Sendable, CaseIterable { case cpu, memory }
  public var resource: Resource
  /// Nil: all entries.
  public var vm: String?
  public var steps: Int
  public init(resource: Resource, vm: String?, steps: Int) {
    self.resource = resource
    self.vm = vm
    self.steps = steps
  }

  private var key: String { resource == .cpu ? "cpu" : "memory_policy" }

  /// What was found for one entry; amounts are texts of a scenario.
  struct Found {
    var entry: String
    var size: String
    var lowestLimit: String?
    var highestLimit: String?
    var lowestReservation: String?
    /// Limits that hold above one that does not.
    var gaps: Int
    var hurt: [String]
  }

  public func answer(_ bench: TrialBench) throws -> PlanAnswer {
    let entries = try chosen(bench.scenario)
    let base = bench.run(Trial())
    guard case .success(let asWritten) = base else {
      throw PlanError("the scenario does not run", remedy: "look at it with ballast validate")
    }
    var trials: [Trial] = []
    for entry in entries {
      for step in 1...steps { trials.append(limit(entry, step)) }
      for step in 0...steps { trials.append(reservation(entry, step)) }
    }
    _ = bench.run(trials)
    if bench.wasStopped { return PlanAnswer(question: "limits", sentence: "", isAnswered: false) }
    func holds(_ trial: Trial) -> Bool { (try? bench.run(trial).get())?.holds ?? false }
    let found = entries.map { entry -> Found in
      let held = (1...steps).filter { holds(limit(entry, $0)) }
      let reserved = (0...steps).first { holds(reservation(entry, $0)) }
      let lowest = held.first
      return Found(
        entry: entry.name, size: amount(entry, steps),
        lowestLimit: lowest.map { amount(entry, $0) },
        highestLimit: held.last == steps && asWritten.holds
          ? "unlimited" : held.last.map { amount(entry, $0) },
        lowestReservation: reserved.map { $0 == 0 ? "0" : amount(entry, $0) },
        gaps: lowest.map { held.last! - $0 + 1 - held.count } ?? 0,
        hurt: lowest.flatMap { try? bench.run(limit(entry, $0)).get() }
          .map { Self.hurt(by: $0, against: asWritten) } ?? [])
    }
    return try report(found, entries, asWritten, bench)
  }

  // MARK: Steps

  struct Entry {
    var name: String
    /// Of one VM: kHz or bytes.
    var size: Int64
    /// Highest limit that the written reservation allows to go down to.
    var path: String
  }

  private func chosen(_ scenario: Scenario) throws(PlanError) -> [Entry] {
    var entries: [Entry] = []
    for (index, spec) in scenario.vms.enumerated() {
      guard vm == nil || spec.name == vm else { continue }
      guard let vcpus = spec.vcpus, let memory = spec.memory else { continue }
      let cluster = scenario.clusters.first { $0.name == spec.cluster } ?? scenario.clusters[0]
      let rate = cluster.hosts.map(\.coreRate).max() ?? .zero
      entries.append(
        Entry(
          name: spec.name ?? String(index),
          size: resource == .cpu ? rate.value * Int64(vcpus) : memory.value,
          path: "vms.\(spec.name.map(pathSegment) ?? String(index)).\(key)"))
    }
    if !entries.isEmpty { return entries }
    throw PlanError(
      vm.map { "no VM entry with a size is called \($0)" } ?? "no VM entry has a size of its own",
      remedy:
        "name an entry with vcpus and memory: \(scenario.vms.compactMap(\.name).joined(separator: ", "))"
    )
  }

  private func amount(_ entry: Entry, _ step: Int) -> String {
    let part = scaled(entry.size, by: Int64(step), over: Int64(steps))
    return resource == .cpu ? "\(max(part / 1_000, 1))MHz" : "\(max(part >> 20, 1))MiB"
  }

  /// A limit below the written reservation would be an error: the reservation gives way.
  private func limit(_ entry: Entry, _ step: Int) -> Trial {
    Trial(["\(entry.path).limit=\(amount(entry, step))", "\(entry.path).reservation=\(zero)"])
  }

  private func reservation(_ entry: Entry, _ step: Int) -> Trial {
    Trial(["\(entry.path).reservation=\(step == 0 ? zero : amount(entry, step))"])
  }

  private var zero: String { resource == .cpu ? "0MHz" : "0MiB" }

  /// VMs that wait or lose at least one percentage point more, worst first, at most five.
  static func hurt(by result: TrialResult, against base: TrialResult) -> [String] {
    func points(_ after: Int64, _ before: Int64) -> Int64 {
      after == emptyCell ? 0 : after - (before == emptyCell ? 0 : before)
    }
    let before = Dictionary(uniqueKeysWithValues: base.vms.map { ($0.name, $0) })
    let worse = result.vms.compactMap { vm -> (name: String, points: Int64)? in
      guard let old = before[vm.name] else { return nil }
      let points = max(
        points(vm.readyP95, old.readyP95), points(vm.slowdown, old.slowdown))
      return points >= 1_000 ? (vm.name, points) : nil
    }
    let ranked = worse.enumerated().sorted {
      ($1.element.points, $0.offset) < ($0.element.points, $1.offset)
    }.map(\.element)
    let shown = ranked.prefix(5).map { "\($0.name) +\(decimal($0.points, places: 3)) points" }
    return ranked.count > 5 ? shown + ["\(ranked.count - 5) more"] : Array(shown)
  }

  // MARK: Words

  private func report(
    _ found: [Found], _ entries: [Entry], _ base: TrialResult, _ bench: TrialBench
  ) throws -> PlanAnswer {
    // Where the scenario holds as written, each entry gets its lowest limit; else the one change that mends it.
    var changes: [String] = []
    var sentence: String
    if base.holds {
      for (found, entry) in zip(found, entries) where found.lowestLimit != nil {
        changes += [
          "\(entry.path).limit=\(found.lowestLimit!)", "\(entry.path).reservation=\(zero)",
        ]
      }
      let together = !changes.isEmpty && (try? bench.run(Trial(changes)).get())?.holds ?? false
      let lowest = found.map { "\($0.entry) \($0.lowestLimit ?? "none")" }
      sentence =
        "lowest \(resource.rawValue) limits that keep the expectations: "
        + lowest.joined(separator: ", ")
        + (together ? "; also all at once" : found.count > 1 ? "; each alone, not all at once" : "")
      if !together { changes = found.count == 1 ? changes : [] }
    } else if let mended = zip(found, entries).first(where: { $0.0.highestLimit != nil }) {
      sentence =
        "the scenario does not hold as written (\(base.obstacle ?? "")); "
        + "a \(resource.rawValue) limit of at most \(mended.0.highestLimit!) for \(mended.0.entry) mends it"
      changes = [
        "\(mended.1.path).limit=\(mended.0.highestLimit!)", "\(mended.1.path).reservation=\(zero)",
      ]
    } else if let mended = zip(found, entries).first(where: { $0.0.lowestReservation != nil }) {
      sentence =
        "the scenario does not hold as written (\(base.obstacle ?? "")); "
        + "a \(resource.rawValue) reservation of \(mended.0.lowestReservation!) for \(mended.0.entry) mends it"
      changes = ["\(mended.1.path).reservation=\(mended.0.lowestReservation!)"]
    } else {
      sentence =
        "no single \(resource.rawValue) limit or reservation keeps the expectations: "
        + (base.obstacle ?? "")
    }
    let details = found.map { found in
      var line = "\(found.entry) (size \(found.size)): "
      line +=
        found.lowestLimit.map { "limits from \($0) to \(found.highestLimit!) hold" }
        ?? "no limit holds"
      line +=
        found.lowestReservation.map { "; reservation from \($0)" }
        ?? "; no reservation holds"
      if found.gaps > 0 { line += "; not monotone: \(found.gaps) steps between do not hold" }
      if !found.hurt.isEmpty {
        line += "; hurt by the lowest: " + found.hurt.joined(separator: ", ")
      }
      return line
    }
    let isAnswered = base.holds || !changes.isEmpty
    return PlanAnswer(
      question: "limits", sentence: sentence, details: details,
      json: [
        ("resource", .text(resource.rawValue)), ("holds_as_written", .boolean(base.holds)),
        (
          "entries",
          .array(
            found.map { found in
              .object([
                ("entry", .text(found.entry)), ("size", .text(found.size)),
                ("lowest_limit", found.lowestLimit.map { .text($0) } ?? .null),
                ("highest_limit", found.highestLimit.map { .text($0) } ?? .null),
                ("lowest_reservation", found.lowestReservation.map { .text($0) } ?? .null),
                ("monotone", .boolean(found.gaps == 0)),
                ("hurt", .array(found.hurt.map { .text($0) })),
              ])
            })
        ),
      ],
      proof: changes.isEmpty
        ? nil
        : try bench.document(of: Trial(changes), named: bench.scenario.name + "-limits"),
      isAnswered: isAnswered)
  }
}
