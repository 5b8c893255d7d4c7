import BallastUnits
import Foundation

/// A KVM host without libvirt: QEMU's own sockets, the kernel's files, and a list of where they are.
///
/// Rule      a snapshot asks all monitors at once and waits for them together; CPU time is that of the vCPUs' threads
///           (schedstat), memory that of the process and of what the guest tells.
/// Promises  all monitors together delay a snapshot by one deadline at most · one that has not answered is not asked more,
///           nor waited for, until it has · a socket without a listener is a domain that is off.
/// Source    QEMU's QMP reference; the kernel's scheduler/sched-stats.rst and filesystems/proc.rst.
public final class DirectSystem: HostSystem {
  /// In byte-wise order of names.
  public let domains: [DirectDomain]
  /// What stood in the way in the last snapshot, in order of names: for people.
  public private(set) var problems: [String] = []

  private let deadline: Int64
  let files: HostFiles
  private var monitors: [Monitor]
  private var standing: HostFiles.Standing?

  /// - Parameter deadline: how long all monitors together may take.
  public init(
    _ domains: [DirectDomain], deadline: SimDuration = .seconds(2), files: HostFiles = HostFiles()
  ) {
    self.domains = domains.sorted { byteOrder($0.name, $1.name) < 0 }
    self.deadline = max(1, deadline.value)
    self.files = files
    monitors = self.domains.map { Monitor($0, files) }
  }

  public func refresh() {
    standing = nil
    for monitor in monitors { monitor.isStale = true }
  }

  public func snapshot() throws(HostSystemError) -> HostSnapshot {
    let before = HostClock.monotonic()
    for monitor in monitors { monitor.ask() }
    // One that owes answers to an earlier round has had its time.
    QMPClient.wait(
      for: monitors.filter(\.isAsked).map(\.client), until: before + deadline)
    var snapshot = HostSnapshot()
    snapshot.monotonicTime = HostClock.monotonic()
    snapshot.wallTime = HostClock.wall()
    snapshot.host = try files.counters(&standing)
    problems = []
    for monitor in monitors {
      if let shown = monitor.snapshot() { snapshot.domains.append(shown) }
      if let problem = monitor.problem { problems.append(problem) }
    }
    return snapshot
  }

  // MARK: Knobs

  public func perform(_ write: HostWrite) throws(HostSystemError) {
    guard case .domain(let uuid, let name) = write.target else {
      return try files.write(write.wanted, to: write.field)
    }
    let monitor = try monitor(uuid, name)
    switch write.field {
    case .balloonTarget:
      _ = try monitor.command("balloon", ["value": write.wanted], within: deadline)
    case .statisticsPeriod:
      _ = try monitor.command(
        "qom-set",
        [
          "path": monitor.domain.balloon, "property": Monitor.periodProperty,
          "value": write.wanted,
        ], within: deadline)
    case .cpuWeight, .globalQuota, .globalPeriod, .memoryMin, .memoryLow:
      try monitor.group.write(write.wanted, to: write.field)
    case .vcpuQuota, .vcpuPeriod:
      throw .unsupported("\(name) has one control group, not one for each vCPU")
    case .ksmRun, .ksmPagesToScan, .ksmSleepMilliseconds:
      throw .unsupported("\(write.field.rawValue) is a knob of the host, not of \(name)")
    }
  }

  public func read(
    _ field: HostWrite.Field, of target: HostWrite.Target
  ) throws(HostSystemError) -> Int64? {
    guard case .domain(let uuid, let name) = target else { return files.read(field) }
    let monitor = try monitor(uuid, name)
    switch field {
    case .balloonTarget:
      let answer = try monitor.command("query-balloon", [:], within: deadline)
      return GuestReport.number((answer as? [String: Any])?["actual"])
    case .statisticsPeriod:
      let answer = try monitor.command(
        "qom-get", ["path": monitor.domain.balloon, "property": Monitor.periodProperty],
        within: deadline)
      return GuestReport.number(answer)
    default: return monitor.group.read(field)
    }
  }

  private func monitor(_ uuid: String, _ name: String) throws(HostSystemError) -> Monitor {
    guard let monitor = monitors.first(where: { $0.domain.identity == uuid }) else {
      throw .noSuchDomain(name)
    }
    return monitor
  }
}
