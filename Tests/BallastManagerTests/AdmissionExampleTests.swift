import BallastModel
import BallastTestSupport
import BallastUnits
import Testing

@testable import BallastManager

/// The worked cases of the vSphere guides, by their ids in Tests/Fixtures/validation/vmware_guide_examples.csv, and
/// cases like them with other numbers.
struct AdmissionExampleTests {
  /// VG1: 2 vCPUs, 1 GiB, Normal → 2 · 1000 CPU shares and 1024 · 10 memory shares.
  @Test func vg1SharesOfANormalVM() {
    let esxi = HypervisorProfile.esxi
    #expect(esxi.cpuShares(.normal, vcpus: 2) == Shares(2_000))
    #expect(esxi.memoryShares(.normal, configured: .gibibytes(1)) == Shares(10_240))
  }

  /// VG2: per vCPU 500/1000/2000, per MiB 5/10/20.
  @Test func vg2SharesPerVCPUAndMebibyte() {
    let levels: [SharesSetting] = [.low, .normal, .high]
    #expect(levels.map { ShareScale.cpu($0, vcpus: 1).value } == [500, 1_000, 2_000])
    #expect(levels.map { ShareScale.memory($0, configured: .mebibytes(1)).value } == [5, 10, 20])
  }

  /// VG3: a pool counts as 4 vCPUs and 16 GiB: 4 · 500 … and 16,384 · 5 ….
  @Test func vg3SharesOfAPool() {
    let levels: [SharesSetting] = [.low, .normal, .high]
    #expect(levels.map { ShareScale.poolCPU($0).value } == [2_000, 4_000, 8_000])
    #expect(levels.map { ShareScale.poolMemory($0).value } == [81_920, 163_840, 327_680])
  }

  /// VG4: 8 GHz, two equal VMs that want all → 4 GHz each. VG5: a third with twice the shares → 4, and 2 for the others.
  @Test func vg4vg5SharesDivideCPU() {
    let all = Int64(8_000_000)
    #expect(
      waterFill(capacity: all, lower: [0, 0], upper: [all, all], weights: [1_000, 1_000])
        == [4_000_000, 4_000_000])
    #expect(
      waterFill(
        capacity: all, lower: [0, 0, 0], upper: [all, all, all], weights: [1_000, 1_000, 2_000])
        == [2_000_000, 2_000_000, 4_000_000])
  }

  /// VG7: 2 GHz; both reserve 1 GHz; one wants 0.5, the other 2 → 0.5 and 1.5: a reservation is not hoarded. Both are
  /// admitted, since 1 + 1 = 2, and a third that reserves anything is not.
  @Test func vg7ReservationIsNotHoarded() {
    var division = Division()
    let rows = division.start(rows: 2)
    for (row, demand) in [Int64(500_000), 2_000_000].enumerated() {
      rows.set(
        row, reservation: 1_000_000, demand: demand, limit: .max, size: 2_000_000, weight: 1_000)
    }
    division.divide(capacity: 2_000_000, poolOfRow: [0, 0], keepsReserved: false)
    #expect([rows.granted[0], rows.granted[1]] == [500_000, 1_500_000])
    var control = admission([], cpu: 2_000)
    #expect(control.admit(0, pool: 0, mhz: 1_000) == nil)
    #expect(control.admit(1, pool: 0, mhz: 1_000) == nil)
    #expect(control.admit(2, pool: 0, mhz: 1)?.name == "pool_reservation")
  }

  /// RP-MOM with 6 GHz, fixed; in it VM-M1 and RP-KID with 2 GHz. Pools: 1 RP-MOM, 2 RP-KID; VMs: 0 M1, 1 K1, 2 K2.
  private func momAndKid(kidIsExpandable: Bool, m1: Int64) -> AdmissionControl {
    let kid = pool("RP-KID", cpu: 2_000, expandable: kidIsExpandable)
    var control = admission([pool("RP-MOM", cpu: 6_000, expandable: false, [kid])])
    #expect(control.problems.isEmpty && control.admit(0, pool: 1, mhz: m1) == nil)
    return control
  }

  /// VG8: 6 − 1 − 2 = 3 GHz unreserved in RP-MOM. K1 takes RP-KID's own 2; K2 borrows 2, and 3 − 2 = 1 is left.
  @Test func vg8ExpandablePoolBorrows() throws {
    var control = momAndKid(kidIsExpandable: true, m1: 1_000)
    #expect(control.admit(1, pool: 2, mhz: 2_000) == nil)
    #expect(control.unreserved(2).cpu == 0)
    #expect(control.unreserved(1).cpu == 3_000_000)
    #expect(control.available(2).cpu == 3_000_000)
    #expect(control.admit(2, pool: 2, mhz: 2_000) == nil)
    #expect(control.unreserved(1).cpu == 1_000_000)
    #expect(control.reserved(2).cpu == 4_000_000 && control.borrowed(2).cpu == 2_000_000)
    let own = try #require(control.record(of: VMIndex(1)))
    #expect(own.steps == [.init(pool: 2, own: charge(cpu: 2_000), borrowed: .zero)])
    let borrowed = try #require(control.record(of: VMIndex(2)))
    #expect(
      borrowed.steps == [
        .init(pool: 2, own: .zero, borrowed: charge(cpu: 2_000)),
        .init(pool: 1, own: charge(cpu: 2_000), borrowed: .zero),
      ])
  }

  /// VG9: the VMs in RP-MOM reserve 3 GHz: 6 − 3 − 2 = 1 GHz < 2 GHz, so K2 is refused where the borrowing ends.
  @Test func vg9ParentIsShort() throws {
    var control = momAndKid(kidIsExpandable: true, m1: 3_000)
    #expect(control.admit(1, pool: 2, mhz: 2_000) == nil)
    let before = control
    let answer = control.admit(2, pool: 2, mhz: 2_000)
    let refusal = try #require(answer)
    #expect(control == before)
    guard case .poolReservation(let shortage) = refusal else {
      Issue.record("\(refusal)")
      return
    }
    #expect(shortage.pool == "RP-MOM" && shortage.bound == .fixed)
    #expect(shortage.needed == 2_000_000 && shortage.unreserved == 1_000_000)
    #expect(shortage.short == 1_000_000)
    #expect(
      shortage.asks == [
        .init(pool: "RP-MOM/RP-KID", asked: 2_000_000, unreserved: 0),
        .init(pool: "RP-MOM", asked: 2_000_000, unreserved: 1_000_000),
      ])
    #expect(
      refusal.words
        == "Pool RP-MOM/RP-KID is asked for 2000 MHz of CPU and has 0 MHz unreserved; pool RP-MOM "
        + "is asked for the missing 2000 MHz and has 1000 MHz, and its reservation is fixed: raise "
        + "it by 1000 MHz, make it expandable, or reserve 1000 MHz less.")
    #expect(
      refusal.detail
        == "reason=pool_reservation resource=cpu pool=RP-MOM bound=fixed needed_mhz=2000.000 "
        + "unreserved_mhz=1000.000 short_mhz=1000.000 "
        + "asked_mhz=RP-MOM/RP-KID:2000.000>RP-MOM:2000.000")
  }

  /// VG10: RP-KID is fixed: its 2 GHz are K1's, and K2 is refused although RP-MOM has 3 GHz.
  @Test func vg10FixedPoolDoesNotBorrow() {
    var control = momAndKid(kidIsExpandable: false, m1: 1_000)
    #expect(control.admit(1, pool: 2, mhz: 2_000) == nil)
    let refusal = control.admit(2, pool: 2, mhz: 2_000)
    guard case .poolReservation(let shortage)? = refusal else {
      Issue.record("\(String(describing: refusal))")
      return
    }
    #expect(shortage.pool == "RP-MOM/RP-KID" && shortage.short == 2_000_000)
    #expect(control.unreserved(1).cpu == 3_000_000)
  }

  /// VG11: 6 GHz and 3 GiB, shares 8000:4000 and 327,680:163,840, both want all → 2:1.
  @Test func vg11PoolsDivideByShares() {
    func divided(_ capacity: Int64, _ weights: [Int64]) -> [Int64] {
      var division = Division()
      let rows = division.start(rows: 2)
      for row in 0..<2 {
        rows.set(
          row, reservation: 0, demand: capacity, limit: .max, size: capacity, weight: 1)
      }
      division.append(Division.Pool(parent: -1, reservation: 0, limit: .max, weight: 1))
      for weight in weights {
        division.append(Division.Pool(parent: 0, reservation: 0, limit: .max, weight: weight))
      }
      division.divide(capacity: capacity, poolOfRow: [1, 2], keepsReserved: false)
      return [rows.granted[0], rows.granted[1]]
    }
    let levels: [SharesSetting] = [.high, .normal]
    #expect(
      divided(6_000_000, levels.map { ShareScale.poolCPU($0).value }) == [4_000_000, 2_000_000])
    #expect(
      divided(3 << 30, levels.map { ShareScale.poolMemory($0).value }) == [2 << 30, 1 << 30])
  }

  /// VG16: 1 GiB configured, limit 2 GiB: the limit is allowed and never reached, the cap is min(2, 1) = 1 GiB.
  @Test func vg16LimitAboveSizeIsHarmless() {
    let settings = VMSettings(memoryLimit: 2 << 30)
    #expect(settings.refusal(cpuSize: .megahertz(1_000), memorySize: .gibibytes(1)) == nil)
    #expect(
      waterFill(
        capacity: 8 << 30, lower: [0], upper: [min(settings.memoryLimit, 1 << 30)], weights: [1])
        == [1 << 30])
  }

  /// VG17: 4 · 1 GiB on 2 GiB is 2.0-fold; without reservations and overhead all four are admitted, and on that host.
  /// With 1 GiB reserved each, two are.
  @Test func vg17OvercommittedWithoutReservations() {
    var free = admission([], memory: 2_048)
    var promised = free
    let admitted = (0..<4).map { vm in
      (
        free.admit(VMIndex(vm), pool: 0, charge: .zero) == nil,
        promised.admit(VMIndex(vm), pool: 0, charge: charge(memory: 1_024)) == nil
      )
    }
    #expect(admitted.map(\.0) == [true, true, true, true])
    #expect(admitted.map(\.1) == [true, true, false, false])
    let host = HostRoom(name: "a", capacity: charge(memory: 2_048))
    #expect(AdmissionControl.hostFit(charge: .zero, on: [host]) == nil)
  }

  /// Every id that is checked here or in FailoverTests and MemoryOverheadTests is a row of the table.
  @Test func idsAreOfTheTable() throws {
    let ids = try fixture("validation/vmware_guide_examples.csv").split(whereSeparator: \.isNewline)
      .compactMap { $0.split(separator: ",").first }
    for id in [1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 14, 15, 16, 17, 18] {
      #expect(ids.contains("VG\(id)"))
    }
  }
}
