import Foundation
import Testing

@testable import BallastUnits

struct JSONTests {
  /// Foundation reads back what is written, whatever stands in it; nothing in it ends a script element or a line.
  @Test func everyTextComesBack() throws {
    let texts = ["", "a\"b\\c\nd\te\r", "</script>", "é €", "\u{1}\u{7F}\u{85}\u{2028}\u{FEFF}"]
    for text in texts {
      let written = jsonString(text)
      let read = try JSONSerialization.jsonObject(
        with: Data(written.utf8), options: .fragmentsAllowed)
      #expect(read as? String == text)
      #expect(!written.contains("<") && !written.contains("\n"))
      #expect(written.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
    }
  }

  /// Keys keep their order; numbers have three decimals; short plain lists are one line, long ones a line each.
  @Test func layoutIsFixed() {
    let value = JSON.object([
      ("b", .array([.integer(-1), .unsigned(.max), .null])), ("a", .object([])),
      ("t", .thousandths(-1_234_500)), ("n", .number(0.0005)), ("i", .number(.infinity)),
      ("deep", .array([.object([("x", .boolean(true))])])),
    ])
    #expect(
      value.pretty == """
        {
          "b": [-1, 18446744073709551615, null],
          "a": {},
          "t": -1234.500,
          "n": 0.001,
          "i": null,
          "deep": [
            {
              "x": true
            }
          ]
        }
        """)
    let long = JSON.array((0..<40).map { .count($0) }).pretty
    #expect(long.hasPrefix("[\n  0,\n  1,") && long.hasSuffix("39\n]"))
  }
}
