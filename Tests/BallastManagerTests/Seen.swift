import BallastManager
import BallastModel
import BallastUnits

/// An observation of 20 s on a host whose cores run at 1 GHz.
func seen(
  _ vms: [SeenVM], capacity: Int64 = 4_000_000, memory: Bytes = .gibibytes(16)
) -> HostObservation {
  var seen = HostObservation()
  seen.sequence = 1
  seen.time = .seconds(20)
  seen.interval = .seconds(20)
  seen.coreRate = .megahertz(1_000)
  seen.cpuCapacity = Kilohertz(capacity)
  seen.memoryCapacity = memory
  for vm in vms {
    // demand / 1 GHz × 20 s, a quarter of it ready time.
    let busy = vm.demand * 20_000
    seen.append(
      HostObservation.VMRow(
        vm: VMIndex(vm.index), vcpus: vm.vcpus, runTime: busy - busy / 4, readyTime: busy / 4,
        memoryConfigured: vm.memory.value, memoryConsumed: vm.memory.value))
  }
  return seen
}

struct SeenVM {
  var index: Int
  /// kHz
  var demand: Int64
  var vcpus: Int64 = 4
  var memory: Bytes = .gibibytes(4)
}

extension ResourceManager {
  init(_ settings: [Int: VMSettings]) {
    self.init()
    for vm in settings.keys.sorted() { add(VMIndex(vm), settings[vm]!, at: .zero) }
  }

  mutating func decided(_ seen: HostObservation) -> HostPlan {
    var plan = HostPlan()
    decide(seen, into: &plan, workspace: DecisionWorkspace())
    return plan
  }
}
