import BallastUnits

/// Sets pages_to_scan after every pass so that a pass takes about the target time (advisor_mode scan-time).
///
/// Rule      pages' = pages · t / target · c, t: time of the pass; c: how t changes from pass to pass, smoothed with 70 %
///           of what it was; no more than 70 % of a CPU, and from 500 to 30,000.
/// Rounding  down
/// Source    ksm.rst, mm/ksm.c
struct ScanTimeAdvisor: Sendable {
  static let pagesMin: Int64 = 500
  static let pagesMax: Int64 = 30_000
  static let cpuMax = PartsPerMillion.percent(70)
  static let smoothing = PartsPerMillion.percent(30)

  private var began: Int64 = 0
  private var cpuTimeBefore: Int64 = 0
  /// Of the last pass, ns; 0: there was none.
  private var passTime: Int64 = 0
  private var passCPUTime: Int64 = 0
  private var change = PartsPerMillion.one.value

  mutating func start(at time: Int64, cpuTime: Int64) {
    began = time
    cpuTimeBefore = cpuTime
  }

  var cpuTimePerSecond: Int64? {
    passTime > 0 ? scaled(passCPUTime, by: 1_000_000_000, over: passTime) : nil
  }

  /// A pass has ended.
  mutating func note(at time: Int64, cpuTime: Int64) {
    passTime = max(1, time - began)
    passCPUTime = cpuTime - cpuTimeBefore
    start(at: time, cpuTime: cpuTime)
  }

  /// A pass has ended: how fast the next one goes.
  mutating func pagesToScan(
    now: Int64, target: SimDuration, at time: Int64, cpuTime: Int64
  ) -> Int64 {
    let before = passTime
    note(at: time, cpuTime: cpuTime)
    let one = PartsPerMillion.one.value
    if before > 0 {
      // A pass that takes a hundred times as long as the one before is as much of a change as counts.
      let ratio = min(100 * one, scaled(passTime, by: one, over: before))
      change += scaled(ratio - change, by: Self.smoothing.value, over: one)
    }
    let share = min(100 * one, scaled(passTime, by: one, over: max(1, target.value)))
    let wanted = scaled(scaled(now, by: share, over: one), by: change, over: one)
    let busy = max(1, scaled(passCPUTime, by: one, over: passTime))
    let affordable = scaled(now, by: Self.cpuMax.value, over: busy)
    return min(Self.pagesMax, max(Self.pagesMin, min(wanted, affordable)))
  }
}
