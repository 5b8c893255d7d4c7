import ArgumentParser
import BallastReport

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write the results of a run in another form: SQLite, or the CSV of esxtop.",
    discussion: """
      --sqlite also takes the directory of a merged sweep. --format esxtop takes a run whose VMs have rows, and its
      scenario.json: vCPUs and clocks come from there.
      """)

  @Argument(help: "Directory of a run.")
  var directory: String

  @Option(help: ArgumentHelp("SQLite database to write.", valueName: "file"))
  var sqlite: String?

  @Option(help: "Another form: esxtop.")
  var format: String?

  @Option(help: ArgumentHelp("File to write with --format.", valueName: "file"))
  var out: String?

  @Flag(help: "Replace a file that is already there.")
  var force = false

  func validate() throws {
    guard (sqlite == nil) != (format == nil) else {
      throw ValidationError("say either --sqlite FILE or --format esxtop --out FILE")
    }
    if let format {
      guard format == "esxtop" else {
        throw ValidationError("there is no form '\(format)'; --format takes esxtop")
      }
      guard out != nil else { throw ValidationError("--format takes --out FILE") }
    } else if out != nil {
      throw ValidationError("--out goes with --format; --sqlite names its own file")
    }
  }

  func run() throws {
    guard fileExists(directory) else {
      note("ballast: \(directory): No such file or directory")
      throw Exit.fileMissing.code
    }
    let target = sqlite ?? out!
    try refuseExisting(target, force: force)
    do throws(ExportError) {
      if sqlite != nil {
        try exportSQLite(directory: directory, to: target)
        output(target)
        return
      }
    } catch {
      throw complain(error)
    }
    let world = try storedWorld(of: storedRun(directory), in: directory)
    var inventory = EsxtopInventory(vcpus: [:], clocks: [:])
    for vm in world.vms { inventory.vcpus[vm.name] = Int64(vm.vcpus) }
    for host in world.hosts { inventory.clocks[host.name] = host.coreRate }
    do throws(ExportError) {
      try exportEsxtop(directory: directory, inventory: inventory, to: target)
    } catch {
      throw complain(error)
    }
    output(target)
  }
}
