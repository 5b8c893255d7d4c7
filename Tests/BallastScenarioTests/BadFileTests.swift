import BallastScenario
import Testing

/// Files that are no scenario at all get an answer, quickly.
@Suite struct BadFileTests {
  @Test(arguments: [
    ("", "1:1: web.yaml is empty; `ballast init` writes a scenario to start from"),
    ("# nothing\n", "1:1: web.yaml is empty; `ballast init` writes a scenario to start from"),
    ("- a\n", "1:1: a scenario is a group of keys, and this is a list; begin with ballast: 1"),
    ("hello", "1:1: a scenario is a group of keys, and this is text; begin with ballast: 1"),
    ("a: 1\nb\0: 2", "2:2: web.yaml is a binary file, not YAML text; name a scenario file"),
    ("a: 1\n\tb: 1", "2:1: YAML does not allow tabs for indentation; use spaces"),
    ("a: @b", "1:4: a value cannot begin with \"@\"; put it in quotes"),
    (
      "a: b: c",
      "1:5: this is not valid YAML: a colon is not expected here; check the indentation, or put "
        + "the text in quotes"
    ),
    ("a: 1\nb: \"x\nc: 1", "2:4: this quote is never closed; close it"),
    (
      "a: 1\nb: [{c: 1\nd: 2",
      "2:5: this bracket is not closed by line 3, or a comma is missing there; close it, or put a "
        + "comma between the items"
    ),
    (
      "a: {b: *}",
      "1:9: a * or & here begins a YAML alias or anchor, and its name is missing; put a pattern "
        + "that begins with * in quotes: \"*\""
    ),
    (
      "a: *b",
      "1:4: this is read as a YAML alias, and no anchor has that name; put a pattern that begins "
        + "with * in quotes: \"*\""
    ),
    (
      "a: 1\n---\nb: 1",
      "2:1: a second YAML document begins here, but a scenario is one document; remove the --- "
        + "line, or move the rest to a file of its own"
    ),
    (
      "? [a]\n: 1",
      "1:1: keys after a question mark are not supported; write KEY: VALUE"
    ),
    ("{[a]: 1}", "1:4: a list or a map cannot be a key; write a plain name before the colon"),
    ("a: &a x\n*a : 1", "2:1: an alias cannot be a key; write the key's name"),
    (
      "a: \"x\u{1B}\"",
      "1:6: this is not valid YAML: control characters are not allowed; "
        + "remove the character"
    ),
  ])
  func refused(text: String, line: String) {
    #expect(Reading(text).lines == [line])
  }

  @Test func otherEncodings() {
    #expect(
      Reading([0xFF, 0xFE, 0x61, 0]).lines == [
        "1:1: web.yaml is encoded as UTF-16; save it as UTF-8"
      ])
    #expect(
      Reading(Array("a: 1\nb: é".utf8) + [0xFF]).lines == [
        "2:5: web.yaml is not valid UTF-8 text here; save the file as UTF-8, or remove the character"
      ])
  }

  @Test func tags() {
    #expect(
      Reading(small(vm: "start: !!str 3s")).lines == [
        "15:12: the YAML tag !!str has no meaning here; remove the tag"
      ])
    #expect(
      Reading(small(vm: "start: !x 3s")).lines == [
        "15:12: the YAML tag !x has no meaning here; remove the tag"
      ])
  }

  /// Every further writing of a key is named, in block and flow maps, quoted or not.
  @Test func duplicateKeys() {
    let text = small(vm: "start: 1s\n\"start\": 2s\nstart: 3s\ncpu: {shares: 1, shares: 2}")
    #expect(
      Reading(text).lines == [
        "16:5: key \"start\" is written twice; the first is on line 15; keep one of them",
        "17:5: key \"start\" is written twice; the first is on line 15; keep one of them",
        "18:22: key \"shares\" is written twice; the first is on line 18; keep one of them",
      ])
  }

  enum Deep: CaseIterable { case brackets, braces, anchors, indentation, dashes }

  @Test(arguments: Deep.allCases)
  func deepNesting(_ deep: Deep) {
    let text =
      switch deep {
      case .brackets: String(repeating: "[", count: 10_000_000)
      case .braces: "a: " + String(repeating: "{\"\":", count: 1_000_000)
      case .anchors:
        "a: " + String(repeating: "[&a ", count: 100) + String(repeating: "]", count: 100)
      case .indentation:
        "a:\n" + (1...900).map { String(repeating: " ", count: $0) + "a:\n" }.joined()
      case .dashes: "a:\n" + String(repeating: "- ", count: 900) + "x"
      }
    let message = "nesting is deeper than 64 levels; write it with fewer levels"
    let isNamed = Reading(text).messages.contains(message)
    #expect(isNamed)
  }

  @Test func sixtyFourLevelsAreFine() {
    let text =
      "zzzz: " + String(repeating: "[", count: 63) + String(repeating: "]", count: 63) + "\n"
      + small()
    #expect(Reading(text).messages.count == 1)
  }

  @Test func size() {
    let text = small() + "#" + String(repeating: "x", count: 16 << 20)
    #expect(Reading(text).messages[0].hasPrefix("a scenario with its imports may have 16 MiB"))
    #expect(
      Reading("a: [" + String(repeating: "x,", count: 3_000_000) + "]").messages == [
        "the file has more than 2,000,000 values; make it smaller"
      ])
  }

  /// Ten lines that stand for ten thousand million values.
  @Test(arguments: ["x: *j", "*j : x"])
  func aliasBomb(last: String) {
    var lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    let names = "abcdefghij".map(String.init)
    for (before, name) in zip(names, names.dropFirst()) {
      let items = Array(repeating: "*\(before)", count: 10).joined(separator: ", ")
      lines.append("\(name): &\(name) [\(items)]")
    }
    let reading = Reading((lines + [last]).joined(separator: "\n"))
    #expect(reading.error != nil)
    #expect(reading.messages.count == 1)
  }
}
