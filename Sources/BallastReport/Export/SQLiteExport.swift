import BallastModel
import BallastUnits
import Foundation

/// Writes a run, or a merged sweep, as a SQLite database.
///
/// Tables    one per CSV file, named as the file with "_" for "-": hosts, vms, vms_summary, pools, events; `results`
///           of a sweep. `columns` has unit and meaning of every column; `run`, `summary` and `expectations` are what
///           run.json says.
/// Types     TEXT for names, INTEGER for counts, REAL for amounts; an empty cell is NULL.
/// Indexes   on time_s, and on the name that leads a row.
/// Cost      one transaction; a few µs a row. The file takes its name when it is whole.
public func exportSQLite(directory: String, to path: String) throws(ExportError) {
  let run: RunFile?
  let tables: [TableShape]
  if access(directory + "/run.json", F_OK) == 0 {
    let file = try reading { () throws(RunReadError) in try RunFile.read(directory: directory) }
    run = file
    tables = file.columns.map { name, columns in
      TableShape(file: name, columns: columns.map { ($0.name, $0.format) })
    }
  } else if access(directory + "/results.csv", F_OK) == 0 {
    run = nil
    tables = [try inferredShape(directory, "results.csv")]
  } else {
    throw .unreadable(
      RunReadError(
        path: directory, reason: "has neither run.json nor results.csv: it is no run and no sweep",
        isMissing: true))
  }
  let database = try writing { () throws(RunSinkError) in try Database(path) }
  for table in tables { try fill(table, of: directory, into: database) }
  if let run { try writing { () throws(RunSinkError) in try describe(run, into: database) } }
  try writing { () throws(RunSinkError) in try database.commit() }
}

/// A CSV file's name and its columns, in order.
struct TableShape {
  var file: String
  var columns: [(name: String, format: ColumnMeaning.Format)]

  var name: String {
    String(file.dropLast(".csv".count)).replacingOccurrences(of: "-", with: "_")
  }

  var definition: String {
    columns.map { column in
      let type =
        switch column.format {
        case .text: "TEXT"
        case .count: "INTEGER"
        case .number: "REAL"
        }
      return "\(Database.quoted(column.name)) \(type)"
    }.joined(separator: ", ")
  }
}

private func fill(
  _ table: TableShape, of directory: String, into database: Database
) throws(ExportError) {
  let csv = try reading { () throws(RunReadError) in
    try CSVTable(path: directory + "/" + table.file)
  }
  // By name: a file may have its columns in another order.
  var positions: [Int] = []
  for column in table.columns {
    positions.append(try reading { () throws(RunReadError) in try csv.column(column.name) })
  }
  let name = Database.quoted(table.name)
  let statement = try writing { () throws(RunSinkError) in
    try database.run("CREATE TABLE \(name) (\(table.definition))")
    let marks = Array(repeating: "?", count: table.columns.count).joined(separator: ", ")
    return try database.prepare("INSERT INTO \(name) VALUES (\(marks))")
  }
  try csv.export { row throws(RunSinkError) in
    for (index, column) in table.columns.enumerated() {
      let cell = positions[index]
      if row.bytes(cell).isEmpty {
        statement.bind(Double?.none, at: index)
        continue
      }
      switch column.format {
      case .text: statement.bind(row.text(cell), at: index)
      case .count: statement.bind(row.number(cell).map { Int64($0) }, at: index)
      case .number: statement.bind(row.number(cell), at: index)
      }
    }
    try statement.insert()
  }
  // After the rows: an index that grows with them costs more.
  let leading = ["time_s", "vm", "host", "pool", "cluster", "event", "subject"]
  try writing { () throws(RunSinkError) in
    for column in table.columns where leading.contains(column.name) {
      try database.run(
        "CREATE INDEX \(Database.quoted("\(table.name)_\(column.name)")) ON \(name)"
          + " (\(Database.quoted(column.name)))")
    }
  }
}

/// Columns of a table without a dictionary: a number where every cell is one.
private func inferredShape(
  _ directory: String, _ file: String
) throws(ExportError) -> TableShape {
  try reading { () throws(RunReadError) in
    let csv = try CSVTable(path: directory + "/" + file)
    var isNumber = [Bool](repeating: true, count: csv.names.count)
    try csv.forEachRow { row throws(RunReadError) in
      for index in isNumber.indices where isNumber[index] {
        if !row.bytes(index).isEmpty && row.number(index) == nil { isNumber[index] = false }
      }
    }
    return TableShape(
      file: file,
      columns: csv.names.enumerated().map { ($0.element, isNumber[$0.offset] ? .number : .text) })
  }
}

/// What `run.json` says beside the rows.
private func describe(_ run: RunFile, into database: Database) throws(RunSinkError) {
  try database.run("CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT)")
  let facts = try database.prepare("INSERT INTO run VALUES (?, ?)")
  let record = run.record
  for (key, value) in [
    ("scenario", record.scenario), ("ballast_version", run.ballastVersion),
    ("scenario_sha256", run.scenarioSHA256), ("seed", String(record.seed)),
    ("digest", hexadecimal(record.digest)),
    ("sim_duration_s", decimal(record.simulated.milliseconds, places: 3)),
    ("complete", record.isComplete ? "true" : "false"),
  ] {
    facts.bind(key, at: 0)
    facts.bind(value, at: 1)
    try facts.insert()
  }
  try database.run("CREATE TABLE summary (name TEXT, unit TEXT, value REAL, meaning TEXT)")
  let figures = try database.prepare("INSERT INTO summary VALUES (?, ?, ?, ?)")
  for figure in record.summary {
    figures.bind(figure.name, at: 0)
    figures.bind(figure.unit, at: 1)
    figures.bind(figure.value == emptyCell ? nil : Double(figure.value) / 1_000, at: 2)
    figures.bind(figure.meaning, at: 3)
    try figures.insert()
  }
  try database.run("CREATE TABLE expectations (text TEXT, measured TEXT, met INTEGER)")
  let verdicts = try database.prepare("INSERT INTO expectations VALUES (?, ?, ?)")
  for verdict in record.expectations {
    verdicts.bind(verdict.text, at: 0)
    verdicts.bind(verdict.measured, at: 1)
    verdicts.bind(Int64(verdict.isMet ? 1 : 0), at: 2)
    try verdicts.insert()
  }
  try database.run(
    "CREATE TABLE columns (file TEXT, name TEXT, unit TEXT, kind TEXT, meaning TEXT, modelled INTEGER)"
  )
  let meanings = try database.prepare("INSERT INTO columns VALUES (?, ?, ?, ?, ?, ?)")
  for (file, columns) in run.columns {
    for column in columns {
      meanings.bind(file, at: 0)
      meanings.bind(column.name, at: 1)
      meanings.bind(column.unit, at: 2)
      meanings.bind(column.kind, at: 3)
      meanings.bind(column.meaning, at: 4)
      meanings.bind(Int64(column.isModelled ? 1 : 0), at: 5)
      try meanings.insert()
    }
  }
}
