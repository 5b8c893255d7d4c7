import BallastModel
import BallastUnits

/// A VM whose host failed.
public struct RestartVM: Sendable, Equatable {
  public var vm: VMIndex
  public var priority: RestartPriority
  public var charge: Charge
  public init(vm: VMIndex, priority: RestartPriority = .medium, charge: Charge) {
    self.vm = vm
    self.priority = priority
    self.charge = charge
  }
}

/// Where one VM is restarted.
public struct RestartDecision: Sendable, Equatable {
  public enum Outcome: Sendable, Equatable {
    /// On the host at this position.
    case restart(host: Int)
    /// Nowhere yet: it waits until room or a host returns.
    case wait(Refusal)
  }
  public var vm: VMIndex
  public var outcome: Outcome
  public init(vm: VMIndex, outcome: Outcome) {
    self.vm = vm
    self.outcome = outcome
  }
}

/// Chooses hosts for the VMs of failed hosts.
///
/// Rule      in order of priority, then larger memory charge, then larger CPU charge, then name, each VM goes where its
///           charge fits: to the host whose fuller resource, by what is reserved, is least full afterwards. Shares,
///           limits and demand play no part. VMs that are disabled are left out.
/// Promises  a VM that fits nowhere waits and holds up nobody behind it · no host is reserved beyond its capacity.
/// Rounding  none: ratios are compared by cross products in 128 bits. Ties to the earlier host.
/// Cost      O(VMs · (hosts + log VMs)).
/// Source    vSphere availability guide, restart priority and placement by reservation; larger before smaller is ours,
///           since large VMs are the hardest to place.
public struct RestartPlanner: Sendable {
  public init() {}

  /// The VMs to restart, first to last.
  public func restartOrder(_ vms: [RestartVM]) -> [RestartVM] {
    vms.filter { $0.priority != .disabled }.sorted { a, b in
      if a.priority != b.priority { return a.priority < b.priority }
      if a.charge.memory != b.charge.memory { return a.charge.memory > b.charge.memory }
      if a.charge.cpu != b.charge.cpu { return a.charge.cpu > b.charge.cpu }
      return a.vm < b.vm
    }
  }

  /// Decisions in restart order.
  ///
  /// - Parameter rooms: the hosts that are on, in order of names; what is restarted is booked in them.
  public func plan(_ vms: [RestartVM], on rooms: inout [HostRoom]) -> [RestartDecision] {
    restartOrder(vms).map { vm in
      let charge = vm.charge.atLeastZero
      guard let host = choose(for: charge, among: rooms) else {
        // The rooms have just been seen to be too small.
        let refusal = AdmissionControl.hostFit(charge: charge, on: rooms) ?? .noHost
        return RestartDecision(vm: vm.vm, outcome: .wait(refusal))
      }
      rooms[host].book(charge)
      return RestartDecision(vm: vm.vm, outcome: .restart(host: host))
    }
  }

  private func choose(for charge: Charge, among rooms: [HostRoom]) -> Int? {
    var best: (host: Int, load: Ratio)?
    for (index, room) in rooms.enumerated() where room.fits(charge) {
      let load = max(
        Ratio(part: room.reserved.cpu + charge.cpu, whole: room.capacity.cpu),
        Ratio(part: room.reserved.memory + charge.memory, whole: room.capacity.memory))
      if best.map({ load < $0.load }) ?? true { best = (index, load) }
    }
    return best?.host
  }
}
