import BallastUnits

extension HypervisorProfile {
  /// VMware ESXi: shares belong to the VM, 1000 per vCPU and 10 per MiB unless it says otherwise.
  public static let esxi = HypervisorProfile(
    name: "esxi", summary: "VMware ESXi 7 and 8",
    defaultCPUShares: .perVCPU(1_000), defaultMemorySharesPerMebibyte: 10,
    defaultPoolCPUShares: 4_000, defaultPoolMemoryShares: 163_840, hasCPUQuota: false,
    memoryOverhead: .esxi,
    // Assumed: about 1 GiB for the VMkernel and its services, and 2 % of memory for tables that grow with it.
    hostMemoryReserve: HostMemoryReserve(base: .gibibytes(1), share: .percent(2)),
    keepsMinFree: true,
    memory: MemoryFacts(
      policy: "proportional-share", idleTax: .percent(75),
      techniques: [.share, .balloon, .compress, .swap],
      // The rate is an assumption; CtlMaxPercent is 65.
      balloon: BalloonFacts(rate: .mebibytes(100), max: .percent(65)),
      // ShareForceSalting 2: no sharing between VMs.
      sharing: SharingFacts(scope: .withinVM, scanner: .esxi(ESXiScan())), usesLargePages: true,
      onExhaustion: .wait, swap: .usual(.ssd)),
    migration: .vMotion,
    assumptions: [
      "profile esxi: overhead of VMs and the host's reserve count for admission and placement"
    ])
}

extension MemoryOverhead {
  /// ESXi 6.5: in MiB with M MiB of memory and v vCPUs, 18.35 + 0.007405·M + (v − 1)·(3.979 + 0.00000899·M).
  ///
  /// Source  fit of ours to the sample table of the vSphere 6.5 resource management guide (16 cells, 256 MiB to 16 GiB,
  ///         1 to 8 vCPUs); the worst cell is 0.18 MiB off. Sizes beyond the table are extrapolated.
  static let esxi = MemoryOverhead(
    base: Bytes(19_241_370), configuredPartsPerBillion: 7_405_000, perVCPU: Bytes(4_172_284),
    configuredPartsPerBillionPerVCPU: 8_990)
}
