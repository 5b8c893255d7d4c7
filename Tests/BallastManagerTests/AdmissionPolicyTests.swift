import BallastManager
import BallastModel
import BallastUnits
import Foundation
import Testing

struct AdmissionPolicyTests {
  private func room(_ name: String, cpu: Int64, memory: Int64) -> HostRoom {
    HostRoom(
      name: name, capacity: charge(cpu: 10_000, memory: 10_240),
      reserved: charge(cpu: 10_000 - cpu, memory: 10_240 - memory))
  }

  /// 3 GHz and 3 GiB: a has 2 GHz, b 2 GiB. Together 4 GHz and 5 GiB: fragments. b lacks 1/3 of memory, as much as a lacks of
  /// CPU, and a comes first.
  @Test func fragmentsAreToldApart() throws {
    let rooms = [room("a", cpu: 2_000, memory: 3_072), room("b", cpu: 3_000, memory: 2_048)]
    let refusal = try #require(
      AdmissionControl.hostFit(charge: charge(cpu: 3_000, memory: 3_072), on: rooms))
    #expect(
      refusal
        == .hostFit(
          .init(
            hosts: 2, best: "a", cpuShort: .megahertz(1_000), memoryShort: .zero,
            isFragmented: true)))
    #expect(
      refusal.words
        == "None of 2 hosts has room: a, the closest, lacks 1000 MHz of CPU; all hosts' room "
        + "together would do, so moving VMs could make room.")
    #expect(
      AdmissionControl.hostFit(charge: charge(cpu: 3_000, memory: 2_048), on: rooms) == nil)
  }

  /// 11 GHz on hosts of 10: 12 are left in sum, and moving VMs would not help. Rules that exclude others are said.
  @Test func largerThanAnyHost() {
    let rooms = [room("a", cpu: 6_000, memory: 3_072), room("b", cpu: 6_000, memory: 2_048)]
    guard
      case .hostFit(var shortage)? = AdmissionControl.hostFit(
        charge: charge(cpu: 11_000), on: rooms)
    else {
      Issue.record("11 GHz fit nowhere")
      return
    }
    #expect(shortage.isLargerThanHosts && !shortage.isFragmented)
    #expect(
      Refusal.hostFit(shortage).words
        == "None of 2 hosts has room: a, the closest, lacks 5000 MHz of CPU; it reserves more than any of "
        + "them has when empty, so reserve less or add a larger host.")
    shortage = .init(
      hosts: 1, best: "a", cpuShort: .megahertz(5_000), memoryShort: .zero, isFragmented: false,
      excluded: 2)
    #expect(
      Refusal.hostFit(shortage).words
        == "Host a has no room: it lacks 5000 MHz of CPU, and rules exclude the 2 other hosts that are on; "
        + "reserve less or make room there, or relax a rule.")
  }

  /// 6 GHz where 2 + 3 are left: more than all together. b lacks 3/6, a 4/6.
  @Test func tooLittleInTotal() {
    let rooms = [room("a", cpu: 2_000, memory: 3_072), room("b", cpu: 3_000, memory: 2_048)]
    #expect(
      AdmissionControl.hostFit(charge: charge(cpu: 6_000), on: rooms)?.detail
        == "reason=host_fit hosts=2 best=b cpu_short_mhz=3000.000 mem_short_mib=0.000 "
        + "fragmented=false larger_than_hosts=false excluded=0")
    #expect(AdmissionControl.hostFit(charge: .zero, on: []) == .noHost)
  }

  /// A host whose CPU is over-reserved still takes a VM that reserves no CPU.
  @Test func nothingAskedNothingMissed() {
    let over = room("a", cpu: -500, memory: 1_024)
    #expect(AdmissionControl.hostFit(charge: charge(memory: 1_024), on: [over]) == nil)
    #expect(AdmissionControl.hostFit(charge: charge(cpu: 1), on: [over]) != nil)
  }

  private func host(
    cores: Int64, gibibytes: Int64, vcpusUsed: Int64 = 0, memoryUsed: Bytes = .zero
  ) -> AdmissionHost {
    AdmissionHost(
      room: HostRoom(name: "h", capacity: .zero), cores: cores, memory: .gibibytes(gibibytes),
      vcpusUsed: vcpusUsed, memoryUsed: memoryUsed)
  }
  private func vm(vcpus: Int64, _ memory: Bytes) -> AdmissionRequest {
    AdmissionRequest(vcpus: vcpus, memory: memory, charge: charge(cpu: 99_999, memory: 99_999))
  }

  /// 4 cores · 4.0 = 16 vCPUs: 14 + 2 fit, 15 + 2 do not. Reservations do not count.
  @Test func novaCountsVCPUs() {
    let nova = NovaRatios()
    let two = vm(vcpus: 2, .gibibytes(1))
    #expect(nova.refusal(of: two, on: host(cores: 4, gibibytes: 8, vcpusUsed: 14)) == nil)
    let refusal = nova.refusal(of: two, on: host(cores: 4, gibibytes: 8, vcpusUsed: 15))
    #expect(
      refusal?.words
        == "h may carry 16 vCPUs at allocation ratio 4 and carries 15 vCPUs: for the VM's 2 vCPUs "
        + "it is short by 1 vCPU; raise the ratio, add a host or free as much.")
  }

  /// (8192 − 512) · 1.0 = 7680 MiB: 6656 + 1024 fit, one byte more does not. At 1.5: 11,520.
  @Test func novaCountsConfiguredMemory() {
    let gibibyte = vm(vcpus: 1, .gibibytes(1))
    let full = host(cores: 4, gibibytes: 8, memoryUsed: .mebibytes(6_656))
    let over = host(cores: 4, gibibytes: 8, memoryUsed: .mebibytes(6_656) + Bytes(1))
    #expect(NovaRatios().refusal(of: gibibyte, on: full) == nil)
    #expect(NovaRatios().refusal(of: gibibyte, on: over)?.name == "allocation_ratio")
    let more = NovaRatios(memoryRatio: PartsPerMillion(1_500_000))
    #expect(more.refusal(of: gibibyte, on: over) == nil)
    #expect(
      more.refusal(
        of: gibibyte, on: host(cores: 4, gibibytes: 8, memoryUsed: .mebibytes(10_496) + Bytes(1)))
        != nil)
  }

  /// 4.0 · 4 = 16 vCPUs may run, but no VM of 5 on 4 cores.
  @Test func novaHoldsAVMWithinItsHost() {
    let refusal = NovaRatios().refusal(
      of: vm(vcpus: 5, .gibibytes(1)), onAnyOf: [host(cores: 4, gibibytes: 8)])
    #expect(
      refusal?.words
        == "It has 5 vCPUs and h has 4 cores; no VM may be larger than its host.")
    #expect(
      NovaRatios(memoryRatio: PartsPerMillion(4_000_000)).refusal(
        of: vm(vcpus: 1, .gibibytes(9)), on: host(cores: 4, gibibytes: 8)) != nil)
  }

  /// (5 − 1) · 1.25 = 5; of 3 cores, 2 · 1.25 = 2.5, down to 2.
  @Test func novaRoundsDown() {
    let nova = NovaRatios(cpuRatio: PartsPerMillion(1_250_000), reservedCores: 1)
    #expect(nova.refusal(of: vm(vcpus: 5, .zero), on: host(cores: 5, gibibytes: 1)) == nil)
    #expect(nova.refusal(of: vm(vcpus: 2, .zero), on: host(cores: 3, gibibytes: 1)) == nil)
    #expect(nova.refusal(of: vm(vcpus: 3, .zero), on: host(cores: 3, gibibytes: 1)) != nil)
  }

  @Test func catalogMakesWhatItNames() {
    let host = host(cores: 1, gibibytes: 1)
    let large = vm(vcpus: 4, .gibibytes(4))
    #expect(admissionCatalog.map(\.name) == ["none", "strict", "nova-ratios"])
    #expect(
      admissionCatalog.map { $0.make().refusal(of: large, onAnyOf: [host])?.name }
        == [nil, "host_fit", "allocation_ratio"])
    for entry in admissionCatalog {
      #expect(entry.make().refusal(of: large, onAnyOf: []) == .noHost)
    }
    #expect(admissionCatalog.map { $0.make().checksReservations } == [false, true, false])
  }

  /// A refusal survives being written and read, says its keyword first and ends its sentence.
  @Test func refusalsAreValues() throws {
    let shortage = Refusal.FailoverShortage(
      policy: "slots", count: .slots, used: 7, available: 6)
    let refusals: [Refusal] = [
      .noHost, .affinityRule(rule: "db-apart", hosts: 3), .failoverCapacity(shortage),
      .reservationAboveSize(resource: .cpu, reservation: 2, size: 1),
      .failoverCapacity(
        .init(policy: "percentage", count: .amount(.memory), used: 2 << 20, available: 1 << 20)),
    ]
    for refusal in refusals {
      let data = try JSONEncoder().encode(refusal)
      #expect(try JSONDecoder().decode(Refusal.self, from: data) == refusal)
      #expect(refusal.detail.hasPrefix("reason=\(refusal.name)"))
      #expect(refusal.words.hasSuffix("."))
    }
  }
}
