import BallastUnits

/// Host memory that a VM costs beside its own: page tables, device emulation, the monitor.
///
/// Rule      base + configured · share + (vCPUs − 1) · (perVCPU + configured · sharePerVCPU), at least `least`.
/// Rounding  up to a whole byte, once: what is set aside is never too little.
/// Source    each profile names its own.
public struct MemoryOverhead: Sendable, Equatable {
  /// A VM with one vCPU and no memory.
  public var base: Bytes
  /// Billionths of the configured memory.
  public var configuredPartsPerBillion: Int64
  /// Each vCPU after the first.
  public var perVCPU: Bytes
  /// Billionths of the configured memory for each vCPU after the first.
  public var configuredPartsPerBillionPerVCPU: Int64
  public var least: Bytes

  public init(
    base: Bytes, configuredPartsPerBillion: Int64, perVCPU: Bytes,
    configuredPartsPerBillionPerVCPU: Int64 = 0, least: Bytes = .zero
  ) {
    self.base = base
    self.configuredPartsPerBillion = configuredPartsPerBillion
    self.perVCPU = perVCPU
    self.configuredPartsPerBillionPerVCPU = configuredPartsPerBillionPerVCPU
    self.least = least
  }

  /// Overhead of a VM. Fewer vCPUs than one count as one, less memory than none as none.
  public func overhead(vcpus: Int, configured: Bytes) -> Bytes {
    let billion: Int128 = 1_000_000_000
    let extra = Int128(max(vcpus, 1) - 1)
    let memory = Int128(max(configured.value, 0))
    let parts =
      Int128(configuredPartsPerBillion) + extra * Int128(configuredPartsPerBillionPerVCPU)
    let whole = Int128(base.value) + extra * Int128(perVCPU.value)
    let (product, overflow) = memory.multipliedReportingOverflow(by: parts)
    if overflow { return Bytes(.max) }
    return max(least, Bytes(Int64(clamping: whole + (product + billion - 1) / billion)))
  }
}

/// What a host keeps of its memory before VMs get any: the hypervisor itself, or the host's operating system.
///
/// Rule      base + memory · share, at least `least`.
/// Rounding  up to a whole byte; at most the host's memory.
public struct HostMemoryReserve: Sendable, Equatable {
  public var base: Bytes
  public var share: PartsPerMillion
  public var least: Bytes

  public init(base: Bytes, share: PartsPerMillion = .zero, least: Bytes = .zero) {
    self.base = base
    self.share = share
    self.least = least
  }

  public func reserve(memory: Bytes) -> Bytes {
    let memory = max(memory, .zero)
    let part = (Int128(memory.value) * Int128(share.value) + 999_999) / 1_000_000
    let reserve = max(Int128(least.value), Int128(base.value) + part)
    return Bytes(Int64(clamping: min(Int128(memory.value), reserve)))
  }
}
