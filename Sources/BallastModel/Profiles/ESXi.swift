extension HypervisorProfile {
  /// VMware ESXi: shares belong to the VM, 1000 per vCPU and 10 per MiB unless it says otherwise.
  public static let esxi = HypervisorProfile(
    name: "esxi", summary: "VMware ESXi 7 and 8",
    defaultCPUShares: .perVCPU(1_000), defaultMemorySharesPerMebibyte: 10,
    defaultPoolCPUShares: 4_000, defaultPoolMemoryShares: 163_840, hasCPUQuota: false,
    assumptions: [
      "profile esxi: share scale only; no per-VM memory overhead and no host reserve are modelled yet"
    ])
}
