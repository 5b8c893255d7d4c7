import Testing

@testable import BallastImport

/// Text in the encodings that exports come in, and tables in it.
@Suite struct TextTests {
  private static let text = "VM,Größe\nzürich-1,8"

  @Test func encodingsAreToldApart() {
    let utf8 = Array(Self.text.utf8)
    let little = Self.text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    let big = Self.text.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
    let windows = Self.text.unicodeScalars.map { UInt8($0.value) }
    let cases: [([UInt8], TextDecoding)] = [
      (utf8, .utf8), ([0xEF, 0xBB, 0xBF] + utf8, .utf8),
      ([0xFF, 0xFE] + little, .utf16LittleEndian), (little, .utf16LittleEndian),
      ([0xFE, 0xFF] + big, .utf16BigEndian), (big, .utf16BigEndian), (windows, .windows1252),
    ]
    for (bytes, expected) in cases {
      let (decoded, encoding) = TextDecoding.decode(bytes)
      #expect(encoding == expected)
      #expect(String(decoding: decoded, as: UTF8.self) == Self.text)
    }
  }

  /// 0x80 is the euro sign, 0x96 a dash, in Windows-1252.
  @Test func windowsHasLettersWhereLatin1HasNone() {
    let (decoded, _) = TextDecoding.decode([0x80, 0x96, 0xE4])
    #expect(String(decoding: decoded, as: UTF8.self) == "€–ä")
  }

  private func rows(_ text: String) -> [[String]] {
    var rows: [[String]] = []
    CSVSheet.rows(of: Array(text.utf8)) { _, cells in
      rows.append(cells)
      return true
    }
    return rows
  }

  @Test func separatorsAreFound() {
    #expect(rows("a,b\n1,2\n") == [["a", "b"], ["1", "2"]])
    #expect(rows("a;b\r\n1,5;2\r\n") == [["a", "b"], ["1,5", "2"]])
    #expect(rows("a\tb\n1\t2") == [["a", "b"], ["1", "2"]])
    #expect(rows("sep=;\na;b\n1;2\n") == [["a", "b"], ["1", "2"]])
  }

  @Test func quotesHoldSeparatorsAndLineEnds() {
    #expect(rows("a,b\n\"x, y\",\"say \"\"so\"\"\"\n") == [["a", "b"], ["x, y", "say \"so\""]])
    #expect(rows("a,b\n\"two\nlines\",2\n") == [["a", "b"], ["two\nlines", "2"]])
  }

  @Test func anOpenQuoteIsReported() {
    var sheet = Sheet(name: "vInfo") { _ in true }
    var report = ImportReport(source: "x.csv")
    #expect(throws: ImportError.self) {
      try CSVSheet.read(Array("a,b\n1,2\n\"cut,3".utf8), into: &sheet, path: "x.csv", &report)
    }
  }

  /// Units, case and punctuation of headings changed between versions; `#` and `%` tell headings apart.
  @Test(arguments: [
    ("Provisioned MB", "provisioned"), ("Provisioned MiB", "provisioned"), ("In use", "in use"),
    ("# CPU", "# cpu"), ("CPU usage %", "cpu usage %"), ("Cores p/s", "cores p s"),
    ("DRS Entitlement", "drs entitlement"), ("Speed (MHz)", "speed"), ("MB", "mb"),
  ])
  func headings(_ heading: String, _ expected: String) {
    #expect(normalisedHeading(heading) == expected)
  }

  /// 2025-11-20 10:00:00 is 1,763,632,800 s after 1970, however it is written.
  @Test(arguments: [
    "2025-11-20 10:00:00", "2025-11-20T10:00:00Z", "11/20/2025 10:00:00 AM", "20.11.2025 10:00:00",
    "11/20/2025 10:00", "1763632800",
  ])
  func dates(_ text: String) {
    #expect(DateReader([text]).seconds(text) == 1_763_632_800)
  }

  @Test func daysFirstIsLearntFromTheFile() {
    let ten: Int64 = 1_763_632_800
    let dates = DateReader(["03/11/2025 10:00:00", "20/11/2025 10:00:00"])
    #expect(dates.seconds("20/11/2025 10:00:00") == ten)
    #expect(dates.seconds("03/11/2025 10:00:00") == ten - 17 * 86_400)
    #expect(dates.seconds("tomorrow") == nil)
    #expect(DateReader([]).seconds("11/20/2025 12:30:00 AM") == ten - 9 * 3_600 - 1_800)
  }
}
