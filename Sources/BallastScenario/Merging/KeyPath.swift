/// A path into a scenario, as in `--set` and `sweep:`: `vms.web.count`,
/// `clusters.0.hosts.esx.count`, `vms."web.1".vcpus`. An item of a list is its `name` or its index.
struct KeyPath {
  struct Segment {
    var text: String
    /// Characters before it in the whole path.
    var offset: Int
    /// Quoted segments are names, never indices.
    var isQuoted: Bool
    /// `+` stands for the place behind the last item of a list.
    var isAppending: Bool { text == "+" && !isQuoted }
  }
  var segments: [Segment]

  /// Nil with the offset of the first character that does not fit.
  static func parse(_ text: some StringProtocol) -> Result<KeyPath, Fault> {
    var segments: [Segment] = []
    let scalars = Array(text.unicodeScalars)
    var at = 0
    while true {
      let start = at
      var segment = ""
      let isQuoted = at < scalars.count && (scalars[at] == "\"" || scalars[at] == "'")
      if isQuoted {
        let quote = scalars[at]
        at += 1
        while at < scalars.count, scalars[at] != quote {
          segment.unicodeScalars.append(scalars[at])
          at += 1
        }
        guard at < scalars.count else { return .failure(Fault(offset: start)) }
        at += 1
      } else {
        while at < scalars.count, scalars[at] != "." {
          segment.unicodeScalars.append(scalars[at])
          at += 1
        }
      }
      guard !segment.isEmpty else { return .failure(Fault(offset: start)) }
      segments.append(Segment(text: segment, offset: start, isQuoted: isQuoted))
      if at == scalars.count { return .success(KeyPath(segments: segments)) }
      guard scalars[at] == "." else { return .failure(Fault(offset: at)) }
      at += 1
    }
  }

  struct Fault: Error { var offset: Int }
}

extension Value {
  /// Index of the item that a segment of a path names.
  func index(of segment: KeyPath.Segment) -> Int? {
    if let index = items.firstIndex(where: { $0["name"]?.text == segment.text }) { return index }
    guard !segment.isQuoted, let index = Int(segment.text), items.indices.contains(index) else {
      return nil
    }
    return index
  }
}
