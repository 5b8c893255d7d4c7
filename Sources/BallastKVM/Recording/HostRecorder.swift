import Foundation

/// Takes a snapshot of a host every so often and writes it down.
///
/// Rule      snapshots are due at start + k · interval on the clock that nobody sets, the last one at the duration; one that is
///           late is not made up for. A host that cannot be asked leaves a gap, and is asked again when the next is due.
/// Promises  nothing on the host is changed · settings of domains are read anew every `settingsInterval`, in between only
///           counters.
public struct HostRecorder {
  public struct Settings: Sendable {
    public var interval: Int64
    /// nil: until told to stop.
    public var duration: Int64?
    public var settingsInterval: Int64

    /// All ns and above 0.
    public init(interval: Int64, duration: Int64?, settingsInterval: Int64) {
      self.interval = interval
      self.duration = duration
      self.settingsInterval = settingsInterval
    }
  }

  public struct Outcome: Sendable, Equatable {
    public var snapshots = 0
    /// Snapshots that the host did not give, and why the last of them.
    public var failures = 0
    public var lastFailure: HostSystemError?
    /// False: told to stop before the duration was over.
    public var isWhole = true
  }

  private let settings: Settings
  private let writer: RecordingWriter
  private let system: any HostSystem

  /// Asks the host once: one that cannot be reached at all leaves no folder behind.
  public static func record(
    _ system: any HostSystem, directory: String, header: RecordingHeader, settings: Settings,
    shouldStop: () -> Bool
  ) throws(RecordingFailure) -> Outcome {
    let first: HostSnapshot
    do {
      first = try system.snapshot()
    } catch {
      throw .host(error)
    }
    do throws(RecordingError) {
      let recorder = HostRecorder(
        settings: settings, writer: try RecordingWriter(directory: directory, header: header),
        system: system)
      return try recorder.run(after: first, shouldStop: shouldStop)
    } catch {
      throw .recording(error)
    }
  }

  private func run(
    after first: HostSnapshot, shouldStop: () -> Bool
  ) throws(RecordingError) -> Outcome {
    try writer.append(first)
    var outcome = Outcome(snapshots: 1)
    let start = first.monotonicTime
    var settingsRead: Int64 = 0
    var due: Int64 = 0
    while settings.duration.map({ due < $0 }) ?? true {
      due = min(due + settings.interval, settings.duration ?? .max)
      // What is late already is left out.
      let late = HostClock.monotonic() - start - due
      if late > settings.interval, settings.duration.map({ due < $0 }) ?? true {
        due += late / settings.interval * settings.interval
        if let duration = settings.duration { due = min(due, duration) }
      }
      guard wait(until: start + due, shouldStop) else {
        outcome.isWhole = settings.duration == nil
        break
      }
      if due - settingsRead >= settings.settingsInterval {
        system.refresh()
        settingsRead = due
      }
      let snapshot: HostSnapshot
      do {
        snapshot = try system.snapshot()
      } catch {
        outcome.failures += 1
        outcome.lastFailure = error
        continue
      }
      try writer.append(snapshot)
      outcome.snapshots += 1
    }
    return outcome
  }

  /// In slices, so that a signal is heard soon. False: told to stop.
  private func wait(until time: Int64, _ shouldStop: () -> Bool) -> Bool {
    while true {
      if shouldStop() { return false }
      let rest = time - HostClock.monotonic()
      if rest <= 0 { return true }
      usleep(UInt32(min(rest / 1_000 + 1, 50_000)))
    }
  }
}

/// Which half of recording failed.
public enum RecordingFailure: Error, Sendable, Equatable {
  case host(HostSystemError)
  case recording(RecordingError)
}
