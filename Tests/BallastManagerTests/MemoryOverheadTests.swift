import BallastModel
import BallastUnits
import Testing

struct MemoryOverheadTests {
  /// The vSphere 6.5 sample table, MiB by configured memory (rows) and 1, 2, 4, 8 vCPUs: our fit is at most 0.18 MiB off,
  /// counting the fit's own two decimals.
  @Test func esxiFitsThePublishedTable() {
    let table: [(memory: Int64, overhead: [Double])] = [
      (256, [20.29, 24.28, 32.23, 48.16]), (1_024, [25.90, 29.91, 37.86, 53.82]),
      (4_096, [48.64, 52.72, 60.67, 76.78]), (16_384, [139.62, 143.98, 151.93, 168.60]),
    ]
    var worst = 0.0
    for (memory, row) in table {
      for (vcpus, published) in zip([1, 2, 4, 8], row) {
        let overhead = HypervisorProfile.esxi.overhead(
          vcpus: vcpus, configured: .mebibytes(memory))
        worst = max(worst, abs(Double(overhead.value) / 1_048_576 - published))
      }
    }
    #expect(worst < 0.185)
  }

  /// 1 GiB, 2 vCPUs on KVM: 40 + 1024/512 + 2 · 8 = 58 MiB. A byte more of memory begins a byte more of overhead.
  @Test func kvmOverhead() {
    let kvm = HypervisorProfile.kvm
    #expect(kvm.overhead(vcpus: 2, configured: .gibibytes(1)) == .mebibytes(58))
    #expect(
      kvm.overhead(vcpus: 2, configured: .gibibytes(1) + Bytes(1)) == .mebibytes(58) + Bytes(1))
    #expect(kvm.overhead(vcpus: 0, configured: .zero) == .mebibytes(48))
  }

  /// Hyper-V: 32 MiB up to 1 GiB, and 8 MiB for each further one: 4 GiB cost 32 + 24 = 56 MiB, whatever the processors.
  /// The root keeps 2 GiB of 32 (384 + 960 MiB is less), and of 1 TiB 384 MiB and 2.9297 %: 31,104.28 MiB.
  @Test func hyperVOverheadAndReserve() {
    let hyperv = HypervisorProfile.hyperv
    #expect(hyperv.overhead(vcpus: 4, configured: .mebibytes(512)) == .mebibytes(32))
    #expect(abs(hyperv.overhead(vcpus: 4, configured: .gibibytes(4)).value - 56 << 20) < 16)
    #expect(hyperv.hostReserve(memory: .gibibytes(32)) == .gibibytes(2))
    #expect(hyperv.hostReserve(memory: .gibibytes(1_024)).value >> 20 == 31_104)
  }

  /// More vCPUs or memory never cost less, and the largest numbers do not trap.
  @Test func overheadGrows() {
    for profile in HypervisorProfile.catalog {
      var last = Bytes.zero
      for vcpus in 1...128 {
        let next = profile.overhead(vcpus: vcpus, configured: .gibibytes(64))
        #expect(next >= last && next > .zero)
        last = next
      }
      #expect(profile.overhead(vcpus: .max, configured: Bytes(.max)) > last)
      #expect(profile.overhead(vcpus: 1, configured: Bytes(-1)) > .zero)
    }
  }

  /// ESXi on 100 GiB keeps 1 + 2 = 3 GiB; KVM 512 MiB. 2 % of 1 GiB is 21,474,836.48 bytes, rounded up. No host keeps more
  /// than it has.
  @Test func hostReserve() {
    #expect(HypervisorProfile.esxi.hostReserve(memory: .gibibytes(100)) == .gibibytes(3))
    #expect(HypervisorProfile.kvm.hostReserve(memory: .gibibytes(100)) == .mebibytes(512))
    let two = Bytes.gibibytes(1) + Bytes(42_949_673)
    #expect(HypervisorProfile.esxi.hostReserve(memory: .gibibytes(2)) == two)
    #expect(HypervisorProfile.esxi.hostReserve(memory: .mebibytes(100)) == .mebibytes(100))
    #expect(HypervisorProfile.kvm.hostReserve(memory: .zero) == .zero)
  }

  /// VG18: 96 GiB: 6 % of 4 + 4 % of 8 + 2 % of 16 + 1 % of 68 GiB = 245.76 + 327.68 + 327.68 + 696.32 = 1597.44 MiB =
  /// 1,675,037,245.44 bytes.
  @Test func vg18MinFree() {
    #expect(FreeMemoryScale.minFree(memory: .gibibytes(96)) == Bytes(1_675_037_245))
    #expect(HypervisorProfile.esxi.minFree(memory: .gibibytes(96)).milliMebibytes == 1_597_440)
    #expect(HypervisorProfile.kvm.minFree(memory: .gibibytes(96)) == .zero)
  }

  /// The bands' ends and larger hosts, in thousandths of a MiB; a host with 130,607 MiB showed 1920 MiB:
  /// 901.12 + 1 % of (130,607 − 28,672).
  @Test func minFreeByBands() {
    let cases: [(gibibytes: Int64, milliMebibytes: Int64)] = [
      (0, 0), (4, 245_760), (12, 573_440), (28, 901_120), (32, 942_080), (64, 1_269_760),
      (128, 1_925_120), (256, 3_235_840), (512, 5_857_280), (1_024, 11_100_160),
    ]
    for (gibibytes, expected) in cases {
      #expect(
        FreeMemoryScale.minFree(memory: .gibibytes(gibibytes)).milliMebibytes == expected)
    }
    #expect(FreeMemoryScale.minFree(memory: .mebibytes(130_607)).milliMebibytes == 1_920_470)
    #expect(FreeMemoryScale.minFree(memory: Bytes(-1)) == .zero)
    #expect(FreeMemoryScale.minFree(memory: Bytes(.max)) > .zero)
  }

  /// Of 1000 bytes: 4000, 1000, 640, 320, 160. Of 101 bytes 64 % is 64.64: 64 bytes are below, 65 are not.
  @Test func thresholds() {
    let all = FreeMemoryScale.Threshold.allCases
    #expect(
      all.map { FreeMemoryScale.threshold($0, minFree: Bytes(1_000)).value }
        == [4_000, 1_000, 640, 320, 160])
    #expect(FreeMemoryScale.threshold(.soft, minFree: Bytes(101)) == Bytes(65))
  }
}
