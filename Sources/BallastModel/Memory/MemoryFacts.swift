import BallastUnits

/// How a hypervisor takes memory back from its guests, as data: which techniques it has, who begins, and how fast.
public struct MemoryFacts: Sendable, Equatable {
  /// Name in the memory catalog of the policy that decides unless a scenario names another.
  public var policy: String
  /// Rate of the idle-memory tax that policy works with.
  public var idleTax: PartsPerMillion
  /// The techniques there are, in the order they are tried.
  public var techniques: [ReclaimTechnique]
  public var balloon: BalloonFacts
  public var sharing: SharingFacts
  /// Guest memory is backed by 2 MiB pages where possible; they are not shared until they are broken up.
  public var usesLargePages: Bool
  /// Part of a VM's configured memory that its compressed pages may occupy.
  public var compressedMax: PartsPerMillion
  /// What the host does by itself when memory runs out, without being asked by a manager.
  public var onExhaustion: ExhaustionRule
  /// The swap device of a host that names none.
  public var swap: SwapDeviceSpec

  public init(
    policy: String, idleTax: PartsPerMillion = .zero, techniques: [ReclaimTechnique],
    balloon: BalloonFacts = BalloonFacts(), sharing: SharingFacts = SharingFacts(),
    usesLargePages: Bool = false, compressedMax: PartsPerMillion = .percent(10),
    onExhaustion: ExhaustionRule, swap: SwapDeviceSpec = .none
  ) {
    self.policy = policy
    self.idleTax = idleTax
    self.techniques = techniques
    self.balloon = balloon
    self.sharing = sharing
    self.usesLargePages = usesLargePages
    self.compressedMax = compressedMax
    self.onExhaustion = onExhaustion
    self.swap = swap
  }
}

/// What happens when guests touch more than a host has left.
public enum ExhaustionRule: String, Sendable, Equatable {
  /// The guest waits until memory is free (ESXi blocks the VM).
  case wait
  /// The host's kernel swaps by itself; where it has no swap left it kills the largest VM (Linux).
  case kernelReclaim = "kernel_reclaim"
  /// Guests hold all their memory from power-on, and who does not fit is refused (Xen, Hyper-V).
  case refuse
}

public struct BalloonFacts: Sendable, Equatable {
  /// Bytes per second that a guest gives or takes.
  public var rate: Bytes
  /// Part of configured memory a balloon takes at most.
  public var max: PartsPerMillion
  public init(rate: Bytes = .mebibytes(100), max: PartsPerMillion = .percent(100)) {
    self.rate = rate
    self.max = max
  }
}

/// How a hypervisor finds equal pages.
public struct SharingFacts: Sendable, Equatable {
  public enum Scope: String, Sendable, Equatable {
    /// Nobody looks for equal pages.
    case off
    /// Equal pages of one VM only (ESXi's salting 2).
    case withinVM = "within_vm"
    /// Of all VMs of a host.
    case betweenVMs = "between_vms"
  }
  public enum Scanner: Sendable, Equatable {
    case esxi(ESXiScan)
    case ksm(KSMSettings)
  }
  public var scope: Scope
  public var scanner: Scanner
  public init(scope: Scope = .off, scanner: Scanner = .ksm(KSMSettings())) {
    self.scope = scope
    self.scanner = scanner
  }
}

/// ESXi's scan: every VM once within a time, but no faster than the host's clock allows.
public struct ESXiScan: Sendable, Equatable {
  /// Mem.ShareScanTime
  public var wholeVMWithin: SimDuration
  /// Mem.ShareScanGHz: bytes per second and GHz of host CPU at most.
  public var bytesPerSecondPerGHz: Bytes
  public init(
    wholeVMWithin: SimDuration = .seconds(3_600), bytesPerSecondPerGHz: Bytes = .mebibytes(4)
  ) {
    self.wholeVMWithin = wholeVMWithin
    self.bytesPerSecondPerGHz = bytesPerSecondPerGHz
  }
}

/// The settings of Linux' scanner (/sys/kernel/mm/ksm); the defaults are the kernel's.
public struct KSMSettings: Sendable, Equatable {
  public var run: Bool
  public var pagesToScan: Int64
  public var sleep: SimDuration
  public var maxPageSharing: Int64
  public var useZeroPages: Bool
  public var smartScan: Bool
  /// advisor_mode scan-time: pages_to_scan follows a target time per pass; nil is off.
  public var advisorTarget: SimDuration?
  public init(
    run: Bool = true, pagesToScan: Int64 = 100, sleep: SimDuration = .milliseconds(20),
    maxPageSharing: Int64 = 256, useZeroPages: Bool = false, smartScan: Bool = true,
    advisorTarget: SimDuration? = nil
  ) {
    self.run = run
    self.pagesToScan = pagesToScan
    self.sleep = sleep
    self.maxPageSharing = maxPageSharing
    self.useZeroPages = useZeroPages
    self.smartScan = smartScan
    self.advisorTarget = advisorTarget
  }
}

/// Where a host, or a guest, puts pages it has no room for.
public struct SwapDeviceSpec: Sendable, Equatable {
  public enum Kind: String, Sendable, Equatable, CaseIterable {
    case none, ssd, disk
    /// Compressed in the host's own memory.
    case zram
    /// Compressed in a pool in memory first, then on an SSD.
    case zswap
  }
  public var kind: Kind
  /// Nil: as much as is needed.
  public var size: Bytes?
  /// To read one page.
  public var latency: SimDuration
  /// Bytes per second, reads and writes together, shared by all its users.
  public var bandwidth: Bytes

  public init(kind: Kind, size: Bytes? = nil, latency: SimDuration, bandwidth: Bytes) {
    self.kind = kind
    self.size = size
    self.latency = latency
    self.bandwidth = bandwidth
  }

  public static let none = SwapDeviceSpec(
    kind: .none, size: .zero, latency: .zero, bandwidth: .zero)

  /// A device with what is usual for its kind: SSD 150 µs and 500 MiB/s; disk 8 ms and 100 MiB/s; zram and zswap 10 µs a
  /// page at 2 GiB/s.
  public static func usual(_ kind: Kind, size: Bytes? = nil) -> SwapDeviceSpec {
    switch kind {
    case .none: .none
    case .ssd:
      SwapDeviceSpec(
        kind: kind, size: size, latency: .microseconds(150), bandwidth: .mebibytes(500))
    case .disk:
      SwapDeviceSpec(
        kind: kind, size: size, latency: .milliseconds(8), bandwidth: .mebibytes(100))
    case .zram, .zswap:
      SwapDeviceSpec(
        kind: kind, size: size, latency: .microseconds(10), bandwidth: .gibibytes(2))
    }
  }
}
