/// What a KVM host says of itself at one instant: counters and settings as they stand, nothing differenced, nothing guessed.
///
/// It is what `host record` keeps and what observations are made from. A reading that the host did not give is nil, never 0.
public struct HostSnapshot: Sendable, Equatable, Codable {
  /// Nanoseconds since 1970, for people and for traces.
  public var wallTime: Int64 = 0
  /// Nanoseconds of a clock that never goes back; differences of counters are taken over differences of this.
  public var monotonicTime: Int64 = 0
  public var host = HostCounters()
  /// In byte-wise order of names.
  public var domains: [DomainSnapshot] = []

  public init() {}

  /// By binary search; nil if the host does not show it.
  public subscript(name name: String) -> DomainSnapshot? {
    var low = 0
    var high = domains.count
    while low < high {
      let middle = (low + high) / 2
      if domains[middle].name.utf8.lexicographicallyPrecedes(name.utf8) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low < domains.count && domains[low].name == name ? domains[low] : nil
  }
}

/// The host's half of a snapshot.
public struct HostCounters: Sendable, Equatable, Codable {
  public var name = ""
  /// Online logical CPUs that VMs may run on.
  public var pcpus: Int64 = 0
  public var sockets: Int64 = 1
  public var coresPerSocket: Int64 = 1
  public var threadsPerCore: Int64 = 1
  /// Nominal clock of one core, kHz.
  public var coreRate: Int64 = 0
  /// CPU time since boot of all CPUs together, ns.
  public var cpu = NodeCPUTime()
  /// The same for each logical CPU, by its number; nil where the host tells only the sum. A recording needs it where VMs are
  /// pinned to some of the CPUs.
  public var perCPU: [NodeCPUTime]?
  /// Bytes, from the kernel's own counters: libvirt's node information can be far off where memory comes online late.
  public var memoryTotal: Int64 = 0
  public var memoryFree: Int64 = 0
  public var memoryAvailable: Int64?
  public var buffers: Int64 = 0
  public var cached: Int64 = 0
  public var hugePagesTotal: Int64?
  /// Bytes of anonymous memory in transparent large pages.
  public var largePages: Int64?
  /// Pages swapped in and out since boot.
  public var swapIn: Int64?
  public var swapOut: Int64?
  public var swapTotal: Int64?
  public var swapFree: Int64?
  public var pageSize: Int64 = 4_096
  public var ksm: KSMReadings?
  /// Where the kernel has pressure stall information.
  public var pressure: PressureReadings?
  public var cgroups: CgroupVersion = .v2

  public init() {}
}

/// Which hierarchy holds the CPU and memory controllers of guests: the ranges of their knobs differ.
public enum CgroupVersion: String, Sendable, Equatable, Codable { case v1, v2 }

public struct NodeCPUTime: Sendable, Equatable, Codable {
  public var user: Int64 = 0
  public var system: Int64 = 0
  public var idle: Int64 = 0
  public var ioWait: Int64 = 0
  public var interrupts: Int64 = 0
  public var steal: Int64 = 0
  /// Part of `user`: what vCPUs of KVM guests ran.
  public var guest: Int64 = 0
  public init() {}
}

/// /sys/kernel/mm/ksm
public struct KSMReadings: Sendable, Equatable, Codable {
  public var run: Int64 = 0
  public var pagesToScan: Int64 = 0
  public var sleepMilliseconds: Int64 = 0
  public var pagesShared: Int64 = 0
  public var pagesSharing: Int64 = 0
  public var pagesUnshared: Int64 = 0
  public var pagesVolatile: Int64 = 0
  public var fullScans: Int64 = 0
  public init() {}
}

/// /proc/pressure: microseconds since boot in which some, or all, tasks stood still.
public struct PressureReadings: Sendable, Equatable, Codable {
  public var cpuSome: Int64 = 0
  public var memorySome: Int64 = 0
  public var memoryFull: Int64 = 0
  public var ioSome: Int64 = 0
  public var ioFull: Int64 = 0
  public init() {}
}

public enum DomainState: String, Sendable, Equatable, Codable {
  case running, paused, shutdown, off, crashed, suspended
  /// The host names none, or one that is not known here.
  case unknown
}

/// One domain of a snapshot.
public struct DomainSnapshot: Sendable, Equatable, Codable {
  public var uuid = ""
  public var name = ""
  public var state = DomainState.unknown
  /// False: its process did not answer in time, and what is below is what the host knows without it.
  public var answered = true
  /// Starting, stopping or migrating.
  public var isInTransition = false
  /// Grows when the domain is started again (libvirt's running id); nil where the host has none.
  public var runID: Int64?

  public var vcpus: Int64 = 0
  public var vcpusMax: Int64 = 0
  /// Nanoseconds since its start: the whole process group, and Σ over vCPUs of running and of runnable-not-running.
  public var cpuTime: Int64?
  public var vcpuTime: Int64?
  public var vcpuDelay: Int64?
  /// The same of each vCPU; nil where the host tells only the sums.
  public var vcpuTimes: [Int64]?
  public var vcpuDelays: [Int64]?

  /// Bytes.
  public var memoryMax: Int64 = 0
  public var memoryCurrent: Int64 = 0
  public var rss: Int64?
  /// Bytes of its process in the host's swap.
  public var swapped: Int64?
  public var guestUnused: Int64?
  public var guestUsable: Int64?
  public var guestAvailable: Int64?
  /// Bytes since the guest's boot (swap) and faults since then.
  public var guestSwapIn: Int64?
  public var guestSwapOut: Int64?
  public var guestMajorFaults: Int64?
  /// Seconds since 1970 when the guest last told; 0 never.
  public var lastUpdate: Int64?
  /// Seconds between the guest's reports; 0 none are asked for.
  public var statisticsPeriod: Int64?

  public var settings = DomainSettings()
  public var traits = DomainTraits()

  public init() {}
}

/// The knobs of a domain as they stand; nil: the host has no such knob, or none set.
public struct DomainSettings: Sendable, Equatable, Codable {
  /// In the hierarchy's own unit: shares 2…262144 (v1), weight 1…10000 (v2).
  public var cpuWeight: Int64?
  /// Microseconds per period and vCPU; −1 unlimited.
  public var vcpuQuota: Int64?
  public var vcpuPeriod: Int64?
  /// Microseconds per period for the whole domain; −1 unlimited.
  public var globalQuota: Int64?
  public var globalPeriod: Int64?
  /// Bytes; nil unlimited or none.
  public var memoryMin: Int64?
  public var memoryLow: Int64?
  public var memoryHardLimit: Int64?
  /// Allowed CPUs of each vCPU, as a list of ranges ("0-3,8").
  public var pins: [String] = []
  public init() {}
}

/// What of a domain's definition decides whether its memory may be touched.
public struct DomainTraits: Sendable, Equatable, Codable {
  /// Its metadata names Ballast, and what it says of itself there.
  public var isMarked = false
  public var isPersistent = true
  public var hasBalloon = true
  public var deflatesOnOOM = false
  public var reportsFreePages = false
  public var usesHugePages = false
  public var locksMemory = false
  public var hasPassthrough = false
  /// Bytes, from the domain's metadata; 0 none.
  public var memoryMinimum: Int64 = 0
  public init() {}
}
