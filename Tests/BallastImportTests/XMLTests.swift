import Testing

@testable import BallastImport

/// XML in pieces, as unpacking gives it.
@Suite struct XMLTests {
  /// Notes everything it meets.
  private struct Notes: XMLHandler {
    var said: [String] = []
    var wantsText: Bool { true }
    var isDone: Bool { false }
    mutating func start(_ name: UnsafeRawBufferPointer, _ attributes: UnsafeRawBufferPointer) {
      let label = attribute("name", in: attributes).map(unescaped)
      said.append("<" + String(decoding: name, as: UTF8.self) + (label.map { " \($0)" } ?? ""))
    }
    mutating func end(_ name: UnsafeRawBufferPointer) {
      said.append(">" + String(decoding: name, as: UTF8.self))
    }
    mutating func text(_ bytes: UnsafeRawBufferPointer, isLiteral: Bool) {
      let text = isLiteral ? String(decoding: bytes, as: UTF8.self) : unescaped(bytes)
      guard said.last?.first == "'", let last = said.popLast() else {
        said.append("'" + text)
        return
      }
      said.append(last + text)
    }
  }

  private static let text =
    "<?xml version=\"1.0\"?><!-- <no> --><x:a name=\"t &gt; u\"><b name='1'/>7 &amp; 8"
    + "<![CDATA[<9>]]></x:a>"
  private static let expected = ["<a t > u", "<b 1", ">b", "'7 & 8<9>", ">a"]

  private func notes(_ text: String, piece: Int) throws -> [String] {
    var scanner = XMLScanner(Notes(), path: "x", part: "y")
    let bytes = Array(text.utf8)
    var at = 0
    while at < bytes.count {
      let end = min(at + piece, bytes.count)
      try Array(bytes[at..<end]).withUnsafeBytes { _ = try scanner.take($0) }
      at = end
    }
    try scanner.finish()
    return scanner.handler.said
  }

  @Test func tagsTextAndSectionsAreToldApart() throws {
    #expect(try notes(Self.text, piece: 10_000) == Self.expected)
  }

  /// Entities are not cut by the pieces here; tags, comments and sections are, in every way.
  @Test func tagsMayBeCutAnywhere() throws {
    let plain = Self.text.replacing("&amp;", with: "+")
    let expected = Self.expected.map { $0.replacing("7 &", with: "7 +") }
    for piece in 1...40 { #expect(try notes(plain, piece: piece) == expected, "\(piece)") }
  }

  @Test func documentTypesAndCutTagsAreRefused() {
    #expect(throws: ImportError.self) { try notes("<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", piece: 99) }
    #expect(throws: ImportError.self) { try notes("<a><b name=\"1", piece: 99) }
  }

  @Test func charactersByNumber() {
    let text = Array("&#65;&#x20AC;&quot;&unknown;&".utf8)
    #expect(text.withUnsafeBytes(unescaped) == "A€\"&unknown;&")
  }
}
