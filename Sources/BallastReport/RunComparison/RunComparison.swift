import BallastMath
import BallastModel
import BallastUnits

/// Two runs, or two sweeps, side by side.
public struct RunComparison: Sendable {
  public var a: String
  public var b: String
  /// In order: outside noise first.
  public var rows: [ComparedRow]
  /// Sentences about what could not be compared.
  public var notes: [String]
  /// Σ over hosts and samples on one axis, for the page: hours, then A and B.
  var courses: [(title: String, unit: String, a: [(Double, Double)], b: [(Double, Double)])]

  static let hostMetrics = [
    "cpu_used_pct", "cpu_used_mhz", "cpu_ready_ms", "mem_consumed_mib", "mem_balloon_mib",
    "mem_swapped_mib",
  ]
  static let vmMetrics = [
    "cpu_used_mhz", "cpu_ready_pct_per_vcpu", "cpu_limited_pct_per_vcpu", "mem_consumed_mib",
    "mem_balloon_mib", "mem_swapped_mib", "slowdown_pct",
  ]

  /// Run directories.
  public init(run a: String, and b: String, confidence: Double) throws(RunReadError) {
    let (one, other) = (try RunFile.read(directory: a), try RunFile.read(directory: b))
    // Two runs of one scenario are told apart by where they are.
    let isSame = one.record.scenario == other.record.scenario
    self.a = isSame ? a : one.record.scenario
    self.b = isSame ? b : other.record.scenario
    notes = []
    courses = []
    var rows: [ComparedRow] = []
    for figure in one.record.summary where figure.value != emptyCell {
      guard
        let twin = other.record.summary.first(where: { $0.name == figure.name }),
        twin.value != emptyCell
      else { continue }
      rows.append(
        ComparedRow(
          kind: "run", entity: "", metric: figure.name, a: Double(figure.value) / 1_000,
          b: Double(twin.value) / 1_000))
    }
    let hosts = (
      try EntitySeries(path: a + "/hosts.csv", name: "host", metrics: Self.hostMetrics),
      try EntitySeries(path: b + "/hosts.csv", name: "host", metrics: Self.hostMetrics)
    )
    rows += Self.pairs("host", hosts.0, hosts.1, confidence, &notes)
    for (metric, title, unit) in [
      ("cpu_used_mhz", "CPU used by all hosts", "MHz"),
      ("cpu_ready_ms", "Ready time on all hosts", "ms per interval"),
      ("mem_consumed_mib", "Memory consumed on all hosts", "MiB"),
    ] {
      courses.append((title, unit, hosts.0.course(of: metric), hosts.1.course(of: metric)))
    }
    let vms = (
      try EntitySeries(path: a + "/vms.csv", name: "vm", metrics: Self.vmMetrics),
      try EntitySeries(path: b + "/vms.csv", name: "vm", metrics: Self.vmMetrics)
    )
    if vms.0.names.isEmpty || vms.1.names.isEmpty {
      notes.append("rows of VMs were not recorded: their means are compared, without noise")
      rows += Self.pairs(
        "vm",
        try EntitySeries(
          path: a + "/vms-summary.csv", name: "vm", metrics: Self.vmMetrics, suffix: "_mean"),
        try EntitySeries(
          path: b + "/vms-summary.csv", name: "vm", metrics: Self.vmMetrics, suffix: "_mean"),
        confidence, &notes)
    } else {
      rows += Self.pairs("vm", vms.0, vms.1, confidence, &notes)
    }
    self.rows = ComparedRow.ordered(rows)
  }

  private static func pairs(
    _ kind: String, _ a: EntitySeries, _ b: EntitySeries, _ confidence: Double,
    _ notes: inout [String]
  ) -> [ComparedRow] {
    var rows: [ComparedRow] = []
    let lonely = (a.names.count { b.index[$0] == nil }, b.names.count { a.index[$0] == nil })
    if lonely.0 > 0 { notes.append("\(lonely.0) \(kind)s are only in A") }
    if lonely.1 > 0 { notes.append("\(lonely.1) \(kind)s are only in B") }
    for (position, name) in a.names.enumerated() {
      guard let twin = b.index[name] else { continue }
      for (metric, title) in a.metrics.enumerated() {
        let (left, right) = (a.values[position][metric], b.values[twin][metric])
        guard let meanA = BallastMath.Statistics.mean(left),
          let meanB = BallastMath.Statistics.mean(right)
        else { continue }
        rows.append(
          ComparedRow(
            kind: kind, entity: name, metric: title, a: meanA, b: meanB,
            interval: a.times[position] == b.times[twin]
              ? batchMeansInterval(left, right, confidence: confidence) : nil))
      }
    }
    return rows
  }

  public var realCount: Int { rows.count { $0.isReal } }

  /// "cpu_used_pct of host esx-0: 40 → 52 (+12, 95 % 10.1 … 13.9)"
  public static func words(_ row: ComparedRow, confidence: Double) -> String {
    let whose = row.entity.isEmpty ? "" : " of \(row.kind) \(row.entity)"
    let sign = row.difference > 0 ? "+" : ""
    var text =
      "\(row.metric)\(whose): \(fixed(row.a, 3)) → \(fixed(row.b, 3)) (\(sign)\(fixed(row.difference, 3))"
    if let interval = row.interval {
      text +=
        ", \(trimmed(fixed(confidence * 100, 1))) % \(fixed(interval.low, 3)) … "
        + "\(fixed(interval.high, 3))"
    }
    return text + ")"
  }
}

/// Columns of a result file by entity.
struct EntitySeries {
  var metrics: [String]
  var names: [String] = []
  var index: [String: Int] = [:]
  /// Per entity: ends of its samples.
  var times: [[Double]] = []
  /// Per entity and metric; empty cells are left out with their times.
  var values: [[[Double]]] = []

  /// - Parameter suffix: of the columns: "_mean" for `vms-summary.csv`, which has no times.
  init(path: String, name: String, metrics wanted: [String], suffix: String = "")
    throws(RunReadError)
  {
    let table = try CSVTable(path: path)
    let nameColumn = try table.column(name)
    let timeColumn = table.position("time_s")
    let found = wanted.compactMap { metric in
      table.position(metric + suffix).map { (metric: metric, column: $0) }
    }
    metrics = found.map(\.metric)
    try table.forEachRow { row in
      let entity = row.text(nameColumn)
      let place = index[entity] ?? names.count
      if place == names.count {
        index[entity] = place
        names.append(entity)
        times.append([])
        values.append(Array(repeating: [], count: found.count))
      }
      times[place].append(timeColumn.flatMap { row.number($0) } ?? 0)
      for (metric, column) in found.enumerated() {
        if let number = row.number(column.column) { values[place][metric].append(number) }
      }
    }
  }

  /// Σ over entities at each time, hours and sum.
  func course(of metric: String) -> [(Double, Double)] {
    guard let column = metrics.firstIndex(of: metric) else { return [] }
    var sums: [Double: Double] = [:]
    for entity in names.indices where values[entity][column].count == times[entity].count {
      for (time, value) in zip(times[entity], values[entity][column]) {
        sums[time, default: 0] += value
      }
    }
    return sums.sorted { $0.key < $1.key }.map { ($0.key / 3_600, $0.value) }
  }
}
