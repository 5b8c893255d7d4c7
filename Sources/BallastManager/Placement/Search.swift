import BallastUnits

extension PlacementPolicy {
  /// Chooses the host of a VM.
  ///
  /// Rule      hosts that are not on, that a must rule excludes, that cannot back the VM's memory, or (`mustFitCharge`)
  ///           that lack room for the reservations are out; among the others the fewest broken should rules, then the least score, then the earlier name.
  /// Promises  without rules and without `mustFitCharge` a VM finds a host wherever one is on.
  /// Rounding  none.
  /// Cost      O(hosts), each O(rules of the VM); no copy.
  public func place(_ request: PlacementRequest, in inventory: ClusterInventory)
    -> PlacementDecision
  {
    place(request, of: request.vm.map { [$0] } ?? [], in: inventory) { _ in true }
  }

  /// The same for VMs that go together, asking for `request` in all.
  ///
  /// - Parameters:
  ///   - source: the host they leave, which is not asked.
  ///   - isAsked: the other hosts are not counted.
  func place(
    _ request: PlacementRequest, of vms: [Int], in inventory: ClusterInventory,
    from source: Int? = nil, where isAsked: (Int) -> Bool
  ) -> PlacementDecision {
    var decision = PlacementDecision()
    for host in inventory.hosts.indices where host != source && isAsked(host) {
      guard inventory.hosts[host].state == .on else {
        decision.refusals.notOn += 1
        continue
      }
      let verdict = inventory.rules.verdict(vms, on: host, from: source)
      if verdict.breaksMust {
        decision.refusals.rule += 1
        continue
      }
      if request.mustFitCharge {
        let room = inventory.hosts[host].hasRoom(
          cpuReservation: request.cpuReservation, memoryCharge: request.memoryCharge)
        guard room.cpu else {
          decision.refusals.cpu += 1
          continue
        }
        guard room.memory else {
          decision.refusals.memory += 1
          continue
        }
      }
      let short = inventory.hosts[host].shortage(
        memoryAtArrival: request.memoryAtArrival, swapSpace: request.swapSpace)
      guard short.memory == 0 else {
        decision.refusals.freeMemory += 1
        continue
      }
      guard short.swap == 0 else {
        decision.refusals.swapSpace += 1
        continue
      }
      let score = score(request, on: host, in: inventory)
      decision.consider(
        PlacementDecision.Candidate(
          host: host, brokenShouldRules: verdict.brokenShouldRules, score: score))
      if takesFirst && score.tier == 0 && verdict.brokenShouldRules == 0 { break }
    }
    decision.host = decision.best.first?.host
    return decision
  }
}

extension PlacementDecision {
  /// How many candidates a decision keeps to explain itself.
  static let explained = 3

  /// Candidates come in order of names, so an equal one goes behind.
  mutating func consider(_ candidate: Candidate) {
    if best.count == Self.explained, !(candidate < best[Self.explained - 1]) { return }
    let at = best.firstIndex { candidate < $0 } ?? best.count
    best.insert(candidate, at: at)
    if best.count > Self.explained { best.removeLast() }
  }
}

extension PlacementDecision.Candidate {
  static func < (a: Self, b: Self) -> Bool {
    if a.brokenShouldRules != b.brokenShouldRules {
      return a.brokenShouldRules < b.brokenShouldRules
    }
    return a.score < b.score
  }
}
