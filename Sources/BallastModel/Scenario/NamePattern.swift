/// What an event, an expectation or `record:` calls machines by: a name, the name of an entry (all of
/// its machines), or a glob in which `*` stands for any characters and `?` for one.
public struct NamePattern: Sendable {
  public let text: String
  private let scalars: [Unicode.Scalar]
  public let isGlob: Bool

  public init(_ text: String) {
    self.text = text
    scalars = Array(text.unicodeScalars)
    isGlob = scalars.contains("*") || scalars.contains("?")
  }

  /// - Parameter entry: the name of the entry that the machine comes from.
  public func matches(_ name: String, entry: String? = nil) -> Bool {
    guard isGlob else { return name == text || entry == text }
    return matches(Array(name.unicodeScalars))
  }

  /// Two cursors and the last star to go back to: at most name × pattern steps.
  private func matches(_ name: [Unicode.Scalar]) -> Bool {
    var n = 0
    var p = 0
    var star: (pattern: Int, name: Int)?
    while n < name.count {
      if p < scalars.count, scalars[p] == "*" {
        star = (p, n)
        p += 1
      } else if p < scalars.count, scalars[p] == "?" || scalars[p] == name[n] {
        n += 1
        p += 1
      } else if let last = star {
        star = (last.pattern, last.name + 1)
        p = last.pattern + 1
        n = last.name + 1
      } else {
        return false
      }
    }
    return scalars[p...].allSatisfy { $0 == "*" }
  }
}

extension NamePattern {
  /// Pools are called by their path, `gold/web`, or with their cluster, `prod:gold/web`.
  public func matchesPool(cluster: String, path: String) -> Bool {
    matches(path) || matches("\(cluster):\(path)")
  }
}
