import BallastUnits

/// Empties a host for maintenance.
///
/// Rule      VMs in order of names, each with those it must be together with, to where the placement policy puts them;
///           all must fit there with their reservations. A VM that cannot go stays, and the others go on.
/// Promises  no move breaks a must rule or a reservation, or goes to a host kept for failures; what stays is listed with the reasons host by host.
/// Cost      O(VMs of the host × hosts).
/// Source    maintenance mode as vSphere and oVirt have it.
public struct Evacuation: Sendable, Equatable {
  /// A VM that stays.
  public struct Stranded: Sendable, Equatable {
    public enum Reason: Sendable, Equatable {
      /// Marked as not movable, or together with one that is.
      case notMovable
      /// No host takes it; the decision says why.
      case noHost(PlacementDecision)
    }
    public var vm: Int
    public var reason: Reason
  }

  public var moves: [VMMove] = []
  public var stranded: [Stranded] = []

  /// Moves what can go from a host, and books it in the inventory. The host's own state is the caller's: set it to
  /// maintenance first, so that nothing comes.
  public init(
    of host: Int, in inventory: inout ClusterInventory, by policy: any PlacementPolicy
  ) {
    for vm in inventory.vms(on: host) where inventory.vms[vm].host == host {
      let unit = inventory.unit(of: vm, on: host)
      guard unit[0] == vm else { continue }
      guard unit.allSatisfy({ inventory.vms[$0].isMovable }) else {
        stranded += unit.map { Stranded(vm: $0, reason: .notMovable) }
        continue
      }
      let decision = policy.place(
        inventory.request(for: unit, mustFitCharge: true), of: unit, in: inventory, from: host
      ) { [inventory] in !inventory.hosts[$0].isKeptForFailures }
      if let target = decision.host {
        moves += inventory.shift(unit, to: target, reason: .maintenance)
      } else {
        stranded += unit.map { Stranded(vm: $0, reason: .noHost(decision)) }
      }
    }
  }
}
