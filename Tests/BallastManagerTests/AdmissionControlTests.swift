import BallastManager
import BallastModel
import BallastUnits
import Testing

/// Cases of our own, with their sums.
struct AdmissionControlTests {
  /// a (4 GHz) > b (1 GHz) > c (no reservation), all expandable, 10 GHz: a VM of 7 in c takes 0 of c, 1 of b, 4 − 1 = 3
  /// of a (b's own 1 is charged to a already) and 7 − 1 − 3 = 3 of the root's 10 − 4 = 6.
  @Test func borrowingClimbsToTheRoot() throws {
    var control = admission(
      [pool("a", cpu: 4_000, [pool("b", cpu: 1_000, [pool("c")])])], cpu: 10_000)
    #expect(control.available(3).cpu == 10_000_000)
    #expect(control.admit(0, pool: 3, mhz: 7_000) == nil)
    let record = try #require(control.record(of: VMIndex(0)))
    #expect(record.steps.map(\.pool) == [3, 2, 1, 0])
    #expect(record.steps.map(\.own.cpu) == [0, 1_000_000, 3_000_000, 3_000_000])
    #expect(record.steps.map(\.borrowed.cpu) == [7_000_000, 6_000_000, 3_000_000, 0])
    #expect(control.unreserved(0).cpu == 3_000_000)
    #expect(control.admit(1, pool: 3, mhz: 3_000) == nil)
    #expect(control.admit(2, pool: 3, mhz: 1)?.name == "pool_reservation")
  }

  /// A pool of 2 GHz; VM 0 holds them, VM 1 borrows 1. When VM 0 leaves, VM 1 moves up: nothing is borrowed any more.
  @Test func whoBorrowedMovesUpWhenOwnIsFree() throws {
    var control = admission([pool("a", cpu: 2_000)], cpu: 3_000)
    #expect(control.admit(0, pool: 1, mhz: 2_000) == nil)
    #expect(control.admit(1, pool: 1, mhz: 1_000) == nil)
    #expect(control.borrowed(1).cpu == 1_000_000)
    control.release(VMIndex(0))
    #expect(control.borrowed(1).cpu == 0 && control.unreserved(0).cpu == 1_000_000)
    let record = try #require(control.record(of: VMIndex(1)))
    #expect(record.steps == [.init(pool: 1, own: charge(cpu: 1_000), borrowed: .zero)])
    #expect(control.record(of: VMIndex(0)) == nil)
  }

  /// CPU fits and memory does not: neither is taken.
  @Test func bothResourcesOrNone() {
    var control = admission([], cpu: 1_000, memory: 512)
    let before = control
    let refusal = control.admit(VMIndex(3), pool: 0, charge: charge(cpu: 1_000, memory: 513))
    #expect(refusal?.words.contains("1 MiB less reserved") == true)
    #expect(control == before)
    #expect(control.admit(VMIndex(3), pool: 0, charge: charge(cpu: 1_000, memory: 512)) == nil)
    #expect(control.unreserved(0) == .zero)
  }

  /// 3 GHz of 4 reserved; 2 → 4 is refused and 2 stands; 2 → 3 holds.
  @Test func refusedReconfigurationLeavesTheOldOne() {
    var control = admission([], cpu: 4_000)
    #expect(control.admit(0, pool: 0, mhz: 2_000) == nil)
    #expect(control.admit(1, pool: 0, mhz: 1_000) == nil)
    #expect(control.reconfigure(VMIndex(0), charge: charge(cpu: 4_000)) != nil)
    #expect(control.holding(of: VMIndex(0))?.charge == charge(cpu: 2_000))
    #expect(control.reconfigure(VMIndex(0), charge: charge(cpu: 3_000)) == nil)
    #expect(control.unreserved(0).cpu == 0)
    #expect(control.reconfigure(VMIndex(7), charge: charge(cpu: 9_000)) == nil)
    #expect(!control.isAdmitted(VMIndex(7)))
  }

  /// A VM admitted again moves: 2 GHz of a become 1 GHz of b.
  @Test func admittedAgainMoves() {
    var control = admission([
      pool("a", cpu: 2_000, expandable: false), pool("b", cpu: 2_000, expandable: false),
    ])
    #expect(control.admit(0, pool: 1, mhz: 2_000) == nil)
    #expect(control.admit(0, pool: 2, mhz: 3_000) != nil)
    #expect(control.holding(of: VMIndex(0))?.pool == 1)
    #expect(control.admit(0, pool: 2, mhz: 1_000) == nil)
    #expect(control.reserved(1).cpu == 0 && control.reserved(2).cpu == 1_000_000)
  }

  /// 4 GHz, a pool of 3 that holds 3. Shrunk to 1: expandable borrows 2; fixed is refused. Grown to 5: the root is 1 short.
  @Test func poolsAreReconfigured() {
    var control = admission([pool("a", cpu: 3_000)], cpu: 4_000)
    #expect(control.admit(0, pool: 1, mhz: 3_000) == nil)
    let before = control
    func change(_ mhz: Int64, expandable: Bool, limit: Int64? = nil) -> Refusal? {
      control.configure(
        pool: 1,
        cpu: .init(
          reservation: .megahertz(mhz), limit: limit.map(Kilohertz.megahertz),
          expandable: expandable),
        memory: .init())
    }
    #expect(
      change(1_000, expandable: false)
        == .poolReservation(
          .init(
            resource: .cpu, bound: .fixed,
            asks: [.init(pool: "a", asked: 3_000_000, unreserved: 1_000_000)], room: 1_000_000)))
    #expect(change(5_000, expandable: true)?.detail.contains("short_mhz=1000.000") == true)
    #expect(change(1_000, expandable: true, limit: 2_000)?.detail.contains("bound=limit") == true)
    #expect(change(2_000, expandable: true, limit: 1_000)?.name == "limit_below_reservation")
    #expect(control == before)
    #expect(change(1_000, expandable: true) == nil)
    #expect(control.borrowed(1).cpu == 2_000_000 && control.unreserved(0).cpu == 1_000_000)
    #expect(change(3_000, expandable: true) == nil && control == before)
  }

  /// A limit bounds what an expandable pool can promise: 2 GHz limit, 1 + 1 fit, 1 MHz more does not.
  @Test func limitBoundsBorrowing() {
    var control = admission([pool("a", cpuLimit: 2_000)])
    #expect(control.available(1).cpu == 2_000_000)
    #expect(control.admit(0, pool: 1, mhz: 1_000) == nil)
    #expect(control.admit(1, pool: 1, mhz: 1_000) == nil)
    #expect(control.admit(2, pool: 1, mhz: 1)?.words.contains("raise the limit by 1 MHz") == true)
  }

  /// 9 GHz, 6 promised. With 5 left the cluster is yellow: nobody is stopped, new promises are refused, less may be
  /// asked for, a VM without reservation comes in. With 6 it is green again.
  @Test func lostCapacityRefusesOnlyTheNew() {
    var control = admission([pool("a", cpu: 4_000)], cpu: 9_000)
    #expect(control.admit(0, pool: 1, mhz: 1_000) == nil)
    #expect(control.admit(1, pool: 0, mhz: 2_000) == nil)
    control.setCapacity(charge(cpu: 5_000, memory: 1_024))
    #expect(control.state == .yellow && control.unreserved(0).cpu == -1_000_000)
    #expect(control.problems == [.init(pool: 0, resource: .cpu, short: 1_000_000)])
    #expect(control.isAdmitted(VMIndex(0)) && control.isAdmitted(VMIndex(1)))
    #expect(
      control.admit(2, pool: 1, mhz: 1)?.words
        == "The cluster has 6000 MHz of CPU reserved and only 5000 MHz to back it, so nothing more "
        + "is admitted: free 1000 MHz or bring capacity back.")
    #expect(control.admit(VMIndex(3), pool: 0, charge: charge(memory: 1_024)) == nil)
    #expect(control.reconfigure(VMIndex(1), charge: charge(cpu: 2_001)) != nil)
    #expect(control.reconfigure(VMIndex(1), charge: charge(cpu: 2_000)) == nil)
    #expect(control.available(1).cpu == 0)
    control.setCapacity(charge(cpu: 6_000, memory: 1_024))
    #expect(control.state == .green && control.problems.isEmpty)
    #expect(control.admit(2, pool: 1, mhz: 1) == nil)
  }

  /// Children of 2 + 2 GHz in a fixed pool of 3: red, 1 GHz short, and the pool still charges its parent only 3. Raising
  /// it to 3.5 does not mend it and is allowed; to 4 it does. Lowering it further is not.
  @Test func treeThatDoesNotAddUpIsRed() {
    var control = admission([
      pool("a", cpu: 3_000, expandable: false, [pool("b", cpu: 2_000), pool("c", cpu: 2_000)])
    ])
    #expect(control.state == .red && control.reserved(0).cpu == 3_000_000)
    #expect(control.problems == [.init(pool: 1, resource: .cpu, short: 1_000_000)])
    #expect(control.admit(0, pool: 0, mhz: 1)?.name == "overcommitted")
    func raise(_ mhz: Int64) -> Refusal? {
      control.configure(
        pool: 1, cpu: .init(reservation: .megahertz(mhz), expandable: false),
        memory: .init(expandable: false))
    }
    #expect(raise(2_500)?.name == "pool_reservation")
    #expect(raise(3_500) == nil && control.state == .red)
    #expect(raise(4_000) == nil && control.state == .green)
    #expect(control.admit(0, pool: 0, mhz: 1) == nil)
  }

  /// A pool that reserves more than all hosts have: yellow from the start, 2 GHz short.
  @Test func poolsBeyondTheHostsAreReported() {
    let control = admission([pool("a", cpu: 12_000)], cpu: 10_000)
    #expect(control.problems == [.init(pool: 0, resource: .cpu, short: 2_000_000)])
    #expect(control.state == .yellow)
  }

  /// A fixed parent passes nothing on: b borrows from a until a's 3 GHz are gone, although the root has 97.
  @Test func fixedParentStopsBorrowing() {
    var control = admission([pool("a", cpu: 3_000, expandable: false, [pool("b", cpu: 1_000)])])
    #expect(control.admit(0, pool: 2, mhz: 3_000) == nil)
    #expect(control.admit(1, pool: 2, mhz: 1)?.detail.contains("pool=a bound=fixed") == true)
  }

  /// Reservations near 2^63 add up without a trap.
  @Test func hugeNumbersAreRefusedNotTrapped() {
    var control = AdmissionControl(
      tree: PoolTree(
        [pool("a", [pool("b")])], profile: .esxi), capacity: Charge(cpu: .max, memory: .max))
    let huge = Charge(cpu: .max, memory: .max)
    #expect(control.admit(VMIndex(0), pool: 2, charge: huge) == nil)
    let refusal = control.admit(VMIndex(1), pool: 2, charge: huge)
    #expect(refusal?.words.isEmpty == false && refusal?.detail.isEmpty == false)
    #expect(control.admit(VMIndex(2), pool: 1, charge: Charge(cpu: -5, memory: .min)) == nil)
    control.setCapacity(Charge(cpu: .min, memory: -1))
    #expect(control.state == .yellow && control.capacity == .zero)
    control.release(VMIndex(0))
    #expect(control.state == .green)
  }

  /// vCPUs × clock and configured memory bound a VM's own reservation; its limit must hold it.
  @Test func impossibleSettingsAreRefused() {
    func refusal(_ settings: VMSettings) -> Refusal? {
      settings.refusal(cpuSize: .megahertz(2_000), memorySize: .gibibytes(1))
    }
    #expect(refusal(VMSettings(cpuReservation: 2_000_000, memoryReservation: 1 << 30)) == nil)
    #expect(
      refusal(VMSettings(cpuReservation: 2_000_001))
        == .reservationAboveSize(resource: .cpu, reservation: 2_000_001, size: 2_000_000))
    #expect(
      refusal(VMSettings(memoryReservation: 2 << 30))?.words
        == "It reserves 2048 MiB of memory but can use 1024 MiB at most; lower the reservation or "
        + "enlarge the VM.")
    #expect(
      refusal(VMSettings(cpuReservation: 5, cpuLimit: 4))
        == .limitBelowReservation(resource: .cpu, limit: 4, reservation: 5))
  }
}
