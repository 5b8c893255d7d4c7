import BallastMachine
import BallastTestSupport
import BallastUnits
import Testing

/// The recurrence of pre-copy, by hand.
@Suite struct PreCopyTests {
  private func copy(
    touched: Int64, dirtied: Int64, workingSet: Int64, rate: Int64 = 1_100, limit: Int64 = 300,
    switchOver: Int64 = 0, rounds: Int = 30
  ) -> PreCopy {
    PreCopy(
      touched: .mebibytes(touched), workingSet: .mebibytes(workingSet),
      dirtyRate: .mebibytes(dirtied),
      over: PreCopy.Link(
        bandwidth: .mebibytes(rate), downtimeMax: .milliseconds(limit),
        switchOver: .milliseconds(switchOver), roundsMax: rounds))
  }

  /// 8192 MiB at 1100 MiB/s, 300 MiB/s dirtied within 2048 MiB, limit 0.3 s. Rounds of 8192, 2048 and 558.545 MiB take
  /// 7.447 + 1.862 + 0.508 = 9.817 s; then 152.331 MiB are left and take 138 ms. Sent: 10,950.876 MiB.
  @Test func workedExample() {
    let copy = copy(touched: 8_192, dirtied: 300, workingSet: 2_048)
    #expect(copy.rounds == 3 && copy.isConverged)
    #expect((copy.duration - copy.downtime).milliseconds == 9_817)
    #expect(copy.downtime.milliseconds == 138)
    #expect(copy.bytes.value >> 20 == 10_950)
  }

  /// The switch is added to both.
  @Test func switchIsStandstill() {
    let with = copy(touched: 8_192, dirtied: 300, workingSet: 2_048, switchOver: 50)
    let without = copy(touched: 8_192, dirtied: 300, workingSet: 2_048)
    #expect(with.downtime - without.downtime == .milliseconds(50))
    #expect(with.duration - without.duration == .milliseconds(50))
  }

  /// 1300 MiB/s dirtied, 1100 sent: every round is 2048 MiB, so the VM stops for 2048 / 1100 = 1.862 s at any time. The
  /// second round shows that it leads nowhere.
  @Test func fasterThanTheLinkNeverConverges() {
    let copy = copy(touched: 8_192, dirtied: 1_300, workingSet: 2_048)
    #expect(!copy.isConverged && copy.rounds == 2)
    #expect(copy.downtime.milliseconds == 1_862)
  }

  /// While D < B the rounds shrink by r = D / B = 1/2: 1024 + 512 + 256 + 128 at 128 MiB/s, then 64 MiB within 0.5 s.
  @Test func slowerThanTheLinkIsAGeometricSeries() {
    let copy = copy(touched: 1_024, dirtied: 64, workingSet: 1_024, rate: 128, limit: 500)
    #expect(copy.rounds == 4)
    #expect(copy.bytes == .mebibytes(1_024 + 512 + 256 + 128 + 64))
    #expect(copy.duration == .milliseconds(15_500) && copy.downtime == .milliseconds(500))
  }

  /// What fits the limit at once is sent with the VM stopped; rounds that are used up stop it, too.
  @Test func firstAndLastRound() {
    #expect(copy(touched: 64, dirtied: 300, workingSet: 64).rounds == 0)
    let cut = copy(touched: 1_024, dirtied: 64, workingSet: 1_024, rate: 128, limit: 1, rounds: 2)
    #expect(cut.rounds == 2 && !cut.isConverged && cut.downtime == .milliseconds(2_000))
  }

  /// Of any guest and link: all touched memory is sent, at the link's rate, and converging keeps the promise.
  @Test(arguments: testSeeds(usual: 1_000)) func keepsItsPromises(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let touched = random.integer(0...1_000_000)
    let copy = copy(
      touched: touched, dirtied: random.integer(0...20_000),
      workingSet: random.integer(0...touched),
      rate: random.integer(1...10_000), limit: random.integer(0...5_000),
      rounds: Int(random.integer(1...40)))
    #expect(copy.bytes >= .mebibytes(touched), "\(replay(seed))")
    #expect(copy.downtime <= copy.duration && copy.downtime >= .zero, "\(replay(seed))")
    #expect(copy.rounds <= 40, "\(replay(seed))")
  }
}
