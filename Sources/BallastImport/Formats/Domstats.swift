import BallastUnits

extension ImportFormat {
  /// What `virsh domstats` prints; two or more readings of it in one file give CPU use.
  ///
  /// Keys      vcpu.current, vcpu.maximum; balloon.maximum, balloon.current, balloon.rss, balloon.unused,
  ///           balloon.usable, balloon.available (KiB); cpu.time (ns); vcpu.N.delay (ns); state.state (1 is running).
  /// Rule      CPU = Δ cpu.time / Δt, ready = Σ Δ vcpu.N.delay / Δt, Δt being --interval between two readings: the text
  ///           carries no times. Active memory is balloon.available − balloon.usable, the guest's own figure.
  /// Source    virsh(1), domstats.
  static let domstats = ImportFormat(
    name: "domstats",
    summary: "the text of virsh domstats, once or several times over",
    read: { path, options, report throws(ImportError) in
      let (bytes, _) = TextDecoding.decode(try readFile(path))
      var counters: [DomainCounters] = []
      var name = ""
      for (number, line) in lines(of: bytes) {
        let text = trimmed(line)
        if text.hasPrefix("Domain:") {
          name = String(trimmed(String(text.dropFirst(7))).drop { $0 == "'" })
          if name.hasSuffix("'") { name.removeLast() }
          counters.append(DomainCounters(name: name, row: number))
          continue
        }
        guard let equals = text.firstIndex(of: "="), !counters.isEmpty else { continue }
        counters[counters.count - 1].put(
          String(text[..<equals]), String(text[text.index(after: equals)...]))
      }
      return try domainEstate("domstats", counters, options, path, &report)
    })

  /// What Prometheus gets of libvirt: text of Tinkoff's libvirt-exporter, one scrape or several in a row.
  ///
  /// Metrics   libvirt_domain_info_virtual_cpus, …_maximum_memory_bytes, …_vstate, …_cpu_time_seconds_total;
  ///           libvirt_domain_vcpu_delay_seconds_total; libvirt_domain_memory_stats_{rss,available,usable,unused}_bytes.
  /// Rule      as for domstats; a timestamp behind a value tells Δt, else --interval does.
  static let libvirt = ImportFormat(
    name: "libvirt",
    summary: "what Prometheus scrapes of libvirt-exporter, one scrape or several",
    read: { path, options, report throws(ImportError) in
      let samples = try prometheusSamples(path, &report)
      var counters: [DomainCounters] = []
      var current: [String: Int] = [:]
      for sample in samples {
        guard sample.name.hasPrefix("libvirt_domain_"), let domain = sample["domain"] else {
          continue
        }
        // The first metric of a domain that it already has begins its next scrape.
        let key = sample.name + "/" + (sample["vcpu"] ?? sample["target_device"] ?? "")
        if let index = current[domain], counters[index].seen.insert(key).inserted {
          counters[index].put(sample)
        } else {
          current[domain] = counters.count
          counters.append(DomainCounters(name: domain, row: sample.row))
          counters[counters.count - 1].seen.insert(key)
          counters[counters.count - 1].put(sample)
        }
      }
      return try domainEstate("libvirt", counters, options, path, &report)
    })

  /// Counters and sizes of one domain at one reading; bytes and ns.
  private struct DomainCounters {
    var name: String
    var row: Int
    var seen: Set<String> = []
    var vcpus: Int64?
    var memory: Int64?
    var isRunning: Bool?
    var cpuTime: Int64?
    var delay: Int64?
    var rss: Int64?
    var current: Int64?
    var available: Int64?
    var usable: Int64?
    var unused: Int64?
    /// ms since 1970.
    var time: Int64?

    init(name: String, row: Int) {
      self.name = name
      self.row = row
    }

    mutating func put(_ key: String, _ value: String) {
      guard let number = Int64(value), number >= 0 else { return }
      switch key {
      case "vcpu.current": vcpus = number
      case "vcpu.maximum": vcpus = vcpus ?? number
      case "state.state": isRunning = number == 1
      case "cpu.time": cpuTime = number
      case "balloon.maximum": memory = kib(number)
      case "balloon.current": current = kib(number)
      case "balloon.rss": rss = kib(number)
      case "balloon.available": available = kib(number)
      case "balloon.usable": usable = kib(number)
      case "balloon.unused": unused = kib(number)
      default:
        if key.hasPrefix("vcpu.") && key.hasSuffix(".delay") { add(&delay, number) }
      }
    }

    private func kib(_ count: Int64) -> Int64? {
      count >= 0 && count < 1 << 50 ? count << 10 : nil
    }

    private func add(_ sum: inout Int64?, _ value: Int64) {
      let (total, overflow) = (sum ?? 0).addingReportingOverflow(value)
      sum = overflow ? nil : total
    }

    mutating func put(_ sample: PrometheusSample) {
      time = time ?? sample.time
      let name = sample.name.dropFirst("libvirt_domain_".count)
      guard sample.value >= 0, sample.value < 4e18 else { return }
      let whole = Int64(sample.value.rounded())
      func nanoseconds() -> Int64? { sample.value < 4e9 ? Int64(sample.value * 1e9) : nil }
      switch name {
      case "info_virtual_cpus": vcpus = whole
      case "info_maximum_memory_bytes": memory = whole
      case "info_memory_usage_bytes": current = whole
      case "info_vstate": isRunning = whole == 1
      case "info_cpu_time_seconds_total": cpuTime = nanoseconds()
      case "vcpu_delay_seconds_total": if let delay = nanoseconds() { add(&self.delay, delay) }
      case "memory_stats_rss_bytes": rss = whole
      case "memory_stats_available_bytes": available = whole
      case "memory_stats_usable_bytes": usable = whole
      case "memory_stats_unused_bytes": unused = whole
      default: break
      }
    }
  }

  private static func domainEstate(
    _ format: String, _ counters: [DomainCounters], _ options: ImportOptions, _ path: String,
    _ report: inout ImportReport
  ) throws(ImportError) -> ImportedEstate {
    guard !counters.isEmpty else {
      throw ImportError(path, "there is no domain in it", remedy: "it must be text of \(format)")
    }
    var estate = ImportedEstate(format: format)
    var order: [String] = []
    var readings: [String: [DomainCounters]] = [:]
    for one in counters {
      if readings[one.name] == nil { order.append(one.name) }
      readings[one.name, default: []].append(one)
    }
    let place = ImportPlace(fileName(path))
    report.add(.read, "domains and readings", at: place, "\(order.count), \(counters.count)")
    var lacksRates = 0
    for name in order {
      let all = readings[name]!
      let last = all[all.count - 1]
      var vm = ImportedVM(name: name, place: ImportPlace(place.sheet, row: last.row))
      vm.isOn = last.isRunning ?? true
      vm.vcpus = last.vcpus
      vm.memory = (last.memory ?? last.current).map { Bytes($0) }
      if let usable = last.usable ?? last.unused, let total = last.available ?? last.current {
        vm.use.active = Bytes(max(0, total - usable))
      }
      vm.use.consumed = last.rss.map { Bytes($0) }
      if let memory = last.memory, let current = last.current, current < memory {
        vm.use.ballooned = Bytes(memory - current)
      }
      if all.count > 1, let first = all[0].cpuTime, let end = last.cpuTime, let vcpus = last.vcpus,
        vcpus > 0, let span = elapsed(all, options), span > 0
      {
        if end < first {
          report.add(
            .contradiction, "cpu.time goes backwards: the VM was restarted between the readings",
            at: vm.place, name)
        } else {
          // Neither more than all vCPUs could do.
          let whole = span * min(vcpus, 4_096)
          let waited = min(max(0, (last.delay ?? 0) - (all[0].delay ?? 0)), whole)
          let run = min(end - first, whole)
          vm.use.cpuPercent = PartsPerMillion(
            scaled(1_000_000, by: min(run + min(waited, whole - run), whole), over: whole))
          vm.use.readyPerVCPU = PartsPerMillion(scaled(1_000_000, by: waited, over: whole))
        }
      } else {
        lacksRates += 1
      }
      estate.vms.append(vm)
    }
    if lacksRates > 0 {
      report.add(
        .read,
        "domains whose CPU use is not known: that takes two readings, and --interval between them",
        at: place, "\(lacksRates)")
    }
    return estate
  }

  /// ns between the first and the last reading.
  private static func elapsed(_ readings: [DomainCounters], _ options: ImportOptions) -> Int64? {
    if let first = readings[0].time, let last = readings[readings.count - 1].time, last > first,
      last - first < 1 << 40
    {
      return (last - first) * 1_000_000
    }
    let gaps = Int64(readings.count - 1)
    guard let interval = options.interval?.value, interval > 0 else { return nil }
    let (product, overflow) = interval.multipliedReportingOverflow(by: gaps)
    return overflow || product > 1 << 50 ? nil : product
  }
}
