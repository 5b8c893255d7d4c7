import BallastMachine
import BallastManager
import BallastModel
import BallastTestSupport
import BallastUnits
import Testing

/// What a simulated host delivers, books and reports. VMs have 2 vCPUs of 1 GHz and 1 GiB.
struct MachineTests {
  // MARK: Sharing, ready and limited time

  /// 3 GHz for demands of 2, 1 and 2 GHz and equal weights: VM 1 has its 1 GHz, the others as much each.
  @Test func capacityIsShared() {
    var bench = Bench.running([.constant(100), .constant(50), .constant(100)], cores: 3)
    bench.advance(seconds: 10)
    #expect(bench.sample().map(\.used) == [1_000_000, 1_000_000, 1_000_000])
  }

  /// A limit of 600 MHz with room to spare: of 1 GHz, 400 MHz are kept back, all of it by the limit.
  @Test func limitedTimeIsKeptBackByTheLimit() throws {
    var bench = Bench.running([.constant(50)])
    try bench.apply([0: VMSettings(cpuLimit: 600_000)])
    bench.advance(seconds: 10)
    #expect(
      bench.sample() == [Rates(vm: 0, demand: 1_000_000, unlimited: 600_000, used: 600_000)])
  }

  /// 2 GHz for two that want 2 GHz each, one limited to 1.5: both get 1. Of the 1 GHz that VM 0 misses, 0.5 is its
  /// limit's doing; VM 1's is all contention.
  @Test func readyAndLimitedTimeAreToldApart() throws {
    var bench = Bench.running([.constant(100), .constant(100)], cores: 2)
    try bench.apply([0: VMSettings(cpuLimit: 1_500_000), 1: VMSettings()])
    bench.advance(seconds: 10)
    #expect(
      bench.sample() == [
        Rates(vm: 0, demand: 2_000_000, unlimited: 1_500_000, used: 1_000_000),
        Rates(vm: 1, demand: 2_000_000, unlimited: 2_000_000, used: 1_000_000),
      ])
  }

  /// A pool limited to 1 GHz with two VMs that want 1 GHz each: 0.5 each, the rest kept back by the pool. VM 2 beside
  /// it is not touched.
  @Test func poolLimitIsLimitedTime() throws {
    var bench = Bench.running([.constant(50), .constant(50), .constant(100)])
    try bench.apply(
      [0: VMSettings(pool: 1), 1: VMSettings(pool: 1), 2: VMSettings()],
      pools: [
        .init(pool: 0, parent: -1, reservation: 0, limit: .max, weight: 1),
        .init(pool: 1, parent: 0, reservation: 0, limit: 1_000_000, weight: 1_000),
      ])
    bench.advance(seconds: 10)
    #expect(
      bench.sample() == [
        Rates(vm: 0, demand: 1_000_000, unlimited: 500_000, used: 500_000),
        Rates(vm: 1, demand: 1_000_000, unlimited: 500_000, used: 500_000),
        Rates(vm: 2, demand: 2_000_000, unlimited: 2_000_000, used: 2_000_000),
      ])
  }

  /// A plan for a pool whose VM 1 has gone still sets the pool's limit for VM 0.
  @Test func poolsOfAPlanWithAVanishedVMAreTaken() throws {
    var bench = Bench.running([.constant(100), .constant(100)])
    bench.powerOff(1)
    try bench.apply(
      [0: VMSettings(pool: 1), 1: VMSettings(pool: 1)],
      pools: [
        .init(pool: 0, parent: -1, reservation: 0, limit: .max, weight: 1),
        .init(pool: 1, parent: 0, reservation: 0, limit: 300_000, weight: 1_000),
      ])
    bench.advance(seconds: 10)
    #expect(bench.sample().map(\.used) == [300_000])
  }

  /// 2 GHz, both want 2. Weights 1:1 until 2 s, 3:1 until 5 s, then a limit of 0.4 GHz on VM 0 until 10 s:
  /// (2 × 1 + 3 × 1.5 + 5 × 0.4) / 10 = 0.85 and (2 × 1 + 3 × 0.5 + 5 × 1.6) / 10 = 1.15 GHz; VM 0 was kept from
  /// 1.6 GHz for half the time.
  @Test func meansCoverSeveralChanges() throws {
    var bench = Bench.running([.constant(100), .constant(100)], cores: 2)
    try bench.apply([0: VMSettings(), 1: VMSettings()])
    bench.advance(seconds: 2)
    try bench.apply([0: VMSettings(cpuWeight: 3_000), 1: VMSettings()])
    bench.advance(seconds: 3)
    try bench.apply([0: VMSettings(cpuLimit: 400_000), 1: VMSettings()])
    bench.advance(seconds: 5)
    #expect(
      bench.sample() == [
        Rates(vm: 0, demand: 2_000_000, unlimited: 1_200_000, used: 850_000),
        Rates(vm: 1, demand: 2_000_000, unlimited: 2_000_000, used: 1_150_000),
      ])
    bench.advance(seconds: 10)
    #expect(bench.sample().map(\.used) == [400_000, 1_600_000])
  }

  // MARK: Power within a sample

  /// On from 3 to 16 s at 2 GHz: 7 / 10 of the first sample, 6 / 10 of the second, no row in the third.
  @Test func offCountsAsZero() {
    var bench = Bench([.constant(100)])
    bench.advance(seconds: 3)
    bench.powerOn(0)
    bench.advance(seconds: 7)
    #expect(bench.sample().map(\.used) == [1_400_000])
    bench.advance(seconds: 6)
    bench.powerOff(0)
    bench.advance(seconds: 4)
    #expect(
      bench.sample() == [
        Rates(vm: 0, demand: 1_200_000, unlimited: 1_200_000, used: 1_200_000, isOn: false)
      ])
    bench.advance(seconds: 10)
    #expect(bench.sample().isEmpty)
  }

  /// Off at the very start of a sample in which something else changes: no row in it.
  @Test func offForAWholeSampleHasNoRow() {
    var bench = Bench.running([.constant(50), GuestWorkload(cpu: steps([(15, 100)]))])
    bench.advance(seconds: 10)
    #expect(bench.sample().map(\.vm) == [0, 1])
    bench.powerOff(0)
    bench.advance(seconds: 10)
    #expect(bench.sample().map(\.vm) == [1])
  }

  /// The only VM left before the change it was waiting for: nothing happens, and the sample is empty.
  @Test func emptyHostIsSampled() {
    var bench = Bench.running([GuestWorkload(cpu: steps([(15, 100)]))])
    bench.advance(seconds: 10)
    #expect(bench.sample().map(\.used) == [0])
    bench.powerOff(0)
    bench.advance(seconds: 10)
    #expect(bench.sample().isEmpty)
  }

  /// On for 2 s, off for 3, on for 5: one row, on, with 7 / 10 of 2 GHz.
  @Test func restartWithinASampleHasOneRow() {
    var bench = Bench.running([.constant(100)])
    bench.advance(seconds: 2)
    bench.powerOff(0)
    bench.advance(seconds: 3)
    bench.powerOn(0)
    bench.advance(seconds: 5)
    #expect(
      bench.sample() == [
        Rates(vm: 0, demand: 1_400_000, unlimited: 1_400_000, used: 1_400_000)
      ])
  }

  /// On for 2 s on host 0 and for 5 s on host 1: one row, on host 1, with all of it. Each host's own work is the sum of
  /// its rows and of what is elsewhere: 2 / 10 and 5 / 10 of 2 GHz.
  @Test func restartElsewhereHasOneRow() {
    var bench = Bench(cores: [4, 4], [.constant(100)])
    bench.powerOn(0, on: 0)
    bench.advance(seconds: 2)
    bench.powerOff(0)
    bench.advance(seconds: 3)
    bench.powerOn(0, on: 1)
    bench.advance(seconds: 5)
    let first = bench.machine.takeSample(HostIndex(0), at: bench.now)
    #expect(first.count == 0 && first.usedElsewhere == 400_000)
    let second = bench.machine.takeSample(HostIndex(1), at: bench.now)
    #expect(second.count == 1 && second.used[0] == 1_400_000)
    #expect(second.used[0] + second.usedElsewhere == 1_000_000)
  }

  /// Three hosts too small for five VMs, which are off and on elsewhere at any nanosecond of samples of 7 s: on each host 0
  /// ≤ used ≤ demand, and the hosts' parts add up to the VMs' rows.
  @Test(arguments: testSeeds(usual: 200)) func partsOfASampleAddUp(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var bench = Bench(
      cores: [1, 2, 3], (0..<5).map { _ in .constant(random.integer(30...100)) })
    for vm in 0..<5 { bench.powerOn(vm, on: Int(random.integer(0...2))) }
    for _ in 0..<4 {
      for _ in 0..<random.integer(1...6) {
        bench.advance(nanoseconds: random.integer(1...1_000_000_000))
        let vm = Int(random.integer(0...4))
        bench.powerOff(vm)
        bench.powerOn(vm, on: Int(random.integer(0...2)))
      }
      bench.advance(
        nanoseconds: (bench.now.value / 7_000_000_000 + 1) * 7_000_000_000 - bench.now.value)
      var rows = (demand: Int64(0), used: Int64(0))
      var hosts = (demand: Int64(0), used: Int64(0))
      for host in 0..<3 {
        let columns = bench.machine.takeSample(HostIndex(host), at: bench.now)
        let demand = (0..<columns.count).reduce(0) { $0 + columns.demand[$1] }
        let used = (0..<columns.count).reduce(0) { $0 + columns.used[$1] }
        let own = (demand: demand + columns.demandElsewhere, used: used + columns.usedElsewhere)
        #expect(0 <= own.used && own.used <= own.demand, "\(replay(seed))")
        rows = (rows.demand + demand, rows.used + used)
        hosts = (hosts.demand + own.demand, hosts.used + own.used)
      }
      #expect(rows == hosts, "\(replay(seed))")
    }
  }

  // MARK: Memory

  /// Touched 50, 100, 20 % of 1 GiB: mapped 512, 1024 and still 1024 MiB. A restart begins anew.
  @Test func mappedMemoryOnlyGrows() {
    let touched = steps([(0, 50), (10, 100), (20, 20)])
    var bench = Bench.running([GuestWorkload(memoryTouched: touched)])
    var mapped: [Bytes] = []
    for _ in 0..<3 {
      bench.advance(seconds: 10)
      mapped.append(Bytes(bench.machine.memory(of: VMIndex(0)).consumed))
      #expect(bench.machine.memoryConsumed(on: HostIndex(0)) == mapped.last)
    }
    #expect(mapped == [.mebibytes(512), .mebibytes(1_024), .mebibytes(1_024)])
    bench.powerOff(0)
    #expect(bench.machine.memoryConsumed(on: HostIndex(0)) == .zero)
    bench.powerOn(0)
    #expect(bench.machine.memoryConsumed(on: HostIndex(0)) == Bytes((1 << 30) / 5))
  }

  /// What is active has been touched: 75 % active with 25 % touched maps 768 MiB.
  @Test func activeMemoryIsMapped() {
    let bench = Bench.running([
      GuestWorkload(
        memoryActive: .constant(.percent(75)), memoryTouched: .constant(.percent(25)))
    ])
    let memory = bench.machine.memory(of: VMIndex(0))
    #expect(memory.active == 768 << 20 && memory.consumed == 768 << 20)
  }

  /// A host of 1 GiB: 512 MiB, at 4 s 512 more (exactly full), at 7 s 256 more (over), at 9 s one VM ends (under).
  @Test func overcommitIsNoticedWhenItHappens() {
    var bench = Bench(
      memory: .gibibytes(1),
      [
        GuestWorkload(memoryTouched: steps([(0, 50), (4, 100)])),
        GuestWorkload(memoryTouched: steps([(7, 25)])),
      ])
    bench.powerOn(0)
    bench.powerOn(1)
    bench.advance(seconds: 9)
    #expect(
      bench.machine.takeOvercommitChanges(HostIndex(0)).map { $0.time } == [.seconds(7)])
    bench.powerOff(1)
    let changes = bench.machine.takeOvercommitChanges(HostIndex(0))
    #expect(changes.map(\.time) == [.seconds(9)])
    #expect(changes.map(\.isOvercommitted) == [false])
    #expect(changes.map(\.consumed) == [.gibibytes(1)])
    #expect(bench.machine.takeOvercommitChanges(HostIndex(0)).isEmpty)
  }
}
