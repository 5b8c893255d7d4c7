import ArgumentParser
import BallastAgent
import BallastKVM
import BallastModel
import BallastUnits
import Foundation

struct HostApplyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apply", abstract: "Apply a policy to a KVM host, once.",
    discussion: """
      Plans as `ballast host plan` does, saves what every setting was, changes it, reads it back and writes the audit log. \
      With --plan nothing is changed unless the plan is still that one. `ballast host restore` undoes it.
      """)

  @OptionGroup var host: HostOptions
  @OptionGroup var state: StateOptions

  @Option(help: ArgumentHelp("Policy file.", valueName: "file"))
  var policy: String

  @Option(help: ArgumentHelp("Id of the plan that was looked at.", valueName: "id"))
  var plan: String?

  @Option(
    help: ArgumentHelp(
      "Time between the two looks that demand is measured by.", valueName: "time"))
  var interval = "5s"

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws { _ = try span(interval, "--interval", .zero ... .seconds(3_600)) }

  func run() throws {
    let loaded = try loadPolicy(policy)
    let system = try host.open(readOnly: false)
    let directory = try state.directory()
    Interrupt.watch()
    do {
      let lock = (
        try ControllerLock(directory: directory), try host.lock(stateDirectory: directory)
      )
      let originals = try StateFile(directory: directory, connection: host.connection)
      let audit = try AuditLog(directory: directory)
      let agent = HostAgent(
        loaded.policy,
        host: KVMHost(
          system, membership: loaded.policy.membership, safety: loaded.policy.safety,
          managesMemory: loaded.policy.managesMemory, mode: .dryRun, state: originals))
      _ = try stepOnce(
        agent, after: try span(interval, "--interval", .zero ... .seconds(3_600)))
      if let plan, plan != agent.report.planID {
        note(
          "ballast: the plan is \(agent.report.planID) now, not \(plan): the host has changed since;"
            + " nothing was changed. Look at `ballast host plan` again")
        throw Exit.expectationNotMet.code
      }
      if agent.report.writes.isEmpty {
        output(json ? planAsJSON(agent, loaded.policy) : planAsText(agent, loaded.policy))
        return
      }
      let failures = try agent.apply(state: originals, audit: audit)
      output(
        json ? planAsJSON(agent, loaded.policy, failures: failures) : outcome(agent, audit.path))
      withExtendedLifetime(lock) {}
      if agent.report.performed.contains(where: { $0.result != "done" }) {
        throw Exit.expectationNotMet.code
      }
    } catch let code as ExitCode {
      throw code
    } catch {
      throw hostFailure(error)
    }
  }

  private func outcome(_ agent: HostAgent, _ path: String) -> String {
    var lines = agent.report.performed.map { entryWords($0) }
    lines += agent.report.heldBack.map {
      "held back: \($0.write.target.name) \($0.write.field.rawValue): \($0.reason)"
    }
    lines.append("audit log: \(path)")
    lines.append("undo: ballast host restore")
    return lines.joined(separator: "\n")
  }
}

/// One change as it went: "web-1 cpuWeight 1024 → 2000, reads 2000: done".
func entryWords(_ entry: AuditEntry) -> String {
  let name = entry.name.isEmpty ? "host" : entry.name
  let before = entry.before.map { "\($0)" } ?? "-"
  let reads = entry.readBack.map { ", reads \($0)" } ?? ""
  return "\(name) \(entry.field.rawValue) \(before) → \(entry.wanted)\(reads): \(entry.result)"
}
