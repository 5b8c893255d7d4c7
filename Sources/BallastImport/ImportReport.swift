/// What became of an export: what was read, mended and left out, what contradicts itself in it, and what had to
/// be assumed. Each remark names its place.
public struct ImportReport: Sendable {
  public enum Kind: String, Sendable, CaseIterable {
    case read, mended, ignored, contradiction, assumed

    /// The heading that people read.
    var heading: String {
      switch self {
      case .read: "read"
      case .mended: "mended"
      case .ignored: "left out"
      case .contradiction: "contradictions in the export"
      case .assumed: "assumed"
      }
    }
  }

  public struct Remark: Sendable, Equatable {
    public var kind: Kind
    /// Remarks with the same sentence are shown together.
    public var sentence: String
    public var place: ImportPlace
    /// Names and numbers of this one.
    public var detail: String
  }

  /// Beyond so many of a kind only the count grows: the report of a damaged million rows must stay readable.
  static let remarksMax = 10_000

  public var source: String
  public private(set) var remarks: [Remark] = []
  public private(set) var omittedCount = 0

  public init(source: String) { self.source = source }

  mutating func add(
    _ kind: Kind, _ sentence: String, at place: ImportPlace, _ detail: String = ""
  ) {
    guard remarks.count < Self.remarksMax else {
      omittedCount += 1
      return
    }
    remarks.append(Remark(kind: kind, sentence: sentence, place: place, detail: shortened(detail)))
  }

  public func count(of kind: Kind) -> Int { remarks.count { $0.kind == kind } }

  /// For people: a heading per kind, a line per sentence with its first places.
  public var lines: [String] {
    var lines: [String] = []
    for kind in Kind.allCases {
      let group = remarks.filter { $0.kind == kind }
      guard !group.isEmpty else { continue }
      lines.append("\(kind.heading):")
      var sentences: [String] = []
      var members: [String: [Remark]] = [:]
      for remark in group {
        if members[remark.sentence] == nil { sentences.append(remark.sentence) }
        members[remark.sentence, default: []].append(remark)
      }
      for sentence in sentences { lines += Self.shown(sentence, members[sentence]!) }
    }
    if omittedCount > 0 { lines.append("\(omittedCount) more remarks are not listed") }
    return lines
  }

  private static func shown(_ sentence: String, _ remarks: [Remark]) -> [String] {
    // What was read is a short list, and each of it counts.
    let shownMax = remarks[0].kind == .read ? 20 : 3
    if remarks.count == 1 {
      let detail = remarks[0].detail.isEmpty ? "" : ": \(remarks[0].detail)"
      return ["  \(remarks[0].place): \(sentence)\(detail)"]
    }
    var lines = ["  \(remarks.count) × \(sentence)"]
    for remark in remarks.prefix(shownMax) {
      lines.append("      \(remark.place)" + (remark.detail.isEmpty ? "" : ": \(remark.detail)"))
    }
    if remarks.count > shownMax { lines.append("      and \(remarks.count - shownMax) more") }
    return lines
  }
}

/// A text with its middle left out where it is longer than people read: a name in an export may have a million letters.
func shortened(_ text: String, to length: Int = 600) -> String {
  let scalars = text.unicodeScalars
  guard scalars.count > length else { return text }
  return String(scalars.prefix(length / 4)) + "… (\(scalars.count) characters) …"
    + String(scalars.suffix(length / 4))
}

/// Why an export cannot be read at all.
public struct ImportError: Error, Sendable, Equatable, CustomStringConvertible {
  public var path: String
  public var place: String?
  public var message: String
  public var remedy: String?
  /// There is no such file.
  public var isMissing: Bool

  public init(
    _ path: String, _ message: String, remedy: String? = nil, at place: ImportPlace? = nil,
    isMissing: Bool = false
  ) {
    self.path = path
    self.place = place?.description
    self.message = message
    self.remedy = remedy
    self.isMissing = isMissing
  }

  public var description: String {
    path + (place.map { ": \($0)" } ?? "") + ": error: " + message
      + (remedy.map { "; \($0)" } ?? "")
  }
}
