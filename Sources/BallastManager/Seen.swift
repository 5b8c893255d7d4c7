import BallastModel
import BallastUnits

/// What the manager makes of an observation's rows. A real host can report nonsense (a counter that fell because its VM
/// was restarted, zeros from a service that is just starting): every reading is checked here, once, and nothing traps.
extension HostObservation {
  /// Larger sizes and capacities are nonsense: a million GHz, and 1 PiB. So sums over 8,000 VMs or hosts fit 63 bits
  /// whatever is reported.
  private static var amountMax: Int64 { 1 << 50 }

  /// vCPUs × clock, kHz; 0 where the host reports neither, or nonsense.
  func cpuSize(row: Int) -> Int64 {
    guard vcpus[row] > 0, coreRate.value > 0 else { return 0 }
    let (size, isTooLarge) = vcpus[row].multipliedReportingOverflow(by: coreRate.value)
    return isTooLarge || size > Self.amountMax ? 0 : size
  }

  /// Bytes; 0 where the host reports less, or nonsense.
  func memorySize(row: Int) -> Int64 {
    (0...Self.amountMax).contains(memoryConfigured[row]) ? memoryConfigured[row] : 0
  }

  /// kHz that can be divided; nothing below zero or beyond all proportion.
  var dividedCPU: Int64 { min(max(0, cpuCapacity.value), Self.amountMax) }

  /// Bytes, likewise.
  var dividedMemory: Int64 { min(max(0, memoryCapacity.value), Self.amountMax) }

  /// What the host itself holds and the overhead of its VMs leave nothing for guests: that the host has no memory for VMs
  /// is then no failed reading.
  var hasAllMemoryHeld: Bool {
    guard hostMemory.total > 0 else { return false }
    var left = hostMemory.total - max(0, hostMemory.heldByHost)
    for readings in memory where left > 0 { left -= max(0, readings.overhead) }
    return left <= 0
  }

  /// (run + ready time) / interval × clock, kHz, at most the VM's size, rounded to nearest; nil where the row tells
  /// nothing: no time has passed, or a reading is nonsense.
  ///
  /// - Parameters:
  ///   - size: of the VM, from `cpuSize`.
  ///   - since: when the VM came under management; time before that does not count.
  @inline(__always)
  func cpuDemand(row: Int, size: Int64, since: SimTime) -> Int64? {
    guard interval > .zero, time > since, size > 0 else { return nil }
    guard runTime[row] >= 0, readyTime[row] >= 0 else { return nil }
    let span = min(interval.value, (time - since).value)
    let (busy, isTooLong) = runTime[row].addingReportingOverflow(readyTime[row])
    let (possible, isUnbounded) = vcpus[row].multipliedReportingOverflow(by: span)
    guard !isTooLong, !isUnbounded else { return nil }
    return roundedRatio(min(busy, possible), by: coreRate.value, over: span)
  }

  /// Bytes; nil where the row tells nothing. Either all the guest has touched: what is consumed, ballooned, swapped and
  /// compressed. Or by the rule of DRS: active memory, a part of what is consumed but idle
  /// (`EntitlementRules.idleMemoryInDemand`, rounded down), and overhead. Without an estimate of active memory, or with
  /// nonsense for one, everything consumed counts as active.
  func memoryDemand(row: Int, countsIdle: Bool, overhead: Int64) -> Int64? {
    let consumed = memoryConsumed[row]
    guard consumed >= 0 else { return nil }
    if countsIdle { return consumed + memoryReclaimed(row: row, beside: consumed) }
    let active = memoryActive[row] < 0 ? consumed : min(memoryActive[row], consumed)
    let idle = EntitlementRules.idleMemoryInDemand.of(Bytes(consumed - active)).value
    let (demand, isTooLarge) = (active + idle).addingReportingOverflow(overhead)
    return isTooLarge ? .max : demand
  }

  /// Bytes that are not where they would be on an empty host; no more than make the sum with what is consumed fit.
  @inline(__always)
  private func memoryReclaimed(row: Int, beside consumed: Int64) -> Int64 {
    guard row < memory.count, memory[row].hasReclaimed else { return 0 }
    let readings = memory[row]
    let parts = [readings.balloon, readings.swapped, readings.compressed]
    let sum = parts.reduce(0) { $0 + min(max(0, $1), Self.amountMax) }
    return min(sum, Int64.max - consumed)
  }
}
