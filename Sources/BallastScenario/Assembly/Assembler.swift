import BallastModel
import BallastUnits

/// Makes typed values of a checked tree and looks at what the grammar cannot: names that must
/// exist, amounts that must fit each other. What the checker found wrong reads as nil here and is
/// skipped, so one mistake is one error.
struct Assembler {
  let root: Value
  let catalogs: CatalogNames
  let paths: PathResolver
  var problems: ProblemList
  var profile = HypervisorProfile.catalog[0]
  var duration: SimDuration?
  var roster = Roster()

  init(
    root: Value, catalogs: CatalogNames, paths: PathResolver, problems: ProblemList
  ) {
    self.root = root
    self.catalogs = catalogs
    self.paths = paths
    self.problems = problems
  }

  /// The scenario; to be used only when `problems` is empty after it.
  mutating func assemble(path: String, seed: UInt64?) -> Scenario {
    duration = root["duration"]?.duration
    if let duration, duration == .zero, let value = root["duration"] {
      problems.add(value.place, "duration is 0", "write how long the run is, such as 24h")
    }
    let interval = step(root["interval"], "interval") ?? .seconds(300)
    let control = step(root["control"]?["interval"], "control.interval") ?? .seconds(20)
    let record = step(root["record"]?["interval"], "record.interval") ?? interval
    checkCountOfSteps(interval, control, record)
    profile = chosenProfile()
    letPolicyScan()
    let clusters = readClusters()
    let traces = readTraces()
    let vms = readVMs(clusters: clusters)
    checkAffinityNames()
    let events = readEvents(vms: vms, clusters: clusters)
    return Scenario(
      name: root["name"]?.text ?? name(fromPath: path),
      seed: seed ?? root["seed"]?.plain.flatMap { UInt64($0) } ?? 1,
      duration: duration ?? .zero, interval: interval, controlInterval: control,
      profile: profile, clusters: clusters.compactMap(\.spec), traces: traces,
      vms: vms.map(\.entry), policies: readPolicies(clusters: clusters), events: events,
      expectations: readExpectations(), record: readRecord(interval: record),
      assumption: readAssumption(), hostsDown: readHostsDown(),
      hasSweep: root["sweep"] != nil, place: root.place)
  }

  // MARK: Time

  /// A step of the run, above zero and no longer than the run.
  private mutating func step(_ value: Value?, _ key: String) -> SimDuration? {
    guard let value, let step = value.duration else { return nil }
    if step == .zero {
      problems.add(value.place, "\(key) is 0", "write a time above zero")
      return nil
    }
    if let duration, duration > .zero, step > duration {
      problems.add(
        value.place, "\(key) \(step.words) is longer than the duration \(duration.words)",
        "shorten it or lengthen the run")
    }
    return step
  }

  private mutating func checkCountOfSteps(
    _ interval: SimDuration, _ control: SimDuration, _ record: SimDuration
  ) {
    guard let duration else { return }
    let steps = [
      (root["interval"], "interval", interval),
      (root["control"]?["interval"], "control.interval", control),
      (root["record"]?["interval"], "record.interval", record),
    ]
    for (value, key, step) in steps where duration.value / step.value > Limits.steps {
      // `record` follows `interval`: one mistake is enough.
      if key == "record.interval", value == nil { continue }
      let count = duration.value / step.value
      problems.add(
        value?.place ?? root["duration"]?.place ?? root.place,
        "\(key) \(step.words) in \(duration.words) makes \(grouped(count)) steps; "
          + "more than \(grouped(Limits.steps)) are not run",
        "lengthen the interval or shorten the duration")
    }
  }

  // MARK: Traces and recording

  private mutating func readTraces() -> [TraceSpec] {
    var traces: [TraceSpec] = []
    for entry in root["traces"]?.entries ?? [] {
      let value = entry.value
      if let interval = value["interval"], interval.duration == .zero {
        problems.add(interval.place, "interval is 0", "write a time above zero")
      }
      guard let written = value["path"], let text = written.text, !text.isEmpty else { continue }
      switch paths.resolve(text, at: written.place) {
      case .failure(let problem): problems.add(problem)
      case .success(let path):
        traces.append(
          TraceSpec(
            name: entry.key, format: value["format"]?.text, writtenPath: text, path: path,
            interval: value["interval"]?.duration,
            unit: value["unit"]?.text.flatMap(TraceUnit.init) ?? .percent,
            atEnd: value["at_end"]?.text.flatMap(TraceEnd.init), place: written.place))
      }
    }
    return traces
  }

  private mutating func readRecord(interval: SimDuration) -> RecordSpec {
    let value = root["record"]
    let place = value?.place ?? root.place
    guard let vms = value?["vms"] else {
      return RecordSpec(vms: .automatic, interval: interval, place: place)
    }
    if vms.isList {
      for item in vms.items { _ = matchedVMs(item) }
      return RecordSpec(
        vms: .named(vms.items.compactMap(\.text)), interval: interval, place: vms.place)
    }
    return RecordSpec(
      vms: vms.text == "summary" ? .summary : .all, interval: interval, place: vms.place)
  }
}
