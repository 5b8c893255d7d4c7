import BallastMachine
import BallastManager
import BallastModel
import BallastTestSupport
import BallastUnits
import Testing

@testable import BallastSimulator

/// The equilibria of the idle-memory tax through whole runs: an idle VM that has all the memory, a busy one that begins to
/// touch its own, and ESXi's states and techniques between them.
struct IdleTaxTruthTests {
  private static let hours = 2

  /// A host with so much for VMs beside what it keeps free, which is 109 % of minFree.
  private func world(_ vms: [[String: String]], minFree: Bytes) throws -> World {
    func number(_ row: [String: String], _ column: String) throws -> Int64 {
      try #require(Int64(row[column] ?? ""))
    }
    var profile = HypervisorProfile.esxi
    profile.memoryOverhead = MemoryOverhead(
      base: .zero, configuredPartsPerBillion: 0, perVCPU: .zero)
    var policies = PolicyChoice()
    policies.reclamation.minFree = minFree
    policies.reclamation.idleTax = .percent(try number(vms[0], "tax_pct"))
    let kept = scaled(minFree.value, by: 1_090_000, over: 1_000_000)
    var facts = profile.memory.with(policies.reclamation)
    facts.sharing.scope = .off
    return World(
      name: "tax", seed: 1, duration: .seconds(Int64(3_600 * Self.hours)),
      controlInterval: .seconds(20), recordInterval: .seconds(60), profile: profile,
      policies: policies, memory: facts,
      clusters: [World.Cluster(name: "c", pools: [], hosts: [HostIndex(0)])],
      hosts: [
        HostSpec(
          name: "h", sockets: 1, coresPerSocket: 4, threadsPerCore: 1,
          coreRate: .megahertz(2_000),
          memory: .mebibytes(try number(vms[0], "memory_mb")) + Bytes(kept), swap: facts.swap)
      ],
      vms: try vms.map { row in
        let configured = Bytes.mebibytes(try number(row, "configured_mb"))
        let isBusy = try number(row, "active_fraction") == 1
        // The idle one has nearly all of what there is before the busy one comes; that takes an hour for it.
        let most = min(
          .one,
          PartsPerMillion(
            scaled(try number(vms[0], "memory_mb") << 20, by: 950_000, over: configured.value)))
        let ramp = (0...3_600).filter { $0 % 10 == 0 }.map { second in
          DemandForm.Step(
            time: .seconds(Int64(second)), value: PartsPerMillion(Int64(second) * 1_000_000 / 3_600)
          )
        }
        let curve = isBusy ? DemandSource.steps(ramp) : .constant(most)
        return World.VM(
          name: row["vm"]!, cluster: 0, vcpus: 1, memory: configured,
          memorySettings: ResourceSettings(
            reservation: .mebibytes(try number(row, "min_mb")),
            shares: .number(try number(row, "shares"))),
          workload: GuestWorkload(
            cpu: .constant(.percent(10)), memoryActive: isBusy ? curve : .idle,
            memoryTouched: curve))
      }, recordedVMs: [VMIndex(0), VMIndex(1)])
  }

  /// Every case of `esx_idle_tax_cases.csv`, on a host that keeps next to nothing free: entitlement and what is held end
  /// within 1 MiB of the closed form.
  @Test func runsEndAtTheClosedForm() throws {
    try forEachCase(minFree: Bytes(512 << 10)) { row, held, entitled in
      let expected = try #require(Double(row["expected_mb"]!))
      let who = "\(row["case"]!) \(row["vm"]!)"
      #expect(abs(entitled.last! - expected) <= 1, "\(who) is entitled to \(entitled.last!)")
      for late in held.suffix(30) { #expect(abs(late - expected) <= 1, "\(who) holds \(late)") }
    }
  }

  /// With 16 MiB of minFree balloons do it, where they may: what the idle VM holds only falls, what the busy one holds rises
  /// to the closed form and stays there. The host takes nothing back until soft, at 64 % of minFree, and what it wants free
  /// is 109 %, 17.44 MiB: so much the busy one may have beyond.
  @Test func memoryGoesOneWay() throws {
    try forEachCase(minFree: .mebibytes(16)) { row, held, _ in
      let expected = try #require(Double(row["expected_mb"]!))
      let who = "\(row["case"]!) \(row["vm"]!)"
      if row["vm"] == "idle" {
        #expect(zip(held, held.dropFirst()).allSatisfy { $0 >= $1 }, "\(who): \(held)")
        #expect(abs(held.last! - expected) <= 1, "\(who) holds \(held.last!)")
      } else {
        let arrival = try #require(held.firstIndex { $0 >= expected - 1 })
        let (before, after) = (held[...arrival], held[arrival...])
        #expect(zip(before, before.dropFirst()).allSatisfy { $0 <= $1 }, "\(who): \(before)")
        #expect(
          after.allSatisfy { (expected - 1...expected + 17.44).contains($0) }, "\(who): \(after)")
      }
    }
  }

  /// Runs each case of the table; the rows of a case with what they hold and are entitled to at the ends of minutes, MiB.
  private func forEachCase(
    minFree: Bytes, _ check: ([String: String], [Double], [Double]) throws -> Void
  ) throws {
    let rows = try fixtureRows("validation/esx_idle_tax_cases.csv")
    var names: [String] = []
    for row in rows where !names.contains(row["case"]!) { names.append(row["case"]!) }
    #expect(names.count >= 3)
    for name in names {
      let vms = rows.filter { $0["case"] == name }.sorted { $0["vm"]! < $1["vm"]! }
      let sink = CollectingSink()
      _ = try Simulation(world(vms, minFree: minFree), sink: sink).run()
      for row in vms {
        try check(
          row, sink.vm(row["vm"]!, .memConsumed).map { Double($0!) / 1_000 },
          sink.vm(row["vm"]!, .memEntitled).map { Double($0!) / 1_000 })
      }
    }
  }
}
