import BallastModel
import BallastUnits

/// What a trace holds, for `ballast trace inspect`: exact, and in a bounded amount of memory.
///
/// Source and replay are told apart. *Source* statistics count every row as it is written, repeated rows
/// and values above 100 % included: these are the figures that publications give. *Replay* statistics are of
/// the samples that a simulation uses. Neither is weighted by time; percentages are 0 … 100.
public struct TraceInspection: Sendable {
  public struct Series: Sendable {
    public let name: String
    /// Rows as the source has them.
    public let rows: Int64
    /// Mean CPU of the source's rows in percent.
    public let cpuMeanPercent: Double
  }

  /// What it was read as, and, for the binary form, what that was made from.
  public let format: String
  public let sourceFormat: String
  public let sha256: String
  public let sourceSHA256: String
  public let seriesCount: Int
  /// Samples of replay, and rows of the source.
  public let sampleCount: Int64
  public let rowCount: Int64
  /// As in the source, in nanoseconds: since 1970 or since its own beginning.
  public let firstTimestamp: Int64
  public let lastTimestamp: Int64
  public let length: SimDuration
  public let nominalStep: SimDuration
  /// Distances between neighbouring timestamps of a series, ascending, with how often each occurs.
  public let steps: [(step: SimDuration, count: Int64)]
  /// Steps were rounded down to multiples of this, 1 ns unless there were very many different ones.
  public let stepGranule: SimDuration
  public let quirks: [(name: String, count: Int64)]
  /// Different first timestamps of series.
  public let distinctStarts: Int

  /// Percent.
  public let sourceCPU: Distribution
  public let replayCPU: Distribution
  /// Percent; median over series of their means.
  public let sourceSeriesMeanMedian: Double
  public let replaySeriesMeanMedian: Double
  /// Percent or KiB, as `memoryUnit` says; nil without memory. In KiB the source's has no quantiles.
  public let sourceMemory: Distribution?
  public let replayMemory: Distribution?
  public let memoryUnit: SampledSeries.Unit?

  /// Sums over the series that have a size, and how many those are.
  public let vcpusTotal: Int
  public let seriesWithVCPUs: Int
  public let memoryTotal: Bytes
  public let capacityTotal: Kilohertz
  /// Sums over series of the means of the source's rows; nil where the source lacks the unit.
  public let cpuUseTotal: Kilohertz?
  public let memoryUseTotal: Bytes?

  /// By rows; the first by name among equals.
  public let longest: Series
  public let shortest: Series
  /// By mean CPU.
  public let busiest: Series
  public let idlest: Series

  public init(_ trace: UtilisationTrace) {
    let header = trace.image.header
    let records = (0..<trace.seriesCount).map(trace.image.record)
    format = trace.formatName
    sourceFormat = header.sourceFormat
    sha256 = trace.sha256
    sourceSHA256 = header.sourceSHA256
    seriesCount = trace.seriesCount
    sampleCount = trace.sampleCount
    rowCount = records.reduce(0) { $0 + $1.rowCount }
    firstTimestamp = header[.firstTimestamp]
    lastTimestamp = header[.firstTimestamp] + TraceInspection.lastOffset(trace)
    length = trace.length
    nominalStep = trace.nominalStep
    steps = trace.image.steps
    stepGranule = SimDuration(header[.stepsGranule])
    quirks = trace.quirks
    distinctStarts = Set(records.map(\.first)).count

    let perPercent = 10_000.0
    let cpu = (0..<trace.seriesCount).map { trace.cpu($0, unit: .percent)!.buffer }
    sourceCPU = header.rawCPU.divided(by: perPercent)
    replayCPU = ColumnStatistics.distribution(cpu).divided(by: perPercent)
    let sourceMeans = records.map { Double($0.cpuSum) / Double(max($0.rowCount, 1)) / perPercent }
    sourceSeriesMeanMedian = TraceInspection.median(sourceMeans)
    replaySeriesMeanMedian = TraceInspection.median(
      cpu.map { column in
        Double(column.reduce(into: UInt64(0)) { $0 += UInt64($1) }) / Double(max(column.count, 1))
          / perPercent
      })

    memoryUnit = trace.memoryUnit
    if let memoryUnit {
      let factor = memoryUnit == .partsPerMillion ? perPercent : 1
      let memory = (0..<trace.seriesCount).compactMap { trace.memory($0)?.buffer }
      sourceMemory = header.rawMemory.divided(by: factor)
      replayMemory = ColumnStatistics.distribution(memory).divided(by: factor)
    } else {
      sourceMemory = nil
      replayMemory = nil
    }

    vcpusTotal = (0..<trace.seriesCount).reduce(0) { $0 + (trace.vcpus($1) ?? 0) }
    seriesWithVCPUs = (0..<trace.seriesCount).count { trace.vcpus($0) != nil }
    memoryTotal = (0..<trace.seriesCount).reduce(.zero) { $0 + (trace.memory($1) ?? .zero) }
    capacityTotal = (0..<trace.seriesCount).reduce(.zero) { $0 + (trace.capacity($1) ?? .zero) }
    cpuUseTotal =
      header[.hasKilohertz] == 0
      ? nil : Kilohertz(TraceInspection.sumOfMeans(records, \.kilohertzSum))
    memoryUseTotal =
      memoryUnit != .kibibytes
      ? nil : Bytes(TraceInspection.sumOfMeans(records, \.memorySum) << 10)

    let series = records.indices.map { index in
      Series(
        name: trace.name(index), rows: records[index].rowCount, cpuMeanPercent: sourceMeans[index])
    }
    // Of equals `min` and `max` return the first; names ascend.
    longest = series.max { $0.rows < $1.rows }!
    shortest = series.min { $0.rows < $1.rows }!
    busiest = series.max { $0.cpuMeanPercent < $1.cpuMeanPercent }!
    idlest = series.min { $0.cpuMeanPercent < $1.cpuMeanPercent }!
  }

  private static func lastOffset(_ trace: UtilisationTrace) -> Int64 {
    (0..<trace.seriesCount).reduce(0) { latest, index in
      let series = trace.cpu(index, unit: .percent)!
      return series.count == 0 ? latest : max(latest, series.time(series.count - 1).value)
    }
  }

  private static func sumOfMeans(
    _ records: [TraceImage.SeriesRecord], _ sum: KeyPath<TraceImage.SeriesRecord, Int64>
  ) -> Int64 {
    records.reduce(0) { total, record in
      record.rowCount == 0
        ? total : total + roundedRatio(record[keyPath: sum], by: 1, over: record.rowCount)
    }
  }

  private static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }
}

extension TraceInspection {
  /// Everything as label and value for a person, in a fixed order.
  public var lines: [(label: String, value: String)] {
    var lines: [(label: String, value: String)] = [
      ("format", format == sourceFormat ? format : "\(format), from \(sourceFormat)"),
      ("SHA-256", sha256),
      ("series", "\(seriesCount)"),
      ("samples", "\(sampleCount)"),
      ("rows in the source", "\(rowCount)"),
      ("first timestamp", TraceInspection.seconds(firstTimestamp)),
      ("last timestamp", TraceInspection.seconds(lastTimestamp)),
      ("length", "\(length)"),
      ("nominal step", "\(nominalStep)"),
      ("steps", commonSteps),
      ("first timestamps of series", "\(distinctStarts) different"),
      ("CPU of the source", TraceInspection.text(sourceCPU, "%")),
      ("CPU in replay", TraceInspection.text(replayCPU, "%")),
      ("median of series means", "\(TraceInspection.fixed(sourceSeriesMeanMedian)) %"),
    ]
    if let sourceMemory, let replayMemory {
      let unit = memoryUnit == .kibibytes ? "KiB" : "%"
      lines.append(("memory of the source", TraceInspection.text(sourceMemory, unit)))
      lines.append(("memory in replay", TraceInspection.text(replayMemory, unit)))
    }
    if seriesWithVCPUs > 0 {
      lines.append(("vCPUs", "\(vcpusTotal) in \(seriesWithVCPUs) series"))
      lines.append(("memory of VMs", "\(memoryTotal)"))
    }
    if capacityTotal.value > 0 { lines.append(("CPU provisioned", "\(capacityTotal)")) }
    if let cpuUseTotal { lines.append(("CPU in use, mean", "\(cpuUseTotal)")) }
    if let memoryUseTotal { lines.append(("memory in use, mean", "\(memoryUseTotal)")) }
    lines += [
      ("longest series", "\(longest.name), \(longest.rows) rows"),
      ("shortest series", "\(shortest.name), \(shortest.rows) rows"),
      ("busiest series", "\(busiest.name), \(TraceInspection.fixed(busiest.cpuMeanPercent)) %"),
      ("idlest series", "\(idlest.name), \(TraceInspection.fixed(idlest.cpuMeanPercent)) %"),
    ]
    return lines + quirks.map { ($0.name, "\($0.count)") }
  }

  /// The five most frequent steps, most frequent first, and how many others there are.
  private var commonSteps: String {
    let common = steps.sorted { $0.count != $1.count ? $0.count > $1.count : $0.step < $1.step }
    var text = common.prefix(5).map { "\($0.step) ×\($0.count)" }
    let others = common.dropFirst(5)
    if !others.isEmpty { text.append("others ×\(others.reduce(0) { $0 + $1.count })") }
    return text.isEmpty ? "none" : text.joined(separator: ", ")
  }

  private static func seconds(_ nanoseconds: Int64) -> String {
    "\(SimTime(nanoseconds))"
  }

  private static func text(_ values: Distribution, _ unit: String) -> String {
    var parts = ["mean \(fixed(values.mean))", "sd \(fixed(values.sd))"]
    if values.hasQuantiles {
      let quantiles = [values.p25, values.p50, values.p75].map(fixed).joined(separator: " / ")
      parts.append("25/50/75 % \(quantiles)")
      parts.append("95 % \(fixed(values.p95))")
      parts.append("99 % \(fixed(values.p99))")
    }
    parts.append("max \(fixed(values.max)) \(unit)")
    return parts.joined(separator: ", ")
  }

  /// Two decimals, half away from zero.
  private static func fixed(_ value: Double) -> String {
    decimal(Int64((value * 100).rounded()), places: 2)
  }
}

extension SampledSeries {
  var buffer: UnsafeBufferPointer<UInt32> { UnsafeBufferPointer(start: values, count: count) }
}
