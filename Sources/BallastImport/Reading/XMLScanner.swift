import Glibc

/// What a scan of XML meets. Names come without their namespace prefix; bytes are good during the call.
protocol XMLHandler {
  /// `isEmpty`: <c/>, for which `end` is called too.
  mutating func start(_ name: UnsafeRawBufferPointer, _ attributes: UnsafeRawBufferPointer)
  mutating func end(_ name: UnsafeRawBufferPointer)
  /// True while text between tags is wanted.
  var wantsText: Bool { get }
  /// Text as written, entities and all; in as many pieces as it happens to come in.
  mutating func text(_ bytes: UnsafeRawBufferPointer, isLiteral: Bool)
  /// Nothing more is wanted.
  var isDone: Bool { get }
}

/// Walks XML that comes in pieces of any size, in bounded memory: what a spreadsheet program writes, not all of XML.
///
/// Rule      tags, text, CDATA sections, comments and processing instructions are told apart; a document type
///           definition is refused, so entities cannot grow. Well-formedness is not checked beyond that.
/// Cost      one memchr for "<" and one for ">" per tag: blank rows of a sheet pass at the speed of unpacking.
struct XMLScanner<Handler: XMLHandler> {
  /// A longer tag is no tag of a workbook.
  private static var tagBytesMax: Int { 1 << 22 }

  var handler: Handler
  private let path: String
  private let part: String
  /// A tag that began in an earlier piece.
  private var rest: [UInt8] = []

  init(_ handler: Handler, path: String, part: String) {
    self.handler = handler
    self.path = path
    self.part = part
  }

  /// Takes the next piece; false when nothing more is wanted.
  mutating func take(_ piece: UnsafeRawBufferPointer) throws(ImportError) -> Bool {
    guard !rest.isEmpty else { return try scan(piece) }
    var joined = rest
    rest = []
    joined += piece
    var outcome: Result<Bool, ImportError> = .success(true)
    joined.withUnsafeBytes { bytes in
      do throws(ImportError) {
        outcome = .success(try scan(bytes))
      } catch {
        outcome = .failure(error)
      }
    }
    return try outcome.get()
  }

  /// To be called after the last piece.
  func finish() throws(ImportError) {
    if !rest.isEmpty && !handler.isDone {
      throw ImportError(path, "\(part) ends in the middle of a tag", remedy: "get the file again")
    }
  }

  private mutating func scan(_ bytes: UnsafeRawBufferPointer) throws(ImportError) -> Bool {
    guard let base = bytes.baseAddress else { return true }
    var at = 0
    while at < bytes.count {
      guard let found = memchr(base + at, 0x3C, bytes.count - at) else {
        if handler.wantsText {
          handler.text(UnsafeRawBufferPointer(rebasing: bytes[at...]), isLiteral: false)
        }
        return true
      }
      let open = UnsafeRawPointer(found) - base
      if open > at && handler.wantsText {
        handler.text(UnsafeRawBufferPointer(rebasing: bytes[at..<open]), isLiteral: false)
      }
      guard let end = endOfTag(bytes, open) else {
        guard bytes.count - open <= Self.tagBytesMax else { throw damaged }
        rest = Array(bytes[open...])
        return true
      }
      try tag(bytes, open, end)
      at = end
      if handler.isDone { return false }
    }
    return true
  }

  /// Behind the tag, comment or section that begins at `open`; nil where it is not all here.
  private func endOfTag(_ bytes: UnsafeRawBufferPointer, _ open: Int) -> Int? {
    if starts(bytes, open, "<!--") { return after(bytes, open + 4, "-->") }
    if starts(bytes, open, "<![CDATA[") { return after(bytes, open + 9, "]]>") }
    let base = bytes.baseAddress!
    var at = open + 1
    // A ">" inside quotes is text: only then is there an odd number of quotes before it.
    while let found = memchr(base + at, 0x3E, bytes.count - at) {
      let close = UnsafeRawPointer(found) - base
      var quotes = 0
      for index in open..<close where bytes[index] == 0x22 { quotes += 1 }
      if quotes % 2 == 0 { return close + 1 }
      at = close + 1
    }
    return nil
  }

  private var damaged: ImportError {
    ImportError(path, "\(part) is no XML of a workbook", remedy: "get the file again")
  }

  private mutating func tag(
    _ bytes: UnsafeRawBufferPointer, _ open: Int, _ end: Int
  ) throws(ImportError) {
    let second = bytes[open + 1]
    if second == UInt8(ascii: "!") {
      if starts(bytes, open, "<![CDATA[") && handler.wantsText {
        handler.text(
          UnsafeRawBufferPointer(rebasing: bytes[(open + 9)..<(end - 3)]), isLiteral: true)
      } else if starts(bytes, open, "<!DOCTYPE") {
        throw ImportError(
          path, "\(part) has a document type definition", remedy: "no workbook has one")
      }
      return
    }
    if second == UInt8(ascii: "?") { return }
    let isEnd = second == UInt8(ascii: "/")
    let isEmpty = bytes[end - 2] == UInt8(ascii: "/")
    var from = open + (isEnd ? 2 : 1)
    var to = from
    while to < end - 1, bytes[to] != 0x20, bytes[to] != 0x2F, bytes[to] != 0x3E,
      bytes[to] != 0x0A, bytes[to] != 0x0D, bytes[to] != 0x09
    {
      if bytes[to] == UInt8(ascii: ":") { from = to + 1 }
      to += 1
    }
    let name = UnsafeRawBufferPointer(rebasing: bytes[from..<max(from, to)])
    if isEnd {
      handler.end(name)
      return
    }
    let attributesEnd = max(to, end - (isEmpty ? 2 : 1))
    handler.start(name, UnsafeRawBufferPointer(rebasing: bytes[to..<attributesEnd]))
    if isEmpty { handler.end(name) }
  }

  private func starts(
    _ bytes: UnsafeRawBufferPointer, _ at: Int, _ text: StaticString
  ) -> Bool {
    guard bytes.count - at >= text.utf8CodeUnitCount else { return false }
    return memcmp(bytes.baseAddress! + at, text.utf8Start, text.utf8CodeUnitCount) == 0
  }

  private func after(
    _ bytes: UnsafeRawBufferPointer, _ at: Int, _ text: StaticString
  ) -> Int? {
    var at = at
    while at + text.utf8CodeUnitCount <= bytes.count {
      if starts(bytes, at, text) { return at + text.utf8CodeUnitCount }
      at += 1
    }
    return nil
  }
}

/// Whether a name is this word.
func isNamed(_ name: UnsafeRawBufferPointer, _ word: StaticString) -> Bool {
  name.count == word.utf8CodeUnitCount
    && memcmp(name.baseAddress!, word.utf8Start, name.count) == 0
}

/// An attribute's value as written; nil where there is none. A prefix counts as part of the name.
func attribute(_ name: StaticString, in attributes: UnsafeRawBufferPointer)
  -> UnsafeRawBufferPointer?
{
  let size = name.utf8CodeUnitCount
  var at = 0
  while at + size + 2 < attributes.count {
    // `name="`, after white space.
    if attributes[at] <= 0x20,
      memcmp(attributes.baseAddress! + at + 1, name.utf8Start, size) == 0,
      attributes[at + 1 + size] == UInt8(ascii: "=")
    {
      let quote = attributes[at + 2 + size]
      let start = at + 3 + size
      var end = start
      while end < attributes.count, attributes[end] != quote { end += 1 }
      return UnsafeRawBufferPointer(rebasing: attributes[start..<end])
    }
    at += 1
  }
  return nil
}

/// Text with its entities read: the five of XML, and characters by number.
func unescaped(_ bytes: UnsafeRawBufferPointer) -> String {
  guard bytes.contains(UInt8(ascii: "&")) else { return String(decoding: bytes, as: UTF8.self) }
  var text: [UInt8] = []
  var at = 0
  while at < bytes.count {
    guard bytes[at] == UInt8(ascii: "&"),
      let end = bytes[at..<min(at + 12, bytes.count)].firstIndex(of: UInt8(ascii: ";")),
      let character = character(
        ofEntity: String(
          decoding: UnsafeRawBufferPointer(rebasing: bytes[(at + 1)..<end]), as: UTF8.self))
    else {
      text.append(bytes[at])
      at += 1
      continue
    }
    text += Array(String(character).utf8)
    at = end + 1
  }
  return String(decoding: text, as: UTF8.self)
}

private func character(ofEntity entity: String) -> Unicode.Scalar? {
  switch entity {
  case "amp": return "&"
  case "lt": return "<"
  case "gt": return ">"
  case "quot": return "\""
  case "apos": return "'"
  default:
    guard entity.hasPrefix("#") else { return nil }
    let digits = entity.dropFirst()
    let value =
      digits.first == "x" || digits.first == "X"
      ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
    return value.flatMap(Unicode.Scalar.init)
  }
}
