import BallastMachine
import BallastModel
import BallastTestSupport
import BallastUnits
import Testing

/// Demand curves of a VM of 2 GHz, as means over samples, in kHz.
struct DemandTests {
  private func demands(
    _ workload: GuestWorkload, _ count: Int, every seconds: Int64
  ) -> [Int64] {
    var bench = Bench.running([workload])
    return bench.demands(count, every: seconds)
  }

  @Test func constantHolds() {
    #expect(demands(.constant(30), 3, every: 10) == [600_000, 600_000, 600_000])
  }

  /// 0 before the first step at 10 s; from 25 s on 2 GHz: in [20, 30) half at 1 and half at 2.
  @Test func stepsHoldFromTheirTimes() {
    let workload = GuestWorkload(cpu: steps([(10, 50), (25, 100)]))
    #expect(demands(workload, 4, every: 10) == [0, 1_000_000, 1_500_000, 2_000_000])
  }

  /// 100 % for 3 of every 10 s, else 10 %: in [0, 5) (3 × 2 + 2 × 0.2) / 5 = 1.28 GHz, in [5, 10) 0.2.
  @Test func squareIsHighFirst() {
    let workload = GuestWorkload(
      cpu: .square(
        period: .seconds(10), duty: .percent(30), high: .percent(100), low: .percent(10)))
    #expect(demands(workload, 4, every: 5) == [1_280_000, 200_000, 1_280_000, 200_000])
  }

  /// Never low, or never high.
  @Test(arguments: [(100, 1_600_000), (0, 400_000)] as [(Int64, Int64)])
  func squareMayBeFlat(duty: Int64, rate: Int64) {
    let workload = GuestWorkload(
      cpu: .square(
        period: .seconds(10), duty: .percent(duty), high: .percent(80), low: .percent(20)))
    #expect(demands(workload, 3, every: 7) == [rate, rate, rate])
  }

  /// 50 % ± 50 % with its peak at 14:00: 0 at 2:00, 1 GHz at 8:00 and 20:00, 2 GHz at 14:00.
  @Test func diurnalPeaksAtItsHour() {
    let workload = GuestWorkload(
      cpu: .diurnal(
        mean: .percent(50), amplitude: .percent(50), peak: .seconds(14 * 3_600),
        interval: .seconds(3_600)))
    let day = demands(workload, 48, every: 3_600)
    #expect([2, 8, 14, 20].map { day[$0] } == [0, 1_000_000, 2_000_000, 1_000_000])
    #expect(Array(day[..<24]) == Array(day[24...]))
  }

  /// 20 % − 50 % is cut to 0, 80 % + 50 % to 100 %.
  @Test(arguments: [(20, 2, 0), (80, 14, 2_000_000)] as [(Int64, Int, Int64)])
  func diurnalIsClipped(mean: Int64, hour: Int, rate: Int64) {
    let workload = GuestWorkload(
      cpu: .diurnal(
        mean: .percent(mean), amplitude: .percent(50), peak: .seconds(14 * 3_600),
        interval: .seconds(3_600)))
    #expect(demands(workload, 24, every: 3_600)[hour] == rate)
  }

  // MARK: Replay

  /// 50, 100, 25 % for 10 s each, then as `at_end` says.
  @Test(
    arguments: [
      (TraceEnd.stop, [0, 0, 0, 0]), (.hold, [500_000, 500_000, 500_000, 500_000]),
      (.repeat, [1_000_000, 2_000_000, 500_000, 1_000_000]),
    ] as [(TraceEnd, [Int64])])
  func replayEndsAsTold(atEnd: TraceEnd, after: [Int64]) {
    let trace = series([500_000, 1_000_000, 250_000], end: 30)
    #expect(
      demands(.replay(trace, atEnd, length: 30), 7, every: 10)
        == [1_000_000, 2_000_000, 500_000] + after)
  }

  /// Samples every 10 s, but the last holds for 5 only: 25 % until 25 s, so half of that from 20 to 30 s.
  @Test func lastSampleMayHoldForAnotherTimeThanTheOthers() {
    let trace = series([500_000, 1_000_000, 250_000], end: 25)
    #expect(
      demands(.replay(trace, .stop, length: 25), 4, every: 10)
        == [1_000_000, 2_000_000, 250_000, 0])
  }

  /// The trace is 50 s long, this series of it 30: it pauses until the others are through.
  @Test func repeatHasTheTracesPeriod() {
    let trace = series([500_000, 1_000_000, 250_000], end: 30)
    #expect(
      demands(.replay(trace, .repeat, length: 50), 10, every: 10)
        == [1_000_000, 2_000_000, 500_000, 0, 0, 1_000_000, 2_000_000, 500_000, 0, 0])
  }

  /// 1.5 GHz as recorded; 3 GHz is more than the VM's size.
  @Test func kilohertzAreReplayedAsRecorded() {
    let trace = series([1_500_000, 3_000_000, 7], end: 30, unit: .kilohertz)
    #expect(
      demands(.replay(trace, .stop, length: 30), 4, every: 10) == [1_500_000, 2_000_000, 7, 0])
  }

  /// 10 % from 0, 60 % from 5, 100 % from 20 to 25 s: [0, 10) (0.2 + 1.2) / 2, [10, 20) 1.2, [20, 30) half of 2.
  @Test func unevenTimesAreExact() {
    let trace = series([100_000, 600_000, 1_000_000], times: [0, 5, 20], end: 25)
    #expect(
      demands(.replay(trace, .stop, length: 25), 4, every: 10)
        == [700_000, 1_200_000, 1_000_000, 0])
  }

  /// The series starts 15 s into the trace: nothing before, and in every round again.
  @Test func lateSeriesIsIdleBefore() {
    let trace = series([500_000, 1_000_000], first: 15, end: 35)
    #expect(
      demands(.replay(trace, .repeat, length: 40), 16, every: 5)
        == [0, 0, 0, 1_000_000, 1_000_000, 2_000_000, 2_000_000, 0]
        + [0, 0, 0, 1_000_000, 1_000_000, 2_000_000, 2_000_000, 0])
  }

  /// A VM replays by the run's time, not by its own: powered on at 12 s it continues there.
  @Test func replayCountsFromTheStartOfTheRun() {
    let trace = series([500_000, 1_000_000, 250_000], end: 30)
    var bench = Bench([.replay(trace, .stop, length: 30)])
    bench.advance(seconds: 12)
    _ = bench.sample()
    bench.powerOn(0)
    bench.advance(seconds: 8)
    #expect(bench.sample().map(\.demand) == [2_000_000])
    bench.powerOff(0)
    bench.advance(seconds: 5)
    _ = bench.sample()
    bench.powerOn(0)
    bench.advance(seconds: 5)
    #expect(bench.sample().map(\.demand) == [500_000])
  }

  /// Series of different steps, lengths and starts, VMs going and coming, curves changed: each VM's demand is what it
  /// is alone on its host, whoever is beside it. (Hosts whose VMs share a time grid replay them together.)
  @Test(arguments: testSeeds(usual: 60))
  func companyDoesNotChangeDemand(_ seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let isEven = generator.isHit(oneIn: 2)
    let workloads = (0..<4).map { _ in generator.workload(isEven: isEven) }
    let changed = generator.workload(isEven: isEven)
    var together = Bench(workloads)
    var alone = Bench(cores: [4, 4, 4, 4], workloads)
    for vm in 0..<4 {
      together.powerOn(vm)
      alone.powerOn(vm, on: vm)
    }
    for _ in 0..<40 {
      let vm = Int(generator.integer(0...3))
      switch generator.integer(0...9) {
      case 0 where together.machine.host(of: VMIndex(vm)) != nil:
        together.powerOff(vm)
        alone.powerOff(vm)
      case 1 where together.machine.host(of: VMIndex(vm)) == nil:
        together.powerOn(vm)
        alone.powerOn(vm, on: vm)
      case 2:
        together.machine.setWorkload(VMIndex(vm), changed, at: together.now)
        alone.machine.setWorkload(VMIndex(vm), changed, at: alone.now)
      default: break
      }
      let seconds = generator.integer(1...12)
      together.advance(seconds: seconds)
      alone.advance(seconds: seconds)
      let rows = together.sample().sorted { $0.vm < $1.vm }.map { [Int64($0.vm), $0.demand] }
      let expected = (0..<4).flatMap { alone.sample($0) }.map { [Int64($0.vm), $0.demand] }
      #expect(rows == expected, "\(replay(seed))")
    }
  }
}

extension SeededGenerator {
  fileprivate mutating func workload(isEven: Bool) -> GuestWorkload {
    let values = (0..<integer(2...12)).map { _ in UInt32(integer(0...1_000_000)) }
    let step = isEven ? 5 : integer(3...7)
    let first = isEven || isHit(oneIn: 2) ? 0 : integer(1...9)
    let end = first + Int64(values.count) * step
    let atEnd = TraceEnd.allCases[Int(integer(0...2))]
    if isHit(oneIn: 8) { return .constant(integer(0...100)) }
    return .replay(
      series(values, first: first, step: step, end: end), atEnd, length: end + integer(0...9))
  }
}
