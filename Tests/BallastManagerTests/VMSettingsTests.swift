import BallastManager
import BallastModel
import BallastUnits
import Testing

struct VMSettingsTests {
  /// A VM of 4 vCPUs and 2 GiB + 1 byte on cores of 2.5 GHz.
  private func settings(
    _ profile: HypervisorProfile, shares: SharesSetting? = nil, limit: Kilohertz? = nil,
    quota: CPUQuota? = nil
  ) -> VMSettings {
    VMSettings(
      cpu: .init(limit: limit, shares: shares), memory: .init(shares: shares), quota: quota,
      vcpus: 4, configured: Bytes(2 << 30 + 1), coreRate: .megahertz(2_500), pool: 0,
      profile: profile)
  }

  /// ESXi 1000 per vCPU, KVM 1024 per VM; memory 10 per MiB begun: 2049 MiB.
  @Test func sharesDefaultToTheProfile() {
    #expect(settings(.esxi).cpuWeight == 4_000)
    #expect(settings(.kvm).cpuWeight == 1_024)
    #expect(settings(.esxi).memoryWeight == 20_490)
    #expect(settings(.kvm).memoryWeight == 20_490)
  }

  /// 500, 1000, 2000 per vCPU and 5, 10, 20 per MiB under every profile; a number is itself.
  @Test(arguments: [HypervisorProfile.esxi, .kvm])
  func levelsAreTheScenariosOwn(_ profile: HypervisorProfile) {
    #expect(settings(profile, shares: .low).cpuWeight == 2_000)
    #expect(settings(profile, shares: .normal).cpuWeight == 4_000)
    #expect(settings(profile, shares: .high).cpuWeight == 8_000)
    #expect(settings(profile, shares: .number(77)).cpuWeight == 77)
    #expect(settings(profile, shares: .low).memoryWeight == 10_245)
    #expect(settings(profile, shares: .high).memoryWeight == 40_980)
  }

  /// A pool that says nothing weighs as a VM of 4 vCPUs that says nothing; under KVM it is a group, and weighs 1024.
  @Test(arguments: [
    (HypervisorProfile.esxi, Int64(4_000)), (.xen, 1_024), (.hyperv, 400), (.kvm, 1_024),
  ])
  func poolsWeighAsAVMOfFourVCPUs(_ profile: HypervisorProfile, weight: Int64) {
    #expect(profile.poolCPUShares(nil).value == weight)
    #expect(profile.cpuShares(nil, vcpus: 4).value == weight)
  }

  @Test func unlimitedIsTheLargestNumber() {
    #expect(settings(.esxi).cpuLimit == .max && settings(.esxi).memoryLimit == .max)
  }

  /// 50 ms of 100 ms is half a core of 2.5 GHz for the whole VM, or for each of 4 vCPUs.
  @Test func quotaIsAPartOfTheClock() {
    let quota = { (scope: CPUQuota.Scope) in
      CPUQuota(quota: .milliseconds(50), period: .milliseconds(100), scope: scope)
    }
    #expect(settings(.kvm, quota: quota(.vm)).cpuLimit == 1_250_000)
    #expect(settings(.kvm, quota: quota(.vcpu)).cpuLimit == 5_000_000)
  }

  /// A third of 4 × 2.5 GHz is 3333.333 MHz: rounded once, not per vCPU.
  @Test func quotaPerVCPUIsRoundedOnce() {
    let third = CPUQuota(quota: .milliseconds(10), period: .milliseconds(30), scope: .vcpu)
    #expect(settings(.kvm, quota: third).cpuLimit == 3_333_333)
  }

  /// The smaller of limit and quota binds; a third of 2.5 GHz is rounded down.
  @Test func smallerOfLimitAndQuotaBinds() {
    let third = CPUQuota(quota: .milliseconds(10), period: .milliseconds(30), scope: .vm)
    #expect(settings(.kvm, limit: .megahertz(800), quota: third).cpuLimit == 800_000)
    #expect(settings(.kvm, limit: .megahertz(900), quota: third).cpuLimit == 833_333)
  }
}
