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

  /// What leaves makes room again.
  @Test func bookingCanBeTakenBack() {
    var inventory = hosts([(1, 2, 500)])
    inventory.remove(0)
    #expect(inventory.hosts[0].use == ClusterInventory.HostUse())
  }
}
