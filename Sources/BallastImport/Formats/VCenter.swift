import BallastUnits

extension ImportFormat {
  /// `Get-Stat … | Export-Csv`: a row per entity, metric, instance and time.
  ///
  /// Columns   MetricId, Timestamp, Value, Entity; Instance, EntityId and IntervalSecs where they are there.
  /// Metrics   cpu.usage.average (%), cpu.usagemhz.average (MHz), cpu.ready.summation (ms), mem.active.average,
  ///           mem.consumed.average, mem.granted.average, mem.vmmemctl.average, mem.swapped.average (KB = KiB).
  /// Sizes     vCPUs are the numbered instances of cpu.* metrics; memory is not in such an export: --memory, or the
  ///           most that was granted, rounded up to a GiB.
  /// Source    ready % per vCPU = ms / (interval · 1000) / vCPUs: reference of cpu.ready.summation, vSphere API.
  static let vcenter = ImportFormat(
    name: "vcenter",
    summary: "vCenter statistics as PowerCLI's Get-Stat | Export-Csv writes them",
    read: { path, options, report throws(ImportError) in
      let sheet = try longSheet(path, &report)
      let tab = Tab(name: fileName(path), sheet: sheet)
      let dates = DateReader(sheet.rows.lazy.map { tab.text($0, Stat.time) })
      var readings: [Reading] = []
      var vcpus: [String: Set<String>] = [:]
      var granted: [String: Int64] = [:]
      var others: [String: Int] = [:]
      for row in sheet.rows {
        let entity = tab.text(row, Stat.entity)
        let id = tab.text(row, Stat.entityID)
        guard !entity.isEmpty, id.isEmpty || id.hasPrefix("VirtualMachine") else {
          report.add(.ignored, "rows about what is no VM", at: tab.place(row), entity)
          continue
        }
        let metric = tab.text(row, Stat.metric).lowercased()
        let instance = tab.text(row, Stat.instance)
        if metric.hasPrefix("cpu."), !instance.isEmpty, Int(instance) != nil {
          vcpus[entity, default: []].insert(instance)
        }
        guard let time = dates.seconds(tab.text(row, Stat.time)) else {
          report.add(.ignored, "a row whose time is not understood", at: tab.place(row, Stat.time))
          continue
        }
        guard let value = tab.amount(row, Stat.value, isWhole: false, &report), value >= 0 else {
          continue
        }
        // Instances are parts of the total, which has none.
        guard instance.isEmpty else { continue }
        if metric == "mem.granted.average" {
          granted[entity] = max(granted[entity] ?? 0, value / 1_000)
        }
        let interval = tab.whole(row, Stat.interval, &report) ?? 0
        if Stat.known.contains(metric) {
          readings.append(
            Reading(
              vm: entity, time: time, metric: metric, value: value,
              interval: interval > 0 ? interval : Stat.interval(options)))
        } else {
          others[metric, default: 0] += 1
        }
      }
      for metric in others.keys.sorted(by: precedes) where metric != "mem.granted.average" {
        report.add(
          .ignored, "metrics that Ballast does not use", at: ImportPlace(tab.name),
          "\(metric), \(others[metric]!) rows")
      }
      var book = SampleBook()
      for reading in readings {
        let count = Int64(vcpus[reading.vm]?.count ?? Int(options.vcpus ?? 1))
        book.change(reading.vm, at: reading.time) { reading.put(into: &$0, vcpus: max(count, 1)) }
      }
      guard !book.isEmpty else {
        throw ImportError(
          path, "there are no statistics of VMs in it",
          remedy: "Get-Stat -Stat cpu.usage.average,cpu.ready.summation,mem.active.average")
      }
      var estate = ImportedEstate(format: "vcenter")
      let (first, length) = book.span
      estate.span = length
      for (name, points) in book.vms {
        var vm = ImportedVM(name: name, place: ImportPlace(tab.name))
        vm.vcpus = vcpus[name].map { Int64($0.count) }
        vm.memory = options.memory
        if vm.memory == nil, let most = granted[name], most > 0 {
          vm.memory = .gibibytes((most + (1 << 20) - 1) >> 20)
          report.add(
            .assumed, "memory of a VM: the most that was granted, rounded up to a GiB",
            at: vm.place, "\(name): \(vm.memory!.value >> 30) GiB")
        }
        book.fill(&vm, points, from: first, options, &report)
        estate.vms.append(vm)
      }
      return estate
    })

  private enum Stat {
    static let metric = ["metricid", "metric"]
    static let time = ["timestamp", "time"]
    static let value = ["value"]
    static let entity = ["entity"]
    static let entityID = ["entityid", "entity id"]
    static let instance = ["instance"]
    static let interval = ["intervalsecs", "interval"]
    static let all = Set(
      [metric, time, value, entity, entityID, instance, interval].flatMap { $0 })
    static let known: Set = [
      "cpu.usage.average", "cpu.usagemhz.average", "cpu.ready.summation", "mem.active.average",
      "mem.consumed.average", "mem.vmmemctl.average", "mem.swapped.average", "mem.granted.average",
    ]

    /// vCenter's real-time samples are 20 s apart.
    static func interval(_ options: ImportOptions) -> Int64 {
      options.interval.map { max(1, $0.value / 1_000_000_000) } ?? 20
    }
  }

  private struct Reading {
    var vm: String
    var time: Int64
    var metric: String
    /// Thousandths of the metric's unit.
    var value: Int64
    /// Seconds.
    var interval: Int64

    func put(into point: inout SampleBook.Point, vcpus: Int64) {
      switch metric {
      case "cpu.usage.average": point.cpuPercent = value
      case "cpu.usagemhz.average": point.megahertz = value
      // ms in the interval, of all vCPUs → thousandths of a percent of one: ms / (s · 1000) · 100 / vCPUs.
      case "cpu.ready.summation": point.readyPercent = value / (interval * 10 * vcpus)
      case "mem.active.average": point.activeKiB = value
      case "mem.consumed.average": point.consumedKiB = value
      case "mem.vmmemctl.average": point.balloonedKiB = value
      case "mem.swapped.average": point.swappedKiB = value
      default: break
      }
    }
  }

  /// The rows below the headings; Export-Csv may write a line "#TYPE …" above them.
  private static func longSheet(
    _ path: String, _ report: inout ImportReport
  ) throws(ImportError) -> Sheet {
    var bytes = try readFile(path)
    let (text, encoding) = TextDecoding.decode(bytes)
    bytes = text
    if encoding != .utf8 {
      report.add(
        .mended, "text that is not UTF-8", at: ImportPlace(fileName(path)),
        "read as \(encoding.rawValue)")
    }
    if bytes.starts(with: Array("#TYPE".utf8)), let end = bytes.firstIndex(of: 10) {
      bytes.removeFirst(end + 1)
    }
    var sheet = Sheet(name: fileName(path)) { Stat.all.contains($0) }
    // The text is UTF-8 by now.
    try CSVSheet.read(bytes, into: &sheet, path: path, &report)
    sheet.reportHeadings(&report)
    for (headings, name) in [
      (Stat.metric, "MetricId"), (Stat.time, "Timestamp"), (Stat.value, "Value"),
      (Stat.entity, "Entity"),
    ] where sheet.column(headings) == nil {
      throw ImportError(
        path, "there is no column \(name)",
        remedy:
          "Get-Stat … | Select Entity,MetricId,Timestamp,Value,Instance,IntervalSecs | Export-Csv"
      )
    }
    report.add(.read, "rows", at: ImportPlace(fileName(path)), "\(sheet.rows.count)")
    return sheet
  }
}
