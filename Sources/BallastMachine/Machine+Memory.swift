import BallastModel
import BallastUnits

/// Where memory is, as the machine knows it: the truth that result files show.
extension Machine {
  /// Where one VM's memory is; while it is off, nothing but its size.
  public func memory(of vm: VMIndex) -> VMMemory {
    let guest = guests.base[vm.int]
    var memory = VMMemory()
    memory.configured = guest.configured
    memory.mapped = guest.memory.mapped
    memory.active = guest.memory.active
    memory.untouched = guest.configured - guest.memory.mapped
    return memory
  }

  /// Where a host's memory is.
  public func hostMemory(of host: HostIndex) -> HostMemory {
    var memory = HostMemory()
    memory.capacity = hosts[host.int].spec.memory.value
    memory.consumed = hosts[host.int].memoryConsumed
    return memory
  }

  /// What a VM did with its memory since the last call.
  public func takeMemoryActivity(_ vm: VMIndex) -> MemoryActivity { MemoryActivity() }

  /// Nothing of the host's memory is on its way, and of its VMs none is ballooned, compressed, swapped, shared or waits;
  /// nor has one done anything with its memory that was not taken.
  public func isMemoryAtRest(_ host: HostIndex) -> Bool { true }

  /// Σ configured of the VMs on a host.
  public func memoryConfigured(on host: HostIndex) -> Bytes {
    Bytes(hosts[host.int].memoryConfigured)
  }
}

extension SampleColumns {
  /// Mean CPU of the host's scanner for equal pages, kHz.
  public var overhead: Int64 { 0 }
}
