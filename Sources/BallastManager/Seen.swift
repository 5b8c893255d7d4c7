import BallastModel
import BallastUnits

/// What the manager makes of an observation's rows. A real host can report nonsense (a counter that fell because its VM
/// was restarted, zeros from a service that is just starting): every reading is checked here, once, and nothing traps.
extension HostObservation {
  /// vCPUs × clock, kHz; 0 where the host reports neither.
  func cpuSize(row: Int) -> Int64 {
    guard vcpus[row] > 0, coreRate.value > 0 else { return 0 }
    let (size, isTooLarge) = vcpus[row].multipliedReportingOverflow(by: coreRate.value)
    return isTooLarge ? 0 : size
  }

  /// Bytes; 0 where the host reports less.
  func memorySize(row: Int) -> Int64 { max(0, memoryConfigured[row]) }

  /// (run + ready time) / interval × clock, kHz, at most the VM's size, rounded to nearest; nil where the row tells
  /// nothing: no time has passed, or a reading is nonsense.
  ///
  /// - Parameter since: when the VM came under management; time before that does not count.
  func cpuDemand(row: Int, since: SimTime) -> Int64? {
    guard interval > .zero, time > since, cpuSize(row: row) > 0 else { return nil }
    guard runTime[row] >= 0, readyTime[row] >= 0 else { return nil }
    let span = min(interval.value, (time - since).value)
    let (busy, isTooLong) = runTime[row].addingReportingOverflow(readyTime[row])
    let (possible, isUnbounded) = vcpus[row].multipliedReportingOverflow(by: span)
    guard !isTooLong, !isUnbounded else { return nil }
    return roundedRatio(min(busy, possible), by: coreRate.value, over: span)
  }
}
