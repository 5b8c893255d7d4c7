import BallastModel
import BallastUnits

/// Turns the sorted rows of a source into the columns of the binary form.
///
/// Rule      of equal timestamps the last row wins; off means 0; percentages are clipped to 100 %; times
///           count from the trace's first timestamp.
/// Cost      one pass; memory for one row and a few buffers, whatever the number of rows.
struct TraceAssembler {
  private static let full: UInt32 = 1_000_000
  private let builder: TraceBuilder
  private let store: ImageStore
  private var cpu: ColumnWriter<UInt32>
  private var kilohertz: ColumnWriter<UInt32>
  private var memory: ColumnWriter<UInt32>
  private var times: ColumnWriter<Int64>
  private let hasKilohertz: Bool
  private let hasMemory: Bool
  /// Percentages are clipped, sizes are not.
  private let clipsMemory: Bool
  private var records: [TraceImage.SeriesRecord]
  private var steps = StepCounter()

  // The series at hand.
  private var series = -1
  private var record = TraceImage.SeriesRecord()
  private var timesStart = 0
  private var isRegular = true
  private var hasOffSamples = false
  private var previousIsOn = false
  private var previousTime: Int64 = 0

  /// Builds the image of all rows of `builder`. There must be at least one.
  static func assemble(
    _ builder: TraceBuilder, format: String, sha256: String, memoryBudget: Int
  ) throws(ScenarioProblem) -> TraceImage {
    var assembler = try TraceAssembler(builder, memoryBudget: memoryBudget)
    try assembler.takeRows()
    return try assembler.finish(format: format, sha256: sha256)
  }

  private init(_ builder: TraceBuilder, memoryBudget: Int) throws(ScenarioProblem) {
    self.builder = builder
    hasKilohertz = builder.facts.contains { $0.hasKilohertz }
    hasMemory = builder.memoryUnit != nil
    clipsMemory = builder.memoryUnit == .partsPerMillion
    records = Array(repeating: TraceImage.SeriesRecord(), count: builder.facts.count)

    // Room for the most there can be: a series that is deleted gets one more sample.
    let most = builder.rows.count + builder.facts.count
    let column = (most * 4 + 7) / 8 * 8
    let cpuStart = TraceImage.headerBytes
    let kilohertzStart = cpuStart + column
    let memoryStart = kilohertzStart + (hasKilohertz ? column : 0)
    let timesStart = memoryStart + (hasMemory ? column : 0)
    let tables = builder.facts.count * TraceImage.recordWords * 8 + (1 << 16 + 1) * 16
    let names = (0..<builder.names.count).reduce(8) { $0 + builder.names.withName($1, \.count) }
    store = try ImageStore(
      capacity: timesStart + most * 8 + tables + names, memoryBudget: memoryBudget)
    cpu = ColumnWriter(store, at: cpuStart)
    kilohertz = ColumnWriter(store, at: kilohertzStart)
    memory = ColumnWriter(store, at: memoryStart)
    times = ColumnWriter(store, at: timesStart)
  }

  private mutating func takeRows() throws(ScenarioProblem) {
    var pending: Row?
    try builder.rows.visitInOrder { row throws(ScenarioProblem) in
      if let earlier = pending {
        if earlier.series == row.series && earlier.time == row.time {
          let isSame = earlier.hasSameContent(as: row)
          builder.quirks[isSame ? .repeatedRows : .contradictingRows] += 1
        } else {
          try take(earlier)
        }
      }
      pending = row
    }
    if let pending { try take(pending) }
    closeSeries()
  }

  private mutating func take(_ row: Row) throws(ScenarioProblem) {
    if Int(row.series) != series {
      closeSeries()
      openSeries(Int(row.series), at: row.time)
    } else {
      steps.add(row.time - previousTime)
    }
    let facts = builder.facts[series]
    let isOff = row.isOff || row.time < facts.created || row.time >= facts.deleted
    if previousIsOn && previousTime < facts.deleted && facts.deleted < row.time {
      try write(time: facts.deleted, cpu: 0, kilohertz: 0, memory: 0)
    }
    if isOff {
      builder.quirks[.offSamples] += 1
      hasOffSamples = true
      try write(time: row.time, cpu: 0, kilohertz: 0, memory: 0)
    } else {
      if row.cpu > TraceAssembler.full { builder.quirks[.cpuAboveFull] += 1 }
      var used = row.memory
      if clipsMemory && used > TraceAssembler.full {
        builder.quirks[.memoryAboveFull] += 1
        used = TraceAssembler.full
      }
      try write(
        time: row.time, cpu: min(row.cpu, TraceAssembler.full), kilohertz: row.kilohertz,
        memory: used)
    }
    previousIsOn = !isOff
    previousTime = row.time
  }

  private mutating func write(
    time: Int64, cpu value: UInt32, kilohertz rate: UInt32, memory used: UInt32
  ) throws(ScenarioProblem) {
    let offset = time - builder.firstTime
    let index = record.sampleCount
    if index == 0 { record.first = offset }
    if index == 1 { record.step = offset - record.first }
    if index > 1 && offset != record.first + index * record.step { isRegular = false }
    record.sampleCount += 1
    try cpu.append(value)
    if hasKilohertz { try kilohertz.append(rate) }
    if hasMemory { try memory.append(used) }
    try times.append(offset)
  }

  private mutating func openSeries(_ number: Int, at time: Int64) {
    series = number
    record = TraceImage.SeriesRecord()
    record.sampleStart = Int64(cpu.count)
    timesStart = times.count
    isRegular = true
    hasOffSamples = false
    previousIsOn = false
    previousTime = time
  }

  private mutating func closeSeries() {
    if series < 0 { return }
    if isRegular {
      times.truncate(to: timesStart)
    } else {
      record.timesStart = Int64(timesStart)
      record.step = 0
    }
    // The end needs the nominal step, which is known after the last series.
    record.end = previousTime - builder.firstTime
    if hasOffSamples { builder.quirks[.offSeries] += 1 }
    if record.first > 0 { builder.quirks[.lateSeries] += 1 }
    records[series] = record
  }

  private mutating func finish(
    format: String, sha256: String
  ) throws(ScenarioProblem) -> TraceImage {
    try cpu.flush()
    try kilohertz.flush()
    try memory.flush()
    try times.flush()

    var header = TraceHeader()
    header[.magic] = TraceImage.magic
    header[.byteOrderMark] = TraceImage.byteOrderMark
    header[.version] = TraceImage.version
    header.sourceFormat = format
    header.sourceSHA256 = sha256
    header[.firstTimestamp] = builder.firstTime
    header[.memoryUnit] = builder.memoryUnit.map { Int64($0.rawValue) } ?? -1
    header[.hasKilohertz] = hasKilohertz ? 1 : 0
    header[.sampleCount] = Int64(cpu.count)
    header[.seriesCount] = Int64(records.count)
    header[.timesCount] = Int64(times.count)
    header.rawCPU = builder.cpu.distribution()
    header.rawMemory = builder.memory.distribution()

    let distances = steps.sorted()
    let nominal = builder.interval?.value ?? TraceAssembler.median(distances)
    header[.nominalStep] = nominal
    for (step, count) in distances where Int128(step.value) * 2 > Int128(nominal) * 3 {
      builder.quirks[.gaps] += count
    }
    complete(nominalStep: nominal)
    header[.length] = records.map(\.end).max() ?? 0
    for kind in Quirk.allCases { header[quirk: kind] = builder.quirks[kind] }

    var end = TraceImage.headerBytes
    func place(_ start: Int, _ byteCount: Int) throws(ScenarioProblem) -> Int64 {
      let at = end
      try store.move(from: start, to: at, count: byteCount)
      end = (at + byteCount + 7) / 8 * 8
      // The gap may hold bytes of a column that was moved.
      try store.write([UInt8](repeating: 0, count: end - at - byteCount), at: at + byteCount)
      return Int64(at)
    }
    header[.cpuStart] = try place(cpu.start, cpu.byteCount)
    header[.kilohertzStart] = try place(kilohertz.start, kilohertz.byteCount)
    header[.memoryStart] = try place(memory.start, memory.byteCount)
    header[.timesStart] = try place(times.start, times.byteCount)
    try writeTables(distances, at: end, &header)
    let storage = try store.finish(count: Int(header[.byteCount]))
    return TraceImage(storage: storage, header: header)
  }

  /// What a series' record takes from the facts and from the nominal step.
  private mutating func complete(nominalStep: Int64) {
    for number in records.indices {
      let facts = builder.facts[number]
      records[number].vcpus = facts.vcpus
      records[number].memoryBytes = facts.memoryBytes
      records[number].capacityKilohertz = facts.capacityKilohertz
      records[number].columns = (facts.hasKilohertz ? 1 : 0) | (facts.hasMemory ? 2 : 0)
      records[number].rowCount = facts.rowCount
      records[number].cpuSum = facts.cpuSum
      records[number].kilohertzSum = facts.kilohertzSum
      records[number].memorySum = facts.memorySum
      let last = records[number].end
      records[number].end = last + nominalStep
      if records[number].sampleCount == 1 { records[number].step = nominalStep }
      // Sums with Int.max, "never deleted", must not overflow.
      if facts.deleted != .max, facts.deleted - builder.firstTime > last {
        records[number].end = min(last + nominalStep, facts.deleted - builder.firstTime)
      }
      if facts.changesVCPUs { builder.quirks[.vcpuChanges] += 1 }
      if facts.changesMemory { builder.quirks[.memoryChanges] += 1 }
    }
  }

  private mutating func writeTables(
    _ distances: [(step: SimDuration, count: Int64)], at start: Int, _ header: inout TraceHeader
  ) throws(ScenarioProblem) {
    var table: [TraceImage.SeriesRecord] = []
    var names: [UInt8] = []
    for number in builder.names.sorted() {
      var record = records[number]
      record.nameStart = Int64(names.count)
      builder.names.withName(number) { names.append(contentsOf: $0) }
      record.nameBytes = Int64(names.count) - record.nameStart
      table.append(record)
    }
    let words = distances.flatMap { [$0.step.value, $0.count] }
    header[.seriesStart] = Int64(start)
    header[.stepsStart] = header[.seriesStart] + Int64(table.count * TraceImage.recordWords * 8)
    header[.stepsCount] = Int64(distances.count)
    header[.stepsGranule] = steps.granule
    header[.namesStart] = header[.stepsStart] + Int64(words.count * 8)
    header[.namesBytes] = Int64(names.count)
    names.append(contentsOf: repeatElement(0, count: (8 - names.count % 8) % 8))
    header[.byteCount] = header[.namesStart] + Int64(names.count)

    var tail: [UInt8] = []
    table.withUnsafeBytes { tail.append(contentsOf: $0) }
    words.withUnsafeBytes { tail.append(contentsOf: $0) }
    tail.append(contentsOf: names)
    try store.write(tail, at: start)
    header[.checksum] = tail.withUnsafeBytes { TraceImage.checksum(of: $0, header: header) }
    try store.write(header.words, at: 0)
  }

  /// The lower median; 300 s, what every format here has, when no series has two samples.
  private static func median(_ distances: [(step: SimDuration, count: Int64)]) -> Int64 {
    let total = distances.reduce(0) { $0 + $1.count }
    var passed: Int64 = 0
    for (step, count) in distances {
      passed += count
      if passed * 2 >= total { return max(step.value, 1) }
    }
    return SimDuration.seconds(300).value
  }
}
