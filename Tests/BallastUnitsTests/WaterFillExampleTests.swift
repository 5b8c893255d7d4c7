import BallastTestSupport
import BallastUnits
import Testing

/// Examples worked by hand, and the cases of the validation file.
struct WaterFillExampleTests {
  /// 12,000: (R 3000, w 2000, d 9000), (R 0, w 1000, d 9000), (R 4000, w 1000, cap 5000).
  /// The third is held at its floor of 4000; 8000 over 3000 shares is 2 2/3 → 5333 1/3, 2666 2/3.
  /// The unit that is left goes to the larger fraction.
  @Test func flatExample() {
    let allocation = waterFill(
      capacity: 12_000, lower: [3000, 0, 4000], upper: [9000, 9000, 5000],
      weights: [2000, 1000, 1000])
    #expect(allocation == [5333, 2667, 4000])
  }

  /// The level of the flat example: 8000 over the 3000 shares of the two free rows.
  @Test func levelOfFlatExample() throws {
    var scratch = WaterFillScratch()
    let solved = waterFill(
      capacity: 12_000, lower: [3000, 0, 4000], upper: [9000, 9000, 5000],
      weights: [2000, 1000, 1000], scratch: &scratch)
    #expect(solved.outcome == .contended)
    let reported = scratch.level
    let level = try #require(reported)
    #expect(Fraction(level) == Fraction(8, over: 3))
    #expect(!level.isOfWeightless)
  }

  /// VG4: 8 GHz, shares 1:1, both want everything → 4 GHz each.
  @Test func equalSharesSplitEvenly() {
    #expect(divide(8000, demands: [8000, 8000], weights: [2000, 2000]) == [4000, 4000])
  }

  /// VG5: a third VM at High joins: shares 1:1:2 of 8 GHz → 2, 2 and 4 GHz.
  @Test func highSharesGetTwiceNormal() {
    #expect(
      divide(8000, demands: [8000, 8000, 8000], weights: [2000, 2000, 4000])
        == [2000, 2000, 4000])
  }

  /// VG7: 2 GHz, both reserve 1 GHz; VM1 wants 0.5 and VM2 wants 2 → 0.5 and 1.5 GHz.
  @Test func unusedReservationIsLent() {
    #expect(
      divide(2000, reservations: [1000, 1000], demands: [500, 2000], weights: [1000, 1000])
        == [500, 1500])
  }

  /// Floors 3000 and 1000 on 2000 → both get half of their floor: 1500 and 500.
  @Test func infeasibleFloorsShrinkTogether() {
    var scratch = WaterFillScratch()
    let solved = waterFill(
      capacity: 2000, lower: [3000, 1000], upper: [9000, 9000], weights: [1, 1000],
      scratch: &scratch)
    #expect(solved.outcome == .shortfall)
    #expect(solved.allocation == [1500, 500])
    let level = scratch.level
    #expect(level == nil)
  }

  /// 10 for three equal rows is 3 1/3 each; the odd unit goes to the first.
  @Test func tiesGoToLowerRow() {
    #expect(divide(10, demands: [9, 9, 9], weights: [5, 5, 5]) == [4, 3, 3])
  }

  /// Weight 0 gets nothing while someone with a weight wants more.
  @Test func weightlessWaits() {
    #expect(divide(10, demands: [9, 20], weights: [0, 1]) == [0, 10])
  }

  /// The weighted row is at its cap of 3; the weightless share the other 7: 3 1/2 → 4 and 3.
  @Test func weightlessShareTheRest() throws {
    var scratch = WaterFillScratch()
    let solved = waterFill(
      capacity: 10, lower: [0, 0, 0], upper: [9, 3, 9], weights: [0, 7, 0], scratch: &scratch)
    #expect(solved.allocation == [4, 3, 3])
    let reported = scratch.level
    let level = try #require(reported)
    #expect(level.isOfWeightless && Fraction(level) == Fraction(7, over: 2))
  }

  /// Nobody has a weight: equal weights, except for the row that has enough with 1.
  @Test func allWeightlessShareEqually() {
    #expect(divide(9, demands: [9, 1, 9], weights: [0, 0, 0]) == [4, 1, 4])
  }

  @Test func edgesOfCapacity() {
    #expect(divide(0, demands: [5, 5], weights: [1, 1]) == [0, 0])
    #expect(divide(1, demands: [5, 5], weights: [1, 1]) == [1, 0])
    #expect(divide(9, demands: [5, 5], weights: [1, 1]) == [5, 4])
    #expect(divide(10, demands: [5, 5], weights: [1, 1]) == [5, 5])
    #expect(divide(11, demands: [5, 5], weights: [1, 1]) == [5, 5])
    #expect(divide(0, reservations: [5, 5], demands: [5, 5], weights: [1, 1]) == [0, 0])
    #expect(divide(5, demands: [], weights: []) == [])
    #expect(divide(5, demands: [3], weights: [0]) == [3])
    #expect(divide(5, demands: [.max], weights: [1]) == [5])
  }

  /// One row wants more than there is and nobody else wants anything: contended, not satisfied.
  @Test func oneRowAboveCapacityIsContended() {
    var scratch = WaterFillScratch()
    let solved = waterFill(
      capacity: 5, lower: [0, 0], upper: [9, 0], weights: [1, 1], scratch: &scratch)
    #expect(solved.outcome == .contended)
    #expect(solved.allocation == [5, 0])
  }

  /// A floor above the cap counts as the cap.
  @Test func floorIsCutToCap() {
    #expect(divide(10, reservations: [9, 0], demands: [2, 20], weights: [1, 1]) == [2, 8])
  }

  @Test(arguments: try waterFillCases()) func validationCase(_ example: ValidationCase) {
    let problem = example.problem
    #expect(
      waterFill(
        capacity: problem.capacity, lower: problem.floors, upper: problem.caps,
        weights: problem.weights) == example.expected)
    #expect(slowWaterFill(problem) == example.expected)
  }

  private func divide(
    _ capacity: Int64, reservations: [Int64]? = nil, demands: [Int64], weights: [Int64]
  ) -> [Int64] {
    waterFill(
      capacity: capacity, lower: reservations ?? demands.map { _ in 0 }, upper: demands,
      weights: weights)
  }
}

struct ValidationCase: Sendable, CustomTestStringConvertible {
  var name: String
  var problem: SharingCase
  var expected: [Int64]
  var testDescription: String { name }
}

/// Read in units of 0.0001 MHz, the resolution of the file's results.
private func waterFillCases() throws -> [ValidationCase] {
  let unit: Int64 = 10_000
  var cases: [ValidationCase] = []
  for row in try fixtureRows("validation/waterfill_cases.csv") {
    func number(_ column: String) throws -> Int64 { try #require(Int64(row[column] ?? "")) }
    let name = try #require(row["case"])
    if cases.last?.name != name {
      let problem = SharingCase(
        capacity: try number("capacity_mhz") * unit, floors: [], caps: [], weights: [])
      cases.append(ValidationCase(name: name, problem: problem, expected: []))
    }
    let limit = row["limit_mhz"] == "" ? Int64.max : try number("limit_mhz") * unit
    let cap = min(try number("demand_mhz") * unit, limit)
    let last = cases.count - 1
    cases[last].problem.caps.append(cap)
    cases[last].problem.floors.append(min(try number("reservation_mhz") * unit, cap))
    cases[last].problem.weights.append(try number("weight"))
    let result = try #require(row["alloc_mhz"]).filter { $0 != "." }
    cases[last].expected.append(try #require(Int64(result)))
  }
  return cases
}

extension Fraction {
  init(_ level: WaterLevel) {
    self.init(Int128(level.numerator), over: Int128(level.denominator))
  }
}
