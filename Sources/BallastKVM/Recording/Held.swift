extension HostSnapshot {
  /// The same with every number that a recording is made from within what a host can mean, so that sums of them fit. A counter
  /// outside is one that the host did not give.
  var held: HostSnapshot {
    var held = self
    held.host = host.held
    for index in held.domains.indices { held.domains[index] = domains[index].held }
    return held
  }
}

extension HostCounters {
  /// Linux is built for at most 8,192 CPUs.
  static let pcpusMax: Int64 = 8_192

  fileprivate var held: HostCounters {
    var held = self
    held.pcpus = min(max(1, pcpus), Self.pcpusMax)
    // 1 MHz to 1 THz.
    held.coreRate = min(max(1_000, coreRate), 1_000_000_000)
    held.cpu = cpu.held
    held.perCPU = perCPU?.map(\.held)
    held.memoryTotal = size(memoryTotal) ?? 0
    held.memoryAvailable = size(memoryAvailable)
    return held
  }
}

extension NodeCPUTime {
  fileprivate var held: NodeCPUTime {
    var held = self
    held.user = counter(user) ?? 0
    held.system = counter(system) ?? 0
    held.idle = counter(idle) ?? 0
    held.ioWait = counter(ioWait) ?? 0
    held.steal = counter(steal) ?? 0
    return held
  }
}

extension DomainSnapshot {
  fileprivate var held: DomainSnapshot {
    var held = self
    // What a scenario takes at most.
    held.vcpus = min(max(1, vcpus), 4_096)
    held.cpuTime = counter(cpuTime)
    held.vcpuTime = counter(vcpuTime)
    held.vcpuDelay = counter(vcpuDelay)
    held.vcpuTimes = vcpuTimes.flatMap { $0.contains { counter($0) == nil } ? nil : $0 }
    held.vcpuDelays = vcpuDelays.flatMap { $0.contains { counter($0) == nil } ? nil : $0 }
    held.memoryMax = size(memoryMax) ?? 0
    held.memoryCurrent = size(memoryCurrent) ?? held.memoryMax
    held.rss = size(rss)
    held.guestUsable = size(guestUsable)
    held.settings.memoryMin = size(settings.memoryMin)
    held.settings.cpuWeight = settings.cpuWeight.flatMap { (1...262_144).contains($0) ? $0 : nil }
    return held
  }
}

/// Nanoseconds; 2^60 are 36 years of a CPU.
private func counter(_ value: Int64?) -> Int64? { inside(value, 1 << 60) }

/// Bytes; 2^50 are the largest host and the largest VM of a scenario.
private func size(_ value: Int64?) -> Int64? { inside(value, 1 << 50) }

private func inside(_ value: Int64?, _ most: Int64) -> Int64? {
  value.flatMap { $0 >= 0 && $0 <= most ? $0 : nil }
}

/// a · b, or the largest number where that does not fit.
func product(_ a: Int64, _ b: Int64) -> Int64 { Int64(clamping: Int128(a) * Int128(b)) }
