import BallastModel

/// A way in which traces are written.
public struct TraceFormat: Sendable {
  /// What a scenario says under `format:`.
  public let name: String
  /// One line for people.
  public let summary: String
  /// Whether a source looks like it. The first format of the catalog that says so is used.
  let recognises: @Sendable (TraceSample) -> Bool
  let reading: Reading

  enum Reading: Sendable {
    /// Used where it lies.
    case mapped
    /// Read row by row; what is wrong goes to the builder's list of problems.
    case text(@Sendable (TraceSource, TraceBuilder) -> Void)
  }

  /// All formats. To add one: a file beside this one and a line here.
  public static let catalog: [TraceFormat] = [
    .ballast, .bitbrains, .azureV2, .azureV1, .csv, .planetlab,
  ]

  /// The format that was asked for, or the one that the source looks like.
  static func choose(
    _ wanted: String?, for source: TraceSource, place: SourcePlace
  ) throws(ScenarioProblem) -> TraceFormat {
    let all = catalog.map(\.name).joined(separator: ", ")
    if let wanted {
      if let format = catalog.first(where: { $0.name == wanted }) { return format }
      throw ScenarioProblem(
        place, "there is no trace format '\(wanted)'", remedy: "use one of \(all)")
    }
    guard let first = source.names.first else {
      throw source.problem("there are no files in here")
    }
    let sample = TraceSample(names: source.names, firstBytes: try source.firstBytes(of: first))
    if sample.firstBytes.isEmpty {
      throw ScenarioProblem(
        SourcePlace(file: source.label(first), line: 1, column: 1), "the file is empty",
        remedy: "get it again or remove it")
    }
    if let format = catalog.first(where: { $0.recognises(sample) }) { return format }
    throw ScenarioProblem(
      SourcePlace(file: source.label(first), line: 1, column: 1),
      "this does not look like any trace format known here",
      remedy: "name the format, one of \(all), or correct the path")
  }
}

/// What detectors see.
struct TraceSample {
  /// Of all files; of an archive, of its first member.
  let names: [String]
  /// At most 4 KiB of the first file, unpacked.
  let firstBytes: [UInt8]

  /// The first line, without line end and byte order mark.
  var firstLine: ArraySlice<UInt8> {
    let text = firstBytes.starts(with: [0xef, 0xbb, 0xbf]) ? firstBytes[3...] : firstBytes[...]
    return text.prefix { $0 != 10 && $0 != 13 }
  }

  func firstLine(startsWith text: String) -> Bool { firstLine.starts(with: text.utf8) }
}
