import BallastUnits

/// What a memory policy may be given when it is made by name. Each takes what concerns it.
public struct MemoryPolicyParameters: Sendable, Equatable {
  public var proportionalShare = ProportionalShareMemory.Parameters()
  public var mom = MomBallooning.Parameters(.sample)
  public var momOVirt = MomBallooning.Parameters(.vdsm)
  public var proxmox = ProxmoxBallooning.Parameters()
  public var hyperV = HyperVDynamicMemory.Parameters()
  public init() {}
}

/// Every memory policy by name. The first is the default.
public struct MemoryCatalogEntry: Sendable {
  public let name: String
  public let summary: String
  public let make: @Sendable (MemoryPolicyParameters) -> any MemoryPolicy
}

public let memoryCatalog: [MemoryCatalogEntry] = [
  MemoryCatalogEntry(
    name: "none", summary: "asks for nothing; the host copes", make: { _ in NoReclaim() }),
  MemoryCatalogEntry(
    name: "proportional-share",
    summary: "targets by shares with an idle-memory tax; host states choose the technique (ESXi)",
    make: { ProportionalShareMemory($0.proportionalShare) }),
  MemoryCatalogEntry(
    name: "mom", summary: "MoM's sample rules: balloons by 5 % below 20 % free, and KSM",
    make: { MomBallooning($0.mom) }),
  MemoryCatalogEntry(
    name: "mom-ovirt", summary: "MoM as oVirt ships it: KSM on, ballooning only if asked for",
    make: { MomBallooning($0.momOVirt) }),
  MemoryCatalogEntry(
    name: "proxmox", summary: "keeps the host's memory 80 % used, 100 MiB a step, by shares",
    make: { ProxmoxBallooning($0.proxmox) }),
  MemoryCatalogEntry(
    name: "hyperv-dynamic-memory",
    summary: "what a guest has committed plus a buffer; by priority when short (Hyper-V)",
    make: { HyperVDynamicMemory($0.hyperV) }),
  MemoryCatalogEntry(
    name: "squeezed", summary: "every guest the same part of its dynamic range (XenServer)",
    make: { _ in SqueezedBallooning() }),
]
