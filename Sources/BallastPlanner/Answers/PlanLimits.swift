import BallastModel
import BallastScenario
import BallastUnits

/// `plan limits`: for each VM entry the lowest limit and the lowest reservation that keep every expectation, the highest
/// limit that does, and who is hurt by the lowest.
///
/// Rule      the limit of an entry goes over even steps up to a VM's size, its reservation from 0 up; the rest stays as
///           written. All steps are run: a limit helps neighbours and hurts its own VMs, so neither end is taken for granted.
/// Kept      the written reservation goes with each limit; where it is above the limit it comes down to it, and that is said.
/// Left out  reservations above the written limit, which make no scenario; that is said.
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
    var entry: Entry
    var size: String
    /// Steps of the lowest and the highest limit that holds.
    var lowestStep: Int?
    var highestStep: Int?
    /// Holds without a limit as well.
    var isUnbounded: Bool
    /// Step of the lowest reservation that holds.
    var reservedStep: Int?
    /// Limits that hold above one that does not.
    var gaps: Int
    var hurt: [String]
  }

  public func answer(_ bench: TrialBench) throws -> PlanAnswer {
    let entries = try chosen(bench.scenario)
    var trials: [Trial] = []
    for entry in entries {
      for step in 1...steps { trials.append(limit(entry, step)) }
      for step in reservations(entry) { trials.append(reservation(entry, step)) }
    }
    bench.expect([Trial()] + trials)
    let base = bench.run(Trial())
    guard case .success(let asWritten) = base else {
      throw PlanError("the scenario does not run", remedy: "look at it with ballast validate")
    }
    _ = bench.run(trials)
    if bench.wasStopped { return PlanAnswer(question: "limits", sentence: "", isAnswered: false) }
    func holds(_ trial: Trial) -> Bool { (try? bench.run(trial).get())?.holds ?? false }
    let found = entries.map { entry -> Found in
      let held = (1...steps).filter { holds(limit(entry, $0)) }
      let lowest = held.first
      return Found(
        entry: entry, size: amount(entry, steps), lowestStep: lowest, highestStep: held.last,
        isUnbounded: held.last == steps && asWritten.holds,
        reservedStep: reservations(entry).first { holds(reservation(entry, $0)) },
        gaps: lowest.map { held.last! - $0 + 1 - held.count } ?? 0,
        hurt: lowest.flatMap { try? bench.run(limit(entry, $0)).get() }
          .map { Self.hurt(by: $0, against: asWritten) } ?? [])
    }
    return try report(found, asWritten, bench)
  }

  // MARK: Steps

  struct Entry {
    var name: String
    /// Of one VM: kHz or bytes.
    var size: Int64
    /// As written, of one VM: kHz or bytes.
    var reservation: Int64
    /// As written, of one VM: kHz or bytes; nil without one.
    var limit: Int64?
    /// Of its settings.
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
          reservation: resource == .cpu
            ? spec.cpu.reservation.value : spec.memorySettings.reservation.value,
          limit: resource == .cpu ? spec.cpu.limit?.value : spec.memorySettings.limit?.value,
          path: "vms.\(spec.name.map(pathSegment) ?? String(index)).\(key)"))
    }
    if !entries.isEmpty { return entries }
    throw PlanError(
      vm.map { "no VM entry with a size is called \($0)" } ?? "no VM entry has a size of its own",
      remedy:
        "name an entry with vcpus and memory: \(scenario.vms.compactMap(\.name).joined(separator: ", "))"
    )
  }

  /// 1 MHz in kHz, 1 MiB in bytes.
  private var unit: Int64 { resource == .cpu ? 1_000 : 1 << 20 }

  private func wholeUnits(_ entry: Entry, _ step: Int) -> Int64 {
    max(scaled(entry.size, by: Int64(step), over: Int64(steps)) / unit, 1)
  }

  private func amount(_ entry: Entry, _ step: Int) -> String {
    "\(wholeUnits(entry, step))\(resource == .cpu ? "MHz" : "MiB")"
  }

  /// A limit below the written reservation would be an error: the reservation comes down to it.
  private func isLowered(_ entry: Entry, at step: Int) -> Bool {
    entry.reservation > wholeUnits(entry, step) * unit
  }

  private func limit(_ entry: Entry, _ step: Int) -> Trial {
    let limit = amount(entry, step)
    return Trial(
      ["\(entry.path).limit=\(limit)"]
        + (isLowered(entry, at: step) ? ["\(entry.path).reservation=\(limit)"] : []))
  }

  /// The reservation that goes with a limit; nil where none is written.
  private func reservation(of entry: Entry, at step: Int?) -> String? {
    guard let step, entry.reservation > 0 else { return nil }
    return isLowered(entry, at: step) ? amount(entry, step) : written(entry.reservation)
  }

  private func written(_ amount: Int64) -> String {
    short(Double(amount) / Double(unit)) + (resource == .cpu ? "MHz" : "MiB")
  }

  /// A limit, and in brackets what becomes of the written reservation.
  private func words(_ entry: Entry, _ step: Int) -> String {
    let limit = amount(entry, step)
    if entry.reservation == 0 { return limit }
    return isLowered(entry, at: step)
      ? "\(limit) (with its reservation lowered from \(written(entry.reservation)) to that)"
      : "\(limit) (with its reservation of \(written(entry.reservation)))"
  }

  private func reservation(_ entry: Entry, _ step: Int) -> Trial {
    let zero = resource == .cpu ? "0MHz" : "0MiB"
    return Trial(["\(entry.path).reservation=\(step == 0 ? zero : amount(entry, step))"])
  }

  /// Steps that the written limit allows: a reservation above it makes no scenario.
  private func reservations(_ entry: Entry) -> [Int] {
    (0...steps).filter { $0 == 0 || wholeUnits(entry, $0) * unit <= entry.limit ?? .max }
  }

  /// What keeps reservations from being tried up to a VM's size; nil where nothing does.
  private func untried(_ entry: Entry) -> String? {
    guard let limit = entry.limit, reservations(entry).count <= steps else { return nil }
    return "reservations above its limit of \(written(limit)) are not possible"
  }

  private func reserved(_ entry: Entry, _ step: Int) -> String {
    step == 0 ? "0" : amount(entry, step)
  }

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
    _ found: [Found], _ base: TrialResult, _ bench: TrialBench
  ) throws -> PlanAnswer {
    // Where the scenario holds as written, each entry gets its lowest limit; else the one change that mends it.
    var changes: [String] = []
    var sentence: String
    if base.holds {
      for found in found {
        if let step = found.lowestStep { changes += limit(found.entry, step).overrides }
      }
      let together = !changes.isEmpty && (try? bench.run(Trial(changes)).get())?.holds ?? false
      let lowest = found.map { found in
        "\(found.entry.name) "
          + (found.lowestStep.map { words(found.entry, $0) } ?? "none")
      }
      sentence =
        "lowest \(resource.rawValue) limits that keep the expectations: "
        + lowest.joined(separator: ", ")
        + (found.count == 1
          ? "" : together ? "; also all at once" : "; each alone, not all at once")
      if !together { changes = found.count == 1 ? changes : [] }
    } else if let mended = found.first(where: { $0.highestStep != nil }) {
      let (entry, step) = (mended.entry, mended.highestStep!)
      sentence =
        "the scenario does not hold as written (\(base.obstacle ?? "")); "
        + "a \(resource.rawValue) limit of at most \(words(entry, step)) for \(entry.name) mends it"
      changes = limit(entry, step).overrides
    } else if let mended = found.first(where: { $0.reservedStep != nil }) {
      let (entry, step) = (mended.entry, mended.reservedStep!)
      sentence =
        "the scenario does not hold as written (\(base.obstacle ?? "")); a \(resource.rawValue) "
        + "reservation of \(reserved(entry, step)) for \(entry.name) mends it"
      changes = reservation(entry, step).overrides
    } else {
      sentence =
        "no single \(resource.rawValue) limit or reservation keeps the expectations: "
        + (base.obstacle ?? "")
    }
    func highest(_ found: Found) -> String? {
      found.isUnbounded ? "unlimited" : found.highestStep.map { amount(found.entry, $0) }
    }
    let details = found.map { found in
      var line = "\(found.entry.name) (size \(found.size)): "
      line +=
        found.lowestStep.map {
          "limits from \(words(found.entry, $0)) to \(highest(found)!) hold"
        } ?? "no limit holds"
      line +=
        found.reservedStep.map { "; reservation from \(reserved(found.entry, $0))" }
        ?? (untried(found.entry) == nil
          ? "; no reservation holds" : "; no reservation that its limit allows holds")
      if let untried = untried(found.entry) { line += "; \(untried)" }
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
                ("entry", .text(found.entry.name)), ("size", .text(found.size)),
                ("lowest_limit", found.lowestStep.map { .text(amount(found.entry, $0)) } ?? .null),
                ("highest_limit", highest(found).map { .text($0) } ?? .null),
                ("reservation_written", .text(written(found.entry.reservation))),
                (
                  "reservation_with_lowest_limit",
                  reservation(of: found.entry, at: found.lowestStep).map { .text($0) } ?? .null
                ),
                (
                  "lowest_reservation",
                  found.reservedStep.map { .text(reserved(found.entry, $0)) } ?? .null
                ),
                ("limit_written", found.entry.limit.map { .text(written($0)) } ?? .null),
                ("reservations_above_limit", .count(steps + 1 - reservations(found.entry).count)),
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
