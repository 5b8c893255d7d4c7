import BallastManager
import BallastTestSupport
import BallastUnits
import Testing

/// What holds for every division under the tax, over seeds; and against a slow twin in floating point.
struct IdleMemoryTaxPropertyTests {
  private static let rates: [Int64] = [0, 250_000, 500_000, 750_000, 950_000, 999_999]

  private struct World {
    var capacity: Int64
    var claims: [Claim]
    var tax: IdleMemoryTax
  }

  private static func world(_ seed: UInt64) -> (World, SeededGenerator) {
    var generator = SeededGenerator(seed: seed)
    var claims: [Claim] = []
    for _ in 0..<generator.integer(1...8) {
      let cap = generator.integer(0...(1 << generator.integer(1...40)))
      let held = generator.integer(0...cap)
      let shares: Int64 = generator.isHit(oneIn: 10) ? 0 : 1 << generator.integer(0...40)
      claims.append(
        Claim(
          shares: generator.integer(0...shares),
          floor: generator.isHit(oneIn: 3) ? generator.integer(0...cap) : 0, cap: cap, held: held,
          activeFraction: PartsPerMillion(
            generator.isHit(oneIn: 4) ? 0 : generator.integer(0...1_000_000))))
    }
    let caps = claims.reduce(0) { $0 + $1.cap }
    let tax = IdleMemoryTax(
      rate: PartsPerMillion(rates[Int(generator.integer(0...5))]),
      activity: generator.isHit(oneIn: 2) ? .constantBytes : .constantFraction)
    let capacity = generator.integer(0...(caps + caps / 8))
    return (World(capacity: capacity, claims: claims, tax: tax), generator)
  }

  /// Σ = min(capacity, Σ caps); floors hold where they fit, caps always.
  @Test(arguments: testSeeds(usual: 300))
  func addsUpWithinBounds(_ seed: UInt64) {
    let (world, _) = Self.world(seed)
    let targets = world.tax.divide(capacity: world.capacity, among: world.claims)
    let caps = world.claims.reduce(0) { $0 + $1.cap }
    let floors = world.claims.reduce(0) { $0 + $1.floor }
    #expect(targets.reduce(0, +) == min(world.capacity, caps), "\(replay(seed))")
    for (target, claim) in zip(targets, world.claims) {
      #expect(target <= claim.cap && target >= 0, "\(replay(seed))")
      if floors <= world.capacity { #expect(target >= claim.floor, "\(replay(seed))") }
    }
  }

  /// Within 1 MiB of the equilibrium that bisection in floating point finds.
  @Test(arguments: testSeeds(usual: 300))
  func isWithinAMebibyteOfTheTwin(_ seed: UInt64) {
    let (world, _) = Self.world(seed)
    let floors = world.claims.reduce(0) { $0 + $1.floor }
    guard floors < world.capacity, world.claims.allSatisfy({ $0.shares > 0 }) else { return }
    let targets = world.tax.divide(capacity: world.capacity, among: world.claims)
    for (target, exact) in zip(targets, Self.slow(world)) {
      #expect(abs(Double(target) - exact) <= 1_048_576, "\(replay(seed))")
    }
  }

  /// Without a tax it is the water-fill of the shares, to the byte.
  @Test(arguments: testSeeds(usual: 300))
  func noTaxIsWaterFill(_ seed: UInt64) {
    let (world, _) = Self.world(seed)
    let tax = IdleMemoryTax(rate: .zero, activity: world.tax.activity)
    #expect(
      tax.divide(capacity: world.capacity, among: world.claims)
        == waterFill(
          capacity: world.capacity, lower: world.claims.map(\.floor),
          upper: world.claims.map(\.cap), weights: world.claims.map(\.shares)),
      "\(replay(seed))")
  }

  /// Doubling one's shares never costs memory, and being less active never brings any: both to 4 KiB of rounding.
  @Test(arguments: testSeeds(usual: 300))
  func sharesHelpAndIdlenessDoesNot(_ seed: UInt64) {
    var (world, generator) = Self.world(seed)
    let row = Int(generator.integer(0...Int64(world.claims.count - 1)))
    let before = world.tax.divide(capacity: world.capacity, among: world.claims)
    var richer = world.claims
    richer[row].shares *= 2
    let more = world.tax.divide(capacity: world.capacity, among: richer)
    #expect(more[row] >= before[row] - 4_096, "\(replay(seed))")
    var idler = world.claims
    idler[row].activeFraction = PartsPerMillion(idler[row].activeFraction.value / 2)
    idler[row].activeBytes /= 2
    let less = world.tax.divide(capacity: world.capacity, among: idler)
    #expect(less[row] <= before[row] + 4_096, "\(replay(seed))")
  }

  /// The order of VMs moves nobody by more than the rounding.
  @Test(arguments: testSeeds(usual: 300))
  func orderDoesNotMatter(_ seed: UInt64) {
    let (world, _) = Self.world(seed)
    let forward = world.tax.divide(capacity: world.capacity, among: world.claims)
    let backward = world.tax.divide(capacity: world.capacity, among: world.claims.reversed())
    for (a, b) in zip(forward, backward.reversed()) {
      #expect(abs(a - b) <= Int64(2 * world.claims.count), "\(replay(seed))")
    }
  }

  /// A tree of pools with limits and reservations: without tax it is the slow twin of `ShareTree`, to the byte, as long as
  /// what is promised fits; with one, or where it does not, it hands out as much, within every pool's limit and everyone's
  /// cap.
  @Test(arguments: testSeeds(usual: 300))
  func treesDivideAsShareTreesDo(_ seed: UInt64) {
    let (world, seeded) = Self.world(seed)
    var generator = seeded
    var pools = [MemoryPool(parent: -1, weight: 1)]
    for index in 0..<Int(generator.integer(1...4)) {
      let limit = generator.isHit(oneIn: 3) ? generator.integer(0...(1 << 38)) : Int64.max
      pools.append(
        MemoryPool(
          parent: Int(generator.integer(0...Int64(index))),
          reservation: generator.isHit(oneIn: 3) ? generator.integer(0...(1 << 30)) : 0,
          limit: limit, weight: generator.integer(1...1_000)))
    }
    let places = world.claims.map { _ in Int(generator.integer(0...Int64(pools.count - 1))) }
    let tree = SharingTree(
      pools: pools.map {
        .init(
          parent: $0.parent, reservation: $0.reservation, limit: $0.limit, weight: $0.weight)
      },
      leaves: zip(world.claims, places).map { claim, place in
        .init(pool: place, floor: claim.floor, cap: claim.cap, weight: claim.shares)
      })
    let slow = slowDivision(tree, capacity: world.capacity)
    func divide(_ rate: PartsPerMillion) -> [Int64] {
      IdleMemoryTax(rate: rate, activity: world.tax.activity).divide(
        capacity: world.capacity, among: world.claims, pools: pools, poolOfClaim: places)
    }
    if Self.promisesFit(world.claims, pools, places, given: slow.leaves) {
      #expect(divide(.zero) == slow.leaves, "\(replay(seed))")
    }
    let taxed = divide(world.tax.rate)
    #expect(taxed.reduce(0, +) == slow.leaves.reduce(0, +), "\(replay(seed))")
    for (part, claim) in zip(taxed, world.claims) {
      #expect(part >= 0 && part <= claim.cap, "\(replay(seed))")
    }
  }

  /// No pool got less than what is promised to those inside.
  private static func promisesFit(
    _ claims: [Claim], _ pools: [MemoryPool], _ places: [Int], given: [Int64]
  ) -> Bool {
    var (floors, caps, got) = (
      pools.map { _ in Int64(0) }, pools.map { _ in Int64(0) }, pools.map { _ in Int64(0) }
    )
    for (index, claim) in claims.enumerated() {
      floors[places[index]] += claim.floor
      caps[places[index]] += claim.cap
      got[places[index]] += given[index]
    }
    for pool in pools.indices.reversed() {
      if floors[pool] > got[pool] { return false }
      guard pool > 0 else { continue }
      let cap = min(caps[pool], pools[pool].limit)
      caps[pools[pool].parent] += cap
      floors[pools[pool].parent] += min(max(floors[pool], pools[pool].reservation), cap)
      got[pools[pool].parent] += got[pool]
    }
    return true
  }

  /// Any tree: where what VMs reserve themselves fits inside every pool, everybody keeps it, whatever pools lend.
  @Test(arguments: testSeeds(usual: 300))
  func ownReservationsAreKept(_ seed: UInt64) {
    let (world, seeded) = Self.world(seed)
    var generator = seeded
    var pools = [MemoryPool(parent: -1, weight: 1)]
    for index in 0..<Int(generator.integer(1...4)) {
      pools.append(
        MemoryPool(
          parent: Int(generator.integer(0...Int64(index))),
          reservation: generator.integer(0...(1 << 40)), weight: generator.integer(1...1_000)))
    }
    let places = world.claims.map { _ in Int(generator.integer(0...Int64(pools.count - 1))) }
    let own = world.claims.reduce(0) { $0 + $1.floor }
    let targets = world.tax.divide(
      capacity: own + world.capacity / 4, among: world.claims, pools: pools, poolOfClaim: places)
    for (target, claim) in zip(targets, world.claims) {
      #expect(target >= claim.floor, "\(replay(seed))")
    }
  }

  /// The slow twin: halves the interval of u = 1/ρ until doubles have no more between them.
  private static func slow(_ world: World) -> [Double] {
    let kept = 1 - Double(world.tax.rate.value) / 1_000_000
    func amount(_ claim: Claim, _ u: Double) -> Double {
      let untaxed = Double(claim.shares) * u
      var taxed = untaxed
      switch world.tax.activity {
      case .constantFraction:
        let f = Double(claim.activeFraction.value) / 1_000_000
        taxed = untaxed / (f + (1 - f) / kept)
      case .constantBytes:
        let active = Double(claim.activeBytes)
        if untaxed > active { taxed = active + (untaxed - active) * kept }
      }
      return min(Double(claim.cap), max(Double(claim.floor), taxed))
    }
    var low = 0.0
    var high = 1e30
    while true {
      let middle = high > 1e-3 && low < 1e-9 ? high / 1_000 : (low + high) / 2
      guard middle > low && middle < high else { break }
      let sum = world.claims.reduce(0) { $0 + amount($1, middle) }
      if sum <= Double(world.capacity) { low = middle } else { high = middle }
    }
    return world.claims.map { amount($0, low) }
  }
}
