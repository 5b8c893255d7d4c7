import BallastManager
import BallastTestSupport
import BallastUnits
import Testing

struct MinFundingRevocationTests {
  /// T4's two VMs start at 500 MiB each and go to 200 and 800 by 64 MiB a step: 436, 372, 308, 244, 200.
  @Test func idleGivesToBusyStepByStep() {
    let revocation = MinFundingRevocation(tax: IdleMemoryTax(), stepBytesMax: 64 << 20)
    let shares = [
      Claim(shares: 1_000, cap: 2_000 << 20, activeFraction: .zero),
      Claim(shares: 1_000, cap: 2_000 << 20),
    ]
    let targets = revocation.tax.divide(capacity: 1_000 << 20, among: shares)
    var held: [Int64] = [500 << 20, 500 << 20]
    var idle: [Int64] = []
    for _ in 0..<6 {
      let claims = zip(shares, held).map { claim, held in
        Claim(shares: 1_000, cap: claim.cap, held: held, activeFraction: claim.activeFraction)
      }
      held = revocation.step(claims, targets: targets, capacity: 1_000 << 20)
      idle.append(held[0] >> 20)
      #expect(held.reduce(0, +) == 1_000 << 20)
    }
    #expect(idle == [436, 372, 308, 244, 200, 200])
  }

  /// Two victims, ρ = 1000/1000 MiB and 3000/1000: the cheaper gives all of the 100 MiB.
  @Test func lowestPriceGivesFirst() {
    let revocation = MinFundingRevocation(tax: .none, stepBytesMax: 100 << 20)
    let claims = [3_000, 1_000].map {
      Claim(shares: $0, cap: 2_000 << 20, held: 1_000 << 20)
    }
    #expect(revocation.taken(from: claims, targets: [500 << 20, 500 << 20]) == [0, 100 << 20])
    #expect(revocation.tax.price(of: claims[1]) < revocation.tax.price(of: claims[0]))
    #expect(revocation.tax.sharesPerMebibyte(of: claims[0]) == 3)
  }

  /// An idle page costs 4 times: ρ of the idle one is 1000/4000, of the active one 500/1000.
  @Test func taxLowersThePriceOfIdleMemory() {
    let tax = IdleMemoryTax()
    let idle = Claim(
      shares: 1_000, cap: 2_000 << 20, held: 1_000 << 20, activeFraction: .zero)
    let active = Claim(shares: 500, cap: 2_000 << 20, held: 1_000 << 20)
    #expect(tax.price(of: idle) < tax.price(of: active))
    #expect(tax.sharesPerMebibyte(of: idle) == 0.25)
    #expect(tax.sharesPerMebibyte(of: active) == 0.5)
  }

  /// Who holds nothing pays most for its shares, and who has no shares pays nothing, whatever he holds.
  @Test func pricesAreOrderedAtTheEnds() {
    let tax = IdleMemoryTax()
    let prices = [(0, 0), (0, 1_000), (1, 1_000), (1, 0)].map {
      tax.price(of: Claim(shares: $0, cap: 1_000, held: $1))
    }
    #expect(prices[0] == prices[1] && prices[1] < prices[2] && prices[2] < prices[3])
  }

  /// From anywhere, every VM comes closer to its target with each step, and reaches it.
  @Test(arguments: testSeeds(usual: 300))
  func approachIsMonotone(_ seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let capacity = generator.integer(1...(1 << 36))
    let tax = IdleMemoryTax(rate: .percent(generator.integer(0...99)))
    var claims = (0..<generator.integer(1...6)).map { _ in
      Claim(
        shares: generator.integer(1...10_000), cap: generator.integer(0...(1 << 36)),
        activeFraction: .percent(generator.integer(0...100)))
    }
    var left = capacity
    for row in claims.indices {
      claims[row].held = generator.integer(0...left)
      left -= claims[row].held
    }
    let targets = tax.divide(capacity: capacity, among: claims)
    let revocation = MinFundingRevocation(tax: tax, stepBytesMax: 1 << 32)
    for _ in 0..<40 {
      let held = revocation.step(claims, targets: targets, capacity: capacity)
      #expect(held.reduce(0, +) <= capacity, "\(replay(seed))")
      for row in claims.indices {
        let (before, after) = (claims[row].held - targets[row], held[row] - targets[row])
        #expect(abs(after) <= abs(before), "\(replay(seed))")
        #expect(after == 0 || (after < 0) == (before < 0), "\(replay(seed))")
        claims[row].held = held[row]
      }
    }
    #expect(claims.map(\.held) == targets, "\(replay(seed))")
  }
}
