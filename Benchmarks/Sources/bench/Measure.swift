import BallastSimulator
import CBound
import Foundation

extension WorkloadW {
  static var medium: WorkloadW { WorkloadW(hosts: 1_000, vms: 10_000, samples: 288) }

  /// Runs bound and engine in turn and prints the best of each in ns of process CPU time per VM-sample, and the ratio.
  @discardableResult
  func measure(threads: Int = 1, runs: Int) throws -> (engine: Double, bound: Double) {
    let series = makeSeries()
    defer { series.deallocate() }
    var engine = Double.infinity
    var bound = Double.infinity
    var wall = Double.infinity
    var delivered = 0.0
    for _ in 0..<runs {
      bound = min(bound, runBound().seconds)
      let run = try runEngine(series: series, threads: threads)
      engine = min(engine, run.seconds)
      wall = min(wall, run.wall)
      delivered = run.delivered
    }
    let perSample = 1e9 / Double(vmSamples)
    print(
      "w \(hosts) \(vms) \(samples) threads \(threads): engine \(text(engine * perSample)) ns,"
        + " bound \(text(bound * perSample)) ns, ratio \(text(engine / bound)),"
        + " wall \(text(wall * perSample)) ns, delivered \(delivered) core-s,"
        + " peak \(peakKibibytes()) KiB")
    return (engine * perSample, bound * perSample)
  }

  private func runEngine(
    series: UnsafePointer<UInt32>, threads: Int
  ) throws -> (seconds: Double, wall: Double, delivered: Double) {
    let sink = UtilisationSink(cells: hosts * samples)
    let simulation = try Simulation(makeWorld(series: series), sink: sink, threads: threads)
    try simulation.start()
    let clock = ContinuousClock.now
    let start = process_cpu_seconds()
    _ = try simulation.run()
    let seconds = process_cpu_seconds() - start
    let (whole, fraction) = clock.duration(to: .now).components
    return (seconds, Double(whole) + Double(fraction) * 1e-18, sink.deliveredCoreSeconds)
  }
}

/// S, M and L differ by ten in V and by thirty in T; an exponent of 1 is cost in proportion.
func measureGrowth(runs: Int) throws {
  let small = try WorkloadW(hosts: 100, vms: 1_000, samples: 288).measure(runs: runs)
  let medium = try WorkloadW.medium.measure(runs: runs)
  let large = try WorkloadW(hosts: 1_000, vms: 10_000, samples: 8_640).measure(runs: 1)
  print("growth exponent in V: \(text(1 + log10(medium.engine / small.engine)))")
  print("growth exponent in T: \(text(1 + log(large.engine / medium.engine) / log(30)))")
}

func text(_ value: Double) -> String {
  let hundredths = Int((value * 100).rounded())
  let cents = hundredths % 100
  return "\(hundredths / 100).\(cents < 10 ? "0" : "")\(cents)"
}

func peakKibibytes() -> Int {
  var usage = rusage()
  getrusage(0, &usage)  // RUSAGE_SELF
  return usage.ru_maxrss
}
