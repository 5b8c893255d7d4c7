import BallastMath

/// A recorded host against the run that replays it, VM by VM.
///
/// Rule      at every sample of the run: error = simulated − measured, the measured taken as its mean over the sample's
///           interval. Mean, p95 and largest are of |error|; means are over time.
/// Source    a quantile lies linearly between the two nearest ranks, as in result files.
public struct HostComparison: Sendable {
  /// Of one quantity; points of a pCPU, or MiB. Absent where nothing could be compared.
  public struct Errors: Sendable, Equatable, Encodable {
    public var measured: Double
    public var simulated: Double
    public var mean: Double
    public var p95: Double
    public var max: Double
  }

  public struct VM: Sendable {
    public var name: String
    /// Samples in which it was measured and simulated.
    public var samples: Int
    public var cpu: Errors?
    public var ready: Errors?
    public var balloon: Errors?
    var series: [ComparedColumn: (measured: [Double], simulated: [Double])]
  }

  public private(set) var scenario: String
  public private(set) var vms: [VM] = []
  public private(set) var onlyMeasured: [String] = []
  public private(set) var onlySimulated: [String] = []
  /// Over the samples of all VMs.
  public private(set) var cpu: Errors?
  public private(set) var ready: Errors?
  public private(set) var balloon: Errors?
  var times: TimeGrid
  var version: String

  /// - Parameters:
  ///   - coreMHz: what 100 points of a pCPU are.
  ///   - leavingOut: VMs of the run that are no VMs of the host.
  public init(
    measured: [MeasuredVM], runDirectory: String, coreMHz: Double, leavingOut: Set<String>
  ) throws(RunReadError) {
    let run = try RunFile.read(directory: runDirectory)
    scenario = run.record.scenario
    version = run.ballastVersion
    let simulated = try SimulatedVMs(directory: runDirectory, coreMHz: coreMHz)
    times = simulated.times
    var all: [ComparedColumn: (measured: [Double], simulated: [Double])] = [:]
    for vm in measured {
      guard let columns = simulated.columns[vm.name] else {
        onlyMeasured.append(vm.name)
        continue
      }
      let own = vm.resampled(to: times)
      var series: [ComparedColumn: (measured: [Double], simulated: [Double])] = [:]
      for column in ComparedColumn.allCases {
        var there = columns[column] ?? []
        there.extend(to: times.count, with: .nan)
        series[column] = (own[column] ?? [], there)
        all[column, default: ([], [])].measured += own[column] ?? []
        all[column]!.simulated += there
      }
      vms.append(
        VM(
          name: vm.name, samples: compared(series[.cpu]!).count,
          cpu: errors(series[.cpu]), ready: errors(series[.ready]),
          balloon: errors(series[.balloon]), series: series))
    }
    let known = Set(measured.map(\.name)).union(leavingOut)
    onlySimulated = simulated.names.filter { !known.contains($0) }
    cpu = errors(all[.cpu])
    ready = errors(all[.ready])
    balloon = errors(all[.balloon])
  }

  /// Samples in which both are known. The last one of a run may be the rest of a few milliseconds, in which counters in ticks
  /// tell nothing: one shorter than half of the longest is left out.
  private func compared(
    _ series: (measured: [Double], simulated: [Double])
  ) -> [(measured: Double, simulated: Double, length: Double)] {
    let lengths = (0..<times.count).map(times.length)
    let shortest = (lengths.max() ?? 0) / 2
    return zip(series.measured, series.simulated).enumerated().compactMap { index, pair in
      // All VMs one after the other have the same instants again and again.
      let length = lengths[index % max(1, lengths.count)]
      guard pair.0.isFinite, pair.1.isFinite, length >= shortest else { return nil }
      return (pair.0, pair.1, length)
    }
  }

  private func errors(_ series: (measured: [Double], simulated: [Double])?) -> Errors? {
    let samples = series.map { compared($0) } ?? []
    let errors = samples.map { abs($0.simulated - $0.measured) }
    let sorted = errors.sorted()
    let lengths = samples.map(\.length)
    guard
      let mean = BallastMath.Statistics.mean(errors, weights: lengths),
      let p95 = BallastMath.Statistics.quantile(ofSorted: sorted, 0.95), let most = sorted.last,
      let measured = BallastMath.Statistics.mean(samples.map(\.measured), weights: lengths),
      let simulated = BallastMath.Statistics.mean(samples.map(\.simulated), weights: lengths)
    else { return nil }
    return Errors(measured: measured, simulated: simulated, mean: mean, p95: p95, max: most)
  }
}

/// The columns of `vms.csv` that are compared.
private struct SimulatedVMs {
  var times = TimeGrid()
  var names: [String] = []
  var columns: [String: [ComparedColumn: [Double]]] = [:]

  init(directory: String, coreMHz: Double) throws(RunReadError) {
    let table = try CSVTable(path: directory + "/vms.csv")
    let time = try table.column("time_s")
    let interval = try table.column("interval_s")
    let vm = try table.column("vm")
    let state = try table.column("state")
    let used = try table.column("cpu_used_mhz")
    let ready = try table.column("cpu_ready_ms")
    let balloon = try table.column("mem_balloon_mib")
    try table.forEachRow { row throws(RunReadError) in
      let end = row.number(time) ?? 0
      let length = row.number(interval) ?? 0
      if times.ends.last != end {
        times.ends.append(end)
        times.starts.append(end - length)
      }
      let name = row.text(vm)
      if columns[name] == nil {
        names.append(name)
        columns[name] = [:]
      }
      guard row.text(state) == "on" else { return }
      let at = times.count - 1
      columns[name]![.cpu, default: []].put(row.number(used).map { $0 / coreMHz * 100 }, at: at)
      columns[name]![.ready, default: []].put(
        row.number(ready).flatMap { length > 0 ? $0 / length / 10 : nil }, at: at)
      columns[name]![.balloon, default: []].put(row.number(balloon), at: at)
    }
    guard times.count > 0 else {
      throw RunReadError(
        path: directory + "/vms.csv",
        reason: "has no samples; run the scenario again with record: {vms: all}")
    }
  }
}
