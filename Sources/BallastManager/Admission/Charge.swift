import BallastModel
import BallastUnits

/// What a VM or pool takes from what can be reserved.
///
/// Both amounts are 0 or more; admission counts less as 0.
public struct Charge: Sendable, Equatable, Codable {
  /// kHz: the CPU reservation.
  public var cpu: Int64
  /// Bytes: the memory reservation and, for a VM, its overhead.
  public var memory: Int64

  public init(cpu: Int64 = 0, memory: Int64 = 0) {
    self.cpu = cpu
    self.memory = memory
  }

  /// A VM's charge: its reservations, and its overhead, which is always reserved.
  public init(_ settings: VMSettings, overhead: Bytes) {
    cpu = settings.cpuReservation
    memory = Int64(clamping: Int128(settings.memoryReservation) + Int128(overhead.value))
  }

  public static let zero = Charge()

  public subscript(resource: AdmissionResource) -> Int64 {
    get { resource == .cpu ? cpu : memory }
    set { if resource == .cpu { cpu = newValue } else { memory = newValue } }
  }

  var atLeastZero: Charge { Charge(cpu: max(0, cpu), memory: max(0, memory)) }

  /// Resource by resource.
  init(_ amount: (AdmissionResource) -> Int64) {
    self.init(cpu: amount(.cpu), memory: amount(.memory))
  }
}

extension VMSettings {
  /// Whether these settings are possible at all for a VM of this size: no reservation above the size or above the
  /// limit.
  ///
  /// - Parameters:
  ///   - cpuSize: vCPUs × clock.
  ///   - memorySize: configured memory.
  /// - Returns: the first fault, CPU before memory; nil when there is none.
  public func refusal(cpuSize: Kilohertz, memorySize: Bytes) -> Refusal? {
    let resources: [(AdmissionResource, reservation: Int64, limit: Int64, size: Int64)] = [
      (.cpu, cpuReservation, cpuLimit, cpuSize.value),
      (.memory, memoryReservation, memoryLimit, memorySize.value),
    ]
    for (resource, reservation, limit, size) in resources {
      if reservation > size {
        return .reservationAboveSize(resource: resource, reservation: reservation, size: size)
      }
      if reservation > limit {
        return .limitBelowReservation(resource: resource, limit: limit, reservation: reservation)
      }
    }
    return nil
  }
}
