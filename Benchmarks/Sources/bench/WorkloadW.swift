import BallastMachine
import BallastModel
import BallastSimulator
import BallastUnits
import CBound

/// Workload W(H, V, T) "full": H hosts of 32 cores with V / H VMs each, whose demand changes every 300 s for T samples;
/// 64 vCPUs on 32 cores, reservations on every fourth and limits on every fifth VM. About 42 % of host-samples are
/// contended.
struct WorkloadW {
  let hosts: Int
  let vms: Int
  let samples: Int
  /// Uniform 16-bit utilisation, [sample][host][ordinal].
  let utilisation: [UInt16]

  static let vcpuPattern = [2, 4, 8, 8, 4, 8, 8, 8, 6, 8]

  var vmsPerHost: Int { vms / hosts }
  var vmSamples: Int { vms * samples }
  func vcpus(_ ordinal: Int) -> Int { Self.vcpuPattern[ordinal % 10] }

  init(hosts: Int, vms: Int, samples: Int) {
    self.hosts = hosts
    self.vms = vms
    self.samples = samples
    let perHost = vms / hosts
    utilisation = [UInt16](unsafeUninitializedCapacity: vms * samples) { buffer, count in
      for vm in 0..<vms {
        var x = Self.seed(vm)
        let place = vm % hosts * perHost + vm / hosts
        for sample in 0..<samples {
          x = x &* 1_664_525 &+ 1_013_904_223
          buffer[sample * vms + place] = UInt16(x >> 16)
        }
      }
      count = vms * samples
    }
  }

  private static func seed(_ vm: Int) -> UInt32 {
    var x = UInt32(truncatingIfNeeded: vm + 1) &* 0x9E37_79B1
    x ^= x >> 16
    x = x &* 0x85EB_CA6B
    x ^= x >> 13
    x = x &* 0xC2B2_AE35
    x ^= x >> 16
    return x
  }

  // MARK: The bound

  /// CPU seconds and delivered core-seconds of the C loop.
  func runBound() -> (seconds: Double, delivered: Double) {
    var delivered = [Double](repeating: 0, count: vms)
    var ready = delivered
    var utilisationOfHosts = [Float](repeating: 0, count: hosts * samples)
    let vcpus = (0..<vmsPerHost).map { Double(self.vcpus($0)) }
    let start = process_cpu_seconds()
    let total = bound_workload_w(
      utilisation, vcpus, Int32(hosts), Int32(vmsPerHost), Int32(samples), &delivered, &ready,
      &utilisationOfHosts)
    return (process_cpu_seconds() - start, total)
  }

  // MARK: The engine

  /// The series as a trace holds them: one after the other, parts per million.
  func makeSeries() -> UnsafeMutablePointer<UInt32> {
    let series = UnsafeMutablePointer<UInt32>.allocate(capacity: vmSamples)
    for place in 0..<vms {
      for sample in 0..<samples {
        let fraction = UInt64(utilisation[sample * vms + place])
        series[place * samples + sample] = UInt32((fraction * 1_000_000 + 32_768) >> 16)
      }
    }
    return series
  }

  /// - Parameter memory: how it is modelled; nil: it is only counted.
  func makeWorld(
    series: UnsafePointer<UInt32>, profile: HypervisorProfile = .esxi, memory: MemoryFacts? = nil
  ) -> World {
    let coreRate = Kilohertz.megahertz(1_000)
    let step = SimDuration.seconds(300)
    let length = SimDuration(step.value * Int64(samples))
    let hostSpecs = (0..<hosts).map {
      HostSpec(
        name: "host-" + padded($0), sockets: 1, coresPerSocket: 32, threadsPerCore: 1,
        coreRate: coreRate, memory: .gibibytes(1_024), swap: memory?.swap ?? .none)
    }
    let guests = (0..<vms).map { place -> World.VM in
      let host = place / vmsPerHost
      let ordinal = place % vmsPerHost
      let size = coreRate * Int64(vcpus(ordinal))
      let column = SampledSeries(
        values: series + place * samples, times: nil, count: samples, first: .zero, step: step,
        end: SimTime(length.value), unit: .partsPerMillion)
      return World.VM(
        name: "vm-" + padded(place), cluster: 0, host: HostIndex(host), vcpus: vcpus(ordinal),
        memory: .gibibytes(4),
        cpuSettings: ResourceSettings(
          reservation: ordinal % 4 == 0 ? Kilohertz(size.value / 4) : .zero,
          limit: ordinal % 5 == 0 ? Kilohertz(size.value / 2) : nil),
        workload: GuestWorkload(cpu: .replay(column, atEnd: .stop, length: length)))
    }
    return World(
      name: "W", seed: 1, duration: length, controlInterval: step, recordInterval: step,
      profile: profile, memory: memory,
      clusters: [
        World.Cluster(name: "c", pools: [], hosts: (0..<hosts).map { HostIndex($0) })
      ], hosts: hostSpecs, vms: guests)
  }

  private func padded(_ number: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: 6 - digits.utf8.count) + digits
  }
}

/// Keeps utilisation per host and sample, and sums what was delivered: the results of workload W.
final class UtilisationSink: RunSink {
  /// Percent of capacity in thousandths, [sample][host].
  let utilisation: UnsafeMutableBufferPointer<Int32>
  private var count = 0
  private(set) var summaries = 0
  private var delivered: Int128 = 0

  init(cells: Int) { utilisation = .allocate(capacity: cells) }
  deinit { utilisation.deallocate() }

  /// kHz·ns of 1 GHz cores as core-seconds.
  var deliveredCoreSeconds: Double { Double(delivered) / 1e6 / 1e9 }

  func begin(_ manifest: RunManifest) {}
  func write(_ event: EventRow) {}
  func write(_ rows: SampleRows) {
    var total: Int64 = 0
    let first = count
    for host in rows.hostStates.indices {
      let cells = host * HostColumn.count
      utilisation[first + host] = Int32(rows.hosts[cells + HostColumn.cpuUsedPercent.rawValue])
      total += rows.hosts[cells + HostColumn.cpuUsed.rawValue]
    }
    count = first + rows.hostStates.count
    delivered += Int128(total) * Int128(rows.interval.value)
  }
  func write(_ summary: VMSummaryRow) { summaries += 1 }
}
