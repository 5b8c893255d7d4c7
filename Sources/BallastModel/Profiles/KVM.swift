import BallastUnits

extension HypervisorProfile {
  /// KVM under libvirt: each VM is a cgroup of weight 1024 whatever its vCPU count (measured: a second vCPU brings
  /// nothing on the same pCPU). A pool is a group and has a group's default.
  public static let kvm = HypervisorProfile(
    name: "kvm", summary: "KVM with libvirt and cgroups",
    defaultCPUShares: .perVM(1_024), defaultMemorySharesPerMebibyte: 10,
    defaultPoolCPUShares: 1_024, defaultPoolMemoryShares: 163_840, hasCPUQuota: true,
    memoryOverhead: .kvm,
    // reserved_host_memory_mb of OpenStack Nova, its default.
    hostMemoryReserve: HostMemoryReserve(base: .mebibytes(512)), keepsMinFree: false,
    memory: MemoryFacts(
      // KSM and ballooning are there and off, until somebody runs them.
      policy: "none", techniques: [.share, .balloon, .swap],
      // Measured with a 512 MiB guest: 112 to 256 MiB in 0.19 to 0.35 s.
      balloon: BalloonFacts(rate: .mebibytes(650)),
      sharing: SharingFacts(scope: .off, scanner: .ksm(KSMSettings())),
      onExhaustion: .kernelReclaim, swap: .usual(.ssd)),
    migration: .qemu,
    assumptions: [
      "profile kvm: overhead of VMs and the host's reserve count for admission and placement"
    ])
}

extension MemoryOverhead {
  /// QEMU and KVM: 40 MiB + M/512 + 8 MiB per vCPU.
  ///
  /// Source  assumed: 1/512 is one 8-byte page-table entry per 4 KiB page; the rest is an allowance for QEMU's own
  ///         heap, its devices and one thread per vCPU. oVirt sets aside a flat 65 MiB.
  static let kvm = MemoryOverhead(
    base: .mebibytes(48), configuredPartsPerBillion: 1_953_125, perVCPU: .mebibytes(8))
}
