import BallastModel

/// One YAML value with the place it was written at. Merged files keep their own places.
struct Value: Sendable {
  struct Entry: Sendable {
    var key: String
    var keyPlace: SourcePlace
    var value: Value
  }
  enum Content: Sendable {
    case scalar(String, isQuoted: Bool)
    case list([Value])
    case map([Entry])
  }
  var content: Content
  var place: SourcePlace

  init(_ content: Content, _ place: SourcePlace) {
    self.content = content
    self.place = place
  }

  subscript(key: String) -> Value? { entry(key)?.value }

  func entry(_ key: String) -> Entry? { entries.first { $0.key == key } }

  /// The entries of a map; none for anything else.
  var entries: [Entry] {
    if case .map(let entries) = content { return entries }
    return []
  }

  /// The items of a list; none for anything else.
  var items: [Value] {
    if case .list(let items) = content { return items }
    return []
  }

  /// The items of a list, or the value itself where one may stand for a list of one.
  var itemsOrSelf: [Value] {
    if case .list(let items) = content { return items }
    return [self]
  }

  var isMap: Bool {
    if case .map = content { return true }
    return false
  }

  var isList: Bool {
    if case .list = content { return true }
    return false
  }

  /// Nothing was written: `key:` alone, `~` or `null`.
  var isNull: Bool {
    guard case .scalar(let text, isQuoted: false) = content else { return false }
    return ["", "~", "null", "Null", "NULL"].contains(text)
  }

  /// The text of a scalar, nil for nothing, a list or a map.
  var text: String? {
    guard case .scalar(let text, _) = content, !isNull else { return nil }
    return text
  }

  /// The text of a scalar without quotes: what may be a number or a boolean.
  var plain: String? {
    guard case .scalar(let text, isQuoted: false) = content, !isNull else { return nil }
    return text
  }
}
