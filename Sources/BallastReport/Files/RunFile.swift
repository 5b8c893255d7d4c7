import BallastModel
import BallastUnits

/// The content of `run.json`: the run's record and what only the command knows.
public struct RunFile: Sendable {
  public static let schemaVersion = 1

  public var record: RunRecord
  public var ballastVersion: String
  /// Of the scenario's text, as 64 hexadecimal digits.
  public var scenarioSHA256: String
  /// Of the scenario that the run keeps beside its results, without the places of traces; nil in older runs.
  public var keptScenarioSHA256: String?
  /// Wall-clock time of the run: the only field that may differ between equal runs.
  public var wallMilliseconds: Int64
  /// The columns of each CSV file, so that a run is read with the dictionary it was written with.
  public var columns: [(file: String, columns: [ColumnMeaning])]

  public init(
    record: RunRecord, ballastVersion: String, scenarioSHA256: String,
    keptScenarioSHA256: String?, wallMilliseconds: Int64
  ) {
    self.record = record
    self.ballastVersion = ballastVersion
    self.scenarioSHA256 = scenarioSHA256
    self.keptScenarioSHA256 = keptScenarioSHA256
    self.wallMilliseconds = wallMilliseconds
    columns = ResultFile.allCases.map {
      ($0.rawValue, $0.columns(reclamation: record.takesMemoryBack))
    }
  }

  /// The text of `run.json`: fixed key order and formatting, metrics with three decimals, empty values as null.
  public var json: String {
    var out = JSONText()
    out.open("{")
    out.field("schema_version", Self.schemaVersion)
    out.field("ballast_version", ballastVersion)
    out.field("scenario", record.scenario)
    out.field("scenario_sha256", scenarioSHA256)
    if let keptScenarioSHA256 { out.field("kept_scenario_sha256", keptScenarioSHA256) }
    out.field("seed", raw: String(record.seed))
    out.field("digest", hexadecimal(record.digest))
    out.field("sim_duration_s", thousandths: record.simulated.milliseconds)
    out.field("wall_s", thousandths: wallMilliseconds)
    out.field("complete", raw: record.isComplete ? "true" : "false")
    out.list("expectations", record.expectations) { out, verdict in
      out.field("text", verdict.text)
      out.field("measured", verdict.measured)
      out.field("met", raw: verdict.isMet ? "true" : "false")
      if !verdict.missedBy.isEmpty { out.field("missed_by", raw: verdict.missedBy) }
      if !verdict.lever.isEmpty { out.field("lever", verdict.lever) }
    }
    out.list("summary", record.summary) { out, figure in
      out.field("name", figure.name)
      out.field("unit", figure.unit)
      out.field("value", thousandths: figure.value)
      out.field("meaning", figure.meaning)
    }
    out.key("assumptions")
    out.open("[")
    for sentence in record.assumptions { out.item(sentence) }
    out.close("]")
    out.list("traces", record.traces) { out, trace in
      out.field("name", trace.name)
      out.field("path", trace.path)
      out.field("sha256", trace.sha256)
      out.field("format", trace.format)
      out.field("series", trace.series)
      out.list("quirks", trace.quirks) { out, quirk in
        out.field("name", quirk.name)
        out.field("count", raw: String(quirk.count))
      }
    }
    out.key("columns")
    out.open("{")
    for entry in columns {
      out.list(entry.file, entry.columns) { out, column in
        out.field("name", column.name)
        out.field("unit", column.unit)
        out.field("format", column.format.rawValue)
        out.field("kind", column.kind)
        out.field("meaning", column.meaning)
        out.field("esxtop", column.esxtop)
        out.field("vsphere", column.vSphere)
        out.field("libvirt", column.libvirt)
        out.field("modelled", raw: column.isModelled ? "true" : "false")
      }
    }
    out.close("}")
    out.close("}")
    return out.text + "\n"
  }
}

/// 16 hexadecimal digits.
func hexadecimal(_ value: UInt64) -> String {
  let digits = String(value, radix: 16)
  return String(repeating: "0", count: 16 - digits.count) + digits
}

/// Builds JSON with two-space indentation and keys in the order they are given.
private struct JSONText {
  private(set) var text = ""
  private var depth = 0
  private var needsComma = false

  mutating func open(_ bracket: String) {
    text += bracket
    depth += 1
    needsComma = false
  }

  mutating func close(_ bracket: String) {
    depth -= 1
    // An empty list or object stays on its line.
    if needsComma { newline() }
    text += bracket
    needsComma = true
  }

  mutating func key(_ name: String) {
    separate()
    text += "\(jsonString(name)): "
  }

  mutating func field(_ name: String, raw: String) {
    key(name)
    text += raw
    needsComma = true
  }

  mutating func field(_ name: String, _ value: String) { field(name, raw: jsonString(value)) }
  mutating func field(_ name: String, _ value: Int) { field(name, raw: String(value)) }
  mutating func field(_ name: String, thousandths value: Int64) {
    field(name, raw: value == emptyCell ? "null" : decimal(value, places: 3))
  }

  mutating func item(_ value: String) {
    separate()
    text += jsonString(value)
    needsComma = true
  }

  mutating func list<Element>(
    _ name: String, _ elements: [Element], _ body: (inout JSONText, Element) -> Void
  ) {
    key(name)
    open("[")
    for element in elements {
      separate()
      open("{")
      body(&self, element)
      close("}")
    }
    close("]")
  }

  private mutating func separate() {
    if needsComma { text += "," }
    newline()
    needsComma = false
  }

  private mutating func newline() {
    text += "\n" + String(repeating: "  ", count: depth)
  }
}
