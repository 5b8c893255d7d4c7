import BallastUnits

public enum HostState: UInt8, Sendable, CaseIterable {
  case on, off, failed, maintenance
  public var name: String { ["on", "off", "failed", "maintenance"][Int(rawValue)] }
}

public enum VMState: UInt8, Sendable, CaseIterable {
  case on, off, refused, migrating, restarting
  public var name: String {
    ["on", "off", "refused", "migrating", "restarting"][Int(rawValue)]
  }
}

/// What the rows of a run are about; all lists in byte-wise order of names.
public struct RunManifest: Sendable {
  public struct Pool: Sendable {
    public var cluster: String
    /// "gold/web"; empty for the root.
    public var path: String
    public init(cluster: String, path: String) {
      self.cluster = cluster
      self.path = path
    }
  }
  public var hosts: [String]
  public var vms: [String]
  /// Pool path of each VM without the cluster; empty for none.
  public var vmPools: [String]
  public var pools: [Pool]
  /// Indices into `vms` of those with rows in `vms.csv`, ascending.
  public var recordedVMs: [Int]
  public init(
    hosts: [String], vms: [String], vmPools: [String], pools: [Pool], recordedVMs: [Int]
  ) {
    self.hosts = hosts
    self.vms = vms
    self.vmPools = vmPools
    self.pools = pools
    self.recordedVMs = recordedVMs
  }
}

/// All rows of one sampling instant. Cells are thousandths of the column's unit or `emptyCell`; the memory is the
/// caller's and only lent for the call.
public struct SampleRows {
  /// End of the interval that the rows cover.
  public var time: SimTime
  public var interval: SimDuration
  /// manifest.hosts.count × HostColumn.count
  public var hosts: UnsafeBufferPointer<Int64>
  public var hostStates: UnsafeBufferPointer<HostState>
  /// Per host: its memory state, or nil where the policy has none; empty where no host has.
  public var hostMemoryStates: UnsafeBufferPointer<MemoryState?>
  /// manifest.recordedVMs.count × VMColumn.count
  public var vms: UnsafeBufferPointer<Int64>
  /// Per recorded VM: its state, or nil when it was off for the whole interval and has no row.
  public var vmStates: UnsafeBufferPointer<VMState?>
  /// Per recorded VM: index of its host, −1 for none.
  public var vmHosts: UnsafeBufferPointer<Int32>
  /// manifest.pools.count × PoolColumn.count
  public var pools: UnsafeBufferPointer<Int64>
  public init(
    time: SimTime, interval: SimDuration, hosts: UnsafeBufferPointer<Int64>,
    hostStates: UnsafeBufferPointer<HostState>,
    hostMemoryStates: UnsafeBufferPointer<MemoryState?> = .init(start: nil, count: 0),
    vms: UnsafeBufferPointer<Int64>, vmStates: UnsafeBufferPointer<VMState?>,
    vmHosts: UnsafeBufferPointer<Int32>,
    pools: UnsafeBufferPointer<Int64>
  ) {
    self.time = time
    self.interval = interval
    self.hosts = hosts
    self.hostStates = hostStates
    self.hostMemoryStates = hostMemoryStates
    self.vms = vms
    self.vmStates = vmStates
    self.vmHosts = vmHosts
    self.pools = pools
  }
}

/// One row of `events.csv`; `sequence` numbers the rows of a run from 0.
public struct EventRow: Sendable {
  public var time: SimTime
  public var sequence: Int
  /// power_on, power_off, refused, workload, set, overcommitted, …
  public var event: String
  public var subject: String
  public var from: String
  public var to: String
  /// key=value pairs in fixed order, separated by spaces.
  public var detail: String
  public init(
    time: SimTime, sequence: Int, event: String, subject: String, from: String, to: String,
    detail: String
  ) {
    self.time = time
    self.sequence = sequence
    self.event = event
    self.subject = subject
    self.from = from
    self.to = to
    self.detail = detail
  }
}

/// Mean, percentiles and maximum of one metric of one VM; thousandths of the unit or `emptyCell`.
public struct MetricSummary: Sendable, Equatable {
  public var mean: Int64
  public var p50: Int64
  public var p95: Int64
  public var p99: Int64
  public var max: Int64
  public init(mean: Int64, p50: Int64, p95: Int64, p99: Int64, max: Int64) {
    self.mean = mean
    self.p50 = p50
    self.p95 = p95
    self.p99 = p99
    self.max = max
  }
  public static let empty = MetricSummary(
    mean: emptyCell, p50: emptyCell, p95: emptyCell, p99: emptyCell, max: emptyCell)
}

/// One row of `vms-summary.csv`.
public struct VMSummaryRow: Sendable {
  /// Index into `RunManifest.vms`.
  public var vm: Int
  /// Index of the last host, or nil.
  public var lastHost: Int?
  public var isAdmitted: Bool
  /// Why not; empty when admitted.
  public var refusal: String
  /// In the order of `summaryMetrics`.
  public var metrics: [MetricSummary]
  public init(
    vm: Int, lastHost: Int?, isAdmitted: Bool, refusal: String, metrics: [MetricSummary]
  ) {
    self.vm = vm
    self.lastHost = lastHost
    self.isAdmitted = isAdmitted
    self.refusal = refusal
    self.metrics = metrics
  }
}

/// Where a run's rows go: files, memory, or nowhere. Calls come in order of time, from one thread.
public protocol RunSink: AnyObject {
  func begin(_ manifest: RunManifest) throws(RunSinkError)
  func write(_ rows: SampleRows) throws(RunSinkError)
  func write(_ event: EventRow) throws(RunSinkError)
  func write(_ summary: VMSummaryRow) throws(RunSinkError)
}

/// A result could not be written (exit code 74): disk full, no permission.
public struct RunSinkError: Error, Sendable {
  public var path: String
  public var reason: String
  public init(path: String, reason: String) {
    self.path = path
    self.reason = reason
  }
}
