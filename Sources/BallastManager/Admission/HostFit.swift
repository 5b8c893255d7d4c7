import BallastModel
import BallastUnits

/// What a host offers to reservations, and what its VMs hold of that. In order of host names.
public struct HostRoom: Sendable, Equatable {
  public var name: String
  /// What VMs may reserve here: capacity less the hypervisor's own part.
  public var capacity: Charge
  public var reserved: Charge

  public init(name: String, capacity: Charge, reserved: Charge = .zero) {
    self.name = name
    self.capacity = capacity
    self.reserved = reserved
  }

  public func fits(_ charge: Charge) -> Bool { shortage(of: charge) == .zero }

  /// What is missing for a charge; 0 of what there is enough. Who charges nothing of a resource misses none of it,
  /// even on a host where too much is reserved already.
  public func shortage(of charge: Charge) -> Charge {
    Charge { resource in
      let missing =
        Int128(charge[resource]) + Int128(reserved[resource]) - Int128(capacity[resource])
      return charge[resource] > 0 ? Int64(clamping: max(0, missing)) : 0
    }
  }

  public mutating func book(_ charge: Charge, sign: Int64 = 1) {
    reserved.cpu += sign * charge.cpu
    reserved.memory += sign * charge.memory
  }
}

extension AdmissionControl {
  /// Whether some host has room: a cluster may have enough in total and still no host that can carry the VM.
  ///
  /// Rule      nil where one host fits; else the host that lacks least, by the larger of missing CPU / CPU asked and
  ///           missing memory / memory asked; ties to the earlier host.
  /// Rounding  none: ratios are compared by cross products in 128 bits.
  /// Cost      O(hosts).
  public static func hostFit(charge: Charge, on rooms: [HostRoom]) -> Refusal? {
    let charge = charge.atLeastZero
    guard !rooms.isEmpty else { return .noHost }
    var best: (room: Int, lack: Ratio)?
    var total: (cpu: Int128, memory: Int128) = (0, 0)
    var fitsEmpty = false
    for (index, room) in rooms.enumerated() {
      let short = room.shortage(of: charge)
      if short == .zero { return nil }
      let empty = HostRoom(name: room.name, capacity: room.capacity)
      fitsEmpty = fitsEmpty || empty.fits(charge)
      let lack = max(
        Ratio(part: short.cpu, whole: charge.cpu),
        Ratio(part: short.memory, whole: charge.memory))
      if best.map({ lack < $0.lack }) ?? true { best = (index, lack) }
      total.cpu += max(0, Int128(room.capacity.cpu) - Int128(room.reserved.cpu))
      total.memory += max(0, Int128(room.capacity.memory) - Int128(room.reserved.memory))
    }
    let closest = rooms[best!.room]
    let short = closest.shortage(of: charge)
    return .hostFit(
      Refusal.HostShortage(
        hosts: rooms.count, best: closest.name, cpuShort: Kilohertz(short.cpu),
        memoryShort: Bytes(short.memory),
        isFragmented: fitsEmpty && total.cpu >= Int128(charge.cpu)
          && total.memory >= Int128(charge.memory), isLargerThanHosts: !fitsEmpty))
  }
}
