import BallastUnits

/// The scenario's own share levels, the same under every profile (vSphere 7.0 resource management guide): CPU
/// 500/1000/2000 per vCPU, memory 5/10/20 per MiB, a pool as a VM of 4 vCPUs and 16 GiB.
public enum ShareScale {
  public static func cpu(_ level: SharesSetting, vcpus: Int) -> Shares {
    switch level {
    case .low: Shares(500 * Int64(vcpus))
    case .normal: Shares(1_000 * Int64(vcpus))
    case .high: Shares(2_000 * Int64(vcpus))
    case .number(let number): Shares(number)
    }
  }

  /// Per MiB of configured memory, rounded up so that no VM has none.
  public static func memory(_ level: SharesSetting, configured: Bytes) -> Shares {
    let mebibytes = (configured.value + (1 << 20) - 1) >> 20
    switch level {
    case .low: return Shares(5 * mebibytes)
    case .normal: return Shares(10 * mebibytes)
    case .high: return Shares(20 * mebibytes)
    case .number(let number): return Shares(number)
    }
  }

  public static func poolCPU(_ level: SharesSetting) -> Shares { cpu(level, vcpus: 4) }
  public static func poolMemory(_ level: SharesSetting) -> Shares {
    memory(level, configured: .gibibytes(16))
  }
}

extension HypervisorProfile {
  /// CPU shares of a VM under this profile: its weight among its siblings. Levels and the default per vCPU count vCPUs
  /// already; a number does where its scope is the vCPU.
  ///
  /// - Parameter scope: instead of the profile's.
  public func cpuShares(
    _ setting: SharesSetting?, vcpus: Int, scope: WeightScope? = nil
  ) -> Shares {
    if case .number(let number) = setting, (scope ?? weightScope) == .vcpu {
      let (weight, isTooLarge) = number.multipliedReportingOverflow(by: Int64(vcpus))
      return Shares(isTooLarge ? .max : weight)
    }
    if let setting { return ShareScale.cpu(setting, vcpus: vcpus) }
    switch defaultCPUShares {
    case .perVCPU(let shares): return Shares(shares * Int64(vcpus))
    case .perVM(let shares): return Shares(shares)
    }
  }
  public func memoryShares(_ setting: SharesSetting?, configured: Bytes) -> Shares {
    if let setting { return ShareScale.memory(setting, configured: configured) }
    let normal = ShareScale.memory(.normal, configured: configured)
    return Shares(normal.value / 10 * defaultMemorySharesPerMebibyte)
  }
  public func poolCPUShares(_ setting: SharesSetting?) -> Shares {
    setting.map(ShareScale.poolCPU) ?? Shares(defaultPoolCPUShares)
  }
  public func poolMemoryShares(_ setting: SharesSetting?) -> Shares {
    setting.map(ShareScale.poolMemory) ?? Shares(defaultPoolMemoryShares)
  }
}
