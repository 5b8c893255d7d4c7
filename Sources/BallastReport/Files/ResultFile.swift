import BallastModel

/// The CSV files of a run directory and the columns of each, in file order. The writers' headers, the dictionary in
/// `run.json` and the report's method section all come from here.
enum ResultFile: String, CaseIterable {
  case hosts = "hosts.csv"
  case vms = "vms.csv"
  case summaries = "vms-summary.csv"
  case pools = "pools.csv"
  case events = "events.csv"

  /// - Parameter reclamation: the run takes memory back; where not, columns about that are marked as not modelled.
  func columns(reclamation: Bool) -> [ColumnMeaning] {
    func meaning(_ spec: ColumnSpec) -> ColumnMeaning {
      ColumnMeaning(spec, reclamation: reclamation)
    }
    let time = [
      ColumnMeaning("time_s", "s", .number, "end of the interval that the row covers"),
      ColumnMeaning("interval_s", "s", .number, "length of that interval"),
    ]
    switch self {
    case .hosts:
      return time + [.init("host", "", .text, "name"), .init("state", "", .text, hostStates)]
        + HostColumn.allCases.prefix(HostColumn.countBeforeState).map { meaning($0.spec) }
        + [.init("mem_state", "", .text, memoryStates, isModelled: reclamation)]
        + HostColumn.allCases.dropFirst(HostColumn.countBeforeState).map { meaning($0.spec) }
    case .vms:
      return time + [
        .init("vm", "", .text, "name"),
        .init("host", "", .text, "host at the end of the interval"),
        .init("pool", "", .text, "pool path; empty for none"),
        .init("state", "", .text, vmStates),
      ] + VMColumn.allCases.map { meaning($0.spec) }
    case .summaries:
      return [
        .init("vm", "", .text, "name"),
        .init("host_last", "", .text, "last host; empty when it never had one"),
        .init("pool", "", .text, "pool path; empty for none"),
        .init("admitted", "", .text, "true or false: the VM was admitted at its power-on"),
        .init("refusal", "", .text, "why not; empty when admitted"),
      ] + summaryMetrics.flatMap { meaning($0.spec).statistics }
    case .pools:
      return time + [
        .init("cluster", "", .text, "name"),
        .init("pool", "", .text, "pool path; empty for the root"),
      ] + PoolColumn.allCases.map { meaning($0.spec) }
    case .events:
      return [
        .init("time_s", "s", .number, "when it happened"),
        .init("sequence", "1", .count, "number of the row, from 0"),
        .init("event", "", .text, "kind: power_on, refused, overcommitted, …"),
        .init("subject", "", .text, "VM, host or pool it happened to"),
        .init("from", "", .text, "old value or host"),
        .init("to", "", .text, "new value or host"),
        .init("detail", "", .text, "key=value pairs"),
      ]
    }
  }

  private var hostStates: String { HostState.allCases.map(\.name).joined(separator: ", ") }
  private var memoryStates: String {
    "how short of memory the host is: "
      + MemoryState.allCases.map(\.rawValue).joined(separator: ", ")
      + "; empty where its policy knows no states"
  }
  private var vmStates: String { VMState.allCases.map(\.name).joined(separator: ", ") }
}

/// One entry of the column dictionary: what a column means and what others call it.
public struct ColumnMeaning: Sendable, Equatable {
  public enum Format: String, Sendable, Codable {
    case text
    /// A whole number: VMs, vCPUs, shares, sequence numbers are counted, and 4.000 VMs would pretend otherwise.
    case count
    /// Three decimals, half away from zero.
    case number
  }
  public var name: String
  public var unit: String
  public var format: Format
  /// mean, sum or state; empty for names and times.
  public var kind: String
  public var meaning: String
  public var esxtop: String
  public var vSphere: String
  public var libvirt: String
  /// False: the cell is empty in every row of this version.
  public var isModelled: Bool

  init(
    _ name: String, _ unit: String, _ format: Format, _ meaning: String, isModelled: Bool = true
  ) {
    self.name = name
    self.unit = unit
    self.format = format
    self.kind = ""
    self.meaning = meaning
    self.esxtop = ""
    self.vSphere = ""
    self.libvirt = ""
    self.isModelled = isModelled
  }

  init(_ spec: ColumnSpec, reclamation: Bool) {
    self.init(
      spec.name, spec.unit, spec.isWhole ? .count : .number, spec.meaning,
      isModelled: spec.isModelled(withReclamation: reclamation))
    kind = spec.kindName
    esxtop = spec.esxtop
    vSphere = spec.vSphere
    libvirt = spec.libvirt
  }

  /// The five columns that `vms-summary.csv` has for one metric.
  var statistics: [ColumnMeaning] {
    [
      ("mean", "time-weighted mean, off counts as zero"), ("p50", "median"),
      ("p95", "95th percentile"), ("p99", "99th percentile"), ("max", "largest"),
    ].map { suffix, words in
      var column = self
      column.name = "\(name)_\(suffix)"
      column.meaning = "\(words) of \(name): \(meaning)"
      column.kind = suffix
      return column
    }
  }
}

extension ColumnSpec {
  /// Counts have no unit but "1" and are written without decimals.
  var isWhole: Bool { unit == "1" }

  var kindName: String {
    switch kind {
    case .mean: "mean"
    case .sum: "sum"
    case .state: "state"
    }
  }
}
