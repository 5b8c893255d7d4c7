import BallastUnits

extension ImportFormat {
  /// `esxtop -b -a > file`: one row per sample, one column per counter and entity.
  ///
  /// Columns   `\\host\Group Cpu(id:vm)\% Used`, `% Ready`; `\\host\Group Memory(id:vm)\Memory Size MBytes`,
  ///           `Memctl MBytes`, `Swapped MBytes`, `Touched MBytes`, `% Active Estimate`;
  ///           `\\host\Vcpu(…:vm:…:vmx-vcpu-N…)\…` tells the vCPUs, `\\host\Physical Cpu(N)\…` the host's CPUs and
  ///           `\\host\Memory\Machine MBytes` its memory.
  /// Rule      a group with a memory size is a VM; others are the hypervisor's own. Group counters are sums over a
  ///           group's worlds in percent of one physical CPU: divided by the vCPUs. Demand is used + ready.
  static let esxtop = ImportFormat(
    name: "esxtop",
    summary: "the wide CSV of esxtop's batch mode",
    read: { path, options, report throws(ImportError) in
      let (bytes, _) = TextDecoding.decode(try readFile(path))
      var counters: [Counter] = []
      var hasHeader = false
      var samples: [(time: String, values: [Int64?])] = []
      var problem: ImportError?
      CSVSheet.rows(of: bytes) { number, cells in
        if !hasHeader {
          hasHeader = true
          guard cells.first?.hasPrefix("(PDH-CSV") == true else {
            problem = ImportError(
              path, "the first cell is not \"(PDH-CSV 4.0) …\"",
              remedy: "this is not the output of esxtop -b")
            return false
          }
          for (column, text) in cells.enumerated().dropFirst() {
            if let counter = Counter(text, column: column) { counters.append(counter) }
          }
          return true
        }
        guard cells.count > 1 else { return true }
        samples.append(
          (
            cells[0],
            counters.map {
              // At most a billion MB: sums and units must fit.
              $0.column < cells.count
                ? thousandths(cells[$0.column], isWhole: false).map {
                  min(max($0, 0), 1_000_000_000_000)
                } : nil
            }
          ))
        return true
      }
      if let problem { throw problem }
      let place = ImportPlace(fileName(path))
      report.add(
        .read, "samples and counters", at: place, "\(samples.count), \(counters.count) used")
      return try estate(counters, samples, options, place, path, &report)
    })

  /// One column of the file that counts.
  private struct Counter {
    enum Kind { case used, ready, size, ballooned, swapped, touched, activePercent }
    var column: Int
    var host: String
    var vm = ""
    var kind: Kind?
    /// Of `Vcpu`, and of `Physical Cpu`: which one.
    var vcpu: String?
    var physicalCPU: Int?
    var isHostMemory = false

    /// `\\host\Group Cpu(123:web)\% Used`
    init?(_ text: String, column: Int) {
      self.column = column
      guard text.hasPrefix("\\\\"), let name = text.lastIndex(of: "\\") else { return nil }
      let counter = text[text.index(after: name)...]
      let head = text[text.index(text.startIndex, offsetBy: 2)..<name]
      guard let slash = head.firstIndex(of: "\\") else { return nil }
      host = String(head[..<slash])
      let object = head[head.index(after: slash)...]
      if object == "Memory", counter == "Machine MBytes" {
        isHostMemory = true
        return
      }
      guard let open = object.firstIndex(of: "("), object.last == ")" else { return nil }
      let instance = object[object.index(after: open)...].dropLast()
      switch object[..<open] {
      case "Physical Cpu":
        guard let number = Int(instance), counter == "% Util Time" || counter == "% Processor Time"
        else { return nil }
        physicalCPU = number
      case "Vcpu":
        // gid:vm:wid:vmx-vcpu-0:vm; the VM's name may have colons of its own.
        guard let mark = instance.range(of: ":vmx-vcpu-"), counter == "% Used" else { return nil }
        let before = instance[..<mark.lowerBound].split(
          separator: ":", omittingEmptySubsequences: false)
        guard before.count >= 3 else { return nil }
        vm = before[1..<(before.count - 1)].joined(separator: ":")
        vcpu = String(instance[mark.upperBound...].prefix { $0.isNumber })
      case "Group Cpu", "Group Memory":
        guard let colon = instance.firstIndex(of: ":") else { return nil }
        vm = String(instance[instance.index(after: colon)...])
        switch counter {
        case "% Used": kind = .used
        case "% Ready": kind = .ready
        case "Memory Size MBytes": kind = .size
        case "Memctl MBytes", "Memctl Current MBytes", "Memctl Size MBytes": kind = .ballooned
        case "Swapped MBytes": kind = .swapped
        case "Touched MBytes": kind = .touched
        case "% Active Estimate": kind = .activePercent
        default: return nil
        }
      default: return nil
      }
    }
  }

  private static func estate(
    _ counters: [Counter], _ samples: [(time: String, values: [Int64?])],
    _ options: ImportOptions, _ place: ImportPlace, _ path: String, _ report: inout ImportReport
  ) throws(ImportError) -> ImportedEstate {
    var estate = ImportedEstate(format: "esxtop")
    var sizes: [String: Int64] = [:]
    var vcpus: [String: Set<String>] = [:]
    var homes: [String: String] = [:]
    var hostMemory: [String: Int64] = [:]
    var hostCPUs: [String: Set<Int>] = [:]
    for (index, counter) in counters.enumerated() {
      let largest = samples.compactMap { $0.values[index] }.max() ?? 0
      if counter.kind == .size, largest > 0 {
        sizes[counter.vm] = largest
        homes[counter.vm] = counter.host
      }
      if let vcpu = counter.vcpu { vcpus[counter.vm, default: []].insert(vcpu) }
      if counter.isHostMemory { hostMemory[counter.host] = largest }
      if let cpu = counter.physicalCPU { hostCPUs[counter.host, default: []].insert(cpu) }
    }
    guard !sizes.isEmpty, !samples.isEmpty else {
      throw ImportError(
        path,
        "there is no VM in it: no counter \"Group Memory(…)\\Memory Size MBytes\" with samples",
        remedy: "record all counters: esxtop -b -a -d 20 -n 180")
    }
    let dates = DateReader(samples.map(\.time))
    var book = SampleBook()
    var undated = 0
    for sample in samples {
      guard let time = dates.seconds(sample.time) else {
        undated += 1
        continue
      }
      for (index, counter) in counters.enumerated() where sizes[counter.vm] != nil {
        guard let kind = counter.kind, let value = sample.values[index] else { continue }
        let count = Int64(vcpus[counter.vm]?.count ?? Int(options.vcpus ?? 1))
        let size = sizes[counter.vm]!
        book.change(counter.vm, at: time) { point in
          switch kind {
          case .used: point.cpuPercent = value / max(count, 1)
          case .ready: point.readyPercent = value / max(count, 1)
          case .ballooned: point.balloonedKiB = value << 10
          case .swapped: point.swappedKiB = value << 10
          case .touched: point.activeKiB = value << 10
          // Touched is the same estimate in MBytes; the percentage counts where that is missing.
          case .activePercent:
            point.activeKiB = point.activeKiB ?? scaled(size << 10, by: value, over: 100_000)
          case .size: break
          }
        }
      }
    }
    if undated > 0 {
      report.add(.ignored, "samples whose time is not understood", at: place, "\(undated)")
    }
    let (first, length) = book.span
    estate.span = length
    for (name, points) in book.vms {
      var vm = ImportedVM(name: name, place: place)
      vm.vcpus = vcpus[name].map { Int64($0.count) } ?? options.vcpus
      vm.memory = .mebibytes(roundedRatio(sizes[name]!, by: 1, over: 1_000))
      vm.host = homes[name]
      vm.cluster = "esxtop"
      book.fill(&vm, points, from: first, options, &report)
      estate.vms.append(vm)
    }
    for name in hostMemory.keys.sorted(by: precedes) {
      guard let cpus = hostCPUs[name]?.count, cpus > 0, hostMemory[name]! > 0 else { continue }
      // Physical CPUs are hardware threads; a file does not say whether cores have one or two, nor their clock.
      estate.hosts.append(
        ImportedHost(
          name: name, cluster: "esxtop", place: place, coresPerSocket: Int64(cpus),
          clock: options.hostClock,
          memory: .mebibytes(roundedRatio(hostMemory[name]!, by: 1, over: 1_000))))
      report.add(
        .assumed, "the clock of a host, and that each of its physical CPUs is a core (--host-mhz)",
        at: place, "\(name): \(cpus) × \(options.hostClock.value / 1_000) MHz")
    }
    return estate
  }
}

extension Substring {
  /// Where a text first occurs.
  fileprivate func range(of text: String) -> Range<Index>? {
    var at = startIndex
    while at < endIndex {
      if self[at...].hasPrefix(text) { return at..<index(at, offsetBy: text.count) }
      at = index(after: at)
    }
    return nil
  }
}
