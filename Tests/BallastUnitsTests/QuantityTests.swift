import BallastTestSupport
import BallastUnits
import Testing

struct ExactTests {
  @Test func scaledRoundsTowardsNegativeInfinity() {
    #expect(scaled(7, by: 1, over: 2) == 3)
    #expect(scaled(-7, by: 1, over: 2) == -4)
    #expect(scaled(7, by: -1, over: 2) == -4)
    #expect(scaled(-8, by: 1, over: 2) == -4)
    #expect(scaled(0, by: 5, over: 3) == 0)
  }

  /// 2^62 · 6 / 8 = 3 · 2^60, although the product needs 65 bits.
  @Test func scaledIsExactThrough128Bits() {
    #expect(scaled(1 << 62, by: 6, over: 8) == 3 << 60)
    #expect(scaled(-(1 << 62), by: 7, over: 9) == -3_586_866_903_221_301_704)
    #expect(scaled(.max, by: .max, over: .max) == .max)
    #expect(scaled(.min, by: .max, over: .max) == .min)
  }

  @Test func roundedRatioRoundsHalfAwayFromZero() {
    #expect(roundedRatio(5, by: 1, over: 2) == 3)
    #expect(roundedRatio(-5, by: 1, over: 2) == -3)
    #expect(roundedRatio(5, by: 1, over: 3) == 2)
    #expect(roundedRatio(4, by: 1, over: 3) == 1)
    #expect(roundedRatio(-4, by: 1, over: 3) == -1)
    #expect(roundedRatio(-1, by: 1, over: 2) == -1)
    #expect(roundedRatio(1, by: 1, over: .max) == 0)
  }

  /// The same halves, by products beyond 64 bits: (2^63 - 1) · 2 / 4 is 2^62 - 1/2.
  @Test func roundedRatioRoundsWideProductsAlike() {
    #expect(roundedRatio(.max, by: 2, over: 4) == 1 << 62)
    #expect(roundedRatio(-.max, by: 2, over: 4) == -(1 << 62))
    #expect(roundedRatio(.max, by: 3, over: 9) == 3_074_457_345_618_258_602)
  }

  @Test(arguments: testSeeds(usual: 100)) func bothAgreeWith128BitDivision(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let bits = generator.integer(2...61)
    let a = generator.integer(-(1 << bits)...(1 << bits))
    let c = generator.integer(1...(1 << bits))
    let b = generator.integer(-c...c)
    let product = Int128(a) * Int128(b)
    let down = Int128(scaled(a, by: b, over: c)) * Int128(c)
    #expect(down <= product && product < down + Int128(c), "\(replay(seed))")
    let rounded = roundedRatio(a, by: b, over: c)
    let magnitude = (2 * product.magnitude + UInt128(c)) / (2 * UInt128(c))
    #expect(UInt128(rounded.magnitude) == magnitude, "\(replay(seed))")
    #expect(rounded == 0 || (rounded < 0) == (product < 0), "\(replay(seed))")
  }

  @Test func decimalPlacesThePoint() {
    #expect(decimal(12345, places: 3) == "12.345")
    #expect(decimal(-12345, places: 3) == "-12.345")
    #expect(decimal(5, places: 3) == "0.005")
    #expect(decimal(-5, places: 3) == "-0.005")
    #expect(decimal(0, places: 2) == "0.00")
    #expect(decimal(100, places: 2) == "1.00")
    #expect(decimal(42, places: 0) == "42")
    #expect(decimal(.min, places: 18) == "-9.223372036854775808")
  }
}

struct QuantityTests {
  @Test func arithmeticKeepsTheUnit() {
    var speed = Kilohertz.megahertz(2) + Kilohertz(500)
    #expect(speed == Kilohertz(2500))
    speed -= Kilohertz(500)
    speed += Kilohertz(1)
    #expect(speed.value == 2001 && speed > Kilohertz.megahertz(2))
    #expect(Kilohertz(3) * 4 == Kilohertz(12) && Kilohertz(3) - Kilohertz(4) == Kilohertz(-1))
    #expect(Bytes.gibibytes(1) == Bytes.mebibytes(1024))
    #expect(Shares.zero.value == 0)
  }

  @Test func descriptionsNameTheUnit() {
    #expect(Kilohertz(1_234_567).description == "1234.567 MHz")
    #expect(Bytes(1 << 19).description == "0.500 MiB")
    #expect(Shares(1000).description == "1000 shares")
    #expect(PartsPerMillion.percent(35).description == "35.0000 %")
    #expect(SimDuration.milliseconds(1500).description == "1.500 s")
    #expect(SimTime.seconds(2).description == "2.000 s")
  }

  /// 35 % of 10 bytes is 3.5: down to 3.
  @Test func fractionsRoundDown() {
    #expect(PartsPerMillion.percent(35).of(Bytes(10)) == Bytes(3))
    #expect(PartsPerMillion.one.of(Kilohertz(.max)) == Kilohertz(.max))
  }

  /// Half a millisecond counts as one.
  @Test func timeRoundsToMilliseconds() {
    #expect(SimDuration.microseconds(1499).milliseconds == 1)
    #expect(SimDuration.microseconds(1500).milliseconds == 2)
    #expect(SimTime(499_999).milliseconds == 0)
  }

  /// The difference of two instants is a length of time, not an instant.
  @Test func instantsAndLengths() {
    let (start, end) = (SimTime.seconds(10), SimTime.seconds(12))
    let span = end - start
    #expect(type(of: span) == SimDuration.self)
    #expect(span == SimDuration.seconds(2))
    #expect(start + span == end && end - span == start)
    #expect(SimTime.never > end)
  }
}
