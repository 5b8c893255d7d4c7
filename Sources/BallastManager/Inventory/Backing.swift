import BallastModel
import BallastUnits

/// What a VM must find on a host to run at all, whatever admission says: memory where guests hold theirs from power-on,
/// and room for its swap where the host promises to find memory for everybody.
///
/// Rule      a host whose guests are fully backed takes a VM when the memory it arrives with, with its overhead, fits
///           beside what its VMs can be brought down to with theirs. A host with a swap device of limited size takes it
///           when Σ (configured − reservation) fits the device.
/// Promises  Σ guaranteed memory ≤ what the host offers · nobody is refused on a host that says nothing of either.
/// Rounding  none.
/// Cost      O(1) per host.
/// Source    Xen and Hyper-V refuse to build a guest that does not fit; ESX reserves swap space of max − min for each VM
///           (Waldspurger, OSDI 2002, §6.2).
extension ClusterInventory.Host {
  /// What is missing for VMs that come, bytes; 0 of what there is enough.
  func shortage(memoryAtArrival: Int64, swapSpace asked: Int64) -> (memory: Int64, swap: Int64) {
    (
      isFullyBacked ? max(0, memoryAtArrival - memoryUnbacked) : 0,
      swapSpace.map { _ in asked > 0 ? max(0, asked - swapSpaceLeft) : 0 } ?? 0
    )
  }

  func canBack(memoryAtArrival: Int64, swapSpace: Int64) -> Bool {
    shortage(memoryAtArrival: memoryAtArrival, swapSpace: swapSpace) == (0, 0)
  }

  /// Bytes for VMs that nobody who is here or has not left can insist on.
  var memoryUnbacked: Int64 { memoryCapacity - use.memoryBacked - leaving.memoryBacked }
  /// Bytes of the swap device that are nobody's.
  var swapSpaceLeft: Int64 { (swapSpace ?? .max) - use.swapSpace - leaving.swapSpace }

  /// What its VMs are promised is there once all that leave have left.
  var canBackItsVMs: Bool {
    (!isFullyBacked || use.memoryBacked <= memoryCapacity)
      && (swapSpace.map { use.swapSpace <= $0 } ?? true)
  }

  /// What its VMs and those that have not left yet are promised is there.
  var backsItsVMs: Bool {
    (!isFullyBacked || memoryUnbacked >= 0) && (swapSpace == nil || swapSpaceLeft >= 0)
  }
}

extension ClusterInventory.VM {
  /// Bytes of host memory it needs when it comes: what it has at power-on, and its overhead.
  var memoryAtArrival: Int64 { max(memoryAtStart ?? memory, memoryLeast ?? 0) + overhead }
  /// Bytes of host memory that nothing takes from it.
  var memoryBacked: Int64 { min(memory, max(memoryKept, memoryReservation)) + overhead }
  /// What a balloon leaves it, and no less than it can give by what it told; until then all that it came with.
  private var memoryKept: Int64 {
    let atStart = memoryAtStart ?? memory
    return memoryLeast.map { max($0, observedMemoryLeast ?? atStart) } ?? atStart
  }
  /// Bytes that may have to be swapped.
  var swapSpace: Int64 { max(0, memory - memoryReservation) }
}

extension ClusterDirector {
  /// Bytes that VMs must find where they go together.
  func needs(of unit: [Int]) -> (memory: Int64, swap: Int64) {
    unit.reduce((0, 0)) {
      ($0.0 + inventory.vms[$1].memoryAtArrival, $0.1 + inventory.vms[$1].swapSpace)
    }
  }

  /// What keeps every one of some hosts from running VMs at all; nil where one can.
  func refusalToBack(_ unit: [Int], onAnyOf positions: [Int]) -> Refusal? {
    let needs = needs(of: unit)
    var best: (host: Int, short: (memory: Int64, swap: Int64))?
    for host in positions {
      let short = inventory.hosts[host].shortage(
        memoryAtArrival: needs.memory, swapSpace: needs.swap)
      if short == (0, 0) { return nil }
      if let best, (best.short.memory, best.short.swap) <= (short.memory, short.swap) { continue }
      best = (host, short)
    }
    guard let best else { return nil }
    let closest = inventory.hosts[best.host]
    let isMemory = best.short.memory > 0
    return .hostMemory(
      Refusal.MemoryShortage(
        count: isMemory ? .free : .swap, hosts: positions.count, best: hosts[best.host].name,
        needed: Bytes(isMemory ? needs.memory : needs.swap),
        available: Bytes(isMemory ? closest.memoryUnbacked : closest.swapSpaceLeft)))
  }
}
