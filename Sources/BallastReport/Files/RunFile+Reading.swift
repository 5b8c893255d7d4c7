import BallastModel
import BallastUnits
import Foundation

/// Why a run directory could not be read.
public struct RunReadError: Error, Sendable, Equatable, CustomStringConvertible {
  public var path: String
  public var reason: String
  /// There is no such file, or it cannot be opened; false: it is damaged.
  public var isMissing: Bool
  public init(path: String, reason: String, isMissing: Bool = false) {
    self.path = path
    self.reason = reason
    self.isMissing = isMissing
  }
  public var description: String { "\(path): \(reason)" }
}

extension RunFile {
  /// Reads `run.json` of a run directory.
  public static func read(directory: String) throws(RunReadError) -> RunFile {
    let path = directory + "/run.json"
    let data: Data
    do {
      data = try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      throw RunReadError(
        path: path, reason: "cannot be read; is this a run directory?", isMissing: true)
    }
    do {
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      return try RunFile(decoder.decode(Stored.self, from: data))
    } catch {
      throw RunReadError(path: path, reason: "is not a run.json of this version: \(words(error))")
    }
  }

  /// Writes `run.json` into a directory.
  public func write(directory: String) throws(RunSinkError) {
    try writeFile(json, path: directory + "/run.json")
  }

  private init(_ stored: Stored) throws {
    guard stored.schemaVersion == Self.schemaVersion else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: [], debugDescription: "schema_version \(stored.schemaVersion)"))
    }
    let record = RunRecord(
      scenario: stored.scenario, seed: stored.seed, digest: UInt64(stored.digest, radix: 16) ?? 0,
      simulated: .milliseconds(thousandths(stored.simDurationS)), isComplete: stored.complete,
      expectations: stored.expectations.map {
        .init(
          text: $0.text, measured: $0.measured, isMet: $0.met,
          missedBy: $0.missedBy.map { decimal(thousandths($0), places: 3) } ?? "",
          lever: $0.lever ?? "")
      },
      summary: stored.summary.map {
        .init(
          name: $0.name, unit: $0.unit, value: $0.value.map(thousandths) ?? emptyCell,
          meaning: $0.meaning)
      },
      traces: stored.traces.map { trace in
        .init(
          name: trace.name, path: trace.path, sha256: trace.sha256, format: trace.format,
          series: trace.series, quirks: trace.quirks.map { ($0.name, $0.count) })
      },
      assumptions: stored.assumptions)
    self.init(
      record: record, ballastVersion: stored.ballastVersion,
      scenarioSHA256: stored.scenarioSha256, keptScenarioSHA256: stored.keptScenarioSha256,
      wallMilliseconds: thousandths(stored.wallS))
    columns = ResultFile.allCases.compactMap { file in
      stored.columns[file.rawValue].map { (file.rawValue, $0.map(ColumnMeaning.init)) }
    }
  }
}

/// Writes a whole text file; errors name path and reason.
public func writeFile(_ text: String, path: String) throws(RunSinkError) {
  let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
  guard descriptor >= 0 else { throw RunSinkError(path: path, reason: systemReason()) }
  defer { close(descriptor) }
  let bytes = Array(text.utf8)
  let outcome = bytes.withUnsafeBytes { (raw) -> Result<Void, RunSinkError> in
    do throws(RunSinkError) {
      return .success(try writeAll(raw, to: descriptor, path: path))
    } catch {
      return .failure(error)
    }
  }
  try outcome.get()
}

private func thousandths(_ value: Double) -> Int64 { Int64((value * 1_000).rounded()) }

private func words(_ error: any Error) -> String {
  switch error as? DecodingError {
  case .keyNotFound(let key, _): "\(key.stringValue) is missing"
  case .dataCorrupted(let context), .typeMismatch(_, let context), .valueNotFound(_, let context):
    context.debugDescription
  default: "\(error)"
  }
}

extension ColumnMeaning {
  fileprivate init(_ stored: Stored.Column) {
    self.init(
      stored.name, stored.unit, stored.format, stored.meaning, isModelled: stored.modelled)
    kind = stored.kind
    esxtop = stored.esxtop
    vSphere = stored.vsphere
    libvirt = stored.libvirt
  }
}

/// The file as it stands on disk; names are the keys, in camel case.
private struct Stored: Decodable {
  struct Verdict: Decodable {
    var text: String
    var measured: String
    var met: Bool
    var missedBy: Double?
    var lever: String?
  }
  struct Figure: Decodable {
    var name: String
    var unit: String
    var value: Double?
    var meaning: String
  }
  struct Quirk: Decodable {
    var name: String
    var count: Int64
  }
  struct Trace: Decodable {
    var name: String
    var path: String
    var sha256: String
    var format: String
    var series: Int
    var quirks: [Quirk]
  }
  struct Column: Decodable {
    var name: String
    var unit: String
    var format: ColumnMeaning.Format
    var kind: String
    var meaning: String
    var esxtop: String
    var vsphere: String
    var libvirt: String
    var modelled: Bool
  }
  var schemaVersion: Int
  var ballastVersion: String
  var scenario: String
  var scenarioSha256: String
  var keptScenarioSha256: String?
  var seed: UInt64
  var digest: String
  var simDurationS: Double
  var wallS: Double
  var complete: Bool
  var expectations: [Verdict]
  var summary: [Figure]
  var assumptions: [String]
  var traces: [Trace]
  var columns: [String: [Column]]
}
