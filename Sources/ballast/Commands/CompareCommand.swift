import ArgumentParser
import BallastImport
import BallastPlanner
import BallastReport
import BallastUnits
import Foundation

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Two runs, or two sweeps, side by side; differences outside noise first.",
    discussion: """
      With --rvtools: an export and the run of the scenario made of it; rank correlation of entitlements.
      Noise: of runs by batch means of the samples that both have, of sweeps by the repetitions that both have, or as
      two samples where they have none in common.
      Exit codes: 0 compared, 64 usage, 66 no such directory, 74 cannot write.
      """)

  @Argument(help: "Directory of a run or of a sweep.")
  var a: String

  @Argument(help: "The other one; not with --rvtools.")
  var b: String?

  @Option(
    help: ArgumentHelp(
      "An RVTools export, to hold its entitlements against those of the run A.", valueName: "path"))
  var rvtools: String?

  @Option(help: "Confidence of intervals in percent.")
  var confidence = 95.0

  @Option(help: ArgumentHelp("Write the comparison as a page.", valueName: "file"))
  var html: String?

  @Flag(help: "Replace a page that is already there.")
  var force = false

  @Option(help: "Most lines to print.")
  var lines = 20

  @Flag(help: "Print the comparison as one JSON object.")
  var json = false

  func validate() throws {
    if rvtools == nil && b == nil {
      throw ValidationError("Missing expected argument '<b>': the run or sweep to compare with")
    }
    if rvtools != nil && (b != nil || html != nil) {
      throw ValidationError("--rvtools takes one run, and no --html")
    }
    try checkConfidence(confidence)
    guard lines >= 0 else { throw ValidationError("--lines takes a whole number from 0 up") }
  }

  func run() throws {
    guard let b else {
      let correlation = try correlation(rvtools: rvtools!, run: a)
      json
        ? output(text(of: correlation).pretty)
        : output(correlation.lines.joined(separator: "\n"))
      return
    }
    if let html { try refuseExisting(html, force: force) }
    let comparison: RunComparison
    do throws(RunReadError) {
      comparison = try read(b)
    } catch {
      note("ballast: cannot compare: \(error)")
      throw error.isMissing ? Exit.fileMissing.code : Exit.scenarioWrong.code
    }
    json ? output(text(of: comparison).pretty) : show(comparison)
    guard let html else { return }
    do throws(UnwritableFile) {
      try write(comparison.page(confidence: confidence / 100), to: html)
    } catch {
      note("ballast: cannot write \(error.path): \(error.reason)")
      throw Exit.cannotWrite.code
    }
    if !json { note("report: \(html)") }
  }

  private func read(_ b: String) throws(RunReadError) -> RunComparison {
    let (axesA, axesB) = (sweepAxes(a), sweepAxes(b))
    guard let axesA, let axesB else {
      if axesA != nil || axesB != nil {
        throw RunReadError(
          path: axesA == nil ? a : b,
          reason: "is no sweep, and the other is: compare like with like")
      }
      return try RunComparison(run: a, and: b, confidence: confidence / 100)
    }
    guard axesA.map(\.path) == axesB.map(\.path) else {
      throw RunReadError(path: b, reason: "has other axes than \(a)")
    }
    return try RunComparison(sweep: a, and: b, axes: axesA, confidence: confidence / 100)
  }

  /// Nil where a directory holds no sweep.
  private func sweepAxes(_ directory: String) -> [SweepAxis]? {
    struct Stored: Decodable {
      struct Axis: Decodable {
        var path: String
        var repetitions: Bool
      }
      var axes: [Axis]
    }
    guard let data = FileManager.default.contents(atPath: directory + "/sweep.json"),
      let stored = try? JSONDecoder().decode(Stored.self, from: data)
    else { return nil }
    return stored.axes.map { SweepAxis($0.path, isReplicate: $0.repetitions) }
  }

  private func show(_ comparison: RunComparison) {
    output(
      "\(comparison.realCount) of \(comparison.rows.count) quantities differ by more than noise; "
        + "A is \(comparison.a), B is \(comparison.b)")
    for row in comparison.rows.filter({ $0.difference != 0 }).prefix(lines) {
      let mark = row.isReal ? "" : row.interval == nil ? " no noise known" : " noise"
      output("  " + RunComparison.words(row, confidence: confidence / 100) + mark)
    }
    for text in comparison.notes { note("ballast: \(text)") }
  }

  private func text(of correlation: EntitlementComparison) -> JSON {
    .object([
      ("schema_version", .integer(1)), ("rvtools", .text(rvtools ?? "")), ("run", .text(a)),
      ("missing_in_run", .count(correlation.missingInRun)),
      ("missing_in_export", .count(correlation.missingInExport)),
      (
        "rows",
        .array(
          correlation.rows.map { row in
            .object([
              ("theirs", .text(row.theirs)), ("ours", .text(row.ours)), ("vms", .count(row.vms)),
              ("rank_correlation", row.correlation.map { .number($0) } ?? .null),
              ("theirs_total", .number(row.theirTotal)), ("ours_total", .number(row.ourTotal)),
            ])
          })
      ),
    ])
  }

  private func text(of comparison: RunComparison) -> JSON {
    .object([
      ("schema_version", .integer(1)), ("a", .text(comparison.a)), ("b", .text(comparison.b)),
      ("confidence_pct", .number(confidence)), ("outside_noise", .count(comparison.realCount)),
      ("notes", .array(comparison.notes.map { .text($0) })),
      (
        "rows",
        .array(
          comparison.rows.map { row in
            .object([
              ("kind", .text(row.kind)), ("entity", .text(row.entity)),
              ("metric", .text(row.metric)), ("a", .number(row.a)), ("b", .number(row.b)),
              ("difference", .number(row.difference)),
              ("low", row.interval.map { .number($0.low) } ?? .null),
              ("high", row.interval.map { .number($0.high) } ?? .null),
              ("outside_noise", .boolean(row.isReal)),
            ])
          })
      ),
    ])
  }
}
