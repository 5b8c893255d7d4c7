import BallastMachine
import BallastManager
import BallastModel
import BallastTestSupport
import BallastUnits
import Testing

@testable import BallastSimulator

/// From a scenario's memory settings to what the machine and the managers get.
struct ReclamationWorldTests {
  private func scenario(
    _ profile: HypervisorProfile, _ choice: ReclamationChoice = .init(),
    swap: SwapDeviceSpec? = nil, count: Int = 1, pools: [PoolSpec] = [],
    _ change: (inout VMEntry) -> Void = { _ in }
  ) -> Scenario {
    let place = SourcePlace(file: "test.yaml", line: 1, column: 1)
    var vm = VMEntry(
      name: "vm", count: count, from: nil, cluster: nil, pool: nil, host: nil, vcpus: 1,
      memory: .gibibytes(4), cpu: .init(), memorySettings: .init(), cpuQuota: nil,
      start: .zero, stop: nil, workload: WorkloadSpec(), place: place, keyPlaces: [:])
    change(&vm)
    return Scenario(
      name: "test", seed: 1, duration: .seconds(600), interval: .seconds(300),
      controlInterval: .seconds(20), profile: profile,
      clusters: [
        ClusterSpec(
          name: "c",
          hosts: [
            HostEntry(
              name: "h", count: 1, sockets: 1, coresPerSocket: 4, threadsPerCore: 1,
              coreRate: .megahertz(2_000), memory: .gibibytes(16), swap: swap, place: place)
          ], pools: pools, place: place)
      ], traces: [], vms: [vm], policies: PolicyChoice(reclamation: choice), events: [],
      expectations: [],
      record: RecordSpec(vms: .all, interval: .seconds(300), place: place), hasSweep: false,
      place: place)
  }

  private func policy(_ world: World) -> any MemoryPolicy {
    world.memoryControl(for: world.hosts[0]).policy
  }

  /// What no policy looks at is said once, whoever writes it: `buffer` is Hyper-V's, `minimum` nothing to ESXi.
  @Test func unusedSettingsAreSaid() throws {
    func sentences(_ profile: HypervisorProfile, _ policy: String? = nil) throws -> [String] {
      try World(
        scenario(profile, ReclamationChoice(policy: policy)) {
          $0.memoryPolicy.minimum = .gibibytes(1)
          $0.memoryPolicy.startup = .gibibytes(2)
          $0.memoryPolicy.buffer = .percent(20)
        }
      ).assumptions.filter { $0.hasPrefix("memory_policy") }
    }
    #expect(
      try sentences(.esxi) == [
        "memory_policy minimum, startup, buffer: not used by policy proportional-share on profile esxi"
      ])
    #expect(
      try sentences(.kvm, "mom") == [
        "memory_policy buffer: not used by policy mom on profile kvm"
      ])
    #expect(try sentences(.hyperv).isEmpty)
  }

  /// ESXi: tax 75 %, ESXi's states of its own minFree on 16 GiB (6 % of 4 + 4 % of 8 + 2 % of 4 GiB = 655.36 MiB), all
  /// techniques.
  @Test func esxiAsItIs() throws {
    let world = try World(scenario(.esxi))
    let share = try #require(policy(world) as? ProportionalShareMemory)
    #expect(Bytes(share.parameters.minFree).milliMebibytes == 655_360)
    #expect(share.parameters.tax == IdleMemoryTax(rate: .percent(75)))
    #expect(share.parameters.states == .esxi && share.parameters.planner == .esxi)
    #expect(world.hosts[0].swap == .usual(.ssd))
    #expect(
      world.hosts[0].memoryReserve == HypervisorProfile.esxi.hostReserve(memory: .gibibytes(16)))
    let guest = world.guestSpecs[0]
    #expect(
      guest.memoryOverhead == HypervisorProfile.esxi.overhead(vcpus: 1, configured: .gibibytes(4)))
    #expect(guest.memorySpec.balloon.max == .percent(65))
    #expect(guest.memorySpec.balloon.rate == .mebibytes(100))
  }

  /// What the scenario says replaces the profile's: an order without sharing and compression has neither.
  @Test func theScenarioChooses() throws {
    let choice = ReclamationChoice(
      order: [.swap, .balloon], idleTax: .percent(20), minFree: .gibibytes(1))
    let world = try World(scenario(.esxi, choice, swap: .usual(.disk, size: .gibibytes(8))))
    let share = try #require(policy(world) as? ProportionalShareMemory)
    #expect(share.parameters.minFree == 1 << 30)
    #expect(share.parameters.tax.rate == .percent(20))
    #expect(share.parameters.planner.steps.map(\.technique) == [.swap, .balloon])
    #expect(world.memory?.sharing.scope == .off && world.memory?.compressedMax == .zero)
    #expect(world.hosts[0].swap == .usual(.disk, size: .gibibytes(8)))
    let without = try World(scenario(.esxi, ReclamationChoice(order: [.balloon])))
    #expect(without.hosts[0].swap == .none)
  }

  /// ESXi keeps room for what may have to be swapped: as much as its device has, none without a device; where the scenario
  /// does without swapping nobody counts it, nor does Linux.
  @Test func swapSpaceIsTheDevices() throws {
    func space(
      _ profile: HypervisorProfile, _ swap: SwapDeviceSpec?, _ choice: ReclamationChoice = .init()
    ) throws -> Bytes? {
      let world = try World(scenario(profile, choice, swap: swap))
      return world.swapSpace(of: world.hosts[0])
    }
    #expect(try space(.esxi, nil) == nil)
    #expect(try space(.esxi, .usual(.ssd, size: .gibibytes(8))) == .gibibytes(8))
    #expect(try space(.esxi, SwapDeviceSpec.none) == .zero)
    #expect(try space(.esxi, nil, ReclamationChoice(order: [.balloon])) == nil)
    #expect(try space(.kvm, SwapDeviceSpec.none) == nil)
  }

  /// Off: no facts, no policy, and the tax still divides.
  @Test func offIsOff() throws {
    let world = try World(
      scenario(.esxi, ReclamationChoice(isModelled: false, idleTax: .percent(75))))
    #expect(world.memory == nil && policy(world) is NoReclaim)
    #expect(world.memoryControl(for: world.hosts[0]).tax.rate == .percent(75))
  }

  /// ESXi's policy on KVM has states of 20 and 5 % of memory, unless the scenario says what to keep free; swapping is not
  /// its to ask for.
  @Test func proportionalShareOnKVM() throws {
    let world = try World(scenario(.kvm, ReclamationChoice(policy: "proportional-share")))
    let share = try #require(policy(world) as? ProportionalShareMemory)
    #expect(share.parameters.states == .mom && share.parameters.minFree == 0)
    #expect(share.parameters.planner.steps.map(\.technique) == [.share, .balloon])
    #expect(share.parameters.tax == .none)
    let kept = try World(
      scenario(
        .kvm, ReclamationChoice(policy: "proportional-share", minFree: .gibibytes(1))))
    #expect((policy(kept) as? ProportionalShareMemory)?.parameters.states == .esxi)
  }

  /// Limits of pools bind with all memory free, so hosts that keep them are looked at at every step; the other policies
  /// say that they do not keep them. A limit that comes with an event counts.
  @Test func limitsOfPoolsAreWatched() throws {
    let place = SourcePlace(file: "test.yaml", line: 1, column: 1)
    func pool(_ name: String, limit: Bytes?, _ inner: [PoolSpec] = []) -> PoolSpec {
      PoolSpec(
        name: name, cpu: .init(), memory: .init(limit: limit), pools: inner, place: place)
    }
    let pools = [pool("a", limit: nil, [pool("b", limit: .gibibytes(2))]), pool("c", limit: nil)]
    let esxi = try World(scenario(.esxi, pools: pools))
    #expect(esxi.memorySetup?.alarms == [Int64.max] && esxi.remarks.isEmpty)
    // 400 % of a minFree of 655.36 MiB.
    let free = try World(scenario(.esxi, pools: [pool("c", limit: nil)]))
    #expect(free.memorySetup?.alarms.map { Bytes($0).milliMebibytes } == [2_621_440])
    let mom = ReclamationChoice(policy: "mom")
    #expect(
      try World(scenario(.kvm, mom, pools: pools)).remarks == [
        "pool a/b: its memory limit counts for entitlements only; reclamation policy mom takes nothing back for it,"
          + " proportional-share does"
      ])
    #expect(try World(scenario(.kvm, mom)).remarks.isEmpty)
    #expect(try World(scenario(.esxi, .init(isModelled: false), pools: pools)).remarks.isEmpty)
    var world = try World(scenario(.kvm, mom, pools: [pool("c", limit: nil)]))
    world.events = [
      World.Event(
        at: .seconds(60),
        action: .setPool(
          cluster: 0, pool: "c", PoolChange(memory: SettingsChange(limit: .amount(.gibibytes(1))))))
    ]
    #expect(world.remarks.count == 1)
  }

  /// Every policy of the catalog can be had on every profile, and the profile's own is in the catalog.
  @Test func everyPolicyIsMade() throws {
    for profile in HypervisorProfile.catalog {
      #expect(policy(try World(scenario(profile))).name == profile.memory.policy)
      for entry in memoryCatalog {
        let world = try World(scenario(profile, ReclamationChoice(policy: entry.name)))
        #expect(policy(world).name == entry.name)
      }
    }
  }

  /// Hyper-V balloons only who has Dynamic Memory, and starts it with its startup memory.
  @Test func dynamicMemoryIsChosen() throws {
    let plain = try World(scenario(.hyperv)).vms[0]
    #expect(!plain.memoryPolicy.isBallooned && plain.memorySpec.startup == nil)
    let dynamic = try World(
      scenario(.hyperv) {
        $0.memoryPolicy = MemoryPolicySpec(
          minimum: .mebibytes(512), startup: .gibibytes(1), buffer: .percent(40), priority: 80)
      }
    ).vms[0]
    #expect(dynamic.memoryPolicy.isBallooned && dynamic.memorySpec.startup == .gibibytes(1))
    #expect(dynamic.memoryPolicy.minimum == 512 << 20)
    #expect(dynamic.memoryPolicy.buffer == .percent(40) && dynamic.memoryPolicy.priority == 80)
    // ESXi gives all at once.
    let esxi = try World(
      scenario(.esxi) { $0.memoryPolicy = MemoryPolicySpec(startup: .gibibytes(1)) })
    #expect(esxi.vms[0].memorySpec.startup == nil)
  }

  /// Xen on 16 GiB keeps 630 MiB + 2.05 %: 15,418 MiB for VMs of 4096 + 20 MiB: three run, the fourth is refused by free
  /// memory, with admission none. With minimums of 1 GiB under squeezed all six run.
  @Test func guestsThatDoNotFitAreRefused() throws {
    func refused(_ scenario: Scenario) throws -> [String] {
      let sink = CollectingSink()
      _ = try Simulation(try World(scenario), sink: sink).run()
      return sink.events.filter { $0.contains("refused") }
    }
    let fixed = try refused(scenario(.xen, count: 4))
    #expect(fixed.count == 1)
    #expect(fixed.first?.contains("reason=free_memory") == true, "\(fixed)")
    #expect(try refused(scenario(.xen, ReclamationChoice(isModelled: false), count: 6)).isEmpty)
    let squeezed = scenario(.xen, ReclamationChoice(policy: "squeezed"), count: 6) {
      $0.memoryPolicy.minimum = .gibibytes(1)
    }
    #expect(try refused(squeezed).isEmpty)
    // A swap device of 10 GiB holds two VMs of 4 GiB on ESXi.
    let swap = try refused(
      scenario(.esxi, swap: .usual(.ssd, size: .gibibytes(10)), count: 3))
    #expect(swap.count == 1 && swap[0].contains("reason=swap_space"), "\(swap)")
  }
}
