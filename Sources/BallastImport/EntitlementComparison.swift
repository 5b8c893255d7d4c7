import BallastMath
import BallastUnits

/// Holds the hypervisor's own entitlements, as an export carries them, against those of a run of the same estate.
///
/// Rule      Spearman's rank correlation over the VMs that both know: whether they rank VMs alike, not whether the
///           numbers agree. The export is one instant, under the hypervisor's own estimate of demand; the run's
///           figure is the VM's mean over its samples, off counting as absent.
/// Source    gsl_stats_spearman: ranks with means for ties.
public struct EntitlementComparison: Sendable {
  public struct Row: Sendable {
    /// "vCPU Entitlement" and the run's column.
    public var theirs: String
    public var ours: String
    public var vms: Int
    /// −1 … 1; nil with fewer than 3 VMs, or where one side gives all the same.
    public var correlation: Double?
    public var theirTotal: Double
    public var ourTotal: Double
    /// MHz or MiB, by name: what each side says of a VM.
    public var pairs: [(vm: String, theirs: Double, ours: Double)]
  }

  public var rows: [Row]
  /// VMs of the export that the run does not have, and the other way round.
  public var missingInRun: Int
  public var missingInExport: Int

  /// For people.
  public var lines: [String] {
    var lines: [String] = []
    for row in rows {
      let pair = "\(row.theirs) and \(row.ours)"
      if let correlation = row.correlation {
        let thousandth = Int64((correlation * 1_000).rounded())
        lines.append(
          "\(pair): rank correlation \(decimal(thousandth, places: 3)) over \(row.vms) VMs")
      } else if row.vms < 3 {
        lines.append("\(pair): \(row.vms) VMs have both; a rank correlation takes 3")
      } else {
        lines.append("\(pair): no rank correlation, one side says the same of all \(row.vms) VMs")
      }
    }
    if missingInRun > 0 { lines.append("\(missingInRun) VMs of the export are not in the run") }
    if missingInExport > 0 {
      lines.append("\(missingInExport) VMs of the run are not in the export")
    }
    return lines
  }
}

/// Compares an export with a run directory whose scenario was made of it.
///
/// - Parameter estate: as `ImportFormat.open` gives it; templates and VMs that are off do not count.
public func compareEntitlements(
  _ estate: ImportedEstate, _ options: ImportOptions, _ report: ImportReport, run directory: String
) throws(ImportError) -> EntitlementComparison {
  // The scenario's names, which is what the run knows VMs by.
  let prepared = try Preparation(estate, options, report)
  let means = try meansOfRun(directory)
  let known = Set(prepared.estate.vms.map(\.name))
  var comparison = EntitlementComparison(
    rows: [], missingInRun: prepared.estate.vms.count { means[$0.name] == nil },
    missingInExport: means.keys.count { !known.contains($0) })
  let vms = prepared.estate.vms.sorted { precedes($0.name, $1.name) }
  func row(
    _ theirs: String, _ ours: String, _ value: (ImportedEntitlements) -> Double?,
    _ mean: (RunMeans) -> Double
  ) {
    var pairs: [(vm: String, theirs: Double, ours: Double)] = []
    for vm in vms {
      guard let their = value(vm.entitlements), let run = means[vm.name] else { continue }
      pairs.append((vm.name, their, mean(run)))
    }
    guard !pairs.isEmpty else { return }
    comparison.rows.append(
      EntitlementComparison.Row(
        theirs: theirs, ours: ours, vms: pairs.count,
        correlation: Statistics.rankCorrelation(pairs.map(\.theirs), pairs.map(\.ours)),
        theirTotal: pairs.reduce(0) { $0 + $1.theirs }, ourTotal: pairs.reduce(0) { $0 + $1.ours },
        pairs: pairs))
  }
  func megahertz(_ rate: Kilohertz?) -> Double? { rate.map { Double($0.value) / 1_000 } }
  func mebibytes(_ size: Bytes?) -> Double? { size.map { Double($0.value) / 1_048_576 } }
  row("vCPU Entitlement", "cpu_entitled_mhz", { megahertz($0.cpu) }, \.cpu)
  row("vCPU DRS Entitlement", "cpu_entitled_mhz", { megahertz($0.cpuByDRS) }, \.cpu)
  row("vMemory Entitlement", "mem_entitled_mib", { mebibytes($0.memory) }, \.memory)
  row("vMemory DRS Entitlement", "mem_entitled_mib", { mebibytes($0.memoryByDRS) }, \.memory)
  guard !comparison.rows.isEmpty else {
    throw ImportError(
      report.source, "the export has no entitlements of VMs that the run knows",
      remedy: "it takes the tabs vCPU and vMemory, and a run of the scenario made of this export")
  }
  return comparison
}

/// Mean entitlements of a VM over its samples, MHz and MiB.
private struct RunMeans {
  var cpu = 0.0
  var memory = 0.0
  var seconds = 0.0
}

private func meansOfRun(_ directory: String) throws(ImportError) -> [String: RunMeans] {
  let path = directory + "/vms.csv"
  var sums: [String: RunMeans] = [:]
  var columns: [String: Int] = [:]
  CSVSheet.rows(of: try readFile(path)) { number, cells in
    if number == 1 {
      for (index, cell) in cells.enumerated() { columns[cell] = index }
      return true
    }
    func value(_ name: String) -> Double? {
      columns[name].flatMap { $0 < cells.count ? Double(cells[$0]) : nil }
    }
    guard let at = columns["vm"], at < cells.count, let seconds = value("interval_s"),
      let cpu = value("cpu_entitled_mhz"), let memory = value("mem_entitled_mib")
    else { return true }
    sums[cells[at], default: RunMeans()].cpu += cpu * seconds
    sums[cells[at], default: RunMeans()].memory += memory * seconds
    sums[cells[at], default: RunMeans()].seconds += seconds
    return true
  }
  guard !sums.isEmpty else {
    throw ImportError(
      path, "there are no rows of VMs with entitlements in it",
      remedy: "run the scenario with record: {vms: all}")
  }
  return sums.mapValues {
    RunMeans(
      cpu: $0.cpu / $0.seconds, memory: $0.memory / $0.seconds, seconds: $0.seconds)
  }
}
