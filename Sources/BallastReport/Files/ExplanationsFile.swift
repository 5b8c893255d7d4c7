import BallastModel
import Foundation

/// `explanations.json` of a run directory: why its worst moments were as they were, and its refusals, moves and restarts.
public enum ExplanationsFile {
  public static let name = "explanations.json"

  /// Fixed formatting: keys in snake case and in order of names. Amounts are kHz and bytes, times ns.
  public static func json(_ explanations: RunExplanations) -> String { jsonText(explanations) }

  /// Nil where there is none: runs of elsewhere and of earlier versions are complete without it.
  static func read(directory: String) throws(RunReadError) -> RunExplanations? {
    let path = directory + "/" + name
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    do {
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      let read = try decoder.decode(
        RunExplanations.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
      guard read.schemaVersion == RunExplanations.schemaVersion else {
        throw RunReadError(path: path, reason: "has schema_version \(read.schemaVersion)")
      }
      return read
    } catch let error as RunReadError {
      throw error
    } catch {
      throw RunReadError(path: path, reason: "is not an \(name) of this version")
    }
  }
}

/// A value as JSON: keys in snake case and in order of names, two spaces per level. Ends without a line break.
public func jsonText(_ value: some Encodable) -> String {
  let encoder = JSONEncoder()
  encoder.keyEncodingStrategy = .convertToSnakeCase
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  guard let data = try? encoder.encode(value) else {
    preconditionFailure("numbers of explanations are finite")
  }
  return String(decoding: data, as: UTF8.self)
}
