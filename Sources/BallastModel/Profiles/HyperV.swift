import BallastUnits

extension HypervisorProfile {
  /// Hyper-V on Windows Server 2019 and later: a relative weight per virtual processor, 100 unless said. A guest gets
  /// all its memory at power-on, or its startup memory where it has Dynamic Memory; nothing is shared, compressed or
  /// swapped by the host.
  ///
  /// Source  Microsoft on Hyper-V; overhead 32 MiB and 8 MiB per GiB beyond the first, and the root partition's
  ///         384 MiB + 30 MiB per GiB, are old rules of thumb; 2 GiB at least and the balloon's rate are assumptions.
  public static let hyperv = HypervisorProfile(
    name: "hyperv", summary: "Microsoft Hyper-V 2019 and later",
    defaultCPUShares: .perVCPU(100), defaultMemorySharesPerMebibyte: 10,
    defaultPoolCPUShares: 400, defaultPoolMemoryShares: 163_840, hasCPUQuota: false,
    weightScope: .vcpu,
    memoryOverhead: MemoryOverhead(
      base: .mebibytes(24), configuredPartsPerBillion: 7_812_500, perVCPU: .zero,
      least: .mebibytes(32)),
    hostMemoryReserve: HostMemoryReserve(
      base: .mebibytes(384), share: PartsPerMillion(29_297), least: .gibibytes(2)),
    keepsMinFree: false,
    memory: MemoryFacts(
      policy: "hyperv-dynamic-memory", techniques: [.balloon],
      balloon: BalloonFacts(rate: .mebibytes(100)), onExhaustion: .refuse),
    migration: .hyperV,
    assumptions: [
      "profile hyperv: overhead of VMs and the root partition's reserve count for admission and placement"
    ])
}
