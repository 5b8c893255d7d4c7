import BallastAgent
import BallastKVM
import BallastModel
import BallastUnits
import CBound

/// A KVM host of 100 domains that costs nothing to ask: what is measured is Ballast's own.
private final class CountingSystem: HostSystem {
  private var now = HostSnapshot()

  init(domains: Int) {
    now.monotonicTime = 1_000_000_000
    now.host.pcpus = 64
    now.host.coreRate = 2_000_000
    now.host.memoryTotal = 512 << 30
    now.host.memoryFree = 32 << 30
    now.domains = (0..<domains).map { index in
      var domain = DomainSnapshot()
      domain.name = "vm-\(1_000 + index)"
      domain.uuid = "00000000-0000-0000-0000-00000000\(1_000 + index)"
      domain.state = .running
      (domain.vcpus, domain.vcpusMax) = (4, 4)
      (domain.cpuTime, domain.vcpuTime, domain.vcpuDelay) = (0, 0, 0)
      (domain.memoryMax, domain.memoryCurrent) = (8 << 30, 8 << 30)
      (domain.rss, domain.guestUnused, domain.guestUsable) = (6 << 30, 2 << 30, 3 << 30)
      (domain.guestAvailable, domain.guestSwapOut, domain.guestMajorFaults) = (8 << 30, 0, 0)
      (domain.lastUpdate, domain.statisticsPeriod) = (0, 10)
      domain.settings.cpuWeight = 1_024
      domain.traits.deflatesOnOOM = true
      return domain
    }
  }

  /// Ten seconds pass, in which each domain runs and waits another time than before.
  func pass(_ step: Int64) {
    now.monotonicTime += 10_000_000_000
    now.wallTime += 10_000_000_000
    for index in now.domains.indices {
      let part = (Int64(index) * 7 + step) % 10
      now.domains[index].cpuTime! += part * 2_000_000_000
      now.domains[index].vcpuTime! += part * 2_000_000_000
      now.domains[index].vcpuDelay! += (9 - part) * 500_000_000
      now.domains[index].lastUpdate! += 10
    }
  }

  func snapshot() -> HostSnapshot { now }
  func perform(_ write: HostWrite) {}
  func read(_ field: HostWrite.Field, of target: HostWrite.Target) -> Int64? { nil }
  func refresh() {}
}

/// One step of the agent, a dry run with a memory policy: observe, decide, translate, hold against the safety rules.
func measureHost(domains: Int, runs: Int) throws {
  var policy = HostPolicy(name: "bench", profile: .kvm)
  policy.managed = ["vm-*"]
  policy.reclamation.policy = "proportional-share"
  let steps: Int64 = 500
  func start() throws -> (CountingSystem, HostAgent) {
    let system = CountingSystem(domains: domains)
    let agent = HostAgent(
      policy,
      host: KVMHost(
        system, membership: policy.membership, safety: policy.safety,
        managesMemory: policy.managesMemory, mode: .dryRun))
    try agent.look()
    return (system, agent)
  }
  var best = Double.infinity
  for _ in 0..<runs {
    let (system, agent) = try start()
    let start = process_cpu_seconds()
    for step in 0..<steps {
      system.pass(step)
      try agent.step()
    }
    best = min(best, process_cpu_seconds() - start)
  }
  let perStep = best / Double(steps)
  let interval = Double(policy.controlInterval.value) / 1e9
  print(
    "host \(domains) domains: \(text(perStep * 1e3)) ms a step, percent of a core"
      + " \(text(perStep / interval * 100)) at one step in \(Int(interval)) s,"
      + " peak grown by \(try growth(start)) KiB from step 2,000 to 10,000")
}

/// How much more memory the process had at most after 10,000 steps than after 2,000.
private func growth(_ start: () throws -> (CountingSystem, HostAgent)) throws -> Int {
  let (system, agent) = try start()
  var early = 0
  for step in 1...10_000 {
    system.pass(Int64(step))
    try agent.step()
    if step == 2_000 { early = peakKibibytes() }
  }
  return peakKibibytes() - early
}
