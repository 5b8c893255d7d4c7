import BallastModel
import BallastUnits

/// Overcommits each host by fixed ratios of vCPUs and configured memory, as OpenStack Nova's placement does.
///
/// Rule      Σ vCPUs ≤ (cores − reserved) · CPU ratio and Σ configured memory ≤ (memory − reserved) · memory ratio, the
///           VM included; no VM has more vCPUs than the host has cores, or more memory than the host. Reservations of
///           VMs and pools are not looked at.
/// Rounding  capacities down, to whole vCPUs and bytes.
/// Cost      O(hosts).
/// Source    OpenStack Nova configuration reference: initial ratios 4.0 and 1.0, 0 CPUs and 512 MB reserved.
public struct NovaRatios: AdmissionPolicy {
  public var cpuRatio: PartsPerMillion
  public var memoryRatio: PartsPerMillion
  public var reservedCores: Int64
  public var reservedMemory: Bytes

  public init(
    cpuRatio: PartsPerMillion = PartsPerMillion(4_000_000),
    memoryRatio: PartsPerMillion = .one, reservedCores: Int64 = 0,
    reservedMemory: Bytes = .mebibytes(512)
  ) {
    self.cpuRatio = cpuRatio
    self.memoryRatio = memoryRatio
    self.reservedCores = reservedCores
    self.reservedMemory = reservedMemory
  }

  public var checksReservations: Bool { false }

  public func refusal(of vm: AdmissionRequest, on host: AdmissionHost) -> Refusal? {
    refusal(of: vm, onAnyOf: [host])
  }

  public func refusal(of vm: AdmissionRequest, onAnyOf hosts: [AdmissionHost]) -> Refusal? {
    guard !hosts.isEmpty else { return .noHost }
    var best: (shortage: Refusal.RatioShortage, lack: Ratio)?
    for host in hosts {
      guard let shortage = shortage(of: vm, on: host, among: hosts.count) else { return nil }
      let missing = max(
        Int128(shortage.asked) - Int128(shortage.total),
        Int128(shortage.used) + Int128(shortage.asked) - Int128(shortage.capacity))
      let lack = Ratio(part: Int64(clamping: missing), whole: shortage.asked)
      if best.map({ lack < $0.lack }) ?? true { best = (shortage, lack) }
    }
    return best.map { .allocationRatio($0.shortage) }
  }

  /// What a host lacks, vCPUs before memory.
  private func shortage(
    of vm: AdmissionRequest, on host: AdmissionHost, among count: Int
  ) -> Refusal.RatioShortage? {
    let vcpus = Refusal.RatioShortage(
      count: .vcpus, hosts: count, best: host.name, asked: vm.vcpus, used: host.vcpusUsed,
      capacity: capacity(host.cores, reserved: reservedCores, ratio: cpuRatio), ratio: cpuRatio,
      total: host.cores)
    let memory = Refusal.RatioShortage(
      count: .memory, hosts: count, best: host.name, asked: vm.memory.value,
      used: host.memoryUsed.value,
      capacity: capacity(
        host.memory.value, reserved: reservedMemory.value, ratio: memoryRatio),
      ratio: memoryRatio, total: host.memory.value)
    return [vcpus, memory].first {
      $0.isLargerThanHost || Int128($0.used) + Int128($0.asked) > Int128($0.capacity)
    }
  }

  private func capacity(_ total: Int64, reserved: Int64, ratio: PartsPerMillion) -> Int64 {
    let offered = max(0, Int128(total) - Int128(reserved)) * Int128(max(0, ratio.value))
    return Int64(clamping: offered / 1_000_000)
  }
}
