import BallastModel
import BallastUnits

/// Keeps the rows of a run in memory.
public final class CollectingSink: RunSink {
  /// All rows of one sampling instant.
  public struct Sample: Equatable {
    public var time: SimTime
    public var interval: SimDuration
    var hosts: [Int64]
    var vms: [Int64]
    var vmStates: [VMState?]
    var vmHosts: [Int32]
    var pools: [Int64]
    public var memoryStates: [MemoryState?]

    /// Per host, its cells.
    public var hostRows: [[Int64]] { rows(of: hosts, HostColumn.count) }
    /// Per recorded VM, its cells and the index of its host (−1: none); without those that have no row.
    public var vmRows: [(host: Int, cells: [Int64])] {
      zip(rows(of: vms, VMColumn.count), zip(vmStates, vmHosts))
        .compactMap { cells, place in place.0 == nil ? nil : (Int(place.1), cells) }
    }
    private func rows(of cells: [Int64], _ width: Int) -> [[Int64]] {
      stride(from: 0, to: cells.count, by: width).map { Array(cells[$0..<$0 + width]) }
    }
  }

  /// An event as text: "12.000 set a 1000.000 MHz → unlimited key=cpu.limit".
  public private(set) var events: [String] = []
  public private(set) var samples: [Sample] = []
  public private(set) var summaries: [VMSummaryRow] = []
  public private(set) var manifest = RunManifest(
    hosts: [], vms: [], vmPools: [], pools: [], recordedVMs: [])

  public init() {}

  public func begin(_ manifest: RunManifest) { self.manifest = manifest }

  public func write(_ rows: SampleRows) {
    samples.append(
      Sample(
        time: rows.time, interval: rows.interval, hosts: Array(rows.hosts), vms: Array(rows.vms),
        vmStates: Array(rows.vmStates), vmHosts: Array(rows.vmHosts), pools: Array(rows.pools),
        memoryStates: Array(rows.hostMemoryStates)))
  }

  public func write(_ event: EventRow) {
    precondition(event.sequence == events.count, "events are numbered from 0")
    let words = [
      decimal(event.time.milliseconds, places: 3), event.event, event.subject, event.from,
      event.to.isEmpty ? "" : "→ " + event.to, event.detail,
    ]
    events.append(words.filter { !$0.isEmpty }.joined(separator: " "))
  }

  public func write(_ summary: VMSummaryRow) { summaries.append(summary) }

  // MARK: Cells, in thousandths of the column's unit

  /// A cell of every sample; nil where the VM has no row.
  public func vm(_ name: String, _ column: VMColumn) -> [Int64?] {
    guard let index = manifest.vms.firstIndex(of: name),
      let row = manifest.recordedVMs.firstIndex(of: index)
    else { preconditionFailure("\(name) is not recorded") }
    return samples.map {
      $0.vmStates[row] == nil ? nil : $0.vms[row * VMColumn.count + column.rawValue]
    }
  }

  /// The VM's host in every sample; nil where it has no row.
  public func host(ofVM name: String) -> [String?] {
    let index = manifest.vms.firstIndex(of: name)!
    let row = manifest.recordedVMs.firstIndex(of: index)!
    return samples.map {
      $0.vmStates[row] == nil ? nil : manifest.hosts[Int($0.vmHosts[row])]
    }
  }

  public func state(ofVM name: String) -> [VMState?] {
    let index = manifest.vms.firstIndex(of: name)!
    let row = manifest.recordedVMs.firstIndex(of: index)!
    return samples.map { $0.vmStates[row] }
  }

  public func host(_ name: String, _ column: HostColumn) -> [Int64] {
    let row = manifest.hosts.firstIndex(of: name)!
    return samples.map { $0.hosts[row * HostColumn.count + column.rawValue] }
  }

  public func pool(_ path: String, _ column: PoolColumn) -> [Int64] {
    let row = manifest.pools.firstIndex { $0.path == path }!
    return samples.map { $0.pools[row * PoolColumn.count + column.rawValue] }
  }

  public func summary(ofVM name: String, _ column: VMColumn) -> MetricSummary {
    let vm = manifest.vms.firstIndex(of: name)!
    return summaries.first { $0.vm == vm }!.metrics[summaryMetrics.firstIndex(of: column)!]
  }
}
