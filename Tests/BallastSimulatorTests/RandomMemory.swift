import BallastMachine
import BallastManager
import BallastModel
import BallastTestSupport
import BallastUnits

@testable import BallastSimulator

/// The same small worlds with memory modelled, and too little of it: any profile, any policy that decides about memory, any
/// techniques and devices, guests of every kind.
extension RandomOperations {
  mutating func memoryWorld() -> World {
    var world = world(durations: [60, 200, 300, 600])
    world.profile = pick(.esxi, .esxi, .kvm, .kvm, .xen, .hyperv)
    world.policies.admission.policy = pick("none", "none", "strict", "nova-ratios")
    world.policies.reclamation = reclamation(world.profile)
    world.memory = facts(world.profile, world.policies.reclamation)
    for vm in world.vms.indices { setMemory(of: &world.vms[vm], world) }
    setMemory(ofHosts: &world)
    for event in world.events.indices {
      if case .setWorkload(let vms, _, let what) = world.events[event].action {
        world.events[event].action = .setWorkload(vms, vms.map { _ in curves() }, what: what)
      }
    }
    return world
  }

  // MARK: How memory is taken back

  private mutating func reclamation(_ profile: HypervisorProfile) -> ReclamationChoice {
    var choice = ReclamationChoice()
    choice.policy = chance(70) ? pick(of: memoryCatalog.map(\.name)) : nil
    if chance(40) {
      choice.order = profile.memory.techniques.filter { _ in chance(70) }
      if chance(50) { choice.order!.reverse() }
    }
    choice.idleTax = pick(nil, nil, .zero, .percent(75), .percent(99))
    choice.minFree = chance(20) ? .mebibytes(between(1, 2_000)) : nil
    choice.doublePaging = chance(30)
    return choice
  }

  private mutating func facts(
    _ profile: HypervisorProfile, _ choice: ReclamationChoice
  ) -> MemoryFacts {
    var facts = profile.memory
    facts.sharing.scope = pick(facts.sharing.scope, .off, .withinVM, .betweenVMs)
    facts.sharing.scanner = pick(
      facts.sharing.scanner, .esxi(ESXiScan(wholeVMWithin: .seconds(60))),
      .ksm(KSMSettings(pagesToScan: 5_000)), .ksm(KSMSettings(advisorTarget: .seconds(60))))
    facts.usesLargePages = chance(50)
    facts.compressedMax = .percent(pick(0, 1, 10, 100))
    return facts.with(choice)
  }

  // MARK: Hosts

  /// Memory for 1/3 to twice what VMs are configured with, beside what the hosts keep for themselves.
  private mutating func setMemory(ofHosts world: inout World) {
    let configured = world.vms.reduce(0) { $0 + $1.memory.value }
    let percent = between(33, 200)
    let each = scaled(configured, by: percent, over: 100 * Int64(world.hosts.count))
    for host in world.hosts.indices {
      let own = max(.mebibytes(pick(300, 1_000)), Bytes(each / 4_096 * 4_096))
      // Some of what is kept grows with the memory.
      let memory = own + world.profile.hostReserve(memory: own)
      world.hosts[host].memory = memory
      world.hosts[host].memoryReserve = world.profile.hostReserve(memory: memory)
      world.hosts[host].swap =
        world.memory!.techniques.contains(.swap) ? device(.mebibytes(1_024)) : .none
    }
  }

  private mutating func device(_ size: Bytes) -> SwapDeviceSpec {
    let kind = pick(of: SwapDeviceSpec.Kind.allCases)
    var device = SwapDeviceSpec.usual(
      kind, size: pick(nil, nil, .mebibytes(1), .mebibytes(64), size))
    if kind != .none && chance(20) { device.bandwidth = .mebibytes(between(1, 20)) }
    return device
  }

  // MARK: Guests

  private mutating func setMemory(of vm: inout World.VM, _ world: World) {
    let (facts, configured) = (world.memory!, vm.memory)
    // A promise of all memory leaves nothing to take.
    if chance(60) { vm.memorySettings.reservation = .zero }
    vm.workload = curves()
    vm.memorySpec = GuestMemorySpec(
      image: pick(nil, "a", "b"),
      content: PageContent(
        zero: .percent(between(0, 40)), common: .percent(between(0, 40)),
        duplicate: .percent(between(0, 20))),
      balloon: BalloonDriverSpec(
        isPresent: chance(80), rate: .mebibytes(pick(1, 20, 100, 650)),
        max: .percent(pick(0, 30, 65, 100)),
        resistsBeyond: chance(20) ? .percent(between(0, 60)) : nil,
        deflatesOnOOM: chance(30), reportsFreePages: chance(25)),
      swap: chance(40) ? .none : device(.mebibytes(200)),
      pageCache: .percent(between(0, 100)), rewrittenPerSecond: .percent(between(0, 20)),
      bootRamp: .seconds(pick(0, 0, 7, 60)))
    if vm.memorySpec.swap.kind != .none { vm.memorySpec.swap.kind = .ssd }
    let isBallooned = chance(80) && facts.techniques.contains(.balloon)
    if facts.onExhaustion != .wait, isBallooned, vm.memorySpec.balloon.isPresent, chance(60) {
      let startup = Bytes.mebibytes(between(64, configured.value >> 20))
      vm.memorySpec.startup = max(startup, min(vm.memorySettings.reservation, configured))
    }
    vm.memoryPolicy.isBallooned = isBallooned
    vm.memoryPolicy.balloonMax = vm.memorySpec.balloon.max!
    if chance(50) { vm.memoryPolicy.minimum = between(0, configured.value >> 20) << 20 }
    vm.memoryPolicy.buffer = .percent(pick(5, 20, 200, 2_000))
    vm.memoryPolicy.priority = between(0, 100)
  }

  /// Curves that rise and fall.
  private mutating func curves() -> GuestWorkload {
    GuestWorkload(
      cpu: .constant(.percent(between(0, 100))), memoryActive: curve(upTo: 60),
      memoryTouched: curve(upTo: 100))
  }

  private mutating func curve(upTo most: Int64) -> DemandSource {
    switch between(1, 4) {
    case 1: return .constant(.percent(between(0, most)))
    case 2:
      return .square(
        period: .seconds(pick(10, 60, 200)), duty: .percent(between(10, 90)),
        high: .percent(between(0, most)), low: .percent(between(0, most)))
    default:
      let times = Set((0..<between(1, 6)).map { _ in time() }).sorted()
      return .steps(
        times.map { DemandForm.Step(time: $0, value: .percent(between(0, most))) })
    }
  }
}
