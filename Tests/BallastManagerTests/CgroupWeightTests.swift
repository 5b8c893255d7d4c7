import BallastTestSupport
import Foundation
import Testing

@testable import BallastManager

struct CgroupWeightTests {
  /// Every row of the table, by its shares.
  @Test func followsTheTable() throws {
    let rows = try fixtureRows("validation/cpu_shares_to_weight.csv")
    #expect(rows.count == 6)
    for row in rows {
      let shares = try #require(row["cpu_shares"].flatMap { Int64($0) })
      let columns: [(CgroupWeight, String)] = [
        (.linear, "weight_linear_runc_before_1.3.2"),
        (.logarithmic, "weight_log_runc_1.3.2_crun_1.23"), (.systemd, "weight_systemd_linear"),
      ]
      for (conversion, column) in columns {
        let expected = try #require(row[column].flatMap { Int64($0) })
        #expect(conversion.weight(shares: shares) == expected, "\(column), \(shares) shares")
      }
    }
  }

  /// Shares beyond the range count as its ends.
  @Test func sharesAreClamped() {
    for conversion in CgroupWeight.allCases {
      #expect([Int64.min, 0, 1, 2].allSatisfy { conversion.weight(shares: $0) == 1 })
      #expect([262_144, 262_145, .max].allSatisfy { conversion.weight(shares: $0) == 10_000 })
    }
  }

  /// More shares never give less: all shares for the linear ones, steps of 97 for the logarithmic.
  @Test func weightsRise() {
    for (conversion, step) in [
      (CgroupWeight.linear, 1), (.systemd, 1), (.logarithmic, 97),
    ] as [(CgroupWeight, Int64)] {
      var last: Int64 = 1
      for shares in stride(from: Int64(2), through: 262_144, by: Int64.Stride(step)) {
        let weight = conversion.weight(shares: shares)
        if weight < last || weight > 10_000 { Issue.record("\(conversion): \(shares)") }
        last = weight
      }
    }
  }

  /// The comparison that decides is never close, for any shares of the range: both neighbours of the goal are further
  /// than 2^−22 away, 256 times the tolerance, except where the exponent is a whole number and they are equal. So the
  /// weight is the exact power of ten rounded up; and it agrees with the doubles of those programs.
  @Test func logarithmicWeightIsExact() {
    let weights = (1...10_001).map { CgroupWeight.logarithmOfWeight($0) }
    let far = CgroupWeight.tolerance << 8
    var weight = 1
    var equal: [Int64] = []
    for shares in Int64(2)...262_144 {
      let goal = CgroupWeight.logarithmicExponent(of: shares)
      while weights[weight - 1] < goal - CgroupWeight.tolerance { weight += 1 }
      let distance = [weight - 1, weight]
        .filter { $0 > 0 }.map { (weights[$0 - 1] - goal).magnitude }.min()!
      if distance < CgroupWeight.tolerance.magnitude {
        equal.append(shares)
      } else if distance < far.magnitude {
        Issue.record("\(shares) shares are too close to call")
      }
      let l = log2(Double(shares))
      let double = ceil(pow(10, (l * l + 125 * l) / 612.0 - 7.0 / 34.0))
      if Int(double) != weight { Issue.record("\(shares) shares: \(weight), in doubles \(double)") }
    }
    #expect(equal == [2, 1_024, 262_144])
  }

  /// The function takes the same decision as the walk above: every 97th of all shares.
  @Test func logarithmicWeightIsTheSmallest() {
    for shares in stride(from: Int64(2), through: 262_144, by: 97) {
      let weight = CgroupWeight.logarithmic.weight(shares: shares)
      let goal = CgroupWeight.logarithmicExponent(of: shares) - CgroupWeight.tolerance
      let isReached = CgroupWeight.logarithmOfWeight(weight) >= goal
      let isSmallest = weight == 1 || CgroupWeight.logarithmOfWeight(weight - 1) < goal
      if !isReached || !isSmallest { Issue.record("\(shares) shares: \(weight)") }
    }
  }
}
