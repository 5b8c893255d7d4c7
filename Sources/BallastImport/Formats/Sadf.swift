import BallastUnits

extension ImportFormat {
  /// `sadf -d` of sysstat: what guests recorded of themselves, a VM per host name.
  ///
  /// Sections  each begins with a line `# hostname;interval;timestamp;…`. `-u` has CPU;%user;…;%steal;%idle, where
  ///           CPU −1 is all; `-P ALL` adds one row per CPU, which tells the vCPUs; `-r` has kbmemfree, kbavail and
  ///           kbmemused.
  /// Rule      demand is 100 − %idle − %iowait: %steal is what the guest wanted and did not get. Memory is
  ///           kbmemfree + kbmemused as the guest sees it; active is that less kbavail.
  /// Source    sadf(1), sar(1).
  static let sadf = ImportFormat(
    name: "sadf",
    summary: "sysstat of guests: sadf -d FILE -- -P ALL -r",
    read: { path, options, report throws(ImportError) in
      let (bytes, _) = TextDecoding.decode(try readFile(path))
      let place = ImportPlace(fileName(path))
      var columns: [String: Int] = [:]
      var rows: [Row] = []
      var cpus: [String: Set<String>] = [:]
      var sizes: [String: Int64] = [:]
      for (number, line) in lines(of: bytes) {
        if line.hasPrefix("#") {
          columns = [:]
          let headings = line.dropFirst().split(separator: ";", omittingEmptySubsequences: false)
          for (index, heading) in headings.enumerated() {
            columns[trimmed(String(heading))] = index
          }
          continue
        }
        let cells = line.split(separator: ";", omittingEmptySubsequences: false).map(String.init)
        func cell(_ name: String) -> String? {
          columns[name].flatMap { $0 < cells.count ? cells[$0] : nil }
        }
        guard let host = cell("hostname"), !host.isEmpty, let stamp = cell("timestamp") else {
          if !isBlank(line), !line.contains("LINUX-RESTART") {
            report.add(
              .ignored, "a line under no heading, or without host and time",
              at: ImportPlace(place.sheet, row: number))
          }
          continue
        }
        if stamp.isEmpty || line.contains("LINUX-RESTART") { continue }
        func amount(_ name: String) -> Int64? {
          cell(name).flatMap { thousandths($0, isWhole: false) }
        }
        var row = Row(host: host, stamp: stamp, number: number)
        if let cpu = cell("CPU") {
          if cpu != "-1" && cpu != "all" {
            cpus[host, default: []].insert(cpu)
            continue
          }
          guard let idle = amount("%idle") else { continue }
          row.cpu = min(100_000, max(0, 100_000 - idle - (amount("%iowait") ?? 0)))
          row.steal = amount("%steal").map { min(100_000, max(0, $0)) }
        } else if let free = amount("kbmemfree"), let used = amount("kbmemused") {
          sizes[host] = max(sizes[host] ?? 0, free + used)
          row.active = max(0, free + used - (amount("kbavail") ?? free))
        } else {
          continue
        }
        rows.append(row)
      }
      guard !rows.isEmpty else {
        throw ImportError(
          path, "there are no samples of CPU or memory in it",
          remedy: "write it by: sadf -d FILE -- -P ALL -r")
      }
      report.add(.read, "samples", at: place, "\(rows.count)")
      let dates = DateReader(rows.map(\.stamp))
      var book = SampleBook()
      for row in rows {
        guard let time = dates.seconds(row.stamp) else {
          report.add(
            .ignored, "a row whose time is not understood",
            at: ImportPlace(place.sheet, row: row.number), String(row.stamp.prefix(40)))
          continue
        }
        book.change(row.host, at: time) { point in
          // Stolen time is in the demand already.
          if let cpu = row.cpu { point.cpuPercent = cpu }
          if let active = row.active { point.activeKiB = active }
        }
      }
      let (first, length) = book.span
      var estate = ImportedEstate(format: "sadf")
      estate.span = length
      for (name, points) in book.vms {
        var vm = ImportedVM(name: name, place: place)
        vm.vcpus = cpus[name].map { Int64($0.count) }
        // What a kernel keeps for itself is missing in MemTotal: a VM of 4 GiB shows 3.8.
        vm.memory = options.memory
        if vm.memory == nil, let size = sizes[name], size > 0 {
          let mebibytes = size / (1_000 * 1_024)
          vm.memory = .mebibytes((mebibytes + 511) / 512 * 512)
          report.add(
            .assumed, "memory of a VM: what its guest sees, rounded up to 512 MiB", at: place,
            "\(name): \(mebibytes) → \(vm.memory!.value >> 20) MiB")
        }
        let steal = rows.compactMap { $0.host == name ? $0.steal : nil }
        book.fill(&vm, points, from: first, options, &report)
        if !steal.isEmpty {
          vm.use.readyPerVCPU = PartsPerMillion(steal.reduce(0, +) / Int64(steal.count) * 10)
        }
        estate.vms.append(vm)
      }
      return estate
    })

  /// Amounts in thousandths: percent, KiB.
  private struct Row {
    var host: String
    var stamp: String
    var number: Int
    var cpu: Int64?
    var steal: Int64?
    var active: Int64?
  }
}
