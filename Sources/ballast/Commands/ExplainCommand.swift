import ArgumentParser
import BallastModel
import BallastReport
import BallastScenario
import BallastSimulator
import BallastUnits
import Foundation

struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Say why a VM got what it got at a moment of a run.",
    discussion: """
      Runs the scenario of the run again up to TIME and shows the arithmetic behind the VM's entitlement, placement,
      moves, restarts or refusal. Traces must still be where they were.
      """)

  @Argument(help: "Directory of a run.")
  var directory: String

  @Option(help: ArgumentHelp("Name of the VM.", valueName: "name"))
  var vm: String

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Moment of the run, such as 2h30m; changes at it count.", valueName: "time"))
  var at: String

  @Option(help: "Threads to work on hosts with; the result does not depend on it.")
  var threads = 1

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    guard (1...1_024).contains(threads) else {
      throw ValidationError("--threads takes a whole number from 1 to 1024")
    }
    if case .failure(let fault) = timeOfRun(at) { throw ValidationError("--at: \(fault)") }
  }

  func run() throws {
    guard case .success(let time) = timeOfRun(at) else { return }
    let file = try storedRun(directory)
    guard time.value <= file.record.simulated.value else {
      note(
        "ballast: \(at) is after the end of the run, which simulated "
          + VMExplanation.clock(SimTime(file.record.simulated.value)))
      throw Exit.usage.code
    }
    if file.ballastVersion != ballastVersion {
      note(
        "ballast: the run was made by version \(file.ballastVersion); version \(ballastVersion)"
          + " explains what it would do itself")
    }
    let world = try storedWorld(of: file, in: directory)
    guard let index = world.vms.firstIndex(where: { $0.name == vm }) else {
      note("ballast: the run has no VM \(vm); \(remedy(in: world.vms.map(\.name)))")
      throw Exit.usage.code
    }
    Interrupt.watch()
    let progress = Progress(duration: SimDuration(max(time.value, 1)), isQuiet: false)
    let explained = Simulation.explain(
      [ExplanationRequest(vm: VMIndex(index), at: time)], of: world, threads: threads,
      progress: progress.show, shouldStop: { Interrupt.isRequested })
    progress.finish()
    guard let explanation = explained[0] else { throw Exit.interrupted.code }
    output(json ? asJSON(explanation, of: world) : asText(explanation, of: world))
  }

  private func remedy(in names: [String]) -> String {
    if vm.contains(where: { "*?".contains($0) }) { return "a pattern names many, write one name" }
    let own = names.filter {
      $0.hasPrefix(vm + "-") && Int($0.dropFirst(vm.count + 1)) != nil
    }
    if let first = own.first, let last = own.last {
      return "it is an entry of \(own.count): write one of \(first) … \(last)"
    }
    return nearestName(vm, in: names).map { "did you mean \($0)?" }
      ?? "vms-summary.csv names its \(names.count)"
  }

  // MARK: What is printed

  private func asText(_ explanation: VMExplanation, of world: World) -> String {
    var lines = [
      "\(explanation.vm) at \(VMExplanation.clock(explanation.time)) of \(world.name)"
    ]
    for section in explanation.sections {
      lines += ["", section.title]
      lines += section.sentences.map { "  " + $0 }
      if !section.table.isEmpty {
        lines.append("")
        lines += aligned(section.table).map { "    " + $0 }
      }
    }
    return lines.joined(separator: "\n")
  }

  /// Columns side by side: the first and the last are words, the others numbers.
  private func aligned(_ rows: [[String]]) -> [String] {
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      row.indices.map { column in
        let padding = String(repeating: " ", count: widths[column] - row[column].count)
        if column == row.count - 1 { return row[column] }
        return column == 0 ? row[column] + padding : padding + row[column]
      }.joined(separator: "  ")
    }
  }

  private func asJSON(_ explanation: VMExplanation, of world: World) -> String {
    struct Section: Encodable {
      var title: String
      var sentences: [String]
    }
    struct Answer: Encodable {
      let schemaVersion = 1
      let ballastVersion: String
      let scenario: String
      let seed: UInt64
      let units = ["cpu": "kHz", "memory": "bytes", "time": "ns"]
      let explanation: VMExplanation
      let words: [Section]
    }
    return jsonText(
      Answer(
        ballastVersion: ballastVersion, scenario: world.name, seed: world.seed,
        explanation: explanation,
        words: explanation.sections.map { Section(title: $0.title, sentences: $0.sentences) }))
  }
}
