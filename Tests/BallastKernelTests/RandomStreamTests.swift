import BallastKernel
import Testing

@Suite struct RandomStreamTests {
  @Test func aStreamIsEightBytes() {
    #expect(MemoryLayout<RandomStream>.size == 8)
  }

  /// The reference implementation's first outputs for the state 1234567.
  @Test func theStepIsSplitMix64() {
    var stream = RandomStream(seed: 0, named: "")
    stream.state = 1_234_567
    #expect(
      (0..<5).map { _ in stream.nextUInt64() } == [
        6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
        4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
      ])
  }

  /// The published FNV-1a vectors, and a key worked out by hand: results depend on it for ever.
  @Test func theKeyIsStable() {
    #expect(RandomStream.fnv1a("") == 0xCBF2_9CE4_8422_2325)
    #expect(RandomStream.fnv1a("foobar") == 0x8594_4171_F739_67E8)
    #expect(RandomStream(seed: 42, named: "guest/web-03/arrivals").state == 0x5BBB_5877_C2B4_C4EE)
  }

  @Test func seedsThatAgreeIn32BitsGiveDifferentStreams() {
    for seed: UInt64 in 0..<100 {
      var one = RandomStream(seed: seed, named: "arrivals")
      var other = RandomStream(seed: seed + 1 << 32, named: "arrivals")
      #expect((0..<8).allSatisfy { _ in one.nextUInt64() != other.nextUInt64() })
    }
  }

  @Test func tenThousandNamesAndTenSeedsGiveDifferentStreams() {
    var states = Set<UInt64>()
    for seed: UInt64 in 0..<10 {
      for vm in 0..<10_000 {
        states.insert(RandomStream(seed: seed, named: "guest/vm-\(vm)/demand").state)
      }
    }
    #expect(states.count == 100_000)
  }

  @Test func aCopyContinuesAlike() {
    var stream = RandomStream(seed: 7, named: "a")
    _ = stream.nextUInt64()
    var copy = stream
    #expect(copy == stream)
    #expect(stream.next(below: 1_000) == copy.next(below: 1_000))
    #expect(stream.uniform() == copy.uniform() && copy == stream)
  }

  /// 70,000 draws below 7: each value 10,000 times, give or take four standard deviations of 93.
  @Test func drawsBelowABoundAreEven() {
    var stream = RandomStream(seed: 1, named: "dice")
    var counts = [Int](repeating: 0, count: 7)
    for _ in 0..<70_000 { counts[Int(stream.next(below: 7))] += 1 }
    #expect(counts.allSatisfy { abs($0 - 10_000) < 372 })
    #expect(stream.next(below: 1) == 0)
  }

  /// Below 3 · 2^62 a plain product would give every third value twice as often; even is 1/3 each.
  @Test func largeBoundsAreEvenToo() {
    var stream = RandomStream(seed: 1, named: "wide")
    var counts = [Int](repeating: 0, count: 3)
    for _ in 0..<30_000 { counts[Int(stream.next(below: 3 << 62) % 3)] += 1 }
    #expect(counts.allSatisfy { abs($0 - 10_000) < 330 })
  }

  @Test func uniformDrawsLieInZeroToOneAndCentreOnOneHalf() {
    var stream = RandomStream(seed: 1, named: "uniform")
    let draws = (0..<10_000).map { _ in stream.uniform() }
    #expect(draws.allSatisfy { $0 >= 0 && $0 < 1 })
    #expect(abs(draws.reduce(0, +) / 10_000 - 0.5) < 0.012)
  }
}
