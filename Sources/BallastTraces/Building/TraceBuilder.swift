import BallastModel
import BallastUnits
import CZlib

/// What is known of one series besides its samples.
struct SeriesFacts {
  var vcpus: Int64 = -1
  var memoryBytes: Int64 = -1
  /// What the VM's CPUs were worth at the source's host; −1 where the source does not say.
  var capacityKilohertz: Int64 = -1
  var hasKilohertz = false
  var hasMemory = false
  /// Powered on from … to; outside, demand is 0.
  var created = Int64.min
  var deleted = Int64.max

  // Of the rows as the source has them.
  var rowCount: Int64 = 0
  var cpuSum: Int64 = 0
  var kilohertzSum: Int64 = 0
  var memorySum: Int64 = 0
  var lastTime = Int64.min
  var vcpusNow: Int64 = -1
  var memoryNow: Int64 = -1
  var changesVCPUs = false
  var changesMemory = false

  /// Keeps the largest size seen and notes changes.
  mutating func note(vcpus count: Int64, memoryBytes bytes: Int64) {
    if vcpusNow >= 0 && vcpusNow != count { changesVCPUs = true }
    if memoryNow >= 0 && memoryNow != bytes { changesMemory = true }
    vcpusNow = count
    memoryNow = bytes
    vcpus = max(vcpus, count)
    memoryBytes = max(memoryBytes, bytes)
  }
}

/// Takes the rows of a source from a reader of its format and counts what is odd about them.
final class TraceBuilder {
  let interval: SimDuration?
  let problems: ProblemList
  var names = SeriesNames()
  var facts: [SeriesFacts] = []
  var quirks = QuirkCounts()
  /// Of the memory column; nil without one.
  private(set) var memoryUnit: SampledSeries.Unit?
  let rows: RowStore
  private(set) var firstTime = Int64.max
  private(set) var cpu = RawCounter(hasQuantiles: true)
  private(set) var memory = RawCounter(hasQuantiles: false)

  init(interval: SimDuration?, memoryBudget: Int, problems: ProblemList) {
    self.interval = interval
    self.problems = problems
    rows = RowStore(memoryBudget: memoryBudget)
  }

  /// Before any row: the source has a memory column in this unit.
  func declareMemory(_ unit: SampledSeries.Unit) {
    if memoryUnit != nil { return }
    memoryUnit = unit
    memory = RawCounter(hasQuantiles: unit == .partsPerMillion)
  }

  /// The series of this name, new or known.
  func series(named name: UnsafeRawBufferPointer) -> Int {
    let (number, isNew) = names.number(of: name)
    if isNew { facts.append(SeriesFacts()) }
    return number
  }

  /// The series that has a file to itself. A second file of the same name is a problem.
  func series(of entry: TraceEntry) throws(ScenarioProblem) -> Int {
    var name = entry.seriesName
    let (number, isNew) = name.withUTF8 { names.number(of: UnsafeRawBufferPointer($0)) }
    guard isNew else {
      throw ScenarioProblem(
        SourcePlace(file: entry.lines.label, line: 1, column: 1),
        "a second file for the series '\(name)'",
        remedy: "give each file a name of its own, or name one folder only")
    }
    facts.append(SeriesFacts())
    return number
  }

  func append(_ row: Row) throws(ScenarioProblem) {
    let series = Int(row.series)
    let hasMemory = facts[series].hasMemory
    facts[series].rowCount += 1
    facts[series].cpuSum += Int64(row.cpu)
    facts[series].kilohertzSum += Int64(row.kilohertz)
    facts[series].memorySum += Int64(row.memory)
    if row.time < facts[series].lastTime { quirks[.backwardRows] += 1 }
    facts[series].lastTime = row.time
    if row.time < firstTime { firstTime = row.time }
    cpu.add(row.cpu)
    if hasMemory { memory.add(row.memory) }
    try rows.append(row)
  }
}

/// A number that differs where two lines differ; zlib's CRC-32.
func lineHash(_ line: UnsafeRawBufferPointer) -> UInt {
  crc32(0, line.baseAddress!.assumingMemoryBound(to: UInt8.self), UInt32(line.count))
}
