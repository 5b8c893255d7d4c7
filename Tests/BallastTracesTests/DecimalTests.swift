import BallastUnits
import Foundation
import Testing

@testable import BallastTraces

@Suite struct DecimalTests {
  private func parse(_ text: String, places: Int) -> (value: UInt64, fault: Cells.Fault?) {
    let bytes = Array((text + "|").utf8)
    return bytes.withUnsafeBytes { all in
      var cells = Cells(UnsafeRawBufferPointer(rebasing: all.dropLast()), separator: 124)
      let value = cells.number(places: places)
      cells.finish()
      return (value, cells.fault)
    }
  }

  /// Percent × 10,000, rounded half up from the decimal text.
  @Test(arguments: [
    ("0", 0), ("7", 70_000), ("12.5", 125_000), ("5.1209999999999996", 51_210),
    ("103.94166666666666", 1_039_417), ("0.00005", 1), ("0.000049999999999999999999999", 0),
    ("1.6703488E2", 1_670_349), ("2e-3", 20), ("1E+2", 1_000_000), (".5", 5_000), ("3.", 30_000),
    ("+4", 40_000), ("-0.0", 0), ("0e99999999999", 0), ("1e-400", 0),
    ("00000000000000000000000000012.5", 125_000), ("0.0000000000000000000000000001", 0),
    ("12.50000000000000000000000000000000001", 125_000),
  ])
  func roundsOnce(text: String, expected: UInt64) {
    let (value, fault) = parse(text, places: 4)
    #expect(value == expected && fault == nil)
  }

  @Test(arguments: [
    ("", Cells.Fault.notANumber), ("-", .notANumber), ("abc", .notANumber), ("1x", .notANumber),
    ("1e", .notANumber), ("1,5", .notANumber), ("nan", .notANumber), ("inf", .notANumber),
    ("-1", .negative), ("-1e-30", .negative), ("1e30", .tooLarge), ("429497", .tooLarge),
    ("99999999999999999999999", .tooLarge), ("\u{0}", .notANumber),
  ])
  func refuses(text: String, expected: Cells.Fault) {
    #expect(parse(text, places: 4).fault == expected)
  }

  /// The slow, obvious twin: the C library's decimal parser and rounding in binary, far from ties.
  @Test(arguments: 0..<20)
  func agreesWithTheLibrary(seed: UInt64) {
    var state = seed &* 0x9e37_79b9_7f4a_7c15 &+ 1
    for _ in 0..<500 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let number = Double(state >> 40) / Double(1 + (state >> 8) % 1_000_000)
      if number > 400_000 { continue }
      let text = "\(number)"
      let exact = number * 10_000
      if abs(exact - exact.rounded(.down) - 0.5) < 1e-4 { continue }
      #expect(parse(text, places: 4).value == UInt64(exact.rounded()), "\(text), seed \(seed)")
    }
  }

  @Test func datesCountFrom1970() {
    func nanoseconds(_ text: String) -> Int64? {
      Array(text.utf8).withUnsafeBytes(parseDateTime)
    }
    #expect(nanoseconds("1970-01-01 00:00:00") == 0)
    // `date -u -d '2014-03-01 17:34:00' +%s`
    #expect(nanoseconds("2014-03-01 17:34:00") == 1_393_695_240_000_000_000)
    #expect(nanoseconds("2000-02-29T23:59:59.25Z") == 951_868_799_250_000_000)
    #expect(nanoseconds("2001-02-29 00:00:00") == nil)
    #expect(nanoseconds("2001-13-01 00:00:00") == nil)
    #expect(nanoseconds("2001-12-01 24:00:00") == nil)
    #expect(nanoseconds("2001-12-01 23:00") == nil)
  }
}
