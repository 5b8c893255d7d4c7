import BallastUnits

/// Chooses the host of a VM at its power-on.
public protocol PlacementPolicy: Sendable {
  /// Index of the chosen host in `hosts`, or nil when there is none at all. Ties go to the earlier host name.
  func place(_ vm: PlacementRequest, on hosts: [PlacementCandidate]) -> Int?
}

/// What is known of a VM before it runs: its size and settings.
public struct PlacementRequest: Sendable {
  public var vcpus: Int64
  public var memory: Bytes
  public var cpuReservation: Kilohertz
  public init(vcpus: Int64, memory: Bytes, cpuReservation: Kilohertz) {
    self.vcpus = vcpus
    self.memory = memory
    self.cpuReservation = cpuReservation
  }
}

/// A host that is on, with what its VMs are configured for. In order of names.
public struct PlacementCandidate: Sendable {
  public var cpuCapacity: Kilohertz
  public var coreRate: Kilohertz
  public var memoryCapacity: Bytes
  /// Σ vCPUs × clock of the VMs on it.
  public var cpuConfigured: Kilohertz = .zero
  public var memoryConfigured: Bytes = .zero
  public var cpuReserved: Kilohertz = .zero
  public init(cpuCapacity: Kilohertz, coreRate: Kilohertz, memoryCapacity: Bytes) {
    self.cpuCapacity = cpuCapacity
    self.coreRate = coreRate
    self.memoryCapacity = memoryCapacity
  }

  /// Books a VM that was placed here (`sign` 1) or has left (−1).
  public mutating func book(_ vm: PlacementRequest, sign: Int64 = 1) {
    cpuConfigured += coreRate * (vm.vcpus * sign)
    memoryConfigured += vm.memory * sign
    cpuReserved += vm.cpuReservation * sign
  }
}
