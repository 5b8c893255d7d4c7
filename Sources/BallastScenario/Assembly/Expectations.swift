import BallastModel
import BallastUnits

extension Assembler {
  mutating func readExpectations() -> [Expectation] {
    var expectations: [Expectation] = []
    for value in root["expect"]?.items ?? [] {
      if let expectation = readExpectation(value) { expectations.append(expectation) }
    }
    return expectations
  }

  private mutating func readExpectation(_ value: Value) -> Expectation? {
    let subjects = readSubjects(value["of"])
    if let event = value["event"] { return readEventCount(event, subjects, of: value) }
    if value["refusal"] != nil || value["explanation"] != nil {
      return readReason(subjects, of: value)
    }
    guard let metric = value["metric"], let name = metric.text else { return nil }
    if let pools = value["of"]?["pools"] { checkPoolsHaveVMs(pools, name) }
    guard let subjects, let column = readMetric(metric, subjects, of: value) else { return nil }
    let isCount = countMetrics.contains { $0.name == name }
    checkStatistic(value, metric, isCount: isCount)
    guard let bound = readBound(value, column.name, unit: column.unit) else { return nil }
    return Expectation(
      question: .metric(name), subjects: subjects,
      statistic: value["statistic"]?.text.flatMap { statistic($0) }, bound: bound,
      isPooled: value["over"]?.text == "pooled", place: value.place)
  }

  // MARK: Events, refusals and explanations

  private mutating func readEventCount(
    _ event: Value, _ subjects: Expectation.Subjects?, of value: Value
  ) -> Expectation? {
    complainOfStatistic(value, "a count of events")
    guard let subjects, let kind = event.text.flatMap(EventKind.init(rawValue:)),
      let bound = readBound(
        value, "the count of \(kind.rawValue)", unit: "1")
    else { return nil }
    return Expectation(
      question: .events(kind), subjects: subjects, statistic: nil, bound: bound, isPooled: false,
      place: value.place)
  }

  private mutating func readReason(
    _ subjects: Expectation.Subjects?, of value: Value
  ) -> Expectation? {
    let key = value["refusal"] == nil ? "explanation" : "refusal"
    complainOfStatistic(value, key == "refusal" ? "a refusal" : "an explanation")
    guard let subjects else { return nil }
    guard case .vms = subjects else {
      problems.add(
        value["of"]?.place ?? value.place, "\(key) is about VMs", "write of: {vms: …}")
      return nil
    }
    if let kind = value["refusal"]?.text.flatMap(RefusalKind.init(rawValue:)) {
      return Expectation(
        question: .refusal(kind), subjects: subjects, statistic: nil, bound: .isTrue,
        isPooled: false, place: value.place)
    }
    guard let explanation = value["explanation"],
      let bound = EntitlementLevel.Bound.allCases.first(where: {
        $0.keyword == explanation["bound_by"]?.text
      })
    else { return nil }
    let at = explanation["at"]?.time
    if let at, let duration, at.value > duration.value {
      problems.add(
        explanation["at"]!.place,
        "\(at.words) is after the run's end at \(duration.words)",
        "write an earlier time or lengthen the run")
    }
    let resource: EntitlementExplanation.Resource =
      explanation["resource"]?.text == "memory" ? .memory : .cpu
    return Expectation(
      question: .explanation(at: at, resource: resource, bound: bound), subjects: subjects,
      statistic: nil, bound: .isTrue, isPooled: false, place: value.place)
  }

  private mutating func complainOfStatistic(_ value: Value, _ what: String) {
    for key in ["statistic", "over"] {
      if let entry = value.entry(key) {
        problems.add(entry.keyPlace, "\(what) takes no \(key)", "remove \(key)")
      }
    }
  }

  // MARK: Whom it is about

  /// Nil when `of` is there and wrong.
  private mutating func readSubjects(_ value: Value?) -> Expectation.Subjects? {
    guard let value else { return .run }
    for entry in value.entries where entry.value.isList && entry.value.items.isEmpty {
      problems.add(
        entry.value.place, "\(shown(entry.key)) names nobody", "write a name or a pattern")
    }
    if let vms = value["vms"] {
      for item in vms.itemsOrSelf { _ = matchedVMs(item) }
      return .vms(vms.itemsOrSelf.compactMap(\.text))
    }
    if let hosts = value["hosts"] {
      for item in hosts.itemsOrSelf { checkHosts(item) }
      return .hosts(hosts.itemsOrSelf.compactMap(\.text))
    }
    if let pools = value["pools"] {
      for item in pools.itemsOrSelf { _ = matchedPools(item) }
      return .pools(pools.itemsOrSelf.compactMap(\.text))
    }
    return nil
  }

  /// A metric of VMs, asked of pools, is judged on the VMs below them: there must be some.
  private mutating func checkPoolsHaveVMs(_ value: Value, _ metric: String) {
    guard !roster.hasTraceVMs, roster.unreadable.isEmpty,
      !PoolColumn.allCases.contains(where: { $0.spec.name == metric })
    else { return }
    for item in value.itemsOrSelf {
      guard let text = item.text else { continue }
      let matched = roster.pools(matching: text).map { roster.pools[$0] }
      let hasVMs = matched.contains { pool in
        let path = "\(pool.cluster):\(pool.path)"
        return roster.usedPools.contains { $0 == path || $0.hasPrefix(path + "/") }
      }
      if !matched.isEmpty, !hasVMs {
        problems.add(
          item.place, "\(shown(metric)) is judged per VM, and the pool \(shown(text)) has none",
          "put VMs into it, or name another pool")
      }
    }
  }

  // MARK: What it is about

  private mutating func readMetric(
    _ value: Value, _ subjects: Expectation.Subjects, of expectation: Value
  ) -> ColumnSpec? {
    guard let name = value.text else { return nil }
    func find(_ specs: [ColumnSpec]) -> ColumnSpec? { specs.first { $0.name == name } }
    let ofHosts = find(HostColumn.allCases.map(\.spec))
    let ofVMs = find(VMColumn.allCases.map(\.spec))
    let ofPools = find(PoolColumn.allCases.map(\.spec))
    let count = find(countMetrics)
    let isRunMetric = name == "consolidation_ratio"
    guard let any = ofHosts ?? ofVMs ?? ofPools ?? count else {
      problems.add(
        value.place, "unknown metric \(shown(name))",
        nearest(name, in: allMetricNames).map { "did you mean \($0)?" }
          ?? "the metrics are the columns of the result files: see docs/SCENARIO.md")
      return nil
    }
    let fitting: ColumnSpec? =
      switch subjects {
      case .hosts: ofHosts
      case .vms: ofVMs ?? (isRunMetric ? nil : count)
      case .pools: ofPools ?? ofVMs ?? (isRunMetric ? nil : count)
      case .run: name == "admitted" ? nil : count
      }
    guard (fitting ?? any).isModelled else {
      problems.add(
        value.place, "the metric \(name) is part of the format, but it is not modelled yet",
        "remove the expectation")
      return nil
    }
    guard (fitting ?? any).isModelled(withReclamation: !isReclamationOff) else {
      problems.add(
        value.place, "there is no \(name) while reclamation is off",
        "remove the expectation, or reclamation: off")
      return nil
    }
    guard let fitting else {
      var kinds: [String] = []
      if ofVMs != nil || (count != nil && !isRunMetric) { kinds.append("vms") }
      if ofHosts != nil { kinds.append("hosts") }
      if ofVMs != nil || ofPools != nil { kinds.append("pools") }
      if case .run = subjects {
        problems.add(
          value.place, "\(name) needs to know whom it is about", "add of: {\(kinds[0]): …}")
      } else {
        problems.add(
          expectation["of"]?.place ?? value.place,
          isRunMetric
            ? "\(name) is about the whole run" : "\(name) is a metric of \(listed(kinds, "and"))",
          isRunMetric ? "remove of" : "write of: {\(kinds[0]): …}")
      }
      return nil
    }
    return fitting
  }

  private var isReclamationOff: Bool { root["policies"]?["reclamation"]?.text == "off" }

  private mutating func checkStatistic(_ value: Value, _ metric: Value, isCount: Bool) {
    let name = metric.text ?? ""
    for key in ["statistic", "over"] {
      if isCount, let entry = value.entry(key) {
        problems.add(
          entry.keyPlace, "\(name) is one value, so it takes no \(key)", "remove \(key)")
      }
    }
    if !isCount, value.entry("statistic") == nil {
      problems.add(
        metric.place, "\(name) has a value per sample, and no statistic is named",
        "add statistic: mean, min, max, sum, last or a percentile such as p95")
    }
  }

  private mutating func readBound(
    _ value: Value, _ name: String, unit: String
  ) -> Expectation.Bound? {
    let isTruth = unit == "true/false"
    if isTruth {
      if let wrong = value.entry("at_most") ?? value.entry("at_least") {
        problems.add(
          wrong.keyPlace, "\(name) is true or false", "write equals: true")
        return nil
      }
      guard let equals = value["equals"] else { return nil }
      guard let flag = equals.flag else {
        if equals.plain.flatMap(thousandths) != nil {
          problems.add(equals.place, "\(name) is true or false", "write equals: true")
        }
        return nil
      }
      return flag ? .isTrue : .isFalse
    }
    if let equals = value["equals"], equals.flag != nil {
      problems.add(
        equals.place,
        "\(name) is a number\(unit == "1" ? "" : " of \(unit)"), not true or false",
        "write a number")
      return nil
    }
    func number(_ key: String) -> Int64? { value[key]?.plain.flatMap(thousandths) }
    if let bound = number("at_most") { return .atMost(bound) }
    if let bound = number("at_least") { return .atLeast(bound) }
    return number("equals").map { .equals($0) }
  }
}

/// Every metric an expectation may name, without repetition.
var allMetricNames: [String] {
  let all =
    VMColumn.allCases.map(\.spec.name) + HostColumn.allCases.map(\.spec.name)
    + PoolColumn.allCases.map(\.spec.name) + countMetrics.map(\.name)
  var seen: Set<String> = []
  return all.filter { seen.insert($0).inserted }
}
