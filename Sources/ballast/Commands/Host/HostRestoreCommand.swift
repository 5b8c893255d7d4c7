import ArgumentParser
import BallastAgent
import BallastKVM
import BallastModel
import BallastReport
import Foundation

struct HostRestoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore", abstract: "Put a KVM host back as it was before Ballast changed it.",
    discussion: """
      From the originals in the state folder: after `apply`, or after `manage --apply` was killed. Memory is given back \
      first. What somebody else has changed since is left and stays on record, unless --force.
      """)

  @OptionGroup var host: HostOptions
  @OptionGroup var state: StateOptions

  @Flag(help: "Also what somebody else has changed since.")
  var force = false

  @Flag(help: "Print one JSON object.")
  var json = false

  func run() throws {
    let directory = try state.directory()
    do {
      let lock = (
        try ControllerLock(directory: directory), try host.lock(stateDirectory: directory)
      )
      let originals = try StateFile(directory: directory, connection: host.connection)
      if originals.touched.isEmpty {
        output(json ? restoreAsJSON(RestoreReport()) : "nothing to restore")
        return
      }
      let audit = try AuditLog(directory: directory)
      let system = try host.open(readOnly: false)
      var managed = KVMHost(
        system, membership: .consenting { _ in nil }, mode: .apply, state: originals,
        audit: audit)
      let report = try managed.restore(insists: force)
      output(json ? restoreAsJSON(report) : restoreWords(report).joined(separator: "\n"))
      withExtendedLifetime(lock) {}
      if report.isIncomplete || report.hasLeft { throw Exit.expectationNotMet.code }
    } catch let code as ExitCode {
      throw code
    } catch {
      throw hostFailure(error)
    }
  }
}

/// What putting a host back came to, for people.
func restoreWords(_ report: RestoreReport) -> [String] {
  var lines = report.performed.map(entryWords)
  lines += report.heldBack.map {
    "left: \($0.write.target.name) \($0.write.field.rawValue): \($0.reason)"
  }
  lines += report.gone.map { "gone: \($0) has ended or started again since" }
  if report.hasLeft {
    lines.append(
      "what was left stays on record: `ballast host restore --force` puts it back as it was, too")
  }
  lines.append(
    report.isIncomplete
      ? "not everything is as it was: run `ballast host restore` again"
      : report.hasLeft ? "restored, but for what was left" : "restored")
  return lines
}

private func restoreAsJSON(_ report: RestoreReport) -> String {
  struct Answer: Encodable {
    let schemaVersion = 1
    let ballastVersion: String
    let restored: RestoreReport
  }
  return jsonText(Answer(ballastVersion: ballastVersion, restored: report))
}
