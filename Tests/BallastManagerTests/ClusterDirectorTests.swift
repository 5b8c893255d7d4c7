import BallastModel
import BallastUnits
import Testing

@testable import BallastManager

/// What the whole of admission, pools and failover comes to in one cluster.
@Suite struct ClusterDirectorTests {
  /// Hosts of 2 GHz and 8 GiB; VMs of 2 vCPUs and 1 GiB that reserve 2 GHz.
  private func director(hosts: Int, vms: Int, _ failover: FailoverPolicy) -> ClusterDirector {
    ClusterDirector(
      inventory: ClusterInventory(
        hosts: (0..<hosts).map { _ in
          ClusterInventory.Host(
            cpuCapacity: 2_000_000, coreRate: 1_000_000, memoryCapacity: 8 << 30)
        },
        vms: (0..<vms).map { _ in
          ClusterInventory.VM(
            vcpus: 2, memory: 1 << 30, cpuReservation: 2_000_000, memoryReservation: 0)
        }, rules: PlacementRules([], vmCount: vms)),
      hosts: (0..<hosts).map {
        ClusterDirector.HostFacts(name: "host-\($0)", cores: 2, memory: .gibibytes(8))
      }, tree: PoolTree([], profile: .esxi), poolOfVM: [Int](repeating: 0, count: vms),
      policies: ClusterDirector.Policies(
        admission: StrictAdmission(), placement: LoadBalance(), failover: failover, balancing: nil))
  }

  /// Four hosts, one kept: 6 of 8 GHz, so three VMs of 2 GHz. One host fails: 6 GHz are left, and less a quarter 4.5 may
  /// be promised anew. The restart asks for 4 + 2 = 6, and gets what was kept for it; after it, nobody else does.
  @Test(arguments: [
    FailoverPolicy.percentage(.tolerate(hosts: 1)), .dedicated(hosts: [3]),
  ])
  func restartsUseWhatWasKeptForThem(_ failover: FailoverPolicy) {
    var cluster = director(hosts: 4, vms: 5, failover)
    #expect((0..<3).map { cluster.powerOn($0).host } == [0, 1, 2])
    #expect(cluster.powerOn(3).refusal?.kind == .failoverCapacity)
    cluster.powerOff(1)
    cluster.setState(.failed, of: 1)
    #expect(cluster.restart(1).host == 3)
    #expect(cluster.powerOn(4).host == nil)
    // All promises are backed, though nothing is kept any more.
    #expect(cluster.admissionState == .green && cluster.shortfalls.isEmpty)
    #expect(cluster.failoverStatus().hostFailuresSurvived == 0)
  }
}
