import BallastMachine
import BallastModel
import BallastUnits

/// The memory half of samples.
extension Recorder {
  /// A host's policy said how short of memory it is.
  func noteMemoryState(_ state: MemoryState, of host: HostIndex) {
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

  /// - Returns: what the cells of the host's VMs are too large by, as a full host cannot have less than nothing free.
  @discardableResult
  func takeMemory(
    of host: HostIndex, _ sums: VMMemorySums, overhead: Int64, slot: Int, mayHold: Bool
  ) -> Int64 {
    let consumed = machine.memoryConsumed(on: host)
    var cells = HostMemoryCells(
      capacity: machine.memoryCapacity(of: host), consumed: consumed)
    var excess: Int64 = 0
    if takesMemoryBack {
      let memory = machine.hostMemory(of: host)
      cells = HostMemoryCells(memory, vms: sums, cpuOverhead: overhead)
      if memory.free >= 0 && cells.free < 0 { excess = cells.giveUpExcess() }
    }
    hostMemory.take(
      cells, of: host, slot: slot, mayHold: mayHold, consumed: consumed, overhead: overhead)
    return excess
  }

  /// Takes an excess of rounding from the rows of a host's VMs, evenly, from what is mapped: each stays within 0.002 MiB of
  /// what it is.
  func takeExcess(_ excess: Int64, from rows: [UnsafeMutablePointer<Int64>]) {
    let givers = rows.filter {
      $0[VMColumn.memMapped.rawValue] > $0[VMColumn.memShared.rawValue]
    }
    guard !givers.isEmpty else { return }
    let parts = apportion(excess, by: [Int64](repeating: 1, count: givers.count))
    for (cells, part) in zip(givers, parts) {
      cells[VMColumn.memMapped.rawValue] -= part
      cells[VMColumn.memConsumed.rawValue] -= part
      cells[VMColumn.memUntouched.rawValue] += part
    }
  }
}
