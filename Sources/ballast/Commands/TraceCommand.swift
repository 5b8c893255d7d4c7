import ArgumentParser
import BallastModel
import BallastScenario
import BallastTraces
import BallastUnits

struct TraceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trace", abstract: "Look at traces and convert them.",
    subcommands: [Inspect.self, Convert.self])

  struct Source: ParsableArguments {
    @Argument(help: "A file, a folder, .gz or .tar.gz.")
    var path: String

    @Option(help: "Format of the trace (default: what it looks like).")
    var format: String?

    @Option(help: "Seconds between samples, for formats that carry no times.")
    var interval: Double?

    func open() throws -> UtilisationTrace {
      if let format, !TraceFormat.catalog.contains(where: { $0.name == format }) {
        let names = TraceFormat.catalog.map(\.name).joined(separator: ", ")
        throw ValidationError("there is no trace format '\(format)'; the formats are \(names)")
      }
      if let interval, !(interval > 0 && interval <= 1e9) {
        throw ValidationError("--interval takes seconds above 0")
      }
      do throws(ScenarioError) {
        return try UtilisationTrace.open(
          path: path, format: format,
          interval: interval.map { SimDuration(Int64(($0 * 1e9).rounded())) },
          place: SourcePlace(file: path, line: 1, column: 1))
      } catch {
        throw complain(error, in: SourceTexts())
      }
    }
  }

  struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print what a trace holds: series, times, statistics and every quirk met.")

    @OptionGroup var source: Source

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
      let inspection = TraceInspection(try source.open())
      if json {
        let fields = inspection.lines.map { "  \(jsonString($0.label)): \(jsonString($0.value))" }
        output("{\n  \"schema_version\": 1,\n" + fields.joined(separator: ",\n") + "\n}")
        return
      }
      let width = inspection.lines.map(\.label.count).max() ?? 0
      for line in inspection.lines {
        let padding = String(repeating: " ", count: width - line.label.count)
        output("\(line.label)\(padding)  \(line.value)")
      }
    }
  }

  struct Convert: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write a trace in Ballast's binary form, which later runs map into memory.")

    @OptionGroup var source: Source

    @Option(help: "File to write (default: the trace's name with .btrace).")
    var out: String?

    @Flag(help: "Replace a file that is already there.")
    var force = false

    func run() throws {
      let target = out ?? defaultTarget
      if fileExists(target) {
        // The trace takes its name at the end, by a rename: that would replace a device or a folder too.
        guard isRegularFile(target) else {
          note("ballast: \(target) is not a regular file; --out names another")
          throw Exit.cannotWrite.code
        }
        guard force else {
          note("ballast: \(target) exists; --force replaces it, --out names another")
          throw Exit.cannotWrite.code
        }
      }
      let trace = try source.open()
      do throws(TraceWriteError) {
        try trace.write(to: target)
      } catch {
        note("ballast: cannot write \(target): \(error)")
        throw Exit.cannotWrite.code
      }
      output(target)
    }

    private var defaultTarget: String {
      var name = source.path
      while name.hasSuffix("/") { name.removeLast() }
      for ending in [".tar.gz", ".gz", ".csv"] where name.hasSuffix(ending) {
        name.removeLast(ending.count)
      }
      return name + ".btrace"
    }
  }
}
