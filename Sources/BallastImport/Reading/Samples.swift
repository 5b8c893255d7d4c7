import BallastUnits

/// Gathers measurements of VMs at different times, in any order, and makes series and means of them.
struct SampleBook {
  /// What one VM measured at one time; amounts in thousandths of the unit in the name.
  struct Point {
    /// Of all vCPUs, in thousandths of a percent.
    var cpuPercent: Int64?
    /// Ready time in thousandths of a percent of all vCPUs: demand that was not served.
    var readyPercent: Int64?
    var megahertz: Int64?
    var activeKiB: Int64?
    var consumedKiB: Int64?
    var balloonedKiB: Int64?
    var swappedKiB: Int64?
  }

  /// A hundred years: what lies further away is a wrong date.
  private static let secondsMax: Int64 = 3_153_600_000

  private var names: [String] = []
  private var indices: [String: Int] = [:]
  /// Per VM, time in seconds → point.
  private var points: [[Int64: Point]] = []

  var isEmpty: Bool { names.isEmpty }

  mutating func change(_ vm: String, at time: Int64, _ change: (inout Point) -> Void) {
    let index: Int
    if let known = indices[vm] {
      index = known
    } else {
      index = names.count
      indices[vm] = index
      names.append(vm)
      points.append([:])
    }
    change(&points[index][time, default: Point()])
  }

  /// VMs in order of name, each with its times ascending.
  var vms: [(name: String, points: [(time: Int64, point: Point)])] {
    names.indices.sorted { precedes(names[$0], names[$1]) }.map { index in
      (
        names[index],
        points[index].sorted { $0.key < $1.key }.map { (time: $0.key, point: $0.value) }
      )
    }
  }

  /// First time of all, and the length with the last sample's own step.
  var span: (first: Int64, length: SimDuration) {
    var (first, last, steps) = (Int64.max, Int64.min, [Int64]())
    for series in points {
      let times = series.keys.sorted()
      guard let from = times.first, let to = times.last else { continue }
      first = min(first, from)
      last = max(last, to)
      if times.count > 1 { steps.append((to - from) / Int64(times.count - 1)) }
    }
    guard first <= last else { return (0, .zero) }
    let step = steps.sorted().dropFirst(steps.count / 2).first ?? 0
    let length = min(last - first + step, Self.secondsMax)
    return (first, step == 0 ? .zero : .seconds(length))
  }

  /// Puts use and series into a VM. CPU demand is use plus ready time: what was wanted, not what was had.
  ///
  /// Use in MHz counts where a sample has no percentage: over the clock and the VM's vCPUs.
  func fill(
    _ vm: inout ImportedVM, _ series: [(time: Int64, point: Point)], from first: Int64,
    _ options: ImportOptions, _ report: inout ImportReport
  ) {
    func mean(_ value: (Point) -> Int64?) -> Int64? {
      let values = series.compactMap { value($0.point) }
      guard !values.isEmpty else { return nil }
      // Sums of absurd cells must not trap.
      return Int64(values.reduce(Int128(0)) { $0 + Int128($1) } / Int128(values.count))
    }
    let vcpus = vm.vcpus ?? options.vcpus ?? 0
    // Thousandths of a MHz are kHz, and so is the size.
    let size = options.hostClock.value * min(max(vcpus, 0), 4_096)
    func used(_ point: Point) -> Int64? {
      if let percent = point.cpuPercent { return percent }
      guard let megahertz = point.megahertz, size > 0 else { return nil }
      return scaled(100_000, by: min(megahertz, size), over: size)
    }
    func demand(_ point: Point) -> Int64? {
      used(point).map { min(100_000, $0 + (point.readyPercent ?? 0)) }
    }
    if size > 0, series.contains(where: { $0.point.cpuPercent == nil && $0.point.megahertz != nil })
    {
      report.add(
        .assumed, "the clock that a VM's use in MHz is a part of (--host-mhz)", at: vm.place,
        "\(vm.name): \(vcpus) vCPUs × \(options.hostClock.value / 1_000) MHz")
    }
    let above = series.count {
      $0.point.cpuPercent == nil && size > 0 && ($0.point.megahertz ?? 0) > size
    }
    if above > 0 {
      report.add(
        .mended, "use in MHz above a VM's vCPUs × clock counts as 100 % (--host-mhz)",
        at: vm.place, "\(vm.name): \(above) of \(series.count) samples")
    }
    vm.use.cpuPercent = mean(demand).map { PartsPerMillion($0 * 10) }
    vm.use.readyPerVCPU = mean(\.readyPercent).map { PartsPerMillion($0 * 10) }
    vm.use.active = mean(\.activeKiB).map { Bytes(scaled($0, by: 1_024, over: 1_000)) }
    vm.use.consumed = mean(\.consumedKiB).map { Bytes(scaled($0, by: 1_024, over: 1_000)) }
    vm.use.ballooned = mean(\.balloonedKiB).map { Bytes(scaled($0, by: 1_024, over: 1_000)) }
    vm.use.swapped = mean(\.swappedKiB).map { Bytes(scaled($0, by: 1_024, over: 1_000)) }
    guard series.count > 1 else { return }
    let memory = vm.memory?.value ?? 0
    vm.series = series.compactMap { time, point in
      guard let cpu = demand(point), time - first <= SampleBook.secondsMax else { return nil }
      let active = point.activeKiB.flatMap { kib -> PartsPerMillion? in
        guard memory > 0 else { return nil }
        let bytes = min(memory, scaled(kib, by: 1_024, over: 1_000))
        return PartsPerMillion(scaled(1_000_000, by: bytes, over: memory))
      }
      return ImportedSample(
        time: .seconds(time - first), cpu: PartsPerMillion(cpu * 10), memory: active)
    }
    let without = series.count { demand($0.point) == nil }
    if without > 0, size > 0 {
      report.add(
        .ignored,
        "times without use of CPU, which are no samples of a trace: only their means count",
        at: vm.place, "\(vm.name): \(without) of \(series.count)")
    }
  }
}
