import BallastModel
import BallastUnits

extension TraceFormat {
  /// Azure Public Dataset V1 (2017): readings of all VMs, time after time, and a table of VMs.
  ///
  /// Source    E. Cortez et al., "Resource Central", SOSP 2017; github.com/Azure/AzurePublicDataset.
  /// Files     `vm_cpu_readings-file-N-of-M.csv`, read by number N, and `vmtable.csv` beside them, if it is
  ///           there; any of them packed. Neither has a header.
  /// Readings  time in s, VM, minimum, maximum and average CPU % of the 5 minutes: the average is used.
  /// Table     column 1 VM, 4 and 5 created and deleted in s, 10 cores, 11 memory in GiB. Outside created …
  ///           deleted demand is 0; deleted at 2,591,700 s, the end of the dataset, is "still running".
  /// Orphans   VMs without readings are left out, series without a VM have no size; both are counted.
  static let azureV1 = TraceFormat(
    name: "azure-v1",
    summary: "Azure Public Dataset V1 (2017): vm_cpu_readings files and, beside them, vmtable",
    recognises: { $0.isAzure },
    reading: .text { source, builder in
      var reader = AzureReader(source, builder, sizes: .exact)
      reader.read()
    })
}

extension TraceSample {
  /// By the names of the files, or by a first line of time, VM and three numbers.
  var isAzure: Bool {
    if names.contains(where: { AzureReader.kind(of: $0) != .other }) { return true }
    let cells = firstLine.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
    func isNumber(_ cell: ArraySlice<UInt8>) -> Bool {
      !cell.isEmpty && cell.allSatisfy { "0123456789.eE+-".utf8.contains($0) }
    }
    return cells.count == 5 && isNumber(cells[0]) && cells[2...].allSatisfy(isNumber)
  }
}

/// Reads both generations of the Azure dataset: they differ only in how the table of VMs gives sizes.
struct AzureReader {
  enum Sizes {
    case exact
    /// A number stands for its bucket; ">24" is the bucket above 24 and is read as 24.
    case buckets
  }

  enum Kind {
    case readings
    case table
    case other
  }

  private struct VM {
    var created: Int64
    var deleted: Int64
    var cores: Int64
    var memoryBytes: Int64
  }

  /// "2591700 = still running at the end"; the same in both generations.
  private static let stillRunning: Int64 = 2_591_700 * 1_000_000_000

  private let source: TraceSource
  private let builder: TraceBuilder
  private let sizes: Sizes
  private var vmNames = SeriesNames()
  private var vms: [VM] = []

  init(_ source: TraceSource, _ builder: TraceBuilder, sizes: Sizes) {
    self.source = source
    self.builder = builder
    self.sizes = sizes
  }

  static func kind(of name: String) -> Kind {
    if name.hasPrefix("vmtable") { return .table }
    return name.hasPrefix("vm_cpu_readings") ? .readings : .other
  }

  /// N of `vm_cpu_readings-file-N-of-M.csv`, so that 10 comes after 9; 0 for other names.
  static func number(of name: String) -> UInt32 {
    guard kind(of: name) == .readings else { return 0 }
    let digits = name.utf8.drop { !(48...57).contains($0) }.prefix { (48...57).contains($0) }
    return UInt32(String(decoding: digits, as: UTF8.self)) ?? 0
  }

  mutating func read() {
    var names = source.names
    do throws(ScenarioProblem) {
      names += try source.beside { AzureReader.kind(of: $0) == .table }
    } catch {
      builder.problems.add(error)
    }
    // One file may have any name; it is taken for readings unless it says that it is the table.
    let isOneFile = source.shape == .file
    source.visit(
      names: names, problems: builder.problems, rank: AzureReader.number,
      takes: { isOneFile || AzureReader.kind(of: $0) != .other },
      { entry throws(ScenarioProblem) in
        if AzureReader.kind(of: entry.name) == .table {
          try readTable(entry)
        } else {
          try readReadings(entry)
        }
      })
    match()
  }

  private func readReadings(_ entry: TraceEntry) throws(ScenarioProblem) {
    let lines = entry.lines
    var hasRows = false
    while !builder.problems.isFull, try lines.next() {
      var cells = Cells(lines.line, separator: UInt8(ascii: ","))
      let time = cells.number(places: 9, limit: latestTime)
      let name = cells.text()
      if let name, name.isEmpty { cells.reject(name, .missing) }
      cells.skip(2)
      let average = cells.number(places: 4)
      cells.finish()
      guard cells.fault == nil, let name else {
        builder.problems.add(cells, of: lines)
        continue
      }
      let series = builder.series(named: name)
      try builder.append(
        Row(
          time: Int64(time), series: UInt32(series), file: entry.rank, cpu: UInt32(average),
          mark: Row.mark(lineHash(lines.line), isOff: false)))
      hasRows = true
    }
    try entry.requireRows(hasRows, problems: builder.problems)
  }

  private mutating func readTable(_ entry: TraceEntry) throws(ScenarioProblem) {
    let lines = entry.lines
    while !builder.problems.isFull, try lines.next() {
      var cells = Cells(lines.line, separator: UInt8(ascii: ","))
      let name = cells.text()
      cells.skip(2)
      let created = cells.number(places: 9, limit: latestTime)
      let deleted = cells.number(places: 9, limit: latestTime)
      cells.skip(4)
      if sizes == .buckets { cells.pass(UInt8(ascii: ">")) }
      let cores = cells.number(places: 0, limit: 1_000_000)
      if sizes == .buckets { cells.pass(UInt8(ascii: ">")) }
      // GiB with three places: 0.75 and 1.75 are exact. At most 1 PiB.
      let milliGibibytes = cells.number(places: 3, limit: 1 << 30)
      cells.finish()
      guard cells.fault == nil, let name else {
        let isBucket = sizes == .exact && cells.faultText.hasPrefix(">")
        builder.problems.add(
          cells, of: lines,
          remedy: isBucket ? "this is the table of V2: say format: azure-v2" : nil)
        continue
      }
      let vm = VM(
        created: Int64(created),
        deleted: deleted == UInt64(AzureReader.stillRunning) ? .max : Int64(deleted),
        cores: Int64(cores), memoryBytes: scaled(Int64(milliGibibytes), by: 1 << 30, over: 1_000))
      let (number, isNew) = vmNames.number(of: name)
      if isNew { vms.append(vm) } else { vms[number] = vm }
    }
  }

  /// Gives each series the size and life of its VM and counts who has no partner.
  private func match() {
    if vms.isEmpty { return }
    var matched: Int64 = 0
    for series in builder.facts.indices {
      guard let number = builder.names.withName(series, vmNames.existing) else {
        builder.quirks[.seriesWithoutVM] += 1
        continue
      }
      matched += 1
      let vm = vms[number]
      builder.facts[series].vcpus = vm.cores
      builder.facts[series].memoryBytes = vm.memoryBytes
      builder.facts[series].created = vm.created
      builder.facts[series].deleted = vm.deleted
    }
    builder.quirks[.vmsWithoutReadings] = Int64(vms.count) - matched
  }
}
