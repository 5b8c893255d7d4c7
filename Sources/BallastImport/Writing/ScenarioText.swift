import BallastUnits

/// A scenario made of an export.
public struct ImportedScenario: Sendable {
  /// The YAML text, which `ballast validate` accepts.
  public var text: String
  /// Measured series as a trace of the format csv, where the export has samples and a name for it was given.
  public var trace: String?
  public var report: ImportReport
  /// What the scenario holds.
  public var clusters: Int
  public var hosts: Int
  public var vms: Int64
  public var vcpus: Int64
  public var memory: Bytes
}

extension ImportedEstate {
  /// Writes the estate as a scenario: the same export and options give the same bytes.
  ///
  /// - Parameters:
  ///   - report: what reading found; what writing finds comes behind it.
  ///   - traceName: file name, relative to the scenario's, under which measured series are written; nil writes
  ///     their means as constants.
  /// - Throws: where nothing is left to simulate.
  public func scenario(
    _ options: ImportOptions, _ report: ImportReport, traceName: String? = nil
  ) throws(ImportError) -> ImportedScenario {
    // 2,000,000 values are the bound of a scenario, docs/SCENARIO.md#imports; an entry has up to 25.
    let entriesMax = 80_000
    let entries = vms.count { !$0.isTemplate && ($0.isOn || options.includesPoweredOff) }
    guard entries <= entriesMax else {
      throw ImportError(
        report.source,
        "the scenario would have \(entries) entries of VMs; it may have \(entriesMax)",
        remedy: "take a part: --window and --one-of for arrivals, one cluster for an inventory")
    }
    let prepared = try Preparation(self, options, report)
    var report = prepared.report
    let demand = Demand(prepared.estate, options, &report)
    let held = prepared.estate.vms.count { $0.host != nil }
    if held > 0 {
      let place = ImportPlace(fileName(report.source))
      if options.freesPlacement {
        report.add(
          .ignored, "hosts of VMs, by --free-placement; placement chooses", at: place, "\(held) VMs"
        )
      } else {
        report.add(
          .assumed,
          "VMs start on the hosts they were on; to ask how many hosts it takes, --free-placement lets placement choose",
          at: place, "\(held) VMs")
      }
    }
    let writer = ScenarioWriter(
      estate: prepared.estate, demand: demand.rows, name: options.name ?? stem(of: report.source),
      source: fileName(report.source), traceName: traceName,
      startsWhereTheyWere: !options.freesPlacement)
    let text = writer.text()
    // The bound of a scenario file, docs/SCENARIO.md#imports.
    guard text.utf8.count <= 16 << 20 else {
      throw ImportError(
        report.source,
        "the scenario would have \(text.utf8.count >> 20) MiB, for \(prepared.estate.vms.count) entries; it may have 16",
        remedy: "take a part: --window and --one-of for arrivals, one cluster for an inventory")
    }
    for (sentence, count) in writer.meansOfSamples {
      report.add(
        .assumed, sentence, at: ImportPlace(fileName(report.source)), "\(count) VMs")
    }
    let vms = prepared.estate.vms
    return ImportedScenario(
      text: text, trace: writer.trace(), report: report, clusters: prepared.estate.clusters.count,
      hosts: prepared.estate.hosts.count, vms: vms.reduce(0) { $0 + $1.count },
      vcpus: vms.reduce(0) { $0 + $1.vcpus! * $1.count },
      memory: vms.reduce(.zero) { sum, vm in
        let (total, overflow) = sum.value.addingReportingOverflow(vm.memory!.value * vm.count)
        return overflow ? Bytes(.max) : Bytes(total)
      })
  }
}

private func stem(of path: String) -> String {
  var name = fileName(path)
  for ending in [".xlsx", ".csv", ".txt", ".prom"] where name.lowercased().hasSuffix(ending) {
    name.removeLast(ending.count)
  }
  return allowedName(name)
}

struct ScenarioWriter {
  let estate: ImportedEstate
  let demand: [Demand.Row]
  let name: String
  let source: String
  let traceName: String?
  /// VMs start on the hosts they were on.
  let startsWhereTheyWere: Bool

  private var hasTrace: Bool {
    traceName != nil && estate.vms.contains { !$0.series.isEmpty }
  }

  func text() -> String {
    var out =
      "# \(estate.vms.count) VM entries from \(comment(source)), read as \(estate.format).\n"
    out +=
      "# Sizes, settings and hosts are the export's. cpu and memory of a workload are what it measured, in\n"
    out +=
      "# percent of the VM's size; \"not measured\" marks an assumption, which the import's report explains.\n"
    out += "ballast: 1\n"
    out += "name: \(quoted(name))\n"
    out += "duration: \(durationText(duration))\n"
    out += "interval: \(durationText(interval))\n"
    out += "\nclusters:\n"
    for cluster in estate.clusters.sorted(by: { precedes($0.name, $1.name) }) {
      for note in cluster.notes { out += "  # \(comment(note))\n" }
      out += "  - name: \(quoted(cluster.name))\n    hosts:\n"
      let hosts = estate.hosts.filter { $0.cluster == cluster.name }
        .sorted { precedes($0.name, $1.name) }
      for host in hosts { out += "      - \(text(host))\n" }
      let pools = estate.pools.filter { $0.cluster == cluster.name }
      if !pools.isEmpty {
        out += "    pools:\n"
        out += text(pools, below: [], indent: "      ")
      }
    }
    if hasTrace {
      out += "\ntraces:\n"
      out += "  measured: {format: csv, path: \(quoted(traceName!)), at_end: hold}\n"
    }
    out += "\nvms:\n"
    let order = estate.vms.indices.sorted { precedes(estate.vms[$0].name, estate.vms[$1].name) }
    for index in order { out += "  - \(text(estate.vms[index], demand[index]))\n" }
    out += "\nexpect:\n"
    out +=
      "  # Ready time below 5 % per vCPU, and nobody swapped: what planners ask of a healthy cluster.\n"
    out += "  - {metric: cpu_ready_pct_per_vcpu, of: {vms: \"*\"}, statistic: p95, at_most: 5}\n"
    out += "  - {metric: mem_swapped_mib, of: {vms: \"*\"}, statistic: max, at_most: 0}\n"
    return out
  }

  /// `time,vm,cpu_pct` and, where all samples have it, `mem_pct`.
  func trace() -> String? {
    guard hasTrace else { return nil }
    let hasMemory = traceHasMemory
    var out = hasMemory ? "time,vm,cpu_pct,mem_pct\n" : "time,vm,cpu_pct\n"
    for vm in estate.vms.sorted(by: { precedes($0.name, $1.name) }) {
      for sample in vm.series {
        out += "\(decimal(sample.time.milliseconds, places: 3)),\(vm.name),"
        out += decimal(sample.cpu.value, places: 4)
        if hasMemory, let memory = sample.memory { out += "," + decimal(memory.value, places: 4) }
        out += "\n"
      }
    }
    return out
  }

  private var traceHasMemory: Bool {
    estate.vms.allSatisfy { vm in vm.series.allSatisfy { $0.memory != nil } }
  }

  /// What was measured over time and is written as its mean, each with the number of VMs.
  var meansOfSamples: [(String, Int)] {
    let measured = estate.vms.filter { !$0.series.isEmpty }
    guard hasTrace else {
      return measured.isEmpty
        ? []
        : [
          (
            "samples over time are written as their means; with --out they become a trace",
            measured.count
          )
        ]
    }
    let remembered = measured.count { $0.series.contains { $0.memory != nil } }
    return traceHasMemory || remembered == 0
      ? []
      : [("active memory over time is written as its mean, as samples of CPU lack it", remembered)]
  }

  /// An hour of a snapshot: long enough for memory to settle; else as long as was measured.
  private var duration: SimDuration {
    estate.span.value > 0 ? estate.span : .seconds(3_600)
  }

  /// The step of measured series, whole seconds, at least one; 5 minutes without them.
  private var interval: SimDuration {
    var step = SimDuration.seconds(300)
    if let series = estate.vms.map(\.series).max(by: { $0.count < $1.count }), series.count > 1 {
      let length = series[series.count - 1].time - series[0].time
      step = .seconds(max(1, length.value / Int64(series.count - 1) / 1_000_000_000))
    }
    return min(step, duration)
  }

  private func text(_ host: ImportedHost) -> String {
    var cpu = "sockets: \(host.sockets), cores: \(host.coresPerSocket), "
    if host.threadsPerCore > 1 { cpu += "threads: \(host.threadsPerCore), " }
    cpu += "mhz: \(host.clock.value / 1_000)"
    return "{name: \(quoted(host.name)), cpu: {\(cpu)}, memory: \(sizeText(host.memory))}"
  }

  private func text(_ pools: [ImportedPool], below parent: [String], indent: String) -> String {
    var out = ""
    let here = pools.filter { $0.path.count == parent.count + 1 && $0.path.starts(with: parent) }
      .sorted { precedes($0.path.last!, $1.path.last!) }
    for pool in here {
      out += "\(indent)- name: \(quoted(pool.path.last!))\n"
      if let cpu = text(pool.cpu, rateText, isPool: true) { out += "\(indent)  cpu: \(cpu)\n" }
      if let memory = text(pool.memory, { sizeText(Bytes($0)) }, isPool: true) {
        out += "\(indent)  memory: \(memory)\n"
      }
      let inner = text(pools, below: pool.path, indent: indent + "    ")
      if !inner.isEmpty { out += "\(indent)  pools:\n\(inner)" }
    }
    return out
  }

  /// Only what differs from a scenario's defaults.
  private func text(
    _ settings: ImportedSettings, _ amount: (Int64) -> String, isPool: Bool
  ) -> String? {
    var parts: [String] = []
    if settings.reservation > 0 { parts.append("reservation: \(amount(settings.reservation))") }
    if let limit = settings.limit { parts.append("limit: \(amount(limit))") }
    if let shares = settings.shares { parts.append("shares: \(shares)") }
    if isPool && !settings.isExpandable { parts.append("expandable: false") }
    return parts.isEmpty ? nil : "{\(parts.joined(separator: ", "))}"
  }

  private func text(_ vm: ImportedVM, _ demand: Demand.Row) -> String {
    var parts = ["name: \(quoted(vm.name))"]
    if vm.count > 1 { parts.append("count: \(vm.count)") }
    if estate.clusters.count > 1 { parts.append("cluster: \(quoted(vm.cluster!))") }
    if !vm.pool.isEmpty { parts.append("pool: \(quoted(vm.pool.joined(separator: "/")))") }
    if startsWhereTheyWere, let host = vm.host { parts.append("host: \(quoted(host))") }
    parts.append("vcpus: \(vm.vcpus!)")
    parts.append("memory: \(sizeText(vm.memory!))")
    if let cpu = text(vm.cpuSettings, rateText, isPool: false) { parts.append("cpu: \(cpu)") }
    if let memory = text(vm.memorySettings, { sizeText(Bytes($0)) }, isPool: false) {
      parts.append("memory_policy: \(memory)")
    }
    if let priority = vm.restartPriority { parts.append("restart_priority: \(priority)") }
    if let start = vm.start, start.value > 0 { parts.append("start: \(durationText(start))") }
    if let stop = vm.stop { parts.append("stop: \(durationText(stop))") }
    var line = "{\(parts.joined(separator: ", ")), workload: {"
    if hasTrace && !vm.series.isEmpty {
      line += "cpu: {trace: measured, series: \(quoted(vm.name))}"
      if traceHasMemory {
        line += ", memory: {active: {trace: measured, series: \(quoted(vm.name))}}"
      } else {
        line += ", memory: \(memoryText(demand))"
      }
    } else {
      line += "cpu: \(percentText(demand.cpu)), memory: \(memoryText(demand))"
    }
    line += "}}"
    return demand.isCPUMeasured ? line : line + "  # cpu not measured"
  }

  private func memoryText(_ demand: Demand.Row) -> String {
    "{active: \(percentText(demand.active)), touched: \(percentText(demand.touched))}"
  }
}

// MARK: - Words of the scenario format

/// 35%, 0.5%, 12.3456%.
func percentText(_ part: PartsPerMillion) -> String {
  var text = decimal(part.value, places: 4)
  while text.hasSuffix("0") { text.removeLast() }
  if text.hasSuffix(".") { text.removeLast() }
  return text + "%"
}

/// The largest binary unit that tells it exactly.
private func sizeText(_ bytes: Bytes) -> String {
  for (shift, unit) in [(30, "GiB"), (20, "MiB"), (10, "KiB")] {
    if bytes.value != 0 && bytes.value % (1 << shift) == 0 {
      return "\(bytes.value >> shift)\(unit)"
    }
  }
  return "\(bytes.value)B"
}

private func rateText(_ kilohertz: Int64) -> String {
  kilohertz % 1_000 == 0 ? "\(kilohertz / 1_000)MHz" : "\(kilohertz)kHz"
}

private func durationText(_ duration: SimDuration) -> String {
  let seconds = duration.value / 1_000_000_000
  guard duration.value % 1_000_000_000 == 0 else {
    return "\(roundedRatio(duration.value, by: 1, over: 1_000_000))ms"
  }
  for (unit, name) in [(86_400, "d"), (3_600, "h"), (60, "m")] as [(Int64, String)]
  where seconds > 0 && seconds % unit == 0 {
    return "\(seconds / unit)\(name)"
  }
  return "\(seconds)s"
}

/// Plain where YAML takes it as text, in double quotes elsewhere; allowed names have no quotes and no backslashes.
private func quoted(_ text: String) -> String {
  let isPlain =
    !text.isEmpty
    && text.utf8.allSatisfy {
      ($0 | 0x20 >= 97 && $0 | 0x20 <= 122) || (48...57).contains($0) || $0 == 45 || $0 == 95
        || $0 == 46 || $0 == 47
    }
    && (text.utf8.first! | 0x20) >= 97 && (text.utf8.first! | 0x20) <= 122
    && !["true", "false", "null", "yes", "no", "on", "off", "y", "n", "unlimited", "none"].contains(
      text.lowercased())
  if isPlain { return text }
  var out = "\""
  for scalar in text.unicodeScalars {
    if scalar == "\"" || scalar == "\\" { out += "\\" }
    out.unicodeScalars.append(scalar)
  }
  return out + "\""
}

/// On one line.
private func comment(_ text: String) -> String {
  let text = shortened(text)
  return String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 32 ? " " : $0 }))
}
