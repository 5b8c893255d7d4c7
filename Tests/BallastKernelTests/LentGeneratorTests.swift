import BallastKernel
import BallastMath
import CGSL
import Testing

@Suite struct LentGeneratorTests {
  @Test func theSwiftAndTheCStepAreTheSame() {
    var swift = RandomStream(seed: 3, named: "lent")
    var lent = swift
    for _ in 0..<1_000 {
      let drawn = lent.withGSL { gsl_rng_get($0) }
      #expect(swift.nextUInt64() == UInt64(drawn))
    }
    for _ in 0..<1_000 {
      let drawn = lent.withGSL { gsl_rng_uniform($0) }
      #expect(swift.uniform() == drawn)
    }
    #expect(swift == lent)
  }

  @Test func whatGSLDrawsTheStreamHasDrawn() {
    var stream = RandomStream(seed: 3, named: "lent")
    var copy = stream
    let three = stream.withGSL { rng in (0..<3).map { _ in gsl_rng_get(rng) } }
    #expect(three == (0..<3).map { _ in UInt(copy.nextUInt64()) })
    #expect(stream == copy)
  }
}
