import BallastMath
import BallastModel
import BallastUnits

/// What all expectations together need to have kept.
struct Judgements {
  private(set) var vms: [Int] = []
  private(set) var vmColumns: [VMColumn] = []
  private(set) var hosts: [Int] = []
  private(set) var pools: [Int] = []
  private(set) var needsEntitlements = false

  init(_ judgements: [World.Judgement]) {
    for judgement in judgements {
      switch judgement.target {
      case .vms(let column, let subjects):
        vms += subjects.map(\.int)
        vmColumns.append(column)
        if column == .cpuEntitled || column == .memEntitled { needsEntitlements = true }
      case .hosts(_, let subjects):
        hosts += subjects.map(\.int)
      case .pools(_, let subjects):
        pools += subjects
        needsEntitlements = true
      case .explanation:
        needsEntitlements = true
      case .admitted, .consolidationRatio, .count, .events, .refusal:
        break
      }
    }
    vms = Array(Set(vms)).sorted()
    hosts = Array(Set(hosts)).sorted()
    pools = Array(Set(pools)).sorted()
  }
}

/// Holds expectations against what was recorded.
///
/// Rule      each subject is judged over its rows in which it was on, weighted by interval; all must meet the bound;
///           the measured value is the worst one. `over: pooled` merges the rows first.
struct Judge {
  let world: World
  let manifest: RunManifest
  let vmSeries: (Int, VMColumn) -> History.Series
  /// When the samples of a VM ended, ns.
  let vmEnds: (Int) -> [Int64]
  let hostSeries: (Int, HostColumn) -> History.Series
  let poolSeries: (Int, PoolColumn) -> History.Series
  let consolidation: History.Series
  let lives: LifeBook
  /// End of the run.
  let end: SimTime
  /// Of judgements that ask for explanations, by their index: one per VM, in the same order.
  let explanations: [Int: [EntitlementExplanation?]]

  func verdicts() -> [RunRecord.Verdict] {
    world.judgements.indices.map { verdict(world.judgements[$0], index: $0) }
  }

  /// A verdict that failed and that more of a resource would have helped, and where to look for the lever.
  struct Question {
    var verdict: Int
    var request: ExplanationRequest
    var resource: EntitlementExplanation.Resource
  }

  /// The worst sample of the worst VM of each verdict that failed.
  func questions(_ verdicts: [RunRecord.Verdict]) -> [Question] {
    verdicts.indices.compactMap { index in
      guard !verdicts[index].isMet, case .vms(let column, let vms) = world.judgements[index].target,
        let resource = column.resourceThatHelps(world.judgements[index].expectation.bound)
      else { return nil }
      var worst: (miss: Int64, vm: VMIndex, end: Int64)?
      for vm in vms {
        let cells = vmSeries(vm.int, column).cells
        for (cell, end) in zip(cells, vmEnds(vm.int)) where cell != emptyCell {
          let miss = miss(cell, world.judgements[index].expectation.bound)
          if miss > worst?.miss ?? 0 { worst = (miss, vm, end) }
        }
      }
      // Before the sample's end: changes there are not of this sample.
      return worst.map {
        Question(
          verdict: index, request: ExplanationRequest(vm: $0.vm, at: SimTime($0.end - 1)),
          resource: resource)
      }
    }
  }

  private func verdict(_ judgement: World.Judgement, index: Int) -> RunRecord.Verdict {
    let expectation = judgement.expectation
    let measured: [(name: String, series: History.Series)]
    switch judgement.target {
    case .vms(let column, let vms):
      measured = vms.map { (world.vms[$0.int].name, vmSeries($0.int, column)) }
    case .hosts(let column, let hosts):
      measured = hosts.map { (world.hosts[$0.int].name, hostSeries($0.int, column)) }
    case .pools(let column, let pools):
      measured = pools.map { (poolName($0), poolSeries($0, column)) }
    case .consolidationRatio:
      measured = [("run", consolidation)]
    case .count(let count, let vms):
      measured = counts(vms) { one(count, of: $0) }
    case .events(let kind, let groups):
      measured =
        groups.map {
          $0.map { group in
            let rows = group.subjects.reduce(0) { $0 + lives.events(kind, of: $1) }
            return (group.name, one(rows * 1_000))
          }
        } ?? [("run", one(lives.events(kind, of: nil) * 1_000))]
    case .admitted(let vms):
      return truth(expectation, vms) { vm in
        let life = lives[vm]
        return (
          life.isAdmitted == (expectation.bound == .isTrue),
          life.isAdmitted ? "true" : "false: \(life.refusal?.name ?? "refused")"
        )
      }
    case .refusal(let kind, let vms):
      return truth(expectation, vms) { vm in
        let refusal = lives[vm].refusal
        return (refusal?.kind == kind, refusal?.name ?? "not refused")
      }
    case .explanation(let vms, _, _, let bound):
      let found = explanations[index] ?? []
      return truth(expectation, vms) { vm in
        guard let place = vms.firstIndex(of: vm), place < found.count,
          let explanation = found[place]
        else { return (false, "not running then") }
        return (explanation.isBound(by: bound), explanation.boundWords)
      }
    }
    return judge(expectation, expectation.isPooled ? [merged(measured)] : measured)
  }

  /// A value that is one per subject, as a series of one.
  private func one(_ value: Int64) -> History.Series {
    History.Series(cells: [value], intervals: [1])
  }

  /// Thousandths of the count's unit.
  private func one(_ count: World.VMCount, of vm: VMIndex) -> Int64 {
    switch count {
    case .migrations: lives[vm].migrations * 1_000
    case .restarts: lives[vm].restarts * 1_000
    case .downtime: roundedRatio(lives.downtime(of: vm, upTo: end).value, by: 1, over: 1_000)
    }
  }

  private func counts(
    _ vms: [VMIndex]?, _ value: (VMIndex) -> Int64
  ) -> [(name: String, series: History.Series)] {
    guard let vms else {
      return [("run", one(world.vms.indices.reduce(0) { $0 + value(VMIndex($1)) }))]
    }
    return vms.map { (world.vms[$0.int].name, one(value($0))) }
  }

  /// Each subject meets it or not; the first that does not is shown.
  private func truth(
    _ expectation: Expectation, _ vms: [VMIndex], _ judge: (VMIndex) -> (Bool, String)
  ) -> RunRecord.Verdict {
    var shown = "nobody"
    for (place, vm) in vms.enumerated() {
      let (isMet, text) = judge(vm)
      if place == 0 { shown = text }
      if !isMet {
        return RunRecord.Verdict(
          text: self.text(of: expectation), measured: "\(text) (\(world.vms[vm.int].name))",
          isMet: false)
      }
    }
    return RunRecord.Verdict(text: text(of: expectation), measured: shown, isMet: !vms.isEmpty)
  }

  private func judge(
    _ expectation: Expectation, _ subjects: [(name: String, series: History.Series)]
  ) -> RunRecord.Verdict {
    var worst: (value: Int64, miss: Int64, name: String)?
    for (name, series) in subjects {
      guard let value = value(of: series, expectation.statistic ?? .mean) else {
        return RunRecord.Verdict(
          text: text(of: expectation), measured: "nothing recorded (\(name))", isMet: false)
      }
      let miss = miss(value, expectation.bound)
      if worst == nil || miss > worst!.miss { worst = (value, miss, name) }
    }
    guard let worst else {
      return RunRecord.Verdict(
        text: text(of: expectation), measured: "nothing recorded", isMet: false)
    }
    let whose = worst.name == "run" ? "" : " (\(worst.name))"
    return RunRecord.Verdict(
      text: text(of: expectation), measured: decimal(worst.value, places: 3) + whose,
      value: worst.value, isMet: worst.miss <= 0,
      missedBy: worst.miss > 0 ? decimal(worst.miss, places: 3) : "")
  }

  /// How far a value is beyond the bound; at most 0 when it meets it.
  private func miss(_ value: Int64, _ bound: Expectation.Bound) -> Int64 {
    switch bound {
    case .atMost(let limit): value - limit
    case .atLeast(let limit): limit - value
    case .equals(let wanted): abs(value - wanted)
    case .isTrue, .isFalse: 1
    }
  }

  private func value(of series: History.Series, _ statistic: Expectation.Statistic) -> Int64? {
    let kept = series.withoutEmptyCells
    if kept.isEmpty { return nil }
    switch statistic {
    case .mean: return kept.mean
    case .min: return kept.cells.min()
    case .max: return kept.cells.max()
    case .sum: return kept.cells.reduce(0, +)
    case .last: return kept.cells.last
    case .percentile(let perMille): return kept.quantiles([QuantileLevel(perMille, of: 1_000)])[0]
    }
  }

  private func merged(
    _ subjects: [(name: String, series: History.Series)]
  ) -> (name: String, series: History.Series) {
    var all = History.Series(cells: [], intervals: [])
    for subject in subjects { all.append(subject.series) }
    return ("pooled", all)
  }

  private func poolName(_ row: Int) -> String {
    let pool = manifest.pools[row]
    return pool.path.isEmpty ? pool.cluster : pool.path
  }

  private func text(of expectation: Expectation) -> String {
    var words: [String]
    switch expectation.question {
    case .metric(let metric): words = [metric]
    case .events(let kind): words = ["events \(kind.rawValue)"]
    case .refusal(let kind): words = ["refusal \(kind.rawValue)"]
    case .explanation(let at, let resource, let bound):
      words = ["\(resource.rawValue) entitlement bound by \(bound.keyword)"]
      words.append(at.map { "at \($0)" } ?? "at the end")
    }
    if let statistic = expectation.statistic { words.append(statistic.name) }
    switch expectation.subjects {
    case .vms(let names): words.append("of vms " + names.joined(separator: ", "))
    case .hosts(let names): words.append("of hosts " + names.joined(separator: ", "))
    case .pools(let names): words.append("of pools " + names.joined(separator: ", "))
    case .run: break
    }
    if expectation.isPooled { words.append("pooled") }
    guard case .metric = expectation.question else {
      if case .events = expectation.question { words.append(self.words(of: expectation.bound)) }
      return words.joined(separator: " ")
    }
    words.append(self.words(of: expectation.bound))
    return words.joined(separator: " ")
  }

  private func words(of bound: Expectation.Bound) -> String {
    switch bound {
    case .atMost(let limit): "at most \(decimal(limit, places: 3))"
    case .atLeast(let limit): "at least \(decimal(limit, places: 3))"
    case .equals(let wanted): "equals \(decimal(wanted, places: 3))"
    case .isTrue: "is true"
    case .isFalse: "is false"
    }
  }
}

extension History.Series {
  var withoutEmptyCells: History.Series {
    guard cells.contains(emptyCell) else { return self }
    let kept = cells.indices.filter { cells[$0] != emptyCell }
    return History.Series(cells: kept.map { cells[$0] }, intervals: kept.map { intervals[$0] })
  }
}

extension VMColumn {
  /// What a VM would have had to get more of to meet a bound that it missed; nil where more would not help.
  fileprivate func resourceThatHelps(
    _ bound: Expectation.Bound
  ) -> EntitlementExplanation.Resource? {
    switch (self, bound) {
    case (.cpuReady, .atMost), (.cpuReadyPercent, .atMost), (.cpuLimitedPercent, .atMost),
      (.cpuReady, .equals), (.cpuReadyPercent, .equals), (.cpuLimitedPercent, .equals),
      (.cpuUsed, .atLeast), (.cpuEntitled, .atLeast):
      .cpu
    case (.memEntitled, .atLeast): .memory
    default: nil
    }
  }
}
