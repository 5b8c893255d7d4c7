extension HypervisorProfile {
  /// KVM under libvirt: each VM is a cgroup of weight 1024 whatever its vCPU count (measured: a second vCPU brings
  /// nothing on the same pCPU). A pool is a group and has a group's default.
  public static let kvm = HypervisorProfile(
    name: "kvm", summary: "KVM with libvirt and cgroups",
    defaultCPUShares: .perVM(1_024), defaultMemorySharesPerMebibyte: 10,
    defaultPoolCPUShares: 1_024, defaultPoolMemoryShares: 163_840, hasCPUQuota: true,
    assumptions: [
      "profile kvm: share scale only; no per-VM memory overhead and no host reserve are modelled yet"
    ])
}
