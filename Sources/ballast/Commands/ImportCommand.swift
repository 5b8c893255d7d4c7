import ArgumentParser
import BallastImport
import BallastModel
import BallastReport
import BallastScenario
import BallastUnits
import Foundation

struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Make a scenario of what another tool exported, and say what was read and left out.",
    discussion: """
      Formats:
      \(ImportFormat.catalog.map { "  \($0.name): \($0.summary)" }.joined(separator: "\n"))

      The scenario goes to FILE or to standard output, the report to standard error. With --out, samples over time become
      a trace beside FILE; without it, their means.
      """)

  @Argument(help: "Format of the export, see above.")
  var format: String

  @Argument(help: "The export: a file or a folder.")
  var path: String

  @Option(help: ArgumentHelp("Scenario to write.", valueName: "file"))
  var out: String?

  @Flag(help: "Replace a scenario that is already there.")
  var force = false

  @Flag(help: "Print the report as one JSON object; takes --out.")
  var json = false

  @OptionGroup var assumptions: ImportAssumptions

  func validate() throws {
    guard ImportFormat.named(format) != nil else {
      let names = ImportFormat.catalog.map(\.name)
      let near = nearestName(format, in: names).map { "; did you mean \($0)?" } ?? ""
      throw ValidationError(
        "there is no format '\(format)'\(near); the formats are \(names.joined(separator: ", "))")
    }
    if json && out == nil {
      throw ValidationError("--json takes --out: both would go to standard output")
    }
    _ = try assumptions.options()
  }

  func run() throws {
    let options = try assumptions.options()
    if let out { try refuseExisting(out, force: force) }
    let scenario: ImportedScenario
    do throws(ImportError) {
      let (estate, report) = try ImportFormat.named(format)!.open(path, options)
      scenario = try estate.scenario(options, report, traceName: out.map(traceName))
    } catch {
      note("ballast: \(error)")
      throw (error.isMissing ? Exit.fileMissing : Exit.scenarioWrong).code
    }
    guard let out else {
      for line in scenario.report.lines { note(line) }
      output(String(scenario.text.dropLast()))
      return
    }
    try write(scenario.text, out)
    if let trace = scenario.trace {
      try write(trace, folder(of: out) + traceName(out))
    }
    if json {
      output(asJSON(scenario, out))
    } else {
      for line in scenario.report.lines { note(line) }
      output(
        "\(out): \(scenario.vms) VMs with \(scenario.vcpus) vCPUs and \(scenario.memory.value >> 30) GiB"
          + " on \(scenario.hosts) hosts in \(scenario.clusters) clusters")
      note("next: ballast run \(out)")
    }
  }

  private func write(_ text: String, _ file: String) throws {
    do throws(RunSinkError) {
      try writeFile(text, path: file)
    } catch {
      note("ballast: cannot write \(error.path): \(error.reason)")
      throw Exit.cannotWrite.code
    }
  }

  /// "site.yaml" → "site-trace.csv", beside it.
  private func traceName(_ file: String) -> String {
    var name = file.split(separator: "/").last.map(String.init) ?? file
    for ending in [".yaml", ".yml"] where name.hasSuffix(ending) { name.removeLast(ending.count) }
    return name + "-trace.csv"
  }

  private func folder(of file: String) -> String {
    file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
  }

  private func asJSON(_ scenario: ImportedScenario, _ out: String) -> String {
    struct Remark: Encodable {
      var kind: String
      var what: String
      var sheet: String
      var row: Int?
      var column: String?
      var detail: String
    }
    struct Answer: Encodable {
      let schemaVersion = 1
      let ballastVersion: String
      let format: String
      let source: String
      let scenario: String
      let clusters: Int
      let hosts: Int
      let vms: Int64
      let vcpus: Int64
      let memoryMib: Int64
      let remarks: [Remark]
      let remarksOmitted: Int
    }
    return jsonText(
      Answer(
        ballastVersion: ballastVersion, format: format, source: path, scenario: out,
        clusters: scenario.clusters, hosts: scenario.hosts, vms: scenario.vms,
        vcpus: scenario.vcpus, memoryMib: scenario.memory.value >> 20,
        remarks: scenario.report.remarks.map {
          Remark(
            kind: $0.kind.rawValue, what: $0.sentence, sheet: $0.place.sheet, row: $0.place.row,
            column: $0.place.column, detail: $0.detail)
        }, remarksOmitted: scenario.report.omittedCount))
  }
}

/// What a user says beside an export.
struct ImportAssumptions: ParsableArguments {
  @Option(help: "The scenario's name (default: the export's).")
  var name: String?

  @Flag(help: "Take VMs that are powered off as if they ran.")
  var includePoweredOff = false

  @Flag(
    help: "Leave out which host a VM was on: placement chooses. For questions of how many hosts.")
  var freePlacement = false

  @Option(
    help: ArgumentHelp(
      "CPU of VMs that nothing was measured of, in percent of their size (default: 10%).",
      valueName: "percentage"))
  var assumeCpu: String?

  @Option(
    help: ArgumentHelp(
      "Active memory of VMs that it is not known of, in percent of their size (default: 25%).",
      valueName: "percentage"))
  var assumeActive: String?

  @Option(help: "Hosts per cluster that the export has none of (default: as many as it takes).")
  var hosts: Int?

  @Option(help: "Cores of such a host.")
  var hostCores = 32

  @Option(help: "Its clock in MHz.")
  var hostMhz = 2_600

  @Option(help: ArgumentHelp("Its memory (default: 512GiB).", valueName: "size"))
  var hostMemory: String?

  @Option(help: "vCPUs of VMs whose export does not tell.")
  var vcpus: Int?

  @Option(help: ArgumentHelp("Memory of VMs whose export does not tell.", valueName: "size"))
  var memory: String?

  @Option(
    help: ArgumentHelp("Time between readings of counters that carry none.", valueName: "time"))
  var interval: String?

  @Option(help: ArgumentHelp("Of arrivals: the first stretch of this length.", valueName: "time"))
  var window: String?

  @Option(help: "Of arrivals: one VM of so many.")
  var oneOf = 1

  func options() throws -> ImportOptions {
    var options = ImportOptions()
    options.name = name
    options.includesPoweredOff = includePoweredOff
    options.freesPlacement = freePlacement
    if let assumeCpu {
      options.assumedCPU = try read(assumeCpu, "--assume-cpu", percentageOfOption)
    }
    if let assumeActive {
      options.assumedActive = try read(assumeActive, "--assume-active", percentageOfOption)
    }
    options.hostCount = try number(hosts, "--hosts", 1...100_000)
    options.hostCores = try number(hostCores, "--host-cores", 1...100_000)!
    options.hostClock = .megahertz(try number(hostMhz, "--host-mhz", 1...1_000_000)!)
    if let hostMemory {
      options.hostMemory = try read(hostMemory, "--host-memory", sizeOfOption)
    }
    options.vcpus = try number(vcpus, "--vcpus", 1...4_096)
    options.memory = try memory.map { try read($0, "--memory", sizeOfOption) }
    options.interval = try interval.map { try read($0, "--interval", duration) }
    options.window = try window.map { try read($0, "--window", duration) }
    options.oneOf = try number(oneOf, "--one-of", 1...1_000_000_000)!
    return options
  }

  private func duration(_ text: String) -> Result<SimDuration, TimeFault> {
    timeOfRun(text).map { SimDuration($0.value) }
  }

  private func read<Amount: Quantity>(
    _ text: String, _ option: String, _ parse: (String) -> Result<Amount, TimeFault>
  ) throws -> Amount {
    switch parse(text) {
    case .success(let amount) where amount.value > 0: return amount
    case .success: throw ValidationError("\(option) takes more than 0")
    case .failure(let fault): throw ValidationError("\(option): \(fault)")
    }
  }

  private func number(
    _ value: Int?, _ option: String, _ range: ClosedRange<Int>
  ) throws -> Int64? {
    guard let value else { return nil }
    guard range.contains(value) else {
      throw ValidationError(
        "\(option) takes a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return Int64(value)
  }
}

/// Ends with 74 where a file must not be replaced, before any work.
func refuseExisting(_ file: String, force: Bool) throws {
  guard fileExists(file) else { return }
  guard isRegularFile(file) else {
    note("ballast: \(file) is not a regular file; name another")
    throw Exit.cannotWrite.code
  }
  guard force else {
    note("ballast: \(file) exists; --force replaces it")
    throw Exit.cannotWrite.code
  }
}
