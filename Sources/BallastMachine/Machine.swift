import BallastKernel
import BallastModel
import BallastUnits

/// The simulated hosts and guests of a run: code that Ballast does not own on a real site (a hypervisor's CPU
/// scheduler, a guest's demand) and that enforces the settings a plan asks for. It makes no decisions.
///
/// Hosts are independent between decisions, so different threads may advance different hosts at once; a VM's cold
/// state is touched only through the host it is on.
public final class Machine: @unchecked Sendable {
  public let hostCount: Int
  public let vmCount: Int

  let hosts: UnsafeMutablePointer<FluidHost>
  let guests: Guests

  /// - Parameters:
  ///   - hosts: in order of names.
  ///   - vms: in order of names; where a VM is, `powerOn` says.
  ///   - observationInterval: how often counters are differenced; nil where nobody observes during the run.
  ///   - memory: how memory is modelled; nil: it is only counted, and a host may hand out more than it has.
  ///   - sampling: one stream per VM where hosts sample working sets; nil where they report active memory as it is.
  public init(
    hosts specs: [HostSpec], vms: [GuestSpec], observationInterval: SimDuration?,
    sampling: [RandomStream]? = nil, memory: MemorySetup? = nil
  ) {
    hostCount = specs.count
    vmCount = vms.count
    hosts = .allocate(capacity: max(specs.count, 1))
    for (index, spec) in specs.enumerated() {
      let reclaim = memory.map { HostReclaim(spec, $0, alarm: $0.alarms[index]) }
      (hosts + index).initialize(to: FluidHost(spec, reclaim: reclaim))
    }
    guests = Guests(
      vms, observationInterval: observationInterval, sampling: sampling, memory: memory)
  }

  deinit {
    hosts.deinitialize(count: hostCount)
    hosts.deallocate()
    guests.deallocate()
  }

  // MARK: Power and workload, called between advances

  /// Starts a VM on a host that has been advanced to `time`. Its settings come with the next plan; until then it is a
  /// VM without CPU reservation or limit and of equal weight. What its memory is promised and limited to is said here,
  /// for it has its first pages before anybody plans.
  public func powerOn(
    _ vm: VMIndex, on host: HostIndex, at time: SimTime, memoryReservation: Bytes = .zero,
    memoryLimit: Bytes? = nil
  ) {
    let guest = guests.base + vm.int
    precondition(guest.pointee.host == nil, "a VM is powered on once")
    let last = guest.pointee.lastHost
    guest.pointee.powerOn(host: host, at: time.value)
    if let reclaim = guests.reclaim {
      reclaim[vm.int] = GuestReclaim()
      reclaim[vm.int].reservation = memoryReservation.value
      reclaim[vm.int].limit = memoryLimit?.value ?? .max
    }
    attach(vm, to: host, from: last, at: time)
  }

  /// Stops a VM; the host has been advanced to `time`.
  public func powerOff(_ vm: VMIndex, at time: SimTime) {
    let guest = guests.base + vm.int
    guard let host = guest.pointee.host else { return }
    detach(vm, from: host, at: time)
    guest.pointee.powerOff()
  }

  /// A running VM goes on on another host, with the memory it has; both have been advanced to `time`.
  public func move(_ vm: VMIndex, to host: HostIndex, at time: SimTime) {
    let guest = guests.base + vm.int
    guard let last = guest.pointee.host, last != host else { return }
    detach(vm, from: last, at: time)
    guest.pointee.arrive(on: host)
    attach(vm, to: host, from: last, at: time)
  }

  /// Stops a running VM for the last part of its migration: it asks for no CPU until it is moved.
  public func stun(_ vm: VMIndex, at time: SimTime) {
    guard let host = guests.base[vm.int].host else { return }
    let state = hosts + host.int
    state.pointee.closeSegment(at: time.value, guests: guests)
    guard let slot = state.pointee.table.slot(of: vm) else {
      preconditionFailure("a VM that is on has a slot on its host")
    }
    state.pointee.stun(slot: slot, at: time.value)
  }

  /// A VM that was stopped for a migration goes on where it is.
  public func resume(_ vm: VMIndex, at time: SimTime) {
    let guest = guests.base + vm.int
    guard let host = guest.pointee.host else { return }
    if let reclaim = guests.reclaim, reclaim[vm.int].isDead { return }
    let state = hosts + host.int
    state.pointee.closeSegment(at: time.value, guests: guests)
    state.pointee.leaveGrid()
    guard let slot = state.pointee.table.slot(of: vm) else {
      preconditionFailure("a VM that is on has a slot on its host")
    }
    state.pointee.unloadDemand(slot: slot, guests: guests)
    let table = state.pointee.table
    table.size[slot] = Int64(guest.pointee.vcpus) * state.pointee.spec.coreRate.value
    table.cap[slot] = table.size[slot]
    state.pointee.loadDemand(slot: slot, guests: guests, at: time.value)
    state.pointee.settingsChanged(at: time.value)
  }

  /// Host memory that the copy of a VM on its way here takes; negative when it has arrived or is given up.
  public func holdMemory(_ bytes: Bytes, on host: HostIndex, at time: SimTime) {
    let state = hosts + host.int
    if let reclaim = state.pointee.reclaim {
      state.pointee.holdCopy(bytes.value, reclaim, at: time.value)
      state.pointee.checkAccounts(guests: guests)
    } else {
      state.pointee.hold(bytes.value, at: time.value)
    }
  }

  /// Switches a host on or off; a host that goes down has no VMs any more.
  public func setPower(of host: HostIndex, isOn: Bool, at time: SimTime) {
    precondition(isOn || hosts[host.int].table.count == 0, "a host that is off runs no VM")
    hosts[host.int].setPower(isOn: isOn, at: time.value)
  }

  private func attach(
    _ vm: VMIndex, to host: HostIndex, from last: HostIndex?, at time: SimTime
  ) {
    let state = hosts + host.int
    let guest = guests.base + vm.int
    state.pointee.closeSegment(at: time.value, guests: guests)
    state.pointee.leaveGrid()
    if let last { bringWork(of: vm, from: last, to: host) }
    let slot = state.pointee.table.insert(vm)
    let table = state.pointee.table
    let size = Int64(guest.pointee.vcpus) * state.pointee.spec.coreRate.value
    table.size[slot] = size
    table.cap[slot] = size
    table.weight[slot] = 1
    state.pointee.vcpus += Int64(guest.pointee.vcpus)
    state.pointee.memoryConfigured += guest.pointee.configured
    state.pointee.membershipChanged(at: time.value)
    state.pointee.loadDemand(slot: slot, guests: guests, at: time.value)
    if let reclaim = state.pointee.reclaim {
      state.pointee.arriveMemory(of: vm, reclaim, at: time.value, guests: guests)
    } else {
      state.pointee.hold(guest.pointee.memory.mapped, at: time.value)
    }
    state.pointee.addMemory(of: guest, vm: vm, at: time.value, guests: guests)
  }

  private func detach(_ vm: VMIndex, from host: HostIndex, at time: SimTime) {
    let state = hosts + host.int
    let guest = guests.base + vm.int
    state.pointee.closeSegment(at: time.value, guests: guests)
    state.pointee.leaveGrid()
    guard let slot = state.pointee.table.slot(of: vm) else {
      preconditionFailure("a VM that is on has a slot on its host")
    }
    state.pointee.unloadDemand(slot: slot, guests: guests)
    state.pointee.table.remove(slot: slot)
    state.pointee.depart(vm, onSince: guest.pointee.onSince, at: time.value, guests: guests)
    state.pointee.vcpus -= Int64(guest.pointee.vcpus)
    state.pointee.memoryConfigured -= guest.pointee.configured
    if let reclaim = state.pointee.reclaim {
      state.pointee.leaveMemory(of: vm, reclaim, at: time.value, guests: guests)
      state.pointee.stopFollowingMemory(of: vm)
      state.pointee.checkAccounts(guests: guests)
    } else {
      state.pointee.removeMemory(of: guest, vm: vm, at: time.value)
    }
    state.pointee.membershipChanged(at: time.value)
  }

  /// A VM that was on before in the present sample has one row in it: the row takes over what it did until then.
  private func bringWork(of vm: VMIndex, from last: HostIndex, to host: HostIndex) {
    guard let work = hosts[last.int].takeDeparted(vm) else { return }
    guests.sampleWork.base[vm.int] += work
    if last != host {
      hosts[last.int].noteHandedOver(work)
      hosts[host.int].noteBrought(work)
    }
  }

  /// Gives a guest new demand curves from `time` on.
  public func setWorkload(_ vm: VMIndex, _ workload: GuestWorkload, at time: SimTime) {
    let guest = guests.base + vm.int
    guard let host = guest.pointee.host else {
      guest.pointee.play(workload)
      return
    }
    let state = hosts + host.int
    state.pointee.closeSegment(at: time.value, guests: guests)
    state.pointee.leaveGrid()
    guest.pointee.play(workload)
    guard let slot = state.pointee.table.slot(of: vm) else {
      preconditionFailure("a VM that is on has a slot on its host")
    }
    state.pointee.loadDemand(slot: slot, guests: guests, at: time.value)
    state.pointee.stopFollowingMemory(of: vm)
    state.pointee.addMemory(of: guest, vm: vm, at: time.value, guests: guests)
    state.pointee.settingsChanged(at: time.value)
  }

  // MARK: Time

  /// Advances one host to `time`: everything before it has happened, what happens at it has not.
  ///
  /// Different hosts may be advanced by different threads at once.
  public func advance(_ host: HostIndex, to time: SimTime) {
    hosts[host.int].advance(to: time.value, guests: guests)
  }

  /// The mean rates of the VMs of a host over the sample that ends at `time`, to which it has been advanced. Valid until
  /// the host is advanced, observed or changed.
  public func takeSample(_ host: HostIndex, at time: SimTime) -> SampleColumns {
    hosts[host.int].takeSample(at: time.value, guests: guests)
  }

  /// When a demand, a setting or the membership of the host last changed.
  public func lastChange(of host: HostIndex) -> SimTime { SimTime(hosts[host.int].lastChange) }

  /// The earliest workload change of the host's VMs that has not happened yet.
  public func nextChange(of host: HostIndex) -> SimTime { SimTime(hosts[host.int].nextChange) }

  /// Whether a memory curve of the host's VMs moves.
  public func hasMovingMemory(_ host: HostIndex) -> Bool { hosts[host.int].hasMovingMemory }

  /// Times at which the memory consumed on a host rose above its capacity or fell back, since the last call.
  public func takeOvercommitChanges(_ host: HostIndex) -> [OvercommitChange] {
    hosts[host.int].takeOvercommitChanges()
  }

  // MARK: Reading

  public func memoryConsumed(on host: HostIndex) -> Bytes {
    Bytes(hosts[host.int].memoryConsumed)
  }
  public func cpuCapacity(of host: HostIndex) -> Kilohertz {
    Kilohertz(hosts[host.int].cpuCapacity)
  }
  public func coreRate(of host: HostIndex) -> Kilohertz { hosts[host.int].spec.coreRate }
  public func memoryCapacity(of host: HostIndex) -> Bytes { hosts[host.int].spec.memory }
  public func vmCount(on host: HostIndex) -> Int { hosts[host.int].table.count }
  public func vcpuCount(on host: HostIndex) -> Int64 { hosts[host.int].vcpus }
  public func vcpus(of vm: VMIndex) -> Int { Int(guests.base[vm.int].vcpus) }
  public func configuredMemory(of vm: VMIndex) -> Bytes { Bytes(guests.base[vm.int].configured) }

  /// Sizes and settings of a host's VMs without counters; leaves the present observation alone.
  public func inspect(_ host: HostIndex, into seen: inout HostObservation) {
    hosts[host.int].inspect(into: &seen, guests: guests)
  }

  public func host(of vm: VMIndex) -> HostIndex? { guests.base[vm.int].host }
  public func lastHost(of vm: VMIndex) -> HostIndex? { guests.base[vm.int].lastHost }
  public func spec(of host: HostIndex) -> HostSpec { hosts[host.int].spec }
  /// The VMs on a host, in order of names.
  public func vms(on host: HostIndex) -> [VMIndex] {
    var vms: [VMIndex] = []
    forEachVM(on: host) { vms.append($0) }
    return vms
  }
  /// Calls `body` for the VMs on a host, in order of names.
  public func forEachVM(on host: HostIndex, _ body: (VMIndex) -> Void) {
    let table = hosts[host.int].table
    for slot in 0..<table.count { body(VMIndex(Int(table.vm[slot]))) }
  }
}

/// A host as the machine sees it.
public struct HostSpec: Sendable, Equatable {
  public var name: String
  public var sockets: Int
  public var coresPerSocket: Int
  /// Add nothing at fluid fidelity.
  public var threadsPerCore: Int
  public var coreRate: Kilohertz
  public var memory: Bytes
  /// Where pages go that the host has no room for.
  public var swap: SwapDeviceSpec
  /// What the hypervisor keeps for itself, bytes of `memory`.
  public var memoryReserve: Bytes
  public init(
    name: String, sockets: Int, coresPerSocket: Int, threadsPerCore: Int, coreRate: Kilohertz,
    memory: Bytes, swap: SwapDeviceSpec = .none, memoryReserve: Bytes = .zero
  ) {
    self.name = name
    self.sockets = sockets
    self.coresPerSocket = coresPerSocket
    self.threadsPerCore = threadsPerCore
    self.coreRate = coreRate
    self.memory = memory
    self.swap = swap
    self.memoryReserve = memoryReserve
  }
  public var cpuCapacity: Kilohertz { coreRate * Int64(sockets * coresPerSocket) }
}

/// A guest as the machine sees it.
public struct GuestSpec: Sendable {
  public var vcpus: Int
  public var memory: Bytes
  public var workload: GuestWorkload
  /// Contents, balloon driver, own swap.
  public var memorySpec: GuestMemorySpec
  /// Host memory that it costs beside its own.
  public var memoryOverhead: Bytes
  public init(
    vcpus: Int, memory: Bytes, workload: GuestWorkload,
    memorySpec: GuestMemorySpec = GuestMemorySpec(), memoryOverhead: Bytes = .zero
  ) {
    self.vcpus = vcpus
    self.memory = memory
    self.workload = workload
    self.memorySpec = memorySpec
    self.memoryOverhead = memoryOverhead
  }
}

/// A guest's demand curves, each at its start.
public struct GuestWorkload: Sendable {
  public var cpu: DemandSource
  public var memoryActive: DemandSource
  public var memoryTouched: DemandSource
  public init(
    cpu: DemandSource = .idle, memoryActive: DemandSource = .idle,
    memoryTouched: DemandSource = .constant(.one)
  ) {
    self.cpu = cpu
    self.memoryActive = memoryActive
    self.memoryTouched = memoryTouched
  }
}

/// Consumed memory crossed a host's capacity. No reclaim is modelled yet, so the excess stays.
public struct OvercommitChange: Sendable, Equatable {
  public var time: SimTime
  public var isOvercommitted: Bool
  public var consumed: Bytes
}

/// The guests of a machine with what is kept beside them. Plain pointers; the machine owns them.
struct Guests {
  let base: UnsafeMutablePointer<Guest>
  let count: Int
  let sampleWork: WorkCounters
  /// Nil where nobody observes during the run.
  let observedWork: WorkCounters?
  /// ns
  let observationInterval: Int64?

  /// Nil where hosts do not sample.
  let samplers: UnsafeMutablePointer<WorkingSetSampler>?
  /// Nil where memory is only counted.
  let reclaim: UnsafeMutablePointer<GuestReclaim>?
  let traits: UnsafeMutablePointer<GuestTraits>?

  init(
    _ specs: [GuestSpec], observationInterval: SimDuration?, sampling: [RandomStream]?,
    memory: MemorySetup?
  ) {
    reclaim = memory.map { _ in
      let records = UnsafeMutablePointer<GuestReclaim>.allocate(capacity: max(specs.count, 1))
      records.initialize(repeating: GuestReclaim(), count: specs.count)
      return records
    }
    traits = memory.map { Self.traits(of: specs, $0) }
    samplers = sampling.map { streams in
      let samplers = UnsafeMutablePointer<WorkingSetSampler>.allocate(
        capacity: max(streams.count, 1))
      for (index, stream) in streams.enumerated() {
        (samplers + index).initialize(to: WorkingSetSampler(stream))
      }
      return samplers
    }
    count = specs.count
    base = .allocate(capacity: max(count, 1))
    for (index, spec) in specs.enumerated() { (base + index).initialize(to: Guest(spec)) }
    sampleWork = WorkCounters(count: count)
    self.observationInterval = observationInterval?.value
    observedWork = observationInterval == nil ? nil : WorkCounters(count: count)
  }

  func deallocate() {
    base.deinitialize(count: count)
    base.deallocate()
    sampleWork.deallocate()
    observedWork?.deallocate()
    samplers?.deallocate()
    reclaim?.deallocate()
    traits?.deallocate()
  }

  /// Images get numbers in order of their first VM.
  private static func traits(
    of specs: [GuestSpec], _ setup: MemorySetup
  ) -> UnsafeMutablePointer<GuestTraits> {
    let traits = UnsafeMutablePointer<GuestTraits>.allocate(capacity: max(specs.count, 1))
    var images: [String: Int32] = [:]
    for (index, spec) in specs.enumerated() {
      var image: Int32 = -1
      if let name = spec.memorySpec.image {
        image = images[name] ?? Int32(images.count)
        images[name] = image
      }
      (traits + index).initialize(
        to: GuestTraits(spec, setup, image: image, compressible: setup.compressible[index]))
    }
    return traits
  }
}
