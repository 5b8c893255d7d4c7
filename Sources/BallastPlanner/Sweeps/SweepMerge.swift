import BallastUnits
import Foundation

/// What was merged of a sweep.
public struct SweepMerge: Sendable {
  public var units: Int
  public var failed: Int
  public var held: Int
}

/// Units that are not there yet.
public struct MissingUnits: Error, Sendable {
  public var count: Int
  public var first: String
}

extension SweepDirectory {
  /// Writes `results.csv` and `sweep.json`, in the order of the plan.
  ///
  /// Rule      columns: unit, id, the axes, then metrics in the order in which units have them first, then error. Units
  ///           are read twice, one at a time: memory does not grow with them.
  /// - Throws: `MissingUnits`, or `SweepWriteError`.
  public func merge(_ plan: SweepPlan) throws -> SweepMerge {
    var columns: [String] = []
    var known: Set<String> = []
    var missing = 0
    var firstMissing = ""
    var summary = SweepMerge(units: plan.count, failed: 0, held: 0)
    for index in 0..<plan.count {
      let unit = plan[index]
      guard let file = read(unit.id) else {
        if missing == 0 { firstMissing = unit.id }
        missing += 1
        continue
      }
      if file.error != nil { summary.failed += 1 }
      for metric in file.metrics {
        if known.insert(metric[0]).inserted { columns.append(metric[0]) }
        if metric == ["holds", "true"] { summary.held += 1 }
      }
    }
    if missing > 0 { throw MissingUnits(count: missing, first: firstMissing) }
    try write("results.csv") { line in
      line(["unit", "id"] + plan.axes.map(\.path) + columns + ["error"])
      for index in 0..<plan.count {
        let unit = plan[index]
        guard let file = read(unit.id) else { continue }
        let values = Dictionary(
          file.metrics.map { ($0[0], $0[1]) }, uniquingKeysWith: { first, _ in first })
        line(
          [String(index), unit.id] + unit.values + columns.map { values[$0] ?? "" }
            + [file.error ?? ""])
      }
    }
    guard case .object(let entries) = plan.json else { return summary }
    let whole = JSON.object(
      entries + [
        ("failed", .count(summary.failed)), ("held", .count(summary.held)),
        ("metrics", .array(columns.map { .text($0) })),
      ])
    try replace("sweep.json", with: whole.pretty + "\n")
    return summary
  }

  /// A file of lines of cells, RFC 4180, whole or not at all.
  private func write(_ name: String, _ body: ((_ line: [String]) -> Void) throws -> Void) throws {
    let target = "\(path)/\(name)"
    let partial = "\(target).\(getpid()).partial"
    guard let file = fopen(partial, "w") else {
      throw SweepWriteError(path: target, reason: String(cString: strerror(errno)))
    }
    try body { cells in
      fputs(cells.map(csvCell).joined(separator: ",") + "\n", file)
    }
    let isBroken = ferror(file) != 0
    guard fclose(file) == 0, !isBroken, rename(partial, target) == 0 else {
      let reason = String(cString: strerror(errno))
      unlink(partial)
      throw SweepWriteError(path: target, reason: reason)
    }
  }

  /// Writes a file beside the results, whole or not at all.
  public func replace(_ name: String, with text: String) throws {
    let target = "\(path)/\(name)"
    let partial = "\(target).\(getpid()).partial"
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      try Data(text.utf8).write(to: URL(fileURLWithPath: partial))
    } catch {
      throw SweepWriteError(path: target, reason: reason(of: error))
    }
    guard rename(partial, target) == 0 else {
      throw SweepWriteError(path: target, reason: String(cString: strerror(errno)))
    }
  }
}

/// A cell in quotes where it contains a comma, a quote or a line break.
private func csvCell(_ text: String) -> String {
  guard text.utf8.contains(where: { $0 == 0x2C || $0 == 0x22 || $0 == 0x0A || $0 == 0x0D }) else {
    return text
  }
  return "\"" + text.replacingOccurrences(of: "\"", with: "\"\"") + "\""
}
