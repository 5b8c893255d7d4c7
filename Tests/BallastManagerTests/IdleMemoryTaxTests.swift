import BallastManager
import BallastTestSupport
import BallastUnits
import Testing

typealias Claim = IdleMemoryTax.Claim

/// Equilibria worked by hand, and the cases of the validation file.
struct IdleMemoryTaxTests {
  private static let mebibyte: Int64 = 1 << 20

  /// Every case of `esx_idle_tax_cases.csv` by name, to the MiB.
  @Test func validationCases() throws {
    let rows = try fixtureRows("validation/esx_idle_tax_cases.csv")
    var names: [String] = []
    for row in rows where !names.contains(row["case"]!) { names.append(row["case"]!) }
    #expect(names.starts(with: ["T1", "T2"]) && names.count >= 3)
    for name in names {
      let vms = rows.filter { $0["case"] == name }
      func number(_ row: [String: String], _ column: String) throws -> Int64 {
        try #require(Int64(row[column] ?? ""))
      }
      let claims = try vms.map { row in
        Claim(
          shares: try number(row, "shares"), floor: try number(row, "min_mb") << 20,
          cap: try number(row, "configured_mb") << 20,
          activeFraction: .percent(try number(row, "active_fraction") * 100))
      }
      let tax = IdleMemoryTax(rate: .percent(try number(vms[0], "tax_pct")))
      let targets = tax.divide(capacity: try number(vms[0], "memory_mb") << 20, among: claims)
      for (row, target) in zip(vms, targets) {
        let expected = try number(row, "expected_mb") << 20
        #expect(abs(target - expected) <= Self.mebibyte, "\(name) \(row["vm"]!): \(target >> 20)")
      }
    }
  }

  /// Equal shares, f = 1 against f = 25 %, τ = 75 % → k = 4: costs 1 and 0.25 + 4 · 0.75 = 3.25. Of 4250 MiB they get
  /// 3250 and 1000.
  @Test func ratioOfThreeAndAQuarter() {
    let targets = IdleMemoryTax().divide(
      capacity: 4_250 << 20,
      among: [
        Claim(shares: 1_000, cap: 8_192 << 20),
        Claim(shares: 1_000, cap: 8_192 << 20, activeFraction: .percent(25)),
      ])
    #expect(targets == [3_250 << 20, 1_000 << 20])
  }

  /// Three VMs, S = 1000, 2000, 1000, f = 1, 50 %, 0. Costs 1, 0.5 + k/2, k; memory by S/cost:
  /// τ  0 %, k = 1:      1000, 2000, 1000 → of 4 GiB: 1, 2, 1 GiB
  /// τ 25 %, k = 4/3:    1000, 2000/(7/6) = 1714 2/7, 750
  /// τ 50 %, k = 2:      1000, 2000/1.5 = 1333 1/3, 500
  /// τ 75 %, k = 4:      1000, 2000/2.5 = 800, 250
  /// τ 95 %, k = 20:     1000, 2000/10.5 = 190 10/21, 50
  @Test(
    arguments: [
      (0, [1_000.0, 2_000, 1_000]), (25, [1_000, 12_000 / 7.0, 750]),
      (50, [1_000, 4_000 / 3.0, 500]), (75, [1_000, 800, 250]), (95, [1_000, 4_000 / 21.0, 50]),
    ] as [(Int64, [Double])])
  func threeVMsAtEveryRate(_ percent: Int64, _ weights: [Double]) {
    let claims = [(1_000, 100), (2_000, 50), (1_000, 0)].map { shares, active in
      Claim(shares: shares, cap: 8 << 30, activeFraction: .percent(active))
    }
    let targets = IdleMemoryTax(rate: .percent(percent)).divide(capacity: 4 << 30, among: claims)
    #expect(targets.reduce(0, +) == 4 << 30)
    for (target, weight) in zip(targets, weights) {
      #expect(abs(Double(target) - weight / weights.reduce(0, +) * 4 * 1_073_741_824) <= 1)
    }
  }

  /// The three of above at 75 % with bounds, 4 GiB: the second is held to 1 GiB by its cap, the third to 1 GiB by its
  /// floor; the first has the other 2.
  @Test func boundsHold() {
    let targets = IdleMemoryTax().divide(
      capacity: 4 << 30,
      among: [
        Claim(shares: 1_000, cap: 8 << 30),
        Claim(shares: 9_000, cap: 1 << 30, activeFraction: .percent(50)),
        Claim(shares: 1_000, floor: 1 << 30, cap: 8 << 30, activeFraction: .zero),
      ])
    #expect(targets == [2 << 30, 1 << 30, 1 << 30])
  }

  /// Constant active bytes, τ = 75 %, k = 4, equal shares, 3200 MiB. a = 2000 and 400: with S/ρ = u both
  /// pay P = a + (u − a)/4 beyond a. The first stays untaxed up to 2000: P₁ = u, P₂ = 400 + (u − 400)/4 = 300 + u/4;
  /// 1.25 u = 2900 → u = 2320 > 2000. So P₁ = 1500 + u/4, P₂ = 300 + u/4: u/2 = 1400, u = 2800, P = 2200 and 1000.
  @Test func constantActiveBytes() {
    let tax = IdleMemoryTax(activity: .constantBytes)
    let claims = [2_000, 400].map { active in
      Claim(shares: 1_000, cap: 8_192 << 20, activeBytes: active << 20)
    }
    #expect(tax.divide(capacity: 3_200 << 20, among: claims) == [2_200 << 20, 1_000 << 20])
  }

  /// As above with 1500 MiB: 1.25 u = 1500 − 300 → u = 960 < 2000: the first uses all it has and pays no tax, so
  /// 960 and 300 + 240 = 540.
  @Test func whoUsesAllPaysNoTax() {
    let tax = IdleMemoryTax(activity: .constantBytes)
    let claims = [2_000, 400].map { active in
      Claim(shares: 1_000, cap: 8_192 << 20, activeBytes: active << 20)
    }
    #expect(tax.divide(capacity: 1_500 << 20, among: claims) == [960 << 20, 540 << 20])
  }

  /// A million times the shares, held by a limit of 1 GiB: the small two still share their 1 GiB 4:1, to the byte.
  @Test func extremeSharesKeepTheirDigits() {
    let targets = IdleMemoryTax(rate: PartsPerMillion(999_000)).divide(
      capacity: 2 << 30,
      among: [
        Claim(shares: 1 << 45, cap: 1 << 30),
        Claim(shares: 4, cap: 1 << 40, activeFraction: .zero),
        Claim(shares: 1, cap: 1 << 40, activeFraction: .zero),
      ])
    #expect(targets[0] == 1 << 30)
    #expect(abs(targets[1] - (4 << 30) / 5) <= 1)
  }

  /// Pools P (2 shares) and Q (1), 3 GiB, τ = 75 %. All of P is active; Q's only VM is idle, so Q costs 4: 2 against
  /// 1/4 → 2 2/3 and 1/3 GiB. In P two equal VMs halve it.
  @Test func poolIsTaxedByAllItsVMs() {
    let targets = IdleMemoryTax().divide(
      capacity: 3 << 30,
      among: [
        Claim(shares: 1, cap: 8 << 30, held: 1 << 30),
        Claim(shares: 1, cap: 8 << 30, held: 1 << 30),
        Claim(shares: 1, cap: 8 << 30, held: 1 << 30, activeFraction: .zero),
      ],
      pools: [
        MemoryPool(parent: -1, weight: 1), MemoryPool(parent: 0, weight: 2),
        MemoryPool(parent: 0, weight: 1),
      ], poolOfClaim: [1, 1, 2])
    #expect(targets.reduce(0, +) == 3 << 30)
    #expect(abs(targets[2] - (1 << 30) / 3) <= 1)
    #expect(abs(targets[0] - targets[1]) <= 1)
  }

  /// A pool's limit and reservation hold: Q reserves 1 GiB, P may have 1.5; 3 GiB → 1.5 and 1.5.
  @Test func poolBoundsHold() {
    let targets = IdleMemoryTax().divide(
      capacity: 3 << 30,
      among: [
        Claim(shares: 1, cap: 8 << 30, held: 1 << 30),
        Claim(shares: 1, cap: 8 << 30, held: 1 << 30, activeFraction: .zero),
      ],
      pools: [
        MemoryPool(parent: -1, weight: 1),
        MemoryPool(parent: 0, limit: 3 << 29, weight: 100),
        MemoryPool(parent: 0, reservation: 1 << 30, weight: 1),
      ], poolOfClaim: [1, 2])
    #expect(targets == [3 << 29, 3 << 29])
  }

  /// P reserves 12 GiB for a VM that reserves nothing, b reserves 8 GiB itself: of 15 GiB b keeps its 8, and P lends 7. With
  /// 6 GiB nothing is left to lend, and two reservations of 8 and 4 GiB keep the same part, 4 and 2.
  @Test func ownReservationsGoBeforeLentOnes() {
    let gib: Int64 = 1 << 30
    let pools = [
      MemoryPool(parent: -1, weight: 1),
      MemoryPool(parent: 0, reservation: 12 * gib, weight: 1_000),
    ]
    let lent = Claim(shares: 1_000, cap: 12 * gib, held: 12 * gib)
    let own = Claim(shares: 1_000, floor: 8 * gib, cap: 8 * gib, held: 8 * gib)
    let tax = IdleMemoryTax()
    #expect(
      tax.divide(capacity: 15 * gib, among: [lent, own], pools: pools, poolOfClaim: [1, 0])
        == [7 * gib, 8 * gib])
    var half = own
    half.floor = 4 * gib
    half.ownFloor = 4 * gib
    #expect(
      tax.divide(
        capacity: 6 * gib, among: [lent, own, half], pools: pools, poolOfClaim: [1, 0, 0])
        == [0, 4 * gib, 2 * gib])
  }

  /// Rates outside 0 … 100 % count as the nearest inside: never a division by 0.
  @Test func rateIsKeptInRange() {
    #expect(IdleMemoryTax(rate: .percent(-5)).rate == .zero)
    #expect(IdleMemoryTax(rate: .percent(100)).rate == PartsPerMillion(999_999))
    #expect(IdleMemoryTax().idleCost == 4)
  }
}
