import BallastUnits

extension ClusterInventory {
  /// Whether VMs may run on a host and come to it.
  public enum HostState: Sendable, Equatable, Codable {
    /// Runs VMs and takes more.
    case on
    /// Has crashed.
    case failed
    /// Runs what it still has and takes no more.
    case maintenance
    /// Powered off by a policy, which may power it on again.
    case standby
    /// Powered off by an administrator.
    case off

    /// As results say it.
    var name: String {
      switch self {
      case .on: "on"
      case .failed: "failed"
      case .maintenance: "maintenance"
      case .standby, .off: "off"
      }
    }
  }

  /// A host: what it offers, and what its VMs take of it.
  public struct Host: Sendable, Equatable {
    public var state: HostState
    /// kHz for VMs.
    public var cpuCapacity: Int64
    /// kHz of one core.
    public var coreRate: Int64
    /// Bytes for VMs, after the host's own reserve.
    public var memoryCapacity: Int64
    public var power: PowerCurve?
    /// Runs only VMs that start again after a failure, and is not put to sleep.
    public var isKeptForFailures: Bool
    /// Guests hold their memory from power-on, and never more than the host has (Xen, Hyper-V).
    public var isFullyBacked: Bool
    /// Bytes of a swap device on which every VM needs room; nil: nobody counts.
    public var swapSpace: Int64?
    /// Kept by the inventory.
    public internal(set) var use = HostUse()

    public init(
      state: HostState = .on, cpuCapacity: Int64, coreRate: Int64, memoryCapacity: Int64,
      power: PowerCurve? = nil, isKeptForFailures: Bool = false,
      isFullyBacked: Bool = false, swapSpace: Int64? = nil
    ) {
      self.state = state
      self.cpuCapacity = cpuCapacity
      self.coreRate = coreRate
      self.memoryCapacity = memoryCapacity
      self.power = power
      self.isKeptForFailures = isKeptForFailures
      self.isFullyBacked = isFullyBacked
      self.swapSpace = swapSpace
    }

    /// What VMs hold here that are booked elsewhere and have not left yet. Kept by the inventory.
    public internal(set) var leaving = LeavingUse()

    /// The reservations of the VMs on it and of this one fit: what admission charges to a host.
    public func hasRoom(cpuReservation: Int64, memoryCharge: Int64) -> (cpu: Bool, memory: Bool) {
      (
        cpuHeld + cpuReservation <= cpuCapacity,
        memoryHeld + memoryCharge <= memoryCapacity
      )
    }

    /// kHz reserved by the VMs booked here and by those that have not left.
    public var cpuHeld: Int64 { use.cpuReserved + leaving.cpuReserved }
    /// Bytes, likewise.
    public var memoryHeld: Int64 { use.memoryReserved + leaving.memoryReserved }
  }

  /// Sums over the VMs that leave a host.
  public struct LeavingUse: Sendable, Equatable {
    public internal(set) var cpuReserved: Int64 = 0
    public internal(set) var memoryReserved: Int64 = 0
    public internal(set) var memoryBacked: Int64 = 0
    public internal(set) var swapSpace: Int64 = 0
  }

  /// Sums over the VMs of a host.
  public struct HostUse: Sendable, Equatable {
    public init() {}
    public internal(set) var vmCount = 0
    public internal(set) var vcpus: Int64 = 0
    /// kHz: vCPUs × the host's clock.
    public internal(set) var cpuConfigured: Int64 = 0
    /// Bytes
    public internal(set) var memoryConfigured: Int64 = 0
    /// kHz
    public internal(set) var cpuReserved: Int64 = 0
    /// Bytes: reservations and overhead.
    public internal(set) var memoryReserved: Int64 = 0
    /// kHz, see `ClusterInventory.cpuDemand(of:on:)`.
    public internal(set) var cpuDemand: Int64 = 0
    /// Bytes
    public internal(set) var memoryDemand: Int64 = 0
    /// Bytes that nothing takes from VMs, with overhead, where memory is fully backed.
    public internal(set) var memoryBacked: Int64 = 0
    /// Bytes: configured memory less reservations.
    public internal(set) var swapSpace: Int64 = 0

    mutating func add(_ vm: VM, coreRate: Int64, sign: Int64) {
      vmCount += Int(sign)
      vcpus += sign * vm.vcpus
      cpuConfigured += sign * vm.vcpus * coreRate
      memoryConfigured += sign * vm.memory
      cpuReserved += sign * vm.cpuReservation
      memoryReserved += sign * vm.memoryCharge
      cpuDemand += sign * vm.cpuDemand(at: coreRate)
      memoryDemand += sign * vm.memoryDemand
      memoryBacked += sign * vm.memoryBacked
      swapSpace += sign * vm.swapSpace
    }
  }

  /// A VM: size, settings, what was observed of it, and where it is.
  public struct VM: Sendable, Equatable {
    /// Position of its host; nil: nowhere.
    public internal(set) var host: Int?
    /// Where it still runs while it is on its way to `host`; nil: nowhere else.
    public internal(set) var leavingHost: Int?
    public var vcpus: Int64
    /// Bytes
    public var memory: Int64
    /// kHz
    public var cpuReservation: Int64
    /// kHz; `Int64.max` is unlimited.
    public var cpuLimit: Int64
    /// Bytes of guest memory.
    public var memoryReservation: Int64
    /// Bytes; `Int64.max` is unlimited.
    public var memoryLimit: Int64
    /// Bytes of host memory beside the guest's, reserved with it.
    public var overhead: Int64
    /// Bytes the guest has at power-on; nil: all it is configured with.
    public var memoryAtStart: Int64?
    /// Bytes a balloon may bring it down to; nil: no less than it has at power-on.
    public var memoryLeast: Int64?
    /// Bytes it can be brought down to by what its host saw; nil: nobody knows.
    public internal(set) var observedMemoryLeast: Int64?
    /// False: neither balancing nor evacuation moves it.
    public var isMovable: Bool
    /// kHz; nil is unknown.
    public internal(set) var observedCPUDemand: Int64?
    /// Bytes; nil is unknown.
    public internal(set) var observedMemoryDemand: Int64?
    /// Bytes per second read back from swap.
    public internal(set) var swapInRate: Int64 = 0

    public init(
      host: Int? = nil, vcpus: Int64, memory: Int64, cpuReservation: Int64 = 0,
      cpuLimit: Int64 = .max, memoryReservation: Int64 = 0, memoryLimit: Int64 = .max,
      overhead: Int64 = 0, memoryAtStart: Int64? = nil, memoryLeast: Int64? = nil,
      isMovable: Bool = true, cpuDemand: Int64? = nil,
      memoryDemand: Int64? = nil
    ) {
      self.host = host
      self.vcpus = vcpus
      self.memory = memory
      self.cpuReservation = cpuReservation
      self.cpuLimit = cpuLimit
      self.memoryReservation = memoryReservation
      self.memoryLimit = memoryLimit
      self.overhead = overhead
      self.memoryAtStart = memoryAtStart
      self.memoryLeast = memoryLeast
      self.isMovable = isMovable
      observedCPUDemand = cpuDemand
      observedMemoryDemand = memoryDemand
    }

    /// Bytes that admission charges: reservation and overhead.
    public var memoryCharge: Int64 { memoryReservation + overhead }

    /// kHz on a host of this clock: observed demand within limit and size; the size where nothing is known.
    public func cpuDemand(at coreRate: Int64) -> Int64 {
      let size = min(vcpus * coreRate, cpuLimit)
      return min(observedCPUDemand ?? size, size)
    }

    /// Bytes: observed demand within limit and size; the size where nothing is known.
    public var memoryDemand: Int64 {
      let size = min(memory, memoryLimit)
      return min(observedMemoryDemand ?? size, size)
    }
  }
}
