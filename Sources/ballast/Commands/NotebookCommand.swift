import ArgumentParser
import BallastModel
import BallastReport
import Foundation

struct NotebookCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "notebook",
    abstract: "Write a Jupyter notebook on the CSV files of a run, or of a merged sweep.",
    discussion: """
      It takes pandas and matplotlib to execute, and not Ballast. Its cell tagged "parameters" names the directory, so
      papermill can point it at another run.
      """)

  @Argument(help: "Directory of a run or of a merged sweep.")
  var directory: String

  @Option(
    help: ArgumentHelp(
      "File to write (default: notebook.ipynb in the directory).", valueName: "file"))
  var out: String?

  @Flag(help: "Replace a notebook that is already there.")
  var force = false

  func run() throws {
    guard fileExists(directory) else {
      note("ballast: \(directory): No such file or directory")
      throw Exit.fileMissing.code
    }
    var folder = directory
    while folder.count > 1, folder.hasSuffix("/") { folder.removeLast() }
    let target = out ?? folder + "/notebook.ipynb"
    try refuseExisting(target, force: force)
    let text: String
    do throws(ExportError) {
      // Inside the directory it travels with it; elsewhere it has to say where that is.
      text = try notebookText(
        directory: folder,
        shown: out == nil ? "." : URL(fileURLWithPath: folder).standardizedFileURL.path)
    } catch {
      throw complain(error)
    }
    do throws(RunSinkError) {
      try writeFile(text, path: target)
    } catch {
      note("ballast: cannot write \(error.path): \(error.reason)")
      throw Exit.cannotWrite.code
    }
    output(target)
  }
}
