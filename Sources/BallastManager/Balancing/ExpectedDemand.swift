import BallastUnits

/// Histories of CPU and memory demand of a cluster's VMs. A VM never observed counts as its size.
struct ExpectedDemand: Sendable {
  private var cpu = DemandHistory()
  private var memory = DemandHistory()

  mutating func note(_ inventory: ClusterInventory, at time: SimTime) {
    cpu.note(count: inventory.vms.count, at: time) {
      inventory.vms[$0].host == nil ? nil : inventory.vms[$0].observedCPUDemand
    }
    memory.note(count: inventory.vms.count, at: time) {
      inventory.vms[$0].host == nil ? nil : inventory.vms[$0].observedMemoryDemand
    }
  }

  /// kHz on that host, bytes.
  func expected(_ vm: Int, on host: Int, _ inventory: ClusterInventory) -> (
    cpu: Int64, memory: Int64
  ) {
    bounded(inventory.vms[vm], inventory.hosts[host], cpu.expected(vm), memory.expected(vm))
  }

  func worst(_ vm: Int, on host: Int, _ inventory: ClusterInventory) -> (cpu: Int64, memory: Int64)
  {
    bounded(inventory.vms[vm], inventory.hosts[host], cpu.worst(vm), memory.worst(vm))
  }

  private func bounded(
    _ vm: ClusterInventory.VM, _ host: ClusterInventory.Host, _ cpu: Int64?, _ memory: Int64?
  ) -> (cpu: Int64, memory: Int64) {
    let cpuSize = min(vm.vcpus * host.coreRate, vm.cpuLimit)
    let memorySize = min(vm.memory, vm.memoryLimit)
    return (min(cpu ?? cpuSize, cpuSize), min(memory ?? memorySize, memorySize))
  }
}
