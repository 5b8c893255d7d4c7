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
  }

  private let rows: UnsafeMutablePointer<Row>

  init(vmCount: Int) {
    rows = .allocate(capacity: max(vmCount, 1))
    rows.initialize(repeating: Row(), count: max(vmCount, 1))
  }

  deinit { rows.deallocate() }

  /// Powered on: no grant yet. What it was granted earlier in the present sample stays in the mean.
  func restart(_ vm: VMIndex) {
    rows[vm.int].cpu = 0
    rows[vm.int].memory = 0
  }

  /// What the last plan gave, kHz and bytes.
  func granted(to vm: VMIndex) -> Entitled {
    Entitled(cpu: rows[vm.int].cpu, memory: rows[vm.int].memory)
  }

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
  }

  /// The mean over the control steps of a sample that had `steps`, those in which the VM was off counting as zero; where
  /// there was none, the present grant. Begins the next sample.
  func endSample(of vm: VMIndex, steps: Int64) -> Entitled {
    let row = rows[vm.int]
    rows[vm.int].sum = 0
    return Entitled(
      cpu: steps > 0 ? (row.sum + steps / 2) / steps : row.cpu, memory: row.memory)
  }
}
