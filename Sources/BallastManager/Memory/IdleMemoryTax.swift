import BallastUnits

/// Divides memory by shares per page, where an idle page costs more than an active one.
///
/// Rule      every VM pays ρ = S / (P (f + k (1 − f))) per page, k = 1/(1 − τ); at equilibrium ρ is the same for all
///           between their bounds. With a constant active fraction, P ∝ S / (f + k (1 − f)); with constant active
///           bytes a, P = a + (S/ρ − a)/k where S/ρ exceeds a, and S/ρ below: whoever uses all it has pays no tax.
///           A pool is taxed by the activity of all its VMs together. Where not all floors fit, what VMs reserve themselves
///           goes before what their pools lend them, each in proportion.
/// Promises  those of `waterFill` (adds up, floors and caps hold, nothing idles) · τ = 0 is `waterFill` · lower
///           activity never gets more · within 1 MiB of the exact equilibrium.
/// Rounding  down to 1 byte; the remainder goes by largest fraction, ties to the lower row. Weights that tax makes
///           fractional are kept to 2⁻⁵⁹ of their sum, again for those left once others have reached their bounds.
/// Cost      one to n water-fills per pool (constant fraction), usually two; O(n) per Newton pass (constant bytes).
/// Source    Waldspurger, OSDI 2002, §5.1–5.2; docs/MEMORY.md#tax-on-idle-memory.
public struct IdleMemoryTax: Sendable, Equatable {
  /// What a VM's activity does while its memory changes.
  public enum Activity: String, Sendable, Equatable, Codable, CaseIterable {
    /// f stays: the paper's form.
    case constantFraction
    /// a = f · P stays: the guest's working set does not follow its allocation.
    case constantBytes
  }

  /// τ, 0 …< 1: the largest part of a VM's idle memory that may be taken. ESX: 75 %.
  public let rate: PartsPerMillion
  public let activity: Activity

  /// A rate outside its range counts as the nearest in it.
  public init(rate: PartsPerMillion = .percent(75), activity: Activity = .constantFraction) {
    self.rate = PartsPerMillion(min(max(rate.value, 0), 999_999))
    self.activity = activity
  }

  public static let none = IdleMemoryTax(rate: .zero)

  /// k = 1/(1 − τ), for reports.
  public var idleCost: Double { 1_000_000 / Double(1_000_000 - rate.value) }

  /// One VM (or pool) among its siblings. Bytes and shares are within `MemoryTable.bytesMax` and `weightMax`.
  public struct Claim: Sendable, Equatable {
    public var shares: Int64
    /// min(reservation, touched); what exceeds `cap` does not count.
    public var floor: Int64
    /// The part of the floor that VMs reserve themselves; the rest is lent by pools.
    public var ownFloor: Int64
    public var cap: Int64
    /// What it holds, how much of that is active, and that as a part of what it holds.
    public var held: Int64
    public var activeBytes: Int64
    public var activeFraction: PartsPerMillion

    /// - Parameter activeBytes: where not given, the fraction of what is held, rounded down.
    public init(
      shares: Int64, floor: Int64 = 0, cap: Int64, held: Int64 = 0,
      activeFraction: PartsPerMillion = .one, activeBytes: Int64? = nil
    ) {
      self.shares = shares
      self.floor = min(floor, cap)
      ownFloor = self.floor
      self.cap = cap
      self.held = held
      self.activeFraction = activeFraction
      self.activeBytes = activeBytes ?? scaled(held, by: activeFraction.value, over: 1_000_000)
    }
  }

  /// Bytes for each claim: the equilibrium among siblings, min(capacity, Σ caps) in all.
  public func divide(capacity: Int64, among claims: [Claim]) -> [Int64] {
    let capacity = max(0, capacity)
    return switch activity {
    case .constantBytes where rate > .zero: TaxedByBytes(rate, claims).divide(capacity)
    case .constantBytes, .constantFraction: TaxedByFraction(rate, claims).divide(capacity)
    }
  }

  /// Bytes for each claim in a tree of pools, as `ShareTree` divides: a pool asks for min(limit, Σ of its children) and
  /// is promised max(reservation, Σ of what they are).
  ///
  /// - Parameters:
  ///   - pools: parents first; position 0 is the root. Empty: all claims are siblings.
  ///   - poolOfClaim: position in `pools` of each claim; not looked at where there are none.
  public func divide(
    capacity: Int64, among claims: [Claim], pools: [MemoryPool], poolOfClaim: [Int]
  ) -> [Int64] {
    guard pools.count > 1 else {
      return divide(capacity: min(capacity, pools.first?.limit ?? .max), among: claims)
    }
    return divideTree(capacity: capacity, among: claims, pools: pools, poolOfClaim: poolOfClaim)
      .parts
  }

  /// A division and what stands behind it: what each pool asked for among its siblings and got, in the order of pools.
  struct Tree {
    var asked: [Claim]
    var given: [Int64]
    var parts: [Int64]
  }

  /// - Parameter pools: at least the root.
  func divideTree(
    capacity: Int64, among claims: [Claim], pools: [MemoryPool], poolOfClaim: [Int]
  ) -> Tree {
    let asked = poolClaims(claims, pools, poolOfClaim)
    var tree = Tree(
      asked: asked, given: pools.map { _ in 0 }, parts: claims.map { _ in 0 })
    tree.given[0] = min(capacity, asked[0].cap)
    for pool in pools.indices {
      let (inner, own) = Self.children(of: pool, pools, poolOfClaim)
      let siblings = inner.map { asked[$0] } + own.map { claims[$0] }
      let parts = divide(
        capacity: tree.given[pool], among: Self.withFloors(siblings, in: tree.given[pool]))
      for (child, part) in zip(inner, parts) { tree.given[child] = part }
      for (claim, part) in zip(own, parts.dropFirst(inner.count)) { tree.parts[claim] = part }
    }
    return tree
  }

  /// What each pool is promised of what its VMs have touched, and how much of that fits, bytes. Arguments as of `divide`.
  func floors(
    capacity: Int64, among claims: [Claim], pools: [MemoryPool], poolOfClaim: [Int]
  ) -> [(promised: Int64, backed: Int64)] {
    let asked = poolClaims(claims, pools, poolOfClaim)
    var backed = asked.map { min($0.floor, capacity) }
    for pool in pools.indices {
      let (inner, own) = Self.children(of: pool, pools, poolOfClaim)
      let fitting = Self.withFloors(
        inner.map { asked[$0] } + own.map { claims[$0] }, in: backed[pool])
      for (child, claim) in zip(inner, fitting) { backed[child] = claim.floor }
    }
    return zip(asked, backed).map { ($0.floor, $1) }
  }

  /// What a pool is divided among: the pools directly in it, and the claims.
  static func children(
    of pool: Int, _ pools: [MemoryPool], _ poolOfClaim: [Int]
  ) -> (pools: [Int], claims: [Int]) {
    (
      pools.indices.filter { $0 > 0 && pools[$0].parent == pool },
      poolOfClaim.indices.filter { poolOfClaim[$0] == pool }
    )
  }

  /// Claims with floors that fit: own reservations first, then what is lent.
  private static func withFloors(_ claims: [Claim], in capacity: Int64) -> [Claim] {
    let floors = claims.reduce(0) { $0 + $1.floor }
    let own = claims.reduce(0) { $0 + $1.ownFloor }
    guard floors > capacity, own < floors else { return claims }
    let lent = apportion(
      max(0, capacity - own), by: claims.map { $0.floor - $0.ownFloor })
    return zip(claims, lent).map { claim, lent in
      var claim = claim
      claim.floor = claim.ownFloor + lent
      return claim
    }
  }

  /// What each pool claims among its siblings, from the last to the first.
  private func poolClaims(
    _ claims: [Claim], _ pools: [MemoryPool], _ poolOfClaim: [Int]
  ) -> [Claim] {
    var sums = pools.map { Claim(shares: $0.weight, cap: 0, activeBytes: 0) }
    func add(_ claim: Claim, to pool: Int) {
      sums[pool].cap = min(sums[pool].cap + claim.cap, MemoryTable.bytesMax)
      sums[pool].floor = min(sums[pool].floor + claim.floor, MemoryTable.bytesMax)
      sums[pool].ownFloor = min(sums[pool].ownFloor + claim.ownFloor, MemoryTable.bytesMax)
      sums[pool].held = min(sums[pool].held + claim.held, MemoryTable.bytesMax)
      sums[pool].activeBytes = min(
        sums[pool].activeBytes + claim.activeBytes, MemoryTable.bytesMax)
    }
    for (claim, pool) in zip(claims, poolOfClaim) { add(claim, to: pool) }
    for pool in pools.indices.reversed() {
      sums[pool].cap = min(sums[pool].cap, pools[pool].limit)
      sums[pool].floor = min(max(sums[pool].floor, pools[pool].reservation), sums[pool].cap)
      sums[pool].ownFloor = min(sums[pool].ownFloor, sums[pool].cap)
      let (active, held) = (sums[pool].activeBytes, sums[pool].held)
      sums[pool].activeFraction =
        held > 0 ? PartsPerMillion(scaled(min(active, held), by: 1_000_000, over: held)) : .one
      if pool > 0 { add(sums[pool], to: pools[pool].parent) }
    }
    return sums
  }

  // MARK: Prices

  /// What a claim pays for each page it holds, exactly: shares over taxed pages.
  public struct Price: Sendable, Comparable {
    let shares: UInt128
    /// a (1 − τ) + (P − a), in millionths of bytes: P (f + k (1 − f)) divided by k. Nothing held counts as one of these,
    /// so that nobody with shares pays more.
    let taxedBytes: UInt128

    public static func < (a: Price, b: Price) -> Bool {
      let left = a.shares.multipliedFullWidth(by: b.taxedBytes)
      let right = b.shares.multipliedFullWidth(by: a.taxedBytes)
      return (left.high, left.low) < (right.high, right.low)
    }
    public static func == (a: Price, b: Price) -> Bool { !(a < b) && !(b < a) }
  }

  /// ρ at what the claim holds now.
  public func price(of claim: Claim) -> Price {
    let held = UInt128(max(0, claim.held))
    let active = min(UInt128(max(0, claim.activeBytes)), held)
    let kept = UInt128(1_000_000 - rate.value)
    return Price(
      shares: UInt128(max(0, claim.shares)),
      taxedBytes: max(1, active * kept + (held - active) * 1_000_000))
  }

  /// ρ in shares per MiB, for reports; 0 where nothing is held.
  public func sharesPerMebibyte(of claim: Claim) -> Double {
    guard claim.held > 0 else { return 0 }
    let taxed = Double(price(of: claim).taxedBytes) / 1_000_000 * idleCost / Double(1 << 20)
    return Double(claim.shares) / taxed
  }
}
