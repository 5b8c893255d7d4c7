/// Walks an XML document from element to element: as much of XML as libvirt writes, without a document in memory.
///
/// Promises  never traps, whatever the text: what cannot be read ends the walk.
/// Source    Extensible Markup Language 1.0: elements, attributes, text, comments, CDATA, character references.
struct XMLReader {
  enum Event: Equatable {
    case start(String, [String: String])
    case end(String)
    /// References resolved; never empty.
    case text(String)
  }

  private var rest: ArraySlice<UInt8>
  /// An element that ends where it starts is told twice.
  private var pendingEnd: String?

  init(_ text: String) { rest = Array(text.utf8)[...] }

  /// The next event; nil at the end, and where the text is not XML.
  mutating func next() -> Event? {
    if let name = pendingEnd {
      pendingEnd = nil
      return .end(name)
    }
    while let first = rest.first {
      if first != UInt8(ascii: "<") {
        let text = taken { $0 != UInt8(ascii: "<") }
        return .text(Self.resolved(text))
      }
      if skips("<!--", "-->") || skips("<?", "?>") || skips("<!DOCTYPE", ">") { continue }
      if begins("<![CDATA[") {
        rest = rest.dropFirst(9)
        let text = takenUntil("]]>")
        if !text.isEmpty { return .text(String(decoding: text, as: UTF8.self)) }
        continue
      }
      return tag()
    }
    return nil
  }

  private mutating func tag() -> Event? {
    rest = rest.dropFirst()
    if rest.first == UInt8(ascii: "/") {
      rest = rest.dropFirst()
      let name = word()
      guard !name.isEmpty else { return fail() }
      _ = takenUntil(">")
      return .end(name)
    }
    let name = word()
    guard !name.isEmpty else { return fail() }
    var attributes: [String: String] = [:]
    while true {
      skipSpace()
      guard let next = rest.first else { return fail() }
      if next == UInt8(ascii: ">") {
        rest = rest.dropFirst()
        return .start(name, attributes)
      }
      if next == UInt8(ascii: "/") {
        _ = takenUntil(">")
        pendingEnd = name
        return .start(name, attributes)
      }
      guard let (key, value) = attribute() else { return fail() }
      attributes[key] = value
    }
  }

  private mutating func attribute() -> (String, String)? {
    let key = word()
    skipSpace()
    guard !key.isEmpty, rest.first == UInt8(ascii: "=") else { return nil }
    rest = rest.dropFirst()
    skipSpace()
    guard let quote = rest.first, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
      return nil
    }
    rest = rest.dropFirst()
    let value = taken { $0 != quote }
    rest = rest.dropFirst()
    return (key, Self.resolved(value))
  }

  private mutating func fail() -> Event? {
    rest = []
    return nil
  }

  // MARK: Bytes

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 32 || byte == 10 || byte == 13 || byte == 9
  }

  private mutating func skipSpace() { rest = rest.drop(while: Self.isSpace) }

  private mutating func taken(while isPart: (UInt8) -> Bool) -> ArraySlice<UInt8> {
    let part = rest.prefix(while: isPart)
    rest = rest[part.endIndex...]
    return part
  }

  /// A name of an element or attribute.
  private mutating func word() -> String {
    let bytes = taken { byte in
      !Self.isSpace(byte) && byte != UInt8(ascii: "=") && byte != UInt8(ascii: ">")
        && byte != UInt8(ascii: "/") && byte != UInt8(ascii: "<")
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private func begins(_ mark: StaticString) -> Bool {
    mark.withUTF8Buffer { rest.starts(with: $0) }
  }

  /// Up to a mark, which is passed over; all that is left without one.
  private mutating func takenUntil(_ mark: StaticString) -> ArraySlice<UInt8> {
    let start = rest
    while !rest.isEmpty {
      if begins(mark) {
        let part = start[start.startIndex..<rest.startIndex]
        rest = rest.dropFirst(mark.utf8CodeUnitCount)
        return part
      }
      rest = rest.dropFirst()
    }
    return start
  }

  private mutating func skips(_ opening: StaticString, _ closing: StaticString) -> Bool {
    guard begins(opening) else { return false }
    rest = rest.dropFirst(opening.utf8CodeUnitCount)
    _ = takenUntil(closing)
    return true
  }

  /// Character references and the five names every document knows; others stay as they are.
  private static func resolved(_ bytes: ArraySlice<UInt8>) -> String {
    let text = String(decoding: bytes, as: UTF8.self)
    guard text.utf8.contains(UInt8(ascii: "&")) else { return text }
    var result = ""
    var rest = text[...]
    while let start = rest.firstIndex(of: "&") {
      result += rest[..<start]
      guard let end = rest[start...].firstIndex(of: ";") else { break }
      let name = rest[rest.index(after: start)..<end]
      result += character(name) ?? String(rest[start...end])
      rest = rest[rest.index(after: end)...]
    }
    return result + rest
  }

  private static func character(_ name: Substring) -> String? {
    switch name {
    case "lt": return "<"
    case "gt": return ">"
    case "amp": return "&"
    case "quot": return "\""
    case "apos": return "'"
    default:
      guard name.hasPrefix("#") else { return nil }
      let digits = name.dropFirst()
      let code =
        digits.hasPrefix("x") ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
      return code.flatMap(Unicode.Scalar.init).map { String($0) }
    }
  }
}
