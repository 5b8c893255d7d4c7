import Testing

@testable import BallastImport

/// Cells as desktops of several countries write them, in thousandths.
@Suite struct NumberTests {
  /// A whole number's groups of three are thousands, whatever separates them.
  @Test(arguments: [
    ("1024", 1_024), ("1,024", 1_024), ("1.024", 1_024), ("1 024", 1_024), ("1\u{A0}024", 1_024),
    ("1\u{202F}024", 1_024), ("1'024", 1_024), ("1,048,576", 1_048_576), ("1.048.576", 1_048_576),
    ("-1", -1), ("8192.0", 8_192), ("1.048576E6", 1_048_576), ("0", 0),
  ])
  func wholeNumbers(_ text: String, _ value: Int64) {
    #expect(thousandths(text, isWhole: true) == value * 1_000)
  }

  /// 0.34375 rounds to 0.344; a comma with three digits behind it is a decimal comma where parts are expected.
  @Test(arguments: [
    ("0.34375", 344), ("0,34375", 344), ("12,5", 12_500), ("12.5", 12_500), ("1.234,5", 1_234_500),
    ("1,234.5", 1_234_500), ("1,024", 1_024), ("33.8 %", 33_800), ("2.5e-3", 3), ("0.0004", 0),
    ("-0.0005", -1),
  ])
  func parts(_ text: String, _ value: Int64) {
    #expect(thousandths(text, isWhole: false) == value)
  }

  @Test(arguments: ["", "VM", "10.1.2.3.x", "--1", "0x10", "1e400", "99999999999999999999"])
  func whatIsNoNumber(_ text: String) {
    #expect(thousandths(text, isWhole: true) == nil)
  }

  @Test func wholeNumbersHaveNoRest() {
    #expect(wholeNumber("4") == 4)
    #expect(wholeNumber("4.5") == nil)
  }

  @Test func truthInSeveralLanguages() {
    #expect(truth("True") == true && truth("WAHR") == true && truth("1") == true)
    #expect(truth("False") == false && truth("faux") == false && truth("") == false)
    #expect(truth("perhaps") == nil)
  }
}
