import BallastMath

/// One axis of a sweep.
public struct SweepAxis: Sendable {
  public var path: String
  /// Only chance differs along it: its values are repetitions.
  public var isReplicate: Bool
  public init(_ path: String, isReplicate: Bool) {
    self.path = path
    self.isReplicate = isReplicate
  }
}

/// `results.csv` of a sweep, by metric: repetitions of one point together.
struct SweepTable {
  /// A combination of the values of all axes that are no repetitions.
  struct Point {
    var values: [String]
    /// Per metric, one value per repetition that has one.
    var samples: [[Double]]
    /// Of which repetition each sample is, by its place in `repetitions`.
    var sources: [[Int]]
    var held: Int
    /// Units that ended in an error.
    var failed = 0
    var count: Int
    var hasResult: Bool { failed < count }
    var heldShare: Double { count > 0 ? Double(held) / Double(count) : 0 }
  }
  struct Failure {
    var reason: String
    var count: Int
    /// What the first such unit has on each axis, repetitions too.
    var example: String
  }
  /// Axes that are no repetitions.
  var axes: [String]
  /// Values of each, in the order they come.
  var axisValues: [[String]]
  var metrics: [String]
  var points: [Point]
  /// Units that ended in an error, by reason, in the order in which reasons come.
  var failures: [Failure]
  /// Values of the axes that are repetitions, in the order they come: "seed 3".
  var repetitions: [String]

  init(directory: String, axes all: [SweepAxis]) throws(RunReadError) {
    let table = try CSVTable(path: directory + "/results.csv")
    axes = all.filter { !$0.isReplicate }.map(\.path)
    var columns: [Int] = []
    for axis in axes { columns.append(try table.column(axis)) }
    var allColumns: [(path: String, column: Int)] = []
    for axis in all { allColumns.append((axis.path, try table.column(axis.path))) }
    let chances = zip(all, allColumns).filter(\.0.isReplicate).map(\.1)
    let holds = table.position("holds")
    let error = table.position("error")
    let skipped = Set(["unit", "id", "holds", "error"] + all.map(\.path))
    let named = table.names.enumerated().filter { !skipped.contains($0.element) }
    let numeric = named.filter { !$0.element.hasPrefix("met: ") }
    metrics = numeric.map(\.element)
    axisValues = axes.map { _ in [] }
    points = []
    failures = []
    var reasons: [String: Int] = [:]
    repetitions = []
    var place: [[String]: Int] = [:]
    var repetitionPlace: [String: Int] = [:]
    let (metricCount, axisCount) = (metrics.count, axes.count)
    try table.forEachRow { row in
      let values = columns.map { row.text($0) }
      for axis in 0..<axisCount where !axisValues[axis].contains(values[axis]) {
        axisValues[axis].append(values[axis])
      }
      let index = place[values] ?? points.count
      if index == points.count {
        place[values] = index
        points.append(
          Point(
            values: values, samples: Array(repeating: [], count: metricCount),
            sources: Array(repeating: [], count: metricCount), held: 0, count: 0))
      }
      let repetition = chances.map { "\($0.path) \(row.text($0.column))" }.joined(separator: ", ")
      let source = repetitionPlace[repetition] ?? repetitions.count
      if source == repetitions.count {
        repetitionPlace[repetition] = source
        repetitions.append(repetition)
      }
      points[index].count += 1
      if let holds, row.isTrue(holds) { points[index].held += 1 }
      let reason = error.map { row.text($0) } ?? ""
      if !reason.isEmpty {
        points[index].failed += 1
        if let known = reasons[reason] {
          failures[known].count += 1
        } else {
          reasons[reason] = failures.count
          let example = allColumns.map { "\($0.path) \(row.text($0.column))" }
          failures.append(
            Failure(reason: reason, count: 1, example: example.joined(separator: ", ")))
        }
      }
      for (metric, column) in numeric.enumerated() {
        if let number = row.number(column.offset) {
          points[index].samples[metric].append(number)
          points[index].sources[metric].append(source)
        }
      }
    }
  }

  /// Where a value stands on an axis: its number where all have one, else its place in the list.
  func position(_ axis: Int, _ value: String) -> Double {
    let numbers = axisValues[axis].map(leadingNumber)
    if numbers.allSatisfy({ $0 != nil }), Set(numbers.map { $0! }).count == numbers.count {
      return leadingNumber(value) ?? 0
    }
    return Double(axisValues[axis].firstIndex(of: value) ?? 0)
  }

  func mean(_ point: Point, _ metric: Int) -> Double? {
    BallastMath.Statistics.mean(point.samples[metric])
  }
}

/// "16GiB" is 16; nil where a text does not begin with a number.
private func leadingNumber(_ text: String) -> Double? {
  Double(text.prefix { $0.isASCII && ($0.isNumber || $0 == "." || $0 == "-") })
}
