import BallastKernel
import BallastMachine
import BallastModel
import BallastSimulator
import BallastUnits
import CBound

extension WorkloadW {
  /// W with memory modelled, as a profile does it and with plenty free, beside W where it is only counted: the best of each
  /// in ns of process CPU time per VM-sample, and the ratio.
  func measureMemory(runs: Int) throws {
    let series = makeSeries()
    defer { series.deallocate() }
    for profile in [HypervisorProfile.esxi, .kvm] {
      var counted = Double.infinity
      var modelled = Double.infinity
      for _ in 0..<runs {
        counted = min(counted, try seconds(makeWorld(series: series, profile: profile)))
        modelled = min(
          modelled,
          try seconds(makeWorld(series: series, profile: profile, memory: profile.memory)))
      }
      let perSample = 1e9 / Double(vmSamples)
      print(
        "memory \(profile.name) \(hosts) \(vms) \(samples): modelled \(text(modelled * perSample))"
          + " ns, off \(text(counted * perSample)) ns, ratio \(text(modelled / counted))")
    }
  }

  private func seconds(_ world: World) throws -> Double {
    let simulation = try Simulation(world, sink: UtilisationSink(cells: hosts * samples))
    try simulation.start()
    let start = process_cpu_seconds()
    _ = try simulation.run()
    return process_cpu_seconds() - start
  }
}

/// One host with memory for 70 % of what its guests have touched, half of which they use: everything is on the move. Prints
/// the CPU time per VM and control step, with the ticks in it, for 10, 100 and 1,000 VMs, and how much more a VM costs
/// among 1,000 than among 100.
func measurePressure(runs: Int) throws {
  for profile in [HypervisorProfile.esxi, .kvm] {
    var costs: [Double] = []
    // An hour: the first minutes, in which most moves, do not count more than they should.
    let steps = 180
    for count in [10, 100, 1_000] {
      var best = Double.infinity
      for _ in 0..<runs {
        let world = pressedWorld(profile, vms: count, steps: steps)
        let simulation = try Simulation(world, sink: UtilisationSink(cells: steps))
        try simulation.start()
        let start = process_cpu_seconds()
        _ = try simulation.run()
        best = min(best, process_cpu_seconds() - start)
      }
      costs.append(best * 1e9 / Double(count * steps))
    }
    print(
      "pressure \(profile.name): \(text(costs[0])) ns at 10 VMs, \(text(costs[1])) ns at 100,"
        + " \(text(costs[2])) ns at 1000, ratio \(text(costs[2] / costs[1]))")
  }
}

private func pressedWorld(_ profile: HypervisorProfile, vms count: Int, steps: Int) -> World {
  let step = SimDuration.seconds(20)
  let size = Bytes.gibibytes(1)
  return World(
    name: "pressure", seed: 1, duration: SimDuration(step.value * Int64(steps)),
    controlInterval: step, recordInterval: step, profile: profile, memory: profile.memory,
    clusters: [World.Cluster(name: "c", pools: [], hosts: [HostIndex(0)])],
    hosts: [
      HostSpec(
        name: "h", sockets: 2, coresPerSocket: 32, threadsPerCore: 1,
        coreRate: .megahertz(2_000), memory: Bytes(size.value / 10 * 7 * Int64(count)),
        swap: profile.memory.swap)
    ],
    vms: (0..<count).map { index in
      World.VM(
        name: "vm-\(10_000 + index)", cluster: 0, vcpus: 1, memory: size,
        workload: GuestWorkload(
          cpu: .constant(.percent(20)),
          memoryActive: .square(
            period: .seconds(60 + Int64(index % 7) * 10), duty: .percent(50), high: .percent(60),
            low: .percent(40))))
    })
}
