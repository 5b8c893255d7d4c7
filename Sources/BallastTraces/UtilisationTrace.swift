import BallastModel
import BallastUnits

/// What many VMs used over time, as a hypervisor or a cloud recorded it.
///
/// Series    byte-wise by name, whatever order the source has them in.
/// Values    integers, rounded once from the source's text, half up: parts per million of the VM's size
///           (clipped to 100 %), kHz and KiB (as recorded).
/// Time      offsets from the first timestamp of all series. A sample holds from its timestamp to the next,
///           the last one for the nominal step: the given interval, or else the median of all steps.
/// Off       0, where the source says that a VM was off. Before a series starts demand is 0 too.
/// Memory    text of any size is read through bounded memory; a result above 256 MiB lies in a temporary file.
///
/// All pointers a `SampledSeries` holds end with the trace.
public final class UtilisationTrace: Sendable {
  /// Name of the format it was read as; see `TraceFormat.catalog`.
  public let formatName: String
  /// Of what was read: of one file its own, of a folder or archive the hash over the lines
  /// `<hash>  <name>` of its files, byte-wise by name. The same bytes under the same names give the same one.
  public let sha256: String
  let image: TraceImage

  init(image: TraceImage, formatName: String, sha256: String) {
    self.image = image
    self.formatName = formatName
    self.sha256 = sha256
  }

  /// Opens a file, a folder or an archive, packed or not.
  ///
  /// - Parameters:
  ///   - format: a name of `TraceFormat.catalog`; nil: what the first bytes and names look like.
  ///   - interval: the nominal step; for formats without times, their step (300 s without it).
  ///   - place: where the scenario names the trace, for what is wrong with the trace as a whole.
  /// - Throws: all that is wrong, at most 20 problems, each with file, line and column.
  public static func open(
    path: String, format: String?, interval: SimDuration?, place: SourcePlace
  ) throws(ScenarioError) -> UtilisationTrace {
    try open(
      path: path, format: format, interval: interval, place: place, memoryBudget: 256 << 20)
  }

  /// `memoryBudget` in bytes bounds the rows held before they go to a file, and the finished columns.
  static func open(
    path: String, format: String?, interval: SimDuration?, place: SourcePlace, memoryBudget: Int
  ) throws(ScenarioError) -> UtilisationTrace {
    if let interval, interval.value <= 0 || interval.value > Int64(latestTime) {
      throw ScenarioError([
        ScenarioProblem(
          place, "a trace cannot have an interval of \(interval)", remedy: "use 5m, for example")
      ])
    }
    let (source, chosen) = try single { () throws(ScenarioProblem) in
      let source = try TraceSource.find(path, namedAt: place)
      return (source, try TraceFormat.choose(format, for: source, place: place))
    }
    switch chosen.reading {
    case .mapped where source.shape != .file:
      throw ScenarioError([source.problem("a binary trace is one file")])
    case .mapped:
      let (image, sha256) = try single { () throws(ScenarioProblem) in try TraceImage.open(path) }
      return UtilisationTrace(image: image, formatName: chosen.name, sha256: sha256)
    case .text(let read):
      let problems = ProblemList()
      let builder = TraceBuilder(
        interval: interval, memoryBudget: memoryBudget, problems: problems)
      read(source, builder)
      if builder.rows.count == 0 && problems.all.isEmpty {
        problems.add(source.problem("there is no file of the format \(chosen.name) in here"))
      }
      try problems.throwIfAny()
      builder.quirks[.skippedFiles] = source.skipped
      let sha256 = source.sha256
      let image = try single { () throws(ScenarioProblem) in
        try TraceAssembler.assemble(
          builder, format: chosen.name, sha256: sha256, memoryBudget: memoryBudget)
      }
      return UtilisationTrace(image: image, formatName: chosen.name, sha256: sha256)
    }
  }

  /// The unit of the memory column; nil without one.
  public var memoryUnit: SampledSeries.Unit? {
    image.header[.memoryUnit] < 0
      ? nil : SampledSeries.Unit(rawValue: UInt32(image.header[.memoryUnit]))
  }

  public var seriesCount: Int { Int(image.header[.seriesCount]) }

  /// Of all series together, without repeated rows.
  public var sampleCount: Int64 { image.header[.sampleCount] }

  /// The end of the last sample of any series; the first of any series is at 0.
  public var length: SimDuration { SimDuration(image.header[.length]) }

  /// The distance between samples that is not remarkable.
  public var nominalStep: SimDuration { SimDuration(image.header[.nominalStep]) }

  public func name(_ series: Int) -> String {
    String(decoding: image.nameBytes(image.record(series)), as: UTF8.self)
  }

  /// The largest count the source gives for the VM.
  public func vcpus(_ series: Int) -> Int? {
    let count = image.record(series).vcpus
    return count > 0 ? Int(count) : nil
  }

  /// The largest size the source gives for the VM.
  public func memory(_ series: Int) -> Bytes? {
    let bytes = image.record(series).memoryBytes
    return bytes > 0 ? Bytes(bytes) : nil
  }

  /// What the VM's vCPUs could do at most at the source's host, where the source says so.
  public func capacity(_ series: Int) -> Kilohertz? {
    let rate = image.record(series).capacityKilohertz
    return rate > 0 ? Kilohertz(rate) : nil
  }

  public func index(ofSeriesNamed name: String) -> Int? {
    var low = 0
    var high = seriesCount
    while low < high {
      let middle = (low + high) / 2
      if image.nameBytes(image.record(middle)).lexicographicallyPrecedes(name.utf8) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    guard low < seriesCount, image.nameBytes(image.record(low)).elementsEqual(name.utf8) else {
      return nil
    }
    return low
  }

  /// CPU in parts per million of the VM's size or in kHz; nil where the source lacks that unit.
  public func cpu(_ series: Int, unit: TraceUnit) -> SampledSeries? {
    let record = image.record(series)
    switch unit {
    case .percent:
      return column(at: image.header[.cpuStart], of: record, unit: .partsPerMillion)
    case .mhz where record.hasKilohertz:
      return column(at: image.header[.kilohertzStart], of: record, unit: .kilohertz)
    case .mhz:
      return nil
    }
  }

  /// Memory in use in parts per million of the VM's size or in KiB, as the source has it; nil where it
  /// has none.
  public func memory(_ series: Int) -> SampledSeries? {
    let record = image.record(series)
    guard record.hasMemory, let unit = memoryUnit else { return nil }
    return column(at: image.header[.memoryStart], of: record, unit: unit)
  }

  /// How often each kind occurs, in the order of `Quirk`; also those that do not occur.
  public var quirks: [(name: String, count: Int64)] {
    Quirk.allCases.map { ($0.name, image.header[quirk: $0]) }
  }

  public func count(of quirk: Quirk) -> Int64 { image.header[quirk: quirk] }

  /// Writes Ballast's own binary form, which opens without parsing. The same source gives the same bytes.
  ///
  /// The file appears at `path` whole or not at all.
  public func write(to path: String) throws(TraceWriteError) {
    try image.write(to: path)
  }

  private func column(
    at start: Int64, of record: TraceImage.SeriesRecord, unit: SampledSeries.Unit
  ) -> SampledSeries {
    SampledSeries(
      values: image.column(at: start, of: record), times: image.times(of: record),
      count: Int(record.sampleCount), first: SimTime(record.first),
      step: SimDuration(record.step), end: SimTime(record.end), unit: unit)
  }
}

/// Makes an error of the one problem that stops everything.
private func single<Result>(
  _ body: () throws(ScenarioProblem) -> Result
) throws(ScenarioError) -> Result {
  do throws(ScenarioProblem) {
    return try body()
  } catch {
    throw ScenarioError([error])
  }
}
