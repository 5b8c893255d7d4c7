/// What real traces do that an ideal one would not. Each kind is counted, and shown also when it is zero.
///
/// The order is part of the binary form: a new kind goes to the end.
public enum Quirk: Int, Sendable, CaseIterable {
  /// A row with the timestamp of the row before and the same content.
  case repeatedRows
  /// A row with the timestamp of another row of its series and other content; the last one counts.
  case contradictingRows
  /// A row earlier than the row before it in its series; rows are sorted by time.
  case backwardRows
  /// A step of more than 1.5 nominal ones; the value before it holds.
  case gaps
  /// CPU above 100 %; replay uses 100 %.
  case cpuAboveFull
  /// Memory above 100 %, where memory is in percent; replay uses 100 %.
  case memoryAboveFull
  /// Rows with more memory used than provisioned, where both are sizes; kept as recorded.
  case memoryAboveProvisioned
  /// Samples in which the source says that the VM was off; demand is 0.
  case offSamples
  /// Series with such samples.
  case offSeries
  /// Series whose vCPU count changes; the largest is used.
  case vcpuChanges
  /// Series whose provisioned memory changes; the largest is used.
  case memoryChanges
  /// Series that start after the trace's first timestamp; demand is 0 until then.
  case lateSeries
  /// VMs of the source's table of VMs that have no readings: they are left out.
  case vmsWithoutReadings
  /// Series that the source's table of VMs does not know: they have no size.
  case seriesWithoutVM
  /// Files and folders that were not read.
  case skippedFiles

  /// In words, for people.
  public var name: String {
    switch self {
    case .repeatedRows: "repeated rows"
    case .contradictingRows: "rows that contradict an earlier one of the same time"
    case .backwardRows: "rows back in time"
    case .gaps: "gaps"
    case .cpuAboveFull: "CPU samples above 100 %"
    case .memoryAboveFull: "memory samples above 100 %"
    case .memoryAboveProvisioned: "rows with more memory used than provisioned"
    case .offSamples: "samples of a VM that is off"
    case .offSeries: "series with samples of a VM that is off"
    case .vcpuChanges: "series with changing vCPUs"
    case .memoryChanges: "series with changing memory"
    case .lateSeries: "series that start late"
    case .vmsWithoutReadings: "VMs without readings"
    case .seriesWithoutVM: "series without a VM"
    case .skippedFiles: "files not read"
    }
  }
}

/// A count per kind.
struct QuirkCounts {
  private var counts = [Int64](repeating: 0, count: Quirk.allCases.count)

  subscript(kind: Quirk) -> Int64 {
    get { counts[kind.rawValue] }
    set { counts[kind.rawValue] = newValue }
  }
}
