import BallastModel
import BallastUnits
import Testing

@testable import BallastManager

/// VMs that no host can run, whatever admission promises. Hosts offer 8 GiB; VMs have 3.9 GiB and 0.1 GiB of overhead.
struct BackingTests {
  private static let gib: Int64 = 1 << 30

  private func director(
    hosts: Int = 1, vms: Int = 3, isFullyBacked: Bool = true, swapSpace: Int64? = nil,
    admission: any AdmissionPolicy = AdmitAll(), balancing: (any BalancingPolicy)? = nil,
    _ change: (inout ClusterInventory.VM) -> Void = { _ in }
  ) -> ClusterDirector {
    ClusterDirector(
      inventory: ClusterInventory(
        hosts: (0..<hosts).map { _ in
          ClusterInventory.Host(
            cpuCapacity: 8_000_000, coreRate: 1_000_000, memoryCapacity: 8 * Self.gib,
            isFullyBacked: isFullyBacked, swapSpace: swapSpace)
        },
        vms: (0..<vms).map { _ in
          var vm = ClusterInventory.VM(
            vcpus: 1, memory: Self.gib * 39 / 10, overhead: Self.gib / 10)
          change(&vm)
          return vm
        }),
      hosts: (0..<hosts).map {
        ClusterDirector.HostFacts(name: "h\($0)", cores: 8, memory: .gibibytes(9))
      }, tree: PoolTree([], profile: .xen), poolOfVM: [Int](repeating: 0, count: vms),
      policies: ClusterDirector.Policies(
        admission: admission, placement: LoadBalance(), failover: .none, balancing: balancing))
  }

  /// 2 · 4 GiB fill the host; the third is refused with what it needs and what is left, named host or not, and comes
  /// once another has gone.
  @Test func guestsAreBackedFromPowerOn() {
    for fixed in [nil, 0] {
      var cluster = director()
      #expect(cluster.powerOn(0, on: fixed).host == 0)
      #expect(cluster.powerOn(1, on: fixed).host == 0)
      guard case .hostMemory(let shortage)? = cluster.powerOn(2, on: fixed).refusal else {
        Issue.record("the third VM is refused")
        return
      }
      // 3.9 and 0.1 GiB are cut to whole bytes: one byte less than 4 GiB each.
      let needed = 4 * Self.gib - 1
      let left: Int64 = 2
      #expect(
        shortage
          == Refusal.MemoryShortage(
            count: .free, hosts: 1, best: "h0", needed: Bytes(needed), available: Bytes(left)))
      cluster.powerOff(0)
      #expect(cluster.powerOn(2, on: fixed).host == 0)
    }
  }

  /// On a host that may hand out more than it has, all three run.
  @Test func othersMayOvercommit() {
    var cluster = director(isFullyBacked: false)
    for vm in 0..<3 { #expect(cluster.powerOn(vm).host == 0) }
  }

  /// Who can be ballooned to 1 GiB keeps 1.1 GiB once it has told that it can spare the rest, and comes with the 2 GiB it has
  /// at power-on: 1.1 + 1.1 + 2.1 fit; seven of them would take 7.7 and leave an eighth 0.3.
  @Test func balloonedGuestsKeepTheirMinimum() {
    var cluster = director(vms: 8) {
      $0.memoryAtStart = 2 * Self.gib
      $0.memoryLeast = Self.gib
    }
    let started = (0..<8).map { vm in
      defer { cluster.note(vm, memoryLeast: Self.gib / 2) }
      return cluster.powerOn(vm).host != nil
    }
    // The sixth comes beside five: 5.5 + 2.1 = 7.6; the seventh would find 1.4.
    #expect(started == [true, true, true, true, true, true, false, false])
  }

  /// Minimums of 1 GiB promise nothing: guests that came with 2 GiB count with 2.1 until they have told, and with what they
  /// cannot spare afterwards. Three take 6.3 of 8 GiB and leave 1.7; with 1.5 GiB each they leave 3.2, room for one of 2.1.
  /// One that was powered off has told nothing about its next start.
  @Test func onlyWhatGuestsCanGiveIsCountedOn() {
    var cluster = director(vms: 5) {
      $0.memoryAtStart = 2 * Self.gib
      $0.memoryLeast = Self.gib
    }
    for vm in 0..<3 { #expect(cluster.powerOn(vm).host == 0) }
    #expect(cluster.powerOn(3).refusal?.kind == .freeMemory)
    for vm in 0..<3 { cluster.note(vm, memoryLeast: Self.gib * 3 / 2) }
    #expect(cluster.powerOn(3).host == 0)
    #expect(cluster.powerOn(4).refusal?.kind == .freeMemory)
    cluster.powerOff(0)
    #expect(cluster.powerOn(0).host == 0)
    #expect(cluster.inventory.vms[0].observedMemoryLeast == nil)
  }

  /// A swap device of 8 GiB: 3.9 GiB each, less 1 GiB reserved by the third, are 3.9 + 3.9 + 2.9 > 8. With a reservation
  /// of all its memory it needs none.
  @Test func swapSpaceIsKeptForEveryVM() {
    var cluster = director(isFullyBacked: false, swapSpace: 8 * Self.gib)
    cluster.inventory.change(2) { $0.memoryReservation = Self.gib }
    for vm in 0..<2 { #expect(cluster.powerOn(vm).host == 0) }
    let refusal = cluster.powerOn(2).refusal
    #expect(refusal?.kind == .swapSpace)
    #expect(
      refusal?.words
        == "The host h0 has 204.8 MiB of swap space left, and configured memory less reservation, "
        + "2969.6 MiB, are needed; raise the reservation or enlarge the device.")
    cluster.inventory.change(2) { $0.memoryReservation = $0.memory }
    #expect(cluster.powerOn(2).host == 0)
  }

  /// Neither a migration nor balancing nor a restart brings a VM where it cannot be backed; one that has not left yet still
  /// counts.
  @Test(arguments: [false, true])
  func movingAndRestartingAreBackedToo(isStrict: Bool) {
    var cluster = director(
      hosts: 2, vms: 4, admission: isStrict ? StrictAdmission() : AdmitAll(),
      balancing: DeviationBalancing(threshold: 5))
    for vm in 0..<2 { #expect(cluster.powerOn(vm, on: 0).host == 0) }
    #expect(cluster.powerOn(2, on: 1).host == 1)
    #expect(cluster.move(2, to: 0).refusal?.kind == .freeMemory)
    #expect(cluster.move(0, to: 1).moved == [0])
    cluster.setLeaving(0, 0)
    #expect(cluster.powerOn(3, on: 0).refusal?.kind == .freeMemory)
    cluster.setLeaving(nil, 0)
    #expect(cluster.powerOn(3, on: 0).host == 0)
    for vm in 0..<4 { cluster.note(vm, cpuDemand: vm < 2 ? 1_000_000 : 0, memoryDemand: nil) }
    #expect(cluster.balance(at: .seconds(300))?.moves.isEmpty == true)
    cluster.setState(.failed, of: 1)
    cluster.powerOff(0)
    #expect(cluster.restart(0).refusal?.kind == .freeMemory)
    cluster.powerOff(3)
    #expect(cluster.restart(0).host == 0)
  }

  /// As JSON a refusal says kind, words and numbers, and reads back.
  @Test(arguments: [Refusal.MemoryShortage.Count.free, .swap])
  func theRefusalReadsBack(count: Refusal.MemoryShortage.Count) throws {
    let shortage = Refusal.MemoryShortage(
      count: count, hosts: 3, best: "h1", needed: .gibibytes(4), available: .gibibytes(1))
    let refusal = Refusal.hostMemory(shortage)
    #expect(refusal.kind == (count == .free ? .freeMemory : .swapSpace))
    #expect(
      refusal.detail
        == "reason=\(refusal.kind.rawValue) hosts=3 best=h1 needed_mib=4096.000 "
        + "available_mib=1024.000")
    #expect(refusal.words.contains("None of the 3 hosts"))
  }
}
