import ArgumentParser
import Foundation

/// The version in results and in `--version`.
let ballastVersion = "0.1.0"

@main
struct Ballast: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ballast",
    abstract: "Simulates how hypervisors share CPU and memory among virtual machines.",
    discussion: """
      Describe hosts, VMs and policies in a YAML scenario, run it, and read who got what and who waited.
      Start with: ballast init demo && ballast run demo/scenario.yaml
      """,
    version: ballastVersion,
    subcommands: [
      InitCommand.self, ValidateCommand.self, RunCommand.self, ReportCommand.self,
      ExplainCommand.self,
      SchemaCommand.self, TraceCommand.self, ProfilesCommand.self, PlanCommand.self,
      SweepCommand.self, CompareCommand.self, ImportCommand.self, ExportCommand.self,
      NotebookCommand.self,
    ])

  /// Commands that the interface names and that are not built yet.
  private static let announced = [
    "resume", "host",
    "failure", "fuzz",
  ]

  static func main() {
    let arguments = Array(CommandLine.arguments.dropFirst())
    if let first = arguments.first, announced.contains(first) {
      note("ballast: '\(first)' is not built yet; see docs/ for what is")
      Foundation.exit(Exit.usage.rawValue)
    }
    // A reader that goes away (`ballast … | head`) and a file size limit are failed writes, not crashes.
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
    main(arguments)
  }
}
