import BallastMachine
import BallastModel
import BallastUnits

/// The memory half of samples.
extension Recorder {
  /// A host's policy said how short of memory it is; nil where it knows no states.
  func noteMemoryState(_ state: MemoryState?, of host: HostIndex) {
    hostMemory.note(state, of: host)
  }

  /// A VM's memory at the end of a sample and what it did in it.
  func memoryCells(of vm: VMIndex, isOn: Bool, interval: SimDuration) -> VMMemoryCells {
    var memory = VMMemory()
    if isOn {
      memory = machine.memory(of: vm)
    } else {
      memory.configured = machine.configuredMemory(of: vm).value
    }
    var cells = VMMemoryCells(memory)
    if takesMemoryBack { cells.add(machine.takeMemoryActivity(vm), over: interval) }
    return cells
  }

  /// The sample of a host whose memory is at rest: its VMs are looked at only where something is new.
  func takeMemoryAtRest(of host: HostIndex, overhead: Int64, slot: Int, tile: Int) {
    let consumed = machine.memoryConsumed(on: host)
    if hostMemory.holds(host, consumed: consumed, overhead: overhead) { return }
    endStretch(tile: tile)
    var sums = VMMemorySums()
    machine.forEachVM(on: host) { vm in
      let cells = VMMemoryCells(machine.memory(of: vm))
      sums += cells
      if usesSketch[vm.int] {
        sketchMemory.become(cells, of: vm.int, after: summaries.samples(of: vm.int))
      }
    }
    takeMemory(of: host, sums, overhead: overhead, slot: slot, mayHold: true)
  }

  func takeMemory(
    of host: HostIndex, _ sums: VMMemorySums, overhead: Int64, slot: Int, mayHold: Bool
  ) {
    let consumed = machine.memoryConsumed(on: host)
    let cells =
      takesMemoryBack
      ? HostMemoryCells(machine.hostMemory(of: host), vms: sums, cpuOverhead: overhead)
      : HostMemoryCells(capacity: machine.memoryCapacity(of: host), consumed: consumed)
    hostMemory.take(
      cells, of: host, slot: slot, mayHold: mayHold, consumed: consumed, overhead: overhead)
  }
}
