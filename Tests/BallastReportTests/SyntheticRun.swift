import BallastModel
import BallastReport
import BallastUnits
import Foundation

/// A made-up day with the features a report has to show: diurnal demand, contention in the afternoon that bronze pays
/// for, a few VMs under a limit, over-sized memory, a host that runs out of memory. Not a simulation: the numbers only
/// have to look like one.
struct SyntheticRun {
  var hosts = 4
  var vms = 80
  var samples = 288
  var interval: Int64 = 300
  var recordsVMs = true
  var isComplete = true
  /// In the second half memory is taken from the VMs of the first host.
  var takesMemoryBack = false
  var vmName: (Int) -> String = { $0 % 2 == 0 ? "gold-\($0 / 2)" : "bronze-\($0 / 2)" }

  private let clockMHz = 2_600.0
  private var capacity: Double { 32 * clockMHz }

  func write(to directory: String) throws {
    let order = (0..<vms).sorted {
      Array(vmName($0).utf8).lexicographicallyPrecedes(Array(vmName($1).utf8))
    }
    let hostNames = (0..<hosts).map { "esx-\($0)" }
    let pools = order.map { $0 % 2 == 0 ? "gold" : "bronze" }
    let sink = try CSVRunSink(directory: directory)
    try sink.begin(
      RunManifest(
        hosts: hostNames, vms: order.map(vmName), vmPools: pools,
        pools: [
          .init(cluster: "prod", path: ""), .init(cluster: "prod", path: "bronze"),
          .init(cluster: "prod", path: "gold"),
        ], recordedVMs: recordsVMs ? Array(0..<vms) : []))
    var sequence = 0
    func event(
      _ time: Int64, _ kind: String, _ subject: String, from: String = "", to: String = "",
      _ detail: String = ""
    ) throws {
      try sink.write(
        EventRow(
          time: .seconds(time), sequence: sequence, event: kind, subject: subject, from: from,
          to: to,
          detail: detail))
      sequence += 1
    }
    for vm in order { try event(0, "power_on", vmName(vm), to: hostNames[host(of: vm)]) }

    var ready = Array(repeating: [Double](), count: vms)
    var used = ready
    var limited = ready
    var consumed = ready
    var slowdown = ready
    for sample in 1...max(1, samples) where samples > 0 {
      let seconds = Int64(sample) * interval
      let hour = Double(seconds) / 3_600
      var demands = Array(repeating: 0.0, count: vms)
      var caps = demands
      var grants = demands
      for vm in 0..<vms {
        let size = Double(vcpus(vm)) * clockMHz
        let busy = vm % 2 == 0 ? 0.26 : 0.3
        let wave = 0.5 - 0.5 * cos((hour - 3 - Double(vm % 5) * 0.4) / 24 * 2 * .pi)
        demands[vm] = min(size, size * (0.06 + busy * wave * wave + 0.12 * noise(vm, sample)))
        caps[vm] = vm % 13 == 4 ? min(demands[vm], 0.2 * size) : demands[vm]
      }
      var hostDemand = Array(repeating: 0.0, count: hosts)
      var hostUsed = hostDemand
      for host in 0..<hosts {
        let here = (0..<vms).filter { self.host(of: $0) == host }
        // Gold first: three times the shares of bronze.
        var left = capacity
        for tier in 0..<2 {
          let tierVMs = here.filter { $0 % 2 == tier }
          let wants = tierVMs.reduce(0) { $0 + caps[$1] }
          let gets = min(wants, left)
          for vm in tierVMs { grants[vm] = wants > 0 ? caps[vm] * gets / wants : 0 }
          left -= gets
        }
        hostDemand[host] = here.reduce(0) { $0 + demands[$1] }
        hostUsed[host] = here.reduce(0) { $0 + grants[$1] }
      }
      var vmCells: [[Int64]] = []
      for vm in order {
        let size = Double(vcpus(vm)) * clockMHz
        let waits = (demands[vm] - grants[vm]) / size * 100
        let held = (demands[vm] - caps[vm]) / size * 100
        let memory = Double(8_192 + vm % 3 * 8_192)
        let active = memory * (vm % 7 == 0 ? 0.3 : 0.75) * (0.6 + 0.4 * demands[vm] / size)
        let backed = memory * min(0.98, 0.45 + 0.5 * Double(sample) / Double(samples))
        ready[vm].append(waits)
        used[vm].append(grants[vm])
        limited[vm].append(held)
        consumed[vm].append(backed)
        let lost = host(of: vm) == 0 ? 20 * pressure(sample) : 0
        slowdown[vm].append(lost)
        guard recordsVMs else { continue }
        var cells: [VMColumn: Double] = [
          .cpuDemand: demands[vm], .cpuEntitled: min(caps[vm], grants[vm] * 1.01),
          .cpuUsed: grants[vm],
          .cpuReady: waits / 100 * Double(interval) * 1_000 * Double(vcpus(vm)),
          .cpuReadyPercent: waits, .cpuLimitedPercent: held, .memConfigured: memory,
          .memActive: active, .memEntitled: memory * 0.95, .memConsumed: backed,
        ]
        if takesMemoryBack {
          let part = lost / 20 * memory
          cells[.memBalloon] = 0.2 * part
          cells[.memCompressed] = 0.05 * part
          cells[.memSwapped] = 0.1 * part
          cells[.memWaiting] = part > 0.5 * memory ? 12 : 0
          cells[.swapIn] = lost / 10
          cells[.slowdown] = lost
        }
        vmCells.append(vmRow(cells))
      }
      let hostCells = (0..<hosts).map { host in
        let here = (0..<vms).filter { self.host(of: $0) == host }
        let cpus = here.reduce(0) { $0 + vcpus($1) }
        let memory = here.reduce(0.0) { $0 + consumed[$1][sample - 1] }
        let size = memoryOfHost
        var cells: [HostColumn: Double] = [
          .vms: Double(here.count), .vcpus: Double(cpus), .cpuCapacity: capacity,
          .cpuDemand: hostDemand[host], .cpuUsed: hostUsed[host],
          .cpuUsedPercent: hostUsed[host] / capacity * 100,
          .cpuReady: (hostDemand[host] - hostUsed[host]) / clockMHz * Double(interval) * 1_000,
          .memCapacity: size, .memConsumed: memory, .memFree: size - memory,
          .memConfigured: here.reduce(0) { $0 + Double(8_192 + $1 % 3 * 8_192) },
        ]
        if takesMemoryBack {
          let part = host == 0 ? pressure(sample) * size : 0
          let amounts: [(HostColumn, Double)] = [
            (.memHostReserved, 0.05 * size), (.memOverhead, 0.01 * size),
            (.memBalloon, 0.2 * part), (.memCompressed, 0.05 * part), (.memSwapped, 0.1 * part),
            (.memCompressedSize, 0.02 * part), (.memSharedSaved, 0.003 * size),
            (.memSavedZero, 0.003 * size), (.memSavedCommon, 0), (.memSavedDuplicate, 0),
            (.swapIn, part / size * 20), (.swapOut, part / size * 10), (.cpuOverhead, 20),
          ]
          for (column, amount) in amounts { cells[column] = amount }
          cells[.memFree] = max(0, 0.94 * size - memory)
        }
        return hostRow(cells)
      }
      let poolCells = [0, 1, 2].map { pool in
        let here = (0..<vms).filter { pool == 0 || $0 % 2 == (pool == 1 ? 1 : 0) }
        let granted = here.reduce(0.0) { $0 + grants[$1] }
        let memory = here.reduce(0.0) { $0 + consumed[$1][sample - 1] }
        var cells: [PoolColumn: Double] = [
          .cpuReservation: pool == 2 ? 60_000 : 0, .cpuShares: pool == 2 ? 8_000 : 2_000,
          .cpuEntitled: granted * 1.01, .cpuUsed: granted, .memReservation: pool == 2 ? 262_144 : 0,
          .memShares: 163_840, .memEntitled: memory * 1.03, .memUsed: memory,
        ]
        if pool == 1 { cells[.cpuLimit] = capacity * Double(hosts) * 0.5 }
        return poolRow(cells)
      }
      if pressure(sample) > 0, pressure(sample - 1) <= 0 {
        try event(seconds - interval, "mem_state", hostNames[0], from: "high", to: "low")
        try event(
          seconds - interval, "memory_waits", vmName(0), from: "false", to: "true",
          "host=esx-0 waiting_mib=8192.000")
      }
      try writeSample(
        to: sink, seconds: seconds, interval: interval, hosts: hostCells,
        memoryStates: takesMemoryBack
          ? (0..<hosts).map { $0 == 0 && pressure(sample) > 0 ? .low : .high } : [],
        vms: vmCells,
        vmHosts: recordsVMs ? order.map { Int32(host(of: $0)) } : [], pools: poolCells)
      if sample == samples * 3 / 4, hosts > 1 {
        try event(
          seconds, "overcommitted", hostNames[1], to: "6144 MiB",
          "resource=memory excess_mib=6144.000")
        try event(seconds, "set", vmName(1), from: "unlimited", to: "2000 MHz", "key=cpu.limit")
      }
    }
    for (row, vm) in order.enumerated() where samples > 0 {
      try sink.write(
        VMSummaryRow(
          vm: row, lastHost: host(of: vm), isAdmitted: true, refusal: "",
          metrics: [
            statistics(used[vm]), statistics(ready[vm]), statistics(limited[vm]), .empty,
            statistics(consumed[vm]), .empty, .empty,
            takesMemoryBack ? statistics(slowdown[vm]) : .empty,
          ]))
    }
    if takesMemoryBack {
      try event(
        Int64(samples) * interval, "oom_kill", vmName(0), from: "on", to: "off",
        "host=esx-0 mapped_mib=8192.000")
    }
    try sink.finish()
    try RunFile(
      record: RunRecord(
        scenario: "gold-and-bronze", seed: 7, digest: 0x1f3a_88c0_4d2e_9b61,
        simulated: .seconds(Int64(samples) * interval), isComplete: isComplete,
        expectations: samples == 0
          ? []
          : [
            verdict("gold-*", (0..<vms).filter { $0 % 2 == 0 }, atMost: 5_000, ready),
            verdict("bronze-*", (0..<vms).filter { $0 % 2 == 1 }, atMost: 10_000, ready),
            .init(
              text: "cpu_used_pct mean of hosts esx-* at least 40.000", measured: "47.220 (esx-3)",
              isMet: true),
          ],
        summary: [
          .init(
            name: "consolidation_ratio", unit: "1", value: Int64(vms * 1_000 / max(1, hosts)),
            meaning: "VMs powered on per host that is on"),
          .init(
            name: "cpu_used_mhz_mean", unit: "MHz", value: 187_432_117, meaning: "mean over the run"
          ),
        ],
        traces: [
          .init(
            name: "pl", path: "$TRACES/planetlab/20110303",
            sha256: String(repeating: "5e", count: 32),
            format: "planetlab", series: 1_052, quirks: [("gap", 12), ("clipped", 0)])
        ],
        assumptions: [
          "CPU at fluid fidelity: threads add nothing, and vCPUs of a VM run or wait together.",
          "Memory reclaim is not modelled: a host may be overcommitted without slowing its VMs.",
        ], takesMemoryBack: takesMemoryBack),
      ballastVersion: "0.1.0", scenarioSHA256: String(repeating: "ab12", count: 16),
      keptScenarioSHA256: String(repeating: "cd34", count: 16),
      wallMilliseconds: 1_234
    ).write(directory: directory)
  }

  private func verdict(
    _ name: String, _ these: [Int], atMost bound: Int64, _ ready: [[Double]]
  ) -> RunRecord.Verdict {
    let worst = these.max { statistics(ready[$0]).p95 < statistics(ready[$1]).p95 } ?? 0
    let value = statistics(ready[worst]).p95
    return .init(
      text: "cpu_ready_pct_per_vcpu p95 of vms \(name) at most \(decimal(bound, places: 3))",
      measured: "\(decimal(value, places: 3)) (\(vmName(worst)))", isMet: value <= bound)
  }

  /// 0 in the first half, then rising to 1.
  private func pressure(_ sample: Int) -> Double {
    takesMemoryBack ? max(0, Double(2 * sample) / Double(samples) - 1) : 0
  }

  private func vcpus(_ vm: Int) -> Int { [2, 4, 4, 8][(vm / 2) % 4] }
  private var memoryOfHost: Double { Double(vms) / Double(max(1, hosts)) * 20_000 }

  /// The last host gets a third of the VMs of the others.
  private func host(of vm: Int) -> Int {
    let slot = (vm / 2) % max(1, hosts)
    return slot == hosts - 1 && hosts > 1 && vm % 3 != 0 ? (vm / 2 / hosts) % (hosts - 1) : slot
  }

  /// 0 … 1, smooth over a few samples, the same on every machine.
  private func noise(_ vm: Int, _ sample: Int) -> Double {
    func hash(_ value: Int) -> Double {
      var x =
        UInt64(truncatingIfNeeded: value &* 0x9E37_79B9) &+ UInt64(vm) &* 0xBF58_476D_1CE4_E5B9
      x ^= x >> 31
      x = x &* 0x94D0_49BB_1331_11EB
      x ^= x >> 29
      return Double(x % 10_000) / 10_000
    }
    let step = sample / 4
    let part = Double(sample % 4) / 4
    return hash(step) * (1 - part) + hash(step + 1) * part
  }

  private func statistics(_ values: [Double]) -> MetricSummary {
    let sorted = values.sorted()
    func cell(_ value: Double) -> Int64 { Int64((value * 1_000).rounded()) }
    func quantile(_ part: Double) -> Double {
      let rank = part * Double(sorted.count - 1)
      let low = Int(rank)
      let high = min(low + 1, sorted.count - 1)
      return sorted[low] + (sorted[high] - sorted[low]) * (rank - Double(low))
    }
    return MetricSummary(
      mean: cell(values.reduce(0, +) / Double(values.count)), p50: cell(quantile(0.5)),
      p95: cell(quantile(0.95)), p99: cell(quantile(0.99)), max: cell(sorted.last ?? 0))
  }
}
