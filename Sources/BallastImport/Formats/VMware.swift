import BallastUnits

extension ImportFormat {
  /// What Prometheus gets of vmware_exporter: hosts, VMs, sizes and the real-time counters of vCenter.
  ///
  /// Units     vmware_vm_memory_max MB; …_mem_*_average KiB; …_cpu_usagemhz_average MHz; …_cpu_ready_summation ms in a
  ///           sampling interval of 20 s, summed over vCPUs; vmware_host_cpu_max MHz; vmware_host_memory_max MB.
  /// Rule      gauges: of several scrapes in one file the mean counts, of sizes and states the last.
  static let vmware = ImportFormat(
    name: "vmware",
    summary: "what Prometheus scrapes of vmware_exporter, one scrape or several",
    read: { path, options, report throws(ImportError) in
      let samples = try prometheusSamples(path, &report)
      var vms: [String: Machine] = [:]
      var hosts: [String: Machine] = [:]
      for sample in samples {
        if sample.name.hasPrefix("vmware_vm_"), let name = sample["vm_name"] {
          vms[name, default: Machine()].put(sample, prefix: "vmware_vm_")
        } else if sample.name.hasPrefix("vmware_host_"), let name = sample["host_name"] {
          hosts[name, default: Machine()].put(sample, prefix: "vmware_host_")
        }
      }
      guard !vms.isEmpty else {
        throw ImportError(
          path, "there is no VM in it", remedy: "it must be text of vmware_exporter")
      }
      var estate = ImportedEstate(format: "vmware")
      let file = fileName(path)
      for name in hosts.keys.sorted(by: precedes) {
        let host = hosts[name]!
        let place = ImportPlace(file, row: host.row)
        guard let cores = host.last("num_cpu"), let rate = host.last("cpu_max"),
          let memory = host.last("memory_max"), cores >= 1, cores < 1e6, rate >= cores, rate < 1e12,
          memory >= 1, memory < 1e9
        else {
          report.add(.ignored, "a host without cores, clock or memory", at: place, name)
          continue
        }
        var one = ImportedHost(
          name: name, cluster: host.label("cluster_name"), place: place,
          coresPerSocket: Int64(cores), clock: .megahertz(Int64((rate / cores).rounded(.down))),
          memory: .mebibytes(Int64(memory.rounded(.down))))
        if let used = host.last("cpu_usage"), used >= 0, used <= rate {
          one.cpuUsage = PartsPerMillion(Int64(used / rate * 1e6))
        }
        if let used = host.last("memory_usage"), used >= 0, used <= memory {
          one.memoryUsage = PartsPerMillion(Int64(used / memory * 1e6))
        }
        estate.hosts.append(one)
      }
      for name in vms.keys.sorted(by: precedes) {
        let machine = vms[name]!
        var vm = ImportedVM(name: name, place: ImportPlace(file, row: machine.row))
        vm.isOn = machine.last("power_state").map { $0 == 1 } ?? true
        vm.isTemplate = machine.last("template") == 1
        vm.vcpus = machine.whole("num_cpu")
        vm.memory = machine.whole("memory_max").map { .mebibytes($0) }
        let cluster = machine.label("cluster_name")
        vm.cluster = cluster.isEmpty ? nil : cluster
        let host = machine.label("host_name")
        vm.host = host.isEmpty ? nil : host
        let vcpus = Double(max(vm.vcpus ?? 1, 1))
        let ready = machine.mean("cpu_ready_summation").map { $0 / 20_000 / vcpus }
        if let ready, ready >= 0, ready <= 1 {
          vm.use.readyPerVCPU = PartsPerMillion(Int64(ready * 1e6))
        }
        // Hundredths of a percent of all vCPUs, and what waited beside it.
        if let usage = machine.mean("cpu_usage_average"), usage >= 0 {
          let demand = usage / 10_000 + (ready ?? 0)
          vm.use.cpuPercent = PartsPerMillion(Int64(min(1, max(0, demand)) * 1e6))
        } else if let rate = machine.whole("cpu_usagemhz_average") {
          vm.use.cpu = .megahertz(rate)
        }
        func kib(_ metric: String) -> Bytes? { machine.whole(metric).map { Bytes($0 << 10) } }
        vm.use.active = kib("mem_active_average")
        vm.use.consumed = kib("mem_consumed_average")
        vm.use.ballooned = kib("mem_vmmemctl_average")
        vm.use.swapped = kib("mem_swapped_average")
        if machine.scrapes > 1 {
          report.add(
            .mended, "a VM that occurs in several scrapes; means count", at: vm.place,
            "\(machine.scrapes) scrapes")
        }
        estate.vms.append(vm)
      }
      return estate
    })

  /// The samples of one VM or host.
  private struct Machine {
    var row = 0
    private var values: [String: [Double]] = [:]
    private var labels: [(name: String, value: String)] = []

    init() {}
    var scrapes: Int { values["num_cpu"]?.count ?? 1 }

    mutating func put(_ sample: PrometheusSample, prefix: String) {
      if row == 0 { row = sample.row }
      // Some metrics carry fewer labels than others.
      if sample.labels.count > labels.count { labels = sample.labels }
      values[String(sample.name.dropFirst(prefix.count)), default: []].append(sample.value)
    }

    func label(_ name: String) -> String { labels.first { $0.name == name }?.value ?? "" }
    func last(_ metric: String) -> Double? { values[metric]?.last }

    func mean(_ metric: String) -> Double? {
      guard let all = values[metric], !all.isEmpty else { return nil }
      return all.reduce(0, +) / Double(all.count)
    }

    /// The mean as a whole number that fits everything it is used for.
    func whole(_ metric: String) -> Int64? {
      guard let mean = mean(metric), mean >= 0, mean < 1e12 else { return nil }
      return Int64(mean.rounded())
    }
  }
}
