import BallastModel
import BallastUnits
import Foundation

/// Writes a run as the wide CSV of esxtop's batch mode: a row per sample, a column per counter of a host or VM.
///
/// Header    `"(PDH-CSV 4.0) (UTC)(0)"`, then `"\\host\Group Cpu(id:vm)\% Used"` and the like; the id is the VM's
///           number in byte-wise order of names, from 1. Every cell is quoted, as esxtop does.
/// Time      `01/01/1970 00:05:00` is 300 s after the start of the run: a run has no calendar.
/// Counters  of a VM: % Used = used MHz / clock · 100, % Ready = ready ms / interval · 100 (limited time included, as
///           in esxtop), % Max Limited and % CoStop, all summed over vCPUs in percent of one physical CPU; sizes in
///           MBytes of 2²⁰. Of a host: Physical Cpu(_Total)\% Processor Time, and Memory.
///           `Vcpu(id:vm:n:vmx-vcpu-n:vm)\% Used` stands once per vCPU, so that readers can count them; its cells
///           are empty, as a run does not say what each vCPU got.
/// Empty     a cell of a VM that is off, or on another host, and of what the run does not model.
/// Cost      two walks over vms.csv; memory grows with VMs times the hosts they were on, not with samples.
public func exportEsxtop(
  directory: String, inventory: EsxtopInventory, to path: String
) throws(ExportError) {
  let hosts = try reading { () throws(RunReadError) in try CSVTable(path: directory + "/hosts.csv")
  }
  let vms = try reading { () throws(RunReadError) in try CSVTable(path: directory + "/vms.csv") }
  let layout = try reading { () throws(RunReadError) in try EsxtopLayout(hosts, vms, inventory) }
  let samples = try reading { () throws(RunReadError) in
    try EsxtopHostSamples(hosts, layout.hostCount)
  }
  let reader = try reading { () throws(RunReadError) in try EsxtopVMReader(vms) }
  let (time, name, host) = try reading { () throws(RunReadError) in
    (try vms.column("time_s"), try vms.column("vm"), try vms.column("host"))
  }
  let file = try writing { () throws(RunSinkError) in
    let file = try WholeFile(path)
    try file.write(line: Array(layout.header.joined(separator: ",").utf8))
    return file
  }
  var next = 0
  var cells = [Double?](repeating: nil, count: layout.cellCount)
  /// Writes the sample that is complete, and those before it in which no VM was on.
  func flush(until stamp: Double) throws(RunSinkError) {
    while next < samples.times.count, samples.times[next] < stamp {
      layout.put(hosts: samples.values[next], into: &cells)
      try file.write(line: layout.line(samples.times[next], cells))
      cells = [Double?](repeating: nil, count: layout.cellCount)
      next += 1
    }
  }
  try vms.export { row throws(RunSinkError) in
    let stamp = row.number(time) ?? 0
    try flush(until: stamp)
    let vm = row.text(name)
    let home = row.text(host)
    guard let at = layout.start(vm: vm, host: home) else { return }
    let values = reader.values(
      row, vcpus: inventory.vcpus[vm] ?? 1, clock: inventory.clocks[home] ?? .zero)
    for (offset, value) in values.enumerated() { cells[at + offset] = value }
  }
  try writing { () throws(RunSinkError) in
    try flush(until: .infinity)
    try file.commit()
  }
}

/// The hosts' part of every sample.
private struct EsxtopHostSamples {
  var times: [Double] = []
  /// Per sample, `EsxtopCounters.perHost` values for each host in order of name.
  var values: [[Double?]] = []

  init(_ hosts: CSVTable, _ hostCount: Int) throws(RunReadError) {
    let time = try hosts.column("time_s")
    var columns = [try hosts.column("cpu_used_pct")]
    for (_, column) in EsxtopCounters.hostMemory { columns.append(try hosts.column(column)) }
    var times: [Double] = []
    var values: [[Double?]] = []
    try hosts.forEachRow { row throws(RunReadError) in
      let stamp = row.number(time) ?? 0
      if times.last != stamp {
        times.append(stamp)
        values.append([])
        values[values.count - 1].reserveCapacity(hostCount * columns.count)
      }
      for column in columns { values[values.count - 1].append(row.number(column)) }
    }
    self.times = times
    self.values = values
  }
}

/// Which counter stands in which column.
private struct EsxtopLayout {
  private(set) var header = ["\"(PDH-CSV 4.0) (UTC)(0)\""]
  private(set) var hostCount = 0
  private(set) var cellCount = 0
  /// "vm\u{0}host" → where the VM's counters on that host begin.
  private var starts: [String: Int] = [:]

  init(
    _ hosts: CSVTable, _ vms: CSVTable, _ inventory: EsxtopInventory
  ) throws(RunReadError) {
    let hostNames = try Self.distinct(hosts, [try hosts.column("host")]).map { $0[0] }
    let pairs = try Self.distinct(vms, [try vms.column("vm"), try vms.column("host")])
      .filter { !$0[1].isEmpty }
    hostCount = hostNames.count
    for host in hostNames {
      add(host, "Physical Cpu(_Total)", "% Processor Time")
      for (counter, _) in EsxtopCounters.hostMemory { add(host, "Memory", counter) }
    }
    var ids: [String: Int] = [:]
    for pair in pairs where ids[pair[0]] == nil { ids[pair[0]] = ids.count + 1 }
    for pair in pairs {
      let (vm, host) = (pair[0], pair[1])
      starts[vm + "\0" + host] = cellCount
      let group = "\(ids[vm]!):\(vm)"
      for counter in EsxtopCounters.groupCPU { add(host, "Group Cpu(\(group))", counter) }
      for (counter, _) in EsxtopCounters.groupMemory {
        add(host, "Group Memory(\(group))", counter)
      }
      for vcpu in 0..<(inventory.vcpus[vm] ?? 0) {
        add(host, "Vcpu(\(group):\(vcpu):vmx-vcpu-\(vcpu):\(vm))", "% Used")
      }
    }
  }

  private mutating func add(_ host: String, _ object: String, _ counter: String) {
    header.append("\"\\\\\(host)\\\(object)\\\(counter)\"")
    cellCount += 1
  }

  /// Values of columns that occur together, each once, in byte-wise order.
  private static func distinct(
    _ table: CSVTable, _ columns: [Int]
  ) throws(RunReadError) -> [[String]] {
    var seen: Set<[String]> = []
    try table.forEachRow { row throws(RunReadError) in seen.insert(columns.map(row.text)) }
    return seen.sorted { a, b in
      for (x, y) in zip(a, b) where x != y { return x.utf8.lexicographicallyPrecedes(y.utf8) }
      return false
    }
  }

  func start(vm: String, host: String) -> Int? { starts[vm + "\0" + host] }

  func put(hosts values: [Double?], into cells: inout [Double?]) {
    for (index, value) in values.prefix(hostCount * EsxtopCounters.perHost).enumerated() {
      cells[index] = value
    }
  }

  /// "01/01/1970 00:05:00","1.23",…; two decimals, as esxtop.
  func line(_ seconds: Double, _ cells: [Double?]) -> [UInt8] {
    var out = "\"\(Self.stamp(Int64(seconds)))\""
    for cell in cells {
      guard let cell else {
        out += ",\"\""
        continue
      }
      out += ",\"\(decimal(Int64((cell * 100).rounded()), places: 2))\""
    }
    return Array(out.utf8)
  }

  /// Month/day/year of a calendar that begins with the run in 1970.
  private static func stamp(_ seconds: Int64) -> String {
    var days = seconds / 86_400
    var year: Int64 = 1970
    func isLeap(_ year: Int64) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }
    while days >= (isLeap(year) ? 366 : 365) {
      days -= isLeap(year) ? 366 : 365
      year += 1
    }
    var month = 1
    for length in [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as [Int64] {
      if days < length { break }
      days -= length
      month += 1
    }
    let time = seconds % 86_400
    return String(
      format: "%02d/%02lld/%04lld %02lld:%02lld:%02lld", month, days + 1, year, time / 3_600,
      time / 60 % 60, time % 60)
  }
}
