import BallastUnits

/// What a recorded host did, as intervals with amounts instead of snapshots with counters.
///
/// Times are ns since the first snapshot, sizes are bytes, CPU is ns of one pCPU.
public struct RecordedTimeline: Sendable, Equatable {
  /// One interval of a VM.
  public struct Sample: Sendable, Equatable {
    public var start: Int64
    public var end: Int64
    /// Σ over vCPUs: running, and runnable without running. Together at most vCPUs × length.
    public var run: Int64
    public var ready: Int64
    /// What it would have run without waiting, at least `run` and at most run + ready; see `Sample.demand`.
    public var wanted: Int64
    /// At the end: what the guest holds and could not give up easily, current − usable; nil where the guest does not tell.
    public var active: Int64?
    /// At the end: what the balloon holds.
    public var balloon: Int64

    public var length: Int64 { end - start }

    /// What a vCPU would have run in `length` if it had never waited: the part run / (run + idle) of the time. So one that was
    /// never idle wants all, and one that was idle wanted little more than it got: most of its waiting was a moment's
    /// queueing, which a host with room to spare has too.
    ///
    /// Idle time below 2 % and two ticks of 10 ms is none: kernels count running time in ticks, and a host's counters are
    /// not all read at one instant.
    static func demand(run: Int64, ready: Int64, length: Int64) -> Int64 {
      let idle = max(0, length - run - ready - length / 50 - 20_000_000)
      guard run + idle > 0 else { return run + ready }
      return min(run + ready, scaled(run, by: length, over: run + idle))
    }
  }

  /// The settings of a VM from a time on.
  public struct Setting: Sendable, Equatable {
    public var time: Int64
    /// In the unit of the host's cgroups; nil: none was told.
    public var weight: Int64?
    public var quota: Quota?
  }

  /// The binding one of the domain's quotas.
  public struct Quota: Sendable, Equatable {
    /// Microseconds per period, of each vCPU or of the whole domain.
    public var quota: Int64
    public var period: Int64
    public var isPerVCPU: Bool
  }

  /// Where a VM was on.
  public struct Stay: Sendable, Equatable {
    public var start: Int64
    /// nil: until the end of the recording.
    public var end: Int64?
  }

  public struct VM: Sendable, Equatable {
    public var name: String
    /// The largest seen.
    public var vcpus: Int64
    public var memory: Int64
    public var memoryMin: Int64
    public var rssMax: Int64?
    public var samples: [Sample] = []
    public var settings: [Setting] = []
    public var stays: [Stay] = []
  }

  /// What ran on the pCPUs of the VMs and was no vCPU.
  public struct OtherUse: Sendable, Equatable {
    public var start: Int64
    public var end: Int64
    public var run: Int64
  }

  public var hostName = ""
  /// The pCPUs that VMs may use: the union of their pins.
  public var cores: Int64 = 1
  /// kHz
  public var coreRate: Int64 = 1_000
  public var memory: Int64 = 0
  /// The most that others than VMs held of it.
  public var memoryOfOthers: Int64 = 0
  public var cgroups = CgroupVersion.v2
  /// Between snapshots as asked for.
  public var interval: Int64 = 1
  /// From the first snapshot to the last.
  public var duration: Int64 = 0
  /// Nanoseconds since 1970 of the first snapshot.
  public var startTime: Int64 = 0
  /// In byte-wise order of names.
  public var vms: [VM] = []
  public var other: [OtherUse] = []
  public var notes = RecordingNotes()

  public init() {}
}
