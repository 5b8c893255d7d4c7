import BallastManager
import BallastUnits
import Testing

/// Hosts of 4 GHz (cores of 1 GHz) and 8 GiB, with what is configured on each already.
struct PlacementTests {
  private func hosts(
    _ used: [(vcpus: Int64, memory: Int64, reserved: Int64)],
    state: [Int: ClusterInventory.HostState] = [:]
  ) -> ClusterInventory {
    ClusterInventory(
      hosts: used.indices.map {
        ClusterInventory.Host(
          state: state[$0] ?? .on, cpuCapacity: 4_000_000, coreRate: 1_000_000,
          memoryCapacity: 8 << 30)
      },
      vms: used.enumerated().map { host, used in
        ClusterInventory.VM(
          host: host, vcpus: used.vcpus, memory: used.memory << 30,
          cpuReservation: used.reserved * 1_000)
      })
  }

  private let vm = PlacementRequest(vcpus: 1, memory: 2 << 30, cpuReservation: 500_000)

  /// Host 0 lacks memory (7 + 2 > 8), host 1 CPU to reserve (3.6 + 0.5 > 4), host 2 fits exactly: 6 + 2, 3.5 + 0.5.
  @Test func firstFitTakesTheFirstThatFits() {
    #expect(
      FirstFit().place(vm, in: hosts([(0, 7, 0), (0, 0, 3_600), (9, 6, 3_500), (0, 0, 0)])).host
        == 2)
  }

  /// vCPUs may be overcommitted: only what is reserved and configured memory count.
  @Test func firstFitIgnoresVCPUs() {
    #expect(FirstFit().place(vm, in: hosts([(40, 6, 0), (0, 0, 0)])).host == 0)
  }

  /// Nothing fits: the choice of load-balance, 9/8 of memory on host 1 against 10/8.
  @Test func firstFitFallsBackToLoadBalance() {
    #expect(FirstFit().place(vm, in: hosts([(0, 8, 0), (0, 7, 0)])).host == 1)
  }

  /// Afterwards host 0 would be at max(3/4 CPU, 3/8 memory) = 3/4, host 1 at max(2/4, 5/8) = 5/8.
  @Test func loadBalanceLooksAtTheFullerResource() {
    #expect(LoadBalance().place(vm, in: hosts([(2, 1, 0), (1, 3, 0)])).host == 1)
  }

  /// 3/4 of CPU on one, 6/8 of memory on the other: equal, so the earlier name.
  @Test func tiesGoToTheEarlierName() {
    #expect(LoadBalance().place(vm, in: hosts([(2, 1, 0), (1, 4, 0)])).host == 0)
    #expect(LoadBalance().place(vm, in: hosts([(1, 4, 0), (2, 1, 0)])).host == 0)
    #expect(LoadBalance().place(vm, in: hosts([(0, 0, 0), (0, 0, 0), (0, 0, 0)])).host == 0)
  }

  /// Host 0 is idle but lacks memory (7 + 2 > 8); host 1 is at 9/4 of its CPU afterwards, and the VM's memory fits.
  @Test func memoryFitsBeforeCPUIsBalanced() {
    #expect(LoadBalance().place(vm, in: hosts([(0, 7, 0), (8, 6, 0)])).host == 1)
  }

  /// Overcommitted hosts are compared as well: 6/4 against 5/4.
  @Test func loadBalanceNeverRefuses() {
    #expect(LoadBalance().place(vm, in: hosts([(5, 0, 0), (4, 0, 0)])).host == 1)
  }

  @Test func noHostNoPlace() {
    #expect(LoadBalance().place(vm, in: hosts([])).host == nil)
    #expect(FirstFit().place(vm, in: hosts([])).host == nil)
  }

  /// 2 of 8 GiB more: host 0 would be at 4/8, host 1 at 8/8, host 2 (7 + 2) does not fit.
  @Test func bestFitFillsAndWorstFitSpreads() {
    let inventory = hosts([(0, 2, 0), (0, 6, 0), (0, 7, 0)])
    #expect(BestFit().place(vm, in: inventory).host == 1)
    #expect(WorstFit().place(vm, in: inventory).host == 0)
  }

  /// CPU reservations count as well: (3 + 0.5) / 4 = 7/8 on host 1 against memory 6/8 on host 0.
  @Test func fitsLookAtTheFullerResource() {
    let inventory = hosts([(0, 4, 0), (0, 0, 3_000)])
    #expect(BestFit().place(vm, in: inventory).host == 1)
    #expect(WorstFit().place(vm, in: inventory).host == 0)
  }

  /// Nothing fits: 10/8 of memory against 9/8, as load-balance.
  @Test func fitsFallBackToLoadBalance() {
    for policy: any PlacementPolicy in [BestFit(), WorstFit(), PowerAware()] {
      #expect(policy.place(vm, in: hosts([(0, 8, 0), (0, 7, 0)])).host == 1)
    }
  }

  /// Without curves: 1 + 1 of 4 GHz in use beats an empty host; 3 + 1 of 4 passes 81 %, so an empty host beats it.
  @Test func powerAwareFillsHostsInUse() {
    #expect(PowerAware().place(vm, in: hosts([(0, 0, 0), (1, 1, 0)])).host == 1)
    let busy = ClusterInventory(
      hosts: (0..<2).map { _ in
        ClusterInventory.Host(
          cpuCapacity: 4_000_000, coreRate: 1_000_000, memoryCapacity: 8 << 30)
      }, vms: [ClusterInventory.VM(host: 0, vcpus: 3, memory: 1 << 30)])
    #expect(PowerAware().place(vm, in: busy).host == 1)
  }

  /// 1 GHz more on 4: host 0 rises by a quarter of 200 − 100 W = 25 W, host 1 by a quarter of 120 − 80 W = 10 W. Host 2 is
  /// empty: 50 W idle and 2.5 W.
  @Test func powerAwareCountsWatts() {
    let curves = [[100_000, 200_000], [80_000, 120_000], [50_000, 60_000]].map {
      PowerCurve(milliwatts: $0.map { Int64($0) })
    }
    let inventory = ClusterInventory(
      hosts: curves.map {
        ClusterInventory.Host(
          cpuCapacity: 4_000_000, coreRate: 1_000_000, memoryCapacity: 8 << 30, power: $0)
      },
      vms: (0..<2).map { ClusterInventory.VM(host: $0, vcpus: 1, memory: 1 << 30) })
    let decision = PowerAware().place(vm, in: inventory)
    #expect(decision.best.map(\.host) == [1, 0, 2])
    #expect(decision.best.map(\.score.part) == [10_000_000, 25_000_000, 52_500_000])
  }

  /// A ProLiant ML110 G4 draws 99.5 W at 40 % and 102 W at 50 %: 100.75 W at 45 %; nothing when it has no load.
  @Test func powerIsLinearBetweenPoints() throws {
    let table: [Int64] = [
      86_000, 89_400, 92_600, 96_000, 99_500, 102_000, 106_000, 108_000, 112_000, 114_000, 117_000,
    ]
    let curve = try #require(PowerCurve(milliwatts: table))
    #expect(curve.microwatts(load: 45, capacity: 100) == 100_750_000)
    #expect(curve.microwatts(load: 100, capacity: 100) == 117_000_000)
    #expect(curve.microwatts(load: 0, capacity: 100) == 0)
    #expect(PowerCurve(milliwatts: [1]) == nil)
  }

  /// Host 0 has 3.6 of 4 GHz reserved, host 1 8 of 8 GiB; host 2 is in maintenance: nobody takes 0.5 GHz and 2 GiB.
  @Test func chargesRefuseWithReasons() {
    var request = vm
    request.mustFitCharge = true
    request.memoryCharge = 2 << 30
    let inventory = ClusterInventory(
      hosts: [.on, .on, .maintenance].map {
        ClusterInventory.Host(
          state: $0, cpuCapacity: 4_000_000, coreRate: 1_000_000, memoryCapacity: 8 << 30)
      },
      vms: [
        ClusterInventory.VM(host: 0, vcpus: 4, memory: 1 << 30, cpuReservation: 3_600_000),
        ClusterInventory.VM(host: 1, vcpus: 1, memory: 8 << 30, memoryReservation: 8 << 30),
      ])
    for entry in placementCatalog {
      let decision = entry.make().place(request, in: inventory)
      #expect(decision.host == nil && decision.best.isEmpty)
      #expect(decision.refusals == .init(notOn: 1, cpu: 1, memory: 1))
    }
  }

  /// What leaves makes room again.
  @Test func bookingCanBeTakenBack() {
    var inventory = hosts([(1, 2, 500)])
    inventory.remove(0)
    #expect(inventory.hosts[0].use == ClusterInventory.HostUse())
  }
}
