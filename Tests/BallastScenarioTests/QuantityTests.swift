import Testing

@testable import BallastScenario

/// Digits times unit in integers, rounded half up once.
@Suite struct QuantityTests {
  @Test(arguments: [
    ("2.6GHz", Dimension.frequency, Int64(2_600_000)),
    ("500MHz", .frequency, 500_000),
    ("0.0005MHz", .frequency, 1),
    ("0.0004999999999999999999999999MHz", .frequency, 0),
    ("7kHz", .frequency, 7),
    ("16GiB", .memory, 17_179_869_184),
    ("4GB", .memory, 4_000_000_000),
    ("1.5KiB", .memory, 1_536),
    ("0.5B", .memory, 1),
    ("0.1TiB", .memory, 109_951_162_778),
    ("65536TiB", .memory, 72_057_594_037_927_936),
    ("16 GiB", .memory, 17_179_869_184),
    ("250ms", .duration, 250_000_000),
    ("1h30m", .duration, 5_400_000_000_000),
    ("1h 30m", .duration, 5_400_000_000_000),
    ("1d2h3m4.5s", .duration, 93_784_500_000_000),
    ("0.1ns", .duration, 0),
    ("3us", .duration, 3_000),
    ("3µs", .duration, 3_000),
    ("36500d", .duration, 3_153_600_000_000_000_000),
    ("35%", .percentage, 350_000),
    ("0.00005%", .percentage, 1),
    ("100%", .percentage, 1_000_000),
    ("20MiB/s", .rate, 167_772_160),
    ("100Mbit/s", .rate, 100_000_000),
    ("1kbit/s", .rate, 1_000),
  ])
  func reads(text: String, dimension: Dimension, amount: Int64) throws {
    #expect(try dimension.amount(text) == amount)
  }

  @Test(arguments: [
    (
      "16", Dimension.memory, "16 has no unit; write 16GiB; units are B KB KiB MB MiB GB GiB TB TiB"
    ),
    ("4096", .memory, "4096 has no unit; write 4096MiB; units are B KB KiB MB MiB GB GiB TB TiB"),
    ("2.6", .frequency, "2.6 has no unit; write 2.6GHz; units are kHz MHz GHz"),
    ("2600", .frequency, "2600 has no unit; write 2600MHz; units are kHz MHz GHz"),
    ("0", .percentage, "0 has no unit; write 0%"),
    ("-1GiB", .memory, "-1GiB is negative; write a size of memory from 0 up"),
    ("16gb", .memory, "in 16gb, gb is no unit of memory; did you mean 16GB?"),
    ("16G", .memory, "in 16G, G is no unit of memory; did you mean 16GiB?"),
    ("2ghz", .frequency, "in 2ghz, ghz is no unit of frequency; did you mean 2GHz?"),
    (
      "5GHz", .memory,
      "in 5GHz, GHz is no unit of memory; write 16GiB; units are B KB KiB MB MiB GB GiB TB TiB"
    ),
    (
      "9007199254740993TiB", .memory,
      "9007199254740993TiB is above 65536TiB; write 65536TiB at most"
    ),
    (
      "99999999999999999999B", .memory,
      "99999999999999999999B is above 65536TiB; write 65536TiB at most"
    ),
    (".5GHz", .frequency, ".5GHz begins with a point; write 0.5GHz"),
    ("30m1h", .duration, "\"30m1h\" is not a time; write for example 20s"),
    (
      "1.5h30m", .duration,
      "1.5h30m has decimals before its last part; write decimals in the last part only"
    ),
    ("1h30", .duration, "1h30 has no unit; write 30s; units are ns us µs ms s m h d"),
    ("5 GiB GiB", .memory, "\"5 GiB GiB\" is not a size of memory; write for example 16GiB"),
    ("1.GiB", .memory, "\"1.GiB\" is not a size of memory; write for example 16GiB"),
    ("much", .memory, "\"much\" is not a size of memory; write for example 16GiB"),
    ("", .memory, "\"\" is not a size of memory; write for example 16GiB"),
    ("١٦GiB", .memory, "\"١٦GiB\" is not a size of memory; write for example 16GiB"),
    ("100.001%", .percentage, "100.001% is above 100%; write 100% at most"),
  ])
  func refuses(text: String, dimension: Dimension, message: String) {
    do throws(ValueFault) {
      let amount = try dimension.amount(text)
      Issue.record("\(text) is \(amount)")
    } catch {
      #expect("\(error.message); \(error.remedy)" == message)
    }
  }

  /// The reader and the pattern of the schema accept the same texts.
  @Test func patternsAgreeWithTheReader() throws {
    let texts = [
      "2.6GHz", "16GiB", "16 GiB", "16", "1h30m", "1h 30m", "35%", "-1GiB", "1e3s", "20MiB/s",
      ".5s",
      "1.s", "5  s", "100Mbit/s", "",
    ]
    for dimension in Dimension.allCases {
      let pattern = try Regex("^\(dimension.pattern)$")
      for text in texts {
        let isRead = (try? dimension.amount(text)) != nil
        #expect(text.contains(pattern) == isRead, "\(text) as \(dimension)")
      }
    }
  }
}
