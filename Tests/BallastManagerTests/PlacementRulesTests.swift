import BallastManager
import Testing

/// Hosts of 4 GHz (cores of 1 GHz) and 8 GiB; VMs of 1 vCPU and 1 GiB.
struct PlacementRulesTests {
  private func cluster(
    _ hostOfVM: [Int?], _ rules: [PlacementRules.Rule], hosts: Int = 3,
    states: [Int: ClusterInventory.HostState] = [:]
  ) -> ClusterInventory {
    ClusterInventory(
      hosts: (0..<hosts).map {
        ClusterInventory.Host(
          state: states[$0] ?? .on, cpuCapacity: 4_000_000, coreRate: 1_000_000,
          memoryCapacity: 8 << 30)
      },
      vms: hostOfVM.map {
        ClusterInventory.VM(host: $0, vcpus: 1, memory: 1 << 30, memoryReservation: 1 << 30)
      },
      rules: PlacementRules(rules, vmCount: hostOfVM.count))
  }

  private func place(_ vm: Int, in inventory: ClusterInventory) -> PlacementDecision {
    FirstFit().place(inventory.request(for: vm, mustFitCharge: true), in: inventory)
  }

  /// VM 0 is on host 0. Apart: VM 1 goes to host 1. Together: to host 0, though hosts 1 and 2 are emptier.
  @Test func betweenVMs() {
    #expect(place(1, in: cluster([0, nil], [.apart([0, 1], .must)])).host == 1)
    let together = cluster([2, nil], [.together([0, 1], .must)])
    #expect(place(1, in: together).host == 2)
    #expect(place(1, in: together).refusals.rule == 2)
  }

  /// A should rule gives way when nothing else is left, and comes before the policy: first-fit would take host 0.
  @Test func shouldRulesComeFirst() {
    #expect(place(1, in: cluster([0, nil], [.apart([0, 1], .should)])).host == 1)
    let full = cluster([0, 1, 2, nil], [.apart([0, 1, 2, 3], .should)])
    #expect(place(3, in: full).host == 0)
    #expect(place(3, in: full).best.map(\.brokenShouldRules) == [1, 1, 1])
  }

  @Test func hostsAllowedAndForbidden() {
    #expect(place(0, in: cluster([nil], [.onHosts(vms: [0], hosts: [2], .must)])).host == 2)
    #expect(place(0, in: cluster([nil], [.notOnHosts(vms: [0], hosts: [0, 1], .must)])).host == 2)
  }

  /// One host is off, one is forbidden, one has 8 of 8 GiB reserved: nowhere, and why.
  @Test func refusalsAreCounted() {
    let inventory = cluster(
      [1, 1, 1, 1, 1, 1, 1, 1, nil], [.notOnHosts(vms: [8], hosts: [2], .must)],
      states: [0: .standby])
    let decision = place(8, in: inventory)
    #expect(decision.host == nil)
    #expect(decision.refusals == .init(notOn: 1, rule: 1, memory: 1))
  }

  private func contradictions(
    _ rules: [PlacementRules.Rule], vms: Int, hosts: Int, fixed: [Int?] = []
  ) -> [PlacementRules.Contradiction] {
    PlacementRules(rules, vmCount: vms).contradictions(hostCount: hosts, fixed: fixed)
  }

  @Test func consistentRulesHaveNoContradictions() {
    #expect(
      contradictions(
        [
          .together([0, 1], .must), .apart([0, 2], .must), .onHosts(vms: [0], hosts: [1], .must),
          .apart([0, 1], .should),
        ], vms: 3, hosts: 2, fixed: [1, nil, 0]
      ).isEmpty)
  }

  /// 0 with 1, 1 with 2, but 0 not with 2.
  @Test func apartAndTogether() {
    #expect(
      contradictions(
        [.together([0, 1], .must), .together([1, 2], .must), .apart([0, 2], .must)], vms: 3,
        hosts: 3) == [.apartAndTogether(rule: 2, vms: [0, 2])])
  }

  @Test func togetherWithoutACommonHost() {
    #expect(
      contradictions(
        [
          .together([0, 1], .must), .onHosts(vms: [0], hosts: [0], .must),
          .onHosts(vms: [1], hosts: [1], .must),
        ], vms: 2, hosts: 2) == [.noHost(vms: [0, 1])])
  }

  /// Three VMs for two hosts; and three for three, of which two may only use host 0: two find one of their own.
  @Test func apartNeedsHosts() {
    #expect(
      contradictions([.apart([0, 1, 2], .must)], vms: 3, hosts: 2)
        == [.tooFewHosts(rule: 0, vms: 3, hosts: 2)])
    #expect(
      contradictions(
        [.apart([0, 1, 2], .must), .onHosts(vms: [1, 2], hosts: [0], .must)], vms: 3, hosts: 3)
        == [.tooFewHosts(rule: 0, vms: 3, hosts: 2)])
    // 0 must give way to 1: 0 takes host 1, then 2 takes host 2.
    #expect(
      contradictions(
        [
          .apart([0, 1, 2], .must), .onHosts(vms: [1], hosts: [0], .must),
          .onHosts(vms: [2], hosts: [0, 1], .must),
        ], vms: 3, hosts: 3
      ).isEmpty)
  }

  @Test func fixedAgainstRules() {
    #expect(
      contradictions([.notOnHosts(vms: [0], hosts: [1], .must)], vms: 1, hosts: 2, fixed: [1])
        == [.fixedOnForbiddenHost(vm: 0, host: 1)])
    #expect(
      contradictions([.apart([0, 1], .must)], vms: 2, hosts: 2, fixed: [1, 1])
        == [.fixedAgainstRule(rule: 0, vms: [0, 1])])
    #expect(
      contradictions([.together([0, 1], .must)], vms: 2, hosts: 2, fixed: [0, 1])
        == [.fixedAgainstRule(rule: 0, vms: [0, 1])])
  }

  /// VMs 0 and 1 must be together: host 1 has room for one more (7 of 8 GiB), host 2 for both. VM 2 may only be on host 0.
  @Test func evacuationMovesUnitsAndListsTheRest() {
    var inventory = cluster(
      [0, 0, 0, 1, 1, 1, 1, 1, 1, 1],
      [.together([0, 1], .must), .onHosts(vms: [2], hosts: [0], .must)])
    inventory.setState(.maintenance, of: 0)
    let evacuation = Evacuation(of: 0, in: &inventory, by: FirstFit())
    #expect(evacuation.moves.map(\.vm) == [0, 1] && evacuation.moves.map(\.to) == [2, 2])
    #expect(evacuation.moves[0].reason == .maintenance)
    #expect(evacuation.stranded.map(\.vm) == [2])
    guard case .noHost(let decision) = evacuation.stranded[0].reason else {
      Issue.record("a rule keeps VM 2")
      return
    }
    #expect(decision.refusals == .init(rule: 2))
  }
}
