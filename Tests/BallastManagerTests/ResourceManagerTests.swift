import BallastManager
import BallastModel
import BallastUnits
import Testing

struct ResourceManagerTests {
  /// 4 GHz, shares 1:3, both want 4 GHz → 1 and 3 GHz.
  @Test func sharesDivideContendedCPU() {
    var manager = ResourceManager([
      0: VMSettings(cpuWeight: 1_000), 1: VMSettings(cpuWeight: 3_000),
    ])
    let plan = manager.decided(
      seen([.init(index: 0, demand: 4_000_000), .init(index: 1, demand: 4_000_000)]))
    #expect(plan.cpuEntitlement == [1_000_000, 3_000_000])
    #expect(plan.cpuWeight == [1_000, 3_000])
  }

  /// VM 0 reserves 2 GHz and wants 3, VM 1 wants 4 but is limited to 1.5, VM 2 wants 1: of 4 GHz, VM 0 is sure of 2;
  /// the other 2 go 1:1 to VMs 1 and 2, within their caps.
  @Test func reservationAndLimitBind() {
    var manager = ResourceManager([
      0: VMSettings(cpuReservation: 2_000_000), 1: VMSettings(cpuLimit: 1_500_000),
      2: VMSettings(),
    ])
    let plan = manager.decided(
      seen([
        .init(index: 0, demand: 3_000_000), .init(index: 1, demand: 4_000_000),
        .init(index: 2, demand: 1_000_000),
      ]))
    #expect(plan.cpuEntitlement == [2_000_000, 1_000_000, 1_000_000])
    #expect(plan.cpuReservation == [2_000_000, 0, 0])
    #expect(plan.cpuLimit == [.max, 1_500_000, .max])
  }

  /// Nobody wants more than there is: everybody gets what it wants, and nothing is spread beyond.
  @Test func uncontendedDemandIsGranted() {
    var manager = ResourceManager([0: VMSettings(), 1: VMSettings()])
    let plan = manager.decided(
      seen([.init(index: 0, demand: 1_234_567), .init(index: 1, demand: 0)]))
    #expect(plan.cpuEntitlement == [1_234_567, 0])
  }

  /// VM 1 came at 10 s of 20 and was busy for 5 s of one vCPU since: 5 s / 10 s × 1 GHz.
  @Test func demandCountsFromThePowerOn() {
    var manager = ResourceManager()
    manager.add(VMIndex(1), VMSettings(), at: .seconds(10))
    _ = manager.decided(seen([.init(index: 1, demand: 250_000)]))
    #expect(manager.observedDemand(of: VMIndex(1)) == .megahertz(500))
  }

  /// Nothing is known of a VM that has just come: it counts as wanting its size, 2 of 4 GHz, like the other.
  @Test func unknownDemandIsTheWholeSize() {
    var manager = ResourceManager()
    manager.add(VMIndex(0), VMSettings(), at: .seconds(20))
    manager.add(VMIndex(1), VMSettings(), at: .zero)
    let plan = manager.decided(
      seen([
        .init(index: 0, demand: 0, vcpus: 2), .init(index: 1, demand: 3_000_000),
      ]))
    #expect(manager.observedDemand(of: VMIndex(0)) == nil)
    #expect(plan.cpuEntitlement == [2_000_000, 2_000_000])
  }

  /// 3 GiB of memory, weights 1:2, both have touched 4 GiB → 1 and 2 GiB; with 2 GiB reserved the first keeps them.
  @Test(arguments: [(0, 1 << 30, 2 << 30), (2 << 30, 2 << 30, 1 << 30)] as [(Int64, Int64, Int64)])
  func memoryIsEntitledLikewise(reserved: Int64, first: Int64, second: Int64) {
    var manager = ResourceManager([
      0: VMSettings(memoryReservation: reserved, memoryWeight: 1), 1: VMSettings(memoryWeight: 2),
    ])
    let plan = manager.decided(
      seen([.init(index: 0, demand: 0), .init(index: 1, demand: 0)], memory: .gibibytes(3)))
    #expect(plan.memoryEntitlement == [first, second])
  }

  /// VMs that the host shows but nobody manages are left alone.
  @Test func foreignVMsAreNotPlanned() {
    var manager = ResourceManager([3: VMSettings()])
    let plan = manager.decided(
      seen([
        .init(index: 1, demand: 4_000_000), .init(index: 3, demand: 4_000_000),
        .init(index: 7, demand: 4_000_000),
      ]))
    #expect(plan.vms == [VMIndex(3)])
    #expect(plan.cpuEntitlement == [4_000_000])
  }

  /// A copy decides on its own: what is tried on it does not touch the original.
  @Test func managerIsAValue() {
    let original = ResourceManager([0: VMSettings()])
    var copy = original
    copy.configure(VMIndex(0), VMSettings(cpuLimit: 1))
    copy.add(VMIndex(1), VMSettings(), at: .zero)
    _ = copy.decided(seen([.init(index: 0, demand: 1_000_000)]))
    #expect(original == ResourceManager([0: VMSettings()]))
  }

  /// Deciding again fills the same storage: nothing is allocated in steady state.
  @Test func planKeepsItsStorage() {
    var manager = ResourceManager([0: VMSettings(), 1: VMSettings()])
    let observation = seen([.init(index: 0, demand: 1), .init(index: 1, demand: 2)])
    let workspace = DecisionWorkspace()
    var plan = HostPlan()
    func addresses() -> [UnsafeRawPointer?] {
      [plan.cpuLimit, plan.cpuEntitlement, plan.memoryEntitlement].map { column in
        column.withUnsafeBytes { $0.baseAddress }
      }
    }
    manager.decide(observation, into: &plan, workspace: workspace)
    let before = addresses()
    for _ in 0..<10 { manager.decide(observation, into: &plan, workspace: workspace) }
    #expect(addresses() == before)
  }
}
