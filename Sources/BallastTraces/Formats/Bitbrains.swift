import BallastModel
import BallastUnits

extension TraceFormat {
  /// GWA-T-12 of the Grid Workloads Archive: VMware VMs at Bitbrains, one CSV file per VM with 11 columns.
  ///
  /// Source    S. Shen, V. van Beek, A. Iosup, CCGrid 2015. Cells are separated by a semicolon and a tab.
  /// Time      the header says ms, the published files hold seconds: from 10^11 on a number is taken as ms
  ///           (10^11 s is the year 5138, 10^11 ms is 1973).
  /// Off       a row with 0 cores or 0 MHz provisioned: the VM is off or not there yet.
  /// Memory    active memory in KiB as recorded; the size is the provisioned memory.
  static let bitbrains = TraceFormat(
    name: "bitbrains",
    summary: "GWA-T-12: one CSV file per VM, ';' separated; CPU in MHz and %, active memory",
    recognises: { $0.firstLine(startsWith: "Timestamp [ms];") },
    reading: .text { source, builder in
      builder.declareMemory(.kibibytes)
      let isOneFile = source.shape == .file
      source.visit(
        problems: builder.problems,
        takes: { isOneFile || $0.hasSuffix(".csv") || $0.hasSuffix(".csv.gz") },
        { entry throws(ScenarioProblem) in try read(entry, into: builder) })
    })

  /// The columns that are read, as the header names them.
  private static let header =
    "Timestamp [ms];\tCPU cores;\tCPU capacity provisioned [MHZ];\tCPU usage [MHZ];"
    + "\tCPU usage [%];\tMemory capacity provisioned [KB];\tMemory usage [KB];"

  private static func read(
    _ entry: TraceEntry, into builder: TraceBuilder
  ) throws(ScenarioProblem) {
    let series = try builder.series(of: entry)
    let lines = entry.lines
    if try lines.next(), !lines.line.starts(with: header.utf8) {
      throw ScenarioProblem(
        SourcePlace(file: lines.label, line: 1, column: 1),
        "the first line is not the header of GWA-T-12",
        remedy: "add the header, or remove the file from the folder if it is no trace")
    }
    builder.facts[series].hasKilohertz = true
    builder.facts[series].hasMemory = true
    var hasRows = false
    while !builder.problems.isFull, try lines.next() {
      var cells = Cells(lines.line, separator: UInt8(ascii: ";"))
      let time = cells.timestamp()
      let cores = cells.number(places: 0)
      let capacity = cells.number(places: 3)
      let kilohertz = cells.number(places: 3)
      let cpu = cells.number(places: 4)
      let provisioned = cells.number(places: 0)
      let used = cells.number(places: 0)
      cells.skip(4)
      cells.finish()
      guard cells.fault == nil else {
        builder.problems.add(cells, of: lines)
        continue
      }
      builder.facts[series].note(
        vcpus: Int64(cores), memoryBytes: Bytes.kibibytes(provisioned).value)
      builder.facts[series].capacityKilohertz = max(
        builder.facts[series].capacityKilohertz, Int64(capacity))
      if used > provisioned { builder.quirks[.memoryAboveProvisioned] += 1 }
      let isOff = cores == 0 || capacity == 0
      try builder.append(
        Row(
          time: time, series: UInt32(series), cpu: UInt32(cpu), kilohertz: UInt32(kilohertz),
          memory: UInt32(used), mark: Row.mark(lineHash(lines.line), isOff: isOff)))
      hasRows = true
    }
    try entry.requireRows(hasRows, problems: builder.problems)
  }
}

extension Cells {
  /// Seconds or milliseconds since 1970, told apart by magnitude, in nanoseconds.
  fileprivate mutating func timestamp() -> Int64 {
    let text = self
    let seconds = number(places: 0, limit: latestTime / 1_000_000)
    if seconds >= 100_000_000_000 { return Int64(seconds) * 1_000_000 }
    // Again, now with the fraction.
    self = text
    return Int64(number(places: 9, limit: latestTime))
  }
}

extension Bytes {
  fileprivate static func kibibytes(_ count: UInt64) -> Bytes { Bytes(Int64(count) << 10) }
}
