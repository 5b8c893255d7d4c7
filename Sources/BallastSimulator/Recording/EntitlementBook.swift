import BallastModel

/// A VM's entitlement in one sample: CPU in kHz, mean over the control steps; memory in bytes, last decision.
struct Entitled {
  var cpu: Int64 = 0
  var memory: Int64 = 0
}

/// What the manager granted each VM, step by step, averaged over samples. A plain table: a VM's row is touched only from
/// its host's thread.
final class EntitlementBook: @unchecked Sendable {
  private struct Row {
    var cpu: Int64 = 0
    var memory: Int64 = 0
    /// Over the control steps of the present sample.
    var sum: Int64 = 0
    var steps: Int64 = 0
  }

  private let rows: UnsafeMutablePointer<Row>

  init(vmCount: Int) {
    rows = .allocate(capacity: max(vmCount, 1))
    rows.initialize(repeating: Row(), count: max(vmCount, 1))
  }

  deinit { rows.deallocate() }

  func restart(_ vm: VMIndex) { rows[vm.int] = Row() }

  /// Takes over a plan's grants; they hold until the next plan.
  func note(_ plan: HostPlan) {
    for row in plan.vms.indices {
      rows[plan.vms[row].int].cpu = plan.cpuEntitlement[row]
      rows[plan.vms[row].int].memory = plan.memoryEntitlement[row]
    }
  }

  /// Counts `steps` control steps at which the present grant held.
  func count(_ vm: VMIndex, steps: Int64) {
    rows[vm.int].sum += rows[vm.int].cpu * steps
    rows[vm.int].steps += steps
  }

  /// The mean over the sample's control steps, or the present grant where there was none; begins the next sample.
  func endSample(of vm: VMIndex) -> Entitled {
    let row = rows[vm.int]
    rows[vm.int].sum = 0
    rows[vm.int].steps = 0
    return Entitled(
      cpu: row.steps > 0 ? (row.sum + row.steps / 2) / row.steps : row.cpu, memory: row.memory)
  }
}
