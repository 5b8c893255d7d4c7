import BallastUnits
import Dispatch
import Foundation

/// Where a sweep's results are: `units/ID/unit.json` per unit, and what is merged of them.
///
/// Promises  a unit appears whole or not at all: it is written beside and renamed. Units may be run twice, at once, on other
///           machines: they give the same bytes, and the first stays. What is merged depends on the units alone.
public struct SweepDirectory: Sendable {
  public let path: String
  public init(_ path: String) { self.path = path }

  /// What a unit left. Values are texts, as they stand in `results.csv`.
  struct UnitFile: Codable {
    var schemaVersion = 1
    var id: String
    var values: [String]
    /// Why it could not be run; nil where it was.
    var error: String?
    /// Metrics in order: name and value; an empty value is none.
    var metrics: [[String]]

    enum CodingKeys: String, CodingKey {
      case schemaVersion = "schema_version"
      case id, values, error, metrics
    }
  }

  func folder(_ id: String) -> String { "\(path)/units/\(id)" }

  /// The unit has been run, and what it left can be read: a damaged file is a unit that is missing.
  public func has(_ unit: SweepPlan.Unit) -> Bool { read(unit.id) != nil }

  /// Runs one unit and keeps what came of it. False: it was stopped.
  ///
  /// - Throws: `SweepWriteError` where it cannot be kept.
  @discardableResult
  public func run(
    _ unit: SweepPlan.Unit, of plan: SweepPlan, shouldStop: () -> Bool = { false }
  ) throws -> Bool {
    var file = UnitFile(id: unit.id, values: unit.values, error: nil, metrics: [])
    switch runTrial(
      of: plan.draft, with: unit.overrides, traces: plan.traces, shouldStop: shouldStop)
    {
    case .failure(let error): file.error = error.words
    case .success(nil): return false
    case .success(let result?):
      file.metrics = [
        ["holds", result.holds ? "true" : "false"], ["refused", String(result.refused.count)],
      ]
      for verdict in result.verdicts {
        file.metrics.append([verdict.text, verdict.value.map { decimal($0, places: 3) } ?? ""])
        file.metrics.append(["met: " + verdict.text, verdict.isMet ? "true" : "false"])
      }
      for figure in result.figures {
        file.metrics.append(
          [figure.name, result.figure(figure.name).map { decimal($0, places: 3) } ?? ""])
      }
    }
    try keep(file)
    return true
  }

  private func keep(_ file: UnitFile) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    let data = try encoder.encode(file) + Data("\n".utf8)
    let target = folder(file.id)
    // Named after process and thread's work, so that two runs of a unit never meet in one folder.
    let partial = "\(target).\(getpid())-\(UUID().uuidString).partial"
    do {
      try FileManager.default.createDirectory(atPath: partial, withIntermediateDirectories: true)
      try data.write(to: URL(fileURLWithPath: partial + "/unit.json"))
    } catch {
      try? FileManager.default.removeItem(atPath: partial)
      throw SweepWriteError(path: target, reason: reason(of: error))
    }
    if rename(partial, target) == 0 { return }
    let failure = errno
    // Either somebody else has run it meanwhile, which are the same bytes; or what is in the way is half a unit, of a
    // disk that was full, and is replaced in one step: others may be at the same.
    if read(file.id) != nil || rename(partial + "/unit.json", target + "/unit.json") == 0 {
      try? FileManager.default.removeItem(atPath: partial)
      return
    }
    try? FileManager.default.removeItem(atPath: target)
    if rename(partial, target) == 0 { return }
    try? FileManager.default.removeItem(atPath: partial)
    throw SweepWriteError(path: target, reason: String(cString: strerror(failure)))
  }

  /// nil where there is none, or one that is damaged.
  func read(_ id: String) -> UnitFile? {
    guard let data = FileManager.default.contents(atPath: folder(id) + "/unit.json"),
      let file = try? JSONDecoder().decode(UnitFile.self, from: data), file.id == id,
      file.metrics.allSatisfy({ $0.count == 2 })
    else { return nil }
    return file
  }

  /// Runs what is missing, on as many threads as given.
  ///
  /// - Parameter progress: units done of all, and of those how many were there before.
  /// - Returns: false where it was stopped.
  public func run(
    _ plan: SweepPlan, workers: Int,
    progress: @escaping @Sendable (_ done: Int, _ present: Int) -> Void,
    shouldStop: @escaping @Sendable () -> Bool
  ) throws -> Bool {
    sweepPartials()
    let next = Counter()
    let state = Shared()
    DispatchQueue.concurrentPerform(iterations: max(workers, 1)) { _ in
      while state.goesOn, !shouldStop(), let index = next.take(below: plan.count) {
        let unit = plan[index]
        if has(unit) {
          let counts = state.count(wasThere: true)
          progress(counts.done, counts.present)
          continue
        }
        do {
          guard try run(unit, of: plan, shouldStop: shouldStop) else { return state.stop() }
          let counts = state.count(wasThere: false)
          progress(counts.done, counts.present)
        } catch {
          state.fail(error)
        }
      }
    }
    if let error = state.error { throw error }
    return state.counts.done == plan.count
  }

  /// What a killed run of this machine left half-written.
  private func sweepPartials() {
    let units = path + "/units"
    for name in (try? FileManager.default.contentsOfDirectory(atPath: units)) ?? []
    where name.hasSuffix(".partial") {
      let owner = name.split(separator: ".").dropFirst().first?.split(separator: "-").first
      if let owner, let process = Int32(owner), kill(process, 0) != 0, errno == ESRCH {
        try? FileManager.default.removeItem(atPath: units + "/" + name)
      }
    }
  }
}

/// A result of a sweep that cannot be written.
public struct SweepWriteError: Error, Sendable {
  public var path: String
  public var reason: String
}

func reason(of error: any Error) -> String {
  let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
  if let underlying, underlying.domain == NSPOSIXErrorDomain {
    return String(cString: strerror(Int32(underlying.code)))
  }
  return error.localizedDescription
}

/// What threads tell each other.
private final class Shared: @unchecked Sendable {
  private let lock = NSLock()
  private(set) var counts = (done: 0, present: 0)
  private var failure: (any Error)?
  private var isStopped = false
  var error: (any Error)? { lock.withLock { failure } }
  var goesOn: Bool { lock.withLock { failure == nil && !isStopped } }
  func count(wasThere: Bool) -> (done: Int, present: Int) {
    lock.withLock {
      counts.done += 1
      if wasThere { counts.present += 1 }
      return counts
    }
  }
  func stop() { lock.withLock { isStopped = true } }
  func fail(_ error: any Error) { lock.withLock { failure = failure ?? error } }
}
