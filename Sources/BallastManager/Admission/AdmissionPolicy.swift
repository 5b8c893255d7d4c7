import BallastModel
import BallastUnits

/// Which promises a cluster keeps when VMs are powered on.
public protocol AdmissionPolicy: Sendable {
  /// Reservations, pools and failover capacity are checked as `AdmissionControl` and `FailoverPlanner` say.
  var checksReservations: Bool { get }

  /// Whether this one host takes the VM: nil when it does.
  func refusal(of vm: AdmissionRequest, on host: AdmissionHost) -> Refusal?

  /// Whether any host takes it: nil when one does, else the refusal of the host that came closest. `noHost` where there
  /// is none.
  func refusal(of vm: AdmissionRequest, onAnyOf hosts: [AdmissionHost]) -> Refusal?
}

/// What a VM asks of a host.
public struct AdmissionRequest: Sendable, Equatable {
  public var vcpus: Int64
  /// Configured memory.
  public var memory: Bytes
  public var charge: Charge
  public init(vcpus: Int64, memory: Bytes, charge: Charge) {
    self.vcpus = vcpus
    self.memory = memory
    self.charge = charge
  }
}

/// A host that is on, with what its VMs have. In order of names.
public struct AdmissionHost: Sendable, Equatable {
  /// For policies that count reservations.
  public var room: HostRoom
  /// Physical cores.
  public var cores: Int64
  /// Physical memory, the hypervisor's own part included.
  public var memory: Bytes
  /// Σ vCPUs and Σ configured memory of its VMs.
  public var vcpusUsed: Int64
  public var memoryUsed: Bytes
  public init(
    room: HostRoom, cores: Int64, memory: Bytes, vcpusUsed: Int64 = 0, memoryUsed: Bytes = .zero
  ) {
    self.room = room
    self.cores = cores
    self.memory = memory
    self.vcpusUsed = vcpusUsed
    self.memoryUsed = memoryUsed
  }
  public var name: String { room.name }

  mutating func add(_ vm: AdmissionRequest) {
    room.book(vm.charge)
    vcpusUsed += vm.vcpus
    memoryUsed += vm.memory
  }
}

/// Admits everybody; hosts may be overcommitted without bound.
public struct AdmitAll: AdmissionPolicy {
  public init() {}
  public var checksReservations: Bool { false }
  public func refusal(of vm: AdmissionRequest, on host: AdmissionHost) -> Refusal? { nil }
  public func refusal(of vm: AdmissionRequest, onAnyOf hosts: [AdmissionHost]) -> Refusal? {
    hosts.isEmpty ? .noHost : nil
  }
}

/// Keeps every reservation: of VMs, of pools, and of the capacity that failover needs.
///
/// Rule      on a host Σ CPU reservations ≤ capacity and Σ (memory reservations + overhead) ≤ capacity, the VM included.
/// Source    vSphere resource management guide; docs/ADMISSION.md#hosts.
public struct StrictAdmission: AdmissionPolicy {
  public init() {}
  public var checksReservations: Bool { true }
  public func refusal(of vm: AdmissionRequest, on host: AdmissionHost) -> Refusal? {
    AdmissionControl.hostFit(charge: vm.charge, on: [host.room])
  }
  public func refusal(of vm: AdmissionRequest, onAnyOf hosts: [AdmissionHost]) -> Refusal? {
    AdmissionControl.hostFit(charge: vm.charge, on: hosts.map(\.room))
  }
}
