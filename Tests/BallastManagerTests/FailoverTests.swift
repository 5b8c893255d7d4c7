import BallastManager
import BallastModel
import BallastTestSupport
import BallastUnits
import Testing

/// Failover as the vSphere availability guide counts it; ids are those of vmware_guide_examples.csv.
struct FailoverTests {
  private func host(_ name: String, _ ghz: Int64, _ gigabytes: Int64, isAvailable: Bool = true)
    -> FailoverHost
  {
    FailoverHost(
      name: name, capacity: charge(cpu: ghz * 1_000, memory: gigabytes * 1_024),
      isAvailable: isAvailable)
  }
  private func vm(_ ghz: Int64, _ gigabytes: Int64) -> FailoverVM {
    FailoverVM(charge: charge(cpu: ghz * 1_000, memory: gigabytes * 1_024))
  }
  private var hosts: [FailoverHost] { [host("H1", 9, 9), host("H2", 9, 6), host("H3", 6, 6)] }
  private var vms: [FailoverVM] { [vm(2, 1), vm(2, 1), vm(1, 2), vm(1, 1), vm(1, 1)] }

  /// VG12: slot max(2, 2, 1, 1, 1) GHz × max(1, 1, 2, 1, 1) GB. H1 min(9/2, 9/2) = 4, H2 min(4, 3) = 3, H3 min(3, 3) = 3.
  /// Without H1 6 are left for 5 VMs: 1 failure is survived, 2 are not (3 < 5), 6 − 5 = 1 slot is available.
  @Test func vg12Slots() throws {
    let planner = FailoverPlanner(policy: .slots(tolerate: 1))
    let status = planner.status(hosts: hosts, vms: vms)
    let slots = try #require(status.slots)
    #expect(slots.size == charge(cpu: 2_000, memory: 2_048))
    #expect(status.hosts.map(\.slots) == [4, 3, 3])
    #expect(status.hosts.map(\.isSpared) == [true, false, false])
    #expect(slots.total == 10 && slots.left == 6 && slots.used == 5 && slots.available == 1)
    #expect(status.hostFailuresSurvived == 1 && status.isSatisfied)
    #expect(status.reserve == .zero)
    #expect(
      status.words
        == "1 of 3 hosts may fail: a slot is 2000 MHz and 2048 MiB, the hosts hold 10 (H1 4, H2 3, "
        + "H3 3); without H1 left 6, used 5, available 1.")
    // One more small VM takes the last slot; the next finds 7 used of 6.
    #expect(planner.status(hosts: hosts, vms: vms).admits(vm(1, 1)) == nil)
    let refusal = planner.status(hosts: hosts, vms: vms + [vm(1, 1)]).admits(vm(0, 0))
    #expect(
      refusal
        == .failoverCapacity(.init(policy: "slots", count: .slots, used: 7, available: 6)))
    #expect(
      refusal?.words
        == "Failover policy slots leaves 6 slots when the hosts to be spared are lost and 7 would be "
        + "used: 1 slot more, or smaller reservations, would let it in.")
  }

  /// As VG12, and a VM of 3 GHz: slots of 3 GHz, hosts 3/3/2, 5 left without H1 for 6 VMs: refused.
  @Test func largeVMMakesSlotsLarge() {
    let planner = FailoverPlanner(policy: .slots(tolerate: 1))
    #expect(
      planner.status(hosts: hosts, vms: vms).admits(vm(3, 1))
        == .failoverCapacity(.init(policy: "slots", count: .slots, used: 6, available: 5)))
  }

  /// As VG12 with slots fixed at 1 GHz × 1 GB: hosts 9/6/6; VMs of 2 take two: 2 + 2 + 2 + 1 + 1 = 8 of 12.
  @Test func fixedSlots() {
    let planner = FailoverPlanner(
      policy: .slots(tolerate: 1, fixed: .init(cpu: .megahertz(1_000), memory: .gibibytes(1))))
    let status = planner.status(hosts: hosts, vms: vms)
    #expect(status.hosts.map(\.slots) == [9, 6, 6])
    #expect(status.slots?.left == 12 && status.slots?.used == 8 && status.slots?.available == 4)
    #expect(status.hostFailuresSurvived == 1)
    #expect(planner.status(hosts: hosts, vms: vms).admits(vm(4, 1)) == nil)
    #expect(planner.status(hosts: hosts, vms: vms).admits(vm(4, 5)) != nil)
  }

  /// Two failures to tolerate: 10 − 4 − 3 = 3 slots for 5 VMs. Not satisfied, and nobody is stopped: it says −2.
  @Test func toleratingTwoIsTooMuch() {
    let status = FailoverPlanner(policy: .slots(tolerate: 2)).status(hosts: hosts, vms: vms)
    #expect(status.hosts.map(\.isSpared) == [true, true, false])
    #expect(status.slots?.available == -2 && !status.isSatisfied)
    #expect(status.hostFailuresSurvived == 1)
  }

  /// A failed host has no slots: of H1 (down), H2, H3 the largest left is H2, and 3 slots remain for 5 VMs.
  @Test func failedHostsOfferNothing() {
    let hosts = [host("H1", 9, 9, isAvailable: false), host("H2", 9, 6), host("H3", 6, 6)]
    let status = FailoverPlanner(policy: .slots(tolerate: 1)).status(hosts: hosts, vms: vms)
    #expect(status.hosts.map(\.slots) == [0, 3, 3])
    #expect(status.slots?.total == 6 && status.slots?.left == 3)
    #expect(status.hostFailuresSurvived == 0)
  }

  /// VG14: without reservations a VM counts 32 MHz and 0 MB, here with 100 MB of overhead: 100 VMs of 24 GHz leave
  /// 20.8 GHz, 86.6666 %; 10,000 of 20,000 MB leave 50 %.
  @Test func vg14DefaultReservations() {
    #expect(FailoverVM(charge: .zero).counted == charge(cpu: 32))
    #expect(FailoverVM(charge: charge(cpu: 33)).counted == charge(cpu: 33))
    let planner = FailoverPlanner(policy: .percentage(.tolerate(hosts: 1)))
    let hosts = ["a", "b"].map {
      FailoverHost(name: $0, capacity: charge(cpu: 12_000, memory: 10_000))
    }
    let status = planner.status(
      hosts: hosts,
      vms: Array(repeating: FailoverVM(charge: charge(memory: 100)), count: 100))
    #expect(status.used == charge(cpu: 3_200, memory: 10_000))
    #expect(status.free(.cpu) == PartsPerMillion(866_666))
    #expect(status.free(.memory) == .percent(50))
    #expect(status.reserve == charge(cpu: 12_000, memory: 5_000 * 2))
  }

  /// Slots without any reservation are of 32 MHz, and memory bounds nothing.
  @Test func vg14SlotsWithoutReservations() {
    let status = FailoverPlanner(policy: .slots(tolerate: 1))
      .status(hosts: hosts, vms: [vm(0, 0)])
    #expect(status.slots?.size == charge(cpu: 32))
    #expect(status.hosts.map(\.slots) == [281, 281, 187])
  }

  /// VG15: one failure of N identical hosts keeps 1/N of all: of 4 hosts 25 %, of 5 20 %; two of 10 hosts 20 %.
  @Test func vg15PercentageOfHosts() {
    for (count, failures, percent) in [(4, 1, 25), (5, 1, 20), (10, 2, 20), (2, 1, 50)] {
      let hosts = (0..<count).map { host("h\($0)", 10, 100) }
      let all = charge(cpu: Int64(count) * 10_000, memory: Int64(count) * 102_400)
      let reserve = FailoverPlanner(policy: .percentage(.tolerate(hosts: failures)))
        .reserve(hosts: hosts)
      #expect(reserve.cpu == all.cpu * Int64(percent) / 100)
      #expect(reserve.memory == all.memory * Int64(percent) / 100)
      let explicit = FailoverShare.explicit(
        cpu: .percent(Int64(percent)), memory: .percent(Int64(percent)))
      #expect(FailoverPlanner(policy: .percentage(explicit)).reserve(hosts: hosts) == reserve)
    }
  }

  /// A third of 10,000 kHz is 3333.3…: 3334 are kept. More failures than hosts keep everything.
  @Test func reserveIsRoundedUp() {
    let hosts = [4_000, 3_000, 3_000].map {
      FailoverHost(name: "h", capacity: Charge(cpu: $0, memory: 0))
    }
    func reserve(_ failures: Int) -> Int64 {
      FailoverPlanner(policy: .percentage(.tolerate(hosts: failures))).reserve(hosts: hosts).cpu
    }
    #expect([0, 1, 2, 3, 9, -1].map(reserve) == [0, 3_334, 6_667, 10_000, 10_000, 0])
  }

  /// The hosts and VMs of VG12 by percentage: 24 GHz and 21 GB, used 7 GHz and 6 GB: 17/24 = 70.8333 % and 15/21 =
  /// 71.4285 % are free. With 25 % to keep, 24 − 6 − 7 = 11 GHz (45.8 %) are available: 11 more fit, 12 do not.
  @Test func percentageOfTheGuidesHosts() {
    let planner = FailoverPlanner(
      policy: .percentage(.explicit(cpu: .percent(25), memory: .percent(25))))
    let status = planner.status(hosts: hosts, vms: vms)
    #expect(status.free(.cpu) == PartsPerMillion(708_333))
    #expect(status.free(.memory) == PartsPerMillion(714_285))
    #expect(status.capacity == charge(cpu: 24_000, memory: 21 * 1_024))
    #expect(status.available == charge(cpu: 11_000, memory: 9_984))
    #expect(
      status.words
        == "6000 MHz and 5376 MiB of 24000 MHz and 21504 MiB are kept for failures; 7000 MHz and "
        + "6144 MiB are used, so 70.8333 % of CPU and 71.4285 % of memory are free, and 1 of 3 "
        + "hosts may fail.")
    #expect(status.admits(vm(11, 0)) == nil)
    #expect(
      status.admits(vm(12, 0))
        == .failoverCapacity(
          .init(
            policy: "percentage", count: .amount(.cpu), used: 19_000_000, available: 18_000_000,
            capacityShort: 1_333_334)))
    // Without H1 15 of 24 GHz remain; without H1 and H2 6, which is less than 7.
    #expect(status.hostFailuresSurvived == 1)
  }

  /// What is said to be missing is the least that helps: of new capacity, too, the policy keeps its part. Over many needs
  /// and parts: with as much more the VM is admitted, with 1 kHz less it is not.
  @Test(arguments: testSeeds(usual: 1_000)) func capacityShortIsTheLeastThatHelps(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let count = Int(random.integer(2...5))
    let share: FailoverShare =
      random.isHit(oneIn: 2)
      ? .tolerate(hosts: Int(random.integer(1...Int64(count - 1))))
      : .explicit(cpu: PartsPerMillion(random.integer(1...999_999)), memory: .zero)
    let planner = FailoverPlanner(policy: .percentage(share))
    func status(more: Int64) -> FailoverStatus {
      planner.status(
        hosts: (0..<count).map {
          FailoverHost(
            name: "h\($0)", capacity: Charge(cpu: 100_000 + ($0 == 0 ? more : 0), memory: 0))
        }, vms: [])
    }
    let vm = FailoverVM(charge: Charge(cpu: random.integer(1...1_000_000)))
    guard case .failoverCapacity(let shortage)? = status(more: 0).admits(vm) else { return }
    guard let more = shortage.capacityShort else {
      Issue.record("some capacity would do: \(replay(seed))")
      return
    }
    #expect(status(more: more).admits(vm) == nil, "\(replay(seed))")
    #expect(status(more: more - 1).admits(vm) != nil, "\(replay(seed))")
  }

  /// H2 is kept free: 24 − 9 = 15 GHz and 21 − 6 = 15 GB for VMs.
  @Test func dedicatedHosts() {
    let planner = FailoverPlanner(policy: .dedicated(hosts: [1, 7]))
    let status = planner.status(hosts: hosts, vms: vms)
    #expect(status.reserve == charge(cpu: 9_000, memory: 6_144))
    #expect(status.hosts.map(\.isSpared) == [false, true, false])
    #expect(status.words.hasPrefix("H2 is kept free with 9000 MHz and 6144 MiB; 7000 MHz"))
    #expect(status.admits(vm(8, 9)) == nil)
    #expect(status.admits(vm(9, 9))?.name == "failover_capacity")
    #expect(status.admits(vm(8, 10))?.detail.contains("resource=memory") == true)
  }

  @Test func nothingIsKeptByNone() {
    let status = FailoverPlanner(policy: .none).status(hosts: hosts, vms: vms)
    #expect(status.reserve == .zero && status.isSatisfied)
    #expect(
      status.words == "Nothing is kept for failures; by total capacity 1 of 3 hosts may fail.")
    #expect(status.admits(vm(99, 99)) == nil)
    #expect(
      FailoverPlanner(policy: .slots(tolerate: 1)).status(hosts: [], vms: []).admits(vm(1, 1))
        == .noHost)
  }

  /// Catalog policies bear the catalog's names.
  @Test func catalogMakesWhatItNames() {
    for entry in failoverCatalog { #expect(entry.make(1, 3).name == entry.name) }
    #expect(failoverCatalog.map(\.name) == ["none", "slots", "percentage", "dedicated"])
    #expect(failoverCatalog[3].make(2, 5) == .dedicated(hosts: [3, 4]))
    #expect(failoverCatalog[3].make(9, 2) == .dedicated(hosts: [0, 1]))
  }

  /// Slots survive what they say: whichever `tolerate` hosts are lost, the rest has a slot for every VM, and each VM
  /// fits in a slot. Adding VMs one by one gives the same status as all at once.
  @Test(arguments: testSeeds(usual: 1_000)) func satisfiedSlotsSurvive(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let hosts = (0..<Int(random.integer(1...5))).map { index in
      FailoverHost(
        name: "h\(index)",
        capacity: Charge(cpu: random.integer(0...400_000), memory: random.integer(0...400)),
        isAvailable: !random.isHit(oneIn: 5))
    }
    let tolerate = Int(random.integer(0...3))
    let planner = FailoverPlanner(policy: .slots(tolerate: tolerate))
    var vms: [FailoverVM] = []
    var status = planner.status(hosts: hosts, vms: [])
    for _ in 0..<8 {
      let next = FailoverVM(
        charge: Charge(cpu: random.integer(0...50_000), memory: random.integer(0...50)))
      let refusal = status.admits(next)
      let after = planner.status(hosts: hosts, vms: vms + [next])
      let isPossible = after.isSatisfied && hosts.contains { $0.isAvailable }
      #expect((refusal == nil) == isPossible, "\(replay(seed))")
      guard refusal == nil, let slots = after.slots else { continue }
      vms.append(next)
      status = after
      for vm in vms {
        #expect(vm.counted.cpu <= slots.size.cpu && vm.counted.memory <= slots.size.memory)
      }
      let up = hosts.indices.filter { hosts[$0].isAvailable }
      for lost in subsets(of: up, count: min(tolerate, up.count)) {
        let left = up.filter { !lost.contains($0) }.reduce(0) {
          $0 + (after.hosts[$1].slots ?? 0)
        }
        #expect(left >= Int64(vms.count), "\(replay(seed))")
      }
    }
  }

  private func subsets(of all: [Int], count: Int) -> [[Int]] {
    guard count > 0 else { return [[]] }
    guard let first = all.first, all.count >= count else { return [] }
    let rest = Array(all.dropFirst())
    return subsets(of: rest, count: count - 1).map { [first] + $0 }
      + subsets(of: rest, count: count)
  }
}
