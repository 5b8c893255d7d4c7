import ArgumentParser
import BallastAgent
import BallastKVM
import BallastModel
import BallastUnits
import Foundation

struct HostManageCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "manage", abstract: "Manage a KVM host: observe, decide and ask, again and again.",
    discussion: """
      A dry run unless --apply: says what it would change and changes nothing. SIGTERM and SIGINT put everything back and \
      end it. docs/KVM.md has a systemd unit.
      """)

  @OptionGroup var host: HostOptions
  @OptionGroup var state: StateOptions

  @Option(help: ArgumentHelp("Policy file.", valueName: "file"))
  var policy: String

  @Flag(help: "Change the host.")
  var apply = false

  @Option(
    help: ArgumentHelp("Record every step here, for `ballast host replay`.", valueName: "file"))
  var steps: String?

  @Option(
    help: ArgumentHelp(
      "Write metrics here after every step, for node_exporter's textfile collector.",
      valueName: "file"))
  var metrics: String?

  @Option(
    help: ArgumentHelp("Serve metrics over HTTP, such as 127.0.0.1:9177.", valueName: "address"))
  var listen: String?

  @Option(
    help: ArgumentHelp("Time between steps (default: the policy's).", valueName: "time"))
  var interval: String?

  @Option(help: ArgumentHelp("End after so many steps.", valueName: "n"))
  var count: Int?

  func validate() throws {
    if let interval { _ = try span(interval, "--interval", .seconds(1) ... .seconds(3_600)) }
    if let count, count < 1 { throw ValidationError("--count takes 1 or more") }
  }

  func run() throws {
    let loaded = try loadPolicy(policy)
    let every =
      try interval.map { try span($0, "--interval", .seconds(1) ... .seconds(3_600)) }
      ?? loaded.policy.controlInterval
    let system = try host.open(readOnly: !apply)
    Interrupt.watch()
    do {
      var lock: (ControllerLock, HostLock?)?
      var originals: StateFile?
      var audit: AuditLog?
      if apply {
        let directory = try state.directory()
        lock = (
          try ControllerLock(directory: directory), try host.lock(stateDirectory: directory)
        )
        originals = try StateFile(directory: directory, connection: host.connection)
        audit = try AuditLog(directory: directory)
      }
      let log = try steps.map {
        try StepLog(
          path: $0,
          header: StepLine.Header(
            ballastVersion: ballastVersion, policyFile: policy, policy: loaded.text,
            isApplied: apply))
      }
      let server = try listen.map { try MetricsServer($0) }
      if let server { note("metrics: http://\(server.address)/metrics") }
      let agent = HostAgent(
        loaded.policy,
        host: KVMHost(
          system, membership: loaded.policy.membership, safety: loaded.policy.safety,
          managesMemory: loaded.policy.managesMemory, mode: apply ? .apply : .dryRun,
          state: originals, audit: audit), steps: log)
      note(
        "\(apply ? "managing" : "dry run, nothing is changed; add --apply to change it")"
          + "; a step every \(every)")
      let failure = loop(agent, every: every, server)
      if apply { try putBack(agent) }
      withExtendedLifetime(lock) {}
      if let failure { throw failure }
    } catch let code as ExitCode {
      throw code
    } catch {
      throw hostFailure(error)
    }
  }

  /// Steps until somebody asks to stop. Gives what ended it otherwise.
  private func loop(
    _ agent: HostAgent, every: SimDuration, _ server: MetricsServer?
  ) -> (any Error)? {
    var told = ""
    var managed = ManagedNames([])
    var isFirst = true
    var next = ContinuousClock.now
    while !Interrupt.isRequested {
      let start = ContinuousClock.now
      var isUp = true
      do {
        // The first look has no interval to judge by.
        if isFirst { try agent.look() } else { try agent.step() }
        isFirst = false
        if !told.isEmpty { note("the host answers again") }
        told = ""
        tell(agent, &managed)
      } catch let fault as StateFault {
        return fault
      } catch {
        isUp = false
        let text = (error as? BackendError).map(words) ?? "\(error)"
        if text != told { note("no changes while the host cannot be managed: \(text)") }
        told = text
        // The first look must succeed, or there is nothing to manage.
        if isFirst { return error }
      }
      let took = start.duration(to: .now) / .seconds(1)
      if let failure = publish(agent, isUp, took, server) { return failure }
      if let count, agent.totals.steps >= count { return nil }
      next = max(next + .nanoseconds(every.value), ContinuousClock.now)
      let left = ContinuousClock.now.duration(to: next) / .nanoseconds(1)
      if left > 0, !pause(SimDuration(Int64(left))) { return nil }
    }
    return nil
  }

  private func words(_ error: BackendError) -> String {
    if case .unavailable(let text) = error { text } else { "\(error)" }
  }

  private func tell(_ agent: HostAgent, _ managed: inout ManagedNames) {
    if agent.host.names != managed {
      managed = agent.host.names
      note(
        "managed: \(managed.names.isEmpty ? "no domain" : managed.names.joined(separator: ", "))")
      for text in agent.managing.complaints(all: agent.host.snapshot.domains.map(\.name)) {
        note(text)
      }
    }
    let report = agent.report
    if apply {
      for entry in report.performed { output(entryWords(entry)) }
    } else {
      for write in report.writes {
        output(
          "would set \(write.target.name.isEmpty ? "host" : write.target.name) "
            + "\(write.field.rawValue) \(write.before.map { "\($0)" } ?? "-") → \(write.wanted): \(write.reason)"
        )
      }
    }
    for event in report.events {
      note(eventWords(event))
    }
  }

  private func publish(
    _ agent: HostAgent, _ isUp: Bool, _ seconds: Double, _ server: MetricsServer?
  ) -> (any Error)? {
    guard metrics != nil || server != nil else { return nil }
    let text = HostMetrics.text(of: agent, isUp: isUp, stepSeconds: seconds)
    server?.publish(text)
    guard let metrics else { return nil }
    do throws(StateFault) {
      // World-readable: the collector is another user. Losing it with the power is no harm.
      try replaceFile(metrics, with: Array(text.utf8), isSynced: false, mode: 0o644)
      return nil
    } catch {
      return error
    }
  }

  /// At the end everything is as it was; a host that does not answer is asked a few times.
  private func putBack(_ agent: HostAgent) throws {
    for attempt in 1...5 {
      do {
        let report = try agent.restore()
        for line in restoreWords(report) { note(line) }
        if report.isIncomplete || report.hasLeft { throw Exit.expectationNotMet.code }
        return
      } catch let error as BackendError {
        note("cannot restore yet: \(words(error))")
        if attempt == 5 {
          note("run `ballast host restore` when the host answers again")
          throw Exit.unavailable.code
        }
        sleep(UInt32(attempt))
      }
    }
  }
}
