import BallastMachine
import BallastModel
import BallastUnits

extension Recorder {
  /// Writes the summary rows and returns the run's record.
  func finish(
    simulated: SimDuration, isComplete: Bool, figures more: [RunRecord.KeyFigure],
    explanations: [Int: [EntitlementExplanation?]]
  ) throws(RunSinkError) -> RunRecord {
    var worst = WorstVMs()
    for vm in world.vms.indices {
      let row = summaryRow(vm)
      for metric in row.metrics where metric.mean != emptyCell {
        digest.fold(metric.mean, metric.p50, metric.p95)
        digest.fold(metric.p99, metric.max, Int64(vm))
      }
      worst.add(row)
      try sink.write(row)
    }
    let consolidationSeries = History.Series(
      cells: consolidation, intervals: consolidationIntervals)
    let judge = Judge(
      world: world, manifest: manifest,
      vmSeries: { [self] vm, column in
        history.series(entity: Int(rowOfVM[vm]), column: column.rawValue)
      },
      vmEnds: { [self] vm in history.ends(entity: Int(rowOfVM[vm])) },
      hostSeries: { [self] host, column in
        hostHistory.series(entity: judgedHosts.firstIndex(of: host)!, column: column.rawValue)
      },
      poolSeries: { [self] pool, column in
        poolHistory.series(entity: judgedPools.firstIndex(of: pool)!, column: column.rawValue)
      },
      consolidation: consolidationSeries, lives: lives, end: SimTime(simulated.value),
      explanations: explanations)
    let verdicts = judge.verdicts()
    questions = judge.questions(verdicts)
    return RunRecord(
      scenario: world.name, seed: world.seed, digest: digest.value, simulated: simulated,
      isComplete: isComplete, expectations: verdicts,
      summary: figures.keyFigures(
        world: world, worst: worst,
        consolidation: consolidationSeries.isEmpty ? 0 : consolidationSeries.mean,
        shortage: world.knowsMemoryStates
          ? shortage.total(until: SimTime(simulated.value)) : nil) + more,
      traces: world.traceReads, assumptions: world.assumptions + recordingAssumptions,
      takesMemoryBack: takesMemoryBack)
  }

  private var recordingAssumptions: [String] {
    let sketched = world.vms.indices.contains { usesSketch[$0] }
    return sketched
      ? [
        "percentiles of vms-summary.csv come from histograms; docs/MODEL.md#percentiles says how close"
      ]
      : []
  }

  private func summaryRow(_ vm: Int) -> VMSummaryRow {
    var metrics = [MetricSummary](repeating: .empty, count: summaryMetrics.count)
    func set(_ column: VMColumn, _ summary: MetricSummary) {
      metrics[summaryMetrics.firstIndex(of: column)!] = summary
    }
    if usesSketch[vm] {
      if let found = summaries.summaries(
        of: vm, interval: world.recordInterval, tail: world.tail)
      {
        set(.cpuUsed, found.used)
        set(.cpuReadyPercent, found.ready)
        set(.cpuLimitedPercent, found.limited)
        let memory = sketchMemory.summaries(of: vm, samples: summaries.samples(of: vm))
        set(.memConsumed, memory.consumed)
        if takesMemoryBack {
          set(.memBalloon, memory.balloon)
          set(.memSwapped, memory.swapped)
          set(.slowdown, memory.slowdown)
        }
      }
    } else {
      for column in summaryColumns {
        let series = history.series(entity: Int(rowOfVM[vm]), column: column.rawValue)
        set(column, series.summary)
      }
    }
    let life = lives[VMIndex(vm)]
    return VMSummaryRow(
      vm: vm, lastHost: machine.lastHost(of: VMIndex(vm))?.int, isAdmitted: life.isAdmitted,
      refusal: life.refusal?.words ?? "", metrics: metrics)
  }
}
