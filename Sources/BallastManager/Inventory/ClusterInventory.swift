import BallastUnits

/// The hosts and VMs of one cluster as placement, balancing and failover see them: sizes, settings, where each VM is,
/// and what has been observed.
///
/// Rows      positions from 0 in byte-wise order of names, so the lower position is the earlier name.
/// Promises  the sums of a host (`Host.use`) equal a recount of its VMs after every change; the counts of the
///           placement rules follow every place, move and remove.
/// Rounding  none.
/// Cost      a change of one VM: O(1) for the sums, O(log n) comparisons and one shift of positions for the list of
///           the n VMs of its host, O(log members) per rule the VM is in.
///
/// A host's state does not depend on its VMs: a host that has failed may still have VMs booked until the caller removes
/// them. Copying an inventory starts a what-if.
public struct ClusterInventory: Sendable, Equatable {
  public private(set) var hosts: [Host]
  public private(set) var vms: [VM]
  public private(set) var rules: PlacementRules
  /// VMs of each host, ascending: in order of names.
  private var vmsOfHost: [[Int]]
  /// Every host has a power curve: policies may compare watts.
  public let knowsPower: Bool

  public init(hosts: [Host], vms: [VM], rules: PlacementRules = PlacementRules()) {
    self.hosts = hosts
    self.vms = []
    self.rules = rules
    vmsOfHost = Array(repeating: [], count: hosts.count)
    knowsPower = !hosts.isEmpty && hosts.allSatisfy { $0.power != nil }
    for host in hosts.indices { self.hosts[host].use = HostUse() }
    self.vms.reserveCapacity(vms.count)
    for (position, vm) in vms.enumerated() {
      self.vms.append(vm)
      self.vms[position].host = nil
      if let host = vm.host { place(position, on: host) }
    }
  }

  // MARK: Reading

  /// The VMs of a host in order of names.
  public func vms(on host: Int) -> [Int] { vmsOfHost[host] }

  /// What a VM asks of a host's CPU, in kHz: its observed demand, within its limit and its vCPUs at that host's clock.
  /// Unknown demand counts as its size.
  public func cpuDemand(of vm: Int, on host: Int) -> Int64 {
    vms[vm].cpuDemand(at: hosts[host].coreRate)
  }

  /// A placement request for a VM of this inventory.
  public func request(for vm: Int, mustFitCharge: Bool) -> PlacementRequest {
    PlacementRequest(vms[vm], position: vm, mustFitCharge: mustFitCharge)
  }

  /// The VMs of a host that must move together with this one, itself included, ascending.
  public func unit(of vm: Int, on host: Int) -> [Int] {
    rules.unit(of: vm).filter { vms[$0].host == host }
  }

  /// A request for VMs that go together: the sum of what each asks.
  func request(for unit: [Int], mustFitCharge: Bool) -> PlacementRequest {
    var sum = request(for: unit[0], mustFitCharge: mustFitCharge)
    for vm in unit.dropFirst() {
      let one = request(for: vm, mustFitCharge: mustFitCharge)
      if let a = sum.cpuDemand, let b = one.cpuDemand {
        sum.cpuDemand = a + b
      } else {
        sum.cpuDemand = nil
      }
      sum.vcpus += one.vcpus
      sum.memory += one.memory
      sum.cpuReservation += one.cpuReservation
      sum.memoryCharge += one.memoryCharge
      sum.memoryAtArrival += one.memoryAtArrival
      sum.swapSpace += one.swapSpace
    }
    return sum
  }

  /// A host's CPU and memory demand as parts of what it offers, rounded down to 1 ppm.
  public func load(of host: Int) -> (cpu: Int64, memory: Int64) {
    let row = hosts[host]
    return (
      partsPerMillion(row.use.cpuDemand, of: row.cpuCapacity),
      partsPerMillion(row.use.memoryDemand, of: row.memoryCapacity)
    )
  }

  /// Moves VMs from their host to another and tells the loads by observed demand.
  mutating func shift(_ unit: [Int], to target: Int, reason: VMMove.Reason) -> [VMMove] {
    unit.map { vm in
      guard let source = vms[vm].host else { preconditionFailure("a VM that moves is on a host") }
      let (a, b) = (load(of: source), load(of: target))
      move(vm, to: target)
      let (c, d) = (load(of: source), load(of: target))
      return VMMove(
        vm: vm, from: source, to: target, reason: reason,
        source: .init(
          cpuBefore: a.cpu, cpuAfter: c.cpu, memoryBefore: a.memory, memoryAfter: c.memory),
        target: .init(
          cpuBefore: b.cpu, cpuAfter: d.cpu, memoryBefore: b.memory, memoryAfter: d.memory))
    }
  }

  // MARK: Changing

  /// Books a VM on a host. The VM must be nowhere.
  public mutating func place(_ vm: Int, on host: Int) {
    precondition(vms[vm].host == nil, "a VM is on one host at most")
    vms[vm].host = host
    vms[vm].swapInRate = 0  // what was swapped in, was so elsewhere
    book(vm, on: host, sign: 1)
    let at = slot(of: vm, on: host)
    vmsOfHost[host].insert(vm, at: at)
    rules.place(vm, on: host)
  }

  /// Takes a VM from its host; one that is nowhere stays there.
  public mutating func remove(_ vm: Int) {
    setLeaving(nil, vm)
    guard let host = vms[vm].host else { return }
    book(vm, on: host, sign: -1)
    vmsOfHost[host].remove(at: slot(of: vm, on: host))
    rules.remove(vm, from: host)
    vms[vm].host = nil
  }

  public mutating func move(_ vm: Int, to host: Int) {
    remove(vm)
    place(vm, on: host)
  }

  /// A VM that is booked elsewhere still runs on this host, until its migration ends: what it holds there is not free,
  /// and who must be apart from it does not come.
  public mutating func setLeaving(_ host: Int?, _ vm: Int) {
    guard vms[vm].leavingHost != host else { return }
    if let old = vms[vm].leavingHost {
      bookLeaving(vm, on: old, sign: -1)
      rules.setLeaving(nil, vm, of: old)
    }
    vms[vm].leavingHost = host
    if let host {
      bookLeaving(vm, on: host, sign: 1)
      rules.setLeaving(host, vm, of: host)
    }
  }

  private mutating func bookLeaving(_ vm: Int, on host: Int, sign: Int64) {
    hosts[host].leaving.cpuReserved += sign * vms[vm].cpuReservation
    hosts[host].leaving.memoryReserved += sign * vms[vm].memoryCharge
    hosts[host].leaving.memoryBacked += sign * vms[vm].memoryBacked
    hosts[host].leaving.swapSpace += sign * vms[vm].swapSpace
  }

  /// Takes over what was observed of a VM. Nil is unknown and counts as the VM's size.
  ///
  /// - Parameters:
  ///   - cpuDemand: kHz it would have used, delivered or not.
  ///   - memoryDemand: bytes it actively uses.
  ///   - swapInRate: bytes per second read back from swap.
  public mutating func note(
    _ vm: Int, cpuDemand: Int64?, memoryDemand: Int64?, swapInRate: Int64 = 0
  ) {
    change(vm) {
      $0.observedCPUDemand = cpuDemand.map { max(0, $0) }
      $0.observedMemoryDemand = memoryDemand.map { max(0, $0) }
      $0.swapInRate = max(0, swapInRate)
    }
  }

  /// Changes size or settings of a VM; its host keeps its sums. The change may not touch `host`.
  public mutating func change(_ vm: Int, _ body: (inout VM) -> Void) {
    let host = vms[vm].host
    let leaving = vms[vm].leavingHost
    if let host { book(vm, on: host, sign: -1) }
    if let leaving { bookLeaving(vm, on: leaving, sign: -1) }
    body(&vms[vm])
    precondition(vms[vm].host == host, "place, move and remove change a VM's host")
    if let host { book(vm, on: host, sign: 1) }
    if let leaving { bookLeaving(vm, on: leaving, sign: 1) }
  }

  public mutating func setState(_ state: HostState, of host: Int) { hosts[host].state = state }

  private mutating func book(_ vm: Int, on host: Int, sign: Int64) {
    hosts[host].use.add(vms[vm], coreRate: hosts[host].coreRate, sign: sign)
  }

  /// Where a VM stands, or would stand, in the list of a host.
  private func slot(of vm: Int, on host: Int) -> Int {
    var (low, high) = (0, vmsOfHost[host].count)
    while low < high {
      let middle = (low + high) / 2
      if vmsOfHost[host][middle] < vm { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

/// `part` of `whole` in ppm, rounded down, at most 10⁶ times the whole; of nothing it is 0.
func partsPerMillion(_ part: Int64, of whole: Int64) -> Int64 {
  guard whole > 0 else { return 0 }
  let most: Int128 = 1_000_000_000_000
  return Int64(min(most, Int128(part) * 1_000_000 / Int128(whole)))
}
