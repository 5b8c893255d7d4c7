import ArgumentParser
import BallastAgent
import BallastKVM
import BallastModel
import BallastScenario
import BallastUnits
import Foundation

/// How a host is reached.
struct HostOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "libvirt's address of the host (default: $LIBVIRT_DEFAULT_URI, else qemu:///system).",
      valueName: "uri"))
  var connect: String?

  @Option(
    help: ArgumentHelp(
      "List of guests of a host without libvirt, reached by QEMU's sockets and the kernel's files.",
      valueName: "file"))
  var direct: String?

  func validate() throws {
    if connect != nil && direct != nil {
      throw ValidationError("--connect and --direct are two ways to one host; write one")
    }
  }

  /// Names the host in the state file.
  var connection: String {
    if let direct { return "direct:" + direct }
    return (try? LibvirtSystem(uri: connect, readOnly: true))?.uri ?? "libvirt"
  }

  /// Keeps other controllers of this host out. A host that only this process has (libvirt's test driver) has no others.
  func lock(stateDirectory: String) throws(StateFault) -> HostLock? {
    let name: String
    if direct != nil {
      name = "the guests of this machine"
    } else {
      name = connection
      if name.hasPrefix("test:") { return nil }
    }
    return try HostLock(host: name, stateDirectory: stateDirectory)
  }

  /// Opens the host; the first call of the system connects.
  func open(readOnly: Bool) throws -> any HostSystem {
    if let direct { return DirectSystem(try guests(direct)) }
    do throws(HostSystemError) {
      return try LibvirtSystem(uri: connect, readOnly: readOnly)
    } catch {
      throw hostFailure(error)
    }
  }
}

private func guests(_ path: String) throws -> [DirectDomain] {
  let bytes: [UInt8]
  do throws(UnreadableFile) {
    bytes = try readBytes(path)
  } catch {
    note("ballast: cannot read \(path): \(error)")
    throw Exit.fileMissing.code
  }
  var texts = SourceTexts()
  do throws(ScenarioError) {
    return try readDirectHost(path: path, bytes: bytes, texts: &texts).map { spec in
      var domain = DirectDomain(name: spec.name, socket: spec.socket)
      domain.uuid = spec.uuid ?? ""
      domain.process = spec.process
      domain.cpuGroup = spec.cpuGroup
      domain.memoryGroup = spec.memoryGroup
      domain.balloon = spec.balloon ?? domain.balloon
      domain.memoryMinimum = spec.memoryMinimum.value
      return domain
    }
  } catch {
    throw complain(error, in: texts)
  }
}

/// Where originals, the lock and the audit log are kept.
struct StateOptions: ParsableArguments {
  @Option(
    name: .customLong("state-dir"),
    help: ArgumentHelp(
      "Folder of originals, lock and audit log (default: /var/lib/ballast, or ~/.local/state/ballast).",
      valueName: "dir"))
  var stateDirectory: String?

  /// The folder, made if need be.
  func directory() throws -> String {
    let path = stateDirectory ?? Self.usual
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      note("ballast: cannot make \(path): \(reason(of: error)); name a folder with --state-dir")
      throw Exit.cannotWrite.code
    }
    return path
  }

  private static var usual: String {
    if geteuid() == 0 { return "/var/lib/ballast" }
    let environment = ProcessInfo.processInfo.environment
    let base =
      environment["XDG_STATE_HOME"] ?? (environment["HOME"] ?? "/tmp") + "/.local/state"
    return base + "/ballast"
  }
}

/// Says why a host cannot be used, and gives the exit code.
func hostFailure(_ error: HostSystemError) -> ExitCode {
  var text = error.text
  if case .denied = error {
    text += "; docs/KVM.md says which rights each command needs"
  }
  note("ballast: \(text)")
  return Exit.unavailable.code
}

func hostFailure(_ error: any Error) -> ExitCode {
  switch error {
  case let error as HostSystemError: return hostFailure(error)
  case BackendError.unavailable(let text):
    note("ballast: \(text)")
    return Exit.unavailable.code
  case let fault as StateFault:
    note("ballast: \(fault)")
    switch fault.kind {
    case .cannotWrite: return Exit.cannotWrite.code
    case .held: return Exit.unavailable.code
    case .cannotRead, .damaged: return Exit.scenarioWrong.code
    }
  default:
    note("ballast: \(error)")
    return Exit.bug.code
  }
}

/// A policy file as read.
struct LoadedPolicy {
  var policy: HostPolicy
  var text: String
}

func loadPolicy(_ path: String) throws -> LoadedPolicy {
  let bytes: [UInt8]
  do throws(UnreadableFile) {
    bytes = try readBytes(path)
  } catch {
    note("ballast: cannot read \(path): \(error)")
    throw Exit.fileMissing.code
  }
  var texts = SourceTexts()
  do throws(ScenarioError) {
    let policy = try readPolicyFile(path: path, bytes: bytes, texts: &texts)
    return LoadedPolicy(policy: policy, text: String(decoding: bytes, as: UTF8.self))
  } catch {
    throw complain(error, in: texts)
  }
}

/// A span on the command line: "5s".
func span(_ text: String, _ option: String, _ range: ClosedRange<SimDuration>) throws -> SimDuration
{
  switch timeOfRun(text) {
  case .failure(let fault): throw ValidationError("\(option): \(fault)")
  case .success(let time):
    let span = SimDuration(time.value)
    guard range.contains(span) else {
      throw ValidationError("\(option) takes \(range.lowerBound) to \(range.upperBound)")
    }
    return span
  }
}

/// Sleeps in short pieces, so that a signal is noticed; false when one has come.
func pause(_ span: SimDuration) -> Bool {
  let end = ContinuousClock.now + .nanoseconds(span.value)
  while !Interrupt.isRequested {
    let left = ContinuousClock.now.duration(to: end)
    if left <= .zero { return true }
    usleep(useconds_t(min(100_000, max(1_000, left / .microseconds(1)))))
  }
  return false
}

/// Two looks at a host, so that there is an interval to judge by, then a step as the host's mode says.
func stepOnce(_ agent: HostAgent, after interval: SimDuration) throws -> [ActuationFailure] {
  do {
    if interval > .zero {
      try agent.look()
      guard pause(interval) else { throw Exit.interrupted.code }
    }
    return try agent.step()
  } catch let code as ExitCode {
    throw code
  } catch {
    throw hostFailure(error)
  }
}

/// Columns side by side; the first `words` are words, the others numbers.
func table(_ rows: [[String]], words: Int) -> String {
  guard let first = rows.first else { return "" }
  let widths = first.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
  return rows.map { row in
    let cells = row.indices.map { column in
      let padding = String(repeating: " ", count: widths[column] - row[column].count)
      return column < words ? row[column] + padding : padding + row[column]
    }
    let line = cells.joined(separator: "  ")
    return String(line.reversed().drop { $0 == " " }.reversed())
  }.joined(separator: "\n")
}
