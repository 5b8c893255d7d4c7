import BallastUnits

extension HypervisorProfile {
  /// Xen with a credit scheduler: a weight counts per vCPU (both credit schedulers give a domain its weight times its
  /// active vCPUs, in their source; the manual says per domain), 256 unless a domain says otherwise. No pools of its own:
  /// one has the default of four vCPUs. Overhead: 1 MiB per vCPU, M/256 and 3 MiB (libxl); Dom0 as Oracle VM sizes it,
  /// 502 MiB + 0.0205 · memory, beside 128 MiB of Xen's own.
  public static let xen = HypervisorProfile(
    name: "xen", summary: "Xen 4 with the credit or credit2 scheduler",
    defaultCPUShares: .perVCPU(256), defaultMemorySharesPerMebibyte: 10,
    defaultPoolCPUShares: 1_024, defaultPoolMemoryShares: 163_840, hasCPUQuota: false,
    weightScope: .vcpu,
    memoryOverhead: MemoryOverhead(
      base: .mebibytes(4), configuredPartsPerBillion: 3_906_250, perVCPU: .mebibytes(1)),
    hostMemoryReserve: HostMemoryReserve(base: .mebibytes(630), share: PartsPerMillion(20_500)),
    keepsMinFree: false,
    memory: MemoryFacts(policy: "none", techniques: [.balloon], onExhaustion: .refuse),
    migration: .xen,
    assumptions: [
      "profile xen: overhead of VMs and the host's reserve count for admission and placement"
    ])
}
