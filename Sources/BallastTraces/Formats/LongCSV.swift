import BallastModel
import BallastUnits

extension TraceFormat {
  /// A plain table with the header `time,vm,cpu_pct,mem_pct`: one row per VM and time, in any order.
  ///
  /// Time      seconds, also with a fraction, or `YYYY-MM-DD HH:MM:SS`; no zone is applied.
  /// Columns   any order; `mem_pct` may be left out. Cells may stand in double quotes.
  /// Files     several files of a folder are one table.
  static let csv = TraceFormat(
    name: "csv",
    summary: "a table with the columns time, vm, cpu_pct and perhaps mem_pct, rows in any order",
    recognises: { sample in
      let columns = String(decoding: sample.firstLine, as: UTF8.self)
        .filter { $0 != "\"" && $0 != " " }.split(separator: ",")
      return columns.contains("time") && columns.contains("vm") && columns.contains("cpu_pct")
    },
    reading: .text { source, builder in
      let isOneFile = source.shape == .file
      source.visit(
        problems: builder.problems,
        takes: { isOneFile || $0.hasSuffix(".csv") || $0.hasSuffix(".csv.gz") },
        { entry throws(ScenarioProblem) in try read(entry, into: builder) })
    })

  private enum Column: String, CaseIterable {
    case time
    case vm
    case cpu = "cpu_pct"
    case memory = "mem_pct"
  }

  private static func read(
    _ entry: TraceEntry, into builder: TraceBuilder
  ) throws(ScenarioProblem) {
    let lines = entry.lines
    let columns = try columns(lines)
    let hasMemory = columns.contains(.memory)
    if hasMemory { builder.declareMemory(.partsPerMillion) }
    var hasRows = false
    while !builder.problems.isFull, try lines.next() {
      var cells = Cells(lines.line, separator: UInt8(ascii: ","))
      var row = Row(time: 0, series: 0, cpu: 0)
      var name: UnsafeRawBufferPointer?
      for column in columns {
        switch column {
        case .time: row.time = cells.time()
        case .vm:
          name = cells.text()
          if let name, name.isEmpty { cells.reject(name, .missing) }
        case .cpu: row.cpu = UInt32(cells.number(places: 4))
        case .memory: row.memory = UInt32(cells.number(places: 4))
        }
      }
      cells.finish()
      guard cells.fault == nil, let name else {
        builder.problems.add(cells, of: lines)
        continue
      }
      let series = builder.series(named: name)
      if hasMemory { builder.facts[series].hasMemory = true }
      row.series = UInt32(series)
      try builder.append(row)
      hasRows = true
    }
    try entry.requireRows(hasRows, problems: builder.problems)
  }

  private static func columns(_ lines: LineReader) throws(ScenarioProblem) -> [Column] {
    guard try lines.next() else { return [] }
    let place = SourcePlace(file: lines.label, line: 1, column: 1)
    let known = Column.allCases.map(\.rawValue).joined(separator: ",")
    var cells = Cells(lines.line, separator: UInt8(ascii: ","))
    var columns: [Column] = []
    for _ in lines.line.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
      let name = cells.text().map(printable) ?? ""
      guard let column = Column(rawValue: name), !columns.contains(column) else {
        throw ScenarioProblem(
          place, "'\(name)' is not a column of this format, or is there twice",
          remedy: "the header is \(known); mem_pct may be left out")
      }
      columns.append(column)
    }
    for needed in [Column.time, .vm, .cpu] where !columns.contains(needed) {
      throw ScenarioProblem(
        place, "the column '\(needed.rawValue)' is missing",
        remedy: "the header is \(known); mem_pct may be left out")
    }
    return columns
  }
}

extension Cells {
  /// Seconds or a date and time of day, in nanoseconds.
  fileprivate mutating func time() -> Int64 {
    let before = self
    guard let cell = text() else { return 0 }
    if cell.count > 10 && cell[4] == UInt8(ascii: "-") {
      if let time = parseDateTime(cell) { return time }
      reject(cell, .notATime)
      return 0
    }
    self = before
    return Int64(number(places: 9, limit: latestTime))
  }
}
