import BallastSimulator
import BallastUnits
import CBound
import Glibc

/// bench w [H V T] [threads] — prints engine and bound in ns of process CPU time per VM-sample, and their ratio.
func benchmarkW(hosts: Int, vms: Int, samples: Int, threads: Int) throws {
  let workload = WorkloadW(hosts: hosts, vms: vms, samples: samples)
  let series = workload.makeSeries()
  var engineBest = Double.infinity
  var boundBest = Double.infinity
  var delivered = 0.0
  var boundDelivered = 0.0
  var digest: UInt64 = 0
  for _ in 0..<3 {
    let bound = workload.runBound()
    boundBest = min(boundBest, bound.seconds)
    boundDelivered = bound.delivered
    let sink = UtilisationSink(cells: hosts * samples)
    let simulation = try Simulation(
      workload.makeWorld(series: series), sink: sink, threads: threads)
    try simulation.start()
    let start = process_cpu_seconds()
    let record = try simulation.run()
    engineBest = min(engineBest, process_cpu_seconds() - start)
    delivered = sink.deliveredCoreSeconds
    digest = record.digest
  }
  let perSample = 1e9 / Double(workload.vmSamples)
  print(
    "W(\(hosts), \(vms), \(samples)) threads \(threads): engine \(engineBest * perSample) ns,"
      + " bound \(boundBest * perSample) ns, ratio \(engineBest / boundBest),"
      + " delivered \(delivered) core-s (bound \(boundDelivered)), digest \(String(digest, radix: 16)),"
      + " peak \(peakKibibytes()) KiB")
  series.deallocate()
}

func peakKibibytes() -> Int {
  var usage = rusage()
  getrusage(0, &usage)
  return usage.ru_maxrss
}

let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
let size = arguments.count >= 3 ? Array(arguments.prefix(3)) : [1_000, 10_000, 288]
try benchmarkW(
  hosts: size[0], vms: size[1], samples: size[2],
  threads: arguments.count == 4 || arguments.count == 1 ? arguments.last! : 1)
